"""Waiting for a change of a file or a folder, which the kernel tells by inotify."""

import ctypes
import os

from eventually import PATIENCE
from processes import wait_readable

LIBC = ctypes.CDLL(None, use_errno=True)
MODIFY, MOVED_TO, CREATE = 0x2, 0x80, 0x100  # of <sys/inotify.h>


def await_change(path, predicate):
    """What predicate answers once that is true. It is asked now, and after each change of the file or in the folder."""
    watch = LIBC.inotify_init1(os.O_CLOEXEC)
    try:
        if LIBC.inotify_add_watch(watch, os.fsencode(path), MODIFY | MOVED_TO | CREATE) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch", str(path))
        while not (value := predicate()):
            assert wait_readable([watch], PATIENCE), f"{path} does not change any more"
            os.read(watch, 65536)
        return value
    finally:
        os.close(watch)
