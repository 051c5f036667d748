"""What the programs' --help says, for the tests of what must follow it."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CONTACTFS_BUILD", ROOT / "build")).resolve()
PATHS = [BUILD / "src/cli", BUILD / "src/emulator"]
OPTION = re.compile(r"^ +(?:-[a-zA-Z], *)?--([a-z][a-z-]*)(?:[= ]([A-Z]\S*))?(?: |$)", re.MULTILINE)


def output(*command, env=None):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, timeout=60, env=env,
                          stdin=subprocess.DEVNULL).stdout


@pytest.fixture(scope="session")
def env(tmp_path_factory):
    """A home with two accounts, and our programs in the PATH."""
    home = tmp_path_factory.mktemp("home")
    (home / ".config/contactfs/work").mkdir(parents=True)
    for name in ("work", "default", "demo", "demo-service"):
        (home / ".local/state/contactfs" / name).mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return {**kept, "HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "dumb",
            "PATH": ":".join([*map(str, PATHS), os.environ["PATH"]])}


class Help:
    """Every program with its commands: words → {option: its argument's name, or None}."""

    def __init__(self, env):
        self.env = env
        usage = output("contactfs", "--help", env=env)
        section = usage.split("Commands:\n")[1].split("\n\n")[0]
        self.commands = [name for line in section.splitlines() if (found := re.match(r"  ([a-z]+(?:, [a-z]+)*)", line))
                         for name in found[1].split(", ")]
        self.options = {("people-emulator",): self._options("people-emulator")}
        for command in self.commands:
            self.options[("contactfs", command)] = self._options("contactfs", command)

    def _options(self, *words):
        ended = subprocess.run([*words, "--help"], env=self.env, check=False, capture_output=True, text=True, timeout=60)
        return {name: argument or None for name, argument in OPTION.findall(ended.stdout)}

    def all_options(self, program):
        return {name for words, options in self.options.items() if words[0] == program for name in options}


@pytest.fixture(scope="session")
def programs(env):
    return Help(env)
