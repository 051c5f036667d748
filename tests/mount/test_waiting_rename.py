"""A rename over photo.jpg waits for its upload, and the kernel locks that folder meanwhile."""

import os
import subprocess
from pathlib import Path

import pytest
from eventually import eventually
from test_deadlines import frozen, until_waiting

ALICE, BEN = "Alice Smith", "Ben Carter"


def start_rename(contacts, run, faces, person):
    """mv of a finished temporary, whose upload hangs."""
    folder = contacts.path / person
    (folder / ".photo.jpg.tmp").write_bytes(faces.face_bytes(1))
    contacts.emulator.fault("hang", method="PATCH")
    program = run.start("mv", "-f", folder / ".photo.jpg.tmp", folder / "photo.jpg", stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, method="PATCH")
    return program


@pytest.mark.options("--sync-interval", "1")
def test_names_of_people_do_not_wait_for_it(contacts, run, faces):
    """The kernel is told that Alice's photo is gone, and waits for her folder. Then Ben becomes Robert, and a new Ben comes:
    a face for Ben must not land on Robert."""
    emulator = contacts.emulator
    contacts.photo(ALICE).read_bytes()
    contacts.photo(BEN).read_bytes()
    alice, robert = contacts.resource(ALICE), contacts.resource(BEN)
    held = contacts.held(BEN)
    photos = contacts.mount.status()["photos"]
    rename = start_rename(contacts, run, faces, ALICE)
    emulator.remove_photo(alice)
    eventually(lambda: contacts.mount.status()["photos"] == photos - 1)
    emulator.rename_person(robert, "Robert")
    ben = emulator.create_person("Ben", "Carter")
    people = len(emulator.people())
    eventually(lambda: contacts.mount.status()["people"] == people)  # to list the folder would mend the kernel's names
    eventually(lambda: contacts.resource(BEN) == ben and contacts.resource("Robert") == robert)
    rename.kill()
    run.finish(rename)
    run("cp", faces.face(2), contacts.photo(BEN))
    assert emulator.photo_bytes(ben) == faces.face_bytes(2) and emulator.photo_bytes(robert) == held


def has_open(process, path):
    fds = Path(f"/proc/{process.pid}/fd")
    return any(os.path.realpath(fds / fd) == str(path) for fd in os.listdir(fds))


@pytest.mark.keep_bytes
def test_what_is_answered_meanwhile(contacts, run, faces):
    """Names that the kernel knows need no lock of the folder, nor do other folders. The kill of the rename ends all that waits."""
    folder = contacts.path / ALICE
    held, other = contacts.held(ALICE), contacts.held(BEN)
    contacts.photo(ALICE).write_bytes(faces.face_bytes(3))
    assert contacts.previous(ALICE)  # so that the kernel knows the folder .previous, and what is in it
    rename = start_rename(contacts, run, faces, ALICE)
    assert contacts.photo(ALICE).read_bytes() == faces.face_bytes(3)
    assert contacts.photo(ALICE).stat().st_size > 0 and contacts.resource(ALICE)
    assert held in contacts.previous(ALICE)
    assert contacts.photo(BEN).read_bytes() == other and "photo.jpg" in os.listdir(contacts.path / BEN)
    assert not (contacts.path / BEN / "never seen.jpg").exists()
    waiting = [run.start(*program, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
               for program in (["stat", folder / "never seen.jpg"], ["rm", folder / "photo.jpg"])]
    listing = run.start("ls", folder, stdout=subprocess.PIPE)
    eventually(lambda: has_open(listing, folder) and Path(f"/proc/{listing.pid}/wchan").read_text() != "0")
    listing.kill()
    assert run.finish(listing).status == -9  # while the rename still waits
    assert rename.poll() is None
    rename.kill()
    run.finish(rename)
    for program in waiting:
        run.finish(program)


def test_listing_that_began_before_it(contacts, faces):
    """What was a temporary when the folder was opened is photo.jpg when it is read: that is there once."""
    folder = contacts.path / ALICE
    (folder / ".photo.jpg.tmp").write_bytes(faces.face_bytes(1))
    with os.scandir(folder) as entries:
        (folder / ".photo.jpg.tmp").rename(folder / "photo.jpg")
        assert [entry.name for entry in entries].count("photo.jpg") == 1


def test_service_that_answers_nothing(contacts, run, faces, person, photo, old):
    """The rename is given up long before the deadline of an upload: whoever looks for a name in the folder meanwhile cannot
    be killed. The temporary is still there."""
    photo.read_bytes()
    folder = photo.parent
    (folder / ".photo.jpg.tmp").write_bytes(faces.face_bytes(1))
    with frozen(contacts.emulator):
        rename = run.start("mv", "-f", folder / ".photo.jpg.tmp", photo, stderr=subprocess.PIPE)
        until_waiting(rename)
        look = run.start("stat", folder / "never seen.jpg", stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        result = run.finish(rename, timeout=60)  # --upload-timeout is two minutes
        assert result.status == 1 and "timed out" in result.errors
        assert "No such file" in run.finish(look).errors
        assert ".photo.jpg.tmp" in os.listdir(folder)
    assert old in [contacts.held(person), *contacts.previous(person)], "it may have been carried out when the service went on"
    assert contacts.rejected(person) == [faces.face_bytes(1)]


def test_service_that_is_slow(contacts, run, faces, person, photo):
    """It answers other questions: the upload is waited for."""
    photo.read_bytes()
    folder = photo.parent
    (folder / ".photo.jpg.tmp").write_bytes(faces.face_bytes(1))
    contacts.emulator.fault("delay", method="PATCH", delay_ms=17000)
    run("mv", "-f", folder / ".photo.jpg.tmp", photo)
    assert contacts.held(person) == faces.face_bytes(1) and contacts.mutations() == ["PATCH"]
