"""The service takes a change but answers with the Person as it was before: what the user handed over meanwhile."""

import base64
import json
import os
import signal

import pytest

from eventually import eventually

UPLOAD = "*:updateContactPhoto"
LIST = "/v1/people/me/connections"
ALICE = "Alice Smith"
SOON, LATE = 200, 3000  # ms until the question after the upload is answered: before and after the deletion goes out


@pytest.fixture
def alice(contacts):
    """Her photo has been replaced by face 1, and the service does not show it yet."""
    return contacts.photo(ALICE)


def replace_unseen(contacts, faces, late, person=ALICE):
    contacts.emulator.fault("stale", method="PATCH")
    contacts.emulator.fault("delay", path=f"/v1/{contacts.resource(person)}", method="GET", delay_ms=late)
    contacts.photo(person).write_bytes(faces.face_bytes(1))
    assert contacts.held(person) == faces.face_bytes(1)


@pytest.mark.keep_bytes
@pytest.mark.parametrize("late", [SOON, LATE])
def test_rm_of_a_photo_that_was_not_seen(contacts, faces, alice, late):
    """It goes, whichever comes first, and .previous has both."""
    old = alice.read_bytes()
    replace_unseen(contacts, faces, late)
    alice.unlink()
    contacts.emulator.wait_requests(1, method="DELETE", answered=True)
    assert contacts.mutations() == ["PATCH", "DELETE"]
    assert contacts.held(ALICE) is None
    eventually(lambda: contacts.previous(ALICE) == [old, faces.face_bytes(1)])
    assert not alice.exists() and contacts.mount.error(ALICE) is None


def test_unmount_after_rm_of_a_photo_that_was_not_seen(contacts, faces, alice):
    old = alice.read_bytes()
    replace_unseen(contacts, faces, LATE)
    alice.unlink()
    contacts.mount.unmount()
    assert contacts.emulator.photo_bytes(contacts.emulator.find(ALICE)) is None
    contacts.mount.start()
    assert contacts.previous(ALICE) == [old, faces.face_bytes(1)]


@pytest.mark.keep_bytes
@pytest.mark.parametrize("late", [SOON, LATE])
def test_second_photo_before_the_first_was_seen(contacts, faces, alice, late):
    old = alice.read_bytes()
    replace_unseen(contacts, faces, late)
    alice.write_bytes(faces.face_bytes(2))
    assert contacts.held(ALICE) == faces.face_bytes(2)
    assert contacts.previous(ALICE)[:2] == [old, faces.face_bytes(1)]
    eventually(lambda: alice.read_bytes() == faces.face_bytes(2))


def test_second_photo_before_a_first_one_was_seen_at_all(contacts, faces):
    """There was no photo, and the answer still shows none."""
    person = contacts.without_photo()
    replace_unseen(contacts, faces, LATE, person)
    assert not contacts.photo(person).exists()
    contacts.photo(person).write_bytes(faces.face_bytes(2))
    assert contacts.held(person) == faces.face_bytes(2)
    assert contacts.previous(person) == [faces.face_bytes(1), faces.face_bytes(2)]


@pytest.mark.keep_bytes
def test_unseen_photo_comes_by_itself(contacts, faces, alice):
    """The first question is answered with the old one, too."""
    alice.read_bytes()
    fields = "names,emailAddresses,phoneNumbers,organizations,photos,memberships,metadata"
    stale = contacts.emulator.api("GET", contacts.resource(ALICE), {"personFields": fields}).body.decode()
    contacts.emulator.reset_requests()
    contacts.emulator.fault("stale", method="PATCH")
    contacts.emulator.fault("type", path=f"/v1/{contacts.resource(ALICE)}", method="GET", body=stale,
                            content_type="application/json; charset=UTF-8")
    alice.write_bytes(faces.face_bytes(1))
    eventually(lambda: alice.read_bytes() == faces.face_bytes(1))
    assert len(contacts.emulator.requests(path=f"/v1/{contacts.resource(ALICE)}", method="GET")) == 2


@pytest.mark.keep_bytes
def test_photo_that_the_service_did_not_take(contacts, faces, alice):
    """200 and {}, and nothing was done: the picture that was handed over is not lost, also by a kill; and words follow."""
    old = alice.read_bytes()
    contacts.emulator.fault("status", method="PATCH", status=200, body_base64=base64.b64encode(b"{}").decode(),
                            content_type="application/json; charset=UTF-8")
    alice.write_bytes(faces.face_bytes(1))
    assert contacts.previous(ALICE) == [old, faces.face_bytes(1)]
    eventually(lambda: "has not shown it" in (contacts.mount.error(ALICE) or ""), timeout=120)
    assert contacts.held(ALICE) == alice.read_bytes() == old
    contacts.mount.kill()
    contacts.mount.start()
    assert contacts.previous(ALICE) == [old, faces.face_bytes(1)]


