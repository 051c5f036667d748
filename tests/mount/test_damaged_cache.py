"""A disk that forgets: a cached photo that is not what was fetched, or cannot be read, is neither shown nor saved, but fetched anew."""

import errno
import hashlib
import os

import pytest
from bad_disk import BadDisk
from eventually import eventually

from conftest import BUILD

ALICE, BEN = "Alice Smith", "Ben Carter"

pytestmark = pytest.mark.keep_bytes


def cached(contacts, person):
    """The file in the cache that has the person's photo."""
    held = contacts.held(person)
    found = [path for path in contacts.mount.cached() if path.read_bytes() == held]
    assert len(found) == 1
    return found[0]


def damage(path, at=-100):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    with open(path, "r+b") as file:  # the same file, as a disk would do it
        file.write(data)


def same_size(pictures):
    """The pictures, made as long as the longest: what lies behind a JPEG's end is no part of it."""
    longest = max(map(len, pictures))
    return [picture + bytes(longest - len(picture)) for picture in pictures]


@pytest.mark.parametrize("kind", ["small", "large"])
def test_flipped_bit_is_not_shown(contacts, faces, kind):
    """A large one is checked on a worker."""
    if kind == "large":
        contacts.photo(ALICE).write_bytes(faces.big.read_bytes() + os.urandom(400_000))
    photo, before = contacts.photo(ALICE), contacts.held(ALICE)
    assert (len(before) > 256 * 1024) == (kind == "large")
    assert photo.read_bytes() == before
    path = cached(contacts, ALICE)
    contacts.mount.unmount()
    damage(path)
    contacts.mount.start()
    asked = len(contacts.emulator.requests(origin="photo"))
    assert photo.read_bytes() == before
    assert len(contacts.emulator.requests(origin="photo")) == asked + 1
    contacts.mount.remount()
    assert photo.read_bytes() == before
    assert len(contacts.emulator.requests(origin="photo")) == asked + 1, "it is in the cache again"


def test_swapped_files_are_not_shown(contacts, faces):
    for person, picture in zip((ALICE, BEN), same_size([faces.face_bytes(1), faces.face_bytes(2)])):
        contacts.photo(person).write_bytes(picture)
        assert contacts.photo(person).read_bytes() == picture
    one, other = cached(contacts, ALICE), cached(contacts, BEN)
    contacts.mount.unmount()
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
    contacts.mount.start()
    for person in (ALICE, BEN):
        assert contacts.photo(person).read_bytes() == contacts.held(person)


def test_damaged_copy_is_not_saved(contacts, faces, person, photo, old):
    """While it is mounted, and has been read: .previous gets what was there."""
    assert photo.read_bytes() == old
    damage(cached(contacts, person))
    photo.write_bytes(faces.face_bytes(1))
    assert contacts.previous(person) == [old]
    assert contacts.held(person) == faces.face_bytes(1)


def test_damaged_copy_and_no_photo_host(contacts, faces, person, photo, old):
    """It cannot be fetched anew: then the photo is not overwritten."""
    assert photo.read_bytes() == old
    damage(cached(contacts, person))
    contacts.emulator.fault("status", origin="photo", status=403, times=-1)
    with pytest.raises(OSError):
        photo.write_bytes(faces.face_bytes(1))
    assert contacts.held(person) == old and contacts.previous(person) == []
    assert contacts.rejected(person) == [faces.face_bytes(1)]


def test_what_is_not_damaged_is_read_once(contacts, person, photo, old):
    """The check costs no request."""
    photo.read_bytes()
    digest = hashlib.sha256(old).hexdigest()
    contacts.mount.remount()
    assert hashlib.sha256(photo.read_bytes()).hexdigest() == digest
    assert len(contacts.emulator.requests(origin="photo")) == 1


# ---- bad sectors: read(2) fails, and who has mapped the file gets a SIGBUS ----

