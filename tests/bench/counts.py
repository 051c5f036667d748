"""What the work costs, counted: requests, connections, bytes on the wire, system calls, instructions. No clock is read, so no
other program changes what comes out, and ./dev bench --quick may judge by it on a busy machine."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import writing
from processes import wait_readable
from reading import known_photos
from report import heading, line
from rig import CONTACTFS, Service, memory_mib

PEOPLE = 300
MANY = 25_000
IDLE_SECONDS = 10
MEMORY_MIB = 60
LEAVE = 1.1  # by how much a figure may be above what was counted once

CAT = "cat */photo.jpg >/dev/null"
WARM = {"cat after a remount": CAT, "cat once more": CAT, "ls -lR": "ls -lR >/dev/null", "find -type f": "find . -type f >/dev/null"}

# Counted on Debian 12, for each photo or person. The libraries of another release do the same work by other calls.
CALLS = {"cold cat": 35, "cat after a remount": 16.1, "cat once more": 11.1, "ls -lR": 18.1, "find -type f": 8.8, "cp": 147}
INSTRUCTIONS = {"start and first listing, a person": 371_000, "cold cat, a photo": 506_000, "cat after a remount, a photo": 212_000,
                "cat once more, a photo": 37_000}
BYTES = {"cold cat": 1.05, "cp": 1.32}  # on the wire, for each of a photo: base64 takes a third more, of the half that is sent

# How often there is nothing to do depends on who else runs, and so does how often that is asked.
WAITING = {"poll", "ppoll", "futex", "sched_yield"}
ASKING = {"read", "recvfrom", "recvmsg"}


def count(folder, results):
    for part in (listing, reading, copying, instructions):
        place = folder / part.__name__
        place.mkdir()
        part(place, Figures(results))


class Figures:
    """What is judged, and what it is judged by."""

    def __init__(self, results):
        self.check, self.tell = results.check, results.tell
        self.known = 'VERSION_ID="12"' in Path("/etc/os-release").read_text()

    def exactly(self, what, value, wanted):
        self.check(what, abs(value - wanted), 0, str(value) if value == wanted else f"{value}, not {wanted}")

    def about(self, what, value, once):
        """At most a tenth more than was counted once."""
        self.check(what, value, once * LEAVE, f"{value:,.2f}, at most {once * LEAVE:,.2f}")

    def of_libraries(self, what, value, once):
        if self.known:
            self.about(what, value, once)
        else:
            line(what, f"{value:,.1f}", "not judged: counted once on Debian 12")


def why_not(tool):
    """Why one cannot look into the daemon by this; None: one can."""
    if shutil.which(tool) is None:
        return f"{tool} is not installed"
    return None if os.getuid() == 0 else "only root may look into the daemon"


# ---- a large address book ----

def listing(folder, figures):
    heading(f"counted: {MANY} people")
    with Service(folder, "--people", str(MANY), rtt=0) as service:
        mount = service.new_mount().start()
        log = service.emulator.log()
        figures.exactly("first listing, requests", len(log["requests"]), MANY // 1000)
        figures.exactly("first listing, connections", sum(log["connections"].values()), 1)
        service.programs("ls", "-l", mount.path)
        _, most = memory_mib(mount.pid)
        figures.check("resident at most", most, MEMORY_MIB, f"{most:.1f} MiB, at most {MEMORY_MIB}")
        mount.terminate()
        service.relay.freeze()
        mount.start()
        figures.exactly("people in ls after a remount, without a network", len(service.programs("ls", mount.path).out.splitlines()), MANY)
        service.end_mount(mount)


# ---- system calls ----

@contextlib.contextmanager
def traced(mount, folder):
    """Yields a dict of the daemon's system calls by name, filled afterwards. Reads that found nothing are not counted."""
    output = folder / "calls"
    calls = {}
    watcher = subprocess.Popen(["strace", "-c", "-f", "-U", "name,calls,errors", "-o", output, "-p", str(mount.pid)],
                               stderr=subprocess.PIPE)
    assert b"attached" in watcher.stderr.readline()
    yield calls
    watcher.send_signal(signal.SIGINT)
    watcher.communicate()
    for name, number, errors in re.findall(r"^(\w+) +(\d+) *(\d*) *$", output.read_text(), re.M):
        if name not in ("total", "restart_syscall"):  # the latter is strace's own doing
            calls[name] = int(number) - (int(errors or 0) if name in ASKING else 0)


def reading(folder, figures):
    heading(f"counted: {PEOPLE} photos")
    with Service(folder, "--people", str(PEOPLE), "--face-size", "128", rtt=0) as service:
        _, size = known_photos(service)
        mount = service.new_mount().start()
        cold(service, mount, size, folder, figures)
        service.emulator.reset_requests()
        mount.terminate()
        mount.start()
        service.emulator.wait_requests(1)
        for what, script in WARM.items():
            work(service, mount, folder, figures, what, script)
        idle(mount, folder, figures)
        service.end_mount(mount)


