"""Completions in the shells themselves: a function call in bash, a terminal in zsh, complete -C in fish."""

import os
import re
import shutil
import subprocess

import pytest

from conftest import ROOT, output

HERE = ROOT / "tests/house"
FOLDERS = {"contactfs": ROOT / "src/cli/completions", "people-emulator": ROOT / "src/emulator/completions"}


def ask_bash(line, env):
    words = re.findall(r"(?:\\.|[^\s=])+|=", line) + ([""] if line[-1] in " =" else [])
    program = words[0]
    offered = output(HERE / "complete.bash", FOLDERS[program] / f"{program}.bash", line, *words, env=env).splitlines()
    return [re.sub(r"\\(.)", r"\1", word).rstrip("=") for word in offered if word]


def ask_zsh(line, env):
    offered = output(HERE / "complete.zsh", FOLDERS[line.split()[0]], line, env=env).splitlines()
    return [re.sub(r"^--[a-z-]+=(?=.)|\\", "", word).rstrip("=") for word in offered]


def ask_fish(line, env):
    program = line.split()[0]
    offered = output("fish", "-c", f"source {FOLDERS[program]}/{program}.fish; complete -C '{line}'", env=env).splitlines()
    return [re.sub(r"^--[a-z-]+=(?=.)", "", word.split("\t")[0]).rstrip("=") for word in offered]


def why_not(shell):
    """Why the shell cannot be asked here, or None."""
    if shutil.which(shell) is None:
        return f"no {shell} here"
    if shell == "zsh":
        try:
            for end in os.openpty():
                os.close(end)
        except OSError:  # a root without /dev/pts
            return "no terminal for zsh here"
    return None


@pytest.fixture(params=["bash", "zsh", "fish"])
def ask(request, env):
    """ask(line) → what the shell offers for its last word, options without their "=", values without their option."""
    reason = why_not(request.param)
    if reason is not None:
        pytest.skip(reason)
    shell = {"bash": ask_bash, "zsh": ask_zsh, "fish": ask_fish}[request.param]
    return lambda line: shell(line, env)


def options(words):
    return {word[2:] for word in words if word.startswith("--")}


def test_commands(ask, programs):
    assert {word for word in ask("contactfs ") if not word.startswith("-")} == set(programs.commands)


@pytest.mark.parametrize("command", ["mount", "demo", "doctor", "login", "status", "import", "list", "restore", "unmount"])
def test_options_of_a_command(ask, programs, command):
    """All of --help, and no others. (zsh has -o for --options, which it offers after one dash.)"""
    wanted = set(programs.options[("contactfs", command)]) - {"options"}
    assert options(ask(f"contactfs {command} --")) - {"options"} == wanted


def test_options_of_the_emulator(ask, programs):
    assert options(ask("people-emulator --")) | {"help"} == programs.all_options("people-emulator") | {"help"}


def test_accounts(ask):
    assert sorted(ask("contactfs mount --account=")) == ["default", "work"]
    assert sorted(ask("contactfs mount --account w")) == ["work"]


def test_files(ask):
    assert any(word.endswith("hostname") for word in ask("contactfs mount --credentials=/etc/hostn"))


def test_which_photos(ask):
    assert sorted(ask("contactfs import --replace=s")) == ["smaller"]


def test_folders(ask):
    assert any(word.rstrip("/").endswith("etc") for word in ask("contactfs mount /et"))


def test_mount_options(ask):
    assert [word.removeprefix("ro,") for word in ask("contactfs mount -o ro,sync")] == ["sync-interval"]


@pytest.fixture(scope="module")
def mounted(env, tmp_path_factory):
    """The demo's contacts, in a folder with a space in its name."""
    if not os.access("/dev/fuse", os.W_OK):
        pytest.skip("no /dev/fuse")
    folder = tmp_path_factory.mktemp("mounted") / "my contacts"
    folder.mkdir()
    output("contactfs", "demo", folder, env=env)
    yield folder
    subprocess.run(["contactfs", "unmount", folder], env=env, check=True)


def test_mounts(mounted, env):
    for shell, ask in (("bash", ask_bash), ("zsh", ask_zsh), ("fish", ask_fish)):
        if why_not(shell) is None:
            for command in ("unmount", "status", "list", "restore"):
                assert str(mounted) in [word.rstrip("/") for word in ask(f"contactfs {command} ", env)], (shell, command)


@pytest.mark.parametrize("command", ["status", "restore"])
def test_contacts(mounted, ask, command):
    """By the name alone, in any capitals; what is offered is the folder."""
    folder = str(mounted)
    assert f"{folder}/Alice Smith" in ask(f"contactfs {command} ali")
    assert f"{folder}/Søren Østergård" in ask(f"contactfs {command} Søren\\ Ø")
    assert not [word for word in ask(f"contactfs {command} lice") if word.startswith(folder)]
    assert not [word for word in ask(f"contactfs {command} ") if "Alice" in word]


def test_nobody_is_offered_elsewhere(mounted, ask):
    for line in ("contactfs unmount ali", "contactfs list ali"):
        assert not [word for word in ask(line) if "Alice" in word]
