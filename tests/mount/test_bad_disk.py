"""The disk fails at any call, or the power does: each mount after that is whole, and no picture is lost or somebody else's.

The same work is done each time: a photo replaced, one removed, one replaced after rm, half a picture refused, one read. Its calls
that change the disk are counted once; then each case lets another one of them go wrong. The short run takes some, spread evenly; the
long one (-m long) takes every one.
"""

import errno
import os
import signal
import subprocess

import pytest
from bad_disk import BadDisk
from eventually import eventually

from conftest import BUILD, Contacts

pytestmark = [pytest.mark.keep_bytes,
              pytest.mark.skipif(not (BUILD / "tests/preload/libbad-disk.so").exists(), reason="not built with sanitizers")]

OPTIONS = ("--writes-per-minute", "0", "--timeout", "10", "--upload-timeout", "10", "--sync-interval", "1")
MOST = 320  # calls; the work makes fewer, which the first test shows
SOME = range(1, MOST, 19)
HOWS = ["ENOSPC once", "ENOSPC from then on", "EIO once", "EIO from then on", "kill", "power cut"]


class Work:
    """Somebody at work on five contacts; what was acknowledged to him."""

    def __init__(self, contacts, faces):
        self.contacts = contacts
        self.path = contacts.path
        self.emulator = contacts.emulator
        people = [name for name in sorted(os.listdir(self.path)) if "photo.jpg" in os.listdir(self.path / name)]
        self.replaced, self.removed, self.again, self.refused, self.read = people[:5]
        self.people = set(os.listdir(self.path))
        self.resource = {name: contacts.resource(name) for name in people[:5]}
        self.before = {name: self.held(name) for name in self.resource}
        self.may_be = {name: {photo} for name, photo in self.before.items()}  # what the service may have at the end
        self.first, self.second, self.third, self.half = faces.face_bytes(1), faces.face_bytes(2), faces.face_bytes(3), \
            faces.cut.read_bytes()

    def held(self, name):
        return self.emulator.photo_bytes(self.resource[name])

    def try_to(self, name, outcome, call):
        """An operation that is to make outcome the photo; True: it was acknowledged."""
        try:
            call()
        except OSError:
            self.may_be[name].add(outcome)
            return False
        self.may_be[name] = {outcome}
        return True

    def write(self, name, picture):
        return self.try_to(name, picture, lambda: (self.path / name / "photo.jpg").write_bytes(picture))

    def remove(self, name):
        return self.try_to(name, None, (self.path / name / "photo.jpg").unlink)

    def do(self):
        self.write(self.replaced, self.first)
        self.remove(self.removed)
        self.remove(self.again)
        if not self.write(self.again, self.third):  # rm and a successor that fails: the old photo is still there
            self.may_be[self.again].add(self.before[self.again])
        try:
            (self.path / self.refused / "photo.jpg").write_bytes(self.half)
        except OSError as failure:
            self.refusal = failure.errno
        try:
            (self.path / self.read / "photo.jpg").read_bytes()
        except OSError:
            pass
        self.write(self.replaced, self.second)

    # ---- afterwards ----

    def check_service(self, name):
        """It comes to what was acknowledged, or the log says why not."""
        told = f"{name}: the photo was not removed" in self.contacts.mount.text()
        may_be = self.may_be[name] | ({self.before[name]} if told else set())
        eventually(lambda: self.held(name) in may_be, timeout=20,
                   why=f"{name}: {self.word(self.held(name))}, not {[self.word(photo) for photo in may_be]}\n{self.contacts.mount.text()}")

    def word(self, photo):
        """For messages."""
        return {None: "none", self.first: "the first", self.second: "the second", self.third: "the third"}.get(photo, "the old one")

    def check(self):
        assert set(os.listdir(self.path)) == self.people
        for name in self.resource:
            assert self.contacts.resource(name) == self.resource[name]
            self.check_service(name)
        eventually(lambda: not self.contacts.mount.status().get("waiting_mutations"))
        for name in self.resource:
            shown = self.path / name / "photo.jpg"
            eventually(lambda shown=shown, name=name: (shown.read_bytes() if shown.exists() else None) == self.held(name))
            self.check_kept(name)

    def check_kept(self, name):
        """Every picture is somewhere, whole, and nobody else's."""
        own = {self.before[name], self.first, self.second, self.third, self.half}
        kept = self.contacts.previous(name)
        assert set(kept) | set(self.contacts.rejected(name)) <= own, f"{name}: a torn picture, or somebody else's"
        assert self.before[name] in [self.held(name), *kept], f"{name}: the old picture is lost"


