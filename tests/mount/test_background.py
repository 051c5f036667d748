"""contactfs mount without --foreground: what it says when its process ends too early, and what that process lets go of."""

import os
import signal
import subprocess

import pytest
from conftest import CONTACTFS
from emulator import TOKEN
from processes import descendants

LIST = "/v1/people/me/connections"


@pytest.fixture
def begin(emulator, cli, run, folder):
    """Runs `contactfs mount`, and does not wait for it."""
    started = []

    def call(*words, **options):
        words = [CONTACTFS, "mount", "--api-url", emulator.api_url, "--token-command", f"echo {TOKEN}", *words, folder]
        started.append(subprocess.Popen(words, env={**run.env, **cli.env}, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        **options))
        return started[-1]

    yield call
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("path", [LIST, "/v1/contactGroups"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_before_the_mount_is_usable(begin, emulator, folder, number, path):
    """The first request for contacts or labels hangs. Its process is killed, or the person presses Ctrl-C."""
    emulator.fault("hang", path=path, times=-1)
    process = begin("--timeout", "600", "--label", "Choir")
    emulator.wait_requests(1, path=path)
    child, = descendants(process.pid)
    os.kill(child if number == signal.SIGKILL else process.pid, number)
    errors = process.communicate(timeout=60)[1]
    died = "the mount's process died before the mount was usable (Killed); nothing was mounted"
    assert process.returncode == 1 and (died if number == signal.SIGKILL else "nterrupted") in errors, errors
    assert not os.path.ismount(folder) and os.listdir(folder) == []
    emulator.clear_faults()


def test_descriptors_of_the_caller_are_let_go(begin, cli, folder):
    """A shell that waits for the end of its pipe does not wait for the mount's end."""
    there, here = os.pipe()
    process = begin(pass_fds=[here])
    os.close(here)
    assert process.communicate(timeout=60)[1] == "" and process.returncode == 0
    assert os.read(there, 1) == b"", "nobody has the other end"
    os.close(there)
    assert len(os.listdir(folder)) >= 16
    assert cli("unmount", folder).status == 0
