"""The pictures in docs/pictures: sample contacts in file managers. Run by an ordinary user, since file managers warn root:

    /usr/bin/python3 tests/desktop/screenshots.py docs/pictures
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/desktop"), str(ROOT / "tests/lib")]

from emulator import Emulator  # noqa: E402
from eventually import eventually  # noqa: E402
from managers import Caja, Dolphin, Nautilus, Nemo, Thunar  # noqa: E402
from mounts import Mount  # noqa: E402
from processes import Programs  # noqa: E402
from screen import TIMEOUT, Desktop  # noqa: E402

BUILD = Path(os.environ.get("CONTACTFS_BUILD", ROOT / "build"))
LOOKS = 8
COLOURS = 128  # of a palette, which halves the size


def settle(desktop):
    """Thumbnails come one by one, and nothing says that the last has come: the screen stays as it is for some looks."""
    seen = []

    def still():
        seen.append(desktop.run("import", "-silent", "-window", "root", "rgb:-"))
        return len(seen) > LOOKS and len(set(seen[-LOOKS:])) == 1
    eventually(still, TIMEOUT, "the screen did not come to rest")


def keep(desktop, picture, window="root", options=()):
    """In as few bytes as it goes. window: its number; all of the screen without. options: of convert."""
    settle(desktop)
    desktop.run("import", "-silent", "-window", window, picture)
    desktop.run("convert", picture, "-strip", *options, "-resize", "70%", "+dither", "-colors", COLOURS, picture)
    desktop.run("optipng", "-quiet", "-o5", picture)


def show_overwriting(desktop, contacts, folder, target):
    picture = folder / "photo.jpg"
    shutil.copy(contacts / "Ben Carter/photo.jpg", picture)
    manager = Thunar(desktop)
    manager.open(folder)  # for the picture's thumbnail
    desktop.wait_words(manager.one_file)
    settle(desktop)
    manager.close()
    manager.open(contacts / "Alice Smith")
    desktop.wait_words(manager.one_file)
    manager.paste(picture)
    question = desktop.run("xdotool", "search", "--sync", "--onlyvisible", "--name", "^Confirm to replace").decode()
    keep(desktop, target / "thunar-replace.png", question.strip())
    manager.close()


def show_contacts(desktop, contacts, target):
    manager = Dolphin(desktop)
    manager.open(contacts)
    desktop.wait_words(r"\d+ Folders")
    keep(desktop, target / "dolphin-contacts.png")
    manager.close()


def wait_for_icons(desktop, mount):
    """All photos were looked at, and gvfs has each one's icon."""
    with_photo = [folder.parent for folder in mount.path.glob("*/photo.jpg")]
    mount.programs(mount.program, "list", mount.path, env=mount.env)
    eventually(lambda: all(b"custom-icon" in desktop.run("gio", "info", "-a", "metadata::custom-icon", folder)
                           for folder in with_photo), TIMEOUT, "not all folders have an icon")


def show_faces(desktop, contacts, target):
    for kind in (Nautilus, Nemo, Caja):
        manager = kind(desktop)
        manager.open(contacts)
        keep(desktop, target / f"{kind.program}-contacts.png", options=["-trim", "+repage"])  # without the black around it
        manager.close()


def main(target):
    with tempfile.TemporaryDirectory(prefix="home-") as home:
        folder = Path(home)
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": home, "GSETTINGS_BACKEND": "memory"}
        for name in ("contacts", "state", "desktop", "pictures"):
            (folder / name).mkdir()
        desktop = Desktop(folder / "desktop", env)
        with Emulator(["--face-size", "256"], program=BUILD / "src/emulator/people-emulator") as service:
            mount = Mount(Programs(env), str(BUILD / "src/cli/contactfs"), folder / "contacts", folder / "state", service,
                          ["--folder-icons"], "default", True,
                          {**desktop.env, "XDG_DATA_HOME": str(folder / ".local/share")}).start()
            try:
                show_overwriting(desktop, mount.path, folder / "pictures", target)
                show_contacts(desktop, mount.path, target)
                wait_for_icons(desktop, mount)
                show_faces(desktop, mount.path, target)
            finally:
                mount.unmount()
                desktop.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
