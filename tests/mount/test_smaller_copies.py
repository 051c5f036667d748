"""Smaller copies of the photo that is there: refused, or noted."""

import errno
import os
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance, ImageOps

from checks import check
from patterns import opened, pattern, saved, swapped_profile
from photos import note, write


def smaller(data):
    return saved(opened(data).resize((100, 100)), "JPEG", quality=80)


@pytest.mark.options("--protect")
def test_smaller_copy_is_refused(contacts, faces, person, photo):
    write(contacts, person, faces.face_bytes(1))
    contacts.emulator.reset_requests()
    with pytest.raises(OSError) as failure:
        photo.write_bytes(smaller(faces.face_bytes(1)))
    assert failure.value.errno == errno.EEXIST
    check(contacts, person, faces.face_bytes(1), [])
    assert "--protect" in contacts.mount.error(person)
    assert contacts.rejected(person) == [smaller(faces.face_bytes(1))]


@pytest.mark.options("--protect")
def test_another_small_picture_is_taken(contacts, faces, person):
    write(contacts, person, faces.face_bytes(1))
    other = saved(pattern(100, 100), "JPEG")
    assert write(contacts, person, other) == other


def channels(image, order):
    return Image.merge("RGB", [image.split()[channel] for channel in order])


OTHER_COLOURS = {
    "black and white": lambda image: image.convert("L"),
    "black and white, three channels": lambda image: image.convert("L").convert("RGB"),
    "muted": lambda image: ImageEnhance.Color(image).enhance(0.5),
    "red and blue swapped": lambda image: channels(image, (2, 1, 0)),
    "sepia": lambda image: ImageOps.colorize(image.convert("L"), (40, 20, 0), (255, 240, 200)),
}


@pytest.mark.options("--protect")
@pytest.mark.parametrize("name", OTHER_COLOURS)
def test_the_same_in_other_colours_is_taken(contacts, person, name):
    write(contacts, person, saved(pattern(960, 640), "JPEG"))
    other = saved(OTHER_COLOURS[name](pattern()), "JPEG")
    assert write(contacts, person, other) == other
    assert note(contacts, person) is None


# What programs that make copies do to colours: nothing of it makes another picture.
SMALL_COPIES = {
    "many artefacts": lambda: saved(pattern(), "JPEG", quality=30),
    "few colours": lambda: saved(pattern().quantize(64), "PNG"),
    "its profile applied": lambda: saved(channels(pattern(), (1, 0, 2)), "JPEG", quality=95),
    "its profile lost": lambda: saved(pattern(), "JPEG", quality=95),
    "its profile kept": lambda: saved(pattern(), "JPEG", icc_profile=swapped_profile()),
}


@pytest.mark.keep_bytes
@pytest.mark.options("--protect")
@pytest.mark.parametrize("name", SMALL_COPIES)
def test_small_copies_are_known(contacts, person, photo, name):
    profile = {"icc_profile": swapped_profile()} if "profile" in name else {}
    write(contacts, person, saved(pattern(960, 640), "JPEG", **profile))
    with pytest.raises(OSError) as failure:
        photo.write_bytes(SMALL_COPIES[name]())
    assert failure.value.errno == errno.EEXIST


def ticks_of_children(pid):
    """The processor's, for the helpers that have ended (proc(5): cutime, cstime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[13]) + int(fields[14])


def test_other_shapes_are_compared_in_no_time(contacts, person):
    """What is one pixel wide is not made as wide as the other to be compared with it: that would take seconds."""
    write(contacts, person, saved(pattern(1, 4096), "PNG"))
    before = ticks_of_children(contacts.mount.pid)
    write(contacts, person, saved(pattern(8, 8), "PNG"))
    assert ticks_of_children(contacts.mount.pid) - before < 2 * os.sysconf("SC_CLK_TCK")


@pytest.mark.keep_bytes
def test_smaller_copy_is_noted(contacts, faces, person):
    write(contacts, person, faces.face_bytes(1))
    small = smaller(faces.face_bytes(1))
    assert write(contacts, person, small) == small
    assert "smaller copy" in note(contacts, person)
    assert faces.face_bytes(1) in contacts.previous(person)
