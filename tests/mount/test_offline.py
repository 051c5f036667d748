"""Without a network: what is cached is served, what is not fails soon, and it mends itself."""

import errno
import os
import socket

import pytest
from conftest import PEOPLE_EMULATOR, Contacts, check_service
from checks import errno_of
from emulator import Emulator
from eventually import eventually

ALICE = "Alice Smith"
BEN = "Ben Carter"
PATIENT = ("--timeout", "600", "--upload-timeout", "600")  # longer than any test: what fails, fails soon


class Service:
    """A people-emulator that can go away and come back at the same address, with the same people."""

    def __init__(self, folder):
        self.options = ["--state-dir", str(folder), "--port", free_port(), "--photo-port", free_port()]
        self.emulator = None
        self.come_back()
        self.token, self.api_url = self.emulator.token, self.emulator.api_url

    def come_back(self):
        self.emulator = Emulator(["--keep-bytes", *self.options], program=PEOPLE_EMULATOR)

    def go_away(self):
        if self.emulator is not None:
            check_service(self.emulator, may_refuse=False)
            assert self.emulator.close() == 0
        self.emulator = None

    def __getattr__(self, name):
        return getattr(self.emulator, name)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def service(tmp_path):
    made = Service(tmp_path / "service")
    yield made
    made.go_away()


@pytest.fixture
def away(service, mount, request):
    """An address book with Alice's photo in the cache and Ben's not."""
    marker = request.node.get_closest_marker("options")
    mounted = mount(service, "--writes-per-minute", "0", *PATIENT, *(marker.args if marker else ()))
    contacts = Contacts(service, mounted)
    contacts.cached = (mounted.path / ALICE / "photo.jpg").read_bytes()
    return contacts


def test_cached_reads_work(away):
    away.mount.remount()  # not from the kernel's pages
    away.emulator.go_away()
    photo = away.path / ALICE / "photo.jpg"
    assert photo.read_bytes() == away.cached
    assert photo.stat().st_size == len(away.cached)
    assert os.getxattr(photo, "user.mime_type") == b"image/jpeg"


def test_uncached_reads_fail_soon(away):
    away.emulator.go_away()
    photo = away.path / BEN / "photo.jpg"
    for call in (photo.read_bytes, photo.stat):
        assert errno_of(call) == errno.EHOSTUNREACH
    assert away.mount.error(BEN).startswith(f"{BEN}: the photo could not be read: ")
    assert "photo.jpg" in os.listdir(away.path / BEN), "it is there, only not to be had"


def test_starts_offline(away):
    before = sorted(os.listdir(away.path))
    away.mount.unmount()
    away.emulator.go_away()
    away.mount.start()
    assert sorted(os.listdir(away.path)) == before
    assert (away.path / ALICE / "photo.jpg").read_bytes() == away.cached
    eventually(lambda: away.mount.status()["reachable"] is False)


@pytest.mark.options("--sync-interval", "1")
def test_mends_itself(away):
    """Without a word from anybody: reads, deltas and writes work again when the service does."""
    away.emulator.go_away()
    assert errno_of((away.path / BEN / "photo.jpg").read_bytes) == errno.EHOSTUNREACH
    eventually(lambda: away.mount.status()["reachable"] is False)
    away.emulator.come_back()
    away.emulator.create_person("Zoe", "New")
    assert (away.path / BEN / "photo.jpg").read_bytes() == away.held(BEN)
    eventually(lambda: (away.path / "Zoe New").is_dir())
    assert away.mount.status()["reachable"] is True
    assert away.mount.error(BEN) is None


@pytest.mark.options("--sync-interval", "1", "--upload-timeout", "5")
def test_writes_fail_soon_and_keep_the_bytes(away, faces):
    fd = os.open(away.path / ALICE / "photo.jpg", os.O_WRONLY | os.O_TRUNC)
    os.write(fd, faces.face_bytes(1))
    away.emulator.go_away()
    photo = away.path / ALICE / "photo.jpg"
    assert errno_of(lambda: os.close(fd)) == errno.EHOSTUNREACH
    assert photo.read_bytes() == away.cached
    assert away.rejected(ALICE) == [faces.face_bytes(1)]
    away.emulator.come_back()
    photo.write_bytes(away.rejected(ALICE)[-1])
    assert away.held(ALICE) == faces.face_bytes(1) == photo.read_bytes()
    assert away.mount.error(ALICE) is None


def learn(away, faces):
    """A write that fails is how the mount learns that the service has gone."""
    with pytest.raises(OSError) as caught:
        (away.path / BEN / "photo.jpg").write_bytes(faces.face_bytes(7))
    assert caught.value.errno == errno.EHOSTUNREACH


