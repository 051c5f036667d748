"""A disk that forgets: a cached photo that is not what was fetched is neither shown nor saved, but fetched anew."""

import hashlib
import os

import pytest

ALICE, BEN = "Alice Smith", "Ben Carter"

pytestmark = pytest.mark.keep_bytes


def cached(contacts, person):
    """The file in the cache that has the person's photo."""
    held = contacts.held(person)
    found = [path for path in contacts.mount.state.glob("cache/**/*") if path.is_file() and path.read_bytes() == held]
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
