"""Listing and deltas: what changes elsewhere shows here, and an answer that lags undoes nothing."""

import base64
import errno
import json
import os
import subprocess
import threading
from urllib.parse import parse_qs

import pytest
from eventually import eventually
from mounts import MountFailed

ALICE = "Alice Smith"
LIST = "/v1/people/me/connections"


def listings(emulator):
    """The queries of all listings so far, as dictionaries."""
    return [{key: values[0] for key, values in parse_qs(r["query"]).items()} for r in emulator.requests(path=LIST)]


def synced(contacts):
    """Comes back when a delta that began after this call has been answered and taken in."""
    emulator = contacts.emulator
    begun = len(emulator.requests(path=LIST))
    emulator.wait_requests(begun + 2, path=LIST)  # the first may have been under way; the second begins after it was applied


def picture(data):
    return {"base64": base64.b64encode(data).decode()}


every_second = pytest.mark.options("--sync-interval", "1")


# ---- the first listing ----

@pytest.mark.emulator("--people", "2500", "--photos", "none")
def test_first_listing_in_pages_of_1000(contacts):
    assert len(os.listdir(contacts.path)) == 2500 == contacts.mount.status()["people"]
    asked = listings(contacts.emulator)
    assert [q.get("pageSize") for q in asked] == ["1000"] * 3
    assert [q.get("requestSyncToken") for q in asked] == ["true"] * 3
    assert "pageToken" not in asked[0] and "pageToken" in asked[1] and "pageToken" in asked[2]
    same = [{k: v for k, v in q.items() if k != "pageToken"} for q in asked]
    assert same[0] == same[1] == same[2], "with a page token every other parameter is the first call's"
    assert contacts.emulator.requests(origin="photo") == []


@pytest.mark.emulator("--people", "2500", "--photos", "none")
def test_listing_that_breaks_off(mount, emulator):
    """A page that fails for a moment is asked for again, and not those before it."""
    emulator.fault("delay", path=LIST, delay_ms=500)
    ordered = threading.Thread(target=lambda: emulator.wait_requests(1, path=LIST)
                               and emulator.fault("status", path=LIST, status=503))
    ordered.start()
    mounted = mount(emulator)
    ordered.join()
    assert len(os.listdir(mounted.path)) == 2500
    asked = emulator.requests(path=LIST)
    assert [r["status"] for r in asked] == [200, 503, 200, 200]
    assert ["pageToken" in q for q in listings(emulator)] == [False, True, True, True]


def test_pages_without_end(mount, emulator):
    """A service whose pages name each other: the mount says so and ends, instead of asking for ever."""
    emulator.fault("status", path=LIST, status=200, content_type="application/json", times=1000,
                   body={"connections": [], "nextPageToken": "again"})
    with pytest.raises(MountFailed) as failed:
        mount(emulator)
    assert failed.value.status == 1 and "the same page" in failed.value.text
    assert len(emulator.requests(path=LIST)) == 2


def test_listing_costs_no_request_per_person(contacts):
    for name in os.listdir(contacts.path):
        os.listdir(contacts.path / name)
    assert [r["path"] for r in contacts.emulator.requests()] == [LIST]


# ---- deltas ----

@every_second
def test_deltas_carry_the_token(contacts):
    synced(contacts)
    synced(contacts)
    asked = listings(contacts.emulator)
    assert "syncToken" not in asked[0] and all("syncToken" in q for q in asked[1:])
    assert {q["personFields"] for q in asked} == {asked[0]["personFields"]}


@every_second
def test_empty_delta_changes_nothing(contacts):
    before = sorted(os.listdir(contacts.path))
    synced(contacts)
    assert sorted(os.listdir(contacts.path)) == before
    assert contacts.mount.status()["last_error"] is None


@every_second
def test_new_person_shows(contacts, faces):
    contacts.emulator.create_person("Zoe", "New", **picture(faces.face_bytes(9)))
    eventually(lambda: (contacts.path / "Zoe New").is_dir())
    assert (contacts.path / "Zoe New/photo.jpg").read_bytes() == faces.face_bytes(9)
    assert "Zoe New" in os.listdir(contacts.path)


@every_second
def test_deleted_person_goes(contacts):
    resource = contacts.resource(ALICE)
    with open(contacts.path / ALICE / "photo.jpg", "rb") as photo:
        held = contacts.held(ALICE)
        contacts.emulator.delete_person(resource)
        eventually(lambda: not (contacts.path / ALICE).exists())
        assert ALICE not in os.listdir(contacts.path)
        assert photo.read() == held, "what is open stays readable"
    contacts.mount.remount()
    assert ALICE not in os.listdir(contacts.path)


