"""One mount of the real program, from its readiness to its end."""

import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from changes import await_change
from eventually import eventually
from processes import kernel_stacks, wait_readable

# What a daemon's log must never hold. Messages for people ("message", "info") are no complaint.
BAD_LINE = re.compile(r"contactfs: (warning|critical|error): |-(WARNING|CRITICAL) \*\*|AddressSanitizer|LeakSanitizer|ThreadSanitizer"
                      r"|runtime error:|Assertion|assertion .* failed")


def mounts_at(path):
    """The kernel's lines about what is mounted there, the lowest first."""
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if line.split()[4] == str(path)]


class MountFailed(Exception):
    """The program ended before the mount was usable."""

    def __init__(self, status, text):
        super().__init__(f"status {status}: {text}")
        self.status = status
        self.text = text


def xdg_folders(folder):
    """The environment in which a program keeps everything in folder."""
    return {"HOME": str(folder), **{f"XDG_{name.upper()}_HOME": str(folder / name)
                                    for name in ("config", "state", "cache", "data")}}


class Mount:
    """contactfs mount, running (start) on .path, with XDG folders of its own in .state."""

    START_TIMEOUT = 120
    END_TIMEOUT = 120
    KILL_TIMEOUT = 60

    def __init__(self, programs, program, path, state, emulator, options, account, foreground, env):
        self.programs = programs
        self.program = program
        self.path = Path(path)
        self.state = Path(state)
        self.emulator = emulator
        self.options = options
        self.account = account
        self.foreground = foreground
        self.env = {**programs.env, **xdg_folders(self.state), **(env or {})}
        self.log = self.state / "log"
        self.allowed = []  # patterns of complaints that a test provokes
        self.pid = None
        self.pidfd = -1
        self.process = None
        self.exit_status = None
        self.stored_login = (self.state / "config/contactfs" / account / "login.json").exists()
        self.notify = None  # the service manager's socket
        self.told = []  # what it heard until we were ready: lists of lines

    # ---- beginning ----

    def _has_credentials(self):
        """Whether a test brings its own, by option, by environment or by contactfs login."""
        words = " ".join(map(str, self.options))
        return self.stored_login or "credentials" in words or "token-command" in words \
            or bool({"GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG"} & set(self.env))

    def arguments(self):
        token = self.state / "token"
        token.write_text(self.emulator.token + "\n")
        fixed = ["--api-url", self.emulator.api_url, "--account", self.account]
        if not self._has_credentials():
            fixed += ["--token-command", f"cat '{token}'"]
        return [self.program, "mount", *(["--foreground"] if self.foreground else []), *fixed,
                *map(str, self.options), str(self.path)]

    def start(self):
        """Runs the program and comes back when the mount is usable; MountFailed if it ends instead."""
        self.exit_status = None
        if self.foreground:
            self._start_in_foreground()
        else:
            self._start_in_background()
        self.programs.watch.add(self.pid)
        return self

    def _start_in_foreground(self):
        name = "\0contactfs-test-" + os.urandom(8).hex()
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(name)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.arguments(), env={**self.env, "NOTIFY_SOCKET": "@" + name[1:]},
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.pid = self.process.pid
        self.pidfd = os.pidfd_open(self.pid)
        self.told = []
        deadline = time.monotonic() + self.START_TIMEOUT
        while readable := wait_readable([self.notify, self.pidfd], max(deadline - time.monotonic(), 0)):
            if self.notify not in readable:
                break
            self.told.append(self.hear())
            if "READY=1" in self.told[-1]:
                return
        if not readable:
            stacks = kernel_stacks([self.pid])
            self.kill()
            raise AssertionError(f"not mounted within {self.START_TIMEOUT} s\n{self.text()}\n{stacks}")
        self._reap()
        raise MountFailed(self.exit_status, self.text())

    def _start_in_background(self):
        result = self.programs(*self.arguments(), env=self.env, check=False, timeout=self.START_TIMEOUT)
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(result.errors)
        if result.status != 0:
            self.exit_status = result.status
            raise MountFailed(result.status, result.errors)
        self.pid = self.status()["pid"]
        self.pidfd = os.pidfd_open(self.pid)

    def hear(self):
        """The lines of the next datagram to the service manager."""
        self.notify.settimeout(self.END_TIMEOUT)
        return self.notify.recv(4096).decode().split("\n")

    # ---- asking ----

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def await_text(self, words):
        """Waits until the log has these words."""
        await_change(self.log, lambda: words in self.text())

    def status(self):
        return json.loads(os.getxattr(self.path, "user.contactfs.status"))

    def cached(self):
        """The files of the photos in the cache. A new one gets its name a moment after it came."""
        def files():
            return [path for path in (self.state / "cache").rglob("*") if path.is_file()]
        eventually(lambda: not any(path.name.startswith(".new-") for path in files()))
        return files()

    def removal_waits(self, person):
        """Whether the service may still have the photo that was removed."""
        try:
            return os.getxattr(self.path / person, "user.contactfs.removal") == b"waits"
        except OSError:
            return False

    def error(self, person):
        """The last failure in words of a contact, or None."""
        try:
            return os.getxattr(self.path / person, "user.contactfs.error").decode()
        except OSError:
            return None

    @property
    def running(self):
        return self.pidfd >= 0

    def complaints(self):
        lines = [line for line in self.text().splitlines() if BAD_LINE.search(line)]
        return [line for line in lines if not any(re.search(pattern, line) for pattern in self.allowed)]

    # ---- ending ----

    def _reap(self):
        if self.process is not None:
            self.exit_status = self.process.wait()
            self.process = None
        self.programs.watch.discard(self.pid)
        os.close(self.pidfd)
        self.pidfd = -1
        if self.notify is not None:
            self.notify.close()
            self.notify = None

    def wait_end(self, timeout=None):
        """Waits for the end of the daemon. In the foreground its status is in .exit_status."""
        if not self.running:
            return
        if not wait_readable([self.pidfd], timeout or self.END_TIMEOUT):
            stacks = kernel_stacks([self.pid])
            self.kill()
            raise AssertionError(f"the daemon did not end\n{self.text()}\n{stacks}")
        self._reap()

    def unmount(self):
        """By contactfs unmount; comes back when the daemon has ended. On a busy machine it says that it waits."""
        ended = self.programs(self.program, "unmount", self.path, env=self.env, timeout=self.END_TIMEOUT, check=False)
        assert ended.status == 0 and re.fullmatch(r"(contactfs: \S.* is unmounted; waiting for .*\n)?", ended.errors), ended
        self.wait_end()

    def terminate(self, number=signal.SIGTERM):
        os.kill(self.pid, number)
        self.wait_end()

    def abort(self):
        """For a daemon that hangs in the kernel: every request fails, its own as well. Root only."""
        force = 1  # MNT_FORCE
        ctypes.CDLL(None).umount2(os.fsencode(self.path), force)

    def kill(self):
        """kill -9, and the dead mount taken away."""
        if self.running:
            os.kill(self.pid, signal.SIGKILL)
            if not wait_readable([self.pidfd], self.KILL_TIMEOUT):
                self.abort()
            if not wait_readable([self.pidfd], self.KILL_TIMEOUT):
                raise AssertionError(f"the daemon cannot be killed\n{kernel_stacks([self.pid])}")
            self._reap()
        subprocess.run(["fusermount3", "-u", "-z", "-q", str(self.path)], check=False, capture_output=True)

    def remount(self, *options):
        """The same account and folders again; options, if any, instead of those before."""
        if self.running:
            self.unmount()
        if options:
            self.options = options
        return self.start()

    def finish(self):
        """At the end of a test: all must be well. By a signal, since contactfs unmount is one more program to start."""
        if self.running:
            self.terminate()
            assert self.exit_status in (0, None), f"the daemon ended with {self.exit_status}\n{self.text()}"
        assert not self.complaints(), "\n".join(self.complaints())
