"""How the work grows with the number of people and with the size of photos; drawn into docs/pictures."""

import math
import os
import shutil

import chart
from reading import known_photos, scan
from report import heading, in_words, line
from rig import ROOT, Service, memory_mib, seconds

PICTURES = ROOT / "docs/pictures"
PEOPLE = (1_000, 5_000, 25_000, 100_000)
SIZES = (10_000, 50_000, 250_000, 1_000_000, 5_000_000)
PHOTOS = 100
STEEPEST = 1.1  # as a power of the size: 1 is linear; what is hardly measured is not that exact
COMMENT_MAX = 65_533


def plot(folder, results):
    people(folder, results)
    photos(folder, results)


def judge(what, points, results):
    """By the last step, where what is there anyway counts least."""
    (x0, y0), (x1, y1) = sorted(points.items())[-2:]
    power = math.log(y1 / y0) / math.log(x1 / x0)
    results.check(f"{what} grows linearly or less", power, STEEPEST, f"as the power of {power:.2f}")


def best_of(rounds, action):
    return min(action() for _ in range(rounds))


# ---- people ----

def people(folder, results):
    heading("growth: people, no round trip")
    listings, remounts, memory = {}, {}, {}
    for number in PEOPLE:
        place = folder / str(number)
        place.mkdir()
        with Service(place, "--people", str(number), rtt=0) as service:
            mount = service.new_mount()
            listings[number] = seconds(lambda: until_listed(service, mount, number))[0]
            memory[number] = memory_mib(mount.pid)[1]

            def remounted():
                mount.terminate()
                return seconds(lambda: until_listed(service, mount, number))[0]

            remounts[number] = best_of(3, remounted)
            service.end_mount(mount)
        line(f"{number:,} people", in_words(listings[number]),
             f"the next mount {in_words(remounts[number])}, resident at most {memory[number]:.1f} MiB")
    for what, points in (("first listing", listings), ("next mount to the end of ls", remounts), ("memory", memory)):
        judge(what, points, results)
    draw("growth-people.svg", "People: first listing, next mount, memory", "people", {number: f"{number:,}" for number in PEOPLE},
         {"first listing, s": listings, "next mount, s": remounts, "resident, MiB": memory})


def until_listed(service, mount, number):
    mount.start()
    assert len(service.programs("ls", mount.path).out.splitlines()) == number


# ---- photos ----

def padded(face, size):
    """A JPEG of so many bytes: the face, with comments of noise."""
    left, comments = size - len(face), b""
    while left > 0:
        length = max(min(left - 4, COMMENT_MAX), 0)
        comments += b"\xff\xfe" + (length + 2).to_bytes(2, "big") + os.urandom(length)
        left -= length + 4
    return face[:2] + comments + face[2:]


def photos(folder, results):
    heading(f"growth: {PHOTOS} cold photos, no round trip")
    times = {}
    for size in SIZES:
        place = folder / f"bytes-{size}"
        place.mkdir()
        with Service(place, "--people", str(PHOTOS), "--face-size", "64", "--keep-bytes", rtt=0) as service:
            for person in service.emulator.people():
                name = person["resourceName"]
                service.emulator.set_photo(name, padded(service.emulator.photo_bytes(name), size))
            _, total = known_photos(service, PHOTOS)

            def cold():
                mount = service.new_mount("--cache-size", "1G").start()
                taken, got = scan(service, mount.path)
                service.end_mount(mount)
                shutil.rmtree(mount.state)  # half a gigabyte
                assert got == total, (got, total)
                return taken

            times[size] = best_of(3, cold)
        line(f"each of {in_bytes(size)}", in_words(times[size]), f"{total / times[size] / 1e6:.0f} MB/s")
    judge("a cold read", times, results)
    draw("growth-photos.svg", f"Photos: cold read of {PHOTOS}", "bytes of each photo",
         {size: in_bytes(size) for size in SIZES}, {"cold read, s": times})


def in_bytes(size):
    return f"{size / 1e6:g} MB" if size >= 1e6 else f"{size / 1e3:g} kB"


def draw(name, *what):
    (PICTURES / name).write_text(chart.draw(*what))
    line("drawn", name)
