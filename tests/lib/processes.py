"""Running real programs, and saying where they hang."""

import os
import select
import signal
import subprocess
from pathlib import Path


def _read(path):
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError as error:
        return f"({error.strerror})"


def kernel_stacks(pids):
    """Where the threads of these processes are in the kernel, as text."""
    lines = []
    for pid in pids:
        for task in sorted(Path(f"/proc/{pid}/task").glob("*")) if Path(f"/proc/{pid}").exists() else []:
            lines.append(f"--- {pid}/{task.name} {_read(task / 'comm')}: {_read(task / 'wchan')}")
            lines.append(_read(task / "stack"))
    return "\n".join(lines)


def _stats():
    """(pid, parent, session) of every process."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        yield int(stat.parent.name), int(fields[1]), int(fields[3])


def session_members(leader):
    """The processes of a session, so that a pipeline's parts are all seen."""
    return [pid for pid, _, session in _stats() if session == leader]


def descendants(ancestor):
    """The processes below one."""
    found = []
    for pid, parent, _ in _stats():
        if parent == ancestor:
            found += [pid, *descendants(pid)]
    return found


class Result:
    """How a program ended; output as text, bytes in raw."""

    def __init__(self, args, status, raw, errors):
        self.args = args
        self.status = status
        self.raw = raw
        self.out = raw.decode(errors="replace")
        self.errors = errors.decode(errors="replace")

    def __repr__(self):
        return f"{self.args}: {self.status}: {self.errors or self.out}"


class Programs:
    """Runs programs; on a time-out the kernel stacks of all of them, and of the daemons in watch, are the message."""

    def __init__(self, env):
        self.env = env
        self.watch = set()

    def start(self, *args, **options):
        env = {**self.env, **options.pop("env", {})}
        return subprocess.Popen([str(a) for a in args], env=env, start_new_session=True, **options)

    def finish(self, process, timeout=60, input=None):
        try:
            out, errors = process.communicate(input, timeout=timeout)
        except subprocess.TimeoutExpired:
            stacks = kernel_stacks([*session_members(process.pid), *self.watch])
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError(f"{process.args} did not end within {timeout} s\n{stacks}") from None
        return Result(process.args, process.returncode, out or b"", errors or b"")

    def __call__(self, *args, timeout=60, check=True, input=None, **options):
        """Runs to the end. check: the program must succeed and say nothing on stderr."""
        stdin = subprocess.PIPE if input is not None else subprocess.DEVNULL
        process = self.start(*args, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        result = self.finish(process, timeout, input)
        if check:
            assert result.status == 0 and result.errors == "", result
        return result

    def shell(self, line, **options):
        return self("/bin/sh", "-c", line, **options)


def wait_readable(fds, timeout):
    """The descriptors of fds that are readable; empty after timeout seconds."""
    return select.select(fds, [], [], timeout)[0]
