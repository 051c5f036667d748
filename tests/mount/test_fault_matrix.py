"""Every kind of request × every fault on the wire: errno, words, what the service has at the end, what the folder shows.

What is expected comes from the few rules below (they are those of docs/google.md), not from what the program does. One mount bears
many faults, each with a contact of its own. The long run (-m long) adds every other status there is.
"""

import errno
import json
import os
import random
import re
import shutil
import signal
import subprocess
from types import SimpleNamespace

import odd_answers
import pytest
from emulator import TOKEN, Emulator
from eventually import eventually
from hostile import Hostile
from logins import Desk
from mounts import Mount, MountFailed, xdg_folders
from processes import Programs

from conftest import CONTACTFS, PEOPLE_EMULATOR, SMALL_FACES, Contacts

PEOPLE = 400
PAGE = 150  # a listing has a first page and next ones
SECRETS = ("client_secret", "refresh_token")

# ---- the rules ----

MAY_PASS = {408, 409, 421, 423, 425, 429, 499, 500, 502, 503, 504, 507, 509}
MEANING = {"lost": errno.EIO, "silent": errno.ETIMEDOUT, "too much": errno.EIO, "broken": errno.EIO, "nonsense": errno.EIO,
           "redirect": errno.EIO, "fine": 0}
STATUS = {400: errno.EINVAL, 401: errno.EACCES, 402: errno.EACCES, 403: errno.EACCES, 404: errno.ENOENT,
          407: errno.EHOSTUNREACH, 409: errno.EAGAIN, 410: errno.ENOENT, 412: errno.EAGAIN, 413: errno.EFBIG, 423: errno.EAGAIN,
          429: errno.EAGAIN, 451: errno.EACCES, 511: errno.EHOSTUNREACH}
PHOTO_STATUS = {401: errno.EACCES, 402: errno.EACCES, 403: errno.EACCES, 451: errno.EACCES,
                407: errno.EHOSTUNREACH, 429: errno.EAGAIN, 511: errno.EHOSTUNREACH}
WORDS = {"lost": "lost|closed|reset", "silent": "in time", "too much": "more than contactfs takes", "nonsense": "",
         "broken": "", "redirect": ""}


def status_of(fault):
    """(status, whether the service itself says so), or (None, None)."""
    word, _, rest = fault.meaning.partition(" ")
    return (int(rest.split()[0]), rest.endswith("json")) if word == "status" else (None, None)


def expected(kind, fault):
    """The errno of a call whose every such request meets the fault; 0: it succeeds."""
    status, own_words = status_of(fault)
    if status is None:
        return MEANING[fault.meaning]
    if kind == "photo":
        return PHOTO_STATUS.get(status, errno.EIO)
    if status in (404, 410) and not own_words:
        return errno.EIO  # the address is wrong, nobody is gone
    return STATUS.get(status, errno.EIO)


def may_pass(fault):
    status, _ = status_of(fault)
    return fault.meaning in ("lost", "silent") or (status is not None and (status in MAY_PASS or 512 <= status <= 599))