@pytest.fixture
def start(mount, emulator, faces, tmp_path):
    """A mount that has seen everybody; then what a case does with it."""
    made = mount(emulator, *OPTIONS)
    work = Work(Contacts(emulator, made), faces)
    made.terminate()
    disk = BadDisk(BUILD, tmp_path, made.state)
    healthy = dict(made.env)

    def begin(**how):
        made.allowed.append("")  # what the daemon says of its disk is not what this is about
        made.env = {**healthy, **disk.env(**how)}
        made.start()
        return work

    begin.disk, begin.mounted, begin.work = disk, made, work
    begin.heal = lambda: made.env.update({name: "" for name in disk.env()}) or setattr(made, "env", healthy)
    yield begin
    disk.close()


def die(mounted):
    """As soon as nobody can wait for it any more."""
    if mounted.running:
        os.kill(mounted.pid, signal.SIGKILL)
        mounted.wait_end()


def test_the_work_itself(start):
    """Without a fault all of it is acknowledged; and there are fewer calls than the cases have numbers."""
    work = start()
    work.do()
    assert work.refusal == errno.EINVAL
    work.check()
    assert all(len(may_be) == 1 for may_be in work.may_be.values())
    start.mounted.terminate()
    assert 20 < start.disk.count < MOST, start.disk.count
    print(start.disk.count, "calls")


def cases():
    for how in HOWS:
        for number in range(1, MOST):
            turn = (number + 3 * HOWS.index(how)) in SOME
            yield pytest.param(how, number, id=f"{how} at {number}", marks=[] if turn else [pytest.mark.long])


@pytest.mark.parametrize("how, number", cases())
def test_disk(start, how, number):
    word = how.split()[0]
    crash = how in ("kill", "power cut")
    work = start.work
    try:
        start(at=number, how="kill" if crash else word, lasts="from then on" in how, power=how == "power cut")
    except Exception:  # noqa: BLE001 a mount that does not come about: it says so, and nothing has been done
        assert not start.mounted.running
    else:
        work.do()
    if crash:
        die(start.mounted)
    elif start.mounted.running:
        start.mounted.terminate()
    begin_again(start, cut=how == "power cut")
    work.check()


def begin_again(start, cut):
    subprocess.run(["fusermount3", "-u", "-z", "-q", str(start.mounted.path)], check=False, capture_output=True)
    if cut:
        start.disk.cut()
    start.heal()
    start.mounted.start()


# ---- the power fails just after an answer ----

def cut_power(start):
    die(start.mounted)
    assert start.work.emulator.requests(method="DELETE") == [], "the test is too slow to see anything"
    begin_again(start, cut=True)


def stays(work, name, photo):
    """Nothing is left that would remove it: what is promised is not shown, and is carried out after a sync or as the mount ends."""
    assert (work.path / name / "photo.jpg").read_bytes() == photo
    work.contacts.mount.unmount()
    assert work.held(name) == photo
    assert work.emulator.requests(method="DELETE") == []
    work.contacts.mount.start()


def test_power_cut_after_rm(start):
    work = start(power=True)
    assert work.remove(work.removed)
    cut_power(start)
    assert not (work.path / work.removed / "photo.jpg").exists()
    eventually(lambda: work.held(work.removed) is None)
    assert work.contacts.previous(work.removed) == [work.before[work.removed]]


def test_power_cut_after_rm_and_the_same_picture(start):
    """Nothing is sent, and nothing is removed."""
    work = start(power=True)
    name = work.removed
    assert work.remove(name) and work.write(name, work.before[name])
    cut_power(start)
    stays(work, name, work.before[name])


def test_power_cut_after_rm_and_the_same_picture_renamed(start):
    work = start(power=True)
    name = work.removed
    (work.path / name / ".new.jpg").write_bytes(work.before[name])
    assert work.remove(name)
    (work.path / name / ".new.jpg").rename(work.path / name / "photo.jpg")
    cut_power(start)
    stays(work, name, work.before[name])


@pytest.mark.refused
def test_power_cut_after_rm_and_a_picture_that_is_refused(start):
    """The old photo is back, as was said."""
    work = start(power=True)
    name = work.removed
    work.emulator.fault("status", method="PATCH", status=400)
    assert work.remove(name) and not work.write(name, work.first)
    cut_power(start)
    stays(work, name, work.before[name])
    assert work.contacts.rejected(name) == [work.first]
