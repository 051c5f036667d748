"""--folder-icons in gvfs' list of icons, which Nautilus, Nemo and Caja look at: by a real gvfsd-metadata, asked by gio."""

import os
import shutil
import signal
import urllib.parse
from pathlib import Path

import pytest
from conftest import Contacts
from desktop import Desktop
from eventually import eventually

GVFS = {"/usr/libexec/gvfsd": "org.gtk.vfs.Daemon", "/usr/libexec/gvfsd-metadata": "org.gtk.vfs.Metadata"}
ATTRIBUTE = "metadata::custom-icon"
PATIENT = 60  # a pass comes two seconds after a change, on a computer that is busy


@pytest.fixture
def session(run, tmp_path):
    """What the environment of a desktop session with gvfs is."""
    if not all(os.access(program, os.X_OK) for program in GVFS) or shutil.which("gio") is None:
        pytest.skip("gvfs is not installed (./dev test installs it)")
    desktop = Desktop(run, service=False)
    env = {**desktop.env, "GIO_USE_VFS": "gvfs", "XDG_RUNTIME_DIR": str(desktop.folder), "XDG_DATA_HOME": str(tmp_path / "share")}
    started = []
    for program, name in GVFS.items():
        started.append(run.start(program, *(["--no-fuse"] if program.endswith("gvfsd") else []), env=env))
        run("gdbus", "wait", "--session", "--timeout", "30", name, env=env)
    yield env
    for process in started:
        process.kill()
        process.wait()
    desktop.end()


class Faces:
    """A mount whose file managers ask the same list."""

    def __init__(self, contacts, run):
        self.contacts = contacts
        self.run = run
        self.env = contacts.mount.env

    def icon(self, person):
        told = self.run("gio", "info", "-a", ATTRIBUTE, self.contacts.path / person, env=self.env).out
        return told.split(f"{ATTRIBUTE}: ")[1].split("\n")[0] if ATTRIBUTE in told else None

    def choose(self, person, icon):
        self.run("gio", "set", self.contacts.path / person, ATTRIBUTE, icon, env=self.env)

    def look_at(self, person):
        """Somebody reads the photo: it is in the cache then."""
        return self.contacts.photo(person).read_bytes()

    def wait(self, person, condition):
        return eventually(lambda: condition(self.icon(person)), PATIENT, f"{person}: {self.icon(person)}")

    def wait_shown(self, person):
        self.wait(person, lambda icon: icon is not None)
        return Path(urllib.parse.unquote(self.icon(person).removeprefix("file://")))

    def wait_none(self, person):
        self.wait(person, lambda icon: icon is None)


@pytest.fixture
def faced(request, emulator, mount, session, run):
    marker = request.node.get_closest_marker("options")
    options = marker.args if marker else ("--folder-icons",)
    return Faces(Contacts(emulator, mount(emulator, *options, env=session)), run)


def test_a_photo_that_was_looked_at(faced):
    """And no other: whoever shows the folder fetches nothing, and nor do we."""
    one, other = faced.contacts.person(0), faced.contacts.person(1)
    held = faced.look_at(one)
    assert faced.wait_shown(one).read_bytes() == held
    assert faced.icon(other) is None and faced.icon(faced.contacts.without_photo()) is None
    assert len(faced.contacts.emulator.requests(origin="photo")) == 1


def test_it_follows_the_photo(faced, faces):
    person = faced.contacts.person()
    faced.look_at(person)
    before = faced.wait_shown(person)
    faced.contacts.photo(person).write_bytes(faces.face_bytes(1))
    held = faced.look_at(person)
    faced.wait(person, lambda icon: icon is not None and Path(icon.removeprefix("file://")) != before)
    assert faced.wait_shown(person).read_bytes() == held
    faced.contacts.photo(person).unlink()
    faced.wait_none(person)


@pytest.mark.options("--folder-icons", "--cache-size", "4K")
def test_it_goes_with_the_cached_photo(faced):
    one = faced.contacts.person(0)
    faced.look_at(one)
    shown = faced.wait_shown(one)
    for number in range(1, 5):
        faced.look_at(faced.contacts.person(number))
    faced.wait_none(one)
    assert not shown.exists()


def test_what_somebody_chose_stays(faced):
    one, other = faced.contacts.person(0), faced.contacts.person(1)
    faced.choose(one, "photo.jpg")
    faced.look_at(one)
    faced.look_at(other)
    faced.wait_shown(other)
    assert faced.icon(one) == "photo.jpg"


@pytest.mark.parametrize("how", ["unmount", "terminate"])
def test_gone_with_the_option(faced, how):
    """unmount leaves no time to take them away; the next mount does."""
    person = faced.contacts.person()
    faced.look_at(person)
    faced.wait_shown(person)
    getattr(faced.contacts.mount, how)()
    faced.contacts.mount.options = ()
    faced.contacts.mount.start()
    if how == "unmount":
        faced.wait_none(person)
    assert faced.icon(person) is None


def test_a_desktop_that_hangs_holds_nobody_up(faced, run):
    """Neither who works in the mount, nor its end."""
    one, other = faced.contacts.person(0), faced.contacts.person(1)
    faced.look_at(one)
    faced.wait_shown(one)
    child, = run("pgrep", "-P", faced.contacts.mount.pid, "-f", "set-folder-icons").out.split()
    os.kill(int(child), signal.SIGSTOP)
    assert faced.look_at(other) == faced.contacts.held(other)
    faced.contacts.mount.terminate()
    assert faced.contacts.mount.exit_status == 0 and not os.path.exists(f"/proc/{child}")


@pytest.mark.options("--folder-icons")
def test_without_gvfs_the_log_says_so_once(contacts):
    """GIO's own way, which the tests have, keeps no such list."""
    contacts.photo(contacts.person(0)).read_bytes()
    contacts.mount.await_text("Nautilus, Nemo and Caja do not get the faces")
    contacts.photo(contacts.person(1)).read_bytes()
    contacts.mount.unmount()
    assert contacts.mount.text().count("do not get the faces") == 1
