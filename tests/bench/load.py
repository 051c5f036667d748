#!/usr/bin/python3
"""./dev load [MINUTES]: many people, many programs, a service that fails now and then; and nothing else may fail, or grow.

25,000 people, 200 processes that read photos and 20 that write them, while one request in 33 is answered with a fault that is drawn by
chance (a status, a reset, a cut body, garbage, an answer that is lost). Every call that fails must fail with an errno that such a
fault means, and the service's log must show the fault that an EIO came from. Memory, descriptors and cache are looked at all the
time: the last third may not have more than the middle one.
At the end every writer's person has, at the service, the picture whose close was the last to succeed, or one written after it.
"""

import argparse
import errno
import hashlib
import json
import os
import random
import re
import shutil
import signal
import statistics
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

sys.dont_write_bytecode = True

import rig
from emulator import Emulator
from mounts import Mount
from pictures import Faces
from processes import Programs, wait_readable

CACHE_BYTES = 8 << 20
DRAW = 0.03  # of all requests

# What a fault may mean to a program. ENOENT and the like would be a lie.
MEANT = {errno.EIO, errno.EAGAIN, errno.ETIMEDOUT, errno.EHOSTUNREACH}
FAULTS = [{"action": "status", "status": 503}, {"action": "status", "status": 429}, {"action": "status", "status": 500}, {"action": "reset"},
          {"action": "cut"}, {"action": "garbage"}, {"action": "lost-answer", "method": "PATCH"}, {"action": "delay", "delay_ms": 300}]
LEAVE = 0.10  # by how much the last third may exceed the middle one, which is noise


# ---- what the processes do ----

def fail(counts, folder, name, error):
    """counts, and whose photo it was, with the sentence that the mount has for it."""
    code = errno.errorcode.get(error.errno, str(error.errno))
    counts[code] = counts.get(code, 0) + 1
    try:
        words = os.getxattr(folder / name, "user.contactfs.error").decode()
    except OSError as none:
        words = str(none)
    counts["failed"].append([code, name, words])


def read(folder, names, until, seed):
    """Photos of people whom nobody writes to, each of which must be the same whenever it is read."""
    chance, seen, counts = random.Random(seed), {}, {"reads": 0, "bytes": 0, "changed": 0, "failed": []}
    while time.time() < until:
        name = chance.choice(names)
        try:
            data = (folder / name / "photo.jpg").read_bytes()
        except OSError as error:
            fail(counts, folder, name, error)
            continue
        counts["reads"] += 1
        counts["bytes"] += len(data)
        digest = hashlib.sha256(data).digest()
        counts["changed"] += seen.setdefault(name, digest) != digest
    return counts


def write(folder, name, pictures, until, seed):
    """Pictures to one person, one after the other; which succeeded last, and which were tried after it."""
    chance, counts, last, later = random.Random(seed), {"writes": 0, "failed": []}, None, []
    while time.time() < until:
        picture = chance.randrange(len(pictures))
        try:
            with open(folder / name / "photo.jpg", "wb", buffering=0) as file:
                file.write(pictures[picture])
            counts["writes"] += 1
            last, later = picture, []
        except OSError as error:
            fail(counts, folder, name, error)
            later.append(picture)
    return {**counts, "last": last, "later": later}