def assert_words(text, fault):
    """A sentence for people: what happened, and nothing that a terminal obeys."""
    status, _ = status_of(fault)
    wanted = str(status) if status is not None else WORDS[fault.meaning]
    assert re.search(wanted, text), (fault, text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", text), repr(text)


# ---- one mount for many faults ----

class Bench(Contacts):
    def __init__(self, folder, env, timeout=2):
        self.folder = folder
        self.limits = ("--timeout", timeout, "--upload-timeout", timeout)
        self.wire = Hostile()
        self.service = Emulator([*SMALL_FACES, "--keep-bytes", "--people", PEOPLE, "--photos", "all", "--page-size-max", PAGE,
                                 "--access-token-lifetime", "100000", *self.wire.emulator_options], program=PEOPLE_EMULATOR)
        self.wire.serve(self.service)
        self.run = Programs(env)
        self.started = 0
        super().__init__(self.service, self.make("--writes-per-minute", "0", "--sync-interval", "1"))
        self.names = iter(self.shuffled())
        self.mount.allowed.append("")  # failures are what this is about; sanitizers and asserts end the daemon
        self._desk = None

    def make(self, *options, state=None):
        """A mount whose service is the relay."""
        self.started += 1
        path, state = self.folder / f"mnt{self.started}", state or self.folder / f"state{self.started}"
        path.mkdir()
        state.mkdir(exist_ok=True)
        service = SimpleNamespace(token=TOKEN, api_url=self.wire.url("api"))
        made = Mount(self.run, CONTACTFS, path, state, service, (*self.limits, *options), "default", True,
                    None)
        return made.start()

    def take(self):
        """Somebody who has met no fault yet."""
        name = next(self.names, None)
        if name is None:
            self.names = iter(self.shuffled())
            name = next(self.names)
        return name

    def shuffled(self):
        """In no order: who reads photos in the folder's order has the next ones fetched before he asks."""
        return random.Random(5).sample(sorted(os.listdir(self.path)), PEOPLE)

    def photo_place(self, person):
        """What only this photo's address has in it, by the service."""
        url = self.emulator.api("GET", self.resource(person), {"personFields": "photos"}).json()["photos"][0]["url"]
        return url.rpartition("/")[2].partition("=")[0]

    def desk(self):
        """Somebody who has logged in by way of the relay; the login is in a file."""
        if self._desk is None:
            there = SimpleNamespace(ready={**self.service.ready, "token_uri": self.wire.url("login") + "/token"},
                                    api_url=self.wire.url("api"), request=self.service.request)
            self._desk = Desk(self.run, CONTACTFS, self.folder / "desk", there)
            self._desk.log_in()
        return self._desk

    def credentials(self):
        """The same login as a file of type authorized_user."""
        path = self.folder / "credentials.json"
        if not path.exists():
            path.touch(0o600)
            login = self.desk().stored()
            path.write_text(json.dumps({"type": "authorized_user", **{name: login[name] for name in SECRETS},
                                        "client_id": login["client_id"], "token_uri": self.wire.url("login") + "/token"}))
        return path

    def close(self):
        self.wire.disarm()
        try:
            self.mount.finish()
            assert self.service.log()["overlaps"] == 0, "mutations overlapped"
            assert not [r for r in self.service.requests(origin="photo") if r["authorization"]], "the photo host saw a token"
        finally:
            self.mount.kill()
            if self._desk is not None:
                self._desk.close()
            self.wire.__exit__()
            self.service.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory, clean_env):
    made = Bench(tmp_path_factory.mktemp("matrix"), clean_env)
    yield made
    made.close()


@pytest.fixture
def bench(shared):
    yield shared
    shared.wire.disarm()
    assert shared.mount.running
    os.stat(shared.path)


def errno_of(call):
    try:
        call()
    except OSError as failure:
        return failure.errno
    return 0


def cases(*groups):
    """A parameter for each fault of the groups."""
    return [pytest.param(fault, id=fault.name) for group in groups for fault in group]


ORDINARY = (odd_answers.CONNECTION, odd_answers.TOO_MUCH, odd_answers.BROKEN, odd_answers.NONSENSE, odd_answers.UNUSUAL,
            odd_answers.REDIRECTS, odd_answers.STATUSES)


def matrix(*more, edges=False):
    """The long run has all statuses there are; edges: those next to another row of the table belong to the short one, too."""
    sooner, later = ((odd_answers.EDGE_STATUSES,), ()) if edges else ((), (odd_answers.EDGE_STATUSES,))
    rest = [pytest.param(fault, id=fault.name, marks=pytest.mark.long) for group in (*later, odd_answers.REST) for fault in group]
    return pytest.mark.parametrize("fault", [*cases(*ORDINARY, *more, *sooner), *rest])


def assert_mended(bench, person, picture):
    """When the fault is over, the same contact takes a picture."""
    bench.wire.disarm()
    eventually(lambda: errno_of(lambda: bench.photo(person).write_bytes(picture)) == 0, timeout=30)
    assert bench.held(person) == picture
    assert bench.mount.error(person) is None


def assert_shown(bench, person, held):
    if held is None:
        assert bench.listed(person) == []
    else:
        assert bench.photo(person).read_bytes() == held
        assert bench.listed(person) == ["photo.jpg"]


