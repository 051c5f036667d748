"""Any file that a mount keeps is damaged while nothing is mounted: the next mount shows everybody, or says why it does not come about,
and no picture is lost or somebody else's."""

import os
import shutil

import pytest
from eventually import eventually
from mounts import MountFailed

ALICE, BEN = "Alice Smith", "Ben Carter"

pytestmark = pytest.mark.keep_bytes


def emptied(path):
    os.truncate(path, 0)


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def overwritten(path):
    path.write_bytes(os.urandom(max(path.stat().st_size, 100)))


def grown(path):
    with open(path, "ab") as file:
        file.write(bytes(100_000))


def gone(path):
    path.unlink()


def a_folder(path):
    path.unlink()
    path.mkdir()
    (path / "in the way").write_bytes(b"x")


def a_dangling_link(path):
    path.unlink()
    path.symlink_to("nowhere")


def somebody_elses(path):
    """As after a restore by the wrong user: it cannot be read, but for root."""
    path.chmod(0)


DAMAGES = [emptied, cut, overwritten, grown, gone, a_folder, a_dangling_link, somebody_elses]
PLACES = ["state/**/book.sqlite", "state/**/lock", "state/**/principal.json", "cache/**/*", "data/**/previous/*", "data/**/rejected/*"]


@pytest.fixture
def used(contacts, faces):
    """A mount that has done all it can, and was killed: its log is there, too. Returns what there is."""
    for name in os.listdir(contacts.path):
        if "photo.jpg" in os.listdir(contacts.path / name):
            contacts.photo(name).read_bytes()
    old = contacts.held(ALICE)
    contacts.photo(ALICE).write_bytes(faces.face_bytes(1))
    with pytest.raises(OSError):
        contacts.photo(ALICE).write_bytes(faces.cut.read_bytes())
    people = set(os.listdir(contacts.path))
    contacts.mount.kill()
    return people, old


def files(contacts, place):
    return [path for path in sorted(contacts.mount.state.glob(place)) if path.is_file()]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("place", PLACES)
def test_damaged_file(contacts, faces, used, place, damage):
    people, old = used
    found = files(contacts, place)
    assert found
    for path in found:
        damage(path)
    contacts.mount.allowed.append("")  # the words are not what this is about
    try:
        contacts.mount.start()
    except MountFailed as failure:
        assert "contactfs: " in str(failure) and (str(found[0]) in str(failure) or "principal" in str(failure)), failure
        for path in found:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        contacts.mount.start()
    assert set(os.listdir(contacts.path)) == people
    for name in people:
        if "photo.jpg" in os.listdir(contacts.path / name):
            assert contacts.photo(name).read_bytes() == contacts.held(name)
    assert contacts.held(ALICE) == faces.face_bytes(1)
    kept = [path.read_bytes() for path in files(contacts, "data/contactfs/**/*.jpg") if os.access(path, os.R_OK)]
    if "is not the address book that it was" not in contacts.mount.text():  # whose account it is cannot be told: it begins anew
        kept = readable(contacts, ALICE, ".previous") + readable(contacts, ALICE, ".rejected")
    assert old in kept or "previous" in place
    assert faces.cut.read_bytes() in kept or "rejected" in place
    # and it goes on
    present = contacts.held(BEN)
    contacts.photo(BEN).write_bytes(faces.face_bytes(2))
    assert contacts.held(BEN) == faces.face_bytes(2) and present in contacts.previous(BEN)
    contacts.photo(ALICE).write_bytes(faces.face_bytes(3))
    eventually(lambda: faces.face_bytes(1) in readable(contacts, ALICE, ".previous"))


def readable(contacts, person, name):
    """The pictures in .previous or .rejected that can be read at all."""
    found = []
    folder = contacts.path / person / name
    for name in os.listdir(folder):
        try:
            found.append((folder / name).read_bytes())
        except OSError:
            pass
    return found


@pytest.mark.parametrize("place", ["state", "cache", "data"])
@pytest.mark.parametrize("kind", ["a file", "a dangling link", "gone"])
def test_damaged_folder(contacts, used, place, kind):
    """The account's folder is not there, or something else is. It is never made anew over what is there."""
    people, old = used
    folder = contacts.mount.state / place / "contactfs" / "default"
    aside = folder.with_name("aside")
    folder.rename(aside)
    if kind == "a file":
        folder.write_bytes(b"")
    elif kind == "a dangling link":
        folder.symlink_to("nowhere")
    contacts.mount.allowed.append("")
    try:
        contacts.mount.start()
    except MountFailed as failure:
        assert str(folder) in str(failure), failure
        assert kind != "gone"
        folder.unlink()
        aside.rename(folder)
        contacts.mount.start()
        assert contacts.previous(ALICE) == [old]
    assert set(os.listdir(contacts.path)) == people
    for name in people:
        if "photo.jpg" in os.listdir(contacts.path / name):
            assert contacts.photo(name).read_bytes() == contacts.held(name)
