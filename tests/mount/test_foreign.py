"""What contacts do not take is refused with its name and with advice; which picture of a TIFF it is that counts."""

import lzma
import shutil
import struct
from pathlib import Path

import pytest
from PIL import Image

from patterns import distance, opened, pattern, saved
from photos import NEAR, assert_jpeg, note, refuse, write
from tiffs import (ASCII, BYTE, COMPRESSION, DNG_VERSION, MAKE, MASK, OLD_REDUCED, REDUCED, SENSOR, SHORT, Picture,
                   tiff)

PICTURES = Path(__file__).resolve().parents[1] / "data/pictures"


def case(name):
    data = (PICTURES / name).read_bytes()
    return lzma.decompress(data) if name.endswith(".xz") else data


def magic(text, size=600):
    return text + bytes(range(1, 256)) * (size // 255 + 1)


# Made by programs where Debian's have a writer, else by what the format begins with.
FOREIGN = {
    "JPEG 2000": lambda: saved(pattern(), "JPEG2000"),
    "JPEG 2000 picture": lambda: saved(pattern(), "JPEG2000", no_jp2=True),
    "Photoshop": lambda: magic(b"8BPS\0\1"),
    "ICO": lambda: saved(pattern(), "ICO", sizes=[(32, 32)]),
    "ICNS": lambda: saved(pattern(128, 128), "ICNS"),
    "TGA": lambda: saved(pattern(), "TGA"),
    "TGA picture": lambda: saved(pattern(), "TGA", rle=True),
    "PNM": lambda: saved(pattern(), "PPM"),
    "PNM picture": lambda: b"P1\n# made by hand\n2 2\n0 1\n1 0\n",
    "PCX": lambda: saved(pattern(), "PCX"),
    "SGI": lambda: saved(pattern(), "SGI"),
    "DDS": lambda: saved(pattern(), "DDS"),
    "XCF": lambda: magic(b"gimp xcf v011\0"),
    "SVG": lambda: b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg xmlns='http://www.w3.org/2000/svg'/>\n",
    "PDF": lambda: saved(pattern(), "PDF"),
    "EPS": lambda: saved(pattern(), "EPS"),
    "HTML": lambda: b"\n<!DOCTYPE html>\n<html><body><img src='me.jpg'></body></html>\n",
    "video": lambda: magic(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"),
    "MOV": lambda: magic(b"\0\0\0\x14ftypqt  \0\0\0\0qt  "),
    "Matroska": lambda: magic(b"\x1a\x45\xdf\xa3"),
    "ZIP": lambda: magic(b"PK\3\4\x14\0"),
    "address": lambda: b"https://example.com/me.jpg\n",
    "text": lambda: case("text.jpg"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign(contacts, person, name):
    refuse(contacts, person, FOREIGN[name](), "what was written is ", name)
    if name not in ("text",):
        assert "; " in contacts.mount.error(person)  # what to do


@pytest.mark.skipif(shutil.which("convert") is None, reason="not installed: imagemagick")
def test_photoshop(contacts, run, person, tmp_path):
    pattern().save(tmp_path / "picture.png")
    run("convert", tmp_path / "picture.png", tmp_path / "picture.psd")
    refuse(contacts, person, (tmp_path / "picture.psd").read_bytes(), "Photoshop document (PSD)", "save it as JPEG")


# ---- a camera's raw files ----

SMALL = pattern(48, 32)
SENSORS = pattern().convert("L")


def made_by(words):
    return {MAKE: (ASCII, words + b"\0")}


def raw(make, order="<", **sensor):
    """A preview, the camera's name, and in a directory of it what the sensor saw."""
    return tiff(Picture(SMALL, {**REDUCED, **made_by(make)}, [Picture(SENSORS, **{"colours": SENSOR, **sensor})]), order=order)


def cr2():
    data = bytearray(tiff(Picture(pattern(), made_by(b"Canon")), Picture(SMALL)))
    first, = struct.unpack_from("<I", data, 4)
    moved = data[:8] + b"CR\2\0" + bytes(4) + data[8:]
    # Only its header counts: what it leads to is not looked at before it is refused.
    struct.pack_into("<I", moved, 4, first + 8)
    return bytes(moved)


RAW = {
    "DNG": lambda: case("raw.dng.xz"),
    "Nikon NEF": lambda: raw(b"NIKON CORPORATION", ">"),
    "Sony ARW": lambda: raw(b"SONY"),
    "Pentax PEF": lambda: tiff(Picture(SENSORS, {COMPRESSION: (SHORT, (65535,)), **made_by(b"PENTAX")}, colours=SENSOR)),
    "Samsung SRW": lambda: raw(b"SAMSUNG", colours=1, more={COMPRESSION: (SHORT, (32770,))}),
    "Canon CR2": cr2,
    "with a sensor's data": lambda: raw(b"A new maker"),
    "Olympus ORF": lambda: magic(b"IIRO\x08\0\0\0"),
    "Panasonic RW2": lambda: magic(b"IIU\0\x18\0\0\0"),
    "Fujifilm RAF": lambda: magic(b"FUJIFILMCCD-RAW 0201"),
    "Canon CR3": lambda: magic(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom"),
    "Sigma X3F": lambda: magic(b"FOVb"),
}


@pytest.mark.parametrize("name", RAW)
def test_raw_files(contacts, person, name):
    refuse(contacts, person, RAW[name](), f"a camera's raw file ({name}); export it as JPEG")


def test_linear_dng(contacts, person):
    """Of telephones: DNG in its first directory, no sensor's pattern anywhere."""
    data = tiff(Picture(SMALL, {**REDUCED, DNG_VERSION: (BYTE, (1, 6, 0, 0))}, [Picture(pattern(), colours=34892)]))
    refuse(contacts, person, data, "a camera's raw file (DNG)")


# ---- the picture, not a smaller copy of it ----

OTHER = Image.new("RGB", (96, 64), "blue")
LAYOUTS = {
    "a smaller copy in front": lambda order: tiff(Picture(SMALL, REDUCED), Picture(pattern()), order=order),
    "an old one in front": lambda order: tiff(Picture(SMALL, OLD_REDUCED), Picture(pattern()), order=order),
    "inside a smaller copy": lambda order: tiff(Picture(SMALL, REDUCED, [Picture(pattern())]), order=order),
    "smaller copies inside of it": lambda order: tiff(Picture(pattern(), parts=[Picture(SMALL, REDUCED)]), order=order),
    "a mask in front": lambda order: tiff(Picture(SMALL.convert("L"), {254: (4, (4,))}, colours=MASK), Picture(pattern()),
                                          order=order),
    "several": lambda order: tiff(Picture(SMALL, REDUCED), Picture(pattern()), Picture(OTHER), order=order),
}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("name", LAYOUTS)
def test_picture_in_full(contacts, person, name, order):
    assert_jpeg(write(contacts, person, LAYOUTS[name](order)), pattern())
    assert ("first of its 2 pictures" in note(contacts, person)) == (name == "several")


def test_smaller_copies_alone(contacts, person):
    refuse(contacts, person, tiff(Picture(SMALL, REDUCED)), "smaller copies of a picture alone")


def test_ycbcr_behind_a_smaller_copy(contacts, person):
    luma = Picture(pattern().convert("YCbCr"), {530: (SHORT, (1, 1))}, colours=6)
    assert_jpeg(write(contacts, person, tiff(Picture(SMALL, REDUCED), luma)), pattern(), near=NEAR + 2)


# ---- transparency that nobody meant ----

def chart(data):
    """(white, red) of the chart that the cases show."""
    image = opened(data).convert("RGB")
    return image.getpixel((100, 40)), image.getpixel((160, 150))


def test_bmp_with_empty_alpha(contacts, person):
    held = write(contacts, person, case("bmp-V4_alpha_mask_all_0.bmp.xz"))
    white, red = chart(held)
    assert min(white) > 250 and all(abs(a - b) <= NEAR for a, b in zip(red, (154, 28, 28)))
    assert "without its transparency" in note(contacts, person)


def bmp(alpha, header=40, compression=0):
    """32 bits a pixel, top down: the fourth byte is alpha, or nothing."""
    body = b"".join(bytes((b, g, r, alpha(x))) for (r, g, b), x in
                    zip(pattern().getdata(), (i % 96 for i in range(96 * 64))))
    masks = struct.pack("<4I", 0xff0000, 0xff00, 0xff, 0xff000000) if header > 40 else b""
    info = struct.pack("<IiiHHIIiiII", header, 96, -64, 1, 32, compression, len(body), 2835, 2835, 0, 0) + masks
    info = info.ljust(header, b"\0")
    return struct.pack("<2sIHHI", b"BM", 14 + len(info) + len(body), 0, 0, 14 + len(info)) + info + body


@pytest.mark.parametrize("header, compression", [(40, 0), (56, 3), (108, 3), (124, 3)])
def test_bmp_of_32_bits(contacts, person, header, compression):
    assert_jpeg(write(contacts, person, bmp(lambda x: 0, header, compression)), pattern())


def test_bmp_with_alpha(contacts, person):
    held = write(contacts, person, bmp(lambda x: 0 if x < 48 else 255, 124, 3))
    expected = pattern().copy()
    expected.paste((255, 255, 255), (0, 0, 48, 64))
    assert distance(opened(held), expected) < NEAR


@pytest.mark.parametrize("kind", ["WEBP", "TIFF"])
def test_transparent_everywhere(contacts, person, kind):
    source = pattern().convert("RGBA")
    source.putalpha(0)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    refuse(contacts, person, saved(source, kind, **options), "transparent everywhere")
