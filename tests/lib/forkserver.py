"""Starts people-emulators by `people-emulator --fork-server` (src/emulator/fork-server.h): a tenth of a program's start."""

import array
import atexit
import os
import select
import signal
import socket
import subprocess

SERVERS = {}  # by program: (process, socket)


def server_of(program):
    """The socket of the fork server of this program, which lives as long as we do."""
    if program not in SERVERS:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen([program, "--fork-server"], stdin=theirs, stdout=subprocess.DEVNULL,
                                       env={**os.environ, "LD_BIND_NOW": "1"})  # once for all, not in each
        SERVERS[program] = (process, ours)
    return SERVERS[program][1]


@atexit.register
def end_servers():
    for process, ours in SERVERS.values():
        ours.close()
        process.wait()


class Forked:
    """What of subprocess.Popen a user of an emulator needs; standard streams are pipes."""

    def __init__(self, program, arguments):
        self.args = [program, *arguments]
        server = server_of(program)
        theirs = []
        ours = []
        for writes in (False, True, True, True):
            ends = os.pipe()
            ours.append(ends[0] if writes else ends[1])
            theirs.append(ends[1] if writes else ends[0])
        message = b"".join(os.fsencode(word) + b"\0" for word in self.args)
        try:
            server.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", theirs))])
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self.stdin = os.fdopen(ours[0], "w")
        self.stdout = os.fdopen(ours[1])
        self.stderr = os.fdopen(ours[2])
        self._status = os.fdopen(ours[3], "rb", buffering=0)
        self.returncode = None
        self.pid = self._number()
        assert self.pid is not None, f"the fork server of {program} has gone"

    def _number(self):
        data = self._status.read(4)
        return int.from_bytes(data, "little") if len(data) == 4 else None

    def poll(self):
        return self._end(0)

    def wait(self, timeout=None):
        if self._end(timeout) is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.returncode

    def _end(self, timeout):
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            status = self._number()
            assert status is not None, "the parent of the emulator has gone"
            self.returncode = os.waitstatus_to_exitcode(status)
            self._status.close()
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def terminate(self):
        self.send_signal(signal.SIGTERM)
