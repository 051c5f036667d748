"""A desktop that nobody sees: an X server in memory, a session bus, a window manager, and hands and eyes on it.

Keys go by xdotool, the clipboard by xclip, and what a window says is read as a screen reader reads it (AT-SPI), so that no
test knows where a button lies.
"""

import contextlib
import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from eventually import PATIENCE, eventually
from pointer import Pointer

WIDTH, HEIGHT = 1000, 700
HALVES = {"left": 0, "right": WIDTH // 2}
REFUSING = (WIDTH * 3 // 4, 8)  # the title of the window on the right
BESIDE = (WIDTH - 60, HEIGHT - 200)  # in that window, on nothing
TIMEOUT = PATIENCE
EYES = Path(__file__).with_name("eyes.py")


def missing(*programs):
    """Those of programs that are not installed."""
    return [program for program in programs if shutil.which(program) is None]


class Desktop:
    PROGRAMS = ("Xvfb", "dbus-daemon", "openbox", "xdotool", "xclip", "import")

    def __init__(self, folder, env):
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        self.log = open(folder / "log", "ab")  # pylint: disable=consider-using-with
        self.folder = folder
        self.processes = []
        self.clicks = itertools.cycle(range(8))
        # No GIO_USE_VFS: a desktop has gvfs, and file managers rely on it.
        self.env = {**{name: value for name, value in env.items() if name not in ("GIO_USE_VFS", "G_DEBUG")},
                    "XDG_RUNTIME_DIR": str(runtime), "XDG_SESSION_TYPE": "x11", "GDK_BACKEND": "x11",
                    "QT_QPA_PLATFORM": "xcb", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
                    "LIBGL_ALWAYS_SOFTWARE": "1", "GSK_RENDERER": "cairo",
                    "XCURSOR_CORE": "1",  # GTK 2 would draw what is dragged into the pointer, whose shape had no name then
                    "GTK_MODULES": "gail:atk-bridge"}  # GTK 2 alone needs to be told
        del self.env["GSETTINGS_BACKEND"]
        display = self._start_telling("Xvfb", "-displayfd", "{}", "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp")
        self.env["DISPLAY"] = f":{display}"
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self._start_telling("dbus-daemon", "--session", "--nofork",
                                                                   "--print-address={}")
        self.start("openbox", "--config-file", str(self._window_manager(folder)))
        self.pointer = Pointer(self.env["DISPLAY"])

    @staticmethod
    def _window_manager(folder):
        """New windows cover the screen, so that the newest is what is seen; keys bring one to a half of it."""
        path = folder / "openbox.xml"
        halves = "".join(f'<keybind key="W-{side.title()}"><action name="Unmaximize"/><action name="MoveResizeTo"><x>{x}</x><y>0</y>'
                         f'<width>{WIDTH // 2}</width><height>{HEIGHT}</height></action></keybind>'
                         for side, x in HALVES.items())
        path.write_text('<openbox_config xmlns="http://openbox.org/3.4/rc"><applications><application class="*" type="normal">'
                        f'<maximized>yes</maximized></application></applications><keyboard>{halves}</keyboard></openbox_config>')
        return path

    # ---- processes ----

    def start(self, *args, **options):
        process = subprocess.Popen([str(arg) for arg in args], env=self.env, stdin=subprocess.DEVNULL, stdout=self.log,
                                   stderr=self.log, start_new_session=True, **options)
        self.processes.append(process)
        return process

    def _start_telling(self, *args):
        """Starts a program that writes a line to a descriptor once it can be used; the line."""
        reader, writer = os.pipe()
        with open(reader, encoding="utf-8") as told:
            self.start(*[arg.replace("{}", str(writer)) for arg in args], pass_fds=[writer])
            os.close(writer)
            return told.readline().strip()

    def run(self, *args, **options):
        return subprocess.run([str(arg) for arg in args], env=self.env, check=True, timeout=TIMEOUT, stderr=self.log,
                              **{"stdout": subprocess.PIPE, **options}).stdout

    def close(self):
        self.pointer.close()
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            process.wait(TIMEOUT)
        self.log.close()

    # ---- hands ----

    def put(self, target, content):
        """Onto the clipboard, as what kind of thing; xclip comes back when it is there."""
        self.run("xclip", "-selection", "clipboard", "-t", target, input=content.encode(), stdout=subprocess.DEVNULL)

    def activate(self, title):
        """Waits for a window by a regular expression, and makes it the one that gets the keys."""
        search = ("xdotool", "search", "--sync", "--onlyvisible", "--limit", "1", "--name", title, "windowactivate", "--sync")
        self._wait(lambda: self._succeeds(*search), f"no window said {title!r}")

    def _succeeds(self, *args):
        """xdotool fails when a window goes away while it looks at it."""
        return subprocess.run(args, env=self.env, check=False, timeout=TIMEOUT, stdout=self.log, stderr=self.log).returncode == 0

    def keys(self, *keys):
        self.run("xdotool", "key", "--clearmodifiers", *keys)

    def click_beside(self):
        """On nothing, since what is selected is shown in other colours; elsewhere each time, for it to be no double click."""
        self.run("xdotool", "mousemove", WIDTH - 120, HEIGHT - 120 - 20 * next(self.clicks), "click", "1")

    def to_half(self, side, title):
        """Of windows that are new, some lose the keys once more."""
        def is_there():
            try:
                self.activate(title)
                self.keys(f"super+{side.title()}")
                geometry = self.run("xdotool", "getactivewindow", "getwindowgeometry", "--shell").decode()
            except subprocess.CalledProcessError:
                return False
            x, width = (int(re.search(rf"^{name}=(.*)$", geometry, re.MULTILINE)[1]) for name in ("X", "WIDTH"))
            return abs(x - HALVES[side]) < 40 and width <= WIDTH // 2 + 40
        self._wait(is_there, f"the window did not come to the {side}")

    def drag(self, colour, shape, held=None):
        """What has a thumbnail of this colour, onto nothing in the window on the right, when the pointer says that this drop
        would be taken (shape), with a key held meanwhile."""
        self._wait(lambda: self._pick_up(colour), f"nothing of the colour {colour} was picked up")
        self._drag_to(REFUSING, "dnd-none|dnd-no-drop|not-allowed")
        if held is not None:
            self.run("xdotool", "keydown", held)
        self._drag_to(BESIDE, shape)
        self.run("xdotool", "mouseup", "1")
        if held is not None:
            self.run("xdotool", "keyup", held)

    def _pick_up(self, colour):
        """FALSE: the thumbnail moved meanwhile, since the window had just got another shape."""
        place = self.find(colour)
        if place is None:
            return False
        self.run("xdotool", "mousemove", *place, "mousedown", "1")
        for step in range(1, 11):
            self.run("xdotool", "mousemove", place[0] + 4 * step, place[1] + step)
        try:
            return eventually(lambda: re.match("dnd-|not-allowed", self.pointer.shape()), 2)
        except AssertionError:
            self.run("xdotool", "mouseup", "1")
            return False

    def _drag_to(self, place, shape):
        """And a little about: programs that ask what is dragged say what they think of it at the next movement."""
        def is_taken():
            self.run("xdotool", "mousemove", place[0] - 4, place[1], "mousemove", *place)
            return re.match(f"({shape})$", self.pointer.shape())
        self._wait(is_taken, f"the pointer at {place} did not become {shape}")

    # ---- eyes ----

    def _look(self, *args):
        return subprocess.run([sys.executable, EYES, *args], env=self.env, check=False, timeout=TIMEOUT, stderr=self.log,
                              stdout=subprocess.PIPE, text=True)

    def things(self):
        """What has a name on the screen, as text: a line for each, its role, a tab, its name."""
        return self._look().stdout

    def _wait(self, predicate, why):
        """Screen readers are told of changes too, but not by every toolkit of all of them."""
        with self._seen(why):
            return eventually(predicate, TIMEOUT, why)

    def wait_requests(self, contacts, method):
        """Waits until the service answered one."""
        with self._seen(f"no {method}"):
            contacts.emulator.wait_requests(1, method=method, answered=True)

    @contextlib.contextmanager
    def _seen(self, why):
        """What does not come is told with what there is."""
        try:
            yield
        except AssertionError as error:
            seen = self.folder / (re.sub(r"\W+", " ", why).strip() + ".png")
            self.screenshot(seen)
            raise AssertionError(f"{error}; {seen} shows it; there was:\n{self.things()}") from None

    def wait_words(self, pattern):
        words = re.compile(rf"\t{pattern}", re.MULTILINE)
        self._wait(lambda: words.search(self.things()), f"nothing said {pattern!r}")

    def wait_no_words(self, pattern):
        words = re.compile(rf"\t{pattern}", re.MULTILINE)
        self._wait(lambda: not words.search(self.things()), f"something said {pattern!r}")

    def keys_until(self, pattern, *keys):
        """For programs that lose keys: again, until something says this."""
        words = re.compile(rf"\t{pattern}", re.MULTILINE)

        def said():
            self.keys(*keys)
            return words.search(self.things())
        self._wait(said, f"nothing said {pattern!r} after {keys}")

    def press(self, label):
        """Waits for a button, by a regular expression, and presses it, as a screen reader does."""
        self._wait(lambda: self._look("press", label).returncode == 0, f"no button {label!r}")

    def _places(self, colour):
        """Of all pixels of the screen that are nearly of a colour (r, g, b)."""
        raw = self.run("import", "-silent", "-window", "root", "-depth", "8", "rgb:-")
        red, green, blue = raw[0::3], raw[1::3], raw[2::3]
        return [(place % WIDTH, place // WIDTH) for place, (r, g, b) in enumerate(zip(red, green, blue))
                if abs(r - colour[0]) < 12 and abs(g - colour[1]) < 12 and abs(b - colour[2]) < 12]

    def pixels(self, colour):
        """How many there are."""
        return len(self._places(colour))

    def find(self, colour, least=400):
        """The middle of them; None while they are few."""
        places = self._places(colour)
        return tuple(int(statistics.median(axis)) for axis in zip(*places)) if len(places) >= least else None

    def wait_colour(self, colour, least=400):
        """Waits for a thumbnail. File managers select what was pasted, some when one has clicked beside it already."""
        def shown():
            self.click_beside()
            return self.pixels(colour) >= least
        self._wait(shown, f"the colour {colour} did not come")

    def screenshot(self, path):
        self.run("import", "-silent", "-window", "root", path)
