"""What the model is compared with: contactfs mounted on a people-emulator, several processes that work in it, and its clock."""

import ctypes
import mmap
import multiprocessing
import os
import shutil
import socket
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

from clock import Clock  # noqa: E402
from emulator import Emulator  # noqa: E402
from mounts import Mount  # noqa: E402
from processes import Programs, kernel_stacks  # noqa: E402

BUILD = Path(os.environ.get("CONTACTFS_BUILD", ROOT / "build"))
CONTACTFS = os.environ.get("CONTACTFS", str(BUILD / "src/cli/contactfs"))
PEOPLE_EMULATOR = os.environ.get("PEOPLE_EMULATOR", str(BUILD / "src/emulator/people-emulator"))

SYNC_INTERVAL = 300
UPLOAD_TIMEOUT = 2000  # far more than passes while the kernel is slow to wake somebody
HANGS = float(os.environ.get("MODEL_CALL_TIMEOUT", "300"))  # real seconds until a call is said to hang
REST_ROUNDS = 100000
SETTLE_ROUNDS = 100


class Threads:
    """What processes do, by /proc. A thread's files stay open: they are read again and again, and opening them would be most of it."""

    def __init__(self):
        self._files = {}  # by process: (thread, its status, its children)

    def look(self, pid):
        """(id, state, how often it ran) of the threads of a process and of those that it started."""
        found = []
        try:
            count = os.stat(f"/proc/{pid}/task").st_nlink - 2
        except FileNotFoundError:
            self._forget(pid)
            return found
        try:
            if pid not in self._files or len(self._files[pid]) != count:  # one that ends has none
                self._open(pid)
            for thread, status, children in self._files[pid]:
                text = os.pread(status, 4096, 0)
                state = text.index(b"State:\t") + len(b"State:\t")
                found.append((thread, text[state:state + 1], text[text.index(b"\nvoluntary_ctxt_switches"):]))
                for child in os.pread(children, 4096, 0).split():
                    found += self.look(int(child))
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            self._forget(pid)
            found.append((pid, b"ended", b""))
        return found

    def _open(self, pid):
        self._forget(pid)
        files = self._files[pid] = []
        for thread in os.listdir(f"/proc/{pid}/task"):
            status = os.open(f"/proc/{pid}/task/{thread}/status", os.O_RDONLY)
            files.append((thread, status, os.open(f"/proc/{pid}/task/{thread}/children", os.O_RDONLY)))

    def _forget(self, pid):
        for _, *files in self._files.pop(pid, ()):
            for file in files:
                os.close(file)

    def close(self):
        for pid in list(self._files):
            self._forget(pid)


class Control:
    """The emulator's control port over one connection: it is asked thousands of times, where http.client would be half the work."""

    def __init__(self, emulator):
        self._url = urllib.parse.urlsplit(emulator.control_url)
        self._head = f"Host: {self._url.netloc}\r\nAuthorization: Bearer {emulator.control_key}\r\n\r\n"
        self._socket = socket.create_connection((self._url.hostname, self._url.port))
        self._answers = self._socket.makefile("rb")

    def get(self, path):
        """(status, body)"""
        self._socket.sendall(f"GET {self._url.path}/{path} HTTP/1.1\r\n{self._head}".encode())
        status = int(self._answers.readline().split()[1])
        size = 0
        while (line := self._answers.readline().strip().lower()):
            if line.startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        return status, self._answers.read(size)

    def photo(self, resource):
        """What the service has: bytes, or None."""
        status, body = self.get(f"{resource}/photo")
        assert status in (200, 404), body
        return body if status == 200 else None

    def close(self):
        self._answers.close()
        self._socket.close()


