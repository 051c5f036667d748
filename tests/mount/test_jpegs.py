"""JPEGs that decoders open with a warning, or not everywhere; and what lies behind a JPEG's end."""

import shutil
import struct
from pathlib import Path

import pytest
from PIL import ImageOps

from checks import check
from jpegs import RATING, motion_photo, mpf, packets, segment, segments, with_segments, xmp
from patterns import MAKE, distance, opened, pattern, saved, turned_exif, turned_pixels
from photos import assert_jpeg, note, refuse, write

PICTURES = Path(__file__).resolve().parents[1] / "data/pictures"
EXIFTOOL = shutil.which("exiftool")


def case(name):
    return (PICTURES / name).read_bytes()


def assert_valid(run, tmp_path, data):
    """exiftool finds nothing amiss."""
    if EXIFTOOL is None:
        pytest.skip("not installed: libimage-exiftool-perl")
    (tmp_path / "held.jpg").write_bytes(data)
    found = run("exiftool", "-validate", "-warning", "-a", tmp_path / "held.jpg").out
    assert found.split(":")[1].strip() == "OK", found


def frame_at(jpeg):
    return jpeg.index(b"\xff\xc0")


# ---- ways of coding ----

def assert_recoded(held, source):
    assert {code for code, _ in segments(held)} & {0xc0, 0xc2} and b"\xff\xc9" not in held[:600]
    # turned, the decoder's own rounding falls on other pixels
    assert distance(opened(held), ImageOps.exif_transpose(opened(source))) < 0.2


def test_arithmetic(contacts, person, run, tmp_path):
    held = write(contacts, person, case("arith.jpg"))
    assert_recoded(held, case("arith.jpg"))
    assert distance(opened(held), opened(case("arith.jpg"))) == 0
    assert "recoded without loss" in note(contacts, person)
    assert_valid(run, tmp_path, held)


@pytest.mark.skipif(shutil.which("cjpeg") is None, reason="not installed: libjpeg-turbo-progs")
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("progressive", [[], ["-progressive"]])
@pytest.mark.parametrize("grey", [[], ["-grayscale"]])
def test_arithmetic_of_all_sorts(contacts, run, person, tmp_path, grey, progressive, orientation):
    turned_pixels(pattern(), orientation).save(tmp_path / "picture.ppm")
    run("cjpeg", "-arithmetic", *progressive, *grey, "-outfile", tmp_path / "picture.jpg", tmp_path / "picture.ppm")
    source = with_segments((tmp_path / "picture.jpg").read_bytes(), segment(0xe1, turned_exif(orientation).tobytes()))
    held = write(contacts, person, source)
    assert_recoded(held, source)
    assert opened(held).getexif()[MAKE] == "Camera of the tests"
    assert ("turned upright without loss" in note(contacts, person)) == (orientation == 6)


@pytest.mark.options("--max-photo-pixels", "200")
def test_arithmetic_too_large(contacts, person):
    held = write(contacts, person, case("arith.jpg"))
    assert_jpeg(held, opened(case("arith.jpg")).resize((200, 150)), near=6)
    assert b"\xff\xc9" not in held[:600]


@pytest.mark.parametrize("code", [0xc3, 0xcb])
def test_lossless_is_refused(contacts, person, code):
    data = bytearray(saved(pattern(), "JPEG"))
    data[frame_at(data) + 1] = code
    refuse(contacts, person, bytes(data), "a lossless JPEG", "save it as an ordinary one")


def test_hierarchical_is_refused(contacts, person):
    data = saved(pattern(), "JPEG")
    at = frame_at(data)
    length, = struct.unpack_from(">H", data, at + 2)
    refuse(contacts, person, data[:at] + b"\xff\xde" + data[at + 2:at + 2 + length] + data[at:], "a hierarchical JPEG")


def test_jpeg_ls_is_refused(contacts, person):
    data = bytearray(saved(pattern(), "JPEG"))
    data[frame_at(data) + 1] = 0xf7
    refuse(contacts, person, bytes(data), "JPEG-LS")


# ---- bytes between segments ----

def test_junk_between_segments(contacts, person, run, tmp_path):
    held = write(contacts, person, case("junk-three.jpg"))
    assert distance(opened(held), opened(case("junk-three.jpg"))) == 0
    assert "made whole (3 bytes" in note(contacts, person)
    assert_valid(run, tmp_path, held)


