"""Editing the photo in place: what is changed is sent, and half of a change is not."""

import errno
import os
import signal

import pytest

from changes import await_change
from checks import check, check_refused, python
from eventually import eventually


def edited(data):
    return data.replace(b"face 1", b"FACE 1")


@pytest.fixture
def prepared(contacts, faces, person, photo):
    """The photo is face 1, and only what comes now counts."""
    photo.write_bytes(faces.face_bytes(1))
    contacts.emulator.reset_requests()
    return faces.face_bytes(1)


@pytest.mark.keep_bytes
def test_edit_of_a_photo_that_decoders_complain_of(contacts, faces, person, photo):
    """Its JFIF header is of a version that is none, which does no harm, and it was so before."""
    whole = faces.face_bytes(1)
    version = whole.index(b"JFIF\0") + 5
    odd = whole[:version] + b"\x09" + whole[version + 1:]
    photo.write_bytes(odd)
    contacts.emulator.reset_requests()
    with open(photo, "r+b") as file:
        file.seek(whole.index(b"face 1"))
        file.write(b"FACE 1")
    check(contacts, person, edited(odd), ["PATCH"])


@pytest.mark.keep_bytes
def test_pwrite_in_the_middle(contacts, person, photo, prepared):
    fd = os.open(photo, os.O_RDWR)
    at = prepared.index(b"face 1")
    assert os.pread(fd, 6, at) == b"face 1"
    os.pwrite(fd, b"FACE 1", at)
    assert os.pread(fd, len(prepared) + 1, 0) == edited(prepared)
    os.close(fd)
    check(contacts, person, edited(prepared), ["PATCH"])


@pytest.mark.keep_bytes
def test_write_only_in_the_middle(contacts, person, photo, prepared):
    fd = os.open(photo, os.O_WRONLY)
    os.pwrite(fd, b"FACE 1", prepared.index(b"face 1"))
    os.close(fd)
    check(contacts, person, edited(prepared), ["PATCH"])


# ---- a writer that dies while it edits in place: its new head and the old end may well be a whole JPEG by structure ----

EDITED_HALF_WAY = """
import os, signal, sys
data = open(sys.argv[1], 'rb').read()
fd = os.open(sys.argv[2], os.O_WRONLY)
os.pwrite(fd, data[:len(data) // 2], 0)
%s
"""


DEATHS = {"killed": "os.kill(os.getpid(), signal.SIGKILL)", "terminated": "os.kill(os.getpid(), signal.SIGTERM)",
          "failed": "os._exit(3)", "fork": "child = os.fork() or os.kill(os.getpid(), signal.SIGKILL)\nos.wait()\nos.close(fd)"}


