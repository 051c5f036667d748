"""HEIC as telephones write it, around pixels that are encoded already: tiles, turns, thumbnails, depth, metadata.

ISO/IEC 23008-12 (items, grid, irot, imir, auxC) in boxes of ISO/IEC 14496-12. No encoder of Debian 12 writes these.
"""

import struct

# An encoder, with neither a pool of threads nor, where no /sys is mounted, a complaint that there can be none.
HEIF_ENC = ("heif-enc", "-q", "90", "-p", "x265:pools=none")


def box(kind, *content):
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind, version, flags, *content):
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def parts(data, start, end):
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind, data[start + 8:start + size]
        start += size


def encoded(heic):
    """(hvcC box, HEVC data) of the primary item of what heif-enc wrote: its first property, and what its iloc names first."""
    top = dict(parts(heic, 0, len(heic)))
    meta = dict(parts(top[b"meta"], 4, len(top[b"meta"])))
    properties = dict(parts(meta[b"iprp"], 0, len(meta[b"iprp"])))[b"ipco"]
    base, _, offset, size = struct.unpack_from(">IHII", meta[b"iloc"], 12)
    return box(b"hvcC", dict(parts(properties, 0, len(properties)))[b"hvcC"]), heic[base + offset:base + offset + size]


def extent(width, height):
    return full_box(b"ispe", 0, 0, struct.pack(">II", width, height))


def irot(quarters):
    """Anti-clockwise."""
    return box(b"irot", bytes([quarters]))


def imir(mode):
    """0: top and bottom change places; 1: left and right (as the standard has it since 2022)."""
    return box(b"imir", bytes([mode]))


def nclx(primaries, transfer, matrix, full=True):
    """Colours by the code points of ITU-T H.273."""
    return box(b"colr", b"nclx", struct.pack(">HHHB", primaries, transfer, matrix, full << 7))


DEPTH = full_box(b"auxC", 0, 0, b"urn:mpeg:hevc:2015:auxid:2\0")


class Heic:
    """Items in the order in which they are added; the first is the primary one."""

    def __init__(self):
        self.items = []  # (kind, data, properties, hidden)
        self.references = []

    def add(self, kind, data, *properties, hidden=False):
        self.items.append((kind, data, properties, hidden))
        return len(self.items)

    def refer(self, kind, item, *others):
        self.references.append(box(kind, struct.pack(">HH", item, len(others)), struct.pack(f">{len(others)}H", *others)))

    def add_exif(self, tiff, of=1):
        self.refer(b"cdsc", self.add(b"Exif", bytes(4) + tiff), of)

    def _meta(self, offsets):
        entries, properties, associations = b"", [], b""
        for number, (kind, _, own, hidden) in enumerate(self.items, 1):
            entries += full_box(b"infe", 2, int(hidden), struct.pack(">HH", number, 0), kind, b"\0")
            if own:
                properties += own
                first = len(properties) - len(own) + 1
                indices = bytes(0x80 | first + i if prop[4:8] in (b"hvcC", b"irot", b"imir") else first + i
                                for i, prop in enumerate(own))
                associations += struct.pack(">HB", number, len(own)) + indices
        count = sum(1 for item in self.items if item[2])
        locations = b"".join(struct.pack(">HHHII", number, 0, 1, offset, len(item[1]))
                             for number, (offset, item) in enumerate(zip(offsets, self.items), 1))
        return full_box(b"meta", 0, 0, full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
                        full_box(b"pitm", 0, 0, struct.pack(">H", 1)),
                        full_box(b"iloc", 0, 0, struct.pack(">BBH", 0x44, 0, len(self.items)), locations),
                        full_box(b"iinf", 0, 0, struct.pack(">H", len(self.items)), entries),
                        full_box(b"iref", 0, 0, *self.references),
                        box(b"iprp", box(b"ipco", *properties),
                            full_box(b"ipma", 0, 0, struct.pack(">I", count), associations)))

    def saved(self):
        start = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
        at = len(start) + len(self._meta([0] * len(self.items))) + 8
        offsets = []
        for item in self.items:
            offsets.append(at)
            at += len(item[1])
        return start + self._meta(offsets) + box(b"mdat", *(item[1] for item in self.items))


def grid(heic, columns, rows, width, height, *turns, tile=()):
    """One tile, columns × rows times, cut to width × height: as the first item of a Heic. tile: properties of each."""
    decoder, data = encoded(heic)
    made = Heic()
    made.add(b"grid", struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height), extent(width, height), *turns)
    tiles = [made.add(b"hvc1", data, decoder, extent(96, 64), *tile, hidden=True) for _ in range(columns * rows)]
    made.refer(b"dimg", 1, *tiles)
    return made
