"""Programs that remove what they have just written: they take back their own write, never the photo that was there."""

import base64
import os
import shutil

import pytest

from checks import check
from eventually import eventually

pytestmark = pytest.mark.keep_bytes  # where the service itself compresses is said


def needs(*programs):
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {' '.join(missing)}")


@pytest.fixture
def webp(run, faces, tmp_path):
    """A picture that is converted on the way."""
    path = tmp_path / "face.webp"
    run("convert", faces.png, path)
    return path


def write(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def back(contacts, person, old, mutations):
    eventually(lambda: contacts.mutations(person) == mutations and contacts.photo(person).exists(), timeout=20)
    eventually(lambda: contacts.photo(person).read_bytes() == old)
    check(contacts, person, old, mutations)


# ---- as rclone 1.60 does it, by its system calls ----

@pytest.mark.parametrize("name", ["photo.jpg", "holiday.webp"])
def test_converted_and_removed(contacts, person, photo, old, webp, name):
    written = photo.with_name(name)
    write(written, webp.read_bytes())
    assert written.stat().st_size != webp.stat().st_size
    os.unlink(written)
    assert not written.exists()
    back(contacts, person, old, ["PATCH", "PATCH"])
    assert "taken back" in contacts.mount.error(person)
    assert len(contacts.previous(person)) == 2 and old in contacts.previous(person)
    contacts.mount.remount()
    check(contacts, person, old, ["PATCH", "PATCH"])


def test_compressed_by_the_service_and_removed(contacts, faces, person, photo, old):
    assert photo.read_bytes() == old
    contacts.emulator.fault("status", origin="photo", status=200, times=1, content_type="image/jpeg",
                            body_base64=base64.b64encode(faces.face_bytes(9)).decode())
    write(photo, faces.face_bytes(1) + b"longer")
    assert photo.stat().st_size == len(faces.face_bytes(9))
    os.unlink(photo)
    back(contacts, person, old, ["PATCH", "PATCH"])


def test_sent_twice_and_removed(contacts, faces, person, photo, old, webp):
    """The first attempt's answer is lost, and the service compressed what it got: that photo is saved before the second one, and
    is not the one to go back to."""
    assert photo.read_bytes() == old
    contacts.emulator.fault("status", method="PATCH", status=503, applied=True, times=1)
    contacts.emulator.fault("status", origin="photo", status=200, times=1, content_type="image/jpeg",
                            body_base64=base64.b64encode(faces.face_bytes(9)).decode())
    write(photo, webp.read_bytes())
    assert contacts.mutations(person) == ["PATCH", "PATCH"]
    assert contacts.previous(person) == [old, faces.face_bytes(9)]
    os.unlink(photo)
    back(contacts, person, old, ["PATCH", "PATCH", "PATCH"])


@pytest.mark.parametrize("end", ["unmount", "terminate"])
def test_taken_back_as_the_mount_ends(contacts, person, photo, old, webp, end):
    resource = contacts.resource(person)
    write(photo, webp.read_bytes())
    os.unlink(photo)
    getattr(contacts.mount, end)()
    assert contacts.emulator.photo_bytes(resource) == old


def test_converted_removed_and_written_again(contacts, faces, person, photo, old, webp):
    """A program that removes before each save: the last one counts."""
    write(photo, webp.read_bytes())
    os.unlink(photo)
    write(photo, faces.face_bytes(1))
    contacts.mount.remount()
    check(contacts, person, faces.face_bytes(1), ["PATCH", "PATCH"])


def test_first_photo_converted_and_removed(contacts, webp):
    person = contacts.without_photo()
    write(contacts.photo(person), webp.read_bytes())
    os.unlink(contacts.photo(person))
    contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    check(contacts, person, None, ["PATCH", "DELETE"])


def test_same_picture_again_and_removed(contacts, person, photo, old, webp):
    """Nothing was sent the second time: nothing is taken back, and the photo stays."""
    write(photo, webp.read_bytes())
    shown = photo.read_bytes()
    write(photo, webp.read_bytes())
    os.unlink(photo)
    back(contacts, person, shown, ["PATCH"])


# ---- what is removed as always ----

def test_found_as_written_and_removed(contacts, faces, person, photo, old):
    write(photo, faces.face_bytes(1))
    assert photo.read_bytes() == faces.face_bytes(1)
    os.unlink(photo)
    contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    check(contacts, person, None, ["PATCH", "DELETE"])


def test_removed_by_somebody_else(contacts, run, person, photo, webp):
    write(photo, webp.read_bytes())
    run("rm", photo)
    contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    check(contacts, person, None, ["PATCH", "DELETE"])


def test_removed_again(contacts, person, photo, old, webp):
    """The second time it means the photo."""
    write(photo, webp.read_bytes())
    os.unlink(photo)
    back(contacts, person, old, ["PATCH", "PATCH"])
    os.unlink(photo)
    contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    check(contacts, person, None, ["PATCH", "PATCH", "DELETE"])


# ---- after a refusal ----

def refused(contacts, person, old, picture):
    eventually(lambda: contacts.photo(person).exists())
    assert contacts.held(person) == contacts.photo(person).read_bytes() == old
    assert contacts.rejected(person) == [picture]
    assert "DELETE" not in contacts.mutations()
    assert "is back" in contacts.mount.error(person)


@pytest.mark.refused
def test_refused_by_the_service_and_removed(contacts, faces, person, photo, old):
    contacts.emulator.fault("status", path="*:updateContactPhoto", status=400)
    with pytest.raises(OSError):
        write(photo, faces.face_bytes(1))
    os.unlink(photo)
    refused(contacts, person, old, faces.face_bytes(1))
    contacts.mount.remount()
    assert contacts.held(person) == contacts.photo(person).read_bytes() == old


def test_no_picture_and_removed(contacts, faces, person, photo, old):
    with pytest.raises(OSError):
        write(photo, faces.cut.read_bytes())
    eventually(lambda: contacts.rejected(person))  # the last close is over
    os.unlink(photo)
    refused(contacts, person, old, faces.cut.read_bytes())


# ---- the programs themselves ----

@needs("rclone")
def test_rclone_converts(contacts, run, person, photo, old, webp, tmp_path):
    result = run("rclone", "--config", tmp_path / "none", "--retries", "1", "copyto", webp, photo, check=False)
    assert result.status != 0 and "corrupted" in result.errors, result
    back(contacts, person, old, ["PATCH", "PATCH"])


@needs("rclone")
def test_rclone_that_does_not_look_at_sizes(contacts, run, person, photo, old, webp, tmp_path):
    """What semantics.md says to rclone's users."""
    run("rclone", "-q", "--config", tmp_path / "none", "--ignore-size", "--ignore-checksum", "copyto", webp, photo)
    assert contacts.mutations(person) == ["PATCH"] and contacts.previous(person) == [old]


@needs("rclone")
@pytest.mark.refused
@pytest.mark.parametrize("command", ["copyto", "moveto"])
def test_rclone_refused(contacts, run, faces, person, photo, old, tmp_path, command):
    contacts.emulator.fault("status", path="*:updateContactPhoto", status=400, times=-1)
    result = run("rclone", "--config", tmp_path / "none", "--retries", "1", command, faces.face(1), photo, check=False)
    assert result.status != 0 and faces.face(1).exists()
    eventually(photo.exists)
    assert contacts.held(person) == photo.read_bytes() == old and "DELETE" not in contacts.mutations()


@needs("curl")
@pytest.mark.refused
def test_curl_remove_on_error(contacts, run, faces, person, photo, old):
    contacts.emulator.fault("status", path="*:updateContactPhoto", status=400, times=-1)
    result = run("curl", "-sS", "--remove-on-error", "-o", photo, f"file://{faces.big}", check=False)
    eventually(photo.exists)
    assert contacts.held(person) == photo.read_bytes() == old and "DELETE" not in contacts.mutations(), result


@needs("exiftool")
@pytest.mark.parametrize("options", [[], ["-overwrite_original"]])
@pytest.mark.refused
def test_exiftool_again(contacts, run, person, photo, old, options):
    """What it left behind after a refusal is not in the way of the next try."""
    contacts.emulator.fault("status", path="*:updateContactPhoto", status=400, times=-1)
    assert run("exiftool", "-q", *options, "-Comment=hello", photo, check=False).status != 0
    eventually(photo.exists)
    assert contacts.held(person) == photo.read_bytes() == old
    assert "photo.jpg_exiftool_tmp" not in contacts.listed(person)
    contacts.emulator.clear_faults()
    run("exiftool", "-q", *options, "-Comment=hello", photo)
    assert b"hello" in contacts.held(person) and contacts.held(person) == photo.read_bytes()
    assert contacts.previous(person) == [old]


@pytest.mark.refused
def test_refused_temporary_stays_for_its_writer(contacts, faces, person, photo, old):
    """It may try again itself."""
    temporary = photo.with_name("x.part")
    write(temporary, faces.face_bytes(1))
    contacts.emulator.fault("status", path="*:updateContactPhoto", status=400)
    with pytest.raises(OSError):
        os.rename(temporary, photo)
    assert temporary.read_bytes() == faces.face_bytes(1)
    os.rename(temporary, photo)
    check(contacts, person, faces.face_bytes(1), ["PATCH", "PATCH"])
