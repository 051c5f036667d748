"""File managers on a desktop that nobody sees (screen.py), on the mounts of tests/mount/conftest.py.

desktop     the desktop, one for all tests
manager     the class's file manager (its `manager`, one of managers.py) → .open(folder) .paste(picture, folder) …;
            it ends with the test, before the mount does
plain       plain((r, g, b), name) → a JPEG of one colour, so that a thumbnail is known by its pixels
"""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def _mount_fixtures():
    spec = importlib.util.spec_from_file_location("mount_fixtures", HERE.parent / "mount/conftest.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mount_fixtures"] = module
    spec.loader.exec_module(module)
    return module


sys.path.append(str(HERE))
_mount_fixtures()

from mount_fixtures import clean_env, contacts, emulator, faces, mount, run  # noqa: E402, F401  # pylint: disable=all
from mount_fixtures import pytest_configure  # noqa: E402, F401

from screen import Desktop, missing  # noqa: E402


@pytest.fixture(scope="session")
def desktop(clean_env, tmp_path_factory):  # noqa: F811
    lacking = missing(*Desktop.PROGRAMS)
    if lacking:
        pytest.skip(f"not installed: {', '.join(lacking)} (./dev desktop installs them)")
    pytest.importorskip("gi", reason="not installed: python3-gi (./dev desktop installs it)")
    screen = Desktop(tmp_path_factory.mktemp("desktop"), clean_env)
    yield screen
    screen.close()


@pytest.fixture
def manager(request, contacts, desktop):  # noqa: F811
    kind = request.cls.manager
    if missing(kind.program):
        pytest.skip(f"{kind.program} is not installed (./dev desktop installs it)")
    made = kind(desktop)
    yield made
    made.close()


@pytest.fixture
def plain(run, tmp_path):  # noqa: F811
    def make(colour, name="photo.jpg"):
        folder = tmp_path / "pictures" / "-".join(map(str, colour))
        folder.mkdir(parents=True, exist_ok=True)
        run("convert", "-size", "320x320", "xc:rgb({},{},{})".format(*colour), "-quality", "95", folder / name)
        os.utime(folder / name, (1577880000, 1577880000))  # of 2020: programs that compare times see that it is not kept
        return folder / name
    return make
