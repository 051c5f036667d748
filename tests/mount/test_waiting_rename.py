"""A rename over photo.jpg waits for its upload, and the kernel locks that folder meanwhile."""

import os
import subprocess

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
