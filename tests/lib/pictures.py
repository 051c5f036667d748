"""Real pictures, made once by ImageMagick; variants differ in a comment, so that each is its own and costs nothing."""

import functools
import struct
import subprocess
import zlib


class Faces:
    """Paths of pictures in folder. face(n) is a JPEG; the same n is the same file."""

    def __init__(self, folder, env):
        self.folder = folder
        self.env = env
        self._base = self._convert("base.jpg", "-size", "240x240", "-seed", "7", "plasma:", "-quality", "85").read_bytes()

    def _convert(self, name, *arguments):
        path = self.folder / name
        subprocess.run(["convert", *arguments, str(path)], env=self.env, check=True, timeout=60)
        return path

    def face(self, number=0):
        path = self.folder / f"face-{number}.jpg"
        if not path.exists():
            path.write_bytes(self.face_bytes(number))
        return path

    def face_bytes(self, number=0):
        comment = f"face {number}".encode()
        return self._base[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + self._base[2:]

    @functools.cached_property
    def png(self):
        return self._convert("face.png", "-size", "200x200", "-seed", "9", "plasma:")

    @functools.cached_property
    def big(self):
        """Over 1 MiB, so that it is written in several pieces."""
        path = self._convert("big.jpg", "-size", "1400x1400", "-seed", "3", "plasma:", "-attenuate", "2",
                             "+noise", "Gaussian", "-quality", "92")
        assert 1 << 20 < path.stat().st_size < 5 << 20
        return path

    @functools.cached_property
    def too_large(self):
        """A whole JPEG over the limit: comments blow it up."""
        filler = b"\xff\xfe\xff\xff" + bytes(65533)
        path = self.folder / "too-large.jpg"
        path.write_bytes(self._base[:2] + filler * 85 + self._base[2:])
        return path

    @functools.cached_property
    def cut(self):
        path = self.folder / "cut.jpg"
        path.write_bytes(self._base[:len(self._base) // 2])
        return path

    @functools.cached_property
    def cut_png(self):
        path = self.folder / "cut.png"
        path.write_bytes(self.png.read_bytes()[:-20])
        return path

    @functools.cached_property
    def text(self):
        path = self.folder / "words.txt"
        path.write_text("This is no picture.\n" * 50)
        return path


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
