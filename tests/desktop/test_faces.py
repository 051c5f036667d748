"""--folder-icons in the file managers that look at gvfs' list of icons: a contact's folder shows the face."""

import pytest
from chores import MAGENTA
from eventually import eventually
from managers import Caja, Nautilus, Nemo
from mount_fixtures import Contacts

from screen import TIMEOUT


@pytest.fixture
def contacts(emulator, mount, desktop):
    env = {name: desktop.env[name] for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")}
    env.update(GIO_USE_VFS="gvfs", XDG_DATA_HOME=f"{desktop.env['HOME']}/.local/share")
    return Contacts(emulator, mount(emulator, "--folder-icons", env=env))


class Faces:
    def test_a_folder_shows_its_face(self, contacts, manager, desktop, plain):
        photo = contacts.photo(contacts.person())
        photo.write_bytes(plain(MAGENTA).read_bytes())
        assert photo.read_bytes()  # it is in the cache now
        eventually(lambda: b"custom-icon" in desktop.run("gio", "info", "-a", "metadata::custom-icon", photo.parent), TIMEOUT)
        manager.open(contacts.path)
        desktop.wait_colour(MAGENTA)


class TestNautilus(Faces):
    manager = Nautilus


class TestNemo(Faces):
    manager = Nemo


class TestCaja(Faces):
    manager = Caja
