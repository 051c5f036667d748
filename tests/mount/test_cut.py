"""A photo that is cut to nothing and then filled, and one that something is appended to."""

import os

import pytest

from checks import check
from eventually import eventually


APPENDED = {
    ">": ': > "$photo"; cat "$face" >> "$photo"',
    "truncate": 'truncate -s 0 "$photo"; cat "$face" >> "$photo"',
    "truncate, dd": 'truncate -s 0 "$photo"; dd if="$face" of="$photo" conv=notrunc status=none',
    "rm": 'rm "$photo"; head -c 1000 "$face" > "$photo.part"; tail -c +1001 "$face" >> "$photo.part"; mv "$photo.part" "$photo"',
}


@pytest.mark.parametrize("way", APPENDED)
def test_truncate_then_append(contacts, run, faces, person, photo, old, way):
    run.shell(APPENDED[way], env={"photo": str(photo), "face": str(faces.face(1))})
    check(contacts, person, faces.face_bytes(1), ["PATCH"])
    assert contacts.previous(person) == [old]


def test_truncate_by_path_while_it_is_open(contacts, person, photo, old):
    """The size is true at once, for whoever has it open, and so is the old one later."""
    with open(photo, "r+b", buffering=0) as file:
        assert os.fstat(file.fileno()).st_size == len(old)
        os.truncate(photo, 0)
        assert photo.stat().st_size == os.fstat(file.fileno()).st_size == 0
        assert file.read() == b""
    eventually(lambda: photo.stat().st_size == len(old), timeout=15)
    check(contacts, person, old, [])


@pytest.mark.parametrize("line", ['cat "$face" >> "$photo"', 'head -c 1000 "$face" > "$photo"; tail -c +1001 "$face" >> "$photo"',
                                  'truncate -s +100 "$photo"'])
def test_appended_to_the_photo(contacts, run, faces, person, photo, old, line):
    """Old and new glued together show the old picture."""
    result = run.shell(line, check=False, env={"photo": str(photo), "face": str(faces.face(1))})
    assert "Invalid argument" in result.errors or "truncate" in line
    check(contacts, person, old, [])
    assert "behind the photo" in contacts.mount.error(person)
    assert contacts.rejected(person)[-1].startswith(old)