# ---- changes ----

@matrix(odd_answers.LOST_ANSWERS, edges=True)
def test_patch(bench, faces, fault):
    person = bench.take()
    old, new = bench.held(person), faces.face_bytes(1)
    bench.wire.arm("PATCH", fault, only=bench.resource(person) + ":")
    code = errno_of(lambda: bench.photo(person).write_bytes(new))
    hits = bench.wire.hits("PATCH")
    wanted = expected("PATCH", fault)
    # what was done may be told as done, although its answer did not say so
    assert code == wanted or (fault.applied and code == 0), (errno.errorcode.get(code), bench.mount.error(person))
    assert hits >= 1
    if not may_pass(fault) and fault.meaning != "broken":
        assert hits == 1, "what is final is not asked again"
    bench.wire.disarm()
    held = bench.held(person)
    assert held == (new if fault.applied else old)
    eventually(lambda: bench.photo(person).read_bytes() == held)
    assert_shown(bench, person, held)
    if code != 0:
        told = [line for line in bench.mount.text().splitlines() if f"message: {person}: " in line]
        assert_words(told[0], fault)
        assert new in [held, *bench.rejected(person)]
    if not fault.applied:
        assert_words(bench.mount.error(person), fault)
    assert old in [held, *bench.previous(person)], "the old picture is lost"
    assert_mended(bench, person, faces.face_bytes(2))


@pytest.mark.parametrize("fault", [case for case in cases(*ORDINARY) if may_pass(case.values[0])
                                   and case.values[0].meaning != "silent"])
def test_patch_that_fails_once(bench, faces, fault):
    person = bench.take()
    old, new = bench.held(person), faces.face_bytes(1)
    bench.wire.arm("PATCH", fault, times=1, only=bench.resource(person) + ":")
    bench.photo(person).write_bytes(new)
    assert bench.wire.hits("PATCH") == 1
    assert bench.held(person) == new == bench.photo(person).read_bytes()
    assert old in bench.previous(person)
    assert bench.mount.error(person) is None


@matrix(odd_answers.LOST_ANSWERS)
def test_delete(bench, faces, fault):
    person = bench.take()
    old = bench.held(person)
    bench.wire.arm("DELETE", fault, only=bench.resource(person) + ":")
    bench.photo(person).unlink()
    assert bench.listed(person) == []
    bench.wire.wait_hits("DELETE", 1)
    if fault.applied:
        eventually(lambda: bench.held(person) is None)
        eventually(lambda: bench.previous(person) == [old])
    else:
        eventually(lambda: bench.listed(person) == ["photo.jpg"], timeout=30)
        if expected("DELETE", fault) != errno.ENOENT:  # the service has no photo to remove: then what it shows is what there is
            assert_words(bench.mount.error(person), fault)
    bench.wire.disarm()
    held = bench.held(person)
    assert held == (None if fault.applied else old)
    eventually(lambda: bench.listed(person) == ([] if fault.applied else ["photo.jpg"]), timeout=30)
    assert_shown(bench, person, held)
    assert_mended(bench, person, faces.face_bytes(2))


@matrix()
def test_person(bench, faces, fault):
    """A change whose answer says nothing is followed by people.get, which fails."""
    person = bench.take()
    old, new = bench.held(person), faces.face_bytes(1)
    name = bench.resource(person)
    bench.wire.arm("PATCH", odd_answers.Fault("{}", "", odd_answers.says(b"{}")), only=name + ":")
    bench.wire.arm("person", fault, only=name)
    code = errno_of(lambda: bench.photo(person).write_bytes(new))
    assert bench.wire.hits("person") >= 1
    assert code in (0, expected("person", fault)), errno.errorcode.get(code)
    assert bench.held(person) == new
    if code != 0:
        assert bench.mount.error(person)
    bench.wire.disarm()
    eventually(lambda: bench.photo(person).read_bytes() == new)
    assert old in bench.previous(person)
    assert_mended(bench, person, faces.face_bytes(2))


# ---- reading ----

