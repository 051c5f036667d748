"""Fixtures of the mount tests: a People API of our own, the real program mounted on it, real programs working in it.

    def test_something(contacts, run, faces):
        run("cp", faces.face(1), contacts.path / "Alice Smith/photo.jpg")

emulator    a people-emulator for this test; options: @pytest.mark.emulator("--people", "300")
mount       mount(emulator, "--timeout", "2", …) → Mount (tests/lib/mounts.py): .path .pid .log .status() .unmount()
            .terminate() .kill() .remount(); several per test, each with its own account folders unless state= is given
contacts    the common case: the demo's people, mounted → .path .mount .emulator
run         run("cp", a, b) → Result; check=False for programs that may fail. run.start / run.finish for those in the
            background; run.shell("…")
faces       pictures

When a test ends, every mount must unmount, end with 0 and have complained of nothing (mount.allowed lists patterns of
complaints that a test provokes), mutations must not have overlapped, the photo host must not have seen a token, and no
request may have been answered 400 (@pytest.mark.refused for tests that want that).
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

from emulator import Emulator  # noqa: E402
from eventually import eventually  # noqa: E402, F401
from keyrings import Keyring  # noqa: E402
from logins import Desk  # noqa: E402
from mounts import Mount  # noqa: E402
from pictures import Faces  # noqa: E402
from processes import Programs, kernel_stacks  # noqa: E402

BUILD = Path(os.environ.get("CONTACTFS_BUILD", ROOT / "build"))
CONTACTFS = os.environ.get("CONTACTFS", str(BUILD / "src/cli/contactfs"))
PEOPLE_EMULATOR = os.environ.get("PEOPLE_EMULATOR", str(BUILD / "src/emulator/people-emulator"))

# Drawing faces is most of what the emulator does in a test.
SMALL_FACES = ("--face-size", "64")

# A test that hangs in the kernel cannot be told so: its daemon is killed, which ends every call in the mount.
WATCHDOG_SECONDS = 300


def pytest_configure(config):
    # Whoever starts us may ignore them (nohup, a shell's background job), and programs inherit that; a handler they do not.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    config.addinivalue_line("markers", "emulator(*options): options of the test's people-emulator")
    config.addinivalue_line("markers", "keep_bytes: the service gives photos out byte for byte as they were uploaded")
    config.addinivalue_line("markers", "refused: the service may answer 400 in this test")
    config.addinivalue_line("markers", "long: only run when asked for by -m long: more of the same")
    config.addinivalue_line("markers", "options(*options): options of the mount of `contacts`")


def pytest_collection_modifyitems(config, items):
    if "long" not in config.option.markexpr:
        asked = [item for item in items if item.get_closest_marker("long") is None]
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long") is not None])
        items[:] = asked


@pytest.fixture(scope="session")
def clean_env(tmp_path_factory):
    """Programs find no settings of whoever runs the tests, and speak UTF-8."""
    keep = {name: os.environ[name] for name in ("PATH", "USER", "LOGNAME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TMPDIR")
            if name in os.environ}
    return {**keep, "LC_ALL": "C.UTF-8", "HOME": str(tmp_path_factory.mktemp("home")), "G_DEBUG": "fatal-criticals",
            "GIO_USE_VFS": "local", "GSETTINGS_BACKEND": "memory",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:"}  # no notifications on the desktop of whoever runs the tests


@pytest.fixture(scope="session")
def faces(clean_env, tmp_path_factory):
    return Faces(tmp_path_factory.mktemp("faces"), clean_env)


@pytest.fixture
def run(clean_env):
    return Programs(clean_env)


@pytest.fixture
def emulator(request):
    marker = request.node.get_closest_marker("emulator")
    keep = ["--keep-bytes"] if request.node.get_closest_marker("keep_bytes") else []
    with Emulator([*SMALL_FACES, *keep, *(marker.args if marker else ())], program=PEOPLE_EMULATOR) as service:
        yield service
        check_service(service, may_refuse=request.node.get_closest_marker("refused") is not None)


def check_service(service, may_refuse):
    log = service.log()
    assert log["overlaps"] == 0, f"mutations overlapped: {log['requests']}"
    log = log["requests"]
    assert not [r for r in log if r["origin"] == "photo" and r["authorization"]], "the photo host saw a token"
    assert not [r for r in log if r["path"] == "/v1/people/me"], "the contacts' scope is not for people/me"
    if not may_refuse:
        refused = [r for r in log if r["origin"] == "api" and r["status"] == 400]
        assert not refused, refused


@pytest.fixture
def mount(tmp_path, run):
    """Makes mounts; all of them end with the test."""
    mounts = []

    def make(emulator, *options, foreground=True, env=None, account="default", state=None):
        number = len(mounts)
        path = tmp_path / f"mnt{number}"
        folder = Path(state) if state is not None else tmp_path / f"state{number}"
        path.mkdir()
        folder.mkdir(exist_ok=True)
        made = Mount(run, CONTACTFS, path, folder, emulator, options, account, foreground, env)
        mounts.append(made)
        return made.start()

    watchdog = threading.Timer(WATCHDOG_SECONDS, give_up, [mounts])
    watchdog.daemon = True
    watchdog.start()
    try:
        yield make
        for made in mounts:
            made.finish()
    finally:
        watchdog.cancel()
        for made in mounts:
            made.kill()


@pytest.fixture
def cli(run, tmp_path):
    """Runs contactfs with folders of its own."""
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home)} | {f"XDG_{name}_HOME": str(home / name.lower())
                                 for name in ("CONFIG", "STATE", "CACHE", "DATA")}

    def call(*args, **options):
        return run(CONTACTFS, *args, check=False, env=env | options.pop("env", {}), **options)

    call.home = home
    call.env = env
    return call


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "contacts"
    path.mkdir()
    yield path
    subprocess.run(["fusermount3", "-u", "-z", "-q", str(path)], check=False, capture_output=True)


def give_up(mounts):
    pids = [os.getpid(), *(made.pid for made in mounts if made.running)]
    print(f"the test hangs\n{kernel_stacks(pids)}", file=sys.stderr)
    for made in mounts:
        made.allowed.clear()
        if made.running:
            os.kill(made.pid, 9)
            made.abort()
        subprocess.run(["fusermount3", "-u", "-z", "-q", str(made.path)], check=False, capture_output=True)


class Contacts:
    """A mounted address book and the service behind it."""

    def __init__(self, emulator, mounted):
        self.emulator = emulator
        self.mount = mounted
        self.path = mounted.path

    def resource(self, person):
        return os.getxattr(self.path / person, "user.contactfs.resource_name").decode()

    def person(self, number=0):
        """Somebody with a photo; another number is somebody else."""
        return self._people(True)[number]

    def without_photo(self, number=0):
        return self._people(False)[number]

    def _people(self, with_photo):
        return [name for name in sorted(os.listdir(self.path)) if ("photo.jpg" in self.listed(name)) == with_photo]

    def photo(self, person):
        return self.path / person / "photo.jpg"

    def held(self, person):
        """The person's photo as the service was given it; None: no photo."""
        return self.emulator.photo_bytes(self.resource(person))

    def served(self, person):
        """The same as the service gives it out: it compresses anew what it gets, if not --keep-bytes."""
        return self.emulator.photo_bytes(self.resource(person), served=True)

    def mutations(self, person=None):
        """PATCH and DELETE requests so far, as methods in order."""
        name = self.resource(person) if person is not None else None
        return [r["method"] for r in self.emulator.requests(origin="api")
                if r["method"] in ("PATCH", "DELETE") and (name is None or name + ":" in r["path"])]

    def listed(self, person):
        return sorted(os.listdir(self.path / person))

    def previous(self, person):
        """The bytes in .previous, oldest first."""
        return self._kept(person, ".previous")

    def rejected(self, person):
        return self._kept(person, ".rejected")

    def _kept(self, person, kind):
        folder = self.path / person / kind
        return [(folder / name).read_bytes() for name in sorted(os.listdir(folder))]


@pytest.fixture
def contacts(emulator, mount, request):
    marker = request.node.get_closest_marker("options")
    return Contacts(emulator, mount(emulator, "--writes-per-minute", "0", *(marker.args if marker else ())))


# ---- one contact with a photo ----

@pytest.fixture
def person(contacts):
    return contacts.person()


@pytest.fixture
def photo(contacts, person):
    return contacts.photo(person)


@pytest.fixture
def old(contacts, person):
    return contacts.held(person)


@pytest.fixture
def keyring(run, tmp_path):
    made = Keyring(run, tmp_path / "keyring")
    yield made
    made.close()


@pytest.fixture
def desk_without_keyring(run, tmp_path, emulator):
    """Tests without a keyring import this as their desk."""
    made = Desk(run, CONTACTFS, tmp_path / "desk", emulator)
    yield made
    made.close()


@pytest.fixture
def desk(run, tmp_path, emulator, keyring):
    """Somebody with a keyring; tests without one have a desk of their own."""
    made = Desk(run, CONTACTFS, tmp_path / "desk", emulator, env=keyring.env)
    yield made
    made.close()
