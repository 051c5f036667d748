"""When the service fails: which errno, which words, what is tried again, and what the folder shows afterwards."""

import base64
import errno
import json
import os
import re

import pytest
from checks import errno_of
from eventually import eventually, keeps_deadline

ALICE, BEN = "Alice Smith", "Ben Carter"
UPLOAD = "*:updateContactPhoto"
DELETE = "*:deleteContactPhoto"

pytestmark = pytest.mark.options("--timeout", "2", "--upload-timeout", "2")


def envelope(code, status, message, *details):
    return json.dumps({"error": {"code": code, "status": status, "message": message, "details": list(details)}})


def error_info(reason):
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}


def assert_told(contacts, person, *words):
    """In user.contactfs.error, in the log, and in the status: whom it is about, and each of words."""
    sentence = contacts.mount.error(person)
    assert sentence.startswith(f"{person}: ")
    for word in words:
        assert word in sentence
    assert any(line.endswith(f"message: {sentence}") for line in contacts.mount.text().splitlines())
    assert contacts.mount.status()["last_error"] == sentence


def assert_unchanged(contacts, person, before, rejected):
    """The old photo is back at once, here and there, what was refused is kept, and so is the copy that was made of the old one."""
    photo = contacts.path / person / "photo.jpg"
    assert os.listdir(photo.parent) == ["photo.jpg"]
    assert photo.stat().st_size == len(before)
    assert photo.read_bytes() == before
    assert contacts.held(person) == before
    assert contacts.rejected(person) == [rejected]
    assert contacts.previous(person) == [before]


# ---- what ends an upload ----

PROJECT_LINK = "https://console.developers.google.com/apis/api/people.googleapis.com/overview?project=1"

