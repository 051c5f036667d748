"""Reading ahead: who goes through the photos does not wait for each of them, in whatever order that is; who does not go
through them fetches what was asked for.

No clock: the service holds its answers back until a number of them is waited for. If too few photos are asked for at once,
the program waits until it is killed. And the mount's clock goes slowly, so that no pause of a busy machine ends a scan.
"""

import os
import random
import struct
import subprocess
from pathlib import Path

import pytest

from conftest import BUILD

CLOCK = BUILD / "tests/model/model-clock.so"
TOGETHER = 30  # answers, in a round
ROUNDS = 4
SINGLE = 3  # photos before it is a scan
PEOPLE = SINGLE + ROUNDS * TOGETHER

pytestmark = pytest.mark.emulator("--people", str(PEOPLE))


@pytest.fixture
def slow_clock(tmp_path):
    """An environment in which a second of the mount's lasts half a minute."""
    if b"__asan_init" in Path(os.environ.get("CONTACTFS", BUILD / "src/cli/contactfs")).read_bytes():
        return {}
    (tmp_path / "clock").write_bytes(struct.pack("=qqq", 30, 0, 0))
    return {"LD_PRELOAD": str(CLOCK), "MODEL_CLOCK": str(tmp_path / "clock")}


@pytest.fixture
def book(emulator, mount, slow_clock):
    """(the mount, the service), with nothing cached."""
    return mount(emulator, "--timeout", "600", env=slow_clock), emulator


def asked(emulator):
    """Whose photos were asked for, in order: names."""
    names = {person["resourceName"]: person["displayName"] for person in emulator.people()}
    return [request["path"] for request in emulator.requests(origin="photo")], names


def answer_in_rounds(emulator, single=SINGLE):
    emulator.fault("type", origin="photo", content_type="image/jpeg", times=single)  # as always: these go through
    emulator.fault("gather", origin="photo", count=TOGETHER, times=-1)


# Each reads all photos and prints, or writes to $copy, all their bytes.
XARGS = "tr '\\n' '\\0' | sed -z 's,$,/photo.jpg,'"
WALKS = {
    "a glob": "cat */photo.jpg",
    "bash's glob": "bash -c 'cat */photo.jpg'",
    "the last first": f"ls -r | {XARGS} | xargs -0 cat",
    "cp -r": 'cp -r . "$copy"',
    "tar": 'tar -cf - . | tar -xf - -C "$(mkdir "$copy" && echo "$copy")"',
    "rsync": 'rsync -a ./ "$copy/"',
    "the oldest first": f"ls -tr | {XARGS} | xargs -0 cat",
    "the newest first": f"ls -t | {XARGS} | xargs -0 cat",
    "by inode number, the last first": f"ls -i | sort -rn | sed 's/^ *[0-9]* //' | {XARGS} | xargs -0 cat",
    "shuffled": f"ls | shuf --random-source=\"$seed\" | {XARGS} | xargs -0 cat",
    "a process for each": f"ls | {XARGS} | xargs -0 -n 1 cat",
    "four at once": f"ls | {XARGS} | xargs -0 -P 4 -n 5 cat",
    "two from both ends": f"(ls | head -{PEOPLE // 2}; ls -r | head -{PEOPLE - PEOPLE // 2}) | {XARGS} | xargs -0 -P 2 -n {PEOPLE // 2 + 1} cat",
    "sizes alone": "ls -lR",
    "rclone": 'rclone copy --config "" . "$copy"',
}


@pytest.mark.parametrize("walk", WALKS)
def test_any_walk_goes_in_rounds(book, run, tmp_path, walk):
    mounted, emulator = book
    seed = tmp_path / "seed"
    seed.write_bytes(random.Random(walk).randbytes(4096))
    answer_in_rounds(emulator)
    run.shell(WALKS[walk], cwd=mounted.path, env={"copy": str(tmp_path / "copy"), "seed": str(seed)}, timeout=60)
    paths, _ = asked(emulator)
    assert len(paths) == len(set(paths)) == PEOPLE
    if "copy" in WALKS[walk]:
        assert len(list((tmp_path / "copy").glob("*/photo.jpg"))) == PEOPLE


LOOK_FIRST = ["a glob", "cp -r", "tar", "sizes alone"]