def test_deletion_that_is_answered_with_the_photo(contacts, alice):
    alice.unlink()
    contacts.emulator.fault("stale", method="DELETE")
    contacts.emulator.wait_requests(1, method="DELETE", answered=True)
    eventually(lambda: contacts.mount.status()["waiting_mutations"] == 0)
    assert not alice.exists() and os.listdir(alice.parent) == []
    assert contacts.held(ALICE) is None


# ---- a photo that somebody else gave the contact, and that no delta has told of yet ----

def change_elsewhere(contacts, faces):
    """While nothing is mounted; what is mounted then asks for news a second later, and has the old photo only if it was read."""
    contacts.mount.unmount()
    contacts.emulator.set_photo(contacts.emulator.find(ALICE), faces.face_bytes(5))
    contacts.emulator.reset_requests()
    contacts.mount.start()


def test_photo_of_somebody_else_is_kept(contacts, faces, alice):
    old = alice.read_bytes()
    change_elsewhere(contacts, faces)
    alice.write_bytes(faces.face_bytes(1))
    assert contacts.held(ALICE) == faces.face_bytes(1)
    assert contacts.previous(ALICE) == [faces.face_bytes(5)] != [old]
    alice.write_bytes(faces.face_bytes(2))
    assert len(contacts.emulator.requests(path=LIST)) == 1, "one delta is enough for both"


def test_photo_of_somebody_else_is_not_removed(contacts, faces, alice):
    change_elsewhere(contacts, faces)
    alice.unlink()
    eventually(lambda: alice.exists() and alice.read_bytes() == faces.face_bytes(5))
    assert "the photo was not removed" in contacts.mount.error(ALICE)
    assert contacts.mutations() == [] and contacts.held(ALICE) == faces.face_bytes(5)


EXPIRED = {"error": {"code": 400, "status": "FAILED_PRECONDITION", "message": "Sync token is expired.", "details": [
    {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "EXPIRED_SYNC_TOKEN"}]}}
QUOTA = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "FBS quota limit exceeded"}}
REFUSED = {"action": "status", "status": 403}
FAILING = {"action": "status", "status": 503}
NO_LISTING = {"action": "status", "status": 429, "body": QUOTA}


@pytest.mark.parametrize("fault, over", [
    pytest.param(REFUSED, True, id="refused"), pytest.param({"action": "reset"}, True, id="unreachable"),
    pytest.param(FAILING, False, id="deltas still fail"),
    pytest.param(NO_LISTING, False, id="no full listing", marks=pytest.mark.refused)])
@pytest.mark.options("--timeout", "2")
def test_photo_of_somebody_else_is_kept_after_trouble(contacts, faces, alice, fault, over):
    """The delta failed some time ago: then the next change asks all the more, if need be for the person alone."""
    old = alice.read_bytes()
    contacts.mount.unmount()
    if fault is NO_LISTING:
        contacts.emulator.fault("status", path=LIST, status=400, body=EXPIRED)
    contacts.emulator.fault(**fault, path=LIST, times=-1)
    contacts.mount.start()
    eventually(lambda: contacts.mount.status()["last_error"])
    contacts.emulator.set_photo(contacts.emulator.find(ALICE), faces.face_bytes(5))
    if over:
        contacts.emulator.clear_faults()
    alice.write_bytes(faces.face_bytes(1))
    assert contacts.held(ALICE) == faces.face_bytes(1)
    assert contacts.previous(ALICE) == [faces.face_bytes(5)] != [old]
    contacts.emulator.clear_faults()


LATE_DELTAS = [{"action": "status", "status": 503}, {"action": "status", "status": 429}, {"action": "hang"}, {"action": "reset"}]


@pytest.mark.parametrize("fault", LATE_DELTAS, ids=["503", "429", "hang", "reset"])
def test_photo_of_somebody_else_is_kept_while_a_delta_is_late(contacts, faces, alice, fault):
    """The sync tries again and again, for half a minute; the person alone is to be had at once."""
    old = alice.read_bytes()
    contacts.emulator.fault(**fault, path=LIST, times=-1)
    change_elsewhere(contacts, faces)
    alice.write_bytes(faces.face_bytes(1))
    assert contacts.previous(ALICE) == [faces.face_bytes(5)] != [old]
    contacts.emulator.clear_faults()


