"""What must be the same in two places, or Debian's packages are wrong."""

import re

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
