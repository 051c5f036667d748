"""HEIC as telephones write it: tiles, turns, Exif that tells the same turn again, thumbnails, depth, ten bits."""

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from heics import DEPTH, HEIF_ENC, Heic, encoded, extent, grid, imir, irot
from patterns import ORIENTATION, distance, opened, pattern, turned_exif

PATTERNS = Path(__file__).resolve().parents[1] / "data/pictures"
SOURCE = (PATTERNS / "pattern.heic").read_bytes()
NEAR = 5


def tiled(columns, rows, width, height):
    image = Image.new("RGB", (96 * columns, 64 * rows))
    for column in range(columns):
        for row in range(rows):
            image.paste(pattern(), (96 * column, 64 * row))
    return image.crop((0, 0, width, height))


def single(*turns):
    decoder, data = encoded(SOURCE)
    made = Heic()
    made.add(b"hvc1", data, decoder, extent(96, 64), *turns)
    return made


def turned(image, quarters):
    return image.rotate(90 * quarters, expand=True)


def with_exif():
    """A camera held upright: the turn is in irot, and once more in Exif, for show."""
    made = single(irot(3))
    made.add_exif(turned_exif(6).tobytes().removeprefix(b"Exif\0\0"))
    return made


def with_others():
    """A thumbnail, and a map of depths, which is no transparency."""
    decoder, data = encoded(SOURCE)
    made = with_exif()
    made.refer(b"thmb", made.add(b"hvc1", data, decoder, extent(96, 64)), 1)
    made.refer(b"auxl", made.add(b"hvc1", data, decoder, extent(96, 64), DEPTH, hidden=True), 1)
    return made


PICTURES = {
    "tiles": (lambda: grid(SOURCE, 3, 2, 288, 128), lambda: tiled(3, 2, 288, 128)),
    "tiles, the last ones cut": (lambda: grid(SOURCE, 2, 2, 150, 100), lambda: tiled(2, 2, 150, 100)),
    **{f"tiles, {90 * quarters} degrees": (lambda quarters=quarters: grid(SOURCE, 2, 2, 150, 100, irot(quarters)),
                                           lambda quarters=quarters: turned(tiled(2, 2, 150, 100), quarters))
       for quarters in (1, 2, 3)},
    "flipped": (lambda: single(imir(0)), lambda: ImageOps.flip(pattern())),
    "mirrored": (lambda: single(imir(1)), lambda: ImageOps.mirror(pattern())),
    "turned, then mirrored": (lambda: single(irot(1), imir(1)), lambda: ImageOps.mirror(turned(pattern(), 1))),
    "turned by Exif too": (with_exif, lambda: turned(pattern(), 3)),
    "thumbnail and depth": (with_others, lambda: turned(pattern(), 3)),
}


def check_photo(contacts, person, data, expected):
    contacts.photo(person).write_bytes(data)
    image = opened(contacts.held(person))
    assert image.format == "JPEG" and image.getexif().get(ORIENTATION, 1) == 1
    assert distance(image, expected) < NEAR


@pytest.mark.parametrize("name", PICTURES)
def test_heic(contacts, person, name):
    make, expected = PICTURES[name]
    check_photo(contacts, person, make().saved(), expected())


@pytest.mark.parametrize("name", ["pattern.heic", "pattern.avif"])
@pytest.mark.parametrize("brand", ["heix", "hevc", "hevx", "avif", "avis", "mif1", "mif2", "msf1", "miaf"])
def test_what_the_file_calls_itself_first(contacts, person, name, brand):
    """An animation begins with another brand (avis), and is a picture all the same."""
    data = (PATTERNS / name).read_bytes()
    assert data[4:8] == b"ftyp"
    check_photo(contacts, person, data[:8] + brand.encode() + data[12:], pattern())


@pytest.mark.skipif(shutil.which("heif-enc") is None, reason="not installed: libheif-examples")
@pytest.mark.parametrize("bits", [10, 12])
def test_many_bits(contacts, run, person, tmp_path, bits):
    source, made = tmp_path / "picture.png", tmp_path / "picture.heic"
    pattern().save(tmp_path / "eight.png")
    run("convert", tmp_path / "eight.png", "-depth", "16", f"png48:{source}")
    run(*HEIF_ENC, "-b", str(bits), source, "-o", made)
    check_photo(contacts, person, made.read_bytes(), pattern())
