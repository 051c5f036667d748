"""Colours by their definitions: what a picture in other primaries and transfers must show, and pictures made in them.

ITU-T H.273, SMPTE ST 2084 (PQ), ITU-R BT.2100 (HLG), IEC 61966-2-1 (sRGB). Written apart from the program's.
"""

import math
import struct
import zlib

from PIL import Image

from pictures import png_chunk

D65 = (0.3127, 0.3290)
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
BT2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
REFERENCE_WHITE = 203  # nits (ITU-R BT.2408)


def _inverse(m):
    (a, b, c), (d, e, f), (g, h, i) = m
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return [[(e * i - f * h) / det, (c * h - b * i) / det, (b * f - c * e) / det],
            [(f * g - d * i) / det, (a * i - c * g) / det, (c * d - a * f) / det],
            [(d * h - e * g) / det, (b * g - a * h) / det, (a * e - b * d) / det]]


def _times(m, v):
    return [sum(x * y for x, y in zip(row, v)) for row in m]


def _to_xyz(primaries):
    columns = [(x / y, 1, (1 - x - y) / y) for x, y in primaries]
    m = [list(row) for row in zip(*columns)]
    x, y = D65
    scale = _times(_inverse(m), (x / y, 1, (1 - x - y) / y))
    return [[value * s for value, s in zip(row, scale)] for row in m]


def between(one, other):
    """The matrix from light in one's primaries to light in the other's; both white at D65."""
    first, second = _to_xyz(one), _inverse(_to_xyz(other))
    return [[sum(second[r][k] * first[k][c] for k in range(3)) for c in range(3)] for r in range(3)]


def srgb_light(v):
    return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4


def srgb(light):
    light = min(max(light, 0), 1)
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def pq(light):
    """light: 1 is reference white."""
    power = (max(light, 0) * REFERENCE_WHITE / 10000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def hlg(light):
    """For a screen of 1000 nits."""
    scene = (max(light, 0) * REFERENCE_WHITE / 1000) ** (1 / 1.2)
    return math.sqrt(3 * scene) if scene <= 1 / 12 else 0.17883277 * math.log(12 * scene - 0.28466892) + 0.55991073


def power(exponent):
    return lambda light: min(max(light, 0), 1) ** exponent


def encoded(image, primaries, transfer, brightness=1):
    """The numbers, 0 to 1, that show image in other colours: [(red, green, blue)], row by row."""
    matrix = between(SRGB, primaries)
    cache = {}
    for pixel in image.getdata():
        if pixel not in cache:
            light = _times(matrix, [brightness * srgb_light(v / 255) for v in pixel])
            cache[pixel] = tuple(min(max(transfer(v), 0), 1) for v in light)
        yield cache[pixel]


def shown(image, primaries, light=srgb_light):
    """What image shows when its numbers mean that."""
    matrix = between(primaries, SRGB)
    out = Image.new("RGB", image.size)
    out.putdata([tuple(round(255 * srgb(v)) for v in _times(matrix, [light(v / 255) for v in pixel]))
                 for pixel in image.getdata()])
    return out


def png(size, numbers, *chunks, bits=16):
    """Of numbers from 0 to 1, with these chunks between header and pixels."""
    width, height = size
    top = (1 << bits) - 1
    values = [round(v * top) for pixel in numbers for v in pixel]
    rows = b"".join(b"\0" + struct.pack(f">{3 * width}{'H' if bits == 16 else 'B'}", *values[3 * width * row:3 * width * (row + 1)])
                    for row in range(height))
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)) + b"".join(chunks)
            + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))


def exif_chunk(orientation):
    """So that a PNG has to be converted."""
    return png_chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHHI", 274, 3, 1, orientation, 0, 0))


def cicp(primaries, transfer, full=1):
    return png_chunk(b"cICP", bytes((primaries, transfer, 0, full)))


def gama(exponent):
    return png_chunk(b"gAMA", struct.pack(">I", round(exponent * 100000)))


def chrm(primaries):
    return png_chunk(b"cHRM", struct.pack(">8I", *(round(v * 100000) for xy in (D65, *primaries) for v in xy)))


def iccp(profile):
    return png_chunk(b"iCCP", b"its own\0\0" + zlib.compress(profile))
