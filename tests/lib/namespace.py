"""A mount namespace of the test's own (root only): a private /etc/fstab, /run, /usr/local/bin; nothing outlives it."""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

NO_NAMESPACE = 77


class Namespace:
    """No contactfs is mounted inside. setup is a shell script that runs inside first; it must succeed. processes: a PID namespace, too,
    so that all that was started inside ends with it."""

    def __init__(self, run, setup, processes=False):
        self.run = run
        within = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--cgroup"] if processes else []
        script = f"set -e\n{setup}\necho ready; exec cat"
        self.holder = subprocess.Popen([sys.executable, __file__, "enter", *within, "/bin/sh", "-c", script], env=run.env,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.holder.stdout.readline() != b"ready\n":
            self.close()
            if self.holder.returncode == NO_NAMESPACE:
                pytest.skip("no mount namespace can be had here (in a chroot, say, whose root is no mount)")
            raise OSError("the namespace could not be set up")
        pid = self.holder.pid
        if processes:  # unshare waits for its child, which is inside
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                pid = int(children.read().split()[0])
        self.enter = ["nsenter", "--target", str(pid), "--mount", *(["--pid", "--cgroup"] if processes else [])]

    def __call__(self, *words, user=None, **options):
        """Runs a program inside, as root or as the user with this number."""
        who = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user is not None else []
        return self.run(*self.enter, *who, *words, **{"check": False, **options})

    def close(self):
        if self.holder.poll() is None and hasattr(self, "enter"):
            # daemons end when their mounts do
            subprocess.run([*self.enter, sys.executable, __file__, "forget"], check=False, capture_output=True)
        self.holder.stdin.close()
        self.holder.stdout.close()
        self.holder.wait()


# ---- what runs inside ----

LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUSER = 0x20000, 0x10000000
BIND, RECURSIVE, PRIVATE = 0x1000, 0x4000, 1 << 18
DETACH = 2


def forget_mounts():
    """By the kernel's own words, and without a look at the folders: another test's daemon may be dead, or stopped."""
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        if " - fuse.contactfs " in line:
            place = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), os.fsencode(line.split()[4]))
            LIBC.umount2(place, DETACH)


def enter(words):
    """Other tests wait for the copies of their mounts. So these go at once, before a program is started."""
    if LIBC.unshare(NEWNS) != 0 or LIBC.mount(None, b"/", None, RECURSIVE | PRIVATE, None) != 0:
        sys.exit(NO_NAMESPACE)
    forget_mounts()
    os.execvp(words[0], words)


def hold(path, root):
    """Has a copy of the mount at path alone, until its input ends. Root is not needed, but then a namespace lets go of all mounts
    or of none. So the copy moves below root, which becomes /, and all that was there goes."""
    user, group = os.getuid(), os.getgid()
    check(LIBC.unshare(NEWUSER | NEWNS))
    for name, text in ("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1"):
        Path("/proc/self", name).write_text(text)
    check(LIBC.mount(None, b"/", None, RECURSIVE | PRIVATE, None))
    check(LIBC.mount(b"tmpfs", os.fsencode(root), b"tmpfs", 0, None))
    os.chdir(root)
    os.mkdir("mount")
    os.mkdir("old")
    check(LIBC.mount(os.fsencode(path), b"mount", None, BIND, None))
    check(LIBC.pivot_root(b".", b"old"))
    check(LIBC.umount2(b"/old", DETACH))
    print("here", flush=True)
    sys.stdin.read()


def check(failed):
    if failed:
        sys.exit(os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    if sys.argv[1] == "enter":
        enter(sys.argv[2:])
    elif sys.argv[1] == "hold":
        hold(*sys.argv[2:])
    else:
        forget_mounts()
