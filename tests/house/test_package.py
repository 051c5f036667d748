"""What must be the same in two places, or Debian's packages are wrong."""

import os
import re
from pathlib import Path

import pytest
from conftest import ROOT

DEBIAN = ROOT / "src/debian"


def test_version():
    version = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text())[1]
    assert re.match(r"contactfs \(([^)]+)\)", (DEBIAN / "changelog").read_text())[1] == version


def test_build_dependencies():
    """Every -dev package that ./dev installs, and no other (C's own is there wherever one builds)."""
    script = (ROOT / "dev").read_text()
    wanted = set(re.search(r"build_packages='([^']*)'", script)[1].split())
    named = re.search(r"^Build-Depends:((?:.*\n)(?: .*\n)*)", (DEBIAN / "control").read_text(), re.MULTILINE)[1]
    developing = {word for word in re.split(r"[,\s]+", named) if word.endswith("-dev")}
    assert developing == {word for word in wanted if word.endswith("-dev")} - {"libc6-dev"}


def installed_documentation():
    """Where in the package's folder each file goes, by debhelper's lists."""
    files = {}
    for pattern in (DEBIAN / "contactfs.docs").read_text().split():
        files.update({path: path.name for path in ROOT.glob(pattern)})
    for line in (DEBIAN / "contactfs.install").read_text().splitlines():
        pattern, _, folder = line.partition(" ")
        if folder.startswith("usr/share/doc/contactfs"):
            below = folder.removeprefix("usr/share/doc/contactfs").lstrip("/")
            files.update({path: f"{below}/{path.name}".lstrip("/") for path in ROOT.glob(pattern)})
    return files


DOCUMENTATION = installed_documentation()


@pytest.mark.parametrize("path", [path for path in DOCUMENTATION if path.suffix == ".md"], ids=lambda path: path.name)
def test_installed_documentation_leads_to_what_is_installed(path):
    installed = {*DOCUMENTATION.values(), *(str(parent) for name in DOCUMENTATION.values() for parent in Path(name).parents)}
    folder = Path(DOCUMENTATION[path]).parent
    for link in re.findall(r"\]\(([^):# ]+)(?:#[^)]*)?\)", path.read_text()):
        assert os.path.normpath(folder / link) in installed, link