def junk_everywhere(jpeg, junk):
    out, at = bytearray(jpeg[:2]), 2
    for _, body in segments(jpeg):
        out += jpeg[at:at + 4 + len(body)] + junk
        at += 4 + len(body)
    return bytes(out + jpeg[at:])


@pytest.mark.parametrize("junk", [b"\0", b"\0" * 300, b"text\xff\0more"], ids=["a zero", "zeros", "text"])
def test_junk_everywhere(contacts, person, junk):
    source = saved(pattern(), "JPEG")
    assert write(contacts, person, junk_everywhere(source, junk)) == source
    assert "made whole" in note(contacts, person)


def test_junk_and_turned(contacts, person):
    source = saved(turned_pixels(pattern(), 6), "JPEG", quality=92, exif=turned_exif(6))
    assert_jpeg(write(contacts, person, junk_everywhere(source, b"\0\0")), pattern())
    assert "made whole" in note(contacts, person) and "without loss" in note(contacts, person)


def test_fill_bytes_are_legal(contacts, person):
    source = junk_everywhere(saved(pattern(), "JPEG"), b"\xff\xff")
    assert write(contacts, person, source) == source
    assert note(contacts, person) is None


def test_junk_in_place_of_a_table(contacts, person):
    """Zeros where a table was: no picture, however the rest looks."""
    source = saved(pattern(), "JPEG")
    at = source.index(b"\xff\xdb")
    length, = struct.unpack_from(">H", source, at + 2)
    refuse(contacts, person, source[:at] + bytes(2 + length) + source[at + 2 + length:], "damaged")


# ---- behind the end ----

NAMES = (b"hdrgm", b"hdr-gain-map", b"GainMap", b"MotionPhoto", b"MicroVideo", b"photos/1.0/container", b"MPF\0", b"ftyp", b"21496")


def assert_forgotten(held):
    assert not [name for name in NAMES if name in held]
    assert held.endswith(b"\xff\xd9")


def test_gain_map_turned(contacts, person, run, tmp_path):
    source = case("ultrahdr-turned6.jpg")
    held = write(contacts, person, source)
    assert distance(opened(held), ImageOps.exif_transpose(opened(source))) < 1
    assert_forgotten(held)
    assert "without loss" in note(contacts, person) and "left without its gain map (HDR)" in note(contacts, person)
    assert_valid(run, tmp_path, held)


@pytest.mark.options("--max-photo-pixels", "300")
def test_gain_map_scaled(contacts, person, run, tmp_path):
    source = case("ultrahdr-turned6.jpg")
    held = write(contacts, person, source)
    assert_jpeg(held, ImageOps.exif_transpose(opened(source)).resize((300, 225)), near=6)
    assert_forgotten(held)
    assert "left without its gain map (HDR)" in note(contacts, person)
    assert_valid(run, tmp_path, held)


@pytest.mark.skipif(EXIFTOOL is None, reason="not installed: libimage-exiftool-perl")
@pytest.mark.parametrize("size", [(96, 64), (93, 61)])
def test_all_of_a_telephones_exif(contacts, run, person, tmp_path, size):
    """With a thumbnail, which lies on its side, as the picture did."""
    source, thumbnail = tmp_path / "picture.jpg", tmp_path / "thumbnail.jpg"
    source.write_bytes(ultra_hdr(saved(turned_pixels(pattern(*size), 6), "JPEG", quality=92, exif=turned_exif(6))))
    thumbnail.write_bytes(saved(turned_pixels(pattern(48, 32), 6), "JPEG"))
    run("exiftool", "-q", "-n", "-overwrite_original", "-XResolution=72", "-YResolution=72", "-ResolutionUnit=2",
        "-YCbCrPositioning=1", "-ExifVersion=0232", "-ComponentsConfiguration=1 2 3 0", "-FlashpixVersion=0100", "-ColorSpace=1",
        f"-ExifImageWidth={size[1]}", f"-ExifImageHeight={size[0]}", f"-ThumbnailImage<={thumbnail}", "-GPSLatitude=52", "-GPSLatitudeRef=N", source)
    held = write(contacts, person, source.read_bytes())
    assert_jpeg(held, pattern(*size))
    assert_forgotten(held)
    assert_valid(run, tmp_path, held)
    assert run("exiftool", "-b", "-ThumbnailImage", tmp_path / "held.jpg").raw == b""
    assert "52" in run("exiftool", "-GPSLatitude", tmp_path / "held.jpg").out


