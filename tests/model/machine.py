"""The steps that hypothesis draws: each is done to the mount (world.py) and to the model (model.py), and both must agree.

After each step every contact's folder is listed and read, .previous and .rejected too, and the service is asked what it
has. What the mount does on its own time (a removal that was promised, what is asked after an answer that was lost) may
come a moment later; what a call promises is there when it answers.
"""

import contextlib
import errno
import os
import time

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from model import DROPPED, PHOTO, PROFILE, TEMPORARY, Contact, Model, Photo
from samples import ALL, COMMENT_AT, WHOLE, name_of
from world import SYNC_INTERVAL, World

WORKERS = 3
CONTACTS = 3
AGREE_WITHIN = 10  # seconds for what nobody waits for

workers = st.integers(0, WORKERS - 1)
contacts = st.integers(0, CONTACTS - 1)
numbers = st.integers(0, 99)
names = st.sampled_from((PHOTO, PHOTO, PHOTO, *TEMPORARY, *DROPPED))
pictures = st.sampled_from(sorted(ALL))
whole_pictures = st.sampled_from(sorted(WHOLE))
WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
FLAGS = {"truncate": WRITE, "new": WRITE | os.O_EXCL, "create": os.O_WRONLY | os.O_CREAT, "change": os.O_RDWR,
         "read": os.O_RDONLY, "append": os.O_WRONLY | os.O_APPEND}

# What goes wrong at the service with one upload: the orders to people-emulator, and the errnos that the contract's table
# has for it (0: it must succeed).
REFUSED = {"action": "status", "status": 403, "reason": "PERMISSION_DENIED"}
FAULTS = {
    "answer lost": ([{"action": "lost-answer"}], {0}),
    "answer lost, then refused": ([{"action": "lost-answer"}, REFUSED], {0, errno.EACCES}),
    "answer lost, then invalid": ([{"action": "lost-answer"}, {"action": "status", "status": 400, "reason": "INVALID_ARGUMENT"}],
                                  {0, errno.EINVAL}),
    "answer cut": ([{"action": "cut"}], {0}),
    "answer without sense": ([{"action": "garbage"}], {0, errno.EIO}),
    "answer of before": ([{"action": "stale"}], {0}),
    "503 once": ([{"action": "status", "status": 503}], {0}),
    "429 once": ([{"action": "status", "status": 429}], {0}),
    "reset once": ([{"action": "reset"}], {0}),
    "503 to the end": ([{"action": "status", "status": 503, "times": -1}], {errno.EIO}),
    "429 to the end": ([{"action": "status", "status": 429, "times": -1}], {errno.EAGAIN}),
    "hangs": ([{"action": "hang", "times": -1}], {errno.ETIMEDOUT}),
    "refused": ([REFUSED], {errno.EACCES}),
    "invalid": ([{"action": "status", "status": 400, "reason": "INVALID_ARGUMENT"}], {errno.EINVAL}),
    "gone": ([{"action": "status", "status": 404}], {errno.ENOENT}),
}


class Steps:
    """How many there were, and the world that examples share while all is well."""

    count = 0
    world = None
    options = ()

    @classmethod
    def take_world(cls):
        if cls.world is None:
            cls.world = World(cls.options, WORKERS)
        return cls.world

    @classmethod
    def leave_world(cls, good):
        if not good and cls.world is not None:
            cls.world.abandon()
            cls.world = None

    @classmethod
    def end(cls):
        if cls.world is not None:
            world, cls.world = cls.world, None
            world.close()


