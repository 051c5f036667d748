"""A failure that no program was told of, as a real notification service shows it (dunst)."""

import html
import json

import pytest
from eventually import eventually
from mount_fixtures import Contacts

from screen import missing

MAGENTA = (200, 20, 160)
CONFIG = """[global]
width = 500
origin = top-left
frame_width = 0
timeout = 0
[urgency_low]
background = "#c814a0"
[urgency_normal]
background = "#c814a0"
timeout = 0
"""


class Dunst:
    """What it shows stands on the screen until it is closed, in magenta."""

    def __init__(self, desktop, folder):
        self.desktop = desktop
        (folder / "dunstrc").write_text(CONFIG)
        self.process = desktop.start("dunst", "-conf", folder / "dunstrc")
        desktop.run("gdbus", "wait", "--session", "--timeout", "20", "org.freedesktop.Notifications")

    def count(self):
        return int(self.desktop.run("dunstctl", "count", "displayed"))

    def wait_count(self, count):
        eventually(lambda: self.count() == count, why=f"there were not {count} notifications")

    def told(self):
        """All that was shown, the newest first; it is closed."""
        self.desktop.run("dunstctl", "close-all")
        return [{name: value["data"] for name, value in told.items()}
                for told in json.loads(self.desktop.run("dunstctl", "history"))["data"][0]]

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def dunst(desktop, tmp_path):
    if missing("dunst", "dunstctl"):
        pytest.skip("dunst is not installed (./dev desktop installs it)")
    made = Dunst(desktop, tmp_path)
    yield made
    made.close()


@pytest.fixture
def contacts(emulator, mount, desktop, dunst):
    env = {name: desktop.env[name] for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")}
    return Contacts(emulator, mount(emulator, "--writes-per-minute", "0", env=env))


def refuse(contacts, words="no", times=-1):
    body = json.dumps({"error": {"code": 403, "message": words, "status": "PERMISSION_DENIED"}})
    contacts.emulator.fault("status", method="DELETE", times=times, status=403, body=body)


def test_shown(contacts, desktop, dunst, run):
    """The sentence stands on the screen, with what looks like markup in it as it is meant."""
    person = contacts.person()
    assert desktop.pixels(MAGENTA) == 0
    refuse(contacts, "<b>never</b> & not now")
    run("rm", contacts.photo(person))
    dunst.wait_count(1)
    eventually(lambda: desktop.pixels(MAGENTA) > 4000, why="nothing stood on the screen")
    told, = dunst.told()
    assert told["appname"] == "contactfs" and told["category"] == "transfer.error"
    assert told["summary"] == f"{person}: the photo was not removed and is back"
    assert "<b>never</b> & not now" in html.unescape(told["body"])


def test_closed_by_success(contacts, dunst, run):
    """The next change of that contact succeeds: its notification goes, the other one stays."""
    one, two = contacts.person(0), contacts.person(1)
    refuse(contacts, times=2)
    run("rm", contacts.photo(one), contacts.photo(two))
    dunst.wait_count(2)
    eventually(contacts.photo(one).exists)
    run("rm", contacts.photo(one))
    dunst.wait_count(1)
    newest, = dunst.told()[:1]
    assert newest["summary"].startswith(f"{two}: ")


@pytest.mark.emulator("--people", "20")
def test_many(contacts, dunst, run):
    """Ten are shown, and one sum for the rest, which grows in place."""
    refuse(contacts)
    run("rm", *[contacts.photo(contacts.person(number)) for number in range(17)])
    contacts.emulator.wait_requests(17, method="DELETE", answered=True)
    contacts.mount.unmount()  # which tells what is left to tell
    told = [told["summary"] for told in dunst.told()]
    assert len(told) == 11 and "7 more photos were not changed" in told
