"""Every failure is shown on the desktop, whoever was told."""

import ctypes
import itertools
import json
import mmap
import os
import signal
import socket
import subprocess

import pytest

from clock import Clock
from conftest import BUILD, Contacts, eventually
from desktop import Desktop


@pytest.fixture
def session(run):
    """Makes desktops; all of them end with the test."""
    desktops = []

    def make(**options):
        desktops.append(Desktop(run, **options))
        return desktops[-1]

    yield make
    for desktop in desktops:
        desktop.end()


@pytest.fixture
def desktop(session):
    return session()


@pytest.fixture
def clock(tmp_path):
    """In a test that asks for it, no minute passes but by its hand."""
    return Clock(BUILD, tmp_path)


@pytest.fixture
def contacts(emulator, mount, desktop, request):
    marker = request.node.get_closest_marker("options")
    env = {**desktop.env, **(request.getfixturevalue("clock").env if "clock" in request.fixturenames else {})}
    return Contacts(emulator, mount(emulator, "--writes-per-minute", "0", *(marker.args if marker else ()), env=env))


def refuse(emulator, method="PATCH", times=-1, **more):
    """The service refuses changes: times of them, or all."""
    emulator.fault("status", method=method, times=times, status=403, **more)


def change_by_mmap(path, offset, byte):
    """The page is written when the mapping ends: after a close that had nothing to send. Python's mmap closes later."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    fd = os.open(path, os.O_RDWR)
    size = os.fstat(fd).st_size
    page = libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, fd, 0)
    os.close(fd)
    ctypes.memset(page + offset, byte, 1)
    libc.munmap(page, size)


# In a JPEG of faces: its number, in a comment; and its first byte.
NUMBER, MAGIC = 11, 0


def nothing_more(desktop, contacts, run, faces):
    """What is shown next is another failure, made now: so nothing was shown before it."""
    person = contacts.person(5)
    contacts.emulator.clear_faults()
    refuse(contacts.emulator, "DELETE", 1)
    run("rm", contacts.photo(person))
    assert desktop.shown()[0] == f"{person}: the photo was not removed and is back"


# ---- each kind of failure ----

@pytest.mark.keep_bytes
def test_write_by_mmap(contacts, desktop, run, faces, person, photo):
    run("cp", faces.face(5), photo)
    refuse(contacts.emulator)
    change_by_mmap(photo, NUMBER, ord("1"))
    summary, body = desktop.shown()
    assert summary == f"{person}: the photo was not changed"
    assert contacts.mount.error(person) == f"{summary}: {body}"
    assert contacts.held(person) == photo.read_bytes() == faces.face_bytes(5)
    assert contacts.rejected(person) == [faces.face_bytes(1)]


def test_write_by_mmap_that_is_no_picture(contacts, desktop, person, photo, old):
    change_by_mmap(photo, MAGIC, 0)
    assert desktop.shown()[0] == f"{person}: the photo was not changed"
    assert contacts.held(person) == old


def test_delayed_removal(contacts, desktop, run, person, photo, old):
    refuse(contacts.emulator, "DELETE")
    run("rm", photo)
    summary, body = desktop.shown()
    assert summary == f"{person}: the photo was not removed and is back"
    assert body
    eventually(photo.exists)
    assert contacts.held(person) == old


def test_killed_writer(contacts, desktop, run, faces, person, photo, old):
    """The kernel closes the half picture of a program that died."""
    process = run.start("/usr/bin/python3", "-c", "import sys\n"
                        "file = open(sys.argv[1], 'wb', buffering=0)\nfile.write(open(sys.argv[2], 'rb').read())\n"
                        "print(flush=True)\nsys.stdin.read()", photo, faces.cut, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    process.kill()
    run.finish(process)
    assert desktop.shown()[0] == f"{person}: the photo was not changed"
    nothing_more(desktop, contacts, run, faces)
    assert contacts.held(person) == old


def test_program_that_ends_without_closing(contacts, desktop, run, faces, person, photo):
    """The close of its exit fails, and it cannot see that."""
    refuse(contacts.emulator)
    run("/usr/bin/python3", "-c", "import os, sys\nfd = os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC)\n"
        "os.write(fd, open(sys.argv[2], 'rb').read())\nos._exit(0)", photo, faces.face(1))
    assert desktop.shown()[0] == f"{person}: the photo was not changed"
    nothing_more(desktop, contacts, run, faces)


def test_killed_while_the_upload_is_under_way(contacts, desktop, run, faces, person, photo, old):
    refuse(contacts.emulator, delay_ms=1000)
    process = run.start("cp", faces.face(1), photo)
    contacts.emulator.wait_requests(1, method="PATCH")
    process.kill()
    run.finish(process)
    summary, body = desktop.shown()
    assert summary == f"{person}: the photo was not changed"
    nothing_more(desktop, contacts, run, faces)
    assert contacts.held(person) == old


def test_killed_rename(contacts, desktop, run, faces, person, photo):
    refuse(contacts.emulator, delay_ms=1000)
    run("cp", faces.face(1), photo.with_name("new.tmp"))
    process = run.start("mv", photo.with_name("new.tmp"), photo)
    contacts.emulator.wait_requests(1, method="PATCH")
    process.kill()
    run.finish(process)
    assert desktop.shown()[0] == f"{person}: the photo was not changed"


def test_rename(contacts, desktop, faces, person, photo):
    """KDE's programs write photo.jpg.part, and say nothing when the rename fails."""
    for number, name in enumerate(("photo.jpg.tmp", "photo.jpg.part")):
        person = contacts.person(number)
        target = contacts.photo(person)
        target.with_name(name).write_bytes(faces.cut.read_bytes())
        with pytest.raises(OSError):
            os.rename(target.with_name(name), target)
        title, words = desktop.shown()
        assert title == f"{person}: the photo was not changed" and "cut off" in words
        assert words.endswith(f"; your picture is in {person}/.rejected")


