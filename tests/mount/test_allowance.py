"""Google's daily allowance is used up (QuotaFailure): one request meets it, everybody else is told without one."""

import errno
import json
import os
import re
import struct
import time
from pathlib import Path

import pytest
from conftest import BUILD, CONTACTFS, PEOPLE_EMULATOR, SMALL_FACES
from checks import errno_of
from emulator import Emulator
from eventually import eventually
from mounts import MountFailed

ALICE, BEN = "Alice Smith", "Ben Carter"
UPLOAD, DELETE = "*:updateContactPhoto", "*:deleteContactPhoto"
LIST = "/v1/people/me/connections"
WORDS = "Google's daily allowance for changes is used up"


needs_clock = pytest.mark.skipif(b"__asan_init" in Path(CONTACTFS).read_bytes(), reason="its clock was not tried under AddressSanitizer")


def api_requests(contacts):
    return len(contacts.emulator.requests(origin="api"))


@pytest.fixture
def used_up(contacts, faces):
    """A mount that has just met it, by writing Alice's photo."""
    contacts.emulator.fault("quota", path="*ContactPhoto", times=-1)
    photo = contacts.path / ALICE / "photo.jpg"
    assert errno_of(photo.write_bytes, faces.face_bytes(1)) == errno.EAGAIN
    return contacts


def test_met_once(used_up, faces):
    """It is not tried again, though there are two minutes left, and the words say when it will be."""
    assert used_up.mutations() == ["PATCH"]
    assert WORDS in used_up.mount.error(ALICE)
    assert "try again at " in used_up.mount.error(ALICE)
    assert used_up.rejected(ALICE) == [faces.face_bytes(1)]
    assert used_up.listed(ALICE) == ["photo.jpg"]
    assert used_up.previous(ALICE) == [used_up.held(ALICE)], "what was saved stays, though nothing came of it"


def test_next_writers_are_told_at_once(used_up, faces):
    before = api_requests(used_up)
    for number in range(2, 6):
        assert errno_of((used_up.path / BEN / "photo.jpg").write_bytes, faces.face_bytes(number)) == errno.EAGAIN
    assert api_requests(used_up) == before
    assert WORDS in used_up.mount.error(BEN)
    assert used_up.listed(BEN) == ["photo.jpg"]
    assert errno_of((used_up.path / BEN / "portrait.jpg").write_bytes, faces.face_bytes(6)) == errno.EAGAIN
    assert api_requests(used_up) == before


def test_whoever_has_it_open_hears_it_at_the_close(contacts, faces):
    draft = os.open(contacts.path / BEN / "photo.jpg", os.O_WRONLY | os.O_TRUNC)
    os.write(draft, faces.face_bytes(2))
    contacts.emulator.fault("quota", path=UPLOAD, times=-1)
    assert errno_of((contacts.path / ALICE / "photo.jpg").write_bytes, faces.face_bytes(1)) == errno.EAGAIN
    before = api_requests(contacts)
    assert errno_of(os.close, draft) == errno.EAGAIN
    assert api_requests(contacts) == before
    assert contacts.rejected(BEN) == [faces.face_bytes(2)]


def test_removals_are_told_at_once(used_up):
    before = api_requests(used_up)
    assert errno_of(os.unlink, used_up.path / BEN / "photo.jpg") == errno.EAGAIN
    assert api_requests(used_up) == before
    assert used_up.listed(BEN) == ["photo.jpg"]
    assert WORDS in used_up.mount.error(BEN)


def test_a_removal_that_meets_it_is_back(contacts):
    contacts.emulator.fault("quota", path=DELETE, times=-1)
    os.unlink(contacts.path / BEN / "photo.jpg")
    contacts.emulator.wait_requests(1, method="DELETE", answered=True)
    eventually(lambda: contacts.listed(BEN) == ["photo.jpg"])
    assert contacts.mutations() == ["DELETE"]
    assert WORDS in contacts.mount.error(BEN)


def test_queue_behind_it_is_told_at_once(contacts, faces, run):
    """Those that wait while the first one is on its way."""
    emulator = contacts.emulator
    emulator.fault("quota", path=UPLOAD, delay_ms=1500, times=-1)
    copies = [run.start("cp", faces.face(number), contacts.path / name / "photo.jpg")
              for number, name in enumerate((ALICE, BEN, contacts.person(2), contacts.person(3)))]
    results = [run.finish(copy) for copy in copies]
    assert all(result.status != 0 for result in results)
    assert contacts.mutations() == ["PATCH"]


def set_clock(mount, seconds):
    """The next mount's clock on the wall is ahead of ours."""
    page = mount.state / "clock"
    page.write_bytes(struct.pack("=qqq", 1, 0, seconds * 10**9).ljust(4096, b"\0"))
    mount.env |= {"LD_PRELOAD": str(BUILD / "tests/model/model-clock.so"), "MODEL_CLOCK": str(page)}


