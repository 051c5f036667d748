"""Doing something to the mount (world.py) and to the model (model.py), and seeing that both agree.

After each step every contact's folder is listed and read, .previous and .rejected too, and the service is asked what it
has. What a call promises is there when it answers. What the mount does on its own (the kernel is told of a change, a
removal is carried out) is there when mount and service are at rest: no wait here is ended by the clock.
"""

import contextlib
import errno
import functools
import os

import hypothesis.stateful
from contact import PHOTO
from hypothesis.stateful import RuleBasedStateMachine, invariant
from model import Model
from samples import WHOLE, name_of
from world import SYNC_INTERVAL, World

WORKERS = 3
CONTACTS = 3
AGREE_ROUNDS = 3  # looks, until what nobody waits for must have come


def step(needs=None, **drawn):
    """A rule for hypothesis that is written down as well, so that it can be done again (replay.py). needs: when it can be done."""

    def decorate(function):
        @functools.wraps(function)
        def do(self, **drawn_now):
            self.steps.append((function.__name__, drawn_now))
            Steps.count += 1
            with self.trying():
                self.see_the_clock()
                function(self, **drawn_now)

        do.needs = needs
        made = hypothesis.stateful.rule(**drawn)(do)
        return hypothesis.stateful.precondition(needs)(made) if needs is not None else made

    return decorate


class Steps:
    """How many there were, and the world that examples share while all is well."""

    count = 0
    born = 0
    world = None
    failure = None  # the first one, and the steps that led to it

    @classmethod
    def take_world(cls):
        if cls.world is None:
            cls.world = World((), WORKERS)
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


class Compare(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.good = True
        self.handles = []  # (model's Handle, descriptor)
        self.seen = {}  # kept pictures by path: they never change
        self.world = None
        self.steps = []

    @contextlib.contextmanager
    def trying(self):
        """What goes wrong here makes the world useless for others."""
        self.good = False
        try:
            yield
        except Exception as failure:
            if self.world is not None:
                failure.add_note(self.world.words())
            Steps.failure = Steps.failure or (failure, list(self.steps))
            raise
        self.good = True

    def meet(self, contacts):
        """The beginning: these people are at the service, and the mount hears of them."""
        self.model = Model(contacts, self.world.clock.now())
        self.hear_of_it()

    def teardown(self):
        if self.world is None:
            return
        try:
            if self.good:
                with self.trying():
                    self.close_all()
                    self.pass_time(3700)
                    self.world.check()
                    for contact in self.model.contacts:
                        self.world.emulator.delete_person(contact.resource)
        finally:
            Steps.leave_world(self.good)

    # ---- doing both ----

    def path(self, contact, name=None):
        folder = self.world.path / contact.name
        return str(folder / name if name is not None else folder)

    def same(self, what, promised, answered):
        allowed = promised if isinstance(promised, (set, tuple)) else {promised}
        assert answered in allowed, (f"{what}: promised {[errno.errorcode.get(code, code) for code in allowed]}, "
                                     f"got {errno.errorcode.get(answered, answered)}")

    def call(self, worker, promised, *command):
        code, result = self.world.call(worker, *command)
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

    # ---- time ----

    def see_the_clock(self):
        """The model is told what time it is, at a moment when nothing is about to happen."""
        if self.world is not None:
            while not self.model.is_sure(self.world.clock.now()):
                self.world.clock.advance(1)
            self.model.tick(self.world.clock.now())

    def pass_time(self, *seconds):
        self.world.settle()  # what is under way would see its time fly
        for part in (*seconds, 2):  # what is over by then may begin another second
            before = self.world.last_sync
            self.world.clock.advance(part)
            while not self.model.is_sure(self.world.clock.now()):
                self.world.clock.advance(1)
            now = self.world.clock.now()
            self.world.settle()
            self.model.tick(now)
            if self.world.last_sync != before:
                self.model.learn()

    def hear_of_it(self):
        """A delta tells what happened elsewhere."""
        self.world.settle()
        before = self.world.last_sync
        self.pass_time(SYNC_INTERVAL + 10)
        assert self.world.last_sync != before, "no delta"

    def calm(self):
        """Nothing is open, nothing waits, and all is known."""
        self.close_all()
        self.pass_time(7)
        self.hear_of_it()

    # ---- comparing ----

    @invariant()
    def agree(self):
        if self.world is None:
            return
        with self.trying():
            self.world.rest()
            for _ in range(AGREE_ROUNDS):
                difference = self.difference()
                if difference is None:
                    break
                self.world.settle()
            assert difference is None, difference

    def difference(self):
        """What is not as the model says, in words; None: nothing."""
        for contact in self.model.contacts:
            try:
                found = self.tree_difference(contact) or self.kept_difference(contact) or self.service_difference(contact)
            except FileNotFoundError as failure:
                found = f"there is no {failure.filename}, but {sorted(os.listdir(self.world.path))}"
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
            self.model.look_into(contact, name)
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
        data = self.world.control.photo(contact.resource)
        expected = contact.service.data if contact.service is not None else None
        return f"the service has {name_of(data)}, not {name_of(expected)}" if data != expected else None

    # ---- faults ----

    def order(self, orders, path, method):
        for one in orders:
            self.world.emulator.fault(one["action"], path=path, method=method,
                                      **{key: value for key, value in one.items() if key != "action"})

    def upload_meets(self, orders, worker, contact, picture, allowed):
        """cp of a picture, while the service does something else; the errno."""
        self.order(orders, "*:updateContactPhoto", "PATCH")
        contact.handed.add(WHOLE[picture])
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        fd = self.call(worker, 0, "open", self.path(contact, PHOTO), flags, 0o600)
        self.call(worker, 0, "write", fd, WHOLE[picture])
        code, _ = self.world.call_while_time_flies(worker, "close", fd)
        self.same(orders, allowed, code)
        return code

    def after_fault(self, contact, old, new, code):
        """What must be true whatever came of it; then the model believes what is."""
        self.world.emulator.clear_faults()
        self.world.let_changes_end()  # a delta that came meanwhile may have begun a removal again
        self.see_the_clock()
        # As long as the mount asks what came of it, each time a little later: one long jump would be one question.
        self.pass_time(3, 4, 6, 10, 18, 34)
        self.hear_of_it()
        held = self.world.control.photo(contact.resource)
        previous, rejected = self.kept(contact, ".previous"), self.kept(contact, ".rejected")
        words = f"the service has {name_of(held)}, .previous {[*map(name_of, previous)]}, .rejected {[*map(name_of, rejected)]}"
        assert held in (old, new), f"neither the old nor the new: {words}"
        assert code != 0 or held == new, f"answered 0, but {words}"
        assert old is None or held == old or old in previous, f"the old photo is lost: {words}"
        assert new is None or held == new or new in rejected, f"the new picture is lost: {words}"
        assert all(data in previous for data in contact.previous[1:]), f".previous had {[*map(name_of, contact.previous)]}: {words}"
        self.model.adopt(contact, held, previous, rejected)