@matrix(edges=True)
def test_photo(bench, fault):
    for _ in range(9):  # somebody whose photo has not been fetched ahead
        person = bench.take()
        bench.wire.arm("photo", fault, only=bench.photo_place(person))
        said = len(bench.mount.text())
        code = errno_of(bench.photo(person).read_bytes)
        if bench.wire.hits("photo") > 0:
            break
    assert bench.wire.hits("photo") >= 1
    held = bench.held(person)
    wanted = expected("photo", fault)
    if fault.name == "301 to another host":
        wanted = errno.EHOSTUNREACH  # https, so it is followed: there is no such host
    assert code == wanted, errno.errorcode.get(code)
    if code != 0:
        assert "message: " in bench.mount.text()[said:], "no words"
        assert_words(bench.mount.status()["last_error"], SimpleNamespace(meaning="nonsense"))
    bench.wire.disarm()
    eventually(lambda: errno_of(bench.photo(person).read_bytes) == 0)
    assert bench.photo(person).read_bytes() == held
    assert bench.listed(person) == ["photo.jpg"]


# ---- listing ----

@matrix()
def test_delta(bench, fault):
    people = set(os.listdir(bench.path))
    bench.wire.arm("delta", fault)
    bench.wire.wait_hits("delta", 1)
    status, own_words = status_of(fault)
    resets = status == 400 and own_words  # taken for the sync token's end: everybody is listed
    if not resets and expected("delta", fault) != 0:
        eventually(lambda: has_words(bench.mount.status()["last_error"], fault), timeout=30, why=f"no words for {fault}")
        assert set(os.listdir(bench.path)) == people
        bench.wire.disarm()
    made = bench.emulator.create_person("New", fault.name.replace("/", " "))
    eventually(lambda: made in {bench.resource(name) for name in set(os.listdir(bench.path)) - people}, timeout=30)
    assert set(os.listdir(bench.path)) > people


def has_words(text, fault):
    try:
        assert_words(text or "", fault)
    except AssertionError:
        return False
    return text is not None


@matrix()
def test_first_page(bench, fault):
    check_listing(bench, "first page", fault)


@matrix()
def test_next_page(bench, fault):
    check_listing(bench, "next page", fault)


def check_listing(bench, kind, fault):
    """The first mount of all: it comes about, or says why not, and leaves nothing behind."""
    bench.wire.arm(kind, fault)
    if expected(kind, fault) == 0:
        mounted = bench.make()
        assert len(os.listdir(mounted.path)) >= PEOPLE
        mounted.kill()
    else:
        with pytest.raises(MountFailed) as failure:
            bench.make()
        assert failure.value.status == 1
        assert_words(failure.value.text, fault)
        assert not os.path.ismount(bench.folder / f"mnt{bench.started}")
    assert bench.wire.hits(kind) >= 1


# ---- the login ----

@matrix(odd_answers.LOST_ANSWERS)
def test_token(bench, fault):
    credentials = bench.credentials()
    bench.wire.arm("token", fault)
    if expected("token", fault) == 0:
        bench.make("--credentials", credentials).kill()
    else:
        with pytest.raises(MountFailed) as failure:
            bench.make("--credentials", credentials)
        assert failure.value.status == 1
        assert_words(failure.value.text, fault)
        assert "no longer valid" not in failure.value.text, "the end of a login is the token service's own word"
        assert not [secret for secret in map(json.loads(credentials.read_text()).get, SECRETS) if secret in failure.value.text]
    assert bench.wire.hits("token") >= 1