def work(pipe):
    """A process that does what it is told: (name of a function of os, arguments…); answers (errno or 0, result)."""
    functions = {name: getattr(os, name) for name in dir(os)}
    libc = ctypes.CDLL(None, use_errno=True)

    def rename_exclusive(old, new):
        if libc.renameat2(-100, os.fsencode(old), -100, os.fsencode(new), 1) != 0:
            raise OSError(ctypes.get_errno(), "renameat2")

    def mapped(fd, size, offset):
        size = min(size, os.fstat(fd).st_size - offset)
        if size <= 0:
            return b""
        with mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ, offset=offset) as pages:
            return pages[:]

    functions |= {"rename_exclusive": rename_exclusive, "mapped": mapped}
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
        self.clock = Clock(BUILD, folder)
        context = multiprocessing.get_context("fork")
        self.workers = [Worker(context) for _ in range(workers)]
        keep = {name: os.environ[name] for name in ("PATH", "USER", "LOGNAME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TMPDIR")
                if name in os.environ}
        programs = Programs({**keep, "LC_ALL": "C.UTF-8", "G_DEBUG": "fatal-criticals", "GIO_USE_VFS": "local",
                             "DBUS_SESSION_BUS_ADDRESS": "disabled:"})
        self.emulator = Emulator(["--face-size", "16", "--people", "1", "--photos", "none", "--keep-bytes", *options], program=PEOPLE_EMULATOR)
        self.control = Control(self.emulator)
        self.service = self.emulator.process.pid
        self.threads = Threads()
        self.path = folder / "mnt"
        state = folder / "state"
        self.path.mkdir()
        state.mkdir()
        self.mount = Mount(programs, CONTACTFS, self.path, state, self.emulator,
                           ("--writes-per-minute", "0", "--sync-interval", str(SYNC_INTERVAL), "--no-notify",
                            "--upload-timeout", str(UPLOAD_TIMEOUT)),
                           "default", True, self.clock.env)
        self.last_sync = 0
        self.mount.start()

    def words(self):
        """What the mount has said of late, for messages."""
        return self.mount.text()[-3000:]

    # ---- calls ----

    def call(self, worker, *command):
        """What a process's call answers: (errno, result)."""
        process = self.workers[worker]
        process.send(*command)
        if not process.ready(HANGS):
            self.hangs(command, process)
        return process.receive()

    def call_while_time_flies(self, worker, *command):
        """The same, and whenever everybody waits for time to pass, it does."""
        process = self.workers[worker]
        process.send(*command)
        flight = self.fly(process.process.pid)
        while not process.ready(0):
            if next(flight) > 3 * UPLOAD_TIMEOUT:
                self.hangs(command, process)
        return process.receive()

    def hangs(self, command, process):
        asked = [(one["method"], one["path"], one["status"], one["ended"]) for one in self.emulator.requests()[-6:]]
        raise AssertionError(f"{command} hangs; asked for: {asked}\n"
                             f"{kernel_stacks([self.mount.pid, process.process.pid])}")

    # ---- time ----

    def rest(self, *callers):
        """Comes back when the mount, the service and who calls have nothing to do but to wait for each other, or for time to pass."""
        before = None
        for _ in range(REST_ROUNDS):
            now = [thread for pid in (*callers, self.mount.pid, self.service) for thread in self.threads.look(pid)]
            if now == before:
                return
            before = now if all(state in (b"S", b"Z") for _, state, *_ in now) else None
            os.sched_yield()
        raise AssertionError(f"they come to no rest: {now}")

    def fly(self, *callers):
        """Lets time pass again and again, to the next try of what failed; yields how much has passed."""
        passed, jump, asked = 0, 2, None
        while True:
            self.rest(*callers)
            before, asked = asked, self.mount.status()["requests"]
            jump = min(2 * jump, 64) if asked == before else 2
            self.clock.advance(jump)
            passed += jump
            self.mount.status()  # wakes the loop
            self.rest(*callers)
            yield passed

    def settle(self):
        """Comes back when no change waits for the service, and no delta is due."""
        for _ in range(SETTLE_ROUNDS):
            status = self.mount.status()  # wakes the loop
            self.rest()
            if status["waiting_mutations"] == 0 and status["next_sync_in"] > 0:
                status = self.mount.status()
                if status["waiting_mutations"] == 0 and status["next_sync_in"] > 0:
                    self.last_sync = status["last_sync"]
                    return
            self.clock.advance(0.2)  # what is due in whole seconds begins with the next of them
        raise AssertionError(f"the mount comes to no end: {status}")

    def let_changes_end(self):
        """Comes back when no change waits for the service: for what is tried again and again."""
        flight = self.fly()
        while self.mount.status()["waiting_mutations"]:
            assert next(flight) < 3 * UPLOAD_TIMEOUT, "changes wait for ever"

    # ---- ends ----

    def unmount(self):
        """By a signal: contactfs unmount minds copies of the mount that other tests have in namespaces of theirs."""
        with self.clock.ticking():  # some seconds belong to a good end
            self.mount.terminate()
        assert self.mount.exit_status == 0

    def start(self):
        """Mounts again, and waits for the first delta and what it brings about."""
        self.clock.advance(5)
        before = time.time() + self.clock.real_ahead
        self.mount.start()
        self.settle()
        assert abs(self.last_sync - before) < 600, "no delta"

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
        self.control.close()
        self.threads.close()
        try:
            if self.mount.running:
                with self.clock.ticking():
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
        self.control.close()
        self.threads.close()
        self.mount.kill()
        self.emulator.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