def start(work, *args):
    """work in a process of its own; a descriptor at which its answer comes."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reader)
            with os.fdopen(writer, "w") as answer:
                json.dump(work(*args), answer)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    return pid, reader


# ---- what is looked at ----

def size(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0  # it has just made room for another one


def sample(mount):
    return {"memory": rig.memory_mib(mount.pid)[0], "descriptors": len(os.listdir(f"/proc/{mount.pid}/fd")),
            "cache": sum(size(path) for path in (mount.state / "cache").rglob("*/*/*/*")) / (1 << 20)}


class Faults:
    """One of them waits for whichever request comes next, as often as DRAW says: by the number of requests so far."""

    def __init__(self, emulator, log):
        self.emulator = emulator
        self.log = open(log, encoding="utf-8")  # where the service notes each request as it ends
        self.ordered = 0
        self.seen = 0
        self.met = []  # the requests that met one
        self.chance = random.Random(1)

    def count(self):
        """The requests so far."""
        for line in self.log.readlines():
            self.seen += 1
            if '"fault":' in line:
                self.met.append(json.loads(line))
        return self.seen

    def order(self):
        while self.ordered < self.count() * DRAW:
            self.emulator.fault(**self.chance.choice(FAULTS))
            self.ordered += 1


# Descriptors come and go with the programs' opens and our connections: what leaks is there at the quietest moment, too.
USUAL = {"memory": statistics.median, "descriptors": min, "cache": statistics.median}


def third(samples, number, what):
    length = len(samples) // 3
    return USUAL[what](one[what] for one in samples[number * length:(number + 1) * length])


def main():
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # so that nothing stays mounted
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", nargs="?", type=float, default=30, metavar="MINUTES", help="30")
    parser.add_argument("--people", type=int, default=25_000)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--writers", type=int, default=20)
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="contactfs-load-", dir="/var/tmp"))
    try:
        sys.exit(run(place, options))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def run(place, options):
    print(rig.machine())
    (place / "mnt").mkdir()
    (place / "state").mkdir()
    faces = Faces(place, rig.clean_env(place))
    pictures = [faces.face_bytes(number) for number in range(1, 9)]
    words = ["--face-size", "64", "--keep-bytes", "--people", options.people, "--log", place / "requests"]
    with Emulator(words, program=rig.PEOPLE_EMULATOR) as emulator:
        mount = Mount(Programs({**rig.clean_env(place), "DBUS_SESSION_BUS_ADDRESS": "disabled:"}), str(rig.CONTACTFS), place / "mnt",
                      place / "state", emulator, ["--writes-per-minute", "0", "--cache-size", CACHE_BYTES, "--sync-interval", "20"],
                      "default", True, None)
        mount.start()
        try:
            problems = load(mount, emulator, pictures, options, place / "requests")
            mount.allowed.append("warning: .*deltas?|sync")
            mount.finish()
        finally:
            mount.kill()
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def load(mount, emulator, pictures, options, log):
    with_photo = [person["displayName"] for person in emulator.people() if person["photo"]]
    names = sorted(set(with_photo) & set(os.listdir(mount.path)))
    names = [name for name in names if with_photo.count(name) == 1] if len(names) < 5000 else names
    written, quiet = names[:options.writers], names[options.writers:]
    resources = {name: os.getxattr(mount.path / name, "user.contactfs.resource_name").decode() for name in written}
    until = time.time() + options.minutes * 60
    work = [start(read, mount.path, quiet, until, number) for number in range(options.readers)]
    work += [start(write, mount.path, name, pictures, until, number) for number, name in enumerate(written)]
    faults, samples = Faults(emulator, log), []
    try:
        while not wait_readable([reader for _, reader in work], 1):  # one answers when the time is over, or dies
            faults.order()
            samples.append(sample(mount))
    except BaseException:
        for pid, _ in work:
            os.kill(pid, signal.SIGKILL)
        raise
    emulator.clear_faults()
    answers = [finish(*one) for one in work]
    requests = faults.count()
    problems = trace(answers, faults, mount, emulator, written)
    return problems + judge(answers, samples, faults, requests, [emulator.photo_bytes(resources[name]) for name in written], pictures)


def trace(answers, faults, mount, emulator, written):
    """EIO comes of an answer: some request about that person met a fault. Other errnos may come of a busy computer."""
    failed = {}
    for answer in answers:
        for code, name, words in answer["failed"] if answer is not None else ():
            if code == "EIO":
                failed.setdefault(name, []).append(words)
    problems = []
    for name, words in failed.items():
        resource = os.getxattr(mount.path / name, "user.contactfs.resource_name").decode()
        photo = urllib.parse.urlsplit(emulator.api("GET", resource, {"personFields": "photos"}).json()["photos"][0]["url"]).path
        paths = (f"/v1/{resource}", photo.rpartition("=")[0])
        met = [one["fault"] for one in faults.met if re.split("[:=]", one["path"])[0] in paths]
        print(f"EIO: {'; '.join(words)}. Requests met: {', '.join(met)}")
        if len(met) < (len(words) if name in written else 1):  # what several read is asked for once
            problems.append(f"{len(words)} × EIO for {name}, and {len(met)} faults")
    return problems


def finish(pid, reader):
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return json.loads(text) if text else None


def judge(answers, samples, faults, requests, held, pictures):
    problems = []
    if None in answers:
        problems.append(f"{answers.count(None)} processes died")
    answers = [answer for answer in answers if answer is not None]
    total = {}
    for answer in answers:
        for name, count in answer.items():
            if isinstance(count, int) and name != "last":
                total[name] = total.get(name, 0) + count
    errors = {name: count for name, count in total.items() if name.startswith("E")}
    print(f"{total.get('reads', 0):,} reads, {total.get('writes', 0):,} writes; {requests:,} requests, {faults.ordered:,} faults; errors {errors}")
    for what in ("memory", "descriptors", "cache"):
        print(f"{what}: first {samples[0][what]:.1f}, middle {third(samples, 1, what):.1f}, end {third(samples, 2, what):.1f}, "
              f"at most {max(one[what] for one in samples):.1f}{'' if what == 'descriptors' else ' MiB'}")
    meant = {errno.errorcode[number] for number in MEANT}
    problems += [f"{count} × {name}, which no fault means" for name, count in errors.items() if name not in meant]
    if total.get("changed"):
        problems.append(f"{total['changed']} photos that nobody wrote to were read as another")
    for what in ("memory", "descriptors"):
        if third(samples, 2, what) > third(samples, 1, what) * (1 + LEAVE) + 5:
            problems.append(f"{what} grows")
    if max(one["cache"] for one in samples) > 1.1 * CACHE_BYTES / (1 << 20):
        problems.append("the cache is larger than it may be")
    writers = [answer for answer in answers if "writes" in answer]
    for number, (answer, photo) in enumerate(zip(writers, held)):
        may_be = [pictures[picture] for picture in ([answer["last"]] if answer["last"] is not None else []) + answer["later"]]
        if may_be and photo not in may_be and answer["last"] is not None:
            problems.append(f"writer {number}: the service does not have what was written last")
    return problems


if __name__ == "__main__":
    main()
