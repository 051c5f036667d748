"""Colours that are told by code points (nclx, CICP) or by a PNG's chunks, and HDR: what the service gets shows them right."""

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from heics import HEIF_ENC, Heic, encoded as hevc, extent, grid, nclx
from light import (BT2020, P3, SRGB, chrm, cicp, encoded, exif_chunk, gama, hlg, iccp, png, power, pq, shown, srgb)
from patterns import distance, opened, pattern, swapped_profile
from photos import NEAR, note, refuse, write
from pictures import png_chunk

PICTURES = Path(__file__).resolve().parents[1] / "data/pictures"
WHITE, RED = (100, 40), (160, 150)  # of the chart that the cases show
NEARLY_WHITE = 240


def case(name):
    return (PICTURES / name).read_bytes()


def close(pixel, expected, near=NEAR):
    return all(abs(a - b) <= near for a, b in zip(pixel, expected))


# ---- the chart ----

@pytest.mark.parametrize("name", ["pq.avif", "pq.jxl"])
def test_hdr_chart(contacts, person, name):
    image = opened(write(contacts, person, case(name)))
    assert min(image.getpixel(WHITE)) >= NEARLY_WHITE
    assert close(image.getpixel(RED), (154, 28, 28), 8)
    assert "brought from HDR to ordinary brightness" in note(contacts, person)


def test_p3_chart(contacts, person):
    image = opened(write(contacts, person, case("p3.avif")))
    assert close(image.getpixel(WHITE), (255, 255, 255)) and close(image.getpixel(RED), (154, 28, 28))
    assert "brought from Display P3 to sRGB" in note(contacts, person)


def test_gamma_chart(contacts, person):
    image = opened(write(contacts, person, case("gama1-turned.png")))
    assert close(image.getpixel(WHITE), (255, 255, 255)) and close(image.getpixel(RED), (154, 28, 28))
    assert "gamma" in note(contacts, person)


# ---- PNG ----

