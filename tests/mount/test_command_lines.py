"""Command lines that ask for help, say too much or nothing sensible; and the demo without its server."""

import os
import shutil
from pathlib import Path

import pytest
from conftest import CONTACTFS

COMMANDS = ["mount", "demo", "status", "unmount", "login", "logout", "doctor"]
USAGE = 2
NO_ACCOUNT = "cannot name an account"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(cli, command):
    """Asked for by name, a command says how it is called, and does nothing else."""
    before = sorted(cli.home.rglob("*"))
    result = cli(command, "--help")
    assert (result.status, result.errors) == (0, ""), result
    assert f"contactfs {command}" in result.out and "Usage" in result.out
    assert sorted(cli.home.rglob("*")) == before


@pytest.mark.parametrize("words, says", [
    (["logout", "work"], "which account?"),
    (["logout", "--account"], "which account?"),
    (["logout", "--account", "a", "b"], "which account?"),
    (["logout", "--account=.hidden"], NO_ACCOUNT),
    (["logout", "--account", "a/b"], NO_ACCOUNT),
    (["logout", "--account", ""], NO_ACCOUNT),
    (["login", "--account", "a b"], NO_ACCOUNT),
    (["login", "--client", "/nowhere/client.json", "more"], "more"),
    (["login", "--colour"], "--colour"),
    (["mount", "--account", "x" * 201, "/nowhere"], NO_ACCOUNT),
    (["mount", "--max-photo-bytes", "1", "/nowhere"], "at least"),
    (["mount", "--timeout", "0", "/nowhere"], "--timeout"),
    (["mount", "--timeout", "soon", "/nowhere"], "--timeout"),
    (["mount", "-o", "", "/nowhere", "/elsewhere"], "/elsewhere"),
    (["unmount"], "no folder given"),
    (["unmount", "--lazy", "/nowhere"], ""),
    (["status", "a", "b"], ""),
    (["doctor", "a"], "a"),
    (["contacts", "/nowhere"], "there is no command"),
    (["contacts", "/nowhere", "--timeout"], "there is no command"),
    (["--timeout", "/nowhere", "-o", "x"], "there is no command"),
    ([], "which command?"),
], ids=lambda value: " ".join(word[:20] for word in value) if isinstance(value, list) else "")
def test_words_that_make_no_sense(cli, words, says):
    result = cli(*words)
    assert (result.status, result.out) == (USAGE, ""), result
    assert result.errors.startswith("contactfs: ") and says in result.errors, result


@pytest.mark.parametrize("words", [["--account=work"], ["--account", "work"], []], ids=" ".join)
def test_logout_of_nobody(cli, words):
    result = cli("logout", *words)
    assert result.status != 0 and ("work" if words else "default") in result.errors, result


# ---- the demo's server ----

@pytest.fixture
def alone(cli, run, tmp_path):
    """contactfs in a folder of its own, with the server that a test puts there."""
    place = tmp_path / "alone"
    place.mkdir()
    shutil.copy(CONTACTFS, place / "contactfs")

    def call(*args, server=None, **options):
        if server is not None:
            program = place / "people-emulator"
            program.write_text(f"#!/bin/sh\n{server}\n")
            program.chmod(0o755)
        return run(place / "contactfs", *args, check=False, env={**cli.env, "PATH": "/usr/bin:/bin"}, **options)

    return call


@pytest.mark.skipif(shutil.which("people-emulator") is not None, reason="people-emulator is installed here")
def test_demo_without_its_server(alone, folder):
    result = alone("demo", folder)
    assert result.status == 1 and "the demo needs people-emulator" in result.errors, result
    assert not os.path.ismount(folder)


@pytest.mark.parametrize("server", ["exit 1", "kill -9 $$", "echo >&3", "echo ready >&3", "echo '{}' >&3", "printf '{' >&3",
                                    """echo '{"api_url":"http://127.0.0.1:1"}' >&3"""])
@pytest.mark.parametrize("foreground", [False, True])
def test_demo_whose_server_does_not_start(alone, cli, folder, server, foreground):
    """Whatever comes in place of its addresses; it says where the reason is, unless that was on the terminal."""
    result = alone("demo", *(["--foreground"] if foreground else []), folder, server=f"echo why it failed >&2; {server}")
    assert result.status == 1 and "people-emulator did not start" in result.errors, result
    assert ("; why is in " in result.errors) != foreground
    assert not os.path.ismount(folder)
    log = Path(cli.env["XDG_STATE_HOME"]) / "contactfs/demo-service/log"
    if foreground:
        assert "why it failed" in result.errors
    else:
        assert log.read_text() == "why it failed\n"


@pytest.mark.parametrize("ports", ["", "x", "0 0", "1", "99999 1", "1 99999"])
def test_demo_whose_ports_are_none(cli, folder, ports):
    """The file that keeps its ports was damaged: it takes others."""
    place = Path(cli.env["XDG_STATE_HOME"]) / "contactfs/demo-service"
    place.mkdir(parents=True)
    (place / "ports").write_text(ports)
    assert cli("demo", folder).status == 0
    assert len(os.listdir(folder)) >= 16
    kept = [int(port) for port in (place / "ports").read_text().split()]
    assert len(kept) == 2 and all(1024 < port < 65536 for port in kept)
    assert cli("unmount", folder).status == 0