def test_photo_of_somebody_else_is_not_removed_while_a_delta_is_late(contacts, faces, alice):
    alice.read_bytes()
    contacts.emulator.fault("hang", path=LIST, times=-1)
    change_elsewhere(contacts, faces)
    alice.unlink()
    eventually(lambda: alice.exists() and alice.read_bytes() == faces.face_bytes(5))
    assert "the photo was not removed" in contacts.mount.error(ALICE)
    assert contacts.mutations() == [] and contacts.held(ALICE) == faces.face_bytes(5)
    contacts.emulator.clear_faults()


@pytest.mark.refused
def test_photo_of_somebody_else_is_kept_while_everybody_is_listed(contacts, faces, alice):
    """A delta that was begun turns into a listing, since its token has expired."""
    alice.read_bytes()
    contacts.emulator.fault("status", path=LIST, status=400, body=EXPIRED)
    contacts.emulator.fault("hang", path=LIST, times=-1)
    change_elsewhere(contacts, faces)
    alice.write_bytes(faces.face_bytes(1))
    assert contacts.previous(ALICE) == [faces.face_bytes(5)]
    contacts.emulator.clear_faults()


@pytest.mark.parametrize("how", ["unmount", "terminate"])
def test_photo_of_somebody_else_is_not_removed_at_the_end(contacts, faces, alice, how):
    """The promised deletion goes out in the second before the end, and has to look like any other."""
    alice.read_bytes()
    contacts.emulator.fault("hang", path=LIST, times=-1)
    change_elsewhere(contacts, faces)
    alice.unlink()
    getattr(contacts.mount, how)()
    assert contacts.emulator.photo_bytes(contacts.emulator.find(ALICE)) == faces.face_bytes(5)
    contacts.emulator.clear_faults()
    contacts.mount.start()
    eventually(lambda: alice.exists() and alice.read_bytes() == faces.face_bytes(5))


def test_photo_of_somebody_else_is_kept_at_the_end(contacts, faces, run, alice):
    """SIGTERM in the middle of the look: the delta is given up, the upload goes on."""
    alice.read_bytes()
    contacts.emulator.fault("hang", path=LIST, times=-1)
    change_elsewhere(contacts, faces)
    cp = run.start("cp", faces.face(1), alice)
    contacts.emulator.wait_requests(1, path=LIST)
    contacts.mount.terminate()
    run.finish(cp)
    contacts.emulator.clear_faults()
    contacts.mount.start()
    assert faces.face_bytes(5) in [contacts.held(ALICE), *contacts.previous(ALICE)]
    assert faces.face_bytes(1) in [contacts.held(ALICE), *contacts.rejected(ALICE)]


@pytest.mark.options("--writes-per-minute", "5")
def test_photo_of_somebody_else_is_kept_after_a_wait_for_the_bucket(contacts, faces, run, alice):
    """The sixth waits twelve seconds; what was seen before that is old news."""
    for number in range(5):
        alice.write_bytes(faces.face_bytes(number % 2))
    cp = run.start("cp", faces.face(2), alice)
    eventually(lambda: contacts.mount.status()["waiting_mutations"] == 1)
    contacts.emulator.set_photo(contacts.emulator.find(ALICE), faces.face_bytes(5))
    run.finish(cp, timeout=30)
    assert contacts.held(ALICE) == faces.face_bytes(2) and faces.face_bytes(5) in contacts.previous(ALICE)


@pytest.mark.options("--upload-timeout", "8")
def test_queue_ends_inside_its_deadlines_without_news(contacts, faces, run):
    """Nothing answers a look: the first waits two seconds for it, and not each of them."""
    contacts.mount.unmount()
    contacts.emulator.fault("hang", path="/v1/*", method="GET", times=-1)
    contacts.mount.start()
    names = [name for name in sorted(os.listdir(contacts.path)) if contacts.photo(name).exists()][:8]
    copies = [run.start("cp", faces.face(1), contacts.photo(name)) for name in names]
    assert all(run.finish(cp).status == 0 for cp in copies)
    contacts.emulator.clear_faults()