def test_program_that_was_told(contacts, desktop, run, faces, person, photo):
    """A program in a window says only "Invalid argument"; where the picture is now, it does not know."""
    refuse(contacts.emulator)
    for picture, words in ((faces.face(1), "403"), (faces.cut, "cut off")):
        assert run("cp", picture, photo, check=False).status != 0
        summary, body = desktop.shown()
        assert summary == f"{person}: the photo was not changed"
        assert words in body and body.endswith(f"; your picture is in {person}/.rejected")
        assert contacts.mount.error(person) == f"{summary}: {body}"
        assert contacts.rejected(person)[-1] == picture.read_bytes()
        assert contacts.mount.text().count(f"{summary}: {body}") == 1
    assert run("cp", faces.text, photo, check=False).status != 0
    summary, body = desktop.shown()
    assert body == f"what was written is not a picture (text); what was written is in {person}/.rejected"
    nothing_more(desktop, contacts, run, faces)


def test_open_that_is_refused(contacts, desktop, run, faces, person, photo):
    """Nothing was handed over, so nothing is said of where it is."""
    contacts.emulator.fault("status", origin="api", times=-1, status=401)
    for _ in range(2):
        assert run("cp", faces.face(1), photo, check=False).status != 0
        assert desktop.shown()[0] == f"{person}: the photo was not changed"
    assert len(contacts.rejected(person)) == 1
    assert ".rejected" not in contacts.mount.error(person)


def test_end_of_the_mount(contacts, desktop, person, photo, faces):
    """A file that is still open when the mount ends is sent then."""
    refuse(contacts.emulator)
    fd = os.open(photo, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, faces.face_bytes(1))
    contacts.mount.terminate()
    assert contacts.mount.exit_status == 0
    with pytest.raises(OSError):
        os.close(fd)
    kept = [path.read_bytes() for path in contacts.mount.state.glob("data/**/rejected/*.jpg")]
    assert kept == [faces.face_bytes(1)]
    assert desktop.shown()[0] == f"{person}: the photo was not changed"


# ---- what is not shown ----

def test_half_that_is_followed_by_the_whole(contacts, desktop, run, faces, person, photo):
    """The close of the first program fails, and the second one mends it."""
    run.shell('{ head -c 1000 "$face"; tail -c +1001 "$face"; } > "$photo"', check=False,
              env={"photo": str(photo), "face": str(faces.face(1))})
    assert contacts.held(person) == faces.face_bytes(1)
    nothing_more(desktop, contacts, run, faces)


