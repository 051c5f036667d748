"""No memory for another file, where the daemon needs one: a word for it at once, and every photo as it was."""

import errno
import os

import pytest
from conftest import BUILD, ROOT, Contacts

PRELOAD = BUILD / "tests/preload/libno-memory.so"
pytestmark = pytest.mark.skipif(not PRELOAD.exists(), reason="not built with sanitizers")
ALICE, BEN = "Alice Smith", "Ben Carter"
GIF = ROOT / "tests/data/pictures/picture.gif"


@pytest.fixture
def memory(tmp_path):
    """The file that says how many files may still be made; none: as many as one likes."""
    return tmp_path / "memory"


@pytest.fixture
def contacts(emulator, mount, memory):
    return Contacts(emulator, mount(emulator, env={"LD_PRELOAD": str(PRELOAD), "NO_MEMORY": str(memory)}))


def write_new(path):
    with open(path, "wb") as file:
        file.write(b"x")


def edit(path):
    with open(path, "r+b") as file:
        file.write(b"\xff\xd8\xff")


CALLS = {
    "replace": lambda alice, empty: write_new(alice / "photo.jpg"),
    "drop": lambda alice, empty: write_new(alice / "me.jpg"),
    "temporary": lambda alice, empty: write_new(alice / "photo.jpg.part"),
    "first photo": lambda alice, empty: write_new(empty / "photo.jpg"),
    "cut": lambda alice, empty: os.truncate(alice / "photo.jpg", 0),
    "edit": lambda alice, empty: edit(alice / "photo.jpg"),
    "mknod": lambda alice, empty: os.mknod(empty / "photo.jpg"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_memory_for_a_draft(contacts, faces, memory, call):
    alice, empty = contacts.path / ALICE, contacts.path / contacts.without_photo()
    old = (alice / "photo.jpg").read_bytes()
    listed = contacts.listed(ALICE), contacts.listed(empty.name)
    memory.write_text("0\n")
    with pytest.raises(OSError) as failure:
        call(alice, empty)
    assert failure.value.errno == errno.ENOSPC
    assert (alice / "photo.jpg").read_bytes() == old
    assert (contacts.listed(ALICE), contacts.listed(empty.name)) == listed
    memory.unlink()
    assert contacts.mutations() == []
    (alice / "photo.jpg").write_bytes(faces.face_bytes(1))
    assert contacts.held(ALICE) == faces.face_bytes(1)


def test_no_memory_for_a_photo_that_moves(contacts, memory):
    """From one contact to another: it stays where it was."""
    old = [contacts.photo(name).read_bytes() for name in (ALICE, BEN)]
    memory.write_text("0\n")
    with pytest.raises(OSError) as failure:
        os.rename(contacts.photo(ALICE), contacts.photo(BEN))
    assert failure.value.errno == errno.ENOSPC
    memory.unlink()
    assert [contacts.photo(name).read_bytes() for name in (ALICE, BEN)] == old and contacts.mutations() == []


@pytest.mark.parametrize("left", range(1, 4))
def test_no_memory_to_convert(contacts, memory, left):
    """The picture is no worse for that: it is kept, and its words are of this computer."""
    old = contacts.photo(ALICE).read_bytes()
    memory.write_text(f"{left}\n")
    with pytest.raises(OSError) as failure:
        contacts.photo(ALICE).write_bytes(GIF.read_bytes())
    assert failure.value.errno == errno.EIO
    memory.unlink()
    assert "no memory to convert the picture" in contacts.mount.error(ALICE)
    assert contacts.rejected(ALICE) == [GIF.read_bytes()] and contacts.photo(ALICE).read_bytes() == old
    assert contacts.mutations() == []
