"""A disk that fails, or loses power, below the state folder of a mount: tests/preload/bad-disk.c, and what a cut leaves.

    disk = BadDisk(build, tmp_path, mounted.state)
    mount(..., env=disk.env())                   counts
    mount(..., env=disk.env(at=17, how="EIO"))   the 17th call that changes something fails
    disk.cut()                                   after the process is dead: the folder as a power cut leaves it
    disk.spoil(path); disk.mend()                from now on that file lies on bad sectors; and no more
    with disk.busy() as reached: ...             every fsync waits; reached() comes back when one does

The model of a cut is the harshest that POSIX allows: of a file's bytes there is what they were at its last fsync, of a folder's
names what they were at the folder's last fsync. What was there when the disk was made is on it.
"""

import contextlib
import os
import shutil
import struct

from eventually import PATIENCE
from processes import wait_readable


class BadDisk:
    def __init__(self, build, folder, root):
        self.preloaded = build / "tests/preload/libbad-disk.so"
        self.root = root
        self.shadow = folder / "shadow"
        self.counter = folder / "count"
        self.bad = folder / "bad-sectors"
        self.waiting = folder / "busy"
        os.mkfifo(self.waiting)
        shutil.rmtree(self.shadow, ignore_errors=True)
        self.shadow.mkdir()
        self.counter.write_bytes(bytes(8))
        self.held = {}
        for path, folders, files in os.walk(root):
            self._keep_names(path)
            for name in files:
                shutil.copyfile(os.path.join(path, name), self.shadow / f"f-{self._id(os.path.join(path, name))}")

    def _keep_names(self, path):
        with os.scandir(path) as entries:
            lines = [f"{'d' if e.is_dir(follow_symlinks=False) else 'f'} {self._id(e.path)} {e.name}\n" for e in entries]
        (self.shadow / f"d-{self._id(path)}").write_text("".join(lines))

    def _id(self, path):
        """The number of the inode, which no other file gets meanwhile."""
        number = os.stat(path).st_ino
        if number not in self.held:
            self.held[number] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return number

    def close(self):
        for descriptor in self.held.values():
            os.close(descriptor)
        self.held.clear()

    def env(self, at=0, how="kill", lasts=False, power=False):
        self.counter.write_bytes(bytes(8))
        return {"LD_PRELOAD": str(self.preloaded), "BAD_DISK_ROOT": str(self.root), "BAD_DISK_COUNT": str(self.counter),
                "BAD_DISK_UNREADABLE": str(self.bad), "BAD_DISK_BUSY": str(self.waiting), "BAD_DISK_AT": str(at),
                "BAD_DISK_HOW": how, **({"BAD_DISK_LASTS": "1"} if lasts else {}),
                **({"BAD_DISK_SHADOW": str(self.shadow)} if power else {})}

    def spoil(self, path):
        self.bad.symlink_to(f"/proc/{os.getpid()}/fd/{self.held[self._id(path)]}")  # that file, whatever takes its name

    def mend(self):
        self.bad.unlink()

    @contextlib.contextmanager
    def busy(self):
        reader = os.open(self.waiting, os.O_RDONLY | os.O_NONBLOCK)

        def reached():
            assert wait_readable([reader], PATIENCE), "nothing is synced"
        try:
            yield reached
        finally:
            os.close(reader)

    @property
    def count(self):
        return struct.unpack("Q", self.counter.read_bytes())[0]

    def cut(self):
        """The state folder becomes what was surely on the disk."""
        made = self.root.with_name(self.root.name + ".after")
        self._rebuild(self._id(self.root), made)
        shutil.rmtree(self.root)
        made.rename(self.root)

    def _rebuild(self, folder, path):
        path.mkdir()
        names = self.shadow / f"d-{folder}"
        for line in names.read_text().splitlines() if names.exists() else []:
            kind, number, name = line.split(" ", 2)
            if kind == "d":
                self._rebuild(number, path / name)
            else:
                kept = self.shadow / f"f-{number}"
                (path / name).write_bytes(kept.read_bytes() if kept.exists() else b"")
                (path / name).chmod(0o600)
        path.chmod(0o700)
