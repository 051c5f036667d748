"""A clock in the hands of a test."""

import contextlib
import mmap
import struct
import time

RATE = 200  # the mount's second lasts so many


class Clock:
    """A mount that is started with .env has this clock: see tests/model/clock.c."""

    def __init__(self, build, folder):
        preload, path = build / "tests/model/model-clock.so", folder / "clock"
        assert preload.exists(), f"{preload} is not built"
        self.env = {"LD_PRELOAD": str(preload), "MODEL_CLOCK": str(path)}
        path.write_bytes(bytes(4096))
        with open(path, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), 4096)
        self._rate = RATE
        self._monotonic = 1000 * 10**9
        self._real = 0
        self._write()

    def _write(self):
        self._page[:24] = struct.pack("=qqq", self._rate, self._monotonic, self._real)

    def now(self):
        """Of the mount's monotonic clock."""
        return (time.monotonic_ns() // self._rate + self._monotonic) / 10**9

    def advance(self, seconds):
        self._monotonic += int(seconds * 10**9)
        self._real += int(seconds * 10**9)
        self._write()

    @contextlib.contextmanager
    def ticking(self):
        """Time passes as it does."""
        self._set_rate(1)
        yield
        self._set_rate(RATE)

    def _set_rate(self, rate):
        real = time.monotonic_ns()
        self._monotonic += real // self._rate - real // rate
        self._rate = rate
        self._write()

    @property
    def real_ahead(self):
        return self._real / 10**9

    def set_wall(self, seconds):
        """The wall clock alone, as by date --set or NTP."""
        self._real += int(seconds * 10**9)
        self._write()
