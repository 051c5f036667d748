"""How contactfs import, list, restore and sheet end when the service, the disk or a signal ends them."""

import json
import os
import re
import signal
import subprocess

import pytest
from conftest import CONTACTFS, PEOPLE_EMULATOR, SMALL_FACES, Contacts
from emulator import Emulator

LETTERS = "abcdefghij"


@pytest.fixture
def people():
    return [f"Person Number{letter}" for letter in LETTERS]


@pytest.fixture
def class_of_ten(emulator, mount, faces, tmp_path):
    """Ten more people, and a picture of each in the folder portraits."""
    (tmp_path / "portraits").mkdir()
    for number, letter in enumerate(LETTERS):
        emulator.create_person("Person", f"Number{letter}")
        (tmp_path / f"portraits/person_number{letter}.jpg").write_bytes(faces.face_bytes(number))
    return Contacts(emulator, mount(emulator, "--writes-per-minute", "0"))


@pytest.fixture
def bring(run, class_of_ten, tmp_path):
    def call(*words):
        return run(CONTACTFS, "import", "--yes", *words, tmp_path / "portraits", class_of_ten.path, env=class_of_ten.mount.env,
                   check=False)
    return call


ENDS = {"quota": ("quota", {}), "login": ("status", {"status": 401})}


@pytest.mark.parametrize("how", ENDS)
def test_the_service_ends_an_import(class_of_ten, people, bring, how):
    """No further picture is tried; why is said, also with --json and --quiet."""
    contacts = class_of_ten
    contacts.mount.allowed.append(".*")
    fault, more = ENDS[how]
    contacts.emulator.fault(fault, path="*ContactPhoto", times=-1, **more)
    ended = bring("--json")
    report = json.loads(ended.out)
    assert ended.status == 3 and (report["failed"], report["planned"]) == (1, 9)
    assert ended.errors.startswith("contactfs: ended, as the next picture would fail, too: ") and report["ended"] in ended.errors
    assert "the same command goes on" in bring("--quiet").errors
    contacts.emulator.clear_faults()


def test_the_service_ends_a_restore(class_of_ten, people, bring, run):
    contacts = class_of_ten
    contacts.mount.allowed.append(".*")
    assert bring("--quiet").status == 0
    assert bring("--quiet", "--replace", "all").status == 0
    for person in people[:3]:
        contacts.photo(person).unlink()
    contacts.emulator.wait_requests(3, method="DELETE", answered=True)
    contacts.emulator.fault("status", path="*ContactPhoto", times=-1, status=401)
    ended = run(CONTACTFS, "restore", *(contacts.path / person for person in people[:3]), env=contacts.mount.env, check=False)
    assert ended.status == 3 and "0 of 3 restored" in ended.out
    assert len(re.findall("^contactfs: Person Number", ended.errors, re.M)) == 1 and "as the next contact would fail, too" in ended.errors


@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["list", "--without-photo"], ["status", "--json"]])
def test_output_that_cannot_be_written(contacts, run, words):
    ended = run.shell(f"{CONTACTFS} {' '.join(words)} {contacts.path} >/dev/full", env=contacts.mount.env, check=False)
    assert ended.status == 1 and "the output could not be written: No space left on device" in ended.errors


def test_a_page_that_the_disk_has_no_room_for(contacts, run, tmp_path):
    """By the limit of a file's size: one KiB."""
    (tmp_path / "out").mkdir()
    ended = run.shell(f"trap '' XFSZ; ulimit -f 1; {CONTACTFS} sheet --label Neighbours {tmp_path}/out/faces.html {contacts.path}",
                      env=contacts.mount.env, check=False)
    assert ended.status == 1 and re.search(r"^contactfs: \S*/faces.html: ", ended.errors, re.M), ended
    assert list((tmp_path / "out").iterdir()) == []


def test_a_page_takes_the_place_of_no_device(contacts, run, tmp_path):
    (tmp_path / "null").symlink_to("/dev/null")
    ended = run(CONTACTFS, "sheet", tmp_path / "null", contacts.path, env=contacts.mount.env, check=False)
    assert ended.status == 1 and "no file that a page could take the place of" in ended.errors
    assert (tmp_path / "null").is_symlink()


