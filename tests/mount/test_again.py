"""The same picture again: what is the photo already is not sent, and .previous holds no picture twice."""

import base64
import os

import pytest

from checks import check


def reencoded(contacts, picture):
    """From now on the photo host delivers picture: as the service does that compresses what it gets."""
    contacts.emulator.fault("status", origin="photo", status=200, times=-1, content_type="image/jpeg",
                            body_base64=base64.b64encode(picture).decode())


WAYS = {"cp": 'cp "$face" "$photo"', "rm, cp": 'rm "$photo" && cp "$face" "$photo"', "rsync": 'rsync --ignore-times "$face" "$photo"',
        "drop": 'cp "$face" "$folder/other.jpg"', "gio": 'gio copy "$face" "$photo"'}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_sent_again(contacts, run, faces, person, photo, old, way):
    """Also after a remount, and when the service has made other bytes of it."""
    env = {"face": str(faces.face(1)), "photo": str(photo), "folder": str(photo.parent)}
    assert photo.read_bytes() == old
    reencoded(contacts, faces.face_bytes(9))
    run.shell(WAYS[way], env=env)
    assert photo.read_bytes() == faces.face_bytes(9)
    run.shell(WAYS[way], env=env)
    contacts.mount.remount()
    run.shell(WAYS[way], env=env)
    contacts.mount.remount()
    assert contacts.mutations() == ["PATCH"]
    assert contacts.held(person) == faces.face_bytes(1)
    assert contacts.previous(person) == [old]
    assert contacts.mount.error(person) is None


@pytest.mark.parametrize("way", WAYS)
def test_what_was_fetched(contacts, run, person, photo, old, tmp_path, way):
    backup = tmp_path / "face.jpg"
    run("cp", photo, backup)
    run.shell(WAYS[way], env={"face": str(backup), "photo": str(photo), "folder": str(photo.parent)})
    contacts.mount.remount()
    check(contacts, person, old, [])
    assert contacts.previous(person) == []


def test_changed_elsewhere_is_replaced(contacts, run, faces, person, photo, old):
    """We sent it, and it was the photo; now it is another, which a look shows."""
    run("cp", faces.face(1), photo)
    contacts.emulator.set_photo(contacts.resource(person), faces.face_bytes(2))
    contacts.mount.remount()
    run("cp", faces.face(1), photo)
    check(contacts, person, faces.face_bytes(1), ["PATCH", "PATCH"])
    assert contacts.previous(person) == [old, faces.face_bytes(2)]


def test_removed_elsewhere_is_sent(contacts, run, faces, person, photo):
    run("cp", faces.face(1), photo)
    contacts.emulator.remove_photo(contacts.resource(person))
    contacts.mount.remount()
    run("cp", faces.face(1), photo)
    check(contacts, person, faces.face_bytes(1), ["PATCH", "PATCH"])


@pytest.mark.keep_bytes
def test_another_came_in_between(contacts, run, faces, person, photo, old):
    """It was sent from this very descriptor; then somebody else's became the photo."""
    with open(photo, "wb", buffering=0) as file:
        file.write(faces.face_bytes(1))
        os.fsync(file.fileno())
        run("cp", faces.face(2), photo)
        os.pwrite(file.fileno(), faces.face_bytes(1), 0)
    check(contacts, person, faces.face_bytes(1), ["PATCH"] * 3)
    assert contacts.previous(person) == [old, faces.face_bytes(1), faces.face_bytes(2)]


@pytest.mark.keep_bytes
def test_previous_holds_nothing_twice(contacts, run, faces, person, photo, old):
    """Back and forth: three pictures in all, the last replaced one newest."""
    for number in (1, 2, 1, 2, 1):
        run("cp", faces.face(number), photo)
    check(contacts, person, faces.face_bytes(1), ["PATCH"] * 5)
    assert contacts.previous(person) == [old, faces.face_bytes(1), faces.face_bytes(2)]


@pytest.mark.keep_bytes
def test_twenty_nights(contacts, run, faces, person, photo, old):
    """As the recipe with a loop of cp does: what was replaced before is still there."""
    run("cp", faces.face(1), photo)
    for _ in range(20):
        run("cp", faces.face(2), photo)
    assert contacts.mutations() == ["PATCH", "PATCH"]
    assert contacts.previous(person) == [old, faces.face_bytes(1)]


def test_a_converted_picture_again(contacts, run, faces, person, photo, old, tmp_path):
    picture = tmp_path / "face.webp"
    run("convert", faces.png, picture)
    for _ in range(2):
        run("cp", picture, photo)
    assert contacts.mutations() == ["PATCH"]
    assert contacts.previous(person) == [old]


BACKUPS = {"cp": 'cp -b "$face" "$photo"', "mv": 'cp "$face" "$copy"; mv --backup=numbered "$copy" "$photo"',
           "by hand": 'mv "$photo" "$photo~" && cp "$face" "$photo" || { mv "$photo~" "$photo"; false; }'}


@pytest.mark.refused
@pytest.mark.parametrize("way", BACKUPS)
def test_a_backup_that_is_put_back_leaves_the_words(contacts, run, faces, person, photo, old, tmp_path, way):
    contacts.emulator.fault("status", path="*:updateContactPhoto", status=400, times=-1)
    env = {"face": str(faces.face(1)), "photo": str(photo), "copy": str(tmp_path / "copy.jpg")}
    assert run.shell(BACKUPS[way], env=env, check=False).status != 0
    assert photo.read_bytes() == old
    assert "the photo was not changed" in contacts.mount.error(person)