@every_second
def test_person_goes_in_whose_folder_something_lies(contacts):
    """What nobody has open there is forgotten in its time, as in every folder; the mount goes on."""
    begun = [contacts.path / name / "face.jpg" for name in (ALICE, "Ben Carter")]
    for file in begun:
        file.touch()
    contacts.emulator.delete_person(contacts.resource(ALICE))
    eventually(lambda: not (contacts.path / ALICE).exists())
    eventually(lambda: not begun[1].exists())  # and Alice's before it
    assert "Ben Carter" in os.listdir(contacts.path)


@every_second
def test_renamed_person_moves(contacts):
    """The old name is gone, and a process inside the folder still stands in it."""
    folder = contacts.path / ALICE
    inode = folder.stat().st_ino
    photo = (folder / "photo.jpg").read_bytes()
    contacts.emulator.rename_person(contacts.resource(ALICE), "Alice Jones")
    eventually(lambda: (contacts.path / "Alice Jones").is_dir())
    eventually(lambda: not folder.exists())  # the notifier tells the kernel a moment later
    assert (contacts.path / "Alice Jones").stat().st_ino == inode
    assert (contacts.path / "Alice Jones/photo.jpg").read_bytes() == photo
    contacts.mount.remount()
    assert (contacts.path / "Alice Jones").stat().st_ino == inode


@every_second
def test_name_stays_with_its_holder(contacts):
    """A newcomer with somebody's name does not take it, whatever the resource names say, nor does one who is renamed."""
    holder = contacts.resource(ALICE)
    ben = contacts.resource("Ben Carter")
    contacts.emulator.create_person("Alice", "Smith", "people/c0", fields={"emailAddresses": [{"value": "other@example.com"}]})
    eventually(lambda: (contacts.path / f"{ALICE} (other@example.com)").is_dir())
    assert contacts.resource(f"{ALICE} (other@example.com)") == "people/c0"
    contacts.emulator.rename_person(ben, ALICE)
    eventually(lambda: not (contacts.path / "Ben Carter").exists())
    assert contacts.resource(ALICE) == holder
    contacts.mount.remount()
    assert contacts.resource(ALICE) == holder
    assert contacts.resource(f"{ALICE} (other@example.com)") == "people/c0"


@every_second
def test_name_that_is_free_again(contacts):
    """When the holder goes, the namesake keeps the name that it was given."""
    contacts.emulator.create_person("Alice", "Smith", "people/c0", fields={"emailAddresses": [{"value": "other@example.com"}]})
    eventually(lambda: (contacts.path / f"{ALICE} (other@example.com)").is_dir())
    contacts.emulator.delete_person(contacts.resource(ALICE))
    eventually(lambda: not (contacts.path / ALICE).exists())
    assert contacts.resource(f"{ALICE} (other@example.com)") == "people/c0"


@pytest.mark.keep_bytes
@every_second
def test_previous_resource_names(contacts, faces):
    """The resource is called otherwise: the same person, with name, kept pictures and all."""
    photo = contacts.path / ALICE / "photo.jpg"
    before = photo.read_bytes()
    photo.write_bytes(faces.face_bytes(1))
    contacts.emulator.person("move", contacts.resource(ALICE), to="people/c424242")
    eventually(lambda: contacts.resource(ALICE) == "people/c424242")
    assert photo.read_bytes() == faces.face_bytes(1)
    assert contacts.previous(ALICE) == [before]
    photo.write_bytes(faces.face_bytes(2))
    assert contacts.emulator.photo_bytes("people/c424242") == faces.face_bytes(2)


@every_second
def test_remote_photo_shows(contacts, faces):
    photo = contacts.path / ALICE / "photo.jpg"
    before = photo.read_bytes()
    with open(photo, "rb") as already_open:
        assert already_open.read(100) == before[:100]
        contacts.emulator.set_photo(contacts.resource(ALICE), faces.face_bytes(5))
        eventually(lambda: photo.read_bytes() == faces.face_bytes(5))
        assert photo.stat().st_size == len(faces.face_bytes(5))
        assert already_open.read() == before[100:], "who has it open reads one picture to its end"
    contacts.emulator.remove_photo(contacts.resource(ALICE))
    eventually(lambda: not photo.exists())
    assert os.listdir(photo.parent) == []
    contacts.emulator.set_photo(contacts.resource(ALICE), faces.face_bytes(6))
    eventually(photo.exists)
    assert photo.read_bytes() == faces.face_bytes(6)


