"""What the fault matrix (tests/mount/test_fault_matrix.py) expects, and the mount that it is tried on.

What is expected comes from the few rules below (they are those of docs/google.md), not from what the program does.
"""

import errno
import itertools
import json
import os
import random
import re
from types import SimpleNamespace

import odd_tls
from checks import errno_or_0
from emulator import TOKEN, Emulator
from eventually import eventually
from hostile import Hostile
from logins import Desk
from mounts import Mount
from network import Authority
from processes import Programs

from conftest import CONTACTFS, PEOPLE_EMULATOR, SMALL_FACES, Contacts

PEOPLE = 400
PAGE = 150  # a listing has a first page and next ones
SECRETS = ("client_secret", "refresh_token")

# ---- the rules ----

MAY_PASS = {408, 409, 421, 423, 425, 429, 499, 500, 502, 503, 504, 507, 509}
MEANING = {"lost": errno.EIO, "silent": errno.ETIMEDOUT, "too much": errno.EIO, "broken": errno.EIO, "nonsense": errno.EIO,
           "redirect": errno.EIO, "unreachable": errno.EHOSTUNREACH, "untrusted": errno.EIO, "fine": 0}
STATUS = {400: errno.EINVAL, 401: errno.EACCES, 402: errno.EACCES, 403: errno.EACCES, 404: errno.ENOENT,
          407: errno.EHOSTUNREACH, 409: errno.EAGAIN, 410: errno.ENOENT, 412: errno.EAGAIN, 413: errno.EFBIG, 423: errno.EAGAIN,
          429: errno.EAGAIN, 451: errno.EACCES, 511: errno.EHOSTUNREACH}
PHOTO_STATUS = {401: errno.EACCES, 402: errno.EACCES, 403: errno.EACCES, 451: errno.EACCES,
                407: errno.EHOSTUNREACH, 429: errno.EAGAIN, 511: errno.EHOSTUNREACH}
WORDS = {"lost": "lost|closed|reset", "silent": "in time", "too much": "more than contactfs takes", "nonsense": "",
         "broken": "", "redirect": "", "unreachable": "cannot be reached", "untrusted": "did not verify|does not speak TLS"}


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
    return fault.meaning in ("lost", "silent", "unreachable") or (status is not None and (status in MAY_PASS or 512 <= status <= 599))


def assert_words(text, fault):
    """A sentence for people: what happened, and nothing that a terminal obeys."""
    status, _ = status_of(fault)
    wanted = str(status) if status is not None else WORDS[fault.meaning]
    assert re.search(wanted, text), (fault, text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", text), repr(text)


# ---- one mount for many faults ----

class Bench(Contacts):
    """wire: "plain", or "tls" for HTTP/2."""

    def __init__(self, folder, env, wire="plain", timeout=2):
        self.folder = folder
        self.trust = {}
        self.limits = ("--timeout", timeout, "--upload-timeout", timeout)
        self.wire = Hostile()
        if wire == "tls":
            authority = Authority(folder / "authority")
            self.wire.contexts = odd_tls.contexts(authority, Authority(folder / "stranger"), "127.0.0.1")
            self.trust = {"SSL_CERT_FILE": str(authority.certificate)}
        self.service = Emulator([*SMALL_FACES, "--keep-bytes", "--people", PEOPLE, "--photos", "all", "--page-size-max", PAGE,
                                 "--access-token-lifetime", "100000", *self.wire.emulator_options], program=PEOPLE_EMULATOR)
        self.wire.serve(self.service)
        self.run = Programs(env)
        self.started = 0
        usual = (*self.limits, "--writes-per-minute", "0", "--sync-interval", "1")
        super().__init__(self.service, self.make("--timeout", "100").remount(*usual))  # the first listing may take its time
        self.names = iter(self.shuffled())
        self.pictures = itertools.count(1)
        self.mount.allowed.append("")  # failures are what this is about; sanitizers and asserts end the daemon
        self._desk = self._by_file = None

    def prepare(self, *options):
        """A mount whose service is the relay; not started yet."""
        self.started += 1
        path, state = self.folder / f"mnt{self.started}", self.folder / f"state{self.started}"
        path.mkdir()
        state.mkdir()
        service = SimpleNamespace(token=TOKEN, api_url=self.wire.url("api"))
        return Mount(self.run, CONTACTFS, path, state, service, (*self.limits, *options), "default", True, self.trust)

    def make(self, *options):
        return self.prepare(*options).start()

    def take(self):
        """Somebody who has met no fault yet."""
        name = next(self.names, None)
        if name is None:
            self.names = iter(self.shuffled())
            name = next(self.names)
        return name

    def picture(self, faces):
        """One that nobody has had: the photo that is there already is not sent."""
        return faces.face_bytes(next(self.pictures))

    def forget_photos(self):
        """None is here any more."""
        self.mount.unmount()
        for path in (self.mount.state / "cache").rglob("*"):
            if path.is_file():
                path.unlink()
        self.mount.start()

    def shuffled(self):
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
            self._desk = Desk(self.run, CONTACTFS, self.folder / "desk", there, env=self.trust)
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

    def by_file(self):
        """Another mount of the same address book, which gets its tokens over the wire."""
        if self._by_file is None:
            self._by_file = Contacts(self.service, self.make("--writes-per-minute", "0", "--credentials", self.credentials()))
        return self._by_file

    def close(self):
        self.wire.disarm()
        try:
            self.mount.finish()
            assert self.service.log()["overlaps"] == 0, "mutations overlapped"
            assert not [r for r in self.service.requests(origin="photo") if r["authorization"]], "the photo host saw a token"
        finally:
            self.mount.kill()
            if self._by_file is not None:
                self._by_file.mount.kill()
            if self._desk is not None:
                self._desk.close()
            self.wire.__exit__()
            self.service.close()


def assert_mended(bench, person, picture):
    """When the fault is over, the same contact takes a picture."""
    bench.wire.disarm()
    eventually(lambda: errno_or_0(lambda: bench.photo(person).write_bytes(picture)) == 0, timeout=30)
    assert bench.held(person) == picture
    error = bench.mount.error(person)
    assert error is None, error


def assert_shown(bench, person, held):
    if held is None:
        assert bench.listed(person) == []
    else:
        assert bench.photo(person).read_bytes() == held
        assert bench.listed(person) == ["photo.jpg"]
