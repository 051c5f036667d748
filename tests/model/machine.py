"""The steps that hypothesis draws: what programs do. What happens around them is in elsewhere.py."""

import errno
import os

import hypothesis.strategies as st
from compare import CONTACTS, WORKERS, step
from contact import DROPPED, PHOTO, PROFILE, TEMPORARY
from elsewhere import Elsewhere
from samples import ALL, COMMENT_AT, name_of

workers = st.integers(0, WORKERS - 1)
contacts = st.integers(0, CONTACTS - 1)
numbers = st.integers(0, 99)
names = st.sampled_from((PHOTO, PHOTO, PHOTO, *TEMPORARY, *DROPPED))
pictures = st.sampled_from(sorted(ALL))
WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
FLAGS = {"truncate": WRITE, "new": WRITE | os.O_EXCL, "create": os.O_WRONLY | os.O_CREAT, "change": os.O_RDWR,
         "read": os.O_RDONLY, "append": os.O_WRONLY | os.O_APPEND}


class Machine(Elsewhere):
    # ---- a program writes ----

    @step(worker=workers, whose=contacts, name=names, picture=pictures, pieces=st.integers(1, 3), sync=st.booleans())
    def write(self, worker, whose, name, picture, pieces, sync):
        """cp: the whole of it, in one go."""
        opened = self.do_open(worker, self.model.contacts[whose], name, WRITE)
        data = ALL[picture]
        size = -(-len(data) // pieces)
        for at in range(0, len(data), size or 1):
            self.do_write(*opened, data[at:at + size], at)
        if sync:
            self.call(worker, self.model.flush(opened[0]), "fsync", opened[1])
        self.do_close(*opened)

    @step(needs=lambda self: len(self.handles) < 6, worker=workers, whose=contacts, name=names, how=st.sampled_from(sorted(FLAGS)))
    def open(self, worker, whose, name, how):
        opened = self.do_open(worker, self.model.contacts[whose], name, FLAGS[how])
        if opened:
            self.handles.append((*opened,))

    def can_write(self):
        return any(handle.writable for handle, _ in self.handles)

    def can_read(self):
        return any(handle.readable for handle, _ in self.handles)

    def has_open(self):
        return bool(self.handles)

    def pick(self, which, able=lambda handle: True):
        found = [opened for opened in self.handles if able(opened[0])]
        return found[which % len(found)]

    def pick_writable(self, which):
        return self.pick(which, lambda handle: handle.writable)

    @step(needs=can_write, which=numbers, picture=pictures, part=st.sampled_from(("all", "first", "second", "comment", "end")))
    def write_handle(self, which, picture, part):
        handle, fd = self.pick_writable(which)
        if handle.appends:
            part = "end"
        data = ALL[picture]
        half = len(data) // 2
        size = len(handle.read() if part == "end" else b"")
        offset, data = {"all": (0, data), "first": (0, data[:half]), "second": (half, data[half:]),
                        "comment": (COMMENT_AT, picture[:4].encode()), "end": (size, data[:9])}[part]
        if data:
            self.do_write(handle, fd, data, offset)

    @step(needs=can_write, which=numbers, size=st.sampled_from((0, 300, 400)))
    def truncate_handle(self, which, size):
        handle, fd = self.pick_writable(which)
        self.call(handle.worker, self.model.truncate_handle(handle, size), "ftruncate", fd, size)

    @step(needs=has_open, which=numbers)
    def sync_handle(self, which):
        handle, fd = self.pick(which)
        self.call(handle.worker, self.model.flush(handle), "fsync", fd)

    @step(needs=has_open, which=numbers)
    def close_a_copy(self, which):
        """dup(2) and close(2), as a program that was started does."""
        handle, fd = self.pick(which)
        copy = self.call(handle.worker, 0, "dup", fd)
        self.call(handle.worker, self.model.flush(handle), "close", copy)

    @step(needs=can_read, which=numbers, how=st.sampled_from(("pread", "mapped")))
    def read_handle(self, which, how):
        handle, fd = self.pick(which, lambda handle: handle.readable)
        data = self.call(handle.worker, 0, how, fd, 1 << 16, 0)
        assert data == handle.read(), f"{how}: {name_of(data)}, not {name_of(handle.read())}"

    @step(needs=has_open, which=numbers)
    def close(self, which):
        self.do_close(*self.handles.pop(which % len(self.handles)))

    # ---- names ----

    @step(worker=workers, whose=contacts, name=names)
    def unlink(self, worker, whose, name):
        contact = self.model.contacts[whose]
        self.call(worker, self.model.unlink(worker, contact, name), "unlink", self.path(contact, name))

    @step(worker=workers, whose=contacts, name=names, to=contacts, new_name=names, exclusive=st.booleans())
    def rename(self, worker, whose, name, to, new_name, exclusive):
        contact, other = self.model.contacts[whose], self.model.contacts[to]
        self.call(worker, self.model.rename(worker, contact, name, other, new_name, exclusive),
                  "rename_exclusive" if exclusive else "rename", self.path(contact, name), self.path(other, new_name))

    @step(worker=workers, whose=contacts, name=names)
    def cut_to_nothing(self, worker, whose, name):
        contact = self.model.contacts[whose]
        self.call(worker, self.model.truncate(contact, name, 0), "truncate", self.path(contact, name), 0)

    @step(worker=workers, whose=contacts, name=names)
    def make_node(self, worker, whose, name):
        contact = self.model.contacts[whose]
        self.call(worker, self.model.mknod(worker, contact, name), "mknod", self.path(contact, name), 0o100600)

    @step(worker=workers, whose=contacts, what=st.sampled_from(
        ("mkdir", "rmdir", "link", "symlink", "fifo", "rename folder", "create in root", "profile", "previous", "system xattr",
         "user xattr", "remove xattr", "chmod", "whose")))
    def what_changes_nothing(self, worker, whose, what):
        contact = self.model.contacts[whose]
        folder, photo = self.path(contact), self.path(contact, PHOTO)
        there = contact.photo_file() is not None
        new = str(self.world.path / "new")
        promised, *command = {
            "mkdir": (errno.EPERM, "mkdir", folder + "/new"),
            "rmdir": (errno.EPERM, "rmdir", folder),
            "link": (errno.EPERM if there else errno.ENOENT, "link", photo, folder + "/face.png"),
            "symlink": (errno.EPERM, "symlink", "photo.jpg", folder + "/link"),
            "fifo": (errno.EPERM, "mkfifo", folder + "/pipe"),
            "rename folder": (errno.EPERM, "rename", folder, new),
            "create in root": (errno.EPERM, "open", new, WRITE),
            "profile": ((errno.EACCES, errno.EPERM), "open", self.path(contact, PROFILE), WRITE),
            "previous": ((errno.EACCES, errno.EPERM), "open", folder + "/.previous/new.jpg", WRITE),
            "system xattr": (errno.ENOTSUP if there else errno.ENOENT, "setxattr", photo, "system.x", b"1"),
            "user xattr": (0 if there else errno.ENOENT, "setxattr", photo, "user.x", b"1"),
            "remove xattr": (0 if there else errno.ENOENT, "removexattr", photo, "user.x"),
            "chmod": (0 if there else errno.ENOENT, "chmod", photo, 0o600),
            "whose": (0 if there else errno.ENOENT, "getxattr", photo, "user.contactfs.resource_name"),
        }[what]
        result = self.call(worker, promised, *command)
        assert what != "whose" or not there or result.decode() == contact.resource, f"{photo} is of {result}, not {contact.resource}"