@pytest.mark.emulator("--people", str(1 + ROUNDS * TOGETHER))
@pytest.mark.parametrize("walk", LOOK_FIRST)
def test_who_looks_first_waits_for_one(book, run, tmp_path, walk):
    """Two photos that are side by side, and looked at before they are opened, are a scan already."""
    mounted, emulator = book
    answer_in_rounds(emulator, single=1)
    run.shell(WALKS[walk], cwd=mounted.path, env={"copy": str(tmp_path / "copy")}, timeout=60)
    assert len(asked(emulator)[0]) == 1 + ROUNDS * TOGETHER


# ---- what is no scan ----

def read(mounted, *people):
    return [(mounted.path / person / "photo.jpg").read_bytes() for person in people]


def test_one_photo_is_one_request(book):
    mounted, emulator = book
    read(mounted, sorted(os.listdir(mounted.path))[30])
    mounted.unmount()
    assert len(asked(emulator)[0]) == 1


def test_three_photos_are_three_requests(book):
    mounted, emulator = book
    people = sorted(os.listdir(mounted.path))
    for _ in range(3):
        read(mounted, *people[30:33])
    mounted.unmount()
    assert len(asked(emulator)[0]) == 3


def test_looks_at_people_far_apart_are_no_scan(book):
    mounted, emulator = book
    people = sorted(os.listdir(mounted.path))
    for person in people[10:100:40]:
        os.stat(mounted.path / person / "photo.jpg")
    mounted.unmount()
    assert len(asked(emulator)[0]) == 3


def test_names_alone_ask_for_nothing(book, run):
    mounted, emulator = book
    run("find", ".", cwd=mounted.path)
    run("find", ".", "-name", "photo.jpg", "-type", "f", cwd=mounted.path)
    run.shell("ls -R; ls */", cwd=mounted.path)
    mounted.unmount()
    assert asked(emulator)[0] == []


def test_other_sessions_are_others(book, run):
    """Four services or terminals that want a photo each go through nothing."""
    mounted, emulator = book
    for person in sorted(os.listdir(mounted.path))[30:36]:
        subprocess.run(["cat", mounted.path / person / "photo.jpg"], stdout=subprocess.DEVNULL, check=True,
                       start_new_session=True)
    mounted.unmount()
    assert len(asked(emulator)[0]) == 6


def test_one_photo_again_and_again_is_no_scan(book):
    """It cannot be had, so it is wanted each time."""
    mounted, emulator = book
    person = sorted(os.listdir(mounted.path))[30]
    read(mounted, person)
    url = os.getxattr(mounted.path / person / "photo.jpg", "user.xdg.origin.url").decode()
    path = "/" + url.split("/", 3)[3].rpartition("=")[0]
    mounted.unmount()
    emulator.reset_requests()
    emulator.fault("status", origin="photo", path=path + "*", status=403, times=-1)
    for cached in (mounted.state / "cache").rglob("*"):
        if cached.is_file():
            cached.unlink()
    mounted.start()
    for _ in range(6):
        with pytest.raises(OSError):
            read(mounted, person)
    mounted.unmount()
    assert {requested.rpartition("=")[0] for requested in asked(emulator)[0]} == {path}


# ---- its bounds ----

@pytest.mark.emulator("--people", "700")
def test_a_scan_that_stops_stops(book):
    """What is asked for when it stops is all that is asked for: a window's worth, not the book."""
    mounted, emulator = book
    people = sorted(os.listdir(mounted.path))
    read(mounted, *people[:6])
    mounted.unmount()
    assert 6 < len(asked(emulator)[0]) <= 6 + 2 * 96  # while the one half is read, the other is on its way


def test_a_scan_goes_on_where_it_goes(book):
    """In an order, what is asked for is what comes next."""
    mounted, emulator = book
    people = sorted(os.listdir(mounted.path))
    emulator.reset_requests()
    read(mounted, *people[-20:])
    mounted.unmount()
    paths, _ = asked(emulator)
    assert len(paths) == 20


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_asks_to_slow_down_is_left_alone(book, status):
    """What is fetched ahead is asked for once; and after a 429 one by one, until photos come again."""
    mounted, emulator = book
    people = sorted(os.listdir(mounted.path))
    read(mounted, *people[:3])
    emulator.fault("status", origin="photo", status=status, times=90)
    data = read(mounted, people[3])
    assert data[0] == emulator.photo_bytes(emulator.find(people[3]))
    log = emulator.requests(origin="photo")
    refused = [request["path"] for request in log if request["status"] == status]
    once = [path for path in set(refused) if refused.count(path) == 1]
    assert len(once) >= len(set(refused)) - 1, "what nobody waits for was asked for again"
