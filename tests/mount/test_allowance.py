"""Google's daily allowance is used up (QuotaFailure): one request meets it, everybody else is told without one."""

import errno
import json
import os
import re
import time

import pytest
from conftest import CONTACTFS
from eventually import eventually

ALICE, BEN = "Alice Smith", "Ben Carter"
UPLOAD, DELETE = "*:updateContactPhoto", "*:deleteContactPhoto"
LIST = "/v1/people/me/connections"
WORDS = "Google's daily allowance for changes is used up"


def errno_of(call, *words):
    with pytest.raises(OSError) as caught:
        call(*words)
    return caught.value.errno


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