@pytest.mark.keep_bytes
@every_second
def test_remote_photo_does_not_disturb_a_draft(contacts, faces):
    photo = contacts.path / ALICE / "photo.jpg"
    with open(photo, "wb") as draft:
        draft.write(faces.face_bytes(1)[:1000])
        draft.flush()
        contacts.emulator.set_photo(contacts.resource(ALICE), faces.face_bytes(5))
        synced(contacts)
        assert photo.stat().st_size == 1000
        draft.write(faces.face_bytes(1)[1000:])
    assert contacts.held(ALICE) == faces.face_bytes(1) == photo.read_bytes()
    assert contacts.previous(ALICE)[-1] == faces.face_bytes(5), "what was overwritten is kept, not what was there before"


@every_second
def test_remote_photo_cancels_a_deletion(contacts, faces, run):
    """The user removed one picture; another that came before the service was told stays."""
    emulator = contacts.emulator
    photo = contacts.path / ALICE / "photo.jpg"
    photo.read_bytes()
    emulator.fault("delay", method="PATCH", delay_ms=4000)
    before_it = run.start("cp", faces.face(1), contacts.path / "Ben Carter/photo.jpg", stderr=subprocess.PIPE)
    emulator.wait_requests(1, method="PATCH")
    photo.unlink()
    emulator.set_photo(contacts.resource(ALICE), faces.face_bytes(5))
    eventually(lambda: photo.exists() and photo.read_bytes() == faces.face_bytes(5))
    assert run.finish(before_it).status == 0
    contacts.mount.unmount()
    assert contacts.emulator.photo_bytes(emulator.find(ALICE)) == faces.face_bytes(5)
    assert [r["method"] for r in emulator.requests(origin="api") if r["mutation"]] == ["PATCH"]


# ---- sync tokens ----

@every_second
@pytest.mark.refused
@pytest.mark.parametrize("status", ["INVALID_ARGUMENT", "FAILED_PRECONDITION"])
def test_expired_token(contacts, status):
    """Told by the reason, whatever the status: one full listing, and who went meanwhile is gone."""
    contacts.emulator.delete_person(contacts.resource(ALICE))
    contacts.emulator.create_person("Zoe", "New")
    contacts.emulator.expire_sync_tokens(status)
    eventually(lambda: (contacts.path / "Zoe New").is_dir())
    eventually(lambda: not (contacts.path / ALICE).exists())  # the kernel hears of it from the notifier, a moment later
    synced(contacts)
    full = [q for q in listings(contacts.emulator) if "syncToken" not in q]
    assert len(full) == 2, "the first, and the one after the expiry"


@every_second
@pytest.mark.refused
def test_malformed_token(contacts):
    contacts.emulator.fault("status", path=LIST, status=400, body=json.dumps({"error": {
        "code": 400, "status": "INVALID_ARGUMENT", "message": "Sync token is malformed."}}))
    contacts.emulator.create_person("Zoe", "New")
    eventually(lambda: (contacts.path / "Zoe New").is_dir())
    synced(contacts)
    assert len([q for q in listings(contacts.emulator) if "syncToken" not in q]) == 2


@every_second
@pytest.mark.refused
def test_quota_on_the_full_listing(contacts):
    """What is known is served, and nothing is asked for minutes."""
    emulator = contacts.emulator
    quota = json.dumps({"error": {
        "code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded for quota metric 'FBS quota limit exceeded'",
        "details": [{"@type": "type.googleapis.com/google.rpc.QuotaFailure",
                     "violations": [{"subject": "x", "description": "FBS quota limit exceeded"}]}]}})
    emulator.fault("delay", path=LIST, delay_ms=500)
    begun = len(emulator.requests(path=LIST))
    emulator.expire_sync_tokens()
    emulator.wait_requests(begun + 1, path=LIST)
    emulator.fault("status", path=LIST, status=429, body=quota, times=-1)
    eventually(lambda: "quota" in (contacts.mount.status()["last_error"] or ""))
    assert contacts.mount.status()["next_sync_in"] > 200
    assert ALICE in os.listdir(contacts.path)
    assert (contacts.path / ALICE / "photo.jpg").read_bytes() == contacts.held(ALICE)


@every_second
def test_failing_deltas_are_tried_again(contacts):
    contacts.emulator.fault("status", path=LIST, status=503, times=2)
    contacts.emulator.fault("reset", path=LIST, times=2)
    contacts.emulator.create_person("Zoe", "New")
    eventually(lambda: (contacts.path / "Zoe New").is_dir())


# ---- deltas that lag ----