def spliced(faces):
    """What face 2's first half makes of face 1."""
    new, old = faces.face_bytes(2), faces.face_bytes(1)
    return new[:len(new) // 2] + old[len(new) // 2:]


@pytest.mark.keep_bytes
@pytest.mark.parametrize("death", DEATHS)
def test_killed_while_editing(contacts, run, faces, person, photo, old, prepared, death):
    python(run, EDITED_HALF_WAY % DEATHS[death], faces.face(2), photo, check=False)
    check_refused(contacts, person, prepared, spliced(faces), "half-way", previous=[old])


@pytest.mark.keep_bytes
def test_dd_killed_while_editing(contacts, run, faces, person, photo, old, prepared, tmp_path):
    """dd conv=notrunc reads from a pipe, so that it is known to be in the middle."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    dd = run.start("dd", f"if={pipe}", f"of={photo}", "conv=notrunc", "bs=512")
    new = faces.face_bytes(2)
    with open(pipe, "wb", buffering=0) as writer:
        writer.write(new[:512])
        await_change(photo, lambda: photo.read_bytes()[:512] == new[:512])
        dd.send_signal(signal.SIGKILL)
        run.finish(dd)
    check_refused(contacts, person, prepared, new[:512] + prepared[512:], "half-way", previous=[old])


@pytest.mark.keep_bytes
def test_written_again_after_a_death(contacts, run, faces, person, photo, prepared):
    """Who still holds the file open, and writes on, has the last word."""
    fd = os.open(photo, os.O_WRONLY)
    os.pwrite(fd, prepared[:10], 0)
    python(run, EDITED_HALF_WAY % DEATHS["killed"], faces.face(2), photo, check=False)
    os.pwrite(fd, edited(prepared), 0)
    os.close(fd)
    check(contacts, person, edited(prepared), ["PATCH"])


@pytest.mark.keep_bytes
def test_exit_closes_an_edited_photo(contacts, run, person, photo, prepared, tmp_path):
    """A program that ends well need not close by itself."""
    (tmp_path / "edited").write_bytes(edited(prepared) + edited(prepared))
    python(run, EDITED_HALF_WAY % "os._exit(0)", tmp_path / "edited", photo)
    check(contacts, person, edited(prepared), ["PATCH"])


def test_append_the_second_half(contacts, faces):
    """A file that grows by appending, opened each time anew, is sent when it is whole: under a temporary name."""
    person = contacts.without_photo()
    data = faces.face_bytes(1)
    temporary = contacts.path / person / "x.part"
    for at in range(0, len(data), 3000):
        with open(temporary, "ab") as file:
            file.write(data[at:at + 3000])
    os.rename(temporary, contacts.photo(person))
    check(contacts, person, data, ["PATCH"])


def test_echo_append_creates(contacts, run, faces):
    person = contacts.without_photo()
    run.shell('cat "$face" >> "$photo"', env={"photo": str(contacts.photo(person)), "face": str(faces.face(1))})
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_ftruncate_then_write(contacts, faces, person, photo, prepared):
    fd = os.open(photo, os.O_RDWR)
    os.ftruncate(fd, 0)
    os.write(fd, faces.face_bytes(2))
    os.close(fd)
    check(contacts, person, faces.face_bytes(2), ["PATCH"])


@pytest.mark.keep_bytes
def test_ftruncate_shorter_is_refused(contacts, person, photo, prepared):
    fd = os.open(photo, os.O_RDWR)
    os.ftruncate(fd, 100)
    with pytest.raises(OSError) as caught:
        os.close(fd)
    assert caught.value.errno == errno.EINVAL
    check(contacts, person, prepared, [])
    assert contacts.rejected(person) == [prepared[:100]]


MMAP = """
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
view = mmap.mmap(fd, 0)
if 'close first' in sys.argv:
    os.close(fd)
at = view.find(b'face 1')
view[at:at + 6] = b'FACE 1'
if 'msync' in sys.argv:
    view.flush()
view.close()
if 'close first' not in sys.argv:
    os.close(fd)
"""


@pytest.mark.keep_bytes
@pytest.mark.parametrize("how", ["close first", "close last", "msync"])
def test_mmap_write(contacts, run, person, photo, prepared, how):
    python(run, MMAP, photo, how)
    if how == "close first":  # nobody waits for the last release
        contacts.emulator.wait_requests(1, answered=True, method="PATCH")
        eventually(lambda: contacts.photo(person).read_bytes() == edited(prepared))
    check(contacts, person, edited(prepared), ["PATCH"])


MMAP_NEW = """
import mmap, os, sys
data = open(sys.argv[1], 'rb').read()
fd = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT | os.O_EXCL)
os.ftruncate(fd, len(data))
view = mmap.mmap(fd, 0)
view[:] = data
view.flush()
view.close()
os.close(fd)
"""


def test_mmap_of_a_new_file(contacts, run, faces):
    person = contacts.without_photo()
    python(run, MMAP_NEW, faces.face(1), contacts.photo(person))
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_fallocate(contacts, faces, person, photo):
    data = faces.face_bytes(1)
    fd = os.open(photo, os.O_RDWR | os.O_TRUNC)
    os.posix_fallocate(fd, 0, len(data))
    assert os.fstat(fd).st_size == len(data)
    os.write(fd, data)
    os.close(fd)
    check(contacts, person, data, ["PATCH"])


@pytest.mark.keep_bytes
def test_unchanged_edit_sends_nothing(contacts, person, photo, prepared):
    fd = os.open(photo, os.O_RDWR)
    os.pwrite(fd, prepared[:500], 0)
    os.close(fd)
    check(contacts, person, prepared, [])


def test_open_for_writing_and_close(contacts, person, photo, old):
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND):
        os.close(os.open(photo, flags))
    check(contacts, person, old, [])
