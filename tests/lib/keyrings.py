"""A real Secret Service: a session bus of its own, and GNOME's keyring on it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


class Keyring:
    """Started at once; .env is for programs that are to use it."""

    def __init__(self, run, folder, unlocked=True):
        self.folder = Path(folder)
        self.folder.mkdir()
        # not in folder: a socket's name has room for a hundred characters
        self.runtime = tempfile.mkdtemp(prefix="keyring-")
        self.env = {"XDG_RUNTIME_DIR": self.runtime}
        self.run = run
        self.bus = run.start("dbus-daemon", "--session", "--nofork", "--nosyslog", "--nopidfile", "--print-address=1",
                             f"--address=unix:path={self.runtime}/bus", env=self._own_env(), stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL)
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self.bus.stdout.readline().decode().strip()
        self._start_daemon(unlocked)

    def _start_daemon(self, unlocked):
        self.daemon = self.run.start("gnome-keyring-daemon", "--foreground", "--components=secrets",
                                     *(["--unlock"] if unlocked else []), env=self._own_env(), stdin=subprocess.PIPE,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.daemon.stdin.write(b"password")
        self.daemon.stdin.close()
        self.run("gdbus", "wait", "--session", "--timeout", "20", "org.freedesktop.secrets", env=self.env)

    def restart(self):
        """Another daemon in the place of the one that dies; it knows what was kept."""
        self.daemon.kill()
        self.daemon.wait()
        self._start_daemon(True)

    def _own_env(self):
        """The keyring keeps its files here, and not where a test looks for secrets."""
        return {**self.env, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder / "data")}

    def lookup(self, account="default"):
        """The secret of an account, or None."""
        result = self.run("secret-tool", "lookup", "xdg:schema", "contactfs", "account", account, env=self.env, check=False)
        return result.out if result.status == 0 else None

    def lock(self):
        """As the desktop does when its owner goes away."""
        self.run("gdbus", "call", "--session", "--dest", "org.freedesktop.secrets", "--object-path",
                 "/org/freedesktop/secrets", "--method", "org.freedesktop.Secret.Service.Lock",
                 "['/org/freedesktop/secrets/aliases/default']", env=self.env)

    def is_kept(self, account="default"):
        """Whether it holds a secret of the account, locked or not."""
        found = self.run("gdbus", "call", "--session", "--dest", "org.freedesktop.secrets", "--object-path",
                         "/org/freedesktop/secrets", "--method", "org.freedesktop.Secret.Service.SearchItems",
                         f"{{'account': '{account}'}}", env=self.env)
        return "/org/freedesktop/secrets/collection/" in found.out

    def signal(self, number):
        os.kill(self.daemon.pid, number)

    def end_bus(self):
        self.bus.terminate()
        self.bus.wait()

    def close(self):
        for process in (self.daemon, self.bus):
            process.kill()
            process.wait()
        self.bus.stdout.close()
        shutil.rmtree(self.runtime, ignore_errors=True)
