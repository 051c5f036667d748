"""A full listing that may not be the whole address book: nobody goes before two of them agree."""

import os

import pytest
from conftest import CONTACTFS
from eventually import eventually

ALICE, BEN = "Alice Smith", "Ben Carter"
LIST = "/v1/people/me/connections"

pytestmark = pytest.mark.options("--sync-interval", "1")

NOBODY = {"nothing": {}, "null": {"connections": None}, "none": {"connections": []}, "total": {"totalItems": 0}}


FULL = {"without": "&syncToken="}


def answer(emulator, body, times, **which):
    """The next full listings are this."""
    emulator.fault("type", path=LIST, content_type="application/json", body=body, times=times, **(which or FULL))


def listings(contacts, count):
    """Waits until so many more listings, or deltas, are answered."""
    seen = contacts.emulator.requests(path=LIST)
    return contacts.emulator.wait_requests(len(seen) + count, path=LIST, answered=True)


def doubt(contacts):
    return contacts.mount.status()["listing_doubt"]


def everybody(contacts):
    return sorted(os.listdir(contacts.path))


@pytest.mark.refused
@pytest.mark.parametrize("token", [{}, {"nextSyncToken": "one"}], ids=["no token", "token"])
@pytest.mark.parametrize("body", NOBODY.values(), ids=NOBODY.keys())
def test_one_answer_is_not_believed(contacts, faces, body, token):
    """The folder stays, and with it an open draft and a promised removal."""
    emulator, before = contacts.emulator, everybody(contacts)
    (contacts.path / BEN / "photo.jpg").read_bytes()
    with open(contacts.path / ALICE / "photo.jpg", "wb", buffering=0) as draft:
        draft.write(faces.face_bytes(1))
        answer(emulator, {**body, **token}, 1)
        emulator.expire_sync_tokens()
        eventually(lambda: doubt(contacts) is not None)
        os.unlink(contacts.path / BEN / "photo.jpg")
        assert everybody(contacts) == before
    assert contacts.held(ALICE) == faces.face_bytes(1)
    emulator.wait_requests(1, method="DELETE", answered=True)
    eventually(lambda: doubt(contacts) is None)
    assert everybody(contacts) == before
    assert contacts.held(BEN) is None
    assert "nobody" in contacts.mount.text()


@pytest.mark.refused
def test_two_answers_that_agree_are_believed(contacts):
    emulator = contacts.emulator
    answer(emulator, {"nextSyncToken": "empty"}, -1)
    answer(emulator, {}, -1, **{"with": "&syncToken=empty"})
    emulator.expire_sync_tokens()
    eventually(lambda: everybody(contacts) == [])
    full = [request for request in emulator.requests(path=LIST) if "syncToken=" not in request["query"]]
    assert len(full) == 3  # the mount's own, and the two
    assert doubt(contacts) is None
    emulator.clear_faults()
    eventually(lambda: ALICE in everybody(contacts))


@pytest.mark.refused
def test_without_a_sync_token_nobody_goes(contacts):
    """A service that never says that its listing is the whole: people come, none goes, and status says so."""
    emulator, before = contacts.emulator, everybody(contacts)
    answer(emulator, {"connections": [{"resourceName": "people/c9", "names": [{"displayName": "Zoe New"}]}]}, -1)
    emulator.expire_sync_tokens()
    eventually(lambda: "Zoe New" in everybody(contacts))
    listings(contacts, 3)
    assert everybody(contacts) == sorted([*before, "Zoe New"])
    assert "sync token" in doubt(contacts)


@pytest.mark.refused
def test_status_tells_the_doubt(contacts, run):
    answer(contacts.emulator, {}, -1)
    contacts.emulator.expire_sync_tokens()
    eventually(lambda: doubt(contacts) is not None)
    assert f"of the {len(everybody(contacts))} who are missing nobody is taken away" in run(CONTACTFS, "status", contacts.path, env=contacts.mount.env).out


@pytest.mark.refused
@pytest.mark.emulator("--people", "30", "--page-size-max", "10", "--photos", "none")
@pytest.mark.parametrize("page", [{}, {"connections": []}, {"nextSyncToken": "one"}], ids=["nothing", "none", "token"])
def test_second_page_that_says_nobody(contacts, page):
    emulator, before = contacts.emulator, everybody(contacts)
    assert len(before) == 30
    answer(emulator, page, 1, **{"with": "pageToken="})
    emulator.expire_sync_tokens()
    eventually(lambda: doubt(contacts) is not None)
    assert everybody(contacts) == before
    eventually(lambda: doubt(contacts) is None)
    assert everybody(contacts) == before


@pytest.mark.refused
def test_who_is_gone_goes(contacts):
    """Removed while the sync token died, so no delta tells. The listing has as many people as it says: once is enough."""
    emulator = contacts.emulator
    emulator.fault("delay", path=LIST, delay_ms=500)
    emulator.expire_sync_tokens()
    emulator.delete_person(contacts.resource(ALICE))
    eventually(lambda: ALICE not in everybody(contacts))
    assert BEN in everybody(contacts)
    assert "nobody is taken away" not in contacts.mount.text()


@pytest.mark.refused
def test_html_with_200(contacts):
    emulator, before = contacts.emulator, everybody(contacts)
    emulator.fault("type", path=LIST, content_type="text/html", body="<html>Sign in</html>", times=2, **FULL)
    emulator.expire_sync_tokens()
    eventually(lambda: "not JSON" in (contacts.mount.status()["last_error"] or ""))
    assert everybody(contacts) == before
    listings(contacts, 4)
    assert everybody(contacts) == before
    assert "not JSON" in contacts.mount.status()["last_error"]


def test_pages_without_end(contacts):
    emulator, before = contacts.emulator, everybody(contacts)
    emulator.fault("endless", path=LIST, times=-1)
    eventually(lambda: "has no end" in (contacts.mount.status()["last_error"] or ""), timeout=60)
    assert everybody(contacts) == before
    emulator.clear_faults()
    emulator.create_person("Zoe", "New")
    eventually(lambda: "Zoe New" in everybody(contacts), timeout=30)


@pytest.mark.options()
def test_first_listing_without_a_sync_token(emulator, mount):
    """Nobody is known yet: who is in it is shown."""
    answer(emulator, {"connections": [{"resourceName": "people/c9", "names": [{"displayName": "Zoe New"}]}]}, 1)
    mounted = mount(emulator, "--sync-interval", "1")
    assert "Zoe New" in os.listdir(mounted.path)
    eventually(lambda: ALICE in os.listdir(mounted.path))