def test_a_kill_and_the_same_command(class_of_ten, people, bring, run, tmp_path):
    """The picture under way becomes the photo; the next run knows that it was its own."""
    contacts = class_of_ten
    contacts.emulator.fault("delay", method="PATCH", times=1, delay_ms=1000)
    importing = run.start(CONTACTFS, "import", "--yes", "--quiet", tmp_path / "portraits", contacts.path, env=contacts.mount.env)
    contacts.emulator.wait_requests(1, method="PATCH")
    importing.kill()
    importing.wait()
    ended = bring("--json")
    report = json.loads(ended.out)
    assert ended.status == 0 and (report["already"], report["placed"]) == (1, 9), ended
    assert all(contacts.held(person) is not None for person in people)
    assert len(contacts.emulator.requests(method="PATCH")) == 10


def test_a_kill_and_another_photo_since(class_of_ten, people, bring, run, faces, tmp_path):
    """What somebody else has put there is not taken for the import's."""
    contacts = class_of_ten
    contacts.emulator.fault("hang", method="PATCH", times=1)
    contacts.mount.allowed.append(".*")
    importing = run.start(CONTACTFS, "import", "--yes", "--quiet", tmp_path / "portraits", contacts.path, env=contacts.mount.env)
    contacts.emulator.wait_requests(1, method="PATCH")
    importing.kill()
    importing.wait()
    contacts.emulator.clear_faults()
    contacts.photo(people[0]).write_bytes(faces.face_bytes(77))
    report = json.loads(bring("--json").out)
    assert (report["kept"], report["placed"]) == (1, 9)
    assert "an import that was killed may have placed" in report["pictures"][0]["reason"]
    assert contacts.held(people[0]) == faces.face_bytes(77)


# ---- without a service ----

@pytest.mark.emulator("--people", "60")
@pytest.mark.parametrize("words", [["list", "--json"], ["sheet", "--json", "faces.html"]])
def test_a_walk_without_a_service_ends(contacts, run, tmp_path, words):
    """After five failures nothing more is tried, however many people there are."""
    contacts.mount.allowed.append(".*")
    contacts.emulator.fault("status", origin="photo", status=404, times=-1)
    ended = run(CONTACTFS, *words, contacts.path, env=contacts.mount.env, check=False, cwd=tmp_path)
    with_photo = len(contacts_with_photo(contacts))
    said = json.loads(ended.out)
    if words[0] == "list":
        assert sum((row["error"] or "").startswith("it was not tried") for row in said) == with_photo - 5
    else:
        assert ended.status == 3 and len(said["left_out"]) >= with_photo and said["people"] == len(list(contacts.path.iterdir()))
        assert ended.errors.count("it was not tried") >= with_photo - 5


@pytest.mark.options("--timeout", "1")
@pytest.mark.parametrize("fault", ["reset", "hang", "status"])
def test_a_walk_on_a_bad_line_ends(contacts, run, fault):
    contacts.mount.allowed.append(".*")
    contacts.emulator.fault(fault, origin="photo", times=-1, **({"status": 503} if fault == "status" else {}))
    rows = json.loads(run(CONTACTFS, "list", "--json", contacts.path, env=contacts.mount.env).out)
    untried = [row for row in rows if (row["error"] or "").startswith("it was not tried")]
    assert len(untried) == len(contacts_with_photo(contacts)) - 5
    contacts.emulator.clear_faults()


def contacts_with_photo(contacts):
    return [folder.name for folder in contacts.path.iterdir() if "photo.jpg" in contacts.listed(folder.name)]


def test_small_speaks_of_what_it_could_not_read(contacts, run):
    contacts.mount.allowed.append(".*")
    contacts.emulator.fault("status", origin="photo", status=404, times=-1)
    ended = run(CONTACTFS, "list", "--small", "100", contacts.path, env=contacts.mount.env, check=False)
    assert ended.status == 3 and ended.out == "nobody\n"
    assert f"could not be read: {len(contacts_with_photo(contacts))}" in ended.errors


