"""What rm promised, when something comes in between: it is carried out, or the photo is back with words."""

import contextlib
import errno
import os
import subprocess

import pytest

from checks import check
from eventually import eventually


def carried_out(contacts, person, old):
    contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    check(contacts, person, None, ["DELETE"])
    assert contacts.previous(person) == [old]
    assert contacts.mount.error(person) is None


def test_rm_then_touch(contacts, run, person, photo, old):
    """An empty file is no photo: the old one does not come back for it."""
    run("rm", photo)
    run("touch", photo)
    assert photo.stat().st_size == 0
    carried_out(contacts, person, old)


@pytest.mark.parametrize("end", ["unmount", "terminate"])
def test_rm_then_touch_then_the_end(contacts, run, person, photo, end):
    resource = contacts.resource(person)
    run("rm", photo)
    run("touch", photo)
    getattr(contacts.mount, end)()
    assert contacts.emulator.photo_bytes(resource) is None


def test_rm_then_an_empty_file_that_is_open_at_the_end(contacts, run, person, photo):
    """Also touch's own file is, when its release comes late."""
    resource = contacts.resource(person)
    run("rm", photo)
    fd = os.open(photo, os.O_WRONLY | os.O_CREAT, 0o644)
    contacts.mount.terminate()
    with pytest.raises(OSError):  # the mount is gone
        os.close(fd)
    assert contacts.emulator.photo_bytes(resource) is None


def size(path):
    """None: it is not there."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size


def test_rename_away_then_touch(contacts, run, person, photo, old):
    away = photo.with_name("photo.jpg~")
    run("mv", photo, away)
    run("touch", photo)
    eventually(lambda: size(photo) == len(old), timeout=20, why="photo.jpg did not come back")
    check(contacts, person, old, [], extra=["photo.jpg~"])


@pytest.mark.parametrize("when", ["open", "closed", "removed"])
def test_successor_that_becomes_a_temporary(contacts, run, faces, person, photo, old, when):
    run("rm", photo)
    kept = photo.with_name("photo.jpg.bak")
    with open(photo, "xb", buffering=0) as file:
        file.write(faces.face_bytes(1)[:500])
        if when == "removed":
            os.unlink(photo)
        elif when == "open":
            os.rename(photo, kept)
        file.write(faces.face_bytes(1)[500:])
        if when == "closed":
            os.rename(photo, kept)
    contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    check(contacts, person, None, ["DELETE"], extra=["photo.jpg.bak"] if when != "removed" else [])
    if when != "removed":
        assert kept.read_bytes() == faces.face_bytes(1)


# ---- while the queue is busy ----

verbose = pytest.mark.options("--verbose")  # for Busy.queued


@pytest.fixture
def busy(contacts, run, faces):
    """Somebody else's photo is on its way; .end() lets it arrive."""
    class Busy:
        def __init__(self):
            contacts.emulator.fault("delay", path="*:updateContactPhoto", delay_ms=4000, times=1)
            self.process = run.start("cp", faces.face(7), contacts.photo(contacts.person(1)), stderr=subprocess.PIPE)
            contacts.emulator.wait_requests(1, method="PATCH")

        def queued(self):
            contacts.mount.await_text(": the removal is queued")

        def end(self):
            assert run.finish(self.process).status == 0
            eventually(lambda: contacts.mount.status()["waiting_mutations"] == 0)

    return Busy()


@verbose
def test_half_a_picture_after_the_removal_was_queued(contacts, run, faces, person, photo, old, busy):
    run("rm", photo)
    busy.queued()
    assert run("cp", faces.cut, photo, check=False).status != 0
    assert photo.read_bytes() == old and "cut off" in contacts.mount.error(person)
    busy.end()
    check(contacts, person, old, [])
    contacts.mount.remount()
    check(contacts, person, old, [])


@verbose
def test_new_picture_after_the_removal_was_queued(contacts, run, faces, person, photo, old, busy):
    run("rm", photo)
    busy.queued()
    run("cp", faces.face(1), photo)
    busy.end()
    check(contacts, person, faces.face_bytes(1), ["PATCH"])
    assert contacts.previous(person) == [old]


@verbose
def test_new_picture_by_rename_that_is_refused(contacts, run, faces, person, photo, old, busy):
    run("rm", photo)
    busy.queued()
    run("cp", faces.cut, photo.with_name("x.part"))
    assert run("mv", photo.with_name("x.part"), photo, check=False).status != 0
    busy.end()
    check(contacts, person, old, [], extra=["x.part"])


@verbose
def test_empty_file_after_the_removal_was_queued(contacts, run, person, photo, old, busy):
    run("rm", photo)
    busy.queued()
    run("touch", photo)
    busy.end()
    carried_out(contacts, person, old)


@pytest.mark.options("--upload-timeout", "3")
def test_removal_behind_an_upload_that_hangs(contacts, run, faces, person, photo, old):
    """Its time begins with its turn. It takes two of three seconds, and waited for two before."""
    contacts.emulator.fault("hang", path="*:updateContactPhoto", times=1)
    contacts.emulator.fault("delay", path="*:deleteContactPhoto", delay_ms=2000)
    cp = run.start("cp", faces.face(7), contacts.photo(contacts.person(1)), stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, method="PATCH")
    run("rm", photo)
    assert os.strerror(errno.ETIMEDOUT) in run.finish(cp).errors
    carried_out(contacts, person, old)
