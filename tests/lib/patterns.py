"""A picture of which everything is known, by Pillow, which shares no decoder of ours; and how far two pictures are apart."""

import functools
import io
import struct

from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageStat

ORIENTATION = 274
MAKE = 271
SHORT, LONG = 3, 4  # types of TIFF


@functools.lru_cache
def pattern(width=96, height=64):
    """Different in each corner, so that no turn goes unnoticed. tests/data/pictures/pattern.* are this one."""
    image = Image.new("RGB", (width, height))
    pixels = image.load()
    for y in range(height):
        for x in range(width):
            pixels[x, y] = (40 + 170 * x // width, 60 + 150 * y // height, 200 - 120 * (x + y) // (width + height))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 3, height // 3), fill=(220, 40, 40))
    draw.rectangle((width * 3 // 4, height // 2, width, height), fill=(30, 160, 60))
    return image


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def distance(one, other):
    """Mean difference of a sample, 0 to 255; infinite for other sizes."""
    if one.size != other.size:
        return float("inf")
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


def turned_exif(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKE] = "Camera of the tests"
    return exif


def turned_pixels(image, orientation):
    """The pixels as a camera stores them that was held so: applying the orientation gives image back."""
    undo = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}[orientation]
    return image if undo is None else image.transpose(undo)


@functools.lru_cache
def swapped_profile():
    """A colour profile in which red and green have changed places: who ignores it shows the wrong picture."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count, = struct.unpack_from(">I", data, 128)
    entries = {bytes(data[at:at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    for red, green in ((b"rXYZ", b"gXYZ"),):
        one, two = entries[red], entries[green]
        data[one + 4:one + 12], data[two + 4:two + 12] = data[two + 4:two + 12], data[one + 4:one + 12]
    return bytes(data)


@functools.lru_cache
def strange_ink():
    """A CMYK profile in which the ink called cyan prints red, and the others nothing."""
    white, red = bytes((255, 128, 128)), bytes((136, 208, 195))  # L*, a*, b* of an 8-bit table
    ramp = bytes(range(256))
    identity = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity
    table += ramp * 4 + b"".join(red if i & 8 else white for i in range(16)) + ramp * 3
    words = b"ink\0"
    tags = {b"A2B0": table, b"A2B1": table, b"wtpt": b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061),
            b"cprt": b"text" + bytes(4) + words,
            b"desc": b"desc" + bytes(4) + struct.pack(">I", len(words)) + words + bytes(78)}
    entries, body, at = b"", b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        entries += struct.pack(">4sII", name, at + len(body), len(data))
        body += data
    header = struct.pack(">I4sI4s4s4s", at + len(body), bytes(4), 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + entries + body


def ycbcr_tiff(image, across, down, orientation=1):
    """As libtiff's rgb2ycbcr makes it: YCbCr, not compressed, one sample of colour for so many pixels (TIFF 6.0, 21)."""
    width, height = image.size
    luma, *colours = image.convert("YCbCr").split()
    columns, rows = -(-width // across), -(-height // down)
    luma = luma.load()
    blue, red = (plane.resize((columns, rows), Image.Resampling.BOX).load() for plane in colours)
    body = bytearray()
    for row in range(rows):
        for column in range(columns):
            body += bytes(luma[min(column * across + x, width - 1), min(row * down + y, height - 1)]
                          for y in range(down) for x in range(across))
            body += bytes((blue[column, row], red[column, row]))
    return _plain_tiff(image.size, 6, (8, 8, 8), bytes(body), {274: (SHORT, 1, orientation), 530: (SHORT, 2, across | down << 16)})


def cmyk_tiff_with_alpha(image, alpha):
    """Inks, and how much of them there is: what programs for print save of a layer."""
    inks = zip(image.convert("CMYK").getdata(), alpha.getdata())
    body = b"".join(bytes((*ink, share)) for ink, share in inks)
    unassociated = 2
    return _plain_tiff(image.size, 5, (8, 8, 8, 8, 8), body, {338: (SHORT, 1, unassociated)})


def _plain_tiff(size, photometric, bits, body, more):
    """Not compressed, in one piece. more: tags beside those that every TIFF has, to (type, count, value)."""
    width, height = size
    entries = {256: (SHORT, 1, width), 257: (SHORT, 1, height), 258: (SHORT, len(bits), None), 259: (SHORT, 1, 1),
               262: (SHORT, 1, photometric), 273: (LONG, 1, None), 277: (SHORT, 1, len(bits)), 278: (SHORT, 1, height),
               279: (LONG, 1, len(body)), **more}
    end = 8 + 2 + 12 * len(entries) + 4
    places = {258: end, 273: end + 2 * len(bits)}
    out = b"II*\0" + struct.pack("<IH", 8, len(entries))
    for tag, (kind, count, value) in sorted(entries.items()):
        out += struct.pack("<HHII", tag, kind, count, places.get(tag, value))
    return out + bytes(4) + struct.pack(f"<{len(bits)}H", *bits) + body


def lab(image):
    """CIE L*a*b* for print: its white is D50."""
    return ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
