"""What the model is compared with: contactfs mounted on a people-emulator, several processes that work in it, and its clock."""

import ctypes
import errno
import mmap
import multiprocessing
import os
import shutil
import struct
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

from emulator import Emulator  # noqa: E402
from mounts import Mount  # noqa: E402
from processes import Programs, kernel_stacks  # noqa: E402

BUILD = Path(os.environ.get("CONTACTFS_BUILD", ROOT / "build"))
CONTACTFS = os.environ.get("CONTACTFS", str(BUILD / "src/cli/contactfs"))
PEOPLE_EMULATOR = os.environ.get("PEOPLE_EMULATOR", str(BUILD / "src/emulator/people-emulator"))
CLOCK = BUILD / "tests/model/model-clock.so"

SYNC_INTERVAL = 300
UPLOAD_TIMEOUT = 3000  # so that no retry comes too late by the steps in which a waiting call's clock goes
RATE = 20  # the mount's second lasts so many
CALL_TIMEOUT = float(os.environ.get("MODEL_CALL_TIMEOUT", "60"))  # real seconds until a call counts as hanging
LIST = "/v1/people/me/connections"


class Clock:
    """The mount's clocks: see clock.c."""

    def __init__(self, path):
        path.write_bytes(bytes(4096))
        with open(path, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), 4096)
        self._monotonic = 1000 * 10**9
        self._real = 0
        self._write()

    def _write(self):
        self._page[:24] = struct.pack("=qqq", RATE, self._monotonic, self._real)

    def advance(self, seconds):
        self._monotonic += int(seconds * 10**9)
        self._real += int(seconds * 10**9)
        self._write()

    @property
    def real_ahead(self):
        return self._real / 10**9

    def set_wall(self, seconds):
        """The wall clock alone, as by date --set or NTP."""
        self._real += int(seconds * 10**9)
        self._write()


def work(pipe):
    """A process that does what it is told: (name of a function of os, arguments…); answers (errno or 0, result)."""
    functions = {name: getattr(os, name) for name in dir(os)}
    libc = ctypes.CDLL(None, use_errno=True)

    def rename_exclusive(old, new):
        if libc.renameat2(-100, os.fsencode(old), -100, os.fsencode(new), 1) != 0:
            raise OSError(ctypes.get_errno(), "renameat2")

    functions["rename_exclusive"] = rename_exclusive
    while True:
        try:
            name, *arguments = pipe.recv()
        except EOFError:
            return
        try:
            answer = (0, functions[name](*arguments))
        except OSError as failure:
            answer = (failure.errno, None)
        pipe.send(answer if not isinstance(answer[1], os.stat_result) else (0, answer[1].st_size))


class Worker:
    def __init__(self, context):
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def send(self, *command):
        self._pipe.send(command)

    def ready(self, seconds):
        return self._pipe.poll(seconds)

    def receive(self):
        return self._pipe.recv()

    def close(self):
        self._pipe.close()
        self.process.kill()
        self.process.join()


