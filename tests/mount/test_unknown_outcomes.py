"""An answer is lost, and what comes after it is clear: nothing that was the photo is lost, and nobody is told what is not known.

A table: was the first attempt carried out × how its answer was lost × how the next ones end × PATCH or DELETE.
"""

import errno
import itertools
import subprocess

import pytest
from checks import errno_of
from eventually import eventually
from test_offline import ALICE, away, service  # noqa: F401  (fixtures: a service that goes away and comes back)
from test_sync import synced

UPLOAD, DELETE = "*:updateContactPhoto", "*:deleteContactPhoto"

LOST = {"reset": {"action": "reset"}, "504": {"action": "status", "status": 504}, "garbage": {"action": "garbage"},
        "hang": {"action": "hang"}}
ENDS = {"403": {"action": "status", "status": 403}, "404": {"action": "status", "status": 404},
        "400": {"action": "status", "status": 400}, "401": {"action": "status", "status": 401},
        "429": {"action": "status", "status": 429}}

pytestmark = [pytest.mark.refused, pytest.mark.keep_bytes, pytest.mark.options("--timeout", "4", "--upload-timeout", "6")]

TABLE = [pytest.param(applied, lost, end, id=f"{'applied' if applied else 'not applied'}-{lost}-{end}")
         for applied, lost, end in itertools.product([True, False], LOST, ENDS)]


def order(contacts, path, applied, lost, end):
    """The first attempt's answer is lost, the later ones end so. And for some seconds people.get lags behind: it shows the
    contact as it was."""
    lag(contacts)
    contacts.emulator.fault(**LOST[lost], path=path, applied=applied)
    contacts.emulator.fault(**ENDS[end], path=path, times=-1)


def lag(contacts):
    emulator, resource = contacts.emulator, contacts.resource(contacts.person())
    fields = "names,emailAddresses,phoneNumbers,organizations,photos,memberships,metadata"
    before = emulator.api("GET", resource, {"personFields": fields}).body.decode()
    emulator.reset_requests()
    emulator.fault("status", method="GET", path=f"/v1/{resource}", status=200, body=before, times=3,
                   content_type="application/json; charset=UTF-8")


@pytest.mark.parametrize("applied, lost, end", TABLE)
def test_upload(contacts, faces, person, photo, old, applied, lost, end):
    assert photo.read_bytes() == old
    order(contacts, UPLOAD, applied, lost, end)
    told = None
    try:
        photo.write_bytes(faces.face_bytes(1))
    except OSError as error:
        told = error
    said = contacts.mount.error(person)
    contacts.emulator.clear_faults()
    assert contacts.previous(person) == [old], "what was there is saved, whatever came of it"
    held = contacts.held(person)
    assert held == (faces.face_bytes(1) if applied or told is None else old)
    if told is not None:
        assert contacts.rejected(person) == [faces.face_bytes(1)]
        assert said is None and applied or said.startswith(f"{person}: the photo may have been changed: ")
        if applied:
            eventually(lambda: contacts.mount.error(person) is None, timeout=20, why="it is still said to have failed")
    eventually(lambda: photo.read_bytes() == held, timeout=20)
    assert contacts.previous(person) == [old]


@pytest.mark.parametrize("applied, lost, end", TABLE)
def test_removal(contacts, person, photo, old, applied, lost, end):
    assert photo.read_bytes() == old
    order(contacts, DELETE, applied, lost, end)
    photo.unlink()
    contacts.emulator.wait_requests(1, path=DELETE, answered=lost != "hang")
    eventually(lambda: contacts.mount.status()["waiting_mutations"] == 0, timeout=20)
    # what failed is told when the promise is crossed out on the disk
    eventually(lambda: applied or contacts.held(person) is None or contacts.mount.error(person) is not None, timeout=20)
    said = contacts.mount.error(person)
    contacts.emulator.clear_faults()
    assert contacts.previous(person) == [old]
    held = contacts.held(person)
    assert said is None or said.startswith(f"{person}: the photo is back, but may have been removed: ")
    if said is not None and applied:
        eventually(lambda: contacts.mount.error(person) is None, timeout=20, why="it is still said to have failed")
    eventually(lambda: photo.exists() == (held is not None), timeout=20)
    assert held == (None if applied or said is None else old)
    assert contacts.previous(person) == [old]


@pytest.mark.parametrize("lost", ["504", "garbage"])
def test_upload_without_any_answer(contacts, faces, person, photo, old, lost):
    """Every attempt is carried out, and none is answered with sense. One look that shows the old photo proves nothing."""
    assert photo.read_bytes() == old
    lag(contacts)
    contacts.emulator.fault(**LOST[lost], path=UPLOAD, applied=True, times=-1)
    assert errno_of(photo.write_bytes, faces.face_bytes(1)) == errno.EIO
    contacts.emulator.clear_faults()
    assert contacts.previous(person) == [old] and contacts.rejected(person) == [faces.face_bytes(1)]
    assert contacts.held(person) == faces.face_bytes(1)
    eventually(lambda: photo.read_bytes() == faces.face_bytes(1), timeout=20)
    eventually(lambda: contacts.mount.error(person) is None, timeout=20, why="it is still said to have failed")
    assert contacts.previous(person) == [old]