class Machine(RuleBasedStateMachine):
    born = 0

    def __init__(self):
        super().__init__()
        self.good = True
        self.handles = []  # (model's Handle, descriptor)
        self.seen = {}  # kept pictures by path: they never change
        self.world = None

    @initialize(photos=st.tuples(*[st.sampled_from((None, *sorted(WHOLE)))] * CONTACTS))
    def begin(self, photos):
        with self.step():
            self.world = Steps.take_world()
            made = []
            for number, photo in enumerate(photos):
                Machine.born += 1
                name = f"P{Machine.born} {'ABC'[number]}"
                resource = self.world.emulator.create_person(*name.split())
                if photo is not None:
                    self.world.emulator.set_photo(resource, WHOLE[photo])
                made.append(Contact(name, resource, WHOLE.get(photo)))
            self.model = Model(made)
            self.hear_of_it()

    def teardown(self):
        if self.world is None:
            return
        try:
            if self.good:
                self.good = False
                self.close_all()
                self.pass_time(3700)
                self.world.check()
                for contact in self.model.contacts:
                    self.world.emulator.delete_person(contact.resource)
                self.good = True
        finally:
            Steps.leave_world(self.good)

    @contextlib.contextmanager
    def step(self):  # TRACE
        self.good = False
        Steps.count += 1
        yield
        self.good = True

    # ---- doing both, and comparing ----

    def path(self, contact, name=None):
        folder = self.world.path / contact.name
        return str(folder / name if name is not None else folder)

    def same(self, what, promised, answered):
        allowed = promised if isinstance(promised, (set, tuple)) else {promised}
        assert answered in allowed, (f"{what}: promised {[errno.errorcode.get(code, code) for code in allowed]}, "
                                     f"got {errno.errorcode.get(answered, answered)}\n{self.world.mount.text()[-3000:]}")

    def call(self, worker, promised, *command, pump=0):
        code, result = self.world.call(worker, *command, pump=pump)
        self.same(command, promised, code)
        return result

    def do_open(self, worker, contact, name, flags):
        promised, handle = self.model.open(worker, contact, name, flags)
        fd = self.call(worker, promised, "open", self.path(contact, name), flags, 0o600)
        return (handle, fd) if handle is not None else None

    def do_write(self, handle, fd, data, offset):
        self.call(handle.worker, self.model.write(handle, data, offset) if data else 0, "pwrite", fd, data, offset)

    def do_close(self, handle, fd):
        self.call(handle.worker, self.model.close(handle), "close", fd)

    def close_all(self):
        while self.handles:
            self.do_close(*self.handles.pop())

    @invariant()
    def agree(self):
        if self.world is None:
            return
        self.good = False
        deadline = time.monotonic() + AGREE_WITHIN
        while difference := self.difference():
            assert time.monotonic() < deadline, f"{difference}\n{self.world.mount.text()[-3000:]}"
            time.sleep(0.05)
            self.world.settle()
        self.good = True

    def difference(self):
        """What is not as the model says, in words; None: nothing."""
        for contact in self.model.contacts:
            for found in (self.tree_difference(contact), self.kept_difference(contact), self.service_difference(contact)):
                if found:
                    return f"{contact.name}: {found}"
        return None

    def tree_difference(self, contact):
        expected = contact.tree()
        folder = self.path(contact)
        listed = sorted(os.listdir(folder))
        if listed != sorted(expected):
            return f"the folder has {listed}, not {sorted(expected)}"
        for name in listed:
            with open(f"{folder}/{name}", "rb") as file:
                data = file.read()
            if data != expected[name]:
                return f"{name} is {name_of(data)}, not {name_of(expected[name])}"
        return None

    def kept(self, contact, kind):
        found = []
        folder = self.path(contact, kind)
        for name in sorted(os.listdir(folder)):
            key = (contact.resource, kind, name)
            if key not in self.seen:
                with open(f"{folder}/{name}", "rb") as file:
                    self.seen[key] = file.read()
            found.append(self.seen[key])
        return found

    def kept_difference(self, contact):
        previous, rejected = self.kept(contact, ".previous"), self.kept(contact, ".rejected")
        if previous != contact.previous:
            return f".previous has {[*map(name_of, previous)]}, not {[*map(name_of, contact.previous)]}"
        missing = [data for data in contact.rejected if data not in rejected]
        foreign = [data for data in rejected if data not in contact.handed]
        if missing or foreign or len(rejected) != len(set(rejected)) or len(rejected) > 20:
            return f".rejected has {[*map(name_of, rejected)]}; of {[*map(name_of, contact.rejected)]} none may miss"
        return None

    def service_difference(self, contact):
        data = self.world.emulator.photo_bytes(contact.resource)
        expected = contact.service.data if contact.service is not None else None
        return f"the service has {name_of(data)}, not {name_of(expected)}" if data != expected else None

    # ---- a program writes ----

    @rule(worker=workers, whose=contacts, name=names, picture=pictures, pieces=st.integers(1, 3), sync=st.booleans())
    def write(self, worker, whose, name, picture, pieces, sync):
        """cp: the whole of it, in one go."""
        with self.step():
            opened = self.do_open(worker, self.model.contacts[whose], name, WRITE)
            data = ALL[picture]
            size = -(-len(data) // pieces)
            for at in range(0, len(data), size or 1):
                self.do_write(*opened, data[at:at + size], at)
            if sync:
                self.call(worker, self.model.flush(opened[0]), "fsync", opened[1])
            self.do_close(*opened)

    @precondition(lambda self: len(self.handles) < 6)
    @rule(worker=workers, whose=contacts, name=names, how=st.sampled_from(sorted(FLAGS)))
    def open(self, worker, whose, name, how):
        with self.step():
            opened = self.do_open(worker, self.model.contacts[whose], name, FLAGS[how])
            if opened:
                self.handles.append((*opened,))

    @precondition(lambda self: any(handle.writable for handle, _ in self.handles))
    @rule(which=numbers, picture=pictures, part=st.sampled_from(("all", "first", "second", "comment", "end")))
    def write_handle(self, which, picture, part):
        with self.step():
            handle, fd = self.pick(which, True)
            if handle.appends:
                part = "end"
            data = ALL[picture]
            half = len(data) // 2
            size = len(handle.read() if part == "end" else b"")
            offset, data = {"all": (0, data), "first": (0, data[:half]), "second": (half, data[half:]),
                            "comment": (COMMENT_AT, picture[:4].encode()), "end": (size, data[:9])}[part]
            if data:
                self.do_write(handle, fd, data, offset)

    @precondition(lambda self: any(handle.writable for handle, _ in self.handles))
    @rule(which=numbers, size=st.sampled_from((0, 300, 400)))
    def truncate_handle(self, which, size):
        with self.step():
            handle, fd = self.pick(which, True)
            self.call(handle.worker, self.model.truncate_handle(handle, size), "ftruncate", fd, size)

    @precondition(lambda self: self.handles)
    @rule(which=numbers)
    def sync_handle(self, which):
        with self.step():
            handle, fd = self.pick(which)
            self.call(handle.worker, self.model.flush(handle), "fsync", fd)

    @precondition(lambda self: any(handle.readable for handle, _ in self.handles))
    @rule(which=numbers)
    def read_handle(self, which):
        with self.step():
            able = [opened for opened in self.handles if opened[0].readable]
            handle, fd = able[which % len(able)]
            data = self.call(handle.worker, 0, "pread", fd, 1 << 16, 0)
            assert data == handle.read(), f"read {name_of(data)}, not {name_of(handle.read())}"

    @precondition(lambda self: self.handles)
    @rule(which=numbers)
    def close(self, which):
        with self.step():
            self.do_close(*self.handles.pop(which % len(self.handles)))

    def pick(self, which, writable=False):
        able = [opened for opened in self.handles if opened[0].writable or not writable]
        return able[which % len(able)]

    # ---- names ----

    @rule(worker=workers, whose=contacts, name=names)
    def unlink(self, worker, whose, name):
        with self.step():
            contact = self.model.contacts[whose]
            self.call(worker, self.model.unlink(worker, contact, name), "unlink", self.path(contact, name))

    @rule(worker=workers, whose=contacts, name=names, to=contacts, new_name=names, exclusive=st.booleans())
    def rename(self, worker, whose, name, to, new_name, exclusive):
        with self.step():
            contact, other = self.model.contacts[whose], self.model.contacts[to]
            self.call(worker, self.model.rename(worker, contact, name, other, new_name, exclusive),
                      "rename_exclusive" if exclusive else "rename", self.path(contact, name), self.path(other, new_name))

    @rule(worker=workers, whose=contacts, name=names)
    def cut_to_nothing(self, worker, whose, name):
        with self.step():
            contact = self.model.contacts[whose]
            self.call(worker, self.model.truncate(contact, name, 0), "truncate", self.path(contact, name), 0)

    @rule(worker=workers, whose=contacts, what=st.sampled_from(
        ("mkdir", "rmdir", "link", "symlink", "fifo", "rename folder", "create in root", "profile", "previous", "xattr", "chmod")))
    def what_is_refused(self, worker, whose, what):
        with self.step():
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
                "xattr": (errno.ENOTSUP if there else errno.ENOENT, "setxattr", photo, "system.x", b"1"),
                "chmod": (0 if there else errno.ENOENT, "chmod", photo, 0o600),
            }[what]
            self.call(worker, promised, *command)

    # ---- time, and what is done elsewhere ----

    @rule(seconds=st.sampled_from((2, 7, 7, 70, 3700)))
    def wait(self, seconds):
        with self.step():
            self.pass_time(seconds)

    def pass_time(self, *seconds):
        for part in (*seconds, 2):  # what is over by then may begin another second
            before = self.world.last_sync()
            self.world.advance(part)
            self.model.advance(part)
            if self.world.last_sync() != before:
                self.model.learn()

    def hear_of_it(self):
        """A delta tells what happened elsewhere."""
        before = self.world.last_sync()
        self.pass_time(SYNC_INTERVAL + 10)
        assert self.world.last_sync() != before, f"no delta\n{self.world.mount.text()}"

    @rule(days=st.sampled_from((-400, -1, 1, 30)))
    def set_the_clock(self, days):
        with self.step():
            self.world.clock.set_wall(days * 86400)

    @rule(whose=contacts, picture=st.sampled_from((None, *sorted(WHOLE))), quiet=st.booleans())
    def change_elsewhere(self, whose, picture, quiet):
        """Another device sets or removes a photo; quiet: the mount has not heard of it yet."""
        with self.step():
            contact = self.model.contacts[whose]
            self.pass_time(15)
            data = WHOLE.get(picture)
            if data is not None:
                self.world.emulator.set_photo(contact.resource, data)
                contact.service = Photo(data)
            elif contact.service is not None:
                self.world.emulator.remove_photo(contact.resource)
                contact.service = None
            contact.had.add(data)
            if not quiet:
                self.hear_of_it()

    @rule(whose=contacts)
    def rename_person(self, whose):
        with self.step():
            contact = self.model.contacts[whose]
            Machine.born += 1
            contact.name = f"R{Machine.born} {'ABC'[whose]}"
            self.world.emulator.rename_person(contact.resource, *contact.name.split())
            self.hear_of_it()

    @rule(whose=contacts, other=contacts)
    def swap_names(self, whose, other):
        with self.step():
            one, two = self.model.contacts[whose], self.model.contacts[other]
            one.name, two.name = two.name, one.name
            self.world.emulator.rename_person(one.resource, *one.name.split())
            self.world.emulator.rename_person(two.resource, *two.name.split())
            self.hear_of_it()

    # ---- faults ----

    @rule(worker=workers, whose=contacts, picture=whole_pictures, fault=st.sampled_from(sorted(FAULTS)))
    def upload_goes_wrong(self, worker, whose, picture, fault):
        with self.step():
            contact = self.model.contacts[whose]
            self.calm()
            old = contact.service.data if contact.service is not None else None
            data = WHOLE[picture]
            if data == old:
                return
            orders, allowed = FAULTS[fault]
            for order in orders:
                self.world.emulator.fault(order["action"], path="*:updateContactPhoto", method="PATCH",
                                          **{key: value for key, value in order.items() if key != "action"})
            contact.handed.add(data)
            fd = self.call(worker, 0, "open", self.path(contact, PHOTO), WRITE, 0o600)
            self.call(worker, 0, "write", fd, data)
            code, _ = self.world.call(worker, "close", fd, pump=self.pace(fault))
            self.same(fault, allowed, code)
            self.after_fault(contact, old, data, code)

    @rule(worker=workers, whose=contacts, fault=st.sampled_from(
        ("answer lost", "answer lost, then refused", "503 once", "reset once", "refused", "gone", "503 to the end")))
    def removal_goes_wrong(self, worker, whose, fault):
        with self.step():
            contact = self.model.contacts[whose]
            self.calm()
            if contact.service is None:
                return
            old = contact.service.data
            for order in FAULTS[fault][0]:
                self.world.emulator.fault(order["action"], path="*:deleteContactPhoto*", method="DELETE",
                                          **{key: value for key, value in order.items() if key != "action"})
            self.call(worker, 0, "unlink", self.path(contact, PHOTO))
            self.world.clock.advance(2)
            self.world.settle_slowly(self.pace(fault))
            self.after_fault(contact, old, None, 0 if FAULTS[fault][1] == {0} else None)

    @staticmethod
    def pace(fault):
        """How the clock goes meanwhile: to the next try, or to the deadline."""
        return 70 if "to the end" in fault or fault == "hangs" else 1.1

    def calm(self):
        """Nothing is open, nothing waits, and all is known."""
        self.close_all()
        self.pass_time(7)
        self.hear_of_it()

    def after_fault(self, contact, old, new, code):
        """What must be true whatever came of it; then the model believes what is."""
        self.world.emulator.clear_faults()
        self.pass_time(70)
        self.hear_of_it()
        held = self.world.emulator.photo_bytes(contact.resource)
        previous, rejected = self.kept(contact, ".previous"), self.kept(contact, ".rejected")
        words = f"the service has {name_of(held)}, .previous {[*map(name_of, previous)]}, .rejected {[*map(name_of, rejected)]}"
        assert held in (old, new), f"neither the old nor the new: {words}"
        assert code != 0 or held == new, f"answered 0, but {words}"
        assert old is None or held == old or old in previous, f"the old photo is lost: {words}"
        assert new is None or held == new or new in rejected, f"the new picture is lost: {words}"
        assert all(data in previous for data in contact.previous[1:]), f".previous had {[*map(name_of, contact.previous)]}: {words}"
        self.model.adopt(contact, held, previous, rejected)

    # ---- the mount ends ----

    @rule()
    def unmount(self):
        with self.step():
            self.close_all()
            self.world.mount.unmount()
            assert self.world.mount.exit_status == 0
            self.model.unmounted()
            self.world.start()
            self.model.mounted_again()

    @rule(whose=contacts, picture=st.sampled_from((None, None, *sorted(WHOLE))))
    def kill(self, whose, picture):
        """kill -9; maybe another device changes a photo before the next mount."""
        with self.step():
            self.world.kill()
            for handle, fd in self.handles:
                self.world.call(handle.worker, "close", fd)
            self.handles.clear()
            self.model.killed()
            contact = self.model.contacts[whose]
            if picture is not None:
                self.world.emulator.set_photo(contact.resource, WHOLE[picture])
                contact.service = Photo(WHOLE[picture])
                contact.had.add(WHOLE[picture])
            self.world.start()
            self.model.mounted_again()
