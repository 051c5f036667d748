"""A mount namespace of the test's own (root only): a private /etc/fstab, /run, /usr/local/bin; nothing outlives it."""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

# For a shell in a namespace: the copies of contactfs mounts go, which other tests would wait for in vain. Words: paths; what is
# mounted below them stays.
FORGET_MOUNTS = f"'{sys.executable}' '{__file__}'"


class Namespace:
    """No contactfs is mounted inside. setup is a shell script that runs inside first; it must succeed. processes: a PID namespace as well, so that all that
    was started inside ends with it."""

    def __init__(self, run, setup, processes=False):
        self.run = run
        if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode != 0:
            pytest.skip("no mount namespace can be had here (in a chroot, say, whose root is no mount)")
        words = ["unshare", "--mount", *(["--pid", "--fork", "--mount-proc", "--kill-child", "--cgroup"] if processes else [])]
        self.holder = subprocess.Popen([*words, "/bin/sh", "-c", f"set -e\n{FORGET_MOUNTS}\n{setup}\necho ready; exec cat"],
                                       env=run.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.holder.stdout.readline() != b"ready\n":
            self.close()
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
            subprocess.run([*self.enter, sys.executable, __file__], check=False, capture_output=True)
        self.holder.stdin.close()
        self.holder.stdout.close()
        self.holder.wait()


def forget_mounts(*kept):
    """By the kernel's own words, and without a look at the folders: another test's daemon may be dead, or stopped."""
    detach = 2  # MNT_DETACH
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        if " - fuse.contactfs " in line:
            place = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), os.fsencode(line.split()[4]))
            if not any(os.path.commonpath([place, path]) == path for path in map(os.fsencode, kept)):
                ctypes.CDLL(None, use_errno=True).umount2(place, detach)


if __name__ == "__main__":
    forget_mounts(*sys.argv[1:])
