"""Photos that change at the service while the mount shows them: so new that their host does not know them, and linked profiles'."""

import base64
import os

import pytest

from eventually import eventually
from light import png

ALICE = "Alice Smith"
PNG = png((8, 8), [(0, 0, 0)] * 64)
pytestmark = [pytest.mark.keep_bytes, pytest.mark.options("--sync-interval", "1")]


def hidden(contacts, times):
    """The photo host says so often that there is no such picture; a fetch tries three addresses."""
    contacts.emulator.reset_requests()
    contacts.emulator.fault("status", origin="photo", status=404, times=times)


def sync(contacts):
    """What was changed before this is known after it."""
    name = contacts.emulator.create_person("Zoe", "New")
    eventually(lambda: "Zoe New" in os.listdir(contacts.path))
    contacts.emulator.delete_person(name)


def test_photo_so_new_that_its_host_does_not_know_it(contacts, faces):
    """The person is asked for again, and then the host, until it has the picture."""
    photo = contacts.photo(ALICE)
    contacts.emulator.set_photo(contacts.resource(ALICE), faces.face_bytes(5))
    sync(contacts)
    hidden(contacts, 9)
    assert photo.read_bytes() == faces.face_bytes(5)
    assert len(contacts.emulator.requests(origin="photo")) == 10
    assert len(contacts.emulator.requests(path=f"/v1/{contacts.resource(ALICE)}", method="GET")) == 1


def test_photo_that_its_host_never_has(contacts):
    """An old one: there is nothing to wait for."""
    photo = contacts.photo(ALICE)
    hidden(contacts, -1)
    with pytest.raises(OSError, match="Input/output error"):
        photo.read_bytes()
    assert len(contacts.emulator.requests(origin="photo")) == 6
    with pytest.raises(OSError, match="Input/output error"):
        photo.read_bytes()
    assert len(contacts.emulator.requests(origin="photo")) == 6, "it is not asked for again so soon"
    contacts.emulator.clear_faults()


def test_profile_that_changes(contacts, faces):
    """It comes, becomes another, and goes; who is reading the old one reads it to its end."""
    profile = contacts.path / ALICE / "profile.jpg"
    name = contacts.resource(ALICE)
    own = contacts.photo(ALICE).read_bytes()
    assert not profile.exists()
    contacts.emulator.set_profile(name, faces.face_bytes(1))
    eventually(lambda: "profile.jpg" in contacts.listed(ALICE))
    assert profile.read_bytes() == faces.face_bytes(1)
    with open(profile, "rb", buffering=0) as file:
        beginning = file.read(10)
        contacts.emulator.set_profile(name, faces.face_bytes(2))
        eventually(lambda: profile.read_bytes() == faces.face_bytes(2))
        assert beginning + file.read() == faces.face_bytes(1)
    contacts.emulator.person("remove-profile", name)
    eventually(lambda: "profile.jpg" not in contacts.listed(ALICE))
    with pytest.raises(FileNotFoundError):
        profile.read_bytes()
    assert contacts.photo(ALICE).read_bytes() == own and contacts.mutations() == []


def test_photo_that_goes_while_it_is_read(contacts):
    """It is read to its end, and cannot be opened any more."""
    photo = contacts.photo(ALICE)
    old = photo.read_bytes()
    with open(photo, "rb", buffering=0) as file:
        beginning = file.read(10)
        contacts.emulator.remove_photo(contacts.resource(ALICE))
        eventually(lambda: contacts.listed(ALICE) == [])
        assert beginning + file.read() == old
        assert os.fstat(file.fileno()).st_size == len(old)
    with pytest.raises(FileNotFoundError):
        photo.read_bytes()


def lose_cache(contacts):
    """As after much else was read."""
    for path in contacts.mount.cached():
        path.unlink()


def test_photo_that_comes_again_as_another(contacts):
    """The service may make it anew at the same address: what was told of it before holds no longer."""
    photo = contacts.photo(ALICE)
    photo.read_bytes()
    assert os.getxattr(photo, "user.mime_type") == b"image/jpeg"
    lose_cache(contacts)
    contacts.emulator.fault("status", origin="photo", status=200, content_type="image/png",
                            body_base64=base64.b64encode(PNG).decode())
    os.close(os.open(photo, os.O_RDONLY))
    assert os.getxattr(photo, "user.mime_type") == b"image/png"


@pytest.mark.options("--sync-interval", "3600")
@pytest.mark.parametrize("read", [True, False])
def test_photo_that_changes_while_it_is_opened(contacts, faces, read):
    """The kernel may know the size of the old one, and its bytes."""
    photo = contacts.photo(ALICE)
    size = len(photo.read_bytes()) if read else photo.stat().st_size
    lose_cache(contacts)
    new = faces.face_bytes(5) + bytes(5000)
    assert len(new) > size
    contacts.emulator.set_photo(contacts.resource(ALICE), new)
    with open(photo, "rb") as file:
        assert os.fstat(file.fileno()).st_size == len(new) and file.read() == new
