"""What the kernel asks the mount: no more than it must, since it is told of each change."""

import collections
import contextlib
import os
import re
import signal
import struct
import subprocess

import pytest
from eventually import eventually

ALICE, BEN = "Alice Smith", "Ben Carter"
ROOT = 1
OPCODES = {1: "LOOKUP", 3: "GETATTR", 14: "OPEN", 22: "GETXATTR", 27: "OPENDIR"}  # linux/fuse.h
root_only = pytest.mark.skipif(os.getuid() != 0, reason="looks into the daemon with strace")


@contextlib.contextmanager
def traced(mount, output, *options):
    """strace looks at the daemon; output has its lines afterwards."""
    watcher = subprocess.Popen(["strace", "-f", "-o", output, *options, "-p", str(mount.pid)], stderr=subprocess.PIPE)
    assert b"attached" in watcher.stderr.readline()
    yield
    watcher.send_signal(signal.SIGINT)
    watcher.communicate()


@contextlib.contextmanager
def asked(mount, output):
    """Counts requests by name and node: each begins with its length, opcode, number and node."""
    counts = collections.Counter()
    with traced(mount, output, "-e", "trace=read", "-xx", "-s", "24"):
        yield counts
    for line in output.read_text().splitlines():
        found = re.search(r'read\(\d+, "((?:\\x..){24})"', line)
        if found:
            _, opcode, _, node = struct.unpack("<IIQQ", bytes.fromhex(found[1].replace("\\x", "")))
            counts[OPCODES.get(opcode, opcode), node] += 1


@root_only
def test_attributes_of_a_contact_are_kept(contacts, tmp_path):
    """Until something happens to it. The removal of another one's photo takes longer than attributes were kept once."""
    os.stat(contacts.path / BEN)
    contacts.photo(ALICE).unlink()
    contacts.emulator.wait_requests(1, path="*:deleteContactPhoto")
    with asked(contacts.mount, tmp_path / "trace") as counts:
        node = os.stat(contacts.path / BEN).st_ino
    assert counts["LOOKUP", ROOT] == 0 and counts["GETATTR", node] == 0


@pytest.mark.options("--sync-interval", "1")
def test_change_of_a_contact_is_seen(contacts, faces):
    """Well before the kernel would ask by itself."""
    folder = contacts.path / ALICE
    before = os.stat(folder).st_mtime
    contacts.emulator.set_photo(contacts.resource(ALICE), faces.face_bytes(5))
    eventually(lambda: os.stat(folder).st_mtime != before, timeout=30)


def test_own_change_of_a_contact_is_seen(contacts, faces):
    folder = contacts.path / ALICE
    before = os.stat(folder).st_mtime
    contacts.photo(ALICE).write_bytes(faces.face_bytes(5))
    eventually(lambda: os.stat(folder).st_mtime != before, timeout=30)
    assert os.stat(folder).st_mtime == contacts.photo(ALICE).stat().st_mtime


@root_only
def test_ls_asks_for_labels_of_security_once(contacts, run, tmp_path):
    """It remembers that there are none in the whole mount; and goes on to ask each file for its access list."""
    run("ls", "-l", contacts.path)
    shown = [contacts.path, *contacts.path.iterdir()]
    with asked(contacts.mount, tmp_path / "trace") as counts:
        run("ls", "-l", contacts.path)
    assert sum(count for (name, _), count in counts.items() if name == "GETXATTR") <= 2 * len(shown) + 1


@root_only
def test_warm_reads_cost_few_calls(contacts, run, tmp_path):
    """Of each photo, one look into the store and one open file, which is not looked through again, and is answered in
    the same turn of the loop. Who asks is looked up once for all that a program asks."""
    shown = list(contacts.path.glob("*/photo.jpg"))
    run("cat", *shown)
    contacts.mount.cached()
    watched = "trace=openat,getsid,fstat,newfstatat,pread64,pwrite64,?poll,ppoll,writev"
    with traced(contacts.mount, tmp_path / "trace", "-e", watched):
        run("cat", *shown)
    lines = re.findall(r"^(\d+) +(\w+)\(", (tmp_path / "trace").read_text(), re.M)
    calls = collections.Counter(call for _, call in lines)
    assert calls["openat"] == len(shown) and calls["pwrite64"] == 0
    assert calls["fstat"] + calls["newfstatat"] <= 2 * len(shown)
    assert calls["getsid"] < len(shown)
    steps = re.compile("openat|pread64|p?poll|writev")
    loop = [call for thread, call in lines if thread == str(contacts.mount.pid) and steps.match(call)]
    assert [after for call, after in zip(loop, loop[1:]) if call == "openat"] == ["writev"] * len(shown)