# ---- and then nobody listens any more ----

@pytest.mark.parametrize("applied", [True, False], ids=["applied", "not applied"])
def test_upload_and_then_no_service(away, run, faces, applied):
    photo = away.photo(ALICE)
    away.emulator.fault("hang", path=UPLOAD, applied=applied)
    copy = run.start("cp", faces.face(1), photo, stderr=subprocess.PIPE)
    away.emulator.wait_requests(1, path=UPLOAD)
    held = faces.face_bytes(1) if applied else away.cached
    eventually(lambda: away.held(ALICE) == held)
    away.emulator.go_away()
    assert run.finish(copy).status == 1
    assert away.previous(ALICE) == [away.cached] and away.rejected(ALICE) == [faces.face_bytes(1)]
    assert away.mount.error(ALICE).startswith(f"{ALICE}: the photo may have been changed: ")
    away.emulator.come_back()
    eventually(lambda: photo.read_bytes() == away.served(ALICE), timeout=20)
    assert away.previous(ALICE) == [away.cached] and away.held(ALICE) == held


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "not applied"])
def test_removal_and_then_no_service(away, applied):
    photo = away.photo(ALICE)
    away.emulator.fault("hang", path=DELETE, applied=applied)
    photo.unlink()
    away.emulator.wait_requests(1, path=DELETE)
    held = None if applied else away.cached
    eventually(lambda: away.held(ALICE) == held)
    away.emulator.go_away()
    eventually(lambda: away.mount.status()["waiting_mutations"] == 0, timeout=20)
    assert away.previous(ALICE) == [away.cached]
    assert away.mount.error(ALICE).startswith(f"{ALICE}: the photo is back, but may have been removed: ")
    away.emulator.come_back()
    eventually(lambda: photo.exists() != applied, timeout=20)
    assert away.previous(ALICE) == [away.cached] and away.held(ALICE) == held


# ---- two changes, one after the other ----

@pytest.mark.parametrize("lost", LOST)
def test_second_picture_after_a_first_one_of_which_nothing_is_known(contacts, run, faces, person, photo, old, lost):
    """cp a photo.jpg || cp b photo.jpg, while people.get lags."""
    order(contacts, UPLOAD, True, lost, "403")
    run.shell(f"cp '{faces.face(1)}' '{photo}' || cp '{faces.face(2)}' '{photo}'", check=False)
    contacts.emulator.clear_faults()
    everything = [*contacts.previous(person), *contacts.rejected(person), contacts.held(person)]
    for picture in (old, faces.face_bytes(1), faces.face_bytes(2)):
        assert picture in everything
    eventually(lambda: photo.read_bytes() == contacts.held(person), timeout=20)
    assert old in contacts.previous(person)


# ---- what others do between two attempts ----

WAITS = {"503": {"action": "status", "status": 503, "headers": {"Retry-After": "5"}},
         "429": {"action": "status", "status": 429, "headers": {"Retry-After": "5"}}}


SHOWN = [pytest.param(False, id="not shown", marks=pytest.mark.options("--upload-timeout", "20")),
         pytest.param(True, id="shown by a delta", marks=pytest.mark.options("--upload-timeout", "20", "--sync-interval", "1"))]


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("shown", SHOWN)
def test_photo_of_somebody_else_between_two_attempts_is_saved(contacts, run, faces, person, photo, old, wait, shown):
    photo.read_bytes()
    contacts.emulator.fault(**WAITS[wait], path=UPLOAD)
    copy = run.start("cp", faces.face(1), photo)
    contacts.emulator.wait_requests(1, path=UPLOAD, answered=True)
    contacts.emulator.set_photo(contacts.resource(person), faces.face_bytes(5))
    if shown:
        synced(contacts)
    assert run.finish(copy).status == 0
    assert contacts.held(person) == faces.face_bytes(1)
    assert contacts.previous(person) == [old, faces.face_bytes(5)]


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("shown", SHOWN)
def test_photo_of_somebody_else_between_two_attempts_is_not_removed(contacts, faces, person, photo, old, wait, shown):
    photo.read_bytes()
    contacts.emulator.fault(**WAITS[wait], path=DELETE)
    photo.unlink()
    contacts.emulator.wait_requests(1, path=DELETE, answered=True)
    contacts.emulator.set_photo(contacts.resource(person), faces.face_bytes(5))
    if shown:
        synced(contacts)
    eventually(lambda: photo.exists() and photo.read_bytes() == faces.face_bytes(5), timeout=20)
    assert contacts.held(person) == faces.face_bytes(5) and contacts.mutations() == ["DELETE"]
    eventually(lambda: "changed elsewhere" in (contacts.mount.error(person) or ""))


@pytest.mark.parametrize("body", [{}, {"body": "<html>Not Found</html>", "content_type": "text/html"}], ids=["service", "front end"])
def test_removal_that_is_answered_404_while_the_photo_is_there(contacts, person, photo, old, body):
    photo.read_bytes()
    contacts.emulator.fault("status", path=DELETE, status=404, times=-1, **body)
    photo.unlink()
    eventually(photo.exists, timeout=20, why="it stays hidden")
    assert photo.read_bytes() == old == contacts.held(person)
    assert "the photo was not removed and is back" in contacts.mount.error(person)