def test_interrupted_upload_that_was_carried_out(contacts, desktop, run, faces, person, photo):
    """The program is gone, and the service did what it was asked to: nothing failed."""
    contacts.emulator.fault("delay", method="PATCH", delay_ms=500)
    process = run.start("cp", faces.face(1), photo)
    contacts.emulator.wait_requests(1, method="PATCH")
    process.kill()
    run.finish(process)
    eventually(lambda: contacts.held(person) == faces.face_bytes(1))
    nothing_more(desktop, contacts, run, faces)


@pytest.mark.options("--no-notify")
def test_no_notify(contacts, desktop, run, photo, person):
    refuse(contacts.emulator, "DELETE")
    run("rm", photo)
    eventually(lambda: contacts.mount.error(person))
    contacts.mount.unmount()
    desktop.service.terminate()
    assert desktop.service.stdout.read() == b""


# ---- not too many ----

@pytest.fixture
def fail(contacts, clock, run, faces):
    """Makes changes of so many more people fail, and says whose."""
    refuse(contacts.emulator)
    numbers = itertools.count()

    def make(count):
        people = [contacts.person(next(numbers)) for _ in range(count)]
        for person in people:
            assert run("cp", faces.face(1), contacts.photo(person), check=False).status != 0
            eventually(lambda person=person: contacts.mount.error(person))
        return people

    return make


@pytest.mark.emulator("--people", "20")
def test_many_failures(desktop, clock, fail):
    people = fail(17)
    assert [desktop.shown()[0].partition(":")[0] for _ in range(10)] == people[:10]
    clock.advance(1)
    shown = desktop.next()
    assert shown[3] == "7 more photos were not changed"
    fail(1)
    clock.advance(1)
    again = desktop.next()
    assert again[3] == "8 more photos were not changed"
    assert again[2] == shown[1] != 0, "the number grows in place"


@pytest.mark.emulator("--people", "20")
def test_count_that_a_new_minute_overtakes(desktop, clock, fail):
    """It would be shown a second after the first that was counted."""
    for person in fail(10):
        assert desktop.shown()[0].startswith(person)
    clock.advance(59.5)
    fail(1)
    clock.advance(0.6)
    person, = fail(1)
    assert desktop.shown()[0] == "1 more photo was not changed"
    assert desktop.shown()[0].startswith(person)


@pytest.mark.keep_bytes
def test_the_same_again_is_shown_once(contacts, clock, desktop, run, faces, person, photo):
    run("cp", faces.face(5), photo)
    refuse(contacts.emulator)
    for number in range(2, 4):
        change_by_mmap(photo, NUMBER, ord("1"))
        contacts.emulator.wait_requests(number, method="PATCH", answered=True)
        eventually(lambda: photo.read_bytes() == faces.face_bytes(5))
    assert desktop.shown()[0] == f"{person}: the photo was not changed"
    with clock.ticking():
        nothing_more(desktop, contacts, run, faces)


def test_two_pictures_are_two_failures(contacts, clock, desktop, run, faces, person, photo):
    """One after the other, for the same reason, to the same contact; the second does not take the first one's place."""
    refuse(contacts.emulator)
    for number in range(1, 4):
        assert run("cp", faces.face(number), photo, check=False).status != 0
        assert run("cp", faces.face(number), photo, check=False).status != 0  # the very same is shown once
        method, _, replaces, summary, *_ = desktop.next()
        assert (method, replaces, summary) == ("Notify", 0, f"{person}: the photo was not changed")
    assert contacts.rejected(person) == [faces.face_bytes(number) for number in range(1, 4)]


def test_closed_when_the_same_picture_succeeds(contacts, desktop, run, faces, person, photo):
    """Another picture that is taken does not bring back the one that was not."""
    refuse(contacts.emulator, times=1)
    assert run("cp", faces.face(1), photo, check=False).status != 0
    method, number, *_ = desktop.next()
    assert method == "Notify"
    run("cp", faces.face(2), photo)
    run("cp", faces.face(1), photo)
    assert desktop.next() == ["CloseNotification", number]


def test_closed_when_the_removal_succeeds(contacts, desktop, run, faces, person, photo):
    refuse(contacts.emulator, "DELETE", times=1)
    run("rm", photo)
    method, number, *_ = desktop.next()
    assert method == "Notify"
    eventually(photo.exists)
    run("cp", faces.face(1), photo)
    assert desktop.next() == ["CloseNotification", number]