@pytest.mark.parametrize("fault", [{"action": "reset"}, {"action": "status", "status": 401}], ids=["outage", "login"])
@pytest.mark.options("--timeout", "1", "--upload-timeout", "2", "--sync-interval", "3600")
def test_what_works_again_brings_the_news(contacts, faces, alice, fault):
    """The first answer after an outage sets off the delta that failed; it is not an hour before it is tried again."""
    alice.read_bytes()
    contacts.mount.unmount()
    contacts.emulator.fault(**fault, path="/v1/*", times=-1)
    contacts.mount.start()
    eventually(lambda: contacts.mount.status()["last_error"])
    with pytest.raises(OSError):
        alice.write_bytes(faces.face_bytes(1))
    contacts.emulator.create_person("Zoe", "New")
    contacts.emulator.clear_faults()
    alice.write_bytes(faces.face_bytes(2))
    eventually(lambda: "Zoe New" in os.listdir(contacts.path))


@pytest.mark.parametrize("fault", [{"action": "hang"}, {"action": "status", "status": 500},
                                   {"action": "status", "status": 429}], ids=["hang", "500", "429"])
def test_no_news_is_no_failure(contacts, faces, alice, fault):
    old = alice.read_bytes()
    contacts.mount.unmount()
    contacts.emulator.fault(**fault, path=LIST, times=-1)
    contacts.mount.start()
    alice.write_bytes(faces.face_bytes(1))
    assert contacts.held(ALICE) == faces.face_bytes(1) and contacts.previous(ALICE) == [old]
    contacts.emulator.clear_faults()


@pytest.mark.options("--timeout", "600", "--upload-timeout", "600")
def test_interrupt_while_it_asks_for_news(contacts, run, faces, alice):
    """Ctrl-C: the bytes are kept, nothing was sent."""
    contacts.mount.unmount()
    contacts.emulator.fault("hang", path=LIST, times=-1)
    contacts.emulator.fault("hang", method="PATCH", times=-1)
    contacts.mount.start()
    cp = run.start("cp", faces.face(1), alice)
    eventually(lambda: contacts.mount.status()["waiting_mutations"] == 1)
    cp.send_signal(signal.SIGINT)
    run.finish(cp)
    contacts.emulator.clear_faults()
    eventually(lambda: contacts.rejected(ALICE) == [faces.face_bytes(1)])


# ---- what is older than what is known ----

FIELDS = "names,emailAddresses,phoneNumbers,organizations,photos,memberships,metadata"


def say_older(contacts, url, times):
    """Makes the next delta, and so many answers about Alice, say that this is her photo, as of long ago."""
    name = contacts.resource(ALICE)
    said = contacts.emulator.api("GET", name, {"personFields": FIELDS}).json()
    for source in said["metadata"]["sources"]:
        source["updateTime"] = "2001-01-01T00:00:00Z"
    said["photos"][0]["url"] = url
    query = {"personFields": FIELDS, "requestSyncToken": "true", "pageSize": "1000"}
    page = contacts.emulator.api("GET", "people/me/connections", query)
    delta = {"connections": [said], "nextSyncToken": page.json()["nextSyncToken"]}
    contacts.mount.unmount()
    contacts.emulator.reset_requests()
    contacts.emulator.fault("type", path=LIST, body=json.dumps(delta), content_type="application/json")
    if times:
        contacts.emulator.fault("type", path=f"/v1/{name}", method="GET", body=json.dumps(said), content_type="application/json",
                                times=times)
    contacts.mount.start()
    return f"/v1/{name}"


def photo_url(contacts, person):
    said = contacts.emulator.api("GET", contacts.resource(person), {"personFields": FIELDS}).json()
    return said["photos"][0]["url"]


def test_older_photo_is_asked_for_once_more(contacts, alice):
    """The service then says what is known: nothing has changed."""
    old = alice.read_bytes()
    path = say_older(contacts, photo_url(contacts, "Ben Carter"), 0)
    contacts.emulator.wait_requests(1, path=path, method="GET", answered=True)
    contacts.emulator.create_person("Zoe", "New")
    contacts.mount.remount()
    eventually(lambda: "Zoe New" in os.listdir(contacts.path))
    assert alice.read_bytes() == old
    assert len(contacts.emulator.requests(path=path, method="GET")) == 1


def test_older_photo_is_believed_in_the_end(contacts, alice):
    """The service goes on saying so for half a minute: a clock was set, or somebody took a change back."""
    old, other = alice.read_bytes(), contacts.photo("Ben Carter").read_bytes()
    path = say_older(contacts, photo_url(contacts, "Ben Carter"), -1)
    contacts.emulator.wait_requests(2, path=path, method="GET", answered=True)
    assert alice.read_bytes() == old
    eventually(lambda: alice.read_bytes() == other, timeout=120)
    assert len(contacts.emulator.requests(path=path, method="GET")) == 5
    contacts.emulator.clear_faults()