def ultra_hdr(jpeg):
    """With ISO 21496-1 beside Adobe's words, an MPF, and a rating."""
    gain = saved(pattern().convert("L"), "JPEG")
    words = xmp('xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"', RATING)
    return with_segments(jpeg, words, segment(0xe2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4)), mpf(0, len(gain))) + gain


TRAILERS = {
    "gain map": (ultra_hdr, "its gain map (HDR)"),
    "motion photo": (motion_photo, "its video (motion photo)"),
    "larger preview": (lambda jpeg: with_segments(jpeg, mpf(0, 100), xmp("", RATING)) + jpeg, "the data behind its end"),
    "Samsung": (lambda jpeg: with_segments(jpeg, xmp("", RATING)) + b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + bytes(400) + b"SEFT",
                "its video (motion photo)"),
}


@pytest.mark.parametrize("name", TRAILERS)
def test_trailers_stay_within_the_limits(contacts, person, name):
    source = TRAILERS[name][0](saved(pattern(), "JPEG"))
    write(contacts, person, source)
    check(contacts, person, source, ["PATCH"])
    assert note(contacts, person) is None


@pytest.mark.parametrize("size", [(96, 64), (93, 61)])
@pytest.mark.parametrize("name", TRAILERS)
def test_trailers_of_turned_ones(contacts, person, name, size):
    make, words = TRAILERS[name]
    source = make(saved(turned_pixels(pattern(*size), 6), "JPEG", quality=92, exif=turned_exif(6)))
    held = write(contacts, person, source)
    assert_jpeg(held, pattern(*size))
    assert_forgotten(held)
    assert f"left without {words}" in note(contacts, person)
    packet, = packets(held)  # what says something else is still there
    assert b"Rating" in packet and opened(held).getexif()[MAKE] == "Camera of the tests"
    assert (b"BurstID" in packet) == (name == "motion photo")


@pytest.mark.options("--max-photo-bytes", "40K")
@pytest.mark.parametrize("orientation", [1, 6])
def test_motion_photo_over_the_limit(contacts, person, orientation):
    """Without its video it is small enough: nothing is compressed anew."""
    source = motion_photo(saved(turned_pixels(pattern(), orientation), "JPEG", quality=92, exif=turned_exif(orientation)), 90000)
    held = write(contacts, person, source)
    assert distance(opened(held), ImageOps.exif_transpose(opened(source))) < 1
    assert_forgotten(held)
    assert opened(held).getexif()[MAKE] == "Camera of the tests" and b"Rating" in packets(held)[0]
    assert "left without its video (motion photo)" in note(contacts, person)
    assert "compressed anew" not in note(contacts, person)


@pytest.mark.options("--max-photo-bytes", "40K")
def test_turned_with_metadata_over_the_limit(contacts, person):
    source = saved(turned_pixels(pattern(), 6), "JPEG", quality=92, exif=turned_exif(6), comment=b"c" * 60000)
    held = write(contacts, person, source)
    assert distance(opened(held), ImageOps.exif_transpose(opened(source))) < 1
    assert "without loss" in note(contacts, person) and "stripped of its metadata" in note(contacts, person)


@pytest.mark.options("--strip-metadata")
def test_stripped_of_a_trailer(contacts, person):
    plain = saved(pattern(), "JPEG")
    write(contacts, person, motion_photo(plain))
    check(contacts, person, plain, ["PATCH"])
    assert "left without its video (motion photo)" in note(contacts, person)


def test_xmp_that_cannot_be_read(contacts, person):
    broken = segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/'>")
    source = with_segments(saved(turned_pixels(pattern(), 6), "JPEG", quality=92, exif=turned_exif(6)), broken)
    held = write(contacts, person, source)
    assert_jpeg(held, pattern())
    assert not packets(held)


def test_webp_with_words_of_a_gain_map(contacts, run, person, tmp_path):
    """libvips hands XMP on from any format."""
    (tmp_path / "packet").write_bytes(ultra_hdr(saved(pattern(), "JPEG"))[4 + 2 + 29:].split(b"\xff\xe2")[0])
    source = tmp_path / "picture.webp"
    pattern().save(source, lossless=True, xmp=(tmp_path / "packet").read_bytes())
    held = write(contacts, person, source.read_bytes())
    assert_jpeg(held, pattern())
    assert_forgotten(held)
    assert b"Rating" in packets(held)[0]