@pytest.mark.parametrize("killed", [False, True], ids=["unmounted", "killed"])
def test_next_mount_keeps_to_it(used_up, faces, killed):
    mount = used_up.mount
    until = mount.status()["changes_paused_until"]
    if killed:
        mount.kill()
    mount.remount()
    mutations = len(used_up.mutations())
    assert abs(mount.status()["changes_paused_until"] - until) <= 1
    assert errno_of((used_up.path / BEN / "photo.jpg").write_bytes, faces.face_bytes(2)) == errno.EAGAIN
    assert errno_of(os.unlink, used_up.path / BEN / "photo.jpg") == errno.EAGAIN
    assert WORDS in mount.error(BEN) and "try again at " in mount.error(BEN)
    assert len(used_up.mutations()) == mutations


@needs_clock
def test_later_it_goes_on(used_up, faces):
    """After it there is one try; what it meets counts on from what the mount before had met."""
    mount, photo = used_up.mount, used_up.path / BEN / "photo.jpg"
    mount.unmount()
    set_clock(mount, 301)
    mount.start()
    mutations = len(used_up.mutations())
    assert mount.status()["changes_paused_until"] == 0
    assert errno_of(photo.write_bytes, faces.face_bytes(2)) == errno.EAGAIN
    assert len(used_up.mutations()) == mutations + 1
    assert 590 < mount.status()["changes_paused_until"] - time.time() - 301 < 610
    used_up.emulator.clear_faults()
    mount.unmount()
    set_clock(mount, 301 + 601)
    mount.start()
    photo.write_bytes(faces.face_bytes(2))
    mount.unmount()
    mount.start()
    assert mount.status()["changes_paused_until"] == 0
    photo.write_bytes(faces.face_bytes(3))


@needs_clock
def test_a_clock_set_back_bars_nobody(used_up):
    used_up.mount.unmount()
    set_clock(used_up.mount, -7 * 86400)
    used_up.mount.start()
    assert 200 < used_up.mount.status()["changes_paused_until"] - (time.time() - 7 * 86400) < 310


@pytest.mark.refused
def test_a_service_manager_starts_it_again_and_again(emulator, mount, tmp_path):
    """The first listing of all: one request meets it, however often it is mounted."""
    emulator.fault("quota", path=LIST, times=-1)
    for _ in range(3):
        with pytest.raises(MountFailed) as failure:
            mount(emulator, state=tmp_path / "state")
        assert failure.value.status == 1
        assert "Google's daily allowance" in failure.value.text and "try again at " in failure.value.text
    assert len(emulator.requests(path=LIST)) == 1


def test_another_address_book_has_an_allowance_of_its_own(used_up, faces):
    with Emulator(SMALL_FACES, program=PEOPLE_EMULATOR) as other:
        used_up.mount.emulator = other
        used_up.mount.remount()
        (used_up.path / BEN / "photo.jpg").write_bytes(faces.face_bytes(2))
        used_up.mount.unmount()


def test_reading_goes_on(used_up):
    used_up.emulator.create_person("Zoe", "New", face="zoe")
    assert (used_up.path / BEN / "photo.jpg").read_bytes() == used_up.held(BEN)


def test_status_tells(used_up, run):
    status = used_up.mount.status()
    assert 290 < status["changes_paused_until"] - time.time() < 310
    assert status["listings_paused_until"] == 0
    out = run(CONTACTFS, "status", used_up.path, env=used_up.mount.env).out
    assert "Google's daily allowance is used up" in out
    said = re.search(r"try again at (\d\d:\d\d), and not before", status["last_error"]).group(1)
    assert f"none before {said}: " in out, "the sentence and status say the same"
    entry, = json.loads(run(CONTACTFS, "status", "--json", used_up.path, env=used_up.mount.env).out)
    assert abs(entry["status"]["changes_paused_until"] - status["changes_paused_until"]) <= 1


@pytest.mark.refused
@pytest.mark.options("--sync-interval", "1")
def test_a_listing_that_meets_it(contacts, faces):
    """What is known is served, and changes go on: they have an allowance of their own."""
    emulator = contacts.emulator
    emulator.fault("quota", path=LIST, without="&syncToken=", times=-1)
    emulator.expire_sync_tokens()
    eventually(lambda: contacts.mount.status()["listings_paused_until"] > 0)
    assert ALICE in os.listdir(contacts.path)
    assert contacts.mount.status()["next_sync_in"] > 200
    (contacts.path / ALICE / "photo.jpg").write_bytes(faces.face_bytes(1))
    full = [request for request in emulator.requests(path=LIST) if "&syncToken=" not in request["query"]]
    assert len(full) == 2  # the mount's own, and the one that met it