def work(service, mount, folder, figures, what, script, requests=0, pieces=PEOPLE):
    """Runs the script, and checks how many requests and system calls it takes."""
    why = why_not("strace")
    service.emulator.reset_requests()
    with contextlib.nullcontext() if why else traced(mount, folder) as calls:
        service.programs.shell(script, cwd=mount.path)
    asked = [request for request in service.requests() if not request["path"].endswith("/connections")]  # a look for changes
    figures.exactly(f"{what}, requests", len(asked), requests)
    if why:
        line(f"{what}, system calls a photo", "skipped", why)
    else:
        figures.of_libraries(f"{what}, system calls a photo", sum(calls[name] for name in calls.keys() - WAITING) / pieces, CALLS[what])


def cold(service, mount, size, folder, figures):
    service.relay.statistics()
    work(service, mount, folder, figures, "cold cat", CAT, PEOPLE)
    wire, *_ = service.relay.statistics()
    figures.exactly("cold cat, connections", service.emulator.log()["connections"]["photo"], 1)
    figures.about("cold cat, bytes on the wire for each of a photo", wire / size, BYTES["cold cat"])


def idle(mount, folder, figures):
    """No call at all, not even one that waits. Another program may look at any mount at any time, so one of some spells must
    be quiet."""
    what = f"idle, system calls in {IDLE_SECONDS} s"
    why = why_not("strace")
    if why:
        line(what, "skipped", why)
        return
    for _ in range(6):
        with traced(mount, folder) as calls:
            assert not wait_readable([mount.pidfd], IDLE_SECONDS), "the mount has ended, which is no idleness"
        if not calls:
            break
    figures.exactly(what, sum(calls.values()), 0)
    figures.tell(what, str(sum(calls.values())), "0", not calls)


def copying(folder, figures):
    heading(f"counted: {writing.CONTACTS} × cp onto photos that are not cached")
    with Service(folder, "--people", str(writing.CONTACTS), "--face-size", "128", "--keep-bytes", rtt=0) as service:
        people = service.emulator.people()
        names = sorted(person["displayName"] for person in people)
        pictures = writing.Pictures(folder, service.emulator.photo_bytes(people[0]["resourceName"]))
        batch = pictures.batch()
        size = known_photos(service, len(people))[1] + sum(picture.stat().st_size for picture in batch.iterdir())
        mount = service.new_mount().start()
        script = "\n".join(f"cp '{batch}/{number}.jpg' '{name}/photo.jpg'" for number, name in enumerate(names))
        service.relay.statistics()
        work(service, mount, folder, figures, "cp", f"set -e\n{script}", 2 * len(names), len(names))
        wire, *_ = service.relay.statistics()
        figures.about("cp, bytes on the wire for each of both photos", wire / size, BYTES["cp"])
        service.end_mount(mount)


# ---- instructions ----

class Callgrind:
    """A mount in valgrind."""

    def __init__(self, service, folder):
        program = folder / "contactfs"
        self.output = folder / "callgrind"
        program.write_text(f'#!/bin/sh\nexec valgrind --tool=callgrind --callgrind-out-file={self.output}.%p {CONTACTFS} "$@"\n')
        program.chmod(0o755)
        self.mount = service.new_mount()
        self.mount.program = program
        self.dumps = 0

    def start_again(self):
        self.mount.start()
        self.dumps = 0
        return self.counted()

    def counted(self):
        """Instructions since it began, or since this was asked last."""
        self.dumps += 1
        subprocess.run(["vgdb", f"--pid={self.mount.pid}", "dump"], check=True, capture_output=True)
        dump = Path(f"{self.output}.{self.mount.pid}.{self.dumps}").read_text()
        return int(re.search(r"^totals: (\d+)", dump, re.M)[1])


def instructions(folder, figures):
    heading(f"counted in valgrind: {PEOPLE} people with photos")
    why = why_not("valgrind")
    if why:
        line("instructions", "skipped", why)
        return

    def judge(what, number):
        figures.of_libraries(f"{what}, instructions", number, INSTRUCTIONS[what])

    with Service(folder, "--people", str(PEOPLE), "--face-size", "128", rtt=0) as service:
        drawing = service.new_mount().start()
        service.programs.shell(CAT, cwd=drawing.path)
        service.end_mount(drawing)
        counting = Callgrind(service, folder)
        mount = counting.mount.start()
        judge("start and first listing, a person", counting.counted() / PEOPLE)
        for what in ("cold cat, a photo", "cat once more, a photo"):
            service.programs.shell(CAT, cwd=mount.path)
            judge(what, counting.counted() / PEOPLE)
        mount.terminate()
        counting.start_again()
        service.programs.shell(CAT, cwd=mount.path)
        judge("cat after a remount, a photo", counting.counted() / PEOPLE)
        service.end_mount(mount)