def test_nothing_is_begun_once_it_is_known(away, faces, run, tmp_path):
    """The program is told when it opens the file: its own copy stays, and nothing is handed over."""
    photo = away.path / ALICE / "photo.jpg"
    source = tmp_path / "new.jpg"
    (away.path / BEN / "photo.jpg").read_bytes()  # so that it can be saved, and the API is asked
    away.emulator.go_away()
    learn(away, faces)
    begins = {
        "truncate": lambda: os.open(photo, os.O_WRONLY | os.O_TRUNC),
        "create": lambda: os.open(photo.with_name("new.jpg"), os.O_WRONLY | os.O_CREAT | os.O_EXCL),
        "mknod": lambda: os.mknod(photo.with_name("new.jpg")),
    }
    for name, begin in begins.items():
        assert errno_of(begin) == errno.EHOSTUNREACH, name
        assert f"{ALICE}: the photo was not changed: " in away.mount.error(ALICE), name
    assert sorted(os.listdir(photo.parent)) == ["photo.jpg"]
    source.write_bytes(faces.face_bytes(1))
    assert run("mv", source, photo, check=False).status != 0
    assert source.read_bytes() == faces.face_bytes(1)
    assert away.rejected(ALICE) == [] and photo.read_bytes() == away.cached
    away.emulator.come_back()
    run("mv", source, photo)
    assert away.held(ALICE) == faces.face_bytes(1) == photo.read_bytes()
    assert away.mount.error(ALICE) is None


@pytest.mark.options("--sync-interval", "3600", "--timeout", "2", "--upload-timeout", "2")
def test_service_that_says_nothing(away, faces):
    """Packets are lost: the first one waits for the deadline, the next ones are told soon; when it speaks, all is well."""
    photo = away.path / ALICE / "photo.jpg"
    away.emulator.fault("hang", origin="api", times=-1)
    assert errno_of(lambda: photo.write_bytes(faces.face_bytes(1))) == errno.ETIMEDOUT
    assert errno_of(lambda: photo.write_bytes(faces.face_bytes(2))) == errno.EHOSTUNREACH
    assert away.rejected(ALICE) == [faces.face_bytes(1)]
    away.emulator.clear_faults()
    photo.write_bytes(faces.face_bytes(3))
    assert away.held(ALICE) == faces.face_bytes(3)


def test_rm_fails_once_it_is_known(away, faces, run):
    """rm that was told done must be done: while the service is known to be out of reach it is refused at once."""
    photo = away.path / ALICE / "photo.jpg"
    away.emulator.go_away()
    assert run("cp", faces.face(1), photo, check=False).status != 0  # this is how the mount learns
    assert errno_of(photo.unlink) == errno.EHOSTUNREACH
    assert photo.read_bytes() == away.cached
    away.emulator.come_back()
    photo.unlink()
    assert not photo.exists()
    away.emulator.wait_requests(1, method="DELETE", answered=True)
    assert away.held(ALICE) is None


def test_rm_before_it_is_known_comes_back(away):
    """The mount does not know yet: the photo goes, and is back with words when the service cannot be reached."""
    photo = away.path / ALICE / "photo.jpg"
    away.emulator.go_away()
    photo.unlink()
    assert not photo.exists()
    eventually(photo.exists)
    assert photo.read_bytes() == away.cached
    assert "back" in away.mount.error(ALICE)


def test_deletion_that_the_unmount_cannot_carry_out_is_kept(away):
    """Told done, but the service was gone when the mount ended: the next mount does it."""
    photo = away.path / ALICE / "photo.jpg"
    away.emulator.go_away()
    photo.unlink()
    away.mount.unmount()
    assert "not removed yet" in away.mount.text()
    away.emulator.come_back()
    away.mount.start()
    away.emulator.wait_requests(1, method="DELETE", answered=True)
    eventually(lambda: away.held(ALICE) is None)
    assert not photo.exists()


def test_temporaries_work_offline(away, faces):
    away.emulator.go_away()
    folder = away.path / ALICE
    (folder / ".photo.jpg.part").write_bytes(faces.face_bytes(1))
    assert (folder / ".photo.jpg.part").read_bytes() == faces.face_bytes(1)
    assert errno_of(lambda: os.rename(folder / ".photo.jpg.part", folder / "photo.jpg")) == errno.EHOSTUNREACH
    assert (folder / ".photo.jpg.part").read_bytes() == faces.face_bytes(1)
    os.unlink(folder / ".photo.jpg.part")
    assert os.listdir(folder) == ["photo.jpg"]


def test_finished_copy_is_refused_once_it_is_known(away, faces):
    """What KDE's programs close before the rename at whose outcome they do not look."""
    photo = away.path / ALICE / "photo.jpg"
    part = away.path / ALICE / "photo.jpg.part"

    def finish():
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(fd, faces.face_bytes(1))
        os.utime(fd, (1577880000, 1577880000))
        os.close(fd)

    away.emulator.go_away()
    finish()
    assert errno_of(lambda: os.rename(part, photo)) == errno.EHOSTUNREACH  # this is how the mount learns
    assert errno_of(finish) == errno.EHOSTUNREACH
    assert away.rejected(ALICE) == [faces.face_bytes(1)]
    assert photo.read_bytes() == away.cached
    away.emulator.come_back()
    finish()
    os.rename(part, photo)
    assert away.held(ALICE) == faces.face_bytes(1)
