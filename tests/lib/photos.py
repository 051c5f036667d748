"""What becomes of a picture: it is written, and what the service then holds is looked at."""

import errno
import os

import pytest

from checks import check_refused
from patterns import ORIENTATION, distance, opened

NEAR = 4  # of 255: what JPEG's quality 90 and another decoder's rounding come to


def write(contacts, person, data):
    contacts.photo(person).write_bytes(data)
    return contacts.held(person)


def note(contacts, person):
    """user.contactfs.note, the same on the contact and on the photo, and in the log; or None."""
    try:
        words = os.getxattr(contacts.path / person, "user.contactfs.note").decode()
    except OSError as error:
        assert error.errno == errno.ENODATA
        return None
    assert os.getxattr(contacts.photo(person), "user.contactfs.note").decode() == words
    assert "user.contactfs.note" in os.listxattr(contacts.photo(person))
    assert f"{person}: {words}" in contacts.mount.text()
    return words


def assert_jpeg(data, expected, near=NEAR):
    image = opened(data)
    assert image.format == "JPEG" and image.mode in ("RGB", "L")
    assert image.getexif().get(ORIENTATION, 1) == 1
    assert distance(image, expected) < near
    return image


def refuse(contacts, person, data, *words):
    """With one sentence, once."""
    old = contacts.held(person)
    with pytest.raises(OSError) as failure:
        contacts.photo(person).write_bytes(data)
    assert failure.value.errno == errno.EINVAL
    check_refused(contacts, person, old, data, "")
    for word in words:
        assert word in contacts.mount.error(person)
    assert contacts.mount.text().count(contacts.mount.error(person)) == 1
