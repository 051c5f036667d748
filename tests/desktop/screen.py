"""A desktop that nobody sees: an X server in memory, a session bus, a window manager, and hands and eyes on it.

Keys go by xdotool, the clipboard by xclip, and what a window says is read as a screen reader reads it (AT-SPI), so that no
test knows where a button lies.
"""

import contextlib
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from eventually import eventually

WIDTH, HEIGHT = 1000, 700
TIMEOUT = 30
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
                    "GTK_MODULES": "gail:atk-bridge"}  # GTK 2 alone needs to be told
        del self.env["GSETTINGS_BACKEND"]
        display = self._start_telling("Xvfb", "-displayfd", "{}", "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp")
        self.env["DISPLAY"] = f":{display}"
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self._start_telling("dbus-daemon", "--session", "--nofork",
                                                                   "--print-address={}")
        self.start("openbox", "--config-file", str(self._window_manager(folder)))

    @staticmethod
    def _window_manager(folder):
        """New windows cover the screen, so that the newest is what is seen."""
        path = folder / "openbox.xml"
        path.write_text('<openbox_config xmlns="http://openbox.org/3.4/rc"><applications><application class="*" type="normal">'
                        '<maximized>yes</maximized></application></applications></openbox_config>')
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
        self.run("xdotool", "search", "--sync", "--onlyvisible", "--limit", "1", "--name", title, "windowactivate", "--sync")

    def keys(self, *keys):
        self.run("xdotool", "key", "--clearmodifiers", *keys)

    def click_beside(self):
        """On nothing, since what is selected is shown in other colours; elsewhere each time, for it to be no double click."""
        self.run("xdotool", "mousemove", WIDTH - 120, HEIGHT - 120 - 20 * next(self.clicks), "click", "1")

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

    def pixels(self, colour, window="root"):
        """How many pixels of the screen are nearly of a colour (r, g, b)."""
        raw = self.run("import", "-silent", "-window", window, "-depth", "8", "rgb:-")
        red, green, blue = raw[0::3], raw[1::3], raw[2::3]
        return sum(1 for r, g, b in zip(red, green, blue)
                   if abs(r - colour[0]) < 12 and abs(g - colour[1]) < 12 and abs(b - colour[2]) < 12)

    def wait_colour(self, colour, least=400):
        """Waits for a thumbnail. File managers select what was pasted, some when one has clicked beside it already."""
        def shown():
            self.click_beside()
            return self.pixels(colour) >= least
        self._wait(shown, f"the colour {colour} did not come")

    def screenshot(self, path):
        self.run("import", "-silent", "-window", "root", path)