def mild():
    """Nothing of it is brighter than what HDR leaves alone, or outside of sRGB."""
    return pattern().point(lambda v: 20 + v * 3 // 4)


def lies(image):
    return image.transpose(Image.Transpose.ROTATE_90)  # EXIF's 6 turns it back


def made(image, primaries, transfer, *chunks, bits=16, brightness=1):
    turned = lies(image)
    return png(turned.size, encoded(turned, primaries, transfer, brightness), *chunks, exif_chunk(6), bits=bits)


RIGHT = {
    "cICP, Display P3": lambda: made(mild(), P3, srgb, cicp(12, 13)),
    "cICP, BT.2020": lambda: made(mild(), BT2020, srgb, cicp(9, 13)),
    "cICP, BT.2020, as television": lambda: made(mild(), BT2020, srgb, cicp(9, 14)),
    "cICP, linear": lambda: made(mild(), SRGB, power(1), cicp(1, 8)),
    "cICP, gamma 2.2": lambda: made(mild(), SRGB, power(1 / 2.2), cicp(1, 4)),
    "cICP, narrow": lambda: made(mild(), SRGB, lambda v: (16 + 219 * srgb(v)) / 255, cicp(1, 13, 0)),
    "PQ": lambda: made(mild(), BT2020, pq, cicp(9, 16)),
    "PQ in Display P3": lambda: made(mild(), P3, pq, cicp(12, 16)),
    "HLG": lambda: made(mild(), BT2020, hlg, cicp(9, 18)),
    "gAMA, linear": lambda: made(mild(), SRGB, power(1), gama(1)),
    "gAMA of old Macintoshes": lambda: made(mild(), SRGB, power(1 / 1.8), gama(1 / 1.8)),
    "gAMA, 8 bits": lambda: made(mild(), SRGB, power(1 / 1.8), gama(1 / 1.8), bits=8),
    "gAMA and cHRM": lambda: made(mild(), P3, power(1 / 2.2), gama(1 / 2.2), chrm(P3)),
    "gAMA of sRGB": lambda: made(mild(), SRGB, srgb, gama(0.45455)),
    "gAMA and cHRM of sRGB": lambda: made(mild(), SRGB, srgb, gama(0.45455), chrm(SRGB)),
    "sRGB before gAMA and cHRM": lambda: made(mild(), SRGB, srgb, png_chunk(b"sRGB", b"\0"), gama(1), chrm(BT2020)),
    "iCCP before gAMA": lambda: made(swapped(mild()), SRGB, srgb, iccp(swapped_profile()), gama(1)),
    "cICP before all": lambda: made(mild(), P3, srgb, cicp(12, 13), iccp(swapped_profile()), gama(1)),
    "cICP of sRGB before iCCP": lambda: made(mild(), SRGB, srgb, cicp(1, 13), iccp(swapped_profile())),
}

def swapped(image):
    red, green, blue = image.split()
    return Image.merge("RGB", (green, red, blue))


@pytest.mark.parametrize("name", RIGHT)
def test_png(contacts, person, name):
    image = opened(write(contacts, person, RIGHT[name]()))
    assert distance(image, mild()) < NEAR
    if name == "cICP of sRGB before iCCP":
        assert "icc_profile" not in image.info


def test_grey_png_with_gamma(contacts, person, tmp_path):
    grey = Image.new("L", (64, 48))
    grey.putdata([x * 4 for _ in range(48) for x in range(64)])
    grey.save(tmp_path / "grey.png")
    data = (tmp_path / "grey.png").read_bytes()
    image = opened(write(contacts, person, data[:33] + gama(1) + exif_chunk(3) + data[33:]))
    expected = ImageOps.mirror(ImageOps.flip(grey.point(lambda v: round(255 * srgb(v / 255)))))
    assert distance(image, expected) < NEAR


@pytest.mark.parametrize("transfer, number", [(pq, 16), (hlg, 18)])
def test_brightness_of_hdr(contacts, person, transfer, number):
    """Grey from black to five times reference white: always brighter, never cut off, and white nearly white."""
    steps = Image.new("RGB", (100, 16))
    steps.putdata([(level, level, level) for _ in range(16) for level in range(100)])
    lights = [(5 * x / 99,) * 3 for _ in range(16) for x in range(100)]
    source = png((100, 16), [tuple(min(transfer(v), 1) for v in light) for light in lights], cicp(9, number), exif_chunk(3))
    image = ImageOps.mirror(opened(write(contacts, person, source)).convert("L"))
    levels = [image.getpixel((x, 8)) for x in range(100)]
    assert levels[0] <= 2 and abs(levels[20] - 248) <= 4 and levels[99] >= 253
    assert all(b >= a - 2 for a, b in zip(levels, levels[1:]))
    assert abs(levels[10] - round(255 * srgb(50 / 99))) <= 3


def test_untouched_whatever_its_colours(contacts, person):
    """Upright and within the limits: byte for byte, with its own words on its colours."""
    source = png((96, 64), encoded(pattern(), BT2020, pq), cicp(9, 16))
    assert write(contacts, person, source) == source
    assert note(contacts, person) is None


# ---- HEIC, AVIF, JPEG XL ----

def heic(source, *properties):
    decoder, data = hevc(source)
    picture = Heic()
    picture.add(b"hvc1", data, decoder, extent(96, 64), *properties)
    return picture.saved()


@pytest.mark.parametrize("primaries, number", [(P3, 12), (BT2020, 9), (SRGB, 1), (SRGB, 2)])
def test_heic_nclx(contacts, person, primaries, number):
    image = opened(write(contacts, person, heic(case("pattern.heic"), nclx(number, 13, 6))))
    assert distance(image, shown(pattern(), primaries)) < NEAR + 1
    assert ("to sRGB" in (note(contacts, person) or "")) == (number in (9, 12))


def test_heic_of_tiles(contacts, person):
    """Only its tiles tell."""
    picture = grid(case("pattern.heic"), 2, 1, 192, 64, tile=(nclx(12, 13, 6),))
    expected = Image.new("RGB", (192, 64))
    expected.paste(shown(pattern(), P3), (0, 0))
    expected.paste(shown(pattern(), P3), (96, 0))
    assert distance(opened(write(contacts, person, picture.saved())), expected) < NEAR + 1


@pytest.mark.parametrize("transfer, number", [(pq, 16), (hlg, 18)])
@pytest.mark.skipif(shutil.which("heif-enc") is None, reason="not installed: libheif-examples")
def test_heic_hdr(contacts, run, person, tmp_path, transfer, number):
    """As cameras write it (Canon, Sony, Nikon): ten bits, told by nclx."""
    (tmp_path / "picture.png").write_bytes(png((96, 64), encoded(mild(), BT2020, transfer)))
    run(*HEIF_ENC, "-b", "10", tmp_path / "picture.png", "-o", tmp_path / "picture.heic")
    source = heic((tmp_path / "picture.heic").read_bytes(), nclx(9, number, 6))
    image = opened(write(contacts, person, source))
    assert distance(image, mild()) < 6
    assert "HDR" in note(contacts, person)


AVIFS = {"9/16/9": (BT2020, pq), "9/18/9": (BT2020, hlg), "12/16/6": (P3, pq), "12/13/6": (P3, srgb), "9/13/9": (BT2020, srgb),
         "1/8/6": (SRGB, power(1)), "1/13/6": (SRGB, srgb)}


@pytest.mark.skipif(shutil.which("avifenc") is None, reason="not installed: libavif-bin")
@pytest.mark.parametrize("code", AVIFS)
def test_avif(contacts, run, person, tmp_path, code):
    (tmp_path / "picture.png").write_bytes(png((96, 64), encoded(mild(), *AVIFS[code])))
    run("avifenc", "--cicp", code, "-d", "10", "-y", "444", "-a", "end-usage=q", "-a", "cq-level=4", tmp_path / "picture.png", tmp_path / "picture.avif")
    image = opened(write(contacts, person, (tmp_path / "picture.avif").read_bytes()))
    assert distance(image, mild()) < 6


JXLS = {"RGB_D65_202_Rel_PeQ": (BT2020, pq), "RGB_D65_202_Rel_HLG": (BT2020, hlg), "RGB_D65_DCI_Rel_SRG": (P3, srgb),
        "RGB_D65_SRG_Rel_Lin": (SRGB, power(1))}


@pytest.mark.skipif(shutil.which("cjxl") is None, reason="not installed: libjxl-tools")
@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("code", JXLS)
def test_jxl(contacts, run, person, tmp_path, code, lossless):
    (tmp_path / "picture.png").write_bytes(png((96, 64), encoded(mild(), *JXLS[code])))
    run("cjxl", "--quiet", "-x", f"color_space={code}", "-d", "0" if lossless else "0.5", tmp_path / "picture.png", tmp_path / "picture.jxl")
    image = opened(write(contacts, person, (tmp_path / "picture.jxl").read_bytes()))
    assert distance(image, mild()) < 8


# ---- what nobody can tell ----

def test_dark_without_a_word(contacts, person):
    """PQ, as heif-enc 1.15 writes it, which loses the words: a dark picture, or HDR."""
    refuse(contacts, person, case("pq.heic"), "does not say whether", "save it as JPEG")


@pytest.mark.skipif(shutil.which("heif-enc") is None, reason="not installed: libheif-examples")
def test_dark_of_eight_bits(contacts, run, person, tmp_path):
    """That is no HDR."""
    dark = pattern().point(lambda v: v // 2)
    dark.save(tmp_path / "picture.png")
    run(*HEIF_ENC, tmp_path / "picture.png", "-o", tmp_path / "picture.heic")
    assert distance(opened(write(contacts, person, (tmp_path / "picture.heic").read_bytes())), dark) < NEAR + 1


@pytest.mark.skipif(shutil.which("heif-enc") is None, reason="not installed: libheif-examples")
def test_dark_of_ten_bits_with_words(contacts, run, person, tmp_path):
    dark = pattern().point(lambda v: v // 2)
    (tmp_path / "picture.png").write_bytes(png((96, 64), encoded(dark, SRGB, srgb)))
    run(*HEIF_ENC, "-b", "10", tmp_path / "picture.png", "-o", tmp_path / "picture.heic")
    source = heic((tmp_path / "picture.heic").read_bytes(), nclx(1, 13, 6))
    assert distance(opened(write(contacts, person, source)), dark) < NEAR + 1