# ---- words ----

@pytest.mark.options("--sync-interval", "1")
def test_words_are_escaped(contacts, desktop, run):
    name = "Tom <b>&amp; Co"
    contacts.emulator.create_person(name, face="tom")
    eventually(lambda: name in os.listdir(contacts.path))
    refuse(contacts.emulator, "DELETE", body=json.dumps({"error": {
        "code": 403, "message": "<a href='x'>no</a> & never", "status": "PERMISSION_DENIED"}}))
    run("rm", contacts.photo(name))
    summary, body = desktop.shown()
    assert summary == "Tom <b>&amp; Co: the photo was not removed and is back"  # plain text by the specification
    assert "&lt;a href=&apos;x&apos;&gt;no&lt;/a&gt; &amp; never" in body


# ---- desktops of all kinds ----

def test_in_the_background(emulator, mount, desktop, run):
    """The daemon keeps the session of who called it."""
    contacts = Contacts(emulator, mount(emulator, foreground=False, env=desktop.env))
    person = contacts.person()
    refuse(emulator, "DELETE")
    run("rm", contacts.photo(person))
    assert desktop.shown()[0] == f"{person}: the photo was not removed and is back"


def test_bus_of_the_runtime_folder(emulator, mount, desktop, run, tmp_path):
    runtime = desktop.env["DBUS_SESSION_BUS_ADDRESS"].removeprefix("unix:path=").removesuffix("/bus")
    env = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": runtime}
    contacts = Contacts(emulator, mount(emulator, env=env))
    refuse(emulator, "DELETE")
    run("rm", contacts.photo(contacts.person()))
    assert desktop.shown()


def check_life_goes_on(contacts, run, faces):
    """A failure is in the log, the next change is quick, and so is the end."""
    one, two = contacts.person(0), contacts.person(1)
    refuse(contacts.emulator, "DELETE")
    run("rm", contacts.photo(one))
    eventually(lambda: contacts.mount.error(one))
    run("cp", faces.face(1), contacts.photo(two))
    assert contacts.held(two) == faces.face_bytes(1)
    contacts.mount.terminate()
    assert contacts.mount.exit_status == 0


@pytest.mark.parametrize("address", ["", "unix:path=/nonexistent/bus", "autolaunch:", "nonsense"])
def test_no_bus(emulator, mount, run, faces, tmp_path, address):
    env = {"DBUS_SESSION_BUS_ADDRESS": address, "XDG_RUNTIME_DIR": str(tmp_path)}
    check_life_goes_on(Contacts(emulator, mount(emulator, env=env)), run, faces)


def test_nobody_shows_notifications(emulator, mount, session, run, faces):
    check_life_goes_on(Contacts(emulator, mount(emulator, env=session(service=False).env)), run, faces)


def test_service_that_hangs(emulator, mount, session, run, faces):
    check_life_goes_on(Contacts(emulator, mount(emulator, env=session(hang=True).env)), run, faces)


def test_bus_that_hangs(emulator, mount, run, faces, tmp_path):
    """It takes connections, and says nothing."""
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "bus"))
        bus.listen()
        env = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path / 'bus'}"}
        check_life_goes_on(Contacts(emulator, mount(emulator, env=env)), run, faces)


def test_service_that_starts_anew(contacts, desktop, run, faces):
    """Its ids are others' now: what is told or succeeds next closes and replaces none of them."""
    one, two = contacts.person(0), contacts.person(1)
    refuse(contacts.emulator, "DELETE")
    run("rm", contacts.photo(one))
    assert desktop.shown()
    desktop.restart_service()
    run("cp", faces.face(1), contacts.photo(one))
    run("rm", contacts.photo(two))
    said = desktop.next()
    assert said[:3] == ["Notify", 1, 0] and two in said[3]


def test_bus_that_goes_away(contacts, desktop, run, faces):
    refuse(contacts.emulator, "DELETE", 1)
    run("rm", contacts.photo(contacts.person(2)))
    assert desktop.shown()
    desktop.bus.send_signal(signal.SIGTERM)
    desktop.bus.wait()
    check_life_goes_on(contacts, run, faces)