@matrix(odd_answers.LOST_ANSWERS)
def test_revoke(bench, fault, tmp_path):
    """Forgotten here in any case; 1 and a sentence when the service has not said that it is revoked."""
    desk = bench.desk()
    config = tmp_path / "config/contactfs/default"
    config.parent.mkdir(parents=True)
    shutil.copytree(desk.config(), config)
    bench.wire.arm("revoke", with_fine_ends(fault))
    process = bench.run.start(CONTACTFS, "logout", env={**desk.env, **xdg_folders(tmp_path)}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    if fault.slow:  # the person has Ctrl-C
        bench.wire.wait_hits("revoke", 1)
        process.send_signal(signal.SIGINT)
        result = bench.run.finish(process)
        assert result.status == 1 and "interrupted" in result.errors and (config / "login.json").exists()
        return
    result = bench.run.finish(process)
    assert bench.wire.hits("revoke") == 1, "the person is there, and can run it again"
    assert not (config / "login.json").exists()
    done = fault.meaning == "fine" or fault.name in UNREAD or (fault.meaning == "nonsense" and fault.name not in UNDONE)
    assert result.status == (0 if done else 1), result
    if not done:
        assert "could not be revoked" in result.errors
        assert_words(result.errors, fault)


UNREAD = ("gzip that is none", "an unknown coding")  # 200 says all: RFC 7009, section 2.2
UNDONE = ("204", "deep JSON", "deep JSON that ends", "huge JSON", "a number without end")  # over the limit of 64 KiB


def with_fine_ends(fault):
    """The service itself is not asked: all cases share one login."""
    def act(exchange):
        exchange.forward = lambda: (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n", b"{}")
        fault(exchange)
    return act


# ---- nobody there ----

@pytest.mark.parametrize("kind", ["PATCH", "photo", "first page", "token", "revoke"])
def test_refused(bench, faces, kind, tmp_path):
    person = bench.take()
    origin = {"photo": "photo", "token": "login", "revoke": "login"}.get(kind, "api")
    old, new = bench.held(person), faces.face_bytes(1)
    options = ("--credentials", bench.credentials()) if kind == "token" else ()
    if kind == "revoke":
        config = tmp_path / "config/contactfs/default"
        config.parent.mkdir(parents=True)
        shutil.copytree(bench.desk().config(), config)
    bench.wire.refuse(origin)
    if kind == "photo":  # somebody whose photo has not been fetched ahead
        person = next(person for person in iter(bench.take, None) if errno_of(bench.photo(person).read_bytes))
        old = bench.held(person)
    if kind in ("PATCH", "photo"):
        call = bench.photo(person).read_bytes if kind == "photo" else lambda: bench.photo(person).write_bytes(new)
        assert errno_of(call) == errno.EHOSTUNREACH
        assert "cannot be reached" in bench.mount.status()["last_error"]
    elif kind == "revoke":
        result = bench.run(CONTACTFS, "logout", env={**bench.desk().env, **xdg_folders(tmp_path)}, check=False)
        assert result.status == 1 and "cannot be reached" in result.errors
    else:
        with pytest.raises(MountFailed, match="cannot be reached"):
            bench.make(*options)
    bench.wire.disarm()
    assert bench.held(person) == old
    eventually(lambda: errno_of(bench.photo(person).read_bytes) == 0)
    assert_shown(bench, person, old)
    assert_mended(bench, person, faces.face_bytes(2))


# ---- killable ----

SLOW = [fault for fault in odd_answers.CONNECTION if fault.slow]


@pytest.fixture(scope="module")
def shared_patient(tmp_path_factory, clean_env):
    """As the shared one, with so much time that whatever ends sooner was ended by a signal."""
    made = Bench(tmp_path_factory.mktemp("patient"), clean_env, timeout=100)
    yield made
    made.close()


@pytest.fixture
def patient(shared_patient):
    yield shared_patient
    shared_patient.wire.disarm()


@pytest.mark.parametrize("kind", ["photo", "PATCH"])
@pytest.mark.parametrize("fault", cases(SLOW))
def test_killable(patient, faces, fault, kind):
    person = patient.take()
    held = patient.held(person)
    patient.wire.arm(kind, fault)
    words = ["cp", faces.face(1)] if kind == "PATCH" else ["cat"]
    process = patient.run.start(*words, patient.photo(person), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    patient.wire.wait_hits(kind, 1)
    process.kill()
    assert patient.run.finish(process, timeout=60).status == -signal.SIGKILL
    assert "in time" not in patient.mount.text(), "it ended by its deadline"
    patient.wire.disarm()
    assert patient.held(person) == held
    eventually(lambda: errno_of(patient.photo(person).read_bytes) == 0)
    assert patient.photo(person).read_bytes() == held