# ---- those who carry a label ----

def test_import_for_a_label(contacts, run, faces, tmp_path):
    """Everybody counts for whom a picture is of; those without the label stay as they are."""
    choir = {path.name for path in (contacts.path / ".labels/Choir").iterdir()}
    (tmp_path / "portraits").mkdir()
    for person in ("Alice Smith", "Ben Carter", "Tom Becker", "Priya Raman", "Søren Østergård", "Zoë Müller"):
        (tmp_path / f"portraits/{person}.jpg").write_bytes(faces.face_bytes(1))
    ended = run(CONTACTFS, "import", "--yes", "--json", "--replace", "all", "--label", "Choir", tmp_path / "portraits", contacts.path,
                env=contacts.mount.env, check=False)
    report = json.loads(ended.out)
    placed = {picture["contact"] for picture in report["pictures"] if picture["state"] == "placed"}
    left = [picture for picture in report["pictures"] if picture["contact"] not in choir]
    assert ended.status == 3 and placed and placed <= choir and len(placed) + len(left) == 6
    assert all(picture["state"] == "kept" and "does not carry the label “Choir”" in picture["reason"] for picture in left)
    unknown = run(CONTACTFS, "import", "--yes", "--label", "Quire", tmp_path / "portraits", contacts.path, env=contacts.mount.env, check=False)
    assert unknown.status == 1 and "there is no label “Quire”" in unknown.errors


@pytest.mark.keep_bytes
def test_restore_for_a_label_as_json(contacts, run, faces):
    member = next((contacts.path / ".labels/Choir").iterdir()).name
    other = next(name for name in contacts_with_photo(contacts) if not (contacts.path / ".labels/Choir" / name).exists())
    old = contacts.held(member)
    for person in (member, other):
        contacts.photo(person).write_bytes(faces.face_bytes(1))
    ended = run(CONTACTFS, "restore", "--since", "1h", "--json", "--label", "Choir", contacts.path, env=contacts.mount.env)
    said = json.loads(ended.out)
    assert [(photo["name"], photo["state"], photo["error"]) for photo in said["photos"]] == [(member, "done", None)]
    assert (said["interrupted"], said["waiting_removals"]) == (False, 0) and said["undo_since"]
    assert contacts.held(member) == old and contacts.held(other) == faces.face_bytes(1)
    wrong = run(CONTACTFS, "restore", "--label", "Choir", contacts.path / member, env=contacts.mount.env, check=False)
    assert wrong.status == 2 and "--label is for all who carry it" in wrong.errors


def test_what_is_restored_is_not_restored_again(contacts, run, faces):
    """Though the service has compressed it anew."""
    contacts.photo("Alice Smith").write_bytes(faces.face_bytes(1))
    since = [CONTACTFS, "restore", "--since", "1h", contacts.path]
    assert "1 of 1 restored" in run(*since, env=contacts.mount.env).out
    assert contacts.photo("Alice Smith").read_bytes() not in contacts.previous("Alice Smith")
    assert "0 to restore" in run(*since, env=contacts.mount.env).out


# ---- the mount ends in the middle ----

@pytest.mark.keep_bytes
@pytest.mark.parametrize("command", ["import", "restore"])
def test_a_mount_that_ends_ends_the_changes(class_of_ten, people, bring, run, faces, tmp_path, command):
    """That is no matter of the contacts; after the next mount the same command does the rest."""
    contacts = class_of_ten
    words = ["import", "--yes", "--quiet", tmp_path / "portraits", contacts.path]
    wanted = [faces.face_bytes(number) for number in range(len(people))]
    if command == "restore":
        bring("--quiet")
        for person in people:
            contacts.photo(person).write_bytes(faces.face_bytes(77))
        words = ["restore", "--quiet", *(contacts.path / person for person in people)]
    sent = len(contacts.emulator.requests(method="PATCH"))
    contacts.emulator.fault("delay", method="PATCH", times=1, delay_ms=1000)
    changing = run.start(CONTACTFS, *words, env=contacts.mount.env, stderr=subprocess.PIPE, text=True)
    contacts.emulator.wait_requests(sent + 1, method="PATCH")
    contacts.mount.terminate()
    errors = changing.communicate()[1]
    assert changing.returncode == 3 and "would fail, too" in errors, errors
    assert re.search(f"{re.escape(str(contacts.path))} is (not mounted any more|being unmounted)|the mount is ending", errors), errors
    assert "No such file" not in errors
    contacts.mount.start()
    assert [contacts.held(person) == picture for person, picture in zip(people, wanted)] == [True] + [False] * 9
    if command == "restore":
        words[2:] = words[3:]  # the first one is back
    assert run(CONTACTFS, *words, env=contacts.mount.env).status == 0
    assert [contacts.held(person) for person in people] == wanted


