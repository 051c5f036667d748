"""What becomes of pictures of any format: what the service gets is decoded by Pillow and compared with what was meant."""

import errno
import os
import shutil
import signal
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from checks import check, check_refused
from eventually import eventually
from heics import HEIF_ENC
from patterns import (MAKE, ORIENTATION, cmyk_tiff_with_alpha, distance, lab, opened, pattern, saved, strange_ink,
                      swapped_profile, turned_exif, turned_pixels, ycbcr_tiff)
from photos import NEAR, assert_jpeg, note, refuse, write
from pictures import png_chunk

PICTURES = Path(__file__).resolve().parents[1] / "data/pictures"


# ---- formats ----

def palette():
    return pattern().quantize(64)


def sixteen_bits():
    grey = pattern().convert("L")
    return Image.frombytes("I;16", grey.size, b"".join(bytes((level, level)) for level in grey.tobytes()))


def animated(kind):
    others = [Image.new("RGB", pattern().size, colour) for colour in ((0, 0, 255), (255, 255, 0))]
    return saved(pattern(), kind, save_all=True, append_images=others, duration=100, **(
        {"lossless": True} if kind == "WEBP" else {}))


FORMATS = {
    "heic": lambda: (PICTURES / "pattern.heic").read_bytes(),
    "avif": lambda: (PICTURES / "pattern.avif").read_bytes(),
    "jpeg-xl": lambda: (PICTURES / "pattern.jxl").read_bytes(),
    "webp": lambda: saved(pattern(), "WEBP", quality=90),
    "webp-lossless": lambda: saved(pattern(), "WEBP", lossless=True),
    "webp-animated": lambda: animated("WEBP"),
    "gif": lambda: saved(palette(), "GIF"),
    "gif-animated": lambda: animated("GIF"),
    "tiff": lambda: saved(pattern(), "TIFF"),
    "tiff-lzw": lambda: saved(pattern(), "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": lambda: saved(pattern(), "TIFF", compression="jpeg", quality=95),
    "tiff-ycbcr": lambda: saved(pattern().convert("YCbCr"), "TIFF", compression="tiff_lzw"),
    "tiff-ycbcr-raw": lambda: ycbcr_tiff(pattern(), 2, 2),
    "tiff-lab": lambda: saved(lab(pattern()), "TIFF"),
    "bmp": lambda: saved(pattern(), "BMP"),
    "bmp-palette": lambda: saved(palette(), "BMP"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_format(contacts, run, person, name, tmp_path):
    source = tmp_path / "picture"
    source.write_bytes(FORMATS[name]())
    run("cp", source, contacts.photo(person))
    assert contacts.mutations(person) == ["PATCH"]
    held = contacts.held(person)
    assert_jpeg(held, pattern(), near=14 if name in ("gif-animated",) else 7)
    assert contacts.photo(person).read_bytes() == contacts.served(person)
    assert "JPEG" in note(contacts, person)
    assert ("first of its 3" in note(contacts, person)) == ("animated" in name)


def test_note_goes_with_the_next_picture(contacts, faces, person):
    write(contacts, person, FORMATS["webp"]())
    assert "converted from WebP to JPEG" in note(contacts, person)
    write(contacts, person, faces.face_bytes(1))
    assert note(contacts, person) is None


def test_any_other_name(contacts, run, person, tmp_path):
    source = tmp_path / "IMG_0001.HEIC"
    source.write_bytes(FORMATS["heic"]())
    run("cp", source, contacts.path / person)
    assert_jpeg(contacts.held(person), pattern(), near=7)
    assert "photo.jpg" in contacts.listed(person) and source.name not in contacts.listed(person)


@pytest.mark.keep_bytes
def test_rename_over(contacts, run, person, photo):
    (photo.parent / ".new.tmp").write_bytes(FORMATS["tiff"]())
    os.rename(photo.parent / ".new.tmp", photo)
    assert_jpeg(contacts.held(person), pattern())
    assert photo.read_bytes() == contacts.held(person)


def test_unchanged_bytes_are_not_sent_again(contacts, person, photo):
    with open(photo, "wb", buffering=0) as file:
        file.write(FORMATS["webp"]())
        os.fsync(file.fileno())
        os.pwrite(file.fileno(), FORMATS["webp"](), 0)
    assert contacts.mutations(person) == ["PATCH"]


# ---- byte for byte ----

UNTOUCHED = {
    "baseline": lambda: saved(pattern(), "JPEG"),
    "progressive": lambda: saved(pattern(), "JPEG", progressive=True),
    "grey": lambda: saved(pattern().convert("L"), "JPEG"),
    "orientation-1": lambda: saved(pattern(), "JPEG", exif=turned_exif(1)),
    "profile": lambda: saved(pattern(), "JPEG", icc_profile=swapped_profile()),
    "png": lambda: saved(pattern(), "PNG"),
    "png-alpha": lambda: saved(pattern().convert("RGBA"), "PNG"),
    "png-16": lambda: saved(sixteen_bits(), "PNG"),
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_untouched(contacts, person, name):
    data = UNTOUCHED[name]()
    write(contacts, person, data)
    check(contacts, person, data, ["PATCH"])
    assert note(contacts, person) is None


# ---- the right way up ----

@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_without_loss(contacts, person, orientation):
    source = saved(turned_pixels(pattern(), orientation), "JPEG", quality=92, exif=turned_exif(orientation))
    held = write(contacts, person, source)
    image = assert_jpeg(held, pattern())
    assert distance(image, ImageOps.exif_transpose(opened(source))) < 1
    assert image.getexif()[MAKE] == "Camera of the tests"
    assert "without loss" in note(contacts, person)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_where_blocks_do_not_fit(contacts, person, orientation):
    size = (93, 61)
    source = saved(turned_pixels(pattern(*size), orientation), "JPEG", quality=92, exif=turned_exif(orientation))
    image = assert_jpeg(write(contacts, person, source), pattern(*size))
    assert image.getexif()[MAKE] == "Camera of the tests"
    assert "turned upright" in note(contacts, person)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_other_formats_turned(contacts, person, kind, orientation):
    more = {"lossless": True} if kind == "WEBP" else {}
    source = saved(turned_pixels(pattern(), orientation), kind, exif=turned_exif(orientation), **more)
    assert_jpeg(write(contacts, person, source), pattern())
    assert "turned upright" in note(contacts, person)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_ycbcr_tiff_turned(contacts, person, orientation):
    """Not by libvips, and with a row and a column that fill no block."""
    source = ycbcr_tiff(turned_pixels(pattern(93, 61), orientation), 2, 2, orientation)
    assert_jpeg(write(contacts, person, source), pattern(93, 61))
    assert "turned upright" in note(contacts, person)


# ---- the right colours ----

@pytest.mark.parametrize("kind", ["WEBP", "TIFF"])
def test_profile_is_applied(contacts, person, kind):
    red, green, blue = pattern().split()
    source = saved(Image.merge("RGB", (green, red, blue)), kind, icc_profile=swapped_profile(),
                   **({"lossless": True} if kind == "WEBP" else {}))
    assert_jpeg(write(contacts, person, source), pattern(), near=8)
    assert "colour profile" in note(contacts, person)


def test_cmyk(contacts, person):
    """Without a profile, CMYK means no exact colours; what was red is red."""
    held = write(contacts, person, saved(pattern().convert("CMYK"), "JPEG", quality=95))
    image = opened(held)
    assert image.mode == "RGB" and distance(image, pattern()) < 60
    red, green, blue = image.getpixel((8, 8))
    assert red > 2 * green and red > 2 * blue
    assert "CMYK" in note(contacts, person)


@pytest.mark.parametrize("width", [96, 5000])
def test_cmyk_with_alpha(contacts, person, width):
    """Where there is less ink, the white shows through; a larger one is scaled."""
    size = (width, 64)
    alpha = Image.new("L", size, 255)
    alpha.paste(0, (0, 0, width // 2, 64))
    image = opened(write(contacts, person, cmyk_tiff_with_alpha(Image.new("RGB", size, (255, 0, 0)), alpha)))
    assert image.width == min(width, 4096)
    assert min(image.getpixel((8, 8))) > 245
    red, green, blue = image.getpixel((image.width - 8, 8))
    assert red > 2 * green and red > 2 * blue


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize("width", [96, 5000])
def test_cmyk_by_its_profile(contacts, person, kind, width):
    inked = Image.new("CMYK", (width, 64), (255, 0, 0, 0))
    image = opened(write(contacts, person, saved(inked, kind, icc_profile=strange_ink(), **turned_6(kind))))
    assert image.size == (52 if width > 4096 else 64, min(width, 4096))
    red, green, blue = image.getpixel((8, 8))
    assert red > 200 and green < 60 and blue < 60
    assert "CMYK" in note(contacts, person)


def turned_6(kind):
    return {"exif": turned_exif(6)} if kind == "JPEG" else {"tiffinfo": {ORIENTATION: 6}}


@pytest.mark.parametrize("kind, mode", [("JPEG", "L"), ("TIFF", "L"), ("TIFF", "CMYK")])
def test_profile_of_other_colours(contacts, person, kind, mode):
    turned = turned_pixels(pattern(93, 61), 6).convert(mode)
    source = saved(turned, kind, icc_profile=swapped_profile(), **turned_6(kind))
    image = opened(write(contacts, person, source))
    assert distance(image, pattern(93, 61).convert(mode)) < (60 if mode == "CMYK" else NEAR)
    assert image.mode == "RGB" or "icc_profile" not in image.info


def test_sixteen_bits(contacts, person):
    held = write(contacts, person, saved(sixteen_bits(), "TIFF"))
    assert_jpeg(held, pattern().convert("L"))
    assert "8 bits" in note(contacts, person)


@pytest.mark.parametrize("kind", ["WEBP", "TIFF"])
def test_transparency_is_white(contacts, person, kind):
    source = pattern().convert("RGBA")
    source.paste((255, 0, 0, 0), (0, 0, 48, 64))
    expected = pattern().copy()
    expected.paste((255, 255, 255), (0, 0, 48, 64))
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    assert_jpeg(write(contacts, person, saved(source, kind, **options)), expected)
    assert "on white" in note(contacts, person)


VEIL = (255, 160, 64, 0)  # columns, from left to right


def veiled():
    """The pattern behind a veil, and what it is on white."""
    alpha = Image.new("L", pattern().size)
    for column, level in enumerate(VEIL):
        alpha.paste(level, (24 * column, 0, 24 * column + 24, 64))
    source = pattern().convert("RGBA")
    source.putalpha(alpha)
    return source, Image.composite(pattern(), Image.new("RGB", pattern().size, "white"), alpha)


def test_premultiplied_alpha(contacts, person):
    """Of avifenc --premultiply, whose colours are multiplied with alpha already."""
    held = write(contacts, person, (PICTURES / "premultiplied.avif").read_bytes())
    assert_jpeg(held, veiled()[1], near=5)


@pytest.mark.skipif(shutil.which("heif-enc") is None, reason="not installed: libheif-examples")
def test_alpha_of_a_heic(contacts, run, person, tmp_path):
    """An auxiliary picture."""
    source, expected = veiled()
    source.save(tmp_path / "picture.png")
    run(*HEIF_ENC, tmp_path / "picture.png", "-o", tmp_path / "picture.heic")
    assert_jpeg(write(contacts, person, (tmp_path / "picture.heic").read_bytes()), expected, near=5)
    assert "on white" in note(contacts, person)


def test_twelve_bits_are_refused(contacts, person):
    data = bytearray(saved(pattern(), "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    refuse(contacts, person, bytes(data), "12 bits")


def test_jpeg_of_two_colours_is_refused(contacts, person):
    """Whole by its structure; programs that can show it do not agree on what it is."""
    data = bytearray(saved(pattern().convert("L"), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 3] += 3  # the segment's length
    data[frame + 9] = 2
    data[frame + 13:frame + 13] = bytes((2, 0x11, 0))
    refuse(contacts, person, bytes(data), "2 colours")


@pytest.mark.parametrize("mode", ["F", "I"])
def test_tiff_of_unknown_scale_is_refused(contacts, person, mode):
    refuse(contacts, person, saved(pattern().convert("L").convert(mode), "TIFF"), "32 bits")


# ---- limits ----

def test_too_many_pixels(contacts, person):
    held = write(contacts, person, saved(pattern(5000, 400), "JPEG"))
    assert_jpeg(held, pattern(4096, 328))
    assert "scaled from 5000 × 400 to 4096 × 328" in note(contacts, person)


def test_too_high(contacts, person):
    """Of a picture that is hardly wider than a line, only the height changes."""
    held = write(contacts, person, saved(pattern(2, 5000), "JPEG"))
    assert opened(held).size == (2, 4096)
    assert "scaled from 2 × 5000 to 2 × 4096" in note(contacts, person)


@pytest.mark.options("--max-photo-pixels", "50")
def test_limit_of_pixels(contacts, person):
    assert_jpeg(write(contacts, person, saved(pattern(), "PNG")), pattern(50, 33), near=6)


@pytest.mark.options("--max-photo-bytes", "20K")
def test_limit_of_bytes(contacts, person):
    noise = Image.effect_noise((300, 300), 80)
    held = write(contacts, person, saved(noise, "JPEG", quality=95))
    assert len(held) <= 20 * 1024
    assert 50 < opened(held).width < 300
    assert "scaled" in note(contacts, person)


@pytest.mark.options("--max-photo-bytes", "38K")
@pytest.mark.parametrize("kind, words", [("JPEG", "compressed anew to fit 38912 bytes"),
                                         ("PNG", "converted from PNG to JPEG to fit 38912 bytes")])
def test_limit_of_bytes_without_scaling(contacts, person, kind, words):
    noise = Image.effect_noise((200, 200), 80)
    held = write(contacts, person, saved(noise, kind, **({"quality": 100} if kind == "JPEG" else {})))
    assert opened(held).size == (200, 200)
    assert words in note(contacts, person)


def test_metadata_that_is_too_large(contacts, faces, person):
    held = write(contacts, person, faces.too_large.read_bytes())
    assert distance(opened(held), opened(faces.face_bytes(1))) == 0
    assert "metadata" in note(contacts, person)


# ---- --strip-metadata ----

@pytest.mark.options("--strip-metadata")
def test_strip_metadata(contacts, person):
    plain = saved(pattern(), "JPEG", icc_profile=swapped_profile())
    exif = turned_exif(1)
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0)}  # where it was taken
    with_exif = saved(pattern(), "JPEG", exif=exif, icc_profile=swapped_profile(), comment=b"at home")
    write(contacts, person, with_exif)
    check(contacts, person, plain, ["PATCH"])
    assert "--strip-metadata" in note(contacts, person)


@pytest.mark.options("--strip-metadata")
def test_strip_keeps_it_upright(contacts, person):
    source = saved(turned_pixels(pattern(), 6), "JPEG", quality=92, exif=turned_exif(6))
    image = assert_jpeg(write(contacts, person, source), pattern())
    assert not image.getexif()


# ---- what cannot be decoded ----

def huge_png():
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 200000, 200000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + png_chunk(b"IEND", b"")


def hollow_jpeg(side, **options):
    """So many pixels a side, and no data for them."""
    data = bytearray(saved(pattern(), "JPEG", **options))
    frame = data.index(b"\xff\xc2" if "progressive" in options else b"\xff\xc0")
    struct.pack_into(">HH", data, frame + 5, side, side)
    return bytes(data)


HOSTILE = {
    "huge-png": (huge_png, ["more than can be unpacked"]),
    "hollow-progressive": (lambda: hollow_jpeg(65500, progressive=True), ["cannot hold the 65500 × 65500 pixels"]),
    "hollow-jpeg": (lambda: hollow_jpeg(16000), ["cannot hold the 16000 × 16000 pixels"]),
    "hollow-turned": (lambda: hollow_jpeg(4000, exif=turned_exif(6)), ["cannot hold the 4000 × 4000 pixels"]),
    "webp-of-nothing": (lambda: b"RIFF\xff\0\0\0WEBPVP8 \xf0\0\0\0" + bytes(240), ["cannot be read: it is cut off, damaged"]),
    "heic-of-nothing": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\xff" * 400, []),
    "tiff-that-leads-nowhere": (lambda: b"II*\0\xf0\xff\xff\xff" + bytes(40), []),
    "cut-webp": (lambda: FORMATS["webp"]()[:-60], ["it is cut off, damaged"]),
    "cut-jpeg-xl": (lambda: FORMATS["jpeg-xl"]()[:-60], ["it is cut off, damaged"]),
    "cut-tiff": (lambda: FORMATS["tiff"]()[:-60], ["it is cut off, damaged"]),
    "cut-bmp": (lambda: FORMATS["bmp"]()[:-60], ["it is cut off, damaged"]),
    "cut-heic": (lambda: FORMATS["heic"]()[:-200], ["cut off or damaged"]),
    "cut-gif": (lambda: FORMATS["gif"]()[:-200], ["cut off"]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(contacts, person, name):
    make, words = HOSTILE[name]
    refuse(contacts, person, make(), *words)


@pytest.mark.parametrize("name", ["webp-of-nothing", "cut-webp", "cut-jpeg-xl", "cut-tiff", "cut-bmp"])
def test_reasons_are_in_plain_words_first(contacts, person, name):
    """Decoders speak of themselves: what they say comes behind our own words, in brackets."""
    refuse(contacts, person, HOSTILE[name][0]())
    words = contacts.mount.error(person)
    assert " (" in words and not any(of_a_decoder in words.split(" (")[0] for of_a_decoder in ("Vips", "2vips", "webp:", "jxlload"))


def test_changed_in_place_to_a_mixture(contacts, person, photo):
    """A new beginning and the old end: whole by its structure, and no picture."""
    old = saved(pattern(200, 160), "JPEG", quality=90)
    new = saved(pattern(200, 160).transpose(Image.Transpose.ROTATE_180), "JPEG", quality=90)
    write(contacts, person, old)
    contacts.emulator.reset_requests()
    with open(photo, "r+b", buffering=0) as file:
        file.write(new[:len(old) * 2 // 3])
        with pytest.raises(OSError) as failure:
            os.fsync(file.fileno())
        assert failure.value.errno == errno.EINVAL
        os.pwrite(file.fileno(), new, 0)
        os.ftruncate(file.fileno(), len(new))
    check(contacts, person, new, ["PATCH"])


# ---- nobody waits for a decoder ----

def helpers(daemon):
    found = []
    for task in Path(f"/proc/{daemon}/task").iterdir():
        for pid in (task / "children").read_text().split():
            if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].endswith(b"contactfs-convert"):
                found.append(int(pid))
    return found


@pytest.fixture(scope="module")
def slow_picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("slow") / "slow.webp"
    path.write_bytes(saved(pattern(3000, 2000), "WEBP", quality=80, method=0))
    return path


@pytest.fixture
def converting(contacts, run, person, old, slow_picture):
    """A copy of slow_picture to the person's photo, and the decoder that works on it."""
    copy = run.start("cp", slow_picture, contacts.photo(person), stderr=subprocess.PIPE)
    helper, = eventually(lambda: helpers(contacts.mount.pid))
    return copy, helper


@pytest.mark.options("--upload-timeout", "4")
def test_hanging_decoder(contacts, run, faces, person, old, slow_picture, converting):
    other = contacts.person(1)
    copy, helper = converting
    os.kill(helper, signal.SIGSTOP)
    assert other in os.listdir(contacts.path)
    assert contacts.photo(other).read_bytes() == contacts.held(other)
    write(contacts, other, faces.face_bytes(1))
    check(contacts, other, faces.face_bytes(1), ["PATCH"])
    result = run.finish(copy)
    assert result.status != 0 and "Invalid argument" in result.errors
    check_refused(contacts, person, old, slow_picture.read_bytes(), "too long")
    assert not helpers(contacts.mount.pid)


def test_crashing_decoder(contacts, run, person, old, slow_picture, converting):
    copy, helper = converting
    os.kill(helper, signal.SIGSEGV)
    result = run.finish(copy)
    assert result.status != 0 and "Invalid argument" in result.errors
    check_refused(contacts, person, old, slow_picture.read_bytes(), "crash")


def test_interrupted_while_converting(contacts, run, person, old, slow_picture, converting):
    """Ctrl-C while the decoder works: the words say so, and the decoder is gone."""
    copy, helper = converting
    os.kill(helper, signal.SIGSTOP)
    copy.send_signal(signal.SIGINT)
    run.finish(copy)
    eventually(lambda: contacts.rejected(person))
    check_refused(contacts, person, old, slow_picture.read_bytes(), "interrupted")
    assert not helpers(contacts.mount.pid)


def test_unmount_while_converting(contacts, run, person, converting):
    """What was written is sent first."""
    copy, _ = converting
    resource = contacts.resource(person)
    contacts.mount.terminate()
    run.finish(copy)
    assert_jpeg(contacts.emulator.photo_bytes(resource), pattern(3000, 2000))