FINAL = [
    pytest.param(400, envelope(400, "INVALID_ARGUMENT", "Invalid photo format"), errno.EINVAL,
                 ["Invalid photo format"], id="no photo format"),
    pytest.param(400, envelope(400, "INVALID_ARGUMENT",
                               'Resource name "people/c1" is not a valid contact person resource.'), errno.EPERM,
                 ["not a valid contact person resource"], id="no contact"),
    pytest.param(401, envelope(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."), errno.EACCES,
                 ["invalid authentication credentials"], id="unauthorized twice"),
    pytest.param(403, envelope(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.",
                               error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT")), errno.EACCES,
                 ["insufficient authentication scopes"], id="scope"),
    pytest.param(403, envelope(403, "PERMISSION_DENIED", f"It is disabled. Enable it by visiting {PROJECT_LINK} then "
                               "retry.", error_info("SERVICE_DISABLED")), errno.EACCES, [PROJECT_LINK], id="disabled"),
    pytest.param(403, "<html>Forbidden</html>", errno.EACCES, ["403"], id="forbidden as HTML"),
    pytest.param(404, envelope(404, "NOT_FOUND", "Requested entity was not found."), errno.ENOENT, ["not found"],
                 id="not found"),
    pytest.param(413, "<html>Request Entity Too Large</html>", errno.EFBIG, ["too large"], id="too large"),
]


@pytest.mark.refused
@pytest.mark.parametrize("status, body, code, words", FINAL)
def test_refused_upload(contacts, faces, status, body, code, words):
    photo = contacts.path / ALICE / "photo.jpg"
    before = photo.read_bytes()
    contacts.emulator.fault("status", path=UPLOAD, status=status, body=body, times=-1,
                            content_type="text/html" if body.startswith("<") else "application/json")
    assert errno_of(lambda: photo.write_bytes(faces.face_bytes(1))) == code
    assert_told(contacts, ALICE, *words)
    assert_unchanged(contacts, ALICE, before, faces.face_bytes(1))
    assert len(contacts.mutations()) == (2 if status == 401 else 1), "what is refused for good is not tried again"
    contacts.emulator.clear_faults()
    photo.write_bytes(faces.face_bytes(2))
    assert contacts.held(ALICE) == faces.face_bytes(2)
    assert contacts.mount.error(ALICE) is None, "what is mended is not told any more"


PASSING = [
    pytest.param({"action": "status", "status": 429,
                  "body": envelope(429, "RESOURCE_EXHAUSTED", "Quota exceeded", error_info("RATE_LIMIT_EXCEEDED"))},
                 errno.EAGAIN, id="429"),
    pytest.param({"action": "status", "status": 403,
                  "body": json.dumps({"error": {"code": 403, "message": "Rate Limit Exceeded",
                                                "errors": [{"reason": "rateLimitExceeded", "domain": "usageLimits"}]}})},
                 errno.EAGAIN, id="403 rateLimitExceeded"),
    pytest.param({"action": "status", "status": 500}, errno.EIO, id="500"),
    pytest.param({"action": "status", "status": 502, "body": "<html>Bad Gateway</html>", "content_type": "text/html"},
                 errno.EIO, id="502 as HTML"),
    pytest.param({"action": "status", "status": 503}, errno.EIO, id="503"),
    pytest.param({"action": "status", "status": 504}, errno.EIO, id="504"),
    pytest.param({"action": "reset"}, errno.EIO, id="reset"),
    pytest.param({"action": "hang"}, errno.ETIMEDOUT, id="hang"),
]


@pytest.mark.parametrize("fault, code", PASSING)
def test_upload_that_fails_to_the_end(contacts, faces, fault, code):
    photo = contacts.path / ALICE / "photo.jpg"
    before = photo.read_bytes()
    contacts.emulator.fault(**fault, path=UPLOAD, times=-1)
    with keeps_deadline(2):
        assert errno_of(lambda: photo.write_bytes(faces.face_bytes(1))) == code
    assert_told(contacts, ALICE)
    contacts.emulator.clear_faults()
    assert_unchanged_or_kept(contacts, before, faces.face_bytes(1))


def assert_unchanged_or_kept(contacts, before, rejected):
    """As assert_unchanged; but when nobody knows what the service did, the old photo is in .previous as well."""
    photo = contacts.path / ALICE / "photo.jpg"
    assert photo.read_bytes() == before
    assert contacts.held(ALICE) == before
    assert contacts.rejected(ALICE) == [rejected]
    assert contacts.previous(ALICE) == [before]


@pytest.mark.keep_bytes
@pytest.mark.parametrize("fault, code", PASSING[:-1])
def test_upload_that_is_tried_again(contacts, faces, fault, code):
    photo = contacts.path / ALICE / "photo.jpg"
    contacts.emulator.fault(**fault, path=UPLOAD, times=1)
    photo.write_bytes(faces.face_bytes(1))
    assert contacts.mutations() == ["PATCH", "PATCH"]
    assert contacts.held(ALICE) == faces.face_bytes(1)
    assert photo.read_bytes() == faces.face_bytes(1)
    assert contacts.mount.error(ALICE) is None
    assert contacts.rejected(ALICE) == []


def test_one_401_asks_for_a_fresh_token(contacts, faces):
    contacts.emulator.fault("status", path=UPLOAD, status=401)
    (contacts.path / ALICE / "photo.jpg").write_bytes(faces.face_bytes(1))
    assert contacts.held(ALICE) == faces.face_bytes(1)


@pytest.mark.options("--upload-timeout", "600")
def test_retry_after_is_kept_to(contacts, faces):
    contacts.emulator.fault("status", path=UPLOAD, status=429, headers={"Retry-After": "2"})
    with keeps_deadline(2, at_least=2):
        (contacts.path / ALICE / "photo.jpg").write_bytes(faces.face_bytes(1))
    assert contacts.mutations() == ["PATCH", "PATCH"]


@pytest.mark.options("--upload-timeout", "600")
def test_retry_after_past_the_deadline(contacts, faces):
    contacts.emulator.fault("status", path=UPLOAD, status=429, headers={"Retry-After": "3600"}, times=-1)
    photo = contacts.path / ALICE / "photo.jpg"
    assert errno_of(lambda: photo.write_bytes(faces.face_bytes(1))) == errno.EAGAIN
    assert contacts.mutations() == ["PATCH"]


def test_lost_answer(contacts, faces):
    """The service has the picture, but the answer never came. Whether what it shows now is ours cannot be told, since it
    encodes anew: it is saved as anybody's would be, and ours is sent again."""
    photo = contacts.path / ALICE / "photo.jpg"
    before = photo.read_bytes()
    contacts.emulator.fault("lost-answer", path=UPLOAD)
    photo.write_bytes(faces.face_bytes(1))
    assert contacts.mutations() == ["PATCH", "PATCH"]
    assert contacts.held(ALICE) == faces.face_bytes(1) and photo.read_bytes() == contacts.served(ALICE)
    assert contacts.previous(ALICE) == [before, contacts.served(ALICE)]


@pytest.mark.keep_bytes
def test_lost_answer_of_a_service_that_keeps_bytes(contacts, faces):
    """A look shows that the very picture is there: it is not sent again."""
    photo = contacts.path / ALICE / "photo.jpg"
    before = photo.read_bytes()
    contacts.emulator.fault("lost-answer", path=UPLOAD)
    photo.write_bytes(faces.face_bytes(1))
    assert contacts.mutations() == ["PATCH"]
    assert contacts.held(ALICE) == faces.face_bytes(1) == photo.read_bytes()
    assert contacts.previous(ALICE) == [before]


@pytest.mark.keep_bytes
def test_answer_lost_to_the_end(contacts, faces):
    """Told as a failure, though the service has the picture: the folder shows what the service has."""
    photo = contacts.path / ALICE / "photo.jpg"
    before = photo.read_bytes()
    contacts.emulator.fault("lost-answer", path=UPLOAD, times=-1)
    contacts.emulator.fault("status", path=f"/v1/{contacts.resource(ALICE)}", method="GET", status=503, times=-1)
    assert errno_of(lambda: photo.write_bytes(faces.face_bytes(1))) == errno.EIO
    assert "callback" not in contacts.mount.error(ALICE), "words that only a programmer understands"
    contacts.emulator.clear_faults()
    assert contacts.rejected(ALICE) == [faces.face_bytes(1)]
    assert contacts.previous(ALICE) == [before], "the photo that was overwritten is not lost"
    eventually(lambda: photo.read_bytes() == faces.face_bytes(1), why="the folder does not show what the service has")


def test_answer_that_did_not_come_in_time(contacts, faces):
    """The service still shows the old photo when it is asked, and the new one a little later: the old one is kept."""
    photo = contacts.path / ALICE / "photo.jpg"
    before, resource = photo.read_bytes(), contacts.resource(ALICE)
    mask = "names,emailAddresses,phoneNumbers,organizations,photos,memberships,metadata"
    said = contacts.emulator.api("GET", resource, {"personFields": mask}).body.decode()
    contacts.emulator.fault("status", method="GET", path=f"*/{resource}", status=200, body=said,
                            content_type="application/json")
    contacts.emulator.fault("delay", path=UPLOAD, delay_ms=2500)
    assert errno_of(lambda: photo.write_bytes(faces.face_bytes(1))) == errno.ETIMEDOUT
    contacts.emulator.set_photo(resource, faces.face_bytes(1))
    eventually(lambda: photo.read_bytes() == faces.face_bytes(1), why="the folder does not show what the service has")
    assert contacts.previous(ALICE) == [before]
    eventually(lambda: contacts.mount.error(ALICE) is None, why="it still says that the photo was not changed")


@pytest.mark.keep_bytes
def test_answer_about_somebody_else(contacts, faces):
    """Not believed: the person is asked for, and the other one keeps name and photo."""
    photo, other = contacts.path / ALICE / "photo.jpg", contacts.path / BEN / "photo.jpg"
    names, before, stranger = os.listdir(contacts.path), other.read_bytes(), contacts.resource(BEN)
    said = {"person": {"resourceName": stranger, "names": [{"displayName": "Mallory"}]}}
    contacts.emulator.fault("type", path=UPLOAD, content_type="application/json", body=json.dumps(said))
    photo.write_bytes(faces.face_bytes(1))
    assert photo.read_bytes() == faces.face_bytes(1) == contacts.held(ALICE)
    assert os.listdir(contacts.path) == names and other.read_bytes() == before

    asked = f"/v1/{contacts.resource(ALICE)}"
    contacts.emulator.fault("type", path=UPLOAD, content_type="application/json", body=json.dumps(said))
    contacts.emulator.fault("type", path=asked, content_type="application/json", body=json.dumps(said["person"]))
    assert errno_of(lambda: photo.write_bytes(faces.face_bytes(2))) == errno.EIO
    eventually(lambda: photo.read_bytes() == faces.face_bytes(2), why="the folder does not show what the service has")
    assert os.listdir(contacts.path) == names and other.read_bytes() == before


@pytest.mark.keep_bytes
@pytest.mark.parametrize("fault", [{"action": "cut"}, {"action": "type", "body": "<html>Sorry</html>"},
                                   {"action": "type", "content_type": "application/json", "body": '{"person": '}],
                         ids=["cut", "HTML", "JSON"])
def test_answer_without_sense(contacts, faces, fault):
    """The photo is there, only the answer was not to be read."""
    photo = contacts.path / ALICE / "photo.jpg"
    contacts.emulator.fault(**fault, path=UPLOAD)
    try:
        photo.write_bytes(faces.face_bytes(1))
    except OSError as error:
        assert error.errno == errno.EIO
        assert contacts.rejected(ALICE) == [faces.face_bytes(1)]
    eventually(lambda: photo.read_bytes() == faces.face_bytes(1), why="the folder does not show what the service has")


def test_refused_rename_keeps_the_temporary(contacts, faces):
    folder = contacts.path / ALICE
    before = (folder / "photo.jpg").read_bytes()
    (folder / ".photo.jpg.tmp").write_bytes(faces.face_bytes(1))
    contacts.emulator.fault("status", path=UPLOAD, status=403)
    assert errno_of(lambda: os.rename(folder / ".photo.jpg.tmp", folder / "photo.jpg")) == errno.EACCES
    assert sorted(os.listdir(folder)) == [".photo.jpg.tmp", "photo.jpg"]
    assert (folder / "photo.jpg").read_bytes() == before == contacts.held(ALICE)
    assert contacts.rejected(ALICE) == [faces.face_bytes(1)]
    os.rename(folder / ".photo.jpg.tmp", folder / "photo.jpg")
    assert contacts.held(ALICE) == faces.face_bytes(1)


REFUSALS = {"403": {"action": "status", "status": 403}, "403, late": {"action": "status", "status": 403, "delay_ms": 1500}}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_refused_rename_after_unlink_keeps_the_photo(contacts, faces, refusal):
    """Dolphin overwrites so: photo.jpg.part, unlink, rename. The photo is not lost when the rename fails, however late."""
    folder = contacts.path / ALICE
    before = (folder / "photo.jpg").read_bytes()
    (folder / "photo.jpg.part").write_bytes(faces.face_bytes(1))
    contacts.emulator.fault(**REFUSALS[refusal], path=UPLOAD)
    (folder / "photo.jpg").unlink()
    assert errno_of(lambda: os.rename(folder / "photo.jpg.part", folder / "photo.jpg")) == errno.EACCES
    assert sorted(os.listdir(folder)) == ["photo.jpg", "photo.jpg.part"]
    assert (folder / "photo.jpg").read_bytes() == before
    contacts.mount.unmount()  # which carries out what was promised
    assert contacts.emulator.photo_bytes(contacts.emulator.find(ALICE)) == before
    contacts.mount.start()
    assert contacts.mutations() == ["PATCH"]


def test_refused_fsync(contacts, faces):
    """fsync and close say the same, and ask the service once."""
    contacts.emulator.fault("status", path=UPLOAD, status=403, times=-1)
    fd = os.open(contacts.path / ALICE / "photo.jpg", os.O_WRONLY | os.O_TRUNC)
    os.write(fd, faces.face_bytes(1))
    assert errno_of(lambda: os.fsync(fd)) == errno.EACCES
    assert errno_of(lambda: os.close(fd)) == errno.EACCES
    assert contacts.mutations() == ["PATCH"]


def test_refused_move_between_contacts_keeps_the_source(contacts):
    source, target = contacts.path / ALICE / "photo.jpg", contacts.path / "Ben Carter/photo.jpg"
    alice, ben = source.read_bytes(), target.read_bytes()
    contacts.emulator.fault("status", path=UPLOAD, status=403, times=-1)
    assert errno_of(lambda: os.rename(source, target)) == errno.EACCES
    assert source.read_bytes() == alice == contacts.held(ALICE)
    assert target.read_bytes() == ben == contacts.held("Ben Carter")
    assert contacts.mutations() == ["PATCH"]


# ---- a photo that the service lists and does not deliver ----

REPLACES = {
    "cp": 'cp "$new" "$photo"',
    "cp -a": 'cp -a "$new" "$photo"',
    "mv": 'cp "$new" "$new.copy"; mv "$new.copy" "$photo"',
    "install": 'install "$new" "$photo"',
    "rsync": 'rsync -a "$new" "$photo"',
    "gio copy": 'gio copy "$new" "$photo"',
    "cat >": 'cat "$new" > "$photo"',
}


@pytest.mark.keep_bytes
@pytest.mark.parametrize("program", REPLACES)
def test_undelivered_photo_is_replaced(contacts, faces, run, tmp_path, program):
    """Programs look at what they overwrite: it can be looked at, and has no bytes."""
    photo, new = contacts.path / ALICE / "photo.jpg", tmp_path / "new.jpg"
    contacts.emulator.fault("status", origin="photo", status=404, times=-1)
    assert photo.stat().st_size == 0
    assert errno_of(photo.read_bytes) == errno.EIO
    assert_told(contacts, ALICE, "does not deliver it")
    address = contacts.emulator.requests(origin="photo")[0]["path"].rpartition("=")[0]
    contacts.emulator.clear_faults()
    contacts.emulator.fault("status", origin="photo", path=address + "*", status=404, times=-1)
    new.write_bytes(faces.face_bytes(1))
    run.shell("set -e; " + REPLACES[program], env={"photo": str(photo), "new": str(new)})
    assert contacts.held(ALICE) == faces.face_bytes(1) and photo.read_bytes() == contacts.served(ALICE)


@pytest.mark.options("--timeout", "3")
def test_photo_that_is_not_delivered_yet_is_not_overwritten(contacts, faces, run):
    """A photo that was handed over a moment ago is the service's alone, until it delivers it."""
    photo = contacts.path / ALICE / "photo.jpg"
    photo.write_bytes(faces.face_bytes(1))
    contacts.emulator.fault("status", origin="photo", status=404, times=-1)
    assert errno_of(lambda: photo.write_bytes(faces.face_bytes(2))) == errno.EIO
    assert_told(contacts, ALICE, "could not be fetched to keep it in .previous, so it was left alone")
    run("rm", photo)
    eventually(photo.exists, why="the photo did not come back")
    contacts.emulator.clear_faults()
    first = contacts.served(ALICE)
    eventually(lambda: photo.stat().st_size == len(first), why="the photo is still taken for one that is not delivered")
    assert contacts.mutations() == ["PATCH"] and photo.read_bytes() == first
    photo.write_bytes(faces.face_bytes(2))
    assert contacts.previous(ALICE)[-1] == first


# ---- removing ----

@pytest.mark.refused
@pytest.mark.parametrize("fault", [{"action": "status", "status": 403}, {"action": "status", "status": 503},
                                   {"action": "hang"}, {"action": "status", "status": 400}],
                         ids=["403", "503", "hang", "400"])
def test_deletion_that_fails_brings_it_back(contacts, fault):
    photo = contacts.path / ALICE / "photo.jpg"
    before = photo.read_bytes()
    contacts.emulator.fault(**fault, path=DELETE, times=-1)
    photo.unlink()
    assert not photo.exists()
    eventually(photo.exists, why="the photo did not come back")
    assert photo.read_bytes() == before
    assert_told(contacts, ALICE, "back")


@pytest.mark.parametrize("fault, attempts", [
    ({"action": "status", "status": 503}, 2), ({"action": "status", "status": 429}, 2), ({"action": "reset"}, 2),
    ({"action": "lost-answer"}, 1)], ids=["503", "429", "reset", "lost"])
def test_deletion_that_is_tried_again(contacts, fault, attempts):
    """But for one of which a look shows that it was carried out."""
    photo = contacts.path / ALICE / "photo.jpg"
    before = photo.read_bytes()
    contacts.emulator.fault(**fault, path=DELETE, times=1)
    photo.unlink()
    contacts.emulator.wait_requests(attempts, path=DELETE, answered=True)
    contacts.mount.unmount()
    assert contacts.emulator.photo_bytes(contacts.emulator.find(ALICE)) is None
    contacts.mount.start()
    assert not photo.exists()
    assert contacts.previous(ALICE) == [before]
    assert contacts.mount.error(ALICE) is None


def test_already_gone_is_success(contacts):
    photo = contacts.path / ALICE / "photo.jpg"
    photo.read_bytes()
    contacts.emulator.remove_photo(contacts.resource(ALICE))
    photo.unlink()
    contacts.emulator.wait_requests(1, path=DELETE, answered=True)
    contacts.mount.unmount()
    assert "not removed" not in contacts.mount.text()


# ---- reading ----

READ_PASSING = [
    pytest.param({"action": "status", "status": 429, "body": "<html>429</html>", "content_type": "text/html"},
                 errno.EAGAIN, id="429"),
    pytest.param({"action": "status", "status": 503, "body": "<html>503</html>", "content_type": "text/html"},
                 errno.EIO, id="503"),
    pytest.param({"action": "type", "content_type": "text/html", "body": "<html>Sorry…</html>"}, errno.EIO, id="HTML"),
    pytest.param({"action": "garbage"}, errno.EIO, id="garbage"),
    pytest.param({"action": "cut"}, errno.EIO, id="cut"),
    pytest.param({"action": "reset"}, errno.EIO, id="reset"),
    pytest.param({"action": "hang"}, errno.ETIMEDOUT, id="hang"),
]


@pytest.mark.parametrize("fault, code", READ_PASSING[:-1])
def test_read_that_is_tried_again(contacts, fault, code):
    contacts.emulator.fault(**fault, origin="photo", times=1)
    photo = contacts.path / ALICE / "photo.jpg"
    assert photo.read_bytes() == contacts.held(ALICE)
    assert contacts.mount.error(ALICE) is None
    assert len(contacts.emulator.requests(origin="photo")) == 2


@pytest.mark.parametrize("fault, code", READ_PASSING)
def test_read_that_fails_to_the_end(contacts, fault, code):
    contacts.emulator.fault(**fault, origin="photo", times=-1)
    photo = contacts.path / ALICE / "photo.jpg"
    with keeps_deadline(2):
        assert errno_of(photo.read_bytes) == code
    assert_told(contacts, ALICE, "could not be read")
    contacts.emulator.clear_faults()
    assert photo.read_bytes() == contacts.held(ALICE), "nothing wrong was cached"


@pytest.mark.parametrize("status", [404, 410])
def test_dead_address_asks_for_the_person(contacts, faces, status):
    """The photo has changed since the listing: its old address is dead, the person tells the new one."""
    resource = contacts.resource(ALICE)
    contacts.emulator.set_photo(resource, faces.face_bytes(7))
    assert (contacts.path / ALICE / "photo.jpg").read_bytes() == faces.face_bytes(7)
    assert [r["method"] for r in contacts.emulator.requests(origin="api") if r["path"].endswith(resource)] == ["GET"]


def test_dead_address_of_a_photo_that_is_gone(contacts):
    contacts.emulator.remove_photo(contacts.resource(ALICE))
    photo = contacts.path / ALICE / "photo.jpg"
    assert errno_of(photo.read_bytes) == errno.ENOENT
    assert os.listdir(photo.parent) == []


def test_address_that_stays_dead(contacts):
    contacts.emulator.fault("status", origin="photo", status=404, body="<html>404</html>", content_type="text/html",
                            times=-1)
    photo = contacts.path / ALICE / "photo.jpg"
    assert errno_of(photo.read_bytes) == errno.EIO
    assert_told(contacts, ALICE)
    assert len([r for r in contacts.emulator.requests(origin="api") if contacts.resource(ALICE) in r["path"]]) == 1


def test_redirect_is_followed_without_a_token(contacts):
    target = f"{contacts.emulator.photo_url}/moved"
    held = contacts.held(ALICE)
    contacts.emulator.fault("status", origin="photo", status=302, body="", headers={"Location": target})
    contacts.emulator.fault("status", origin="photo", path="/moved", status=200, content_type="image/jpeg", body_base64=base64.b64encode(held).decode())
    assert (contacts.path / ALICE / "photo.jpg").read_bytes() == held
    assert [r["path"] for r in contacts.emulator.requests(origin="photo")][-1] == "/moved"


@pytest.mark.parametrize("location", ["http://example.com/face.jpg", "file:///etc/passwd", None])
def test_redirect_elsewhere_is_refused(contacts, location):
    contacts.emulator.fault("status", origin="photo", status=302, body="",
                            headers={"Location": location} if location else {}, times=-1)
    photo = contacts.path / ALICE / "photo.jpg"
    assert errno_of(photo.read_bytes) == errno.EIO
    assert len(contacts.emulator.requests(origin="photo")) == 1


def test_redirect_without_end(contacts):
    contacts.emulator.fault("status", origin="photo", status=302, body="",
                            headers={"Location": f"{contacts.emulator.photo_url}/round"}, times=-1)
    assert errno_of((contacts.path / ALICE / "photo.jpg").read_bytes) == errno.EIO
    assert len(contacts.emulator.requests(origin="photo")) < 10


@pytest.mark.emulator("--photo-url", "http://photos.example.com")
def test_foreign_address_without_tls_is_refused(contacts):
    assert errno_of((contacts.path / ALICE / "photo.jpg").read_bytes) == errno.EIO
    assert_told(contacts, ALICE, "https")
    assert contacts.emulator.requests(origin="photo") == []


def test_original_size_refused(contacts):
    """=s0 refused for good: =s2048 is asked, then the address as it came."""
    contacts.emulator.fault("status", origin="photo", path="*=s0", status=400, body="", times=-1)
    assert (contacts.path / ALICE / "photo.jpg").read_bytes()
    assert [re.search("=(.*)", r["path"])[1] for r in contacts.emulator.requests(origin="photo")] == ["s0", "s2048"]


# ---- .previous ----

@pytest.mark.keep_bytes
def test_twenty_previous_photos_are_kept(contacts, faces, run):
    photo = contacts.path / ALICE / "photo.jpg"
    pictures = [photo.read_bytes()] + [faces.face_bytes(n) for n in range(1, 24)]
    for picture in pictures[1:]:
        photo.write_bytes(picture)
    assert contacts.previous(ALICE) == pictures[3:23]
    folder = photo.parent / ".previous"
    names = sorted(os.listdir(folder))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}Z\.jpg", name) for name in names), names
    run("cp", folder / names[0], photo)
    assert contacts.held(ALICE) == pictures[3]
    assert contacts.previous(ALICE) == [*pictures[4:23], pictures[23]]


def test_kept_pictures_cannot_be_changed(contacts, faces):
    photo = contacts.path / ALICE / "photo.jpg"
    photo.write_bytes(faces.face_bytes(1))
    folder = photo.parent / ".previous"
    kept = folder / os.listdir(folder)[0]
    for attempt in (lambda: kept.write_bytes(b"x"), kept.unlink, lambda: os.truncate(kept, 0),
                    lambda: os.rename(kept, photo), lambda: (folder / "new.jpg").write_bytes(b"x")):
        assert errno_of(attempt) in (errno.EACCES, errno.EPERM)
    assert contacts.mutations() == ["PATCH"]


@pytest.mark.keep_bytes
@pytest.mark.options("--timeout", "2", "--upload-timeout", "2", "--writes-per-minute", "0")
@pytest.mark.refused
@pytest.mark.parametrize("status", [400, 502])
def test_failures_push_nothing_out_of_previous(contacts, faces, status):
    """What failed has replaced nothing: neither a refusal nor an answer that leaves it open fills .previous, whatever the
    number of failures. The photo that is there was saved before, once."""
    photo = contacts.path / ALICE / "photo.jpg"
    kept = [contacts.held(ALICE)]
    for number in range(3):
        photo.write_bytes(faces.face_bytes(number))
        kept.append(contacts.held(ALICE))
    assert contacts.previous(ALICE) == kept[:3]
    contacts.emulator.fault("status", method="PATCH", path=UPLOAD, status=status, times=-1)
    for number in range(3, 6):
        with pytest.raises(OSError):
            photo.write_bytes(faces.face_bytes(number))
    contacts.emulator.clear_faults()
    assert contacts.previous(ALICE) == kept
