"""What cannot become a photo is refused where every program looks: many do not look at what close() says."""

import errno
import os

import pytest
from conftest import eventually
from checks import check, check_refused


def fails(code, call, *arguments):
    with pytest.raises(OSError) as caught:
        call(*arguments)
    assert caught.value.errno == code, caught.value


# ---- the first bytes ----

def test_write_of_no_picture(contacts, person, photo, old):
    """The write fails, and so does the close after it, whatever was written on."""
    fd = os.open(photo, os.O_WRONLY | os.O_TRUNC)
    fails(errno.EINVAL, os.write, fd, b"a letter to Alice")
    assert "not a picture (text)" in contacts.mount.error(person)
    fails(errno.EINVAL, os.pwrite, fd, b", and how it goes on", len("a letter to Alice"))
    fails(errno.EINVAL, os.close, fd)
    check_refused(contacts, person, old, b"a letter to Alice, and how it goes on", "not a picture (text)")
    assert contacts.mount.text().count("not a picture") == 1


def test_write_by_another_name_that_would_become_the_photo(contacts, person, old):
    name = contacts.path / person / "letter.txt"
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    fails(errno.EINVAL, os.write, fd, b"a letter to Alice")
    fails(errno.EINVAL, os.close, fd)
    assert not name.exists()
    check_refused(contacts, person, old, b"a letter to Alice", "not a picture (text)")


def test_first_photo(contacts):
    person = contacts.without_photo()
    fd = os.open(contacts.photo(person), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    fails(errno.EINVAL, os.write, fd, b"%PDF-1.7")
    fails(errno.EINVAL, os.close, fd)
    check(contacts, person, None, [])
    assert "PDF" in contacts.mount.error(person)


def test_beginning_that_comes_last(contacts, faces, person, photo):
    """Programs seek: only what is written counts, neither the hole before it nor the photo that was there."""
    data = faces.face_bytes(1)
    for number, flags in enumerate((os.O_TRUNC, 0)):
        data = faces.face_bytes(number + 1)
        fd = os.open(photo, os.O_RDWR | flags)
        os.pwrite(fd, data[100:], 100)
        for n in range(100):
            os.pwrite(fd, data[n:n + 1], n)
        os.ftruncate(fd, len(data))
        os.close(fd)
        check(contacts, person, data, ["PATCH"] * (number + 1))


def test_other_kind_over_the_photo_byte_by_byte(contacts, run, faces, person, photo):
    run("dd", f"if={faces.png}", f"of={photo}", "bs=1", "count=40", "conv=notrunc", check=False)
    run("cp", faces.png, photo)
    assert contacts.held(person) == faces.png.read_bytes()


def test_room_that_is_made_with_zeros(contacts, faces, person, photo):
    """aria2 does so."""
    data = faces.face_bytes(1)
    fd = os.open(photo, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, bytes(len(data)))
    os.pwrite(fd, data, 0)
    os.close(fd)
    check(contacts, person, data, ["PATCH"])


def test_zeros_alone(contacts, person, photo, old):
    fd = os.open(photo, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, bytes(1000))
    fails(errno.EINVAL, os.close, fd)
    check_refused(contacts, person, old, bytes(1000), "zero bytes")


def test_beginning_that_is_mended(contacts, faces, person, photo):
    """A program that did not give up."""
    data = faces.face_bytes(1)
    fd = os.open(photo, os.O_WRONLY | os.O_TRUNC)
    fails(errno.EINVAL, os.write, fd, b"draft" + data[5:])
    os.pwrite(fd, data, 0)
    os.close(fd)
    check(contacts, person, data, ["PATCH"])
    assert contacts.mount.error(person) is None and contacts.rejected(person) == []


def test_temporaries_may_hold_anything(contacts, person, old):
    folder = contacts.path / person
    for name in (".photo.jpg.swp", "photo.jpg~", "photo.jpg.tmp", "photo.jpg.part", ".lock", "4913"):
        (folder / name).write_bytes(b"not for Alice")
        assert (folder / name).read_bytes() == b"not for Alice"
        (folder / name).unlink()
    check(contacts, person, old, [])
    assert contacts.mount.error(person) is None


# ---- nothing that was handed over is gone ----

def test_temporary_that_was_never_sent(contacts, run, faces, person, old):
    """A program that saves by another name and ends before its rename; the mount ends. Backups of the photo are left out."""
    folder = contacts.path / person
    run("cp", faces.face(1), folder / "photo.jpg")
    (folder / "new.tmp").write_bytes(faces.face_bytes(2))
    (folder / "half.tmp").write_bytes(faces.cut.read_bytes())
    (folder / ".photo.jpg.swp").write_bytes(b"b0VIM 9.0")
    (folder / "photo.jpg~").write_bytes(faces.face_bytes(1))
    (folder / "photo.jpg_original").write_bytes(old)
    (folder / "removed.tmp").write_bytes(faces.face_bytes(3))
    (folder / "removed.tmp").unlink()
    assert contacts.rejected(person) == []
    contacts.mount.remount()
    assert contacts.rejected(person) == [faces.face_bytes(2)]
    assert f"{person}: new.tmp was never made the photo; it is in {person}/.rejected" in contacts.mount.text()


def test_draft_that_is_open_when_the_mount_is_told_to_end(contacts, faces, person, photo, old):
    """Half a picture, a temporary that is open, and a picture that another one overtook."""
    fds = [os.open(photo, os.O_WRONLY | os.O_TRUNC), os.open(photo, os.O_WRONLY | os.O_TRUNC),
           os.open(photo.with_name("new.tmp"), os.O_WRONLY | os.O_CREAT)]
    pictures = [faces.face_bytes(1), faces.cut.read_bytes(), faces.face_bytes(3)]
    for fd, picture in zip(fds, pictures):
        os.write(fd, picture)
    contacts.mount.terminate()
    for fd in fds:
        try:
            os.close(fd)
        except OSError:
            pass
    contacts.mount.start()
    assert sorted(contacts.rejected(person)) == sorted(pictures)
    assert contacts.held(person) == old
