"""What must hold between a program's wish and the request that changes a photo, each guard by itself: tests/mutants breaks them."""

import base64
import errno
import os
import signal
import subprocess

import pytest
from eventually import eventually

ALICE, BEN = "Alice Smith", "Ben Carter"
UPLOAD = "*:updateContactPhoto"

pytestmark = pytest.mark.keep_bytes

# The photo is fetched twice for an upload, when nothing is kept: to be compared with, and to be saved.
NOTHING_KEPT = ("--cache-size", "0", "--timeout", "60", "--sync-interval")


def start_slow_fetch(contacts, run, faces, delay_ms):
    """cp, and the fetch of what is to be saved is under way, for delay_ms. The old address serves the old photo even when it is no
    longer the photo, as Google's do for a while."""
    old = base64.b64encode(contacts.photo(ALICE).read_bytes()).decode()  # now its size is known: cp's stat fetches nothing
    for delay in (1, delay_ms):
        contacts.emulator.fault("status", origin="photo", status=200, content_type="image/jpeg", body_base64=old, delay_ms=delay)
    contacts.emulator.reset_requests()
    copy = run.start("cp", faces.face(1), contacts.photo(ALICE), stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(2, origin="photo")
    return copy


def another_photo_comes_first(contacts, run, faces, delay):
    """It is set while the one that was there is on its way to .previous: it goes there, too."""
    copy = start_slow_fetch(contacts, run, faces, delay)
    contacts.emulator.set_photo(contacts.resource(ALICE), faces.face_bytes(5))
    assert run.finish(copy).status == 0
    assert contacts.held(ALICE) == faces.face_bytes(1)
    assert faces.face_bytes(5) in contacts.previous(ALICE)


@pytest.mark.options(*NOTHING_KEPT, "1")
def test_photo_that_comes_while_the_one_before_is_fetched(contacts, run, faces):
    """The mount hears of it by a delta, before the one that was there is saved."""
    another_photo_comes_first(contacts, run, faces, 5000)


@pytest.mark.options(*NOTHING_KEPT, "3600")
def test_photo_that_comes_while_the_present_one_takes_long_to_fetch(contacts, run, faces):
    """What was seen eleven seconds ago is old news: it is looked again before it is sent."""
    another_photo_comes_first(contacts, run, faces, 11_000)


@pytest.mark.options("--cache-size", "0", "--timeout", "2")
def test_photo_that_cannot_be_fetched_is_not_overwritten(contacts, run, faces):
    old = contacts.photo(ALICE).read_bytes()
    contacts.emulator.fault("status", origin="photo", status=503, times=-1)
    copy = run("cp", faces.face(1), contacts.photo(ALICE), check=False)
    assert copy.status != 0
    assert "could not be fetched to keep it in .previous, so it was left alone" in contacts.mount.error(ALICE)
    assert contacts.mutations() == [] and contacts.held(ALICE) == old
    contacts.emulator.clear_faults()
    assert contacts.rejected(ALICE) == [faces.face_bytes(1)]


def test_photo_that_cannot_be_saved_is_not_overwritten(contacts, run, faces):
    """A file lies where the folder of what was replaced is to be made."""
    run("cp", faces.face(1), contacts.photo(BEN))
    (folder,) = contacts.mount.state.glob("**/previous")
    old, name = contacts.photo(ALICE).read_bytes(), contacts.resource(ALICE).removeprefix("people/")
    in_the_way = folder.parent.with_name(name)
    assert not in_the_way.exists()
    in_the_way.mkdir()
    (in_the_way / "previous").touch()
    copy = run("cp", faces.face(2), contacts.photo(ALICE), check=False)
    assert copy.status != 0
    assert "could not be kept in .previous, so it was left alone" in contacts.mount.error(ALICE)
    assert contacts.mutations(ALICE) == [] and contacts.held(ALICE) == old == contacts.photo(ALICE).read_bytes()
    assert contacts.rejected(ALICE) == [faces.face_bytes(2)]


def test_promise_is_crossed_out_before_the_successor_is_sent(contacts, run, faces):
    """rm, cp, and a kill -9 before the service has the new picture: the old one is still there, and what was to make room is over."""
    photo, old = contacts.photo(ALICE), contacts.photo(ALICE).read_bytes()
    contacts.emulator.fault("hang", path=UPLOAD)
    photo.unlink()
    writer = run.start("cp", faces.face(1), photo, stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, path=UPLOAD)
    os.kill(contacts.mount.pid, signal.SIGKILL)
    contacts.mount.wait_end()
    run.finish(writer)
    contacts.mount.start()
    assert photo.read_bytes() == old
    contacts.mount.remount()  # an end carries out what was promised
    assert contacts.mutations() == ["PATCH"] and contacts.held(ALICE) == old


def test_changes_go_out_one_after_the_other(contacts, run, faces):
    contacts.emulator.fault("delay", path=UPLOAD, delay_ms=2000)
    copy = run.start("cp", faces.face(1), contacts.photo(ALICE))
    contacts.emulator.wait_requests(1, path=UPLOAD)
    run("cp", faces.face(2), contacts.photo(BEN))
    assert run.finish(copy).status == 0
    assert contacts.emulator.log()["overlaps"] == 0
    assert (contacts.held(ALICE), contacts.held(BEN)) == (faces.face_bytes(1), faces.face_bytes(2))


def test_the_newest_photo_is_what_comes_back(contacts, run, faces, tmp_path):
    """A program that takes back what it wrote: the photo from just before is there again, not an older one."""
    photo, webp = contacts.photo(ALICE), tmp_path / "face.webp"
    run("cp", faces.face(1), photo)
    run("convert", faces.face(2), webp)
    photo.write_bytes(webp.read_bytes())
    assert photo.read_bytes() != webp.read_bytes()
    photo.unlink()
    eventually(lambda: contacts.mutations(ALICE) == ["PATCH"] * 3 and photo.exists())
    assert contacts.held(ALICE) == faces.face_bytes(1)


def test_moved_photo_that_is_replaced_meanwhile(contacts, run, faces):
    """mv of Alice's photo to Ben; a new one of hers comes while Ben's is on its way. It stays hers: the kernel must not try
    the rename again by itself, which would move that one, too."""
    moved = contacts.photo(ALICE).read_bytes()
    contacts.emulator.fault("delay", path=UPLOAD, delay_ms=2000)
    move = run.start("/bin/sh", "-c", 'exec mv -f "$1" "$2"', "sh", contacts.photo(ALICE), contacts.photo(BEN), stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, path=UPLOAD)
    contacts.emulator.set_photo(contacts.resource(ALICE), faces.face_bytes(5))
    result = run.finish(move)
    assert contacts.held(BEN) == moved
    assert contacts.held(ALICE) == faces.face_bytes(5) and contacts.mutations() == ["PATCH"]
    assert result.status != 0 and os.strerror(errno.EAGAIN) in result.errors
