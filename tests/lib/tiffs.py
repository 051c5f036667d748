"""TIFFs of several pictures, as cameras and scanners write them: smaller copies in front, directories inside directories.

TIFF 6.0; sub-directories as in TIFF Technical Note 1. Nothing is compressed.
"""

import struct

SHORT, LONG, ASCII, BYTE = 3, 4, 2, 1
SIZES = {SHORT: 2, LONG: 4, ASCII: 1, BYTE: 1}
LETTERS = {SHORT: "H", LONG: "I", ASCII: "B", BYTE: "B"}

RGB, MASK, SENSOR = 2, 4, 32803
NEW_TYPE, OLD_TYPE, COMPRESSION, MAKE, PARTS, DNG_VERSION = 254, 255, 259, 271, 330, 50706
REDUCED = {NEW_TYPE: (LONG, (1,))}
OLD_REDUCED = {OLD_TYPE: (SHORT, (2,))}


class Picture:
    """A directory. more: tags to (type, values); parts: the pictures in it."""

    def __init__(self, image, more=None, parts=(), colours=RGB):
        self.image, self.more, self.parts, self.colours = image, more or {}, parts, colours


def tiff(*pictures, order="<"):
    out = bytearray((b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 0))
    links = [4]
    for picture in pictures:
        offset = _add(out, order, picture)
        struct.pack_into(f"{order}I", out, links[-1], offset)
        links.append(_end(out, order, offset))
    return bytes(out)


def _end(out, order, offset):
    return offset + 2 + 12 * struct.unpack_from(f"{order}H", out, offset)[0]


def _add(out, order, picture):
    offsets = [_add(out, order, part) for part in picture.parts]
    pixels = picture.image.tobytes()
    samples = len(picture.image.getbands())
    place = len(out)
    out += pixels + bytes(len(pixels) % 2)
    entries = {256: (LONG, (picture.image.width,)), 257: (LONG, (picture.image.height,)), 258: (SHORT, (8,) * samples),
               COMPRESSION: (SHORT, (1,)), 262: (SHORT, (picture.colours,)), 273: (LONG, (place,)),
               277: (SHORT, (samples,)), 278: (LONG, (picture.image.height,)), 279: (LONG, (len(pixels),)),
               **({PARTS: (LONG, offsets)} if offsets else {}), **picture.more}
    at = len(out)
    end = at + 2 + 12 * len(entries) + 4
    out += struct.pack(f"{order}H", len(entries))
    behind = bytearray()
    for tag, (kind, values) in sorted(entries.items()):
        data = struct.pack(f"{order}{len(values)}{LETTERS[kind]}", *values)
        if len(data) > 4:
            where, data = end + len(behind), bytes(data) + bytes(len(data) % 2)
            behind += data
            data = struct.pack(f"{order}I", where)
        out += struct.pack(f"{order}HHI", tag, kind, len(values)) + data.ljust(4, b"\0")
    out += bytes(4) + behind
    return at
