"""A picture of which everything is known, by Pillow, which shares no decoder of ours; and how far two pictures are apart."""

import functools
import io
import struct

from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageStat

ORIENTATION = 274
MAKE = 271


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