class World:
    """One mount, for many examples. A world in which something went wrong is of no use for the next: make another."""

    def __init__(self, options=(), workers=3):
        self.folder = folder = Path(tempfile.mkdtemp(prefix="contactfs-model-"))
        self.clock = Clock(folder / "clock")
        context = multiprocessing.get_context("fork")
        self.workers = [Worker(context) for _ in range(workers)]
        keep = {name: os.environ[name] for name in ("PATH", "USER", "LOGNAME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TMPDIR")
                if name in os.environ}
        programs = Programs({**keep, "LC_ALL": "C.UTF-8", "G_DEBUG": "fatal-criticals", "GIO_USE_VFS": "local",
                             "DBUS_SESSION_BUS_ADDRESS": "disabled:"})
        self.emulator = Emulator(["--face-size", "16", "--people", "1", "--photos", "none", "--keep-bytes", *options], program=PEOPLE_EMULATOR)
        self.path = folder / "mnt"
        state = folder / "state"
        self.path.mkdir()
        state.mkdir()
        assert CLOCK.exists(), f"{CLOCK} is not built"
        self.mount = Mount(programs, CONTACTFS, self.path, state, self.emulator,
                           ("--writes-per-minute", "0", "--sync-interval", str(SYNC_INTERVAL), "--no-notify",
                            "--upload-timeout", str(UPLOAD_TIMEOUT)),
                           "default", True, {"LD_PRELOAD": str(CLOCK), "MODEL_CLOCK": str(folder / "clock")})
        self.mount.start()

    # ---- calls ----

    def call(self, worker, *command, pump=0):
        """What a process's call answers: (errno, result). pump: so many seconds the mount's clock jumps again and again
        while it waits."""
        process = self.workers[worker]
        process.send(*command)
        deadline = time.monotonic() + CALL_TIMEOUT
        while not process.ready(0.02 if pump else CALL_TIMEOUT):
            if time.monotonic() > deadline:
                asked = [(one["method"], one["path"], one["status"], one["ended"]) for one in self.emulator.requests()[-6:]]
                raise AssertionError(f"{command} hangs; asked for: {asked}\n{self.mount.text()}\n"
                                     f"{kernel_stacks([self.mount.pid, process.process.pid])}")
            if pump:
                self.clock.advance(pump)
                self.mount.status()  # wakes the loop
        return process.receive()

    # ---- time ----

    def settle(self):
        """Comes back when no change waits for the service, no delta is due, and nothing that was asked waits for its answer."""
        deadline = time.monotonic() + CALL_TIMEOUT
        quiet = 0
        while quiet < 3:  # what the clock has made due begins in a turn of the loop that also answers one of these
            status = self.mount.status()
            quiet = quiet + 1 if status["waiting_mutations"] == 0 and status["next_sync_in"] > 0 else 0
            if quiet == 3 and self.unanswered():
                quiet = 0
            elif status["next_sync_in"] == 0 and not self.unanswered():
                self.clock.advance(0.2)  # what is due in whole seconds begins with the next of them
            assert time.monotonic() < deadline, f"the mount comes to no rest: {status}\n{self.mount.text()}"

    def unanswered(self):
        return [request for request in self.emulator.requests() if not request["ended"]]

    def advance(self, seconds):
        self.settle()  # what is under way would see its time fly
        self.clock.advance(seconds)
        self.settle()

    def last_sync(self):
        return self.mount.status()["last_sync"]

    def settle_slowly(self, pump):
        """As settle, while the clock goes on: for what is tried again and again."""
        deadline = time.monotonic() + CALL_TIMEOUT
        self.mount.status()
        self.mount.status()
        while self.mount.status()["waiting_mutations"]:
            assert time.monotonic() < deadline, f"changes wait for ever\n{self.mount.text()}"
            time.sleep(0.02)
            self.clock.advance(pump)

    # ---- ends ----

    def start(self):
        """Mounts again, and waits for the first delta and what it brings about."""
        self.clock.advance(5)
        before = time.time() + self.clock.real_ahead
        self.mount.start()
        self.settle()
        assert abs(self.last_sync() - before) < 600, f"no delta\n{self.mount.text()}"

    def kill(self):
        os.kill(self.mount.pid, 9)
        self.mount.wait_end()

    def check(self):
        """No complaint in the log, nothing asked for that must not be."""
        assert not self.mount.complaints(), "\n".join(self.mount.complaints())
        log = self.emulator.log()
        assert log["overlaps"] == 0, "mutations overlapped"
        assert not [r for r in log["requests"] if r["origin"] == "photo" and r["authorization"]], "the photo host saw a token"
        self.emulator.reset_requests()

    def close(self):
        for worker in self.workers:
            worker.close()
        try:
            if self.mount.running:
                self.mount.terminate()
                assert self.mount.exit_status == 0, f"the daemon ended with {self.mount.exit_status}\n{self.mount.text()}"
        finally:
            self.mount.kill()
            self.emulator.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def abandon(self):
        """The end of a world in which something went wrong."""
        for worker in self.workers:
            worker.close()
        self.mount.kill()
        self.emulator.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


GONE = (errno.ENOTCONN, errno.ECONNABORTED)