@pytest.mark.keep_bytes
@every_second
@pytest.mark.emulator("--delta-lag", "3")
def test_lagging_delta_undoes_nothing(contacts, faces):
    """Deltas know nothing of the last seconds: what was written here shows all the while."""
    photo = contacts.path / ALICE / "photo.jpg"
    for number in (1, 2):
        photo.write_bytes(faces.face_bytes(number))
        synced(contacts)
        assert photo.read_bytes() == faces.face_bytes(number)
    photo.unlink()
    contacts.emulator.wait_requests(1, method="DELETE", answered=True)
    synced(contacts)
    assert not photo.exists()
    contacts.mount.remount()
    synced(contacts)
    assert not photo.exists()


@pytest.mark.keep_bytes
@every_second
@pytest.mark.emulator("--delta-lag", "2")
def test_lagging_delta_after_a_remount(contacts, faces):
    photo = contacts.path / ALICE / "photo.jpg"
    photo.write_bytes(faces.face_bytes(1))
    contacts.mount.remount()
    synced(contacts)
    assert photo.read_bytes() == faces.face_bytes(1)


# ---- remounting ----

def test_remount_lists_without_a_request(contacts):
    before = sorted(os.listdir(contacts.path))
    inodes = {name: (contacts.path / name).stat().st_ino for name in before}
    contacts.mount.unmount()
    contacts.emulator.fault("hang", origin="api", times=-1)
    contacts.mount.start()
    assert sorted(os.listdir(contacts.path)) == before
    assert {name: (contacts.path / name).stat().st_ino for name in before} == inodes


def test_remount_asks_for_a_delta(contacts):
    contacts.mount.unmount()
    contacts.emulator.create_person("Zoe", "New")
    contacts.mount.start()
    eventually(lambda: (contacts.path / "Zoe New").is_dir())
    assert ["syncToken" in q for q in listings(contacts.emulator)] == [False, True]


# ---- news for the kernel ----

@every_second
def test_notice_while_a_request_of_that_folder_waits(contacts, faces):
    """The kernel holds the folder's lock while it waits for our answer, and a notice wants that lock: whoever sends it
    from the thread that answers never comes back. Photos come and go in folders with an upload by rename pending."""
    emulator = contacts.emulator
    folder = contacts.path / ALICE
    resource = contacts.resource(ALICE)
    (folder / "photo.jpg").stat()
    (folder / ".new.jpg").write_bytes(faces.face_bytes(1))
    emulator.fault("delay", path="*:updateContactPhoto", delay_ms=5000)
    done = threading.Thread(target=attempt, args=[lambda: os.rename(folder / ".new.jpg", folder / "photo.jpg")])
    done.start()
    emulator.wait_requests(1, method="PATCH")
    emulator.remove_photo(resource)  # "photo.jpg is gone" to a folder whose lock is held
    emulator.rename_person(resource, "Alice", "Jones")  # and its own name
    synced(contacts)
    assert "Alice Jones" in os.listdir(contacts.path)
    assert (contacts.path / "Ben Carter/photo.jpg").read_bytes(), "the mount still answers"
    assert done.is_alive(), "the test is too slow to see anything"
    done.join(60)
    assert not done.is_alive()


@every_second
def test_notice_while_a_getattr_waits(contacts, run):
    emulator = contacts.emulator
    emulator.fault("delay", origin="photo", delay_ms=4000, times=1)
    waiting = run.start("stat", contacts.path / ALICE / "photo.jpg", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    emulator.wait_requests(1, origin="photo")
    emulator.rename_person(contacts.resource(ALICE), "Alice Jones")
    emulator.rename_person(contacts.resource("Ben Carter"), "Bob Smith")
    eventually(lambda: {"Alice Jones", "Bob Smith"} <= set(os.listdir(contacts.path)))
    assert waiting.poll() is None, "the test is too slow to see anything"
    assert run.finish(waiting).status == 0


@every_second
def test_many_renames_while_programs_walk(contacts, run):
    """Notices for names that are being looked up all the time."""
    emulator = contacts.emulator
    people = [name for name in os.listdir(contacts.path) if name not in (ALICE, "Ben Carter")]
    walkers = [run.start("/bin/sh", "-c", f"while [ -e '{contacts.path}/Ben Carter' ]; do ls -lR '{contacts.path}'; done",
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(4)]
    resources = {name: contacts.resource(name) for name in [*people, "Ben Carter"]}
    for turn in range(3):
        for name in people:
            emulator.rename_person(resources[name], f"{name} {turn}")
        synced(contacts)
    emulator.rename_person(resources["Ben Carter"], "Bob Smith")
    for walker in walkers:
        run.finish(walker)
    assert sorted(os.listdir(contacts.path)) == sorted([ALICE, "Bob Smith", *(f"{name} 2" for name in people)])


def attempt(call):
    try:
        call()
    except OSError as error:
        assert error.errno in (errno.EIO, errno.ESTALE, errno.ENOENT, errno.ETIMEDOUT)
