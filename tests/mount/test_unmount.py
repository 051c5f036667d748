"""contactfs unmount: what it waits for, and who keeps it from coming to an end."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import namespace
import pytest
from changes import await_change
from clock import Clock
from conftest import BUILD, CONTACTFS
from eventually import eventually
from mounts import mounts_at
from processes import wait_readable
from terminals import Terminal

root_only = pytest.mark.skipif(os.getuid() != 0, reason="binds a mount")


def test_unmount_waits_for_somebody_who_asks_just_then(contacts, tmp_path, run, clean_env):
    """Busy once, and free a moment later."""
    if os.getuid() == 0:
        wrapper = ["strace", "-f", "-o", tmp_path / "strace", "-e", "inject=umount2:error=EBUSY:when=1"]
        env = {"ASAN_OPTIONS": "detect_leaks=0"}
    else:
        (tmp_path / "bin").mkdir()
        busy = tmp_path / "bin/fusermount3"
        busy.write_text(f"#!/bin/sh\nrm '{busy}'\necho 'failed to unmount: Device or resource busy' >&2\nexit 1\n")
        busy.chmod(0o755)
        wrapper, env = [], {"PATH": f"{tmp_path}/bin:{clean_env['PATH']}"}
    result = run(*wrapper, CONTACTFS, "unmount", contacts.path, env={**contacts.mount.env, **env}, check=False)
    assert (result.status, result.errors) == (0, "")
    contacts.mount.wait_end()


class Elsewhere:
    """A program that has a mount namespace of its own, with a copy of the mount at path."""

    def __init__(self, run, path, tmp_path):
        root = tmp_path / "root"
        root.mkdir()
        self.process = run.start(sys.executable, namespace.__file__, "hold", path, root, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if self.process.stdout.readline() != b"here\n":
            pytest.skip("no mount namespace can be had here")
        self.name = Path(f"/proc/{self.process.pid}/comm").read_text(encoding="ascii").strip()

    def end(self):
        self.process.communicate(b"\n")


def test_unmount_names_the_program_whose_namespace_has_the_mount(contacts, run, tmp_path):
    """Its process cannot end then, and nobody must wait for that without a word."""
    elsewhere = Elsewhere(run, contacts.path, tmp_path)
    result = run(CONTACTFS, "unmount", contacts.path, env=contacts.mount.env, check=False)
    assert result.status == 1 and result.errors.count("\n") == 1, result
    who = f"“{elsewhere.name}” (PID {elsewhere.process.pid})"
    assert f"is unmounted here, but not for {who} in a mount namespace of its own" in result.errors
    assert mounts_at(contacts.path) == [] and not wait_readable([contacts.mount.pidfd], 0)
    elsewhere.end()
    contacts.mount.wait_end()
    assert contacts.mount.exit_status == 0


@pytest.mark.skipif(os.getuid() != 0, reason="fusermount3 is not setuid where strace looks on")
def test_a_program_that_lets_go_of_its_copy_is_not_named(contacts, run, tmp_path):
    """It begins a mount namespace just then, as each program in a sandbox does. The first look at the copy finds it."""
    elsewhere = Elsewhere(run, contacts.path, tmp_path)
    trace = tmp_path / "strace"
    trace.touch()
    program = run.start("strace", "-f", "-o", trace, "-P", f"/proc/{elsewhere.process.pid}/root/mount",
                        "-e", "inject=getxattr:signal=SIGSTOP:when=1", CONTACTFS, "unmount", contacts.path,
                        env={**contacts.mount.env, "ASAN_OPTIONS": "detect_leaks=0"}, stderr=subprocess.PIPE)
    looks = eventually(lambda: re.search(r"^(\d+) .*stopped by SIGSTOP", trace.read_text(), re.M))
    elsewhere.end()
    os.kill(int(looks[1]), signal.SIGCONT)
    result = run.finish(program)
    assert (result.status, result.errors) == (0, "")
    contacts.mount.wait_end()


@root_only
def test_unmount_names_the_other_folder_that_has_the_mount(contacts, run, tmp_path):
    other = tmp_path / "other folder"
    other.mkdir()
    run("mount", "--bind", contacts.path, other)
    result = run(CONTACTFS, "unmount", contacts.path, env=contacts.mount.env, check=False)
    assert result.status == 1 and f"not for the folder {other}, which it is bound to" in result.errors
    run(CONTACTFS, "unmount", other, env=contacts.mount.env)
    contacts.mount.wait_end()


@pytest.mark.options("--upload-timeout", "60")
def test_unmount_says_what_it_waits_for(contacts, run):
    contacts.emulator.fault("delay", method="DELETE", delay_ms=12000)
    contacts.photo(contacts.person()).unlink()
    result = run(CONTACTFS, "unmount", contacts.path, env=contacts.mount.env, check=False)
    assert result.status == 0
    assert re.search(r"waiting for at most \d+ seconds until its process has sent what was promised", result.errors)
    assert contacts.mutations() == ["DELETE"]
    contacts.mount.wait_end()


@pytest.mark.options("--upload-timeout", "60")
def test_the_next_file_system_of_the_same_number_holds_nothing(contacts, mount, run):
    """The kernel gives the number of a file system that is gone to the next one, as soon as it is gone."""
    contacts.emulator.fault("hang", method="DELETE", times=-1)
    contacts.photo(contacts.person()).unlink()
    unmounting = run.start(CONTACTFS, "unmount", contacts.path, env=contacts.mount.env, stderr=subprocess.PIPE)
    eventually(lambda: mounts_at(contacts.path) == [])
    others = [mount(contacts.emulator) for _ in range(4)]
    assert wait_readable([unmounting.stderr], 60)
    contacts.emulator.clear_faults()
    assert b"waiting for at most" in unmounting.communicate(timeout=120)[1]
    assert unmounting.returncode == 0
    for other in others:
        other.unmount()


@pytest.fixture
def three_to_send(contacts):
    """Three photos were removed, and the service takes none of these changes for now."""
    contacts.emulator.fault("status", method="DELETE", status=503, times=-1)
    for number in range(3):
        contacts.photo(contacts.person(number)).unlink()
    yield contacts
    contacts.mount.wait_end()
    assert contacts.mount.exit_status == 0
    assert len({request["path"] for request in contacts.emulator.requests(method="DELETE") if request["status"] == 200}) == 3
    assert not list(contacts.mount.state.rglob("ending.json"))


def unmount_on_terminal(contacts, *options, columns=100):
    return Terminal([CONTACTFS, "unmount", *options, contacts.path], contacts.mount.env, columns)


@pytest.mark.options("--upload-timeout", "60")
@pytest.mark.parametrize("columns, words", [(100, "----] 0/3 changes sent"), (20, "0/3")])
def test_progress_on_a_terminal(three_to_send, columns, words):
    terminal = unmount_on_terminal(three_to_send, columns=columns)
    terminal.wait_for(words)
    three_to_send.emulator.clear_faults()
    assert terminal.end() == 0 and terminal.shown.endswith(b"\r\x1b[K"), terminal.shown
    assert all(len(line) < columns for line in terminal.shown.split(b"\r\x1b[K") if b"contactfs:" not in line)


@pytest.mark.options("--upload-timeout", "60")
def test_ctrl_c_ends_the_wait_alone(three_to_send):
    terminal = unmount_on_terminal(three_to_send)
    terminal.wait_for("0/3 changes sent")
    terminal.type("\x03")
    assert terminal.end() == -signal.SIGINT
    assert b"is unmounted; its process goes on sending what was promised, 3 more changes\r\n" in terminal.shown
    three_to_send.emulator.clear_faults()


@pytest.mark.options("--upload-timeout", "60")
@pytest.mark.parametrize("options", [[], ["--quiet"]])
def test_a_line_a_minute_elsewhere(three_to_send, run, tmp_path, options):
    clock = Clock(BUILD, tmp_path)
    unmounting = run.start(CONTACTFS, "unmount", *options, three_to_send.path, stderr=subprocess.PIPE, bufsize=0,
                           env={**three_to_send.mount.env, **clock.env})
    ending = three_to_send.mount.state / "state/contactfs/default/ending.json"
    await_change(ending.parent, ending.exists)
    if options:
        for _ in range(3):
            clock.advance(61)
            wait_readable([unmounting.stderr], 1)
    else:
        eventually(lambda: clock.advance(61) or wait_readable([unmounting.stderr], 1), why="no minute was told")
        assert unmounting.stderr.readline() == b"contactfs: 0/3 changes sent\n"
    three_to_send.emulator.clear_faults()
    words = unmounting.communicate(timeout=120)[1]
    assert unmounting.returncode == 0 and (words == b"" or not options)
