"""Who is held off, as docs/security.md has it: other users of the computer, and whoever comes to see memory or a disk."""

import errno
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import CONTACTFS
from checks import errno_of
from logins import Desk

STRANGER = 65534
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]

root_only = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else, and see memory")
user_only = pytest.mark.skipif(os.getuid() == 0, reason="nothing is hidden from root")
plain_only = pytest.mark.skipif(b"__asan_init" in Path(CONTACTFS).read_bytes(), reason="LeakSanitizer traces its own process")


# ---- other users of the computer ----

@root_only
def test_nobody_else_sees_the_contacts(contacts):
    ended = subprocess.run(["setpriv", f"--reuid={STRANGER}", "--clear-groups", "ls", contacts.path], check=False, capture_output=True,
                           text=True, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
    assert ended.returncode != 0 and "Permission denied" in ended.stderr


def test_nobody_else_can_open_what_is_kept(contacts, faces):
    """Whatever the caller's umask: the database, photos, what was replaced, what was refused."""
    photo = contacts.photo(contacts.person())
    old = photo.read_bytes()
    photo.write_bytes(faces.face_bytes(1))
    assert errno_of(photo.write_bytes, b"\xff\xd8no picture") == errno.EINVAL
    tops = [path for path in contacts.mount.state.rglob("contactfs") if path.is_dir()]
    kept = [path for top in tops for path in [top, *top.rglob("*")]]
    assert any(path.is_file() and path.read_bytes() == old for path in kept) and any(path.suffix == ".sqlite" for path in kept)
    assert [path for path in kept if stat.S_IMODE(path.lstat().st_mode) & 0o077] == []


# ---- memory ----

def hidden(pid):
    """What a program of the same user may not open of this process: its memory, its files, its environment."""
    return [name for name in ("mem", "environ", "maps", "fd/0") if subprocess.run(
        [*(WITHOUT_RIGHTS if os.getuid() == 0 else []), sys.executable, "-c", f"open('/proc/{pid}/{name}', 'rb')"], check=False,
        capture_output=True).returncode != 0]


@plain_only
def test_no_program_looks_into_a_login(run, tmp_path, emulator):
    """And the kernel writes no core file of it, to no program either: both hang on PR_SET_DUMPABLE."""
    desk = Desk(run, CONTACTFS, tmp_path / "desk", emulator)
    try:
        attempt = desk.start("--client", desk.client, wrapper=WITHOUT_RIGHTS if os.getuid() == 0 else [])
        attempt.await_browser()
        assert hidden(os.getpid() if os.getuid() != 0 else attempt.desk.run.start(*WITHOUT_RIGHTS, "tail", "-f", "/dev/null").pid) == []
        assert hidden(attempt.process.pid) == ["mem", "environ", "maps", "fd/0"]
        attempt.process.terminate()
        attempt.finish()
    finally:
        desk.close()


@plain_only
@user_only
def test_no_program_looks_into_a_mount(contacts):
    assert hidden(contacts.mount.pid) == ["mem", "environ", "maps", "fd/0"]


def found_in_memory(pid, secret):
    """How often secret is in what a process can write."""
    count = 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            begin, end, mode = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            if not mode.startswith("rw") or line.endswith("[vvar]"):
                continue
            memory.seek(int(begin, 16))
            count += memory.read(int(end, 16) - int(begin, 16)).count(secret)
    return count


@plain_only
@root_only
def test_a_token_that_is_over_is_not_left_in_memory(contacts, faces):
    """Ours, and the buffers of libcurl, are overwritten when they are freed."""
    mount, emulator = contacts.mount, contacts.emulator
    over, new = "0ver-and-done-w1th-this-token", "n3w-token-of-the-day"
    token = mount.state / "token"

    def change(now):
        emulator.add_token(now)
        token.write_text(now)
        emulator.revoke_tokens()
        emulator.add_token(now)
        for number in range(8):
            contacts.photo(contacts.person(number % 3)).write_bytes(faces.face_bytes(number % 4))

    change(over)
    assert found_in_memory(mount.pid, over.encode()) > 0, "it is in use"
    change(new)
    assert found_in_memory(mount.pid, new.encode()) > 0
    assert found_in_memory(mount.pid, over.encode()) == 0