WALKS = pytest.mark.parametrize("words", [["list"], ["sheet", "faces.html"]], ids=["list", "sheet"])


@WALKS
def test_half_a_book_is_not_taken_for_the_whole(contacts, run, tmp_path, words):
    contacts.mount.allowed.append(".*")
    contacts.emulator.fault("delay", origin="photo", times=-1, delay_ms=1000)
    walking = run.start(CONTACTFS, *words, contacts.path, env=contacts.mount.env, cwd=tmp_path, text=True,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, origin="photo")
    contacts.mount.terminate()
    out, errors = walking.communicate()
    assert (walking.returncode, out) == (1, "")
    assert re.search("is not mounted any more|is being unmounted|Transport endpoint is not connected", errors), errors
    assert not list(tmp_path.glob("faces.html*"))


@WALKS
def test_a_mount_that_still_sends_is_not_taken_for_the_whole(contacts, run, faces, tmp_path, words):
    """It is there until what waits is sent, and fetches no photo any more."""
    contacts.mount.allowed.append(".*")
    contacts.emulator.fault("hang", method="PATCH")
    contacts.emulator.fault("hang", origin="photo", times=-1)
    copying = run.start("cp", faces.face(1), contacts.photo(contacts.without_photo()))
    contacts.emulator.wait_requests(1, method="PATCH")
    walking = run.start(CONTACTFS, *words, contacts.path, env=contacts.mount.env, cwd=tmp_path, text=True,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, origin="photo")
    os.kill(contacts.mount.pid, signal.SIGTERM)
    out, errors = walking.communicate()
    assert (walking.returncode, out) == (1, "")
    assert f"{contacts.path} is being unmounted" in errors
    assert not list(tmp_path.glob("faces.html*"))
    contacts.mount.kill()
    assert copying.wait() != 0


# ---- two accounts ----

@pytest.mark.keep_bytes
def test_another_account_with_the_same_people(contacts, mount, run, faces, tmp_path):
    """What one account's import placed is neither taken for the other's, nor taken back there."""
    picture, person = faces.face_bytes(1), "Tom Becker"
    (tmp_path / f"{person}.jpg").write_bytes(picture)
    with Emulator([*SMALL_FACES, "--keep-bytes"], program=PEOPLE_EMULATOR) as service:
        other = Contacts(service, mount(service, account="work", state=contacts.mount.state))
        assert other.resource(person) == contacts.resource(person)
        run(CONTACTFS, "import", "--yes", tmp_path / f"{person}.jpg", contacts.path, env=contacts.mount.env)
        other.photo(person).write_bytes(picture)
        assert "0 to restore" in run(CONTACTFS, "restore", "--since", "1h", other.path, env=other.mount.env).out
        again = run(CONTACTFS, "import", "--yes", "--json", tmp_path / f"{person}.jpg", other.path, env=other.mount.env, check=False)
        assert json.loads(again.out)["pictures"][0]["reason"] == "has a photo"
        assert "1 of 1 restored" in run(CONTACTFS, "restore", "--since", "1h", contacts.path, env=contacts.mount.env).out
        contacts.emulator.wait_requests(1, method="DELETE", answered=True)
        assert contacts.held(person) is None and other.held(person) == picture
