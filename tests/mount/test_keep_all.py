"""--keep-all: every photo is fetched before anybody wants it, out of everybody's way."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from desktop import Desktop
from eventually import eventually
from processes import wait_readable

from conftest import CONTACTFS

NETWORK_MANAGER = Path(__file__).resolve().parents[1] / "lib" / "network_manager.py"
PEOPLE = 30
AT_ONCE = 4

pytestmark = [pytest.mark.emulator("--people", str(PEOPLE), "--photos", "all"), pytest.mark.keep_bytes]


def state(mounted):
    status = mounted.status()
    return status["keep_all"], status["keep_all_left"]


def wait_until(mounted, wanted):
    eventually(lambda: state(mounted)[0] == wanted, why=f"it is never “{wanted}”")


def fetched(emulator):
    return len(emulator.requests(origin="photo"))


def bodies(mounted):
    return {name: (mounted.path / name / "photo.jpg").read_bytes() for name in os.listdir(mounted.path)}


def test_everything_is_here(emulator, mount):
    mounted = mount(emulator, "--keep-all")
    wait_until(mounted, "done")
    assert fetched(emulator) == PEOPLE
    assert emulator.log()["max_concurrent"]["photo"] <= AT_ONCE
    assert state(mounted) == ("done", 0)
    emulator.fault("reset", origin="photo", times=-1)
    assert all(body.startswith(b"\xff\xd8") for body in bodies(mounted).values())
    assert fetched(emulator) == PEOPLE
    mounted.remount()
    wait_until(mounted, "done")
    assert fetched(emulator) == PEOPLE, "what is here is not fetched again"


def test_without_it_nothing_is_fetched(emulator, mount):
    mounted = mount(emulator, "--sync-interval", "1")
    eventually(lambda: mounted.status()["last_sync"] > mounted.status()["started"])
    assert "keep_all" not in mounted.status() and fetched(emulator) == 0


def test_what_changes_is_fetched_anew(emulator, mount, faces):
    mounted = mount(emulator, "--keep-all", "--sync-interval", "1")
    wait_until(mounted, "done")
    name = os.listdir(mounted.path)[0]
    emulator.set_photo(emulator.find(name), faces.face_bytes(1))
    emulator.wait_requests(PEOPLE + 1, origin="photo", answered=True)
    emulator.fault("reset", origin="photo", times=-1)
    eventually(lambda: mounted.status()["keep_all"] == "done")
    assert (mounted.path / name / "photo.jpg").read_bytes() == faces.face_bytes(1)
    assert fetched(emulator) == PEOPLE + 1


@pytest.mark.parametrize("fault", [("status", {"status": 429}), ("status", {"status": 503}), ("reset", {})],
                         ids=["429", "503", "reset"])
def test_what_fails_waits_for_the_next_sync(emulator, mount, fault):
    action, more = fault
    emulator.fault(action, origin="photo", times=-1, **more)
    mounted = mount(emulator, "--keep-all", "--sync-interval", "3600")
    wait_until(mounted, "waits for the next sync")
    eventually(lambda: state(mounted)[1] == PEOPLE)
    assert fetched(emulator) <= AT_ONCE
    emulator.clear_faults()
    mounted.remount("--keep-all", "--sync-interval", "1")
    wait_until(mounted, "done")
    assert len(bodies(mounted)) == PEOPLE


def test_what_is_not_delivered_holds_up_nobody(emulator, mount):
    emulator.fault("status", origin="photo", status=404, times=-1)
    mounted = mount(emulator, "--keep-all", "--sync-interval", "3600")
    wait_until(mounted, "done")
    assert len({request["path"].rpartition("=")[0] for request in emulator.requests(origin="photo")}) == PEOPLE
    assert mounted.cached() == []


@pytest.mark.emulator("--people", str(PEOPLE), "--photos", "all", "--face-size", "720")
def test_the_cache_is_full(emulator, mount, run):
    """No photo pushes out another one."""
    mounted = mount(emulator, "--keep-all", "--cache-size", "512K")
    wait_until(mounted, "the cache is full")
    count = fetched(emulator)
    eventually(lambda: len(mounted.cached()) == count)
    assert 0 < count < PEOPLE and 0 < mounted.status()["cache_bytes"] <= 512 << 10
    assert "a larger --cache-size lets --keep-all go on" in mounted.text()
    assert re.search(r"Keep all +the cache is full; \d+ photos left at most", run(CONTACTFS, "status", env=mounted.env).out)


def test_what_is_here_takes_its_room_once(emulator, mount, faces):
    """Whoever is called otherwise is looked at again."""
    mounted = mount(emulator, "--keep-all", "--sync-interval", "1", "--cache-size", "128K")
    wait_until(mounted, "done")
    people = [person["resourceName"] for person in emulator.people()]
    assert mounted.status()["cache_bytes"] > 32 << 10
    for turn in range(3):
        for number, person in enumerate(people):
            emulator.rename_person(person, f"N{number}", f"T{turn}")
        eventually(lambda: all(name.endswith(f"T{turn}") for name in os.listdir(mounted.path)))
    emulator.set_photo(people[0], faces.face_bytes(1))
    emulator.wait_requests(PEOPLE + 1, origin="photo", answered=True)
    wait_until(mounted, "done")


@pytest.fixture
def network(run):
    """(the environment of a program whose NetworkManager says that the connection is metered, say): after say("no") it is not."""
    bus = Desktop(run, service=False)
    process = run.start("/usr/bin/python3", NETWORK_MANAGER, env=bus.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert wait_readable([process.stdout], 30) and process.stdout.readline() == b"ready\n"

    def say(word):
        process.stdin.write(f"{word}\n".encode())
    yield {"DBUS_SYSTEM_BUS_ADDRESS": bus.env["DBUS_SESSION_BUS_ADDRESS"]}, say
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    bus.end()


def test_a_metered_connection(emulator, mount, network):
    env, say = network
    mounted = mount(emulator, "--keep-all", env=env)
    wait_until(mounted, "waits: the connection is metered")
    assert fetched(emulator) == 0
    name = os.listdir(mounted.path)[0]
    assert (mounted.path / name / "photo.jpg").read_bytes(), "who wants a photo gets it"
    say("no")
    wait_until(mounted, "done")
    assert fetched(emulator) == PEOPLE


def test_the_end_waits_for_none(emulator, mount):
    emulator.fault("hang", origin="photo", times=-1)
    mounted = mount(emulator, "--keep-all", "--timeout", "600")
    emulator.wait_requests(1, origin="photo")
    mounted.unmount()