@pytest.fixture
def disk(contacts, tmp_path):
    """That of a mount which has seen everybody."""
    if not (BUILD / "tests/preload/libbad-disk.so").exists():
        pytest.skip("not built with sanitizers")
    made = BadDisk(BUILD, tmp_path, contacts.mount.state)
    contacts.mount.unmount()
    contacts.mount.env = {**contacts.mount.env, **made.env()}
    contacts.mount.start()
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["small", "large"])
def test_bad_sector(contacts, faces, disk, kind):
    if kind == "large":
        contacts.photo(ALICE).write_bytes(faces.big.read_bytes() + os.urandom(400_000))
    photo, held = contacts.photo(ALICE), contacts.held(ALICE)
    assert photo.read_bytes() == held
    path = cached(contacts, ALICE)
    contacts.mount.unmount()
    disk.spoil(path)
    contacts.mount.start()
    assert photo.read_bytes() == held
    assert "a photo is fetched anew" in contacts.mount.text()


def test_bad_sector_under_an_open_file(contacts, disk):
    """The photo was looked at when it was opened: that read fails, the next open fetches it anew."""
    photo, held = contacts.photo(ALICE), contacts.held(ALICE)
    photo.read_bytes()
    contacts.mount.remount()  # so that the kernel has no pages of it
    with open(photo, "rb", buffering=0) as file:
        disk.spoil(cached(contacts, ALICE))
        with pytest.raises(OSError) as failure:
            file.read()
    assert failure.value.errno == errno.EIO
    assert "the copy on the disk is damaged" in contacts.mount.error(ALICE)
    assert photo.read_bytes() == held
    assert contacts.mount.error(ALICE) is None


def test_bad_sector_under_a_photo_that_is_edited(contacts, disk):
    photo, held = contacts.photo(ALICE), contacts.held(ALICE)
    photo.read_bytes()
    contacts.mount.remount()
    with open(photo, "r+b", buffering=0) as file:
        disk.spoil(cached(contacts, ALICE))
        with pytest.raises(OSError):
            file.write(b"x")
    assert photo.read_bytes() == held == contacts.held(ALICE)


def test_bad_sector_under_a_photo_that_is_replaced(contacts, faces, disk):
    photo, held = contacts.photo(ALICE), contacts.held(ALICE)
    photo.read_bytes()
    disk.spoil(cached(contacts, ALICE))
    photo.write_bytes(faces.face_bytes(1))
    assert contacts.previous(ALICE) == [held]
    assert contacts.held(ALICE) == faces.face_bytes(1)


def test_bad_sector_under_a_kept_picture(contacts, faces, disk):
    photo = contacts.photo(ALICE)
    photo.write_bytes(faces.face_bytes(1))
    kept = [path for path in contacts.mount.state.rglob("previous/*")]
    disk.spoil(kept[0])
    with pytest.raises(OSError) as failure:
        contacts.previous(ALICE)
    assert failure.value.errno == errno.EIO
    assert "a picture in .previous or .rejected could not be read" in contacts.mount.text()
    photo.write_bytes(faces.face_bytes(2))
    disk.mend()
    assert len(contacts.previous(ALICE)) == 2


def test_bad_sector_under_the_photo_from_before(contacts, faces, run, disk, tmp_path):
    """A program takes back what it wrote, and the photo that was there cannot be read: then the new one stays, with words."""
    photo, held = contacts.photo(ALICE), contacts.held(ALICE)
    run("convert", faces.png, tmp_path / "face.webp")
    with open(photo, "wb") as file:
        file.write((tmp_path / "face.webp").read_bytes())
    written = contacts.held(ALICE)
    disk.spoil(next(contacts.mount.state.rglob("previous/*")))
    os.unlink(photo)
    eventually(lambda: "is still there" in (contacts.mount.error(ALICE) or ""))
    eventually(photo.exists)
    assert contacts.held(ALICE) == written
    disk.mend()
    assert contacts.previous(ALICE) == [held]
