"""Nothing hangs: with the network frozen every call ends by itself in time, and by a signal within three seconds."""

import errno
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from checks import errno_of
from eventually import eventually, keeps_deadline
from processes import session_members

ALICE = "Alice Smith"
BEN = "Ben Carter"

patient = pytest.mark.options("--timeout", "600", "--upload-timeout", "600")  # longer than any test lasts
short = pytest.mark.options("--timeout", "2", "--upload-timeout", "3")


@contextmanager
def frozen(emulator):
    """The service's process stands still: connections stay open, nothing is answered."""
    os.kill(emulator.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(emulator.process.pid, signal.SIGCONT)


def start(run, *args):
    return run.start(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def waits_in_the_mount(process):
    """Whether one of the program's processes is inside a call that the daemon has not answered."""
    return any("request_wait_answer" in Path(f"/proc/{pid}/wchan").read_text() for pid in session_members(process.pid))


def until_waiting(process):
    """The kernel tells nobody when a program begins to wait."""
    eventually(lambda: process.poll() is not None or waits_in_the_mount(process))
    assert process.poll() is None, process.communicate()


PROGRAMS = [
    pytest.param(lambda path, face: ["cat", path / "photo.jpg"], id="cat"),
    pytest.param(lambda path, face: ["ls", "-l", path], id="ls"),
    pytest.param(lambda path, face: ["stat", path / "photo.jpg"], id="stat"),
    pytest.param(lambda path, face: ["cp", face, path / "photo.jpg"], id="cp"),
    pytest.param(lambda path, face: ["mv", face, path / "photo.jpg"], id="mv"),
    pytest.param(lambda path, face: ["rsync", "-a", face, path / "photo.jpg"], id="rsync"),
    pytest.param(lambda path, face: ["mv", "-f", path / "photo.jpg", path.parent / BEN / "photo.jpg"], id="mv to another"),
]


@patient
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("make", PROGRAMS)
def test_killed_in_a_frozen_network(contacts, run, faces, make, number):
    with frozen(contacts.emulator):
        process = start(run, *make(contacts.path / ALICE, faces.face(1)))
        until_waiting(process)
        os.killpg(process.pid, number)
        run.finish(process)
        assert ALICE in os.listdir(contacts.path), "the mount still answers"
    assert (contacts.path / ALICE / "photo.jpg").read_bytes() == contacts.held(ALICE)


@short
@pytest.mark.parametrize("make", PROGRAMS)
def test_ends_by_itself_in_a_frozen_network(contacts, run, faces, make):
    with frozen(contacts.emulator):
        with keeps_deadline(2 + 2 + 3):  # a program may wait for the photo's size, then for the photo, then for the upload
            result = run.finish(start(run, *make(contacts.path / ALICE, faces.face(1))))
        assert result.status != 0
        assert "imed out" in result.errors, result
    assert (contacts.path / ALICE / "photo.jpg").read_bytes() == contacts.held(ALICE)


@short
def test_errno_and_time(contacts, faces):
    """A read within --timeout, an upload within --upload-timeout: ETIMEDOUT."""
    photo = contacts.path / ALICE / "photo.jpg"
    cached = contacts.path / BEN / "photo.jpg"
    cached.read_bytes()
    with frozen(contacts.emulator):
        for call, seconds in ((photo.read_bytes, 2), (photo.stat, 2),
                              (lambda: cached.write_bytes(faces.face_bytes(1)), 3)):
            with keeps_deadline(seconds, at_least=seconds - 0.5):
                assert errno_of(call) == errno.ETIMEDOUT
        assert cached.read_bytes(), "what is cached is served all the while"
    assert "photo.jpg" in os.listdir(contacts.path / BEN)


@short
def test_queue_behind_a_frozen_upload(contacts, run, faces):
    """Writers that wait for their turn end in time too; none of them is sent late."""
    people = [name for name in sorted(os.listdir(contacts.path))
              if "photo.jpg" in os.listdir(contacts.path / name)][:6]
    for name in people:
        (contacts.path / name / "photo.jpg").read_bytes()
    held = {name: contacts.held(name) for name in people}
    contacts.emulator.fault("hang", method="PATCH", times=-1)
    with keeps_deadline(3):
        writers = [start(run, "cp", faces.face(n), contacts.path / name / "photo.jpg") for n, name in enumerate(people)]
        results = [run.finish(writer) for writer in writers]
    assert all(result.status == 1 and "timed out" in result.errors for result in results), results
    contacts.emulator.clear_faults()
    assert {name: contacts.held(name) for name in people} == held
    assert {name: (contacts.path / name / "photo.jpg").read_bytes() for name in people} == held
    assert contacts.mutations() == ["PATCH"], "what would come too late is not sent"
    assert (contacts.path / people[0] / "photo.jpg").write_bytes(faces.face_bytes(9))


@patient
def test_interrupted_upload_is_not_sent_later(contacts, run, faces):
    """Ctrl-C while it waits for its turn: the photo stays, the bytes are kept."""
    (contacts.path / ALICE / "photo.jpg").read_bytes()
    before = contacts.held(ALICE)
    contacts.emulator.fault("hang", method="PATCH")
    first = start(run, "cp", faces.face(1), contacts.path / BEN / "photo.jpg")
    contacts.emulator.wait_requests(1, method="PATCH")
    second = start(run, "cp", faces.face(2), contacts.path / ALICE / "photo.jpg")
    eventually(lambda: contacts.mount.status()["waiting_mutations"] == 2)
    second.send_signal(signal.SIGINT)
    run.finish(second)
    first.send_signal(signal.SIGINT)
    run.finish(first)
    eventually(lambda: contacts.mount.status()["waiting_mutations"] == 0)
    assert contacts.mutations() == ["PATCH"]
    assert contacts.held(ALICE) == before == (contacts.path / ALICE / "photo.jpg").read_bytes()
    eventually(lambda: contacts.rejected(ALICE) == [faces.face_bytes(2)])
    assert "interrupted" in contacts.mount.error(ALICE)


# ---- programs with timers ----

TIMER = """
import os, signal, sys
ticks = 0
def tick(number, frame):
    global ticks
    ticks += 1
signal.signal(signal.SIGALRM, tick)
signal.siginterrupt(signal.SIGALRM, True)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
{}
signal.setitimer(signal.ITIMER_REAL, 0)
assert ticks > 0
"""


def test_reader_that_interrupts_itself(contacts, run):
    contacts.emulator.fault("delay", origin="photo", delay_ms=600)
    path = contacts.path / ALICE / "photo.jpg"
    code = TIMER.format(f"data = open({str(path)!r}, 'rb', buffering=0).read()\nassert len(data) == os.stat({str(path)!r}).st_size")
    run(sys.executable, "-c", code)


def test_writer_that_interrupts_itself(contacts, run, faces):
    """os.close: Python does not repeat it after EINTR, so the one answer must be the outcome."""
    contacts.emulator.fault("delay", method="PATCH", delay_ms=600)
    path = contacts.path / ALICE / "photo.jpg"
    code = TIMER.format(f"fd = os.open({str(path)!r}, os.O_WRONLY | os.O_TRUNC)\n"
                        f"data = open({str(faces.face(1))!r}, 'rb').read()\n"
                        "assert os.write(fd, data) == len(data)\nos.close(fd)")
    run(sys.executable, "-c", code)
    assert contacts.held(ALICE) == faces.face_bytes(1)
    assert contacts.mutations() == ["PATCH"]


# ---- many that wait ----

MANY = 256
READER = """
import sys, threading
for path in sys.stdin.read().splitlines():
    threading.Thread(target=lambda p=path: open(p, 'rb').read()).start()
"""


@pytest.mark.emulator("--people", str(MANY), "--photos", "none")
def test_many_reads_wait_together(mount, emulator, run, faces):
    """All are with the service before it has answered one, and none of them holds a thread."""
    for number, person in enumerate(emulator.people()):
        emulator.set_photo(person["resourceName"], faces.face_bytes(number))  # a drawn face would take its time
    mounted = mount(emulator, "--timeout", "600")
    paths = "\n".join(str(mounted.path / name / "photo.jpg") for name in os.listdir(mounted.path)).encode()
    emulator.fault("hang", origin="photo", times=-1)
    reader = run.start(sys.executable, "-c", READER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    reader.stdin.write(paths)
    reader.stdin.close()
    reader.stdin = None
    emulator.wait_requests(MANY, origin="photo")
    assert len(os.listdir(f"/proc/{mounted.pid}/task")) < 16
    reader.kill()
    run.finish(reader)


@patient
def test_lookups_do_not_wait(contacts, run):
    """The kernel serialises lookups of one directory: one that waited would hold up all."""
    with frozen(contacts.emulator):
        reader = start(run, "cat", contacts.path / ALICE / "photo.jpg")
        until_waiting(reader)
        for name in os.listdir(contacts.path):
            os.listdir(contacts.path / name)
            assert (contacts.path / name).is_dir()
        assert waits_in_the_mount(reader)
    assert run.finish(reader).raw == contacts.held(ALICE)
