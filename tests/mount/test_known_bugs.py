"""Pictures that once crashed, hung or filled decoders, as Debian's gdk-pixbuf-tests has them: each becomes a photo, or is
refused with EINVAL."""

import errno
import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from patterns import opened

COLLECTION = Path("/usr/libexec/installed-tests/gdk-pixbuf")
AT_ONCE = 2  # as many as are decoded at the same time
LEAST = 50
DECODER_DIED = ("crash", "gave up", "too long")  # what a sanitizer or our own limits would make of a bug of ours


def pictures():
    """Without the animations, of which there are many and one is as good as another, and without empty files."""
    folders = [COLLECTION, COLLECTION / "test-images/fail", COLLECTION / "test-images/randomly-modified"]
    kinds = (".jpg", ".png", ".gif", ".tif", ".tiff", ".bmp", ".ico", ".icns", ".tga", ".xpm", ".ppm")
    return sorted(path for folder in folders for path in folder.iterdir() if path.suffix in kinds and path.stat().st_size)


def write(contacts, person, picture):
    """None, or what is wrong."""
    try:
        contacts.photo(person).write_bytes(picture.read_bytes())
    except OSError as error:
        words = contacts.mount.error(person)
        if error.errno != errno.EINVAL or not words or any(word in words for word in DECODER_DIED):
            return f"{picture}: {error}: {words}"
        return None
    held = contacts.held(person)
    if opened(held).format not in ("JPEG", "PNG") or contacts.photo(person).read_bytes() != contacts.served(person):
        return f"{picture} became something else"
    return None


@pytest.mark.skipif(not COLLECTION.exists(), reason="not installed: gdk-pixbuf-tests")
def test_pictures_of_known_bugs(contacts):
    people, bystander = [contacts.person(number) for number in range(AT_ONCE)], contacts.person(AT_ONCE)
    found = pictures()
    assert len(found) > LEAST

    def share(number):
        return [write(contacts, people[number], picture) for picture in itertools.islice(found, number, None, AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [words for words in itertools.chain(*pool.map(share, range(AT_ONCE))) if words]
    assert not wrong, "\n".join(wrong)
    assert contacts.mutations(bystander) == [] and os.listdir(contacts.path / bystander)
