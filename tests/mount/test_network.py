"""Names and addresses: one that changes, one that is gone, one that never comes; and a photo's host that points at this computer."""

import errno
import os
import re
import select
import signal
import socket
import subprocess
from types import SimpleNamespace

import pytest
from checks import errno_or_0
from emulator import TOKEN, Emulator
from eventually import eventually
from hostile import Hostile
from mounts import Mount, MountFailed
from network import PRELOAD, Authority, Network
from odd_answers import Fault, moved
from odd_tls import context

from conftest import CONTACTFS, PEOPLE_EMULATOR, SMALL_FACES, Contacts

pytestmark = pytest.mark.skipif(not PRELOAD.exists(), reason="not built with sanitizers")

PEOPLE, PHOTOS, HOME = "people.test", "photos.test", "home.test"
FIRST, SECOND, HOST, OTHER = "203.0.113.1", "203.0.113.2", "203.0.113.8", "203.0.113.9"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


class Far:
    """A service on the internet, as the mount has it: by names, over TLS, at public addresses."""

    def __init__(self, folder, authority, run, photos=f"https://{PHOTOS}"):
        self.folder, self.run = folder, run
        self.network = Network(folder)
        self.wire = Hostile()
        self.wire.contexts = {"good": context(*authority.certify(PEOPLE, PHOTOS, HOME, "elsewhere.test"), http2=False)}
        self.authority = authority
        self.service = Emulator([*SMALL_FACES, "--keep-bytes", "--photo-url", photos, "--photo-port", self.wire.behind_port],
                                program=PEOPLE_EMULATOR)
        self.wire.serve(self.service)
        self.network.name(PEOPLE, FIRST)
        self.network.name(PHOTOS, HOST)
        self.network.way(FIRST, 443, self.wire.port("api"))
        self.network.way(HOST, 443, self.wire.port("photo"))
        self.mounted = None

    def mount(self, *options):
        path, state = self.folder / "mnt", self.folder / "state"
        path.mkdir()
        state.mkdir()
        made = Mount(self.run, CONTACTFS, path, state, SimpleNamespace(token=TOKEN, api_url=f"https://{PEOPLE}"),
                     ("--writes-per-minute", "0", *options), "default", True,
                     {**self.network.env, "SSL_CERT_FILE": str(self.authority.certificate)})
        self.mounted = made
        made.start()
        return Contacts(self.service, made)

    def lose_name(self, to):
        """Its old address, which may be known for a second more, leads nowhere."""
        self.network.name(PEOPLE, to)
        self.network.way(FIRST, 443, None)
        self.wire.cut()

    def find_name(self):
        self.network.way(FIRST, 443, self.wire.port("api"))
        self.network.name(PEOPLE, FIRST)

    def close(self):
        try:
            if self.mounted is not None:
                self.mounted.finish()
        finally:
            if self.mounted is not None:
                self.mounted.kill()
            self.wire.__exit__()
            self.service.close()


@pytest.fixture
def far(tmp_path, authority, run):
    made = Far(tmp_path, authority, run)
    yield made
    made.close()


# ---- the service's name ----

def test_as_it_should_be(far, faces):
    contacts = far.mount()
    person = contacts.person()
    contacts.photo(person).write_bytes(faces.face_bytes(1))
    assert contacts.held(person) == faces.face_bytes(1)
    assert contacts.photo(contacts.person(1)).read_bytes() == contacts.held(contacts.person(1))
    assert set(far.network.connects()) == {(FIRST, 443), (HOST, 443)}


@pytest.mark.parametrize("work", ["write", "remove", "read", "delta"])
def test_an_address_that_changes(far, faces, work):
    """The name leads elsewhere now, and nobody is at the old address. A resolver that keeps it for a minute would take all our time."""
    contacts = far.mount("--timeout", "45", "--upload-timeout", "45", "--sync-interval", "2" if work == "delta" else "3600")
    person, name, old, new = contacts.person(), PEOPLE, FIRST, SECOND
    assert contacts.photo(contacts.person(9)).read_bytes()
    if work == "read":
        name, old, new = PHOTOS, HOST, OTHER
    local = far.network.ways[old, 443]
    far.network.way(old, 443, None)
    far.network.way(new, 443, local)
    far.network.name(name, new)
    far.wire.cut()
    if work == "write":
        contacts.photo(person).write_bytes(faces.face_bytes(1))
        assert contacts.held(person) == faces.face_bytes(1)
    elif work == "remove":
        contacts.photo(person).unlink()
        eventually(lambda: contacts.held(person) is None, timeout=60)
    elif work == "read":
        assert contacts.photo(person).read_bytes() == contacts.held(person)
    else:
        contacts.emulator.create_person("Zoe", "New")
        eventually(lambda: "Zoe New" in os.listdir(contacts.path), timeout=60)
    assert contacts.mount.error(person) is None
    assert (new, 443) in far.network.connects()


@pytest.mark.parametrize("to", ["none", "silent"])
def test_a_name_that_is_gone(far, faces, to):
    contacts = far.mount("--timeout", "3", "--upload-timeout", "3", "--sync-interval", "3600")
    person = contacts.person()
    old = contacts.held(person)
    assert contacts.photo(person).read_bytes() == old  # so that it can be saved
    far.lose_name(to)
    code = errno_or_0(lambda: contacts.photo(person).write_bytes(faces.face_bytes(1)))
    meant = {"none": {errno.EHOSTUNREACH: "cannot be reached"},  # silent: the address before is tried for a second
             "silent": {errno.EHOSTUNREACH: "cannot be reached", errno.ETIMEDOUT: "in time"}}[to]
    assert code in meant, (errno.errorcode.get(code), contacts.mount.error(person))
    assert meant[code] in contacts.mount.error(person) and PEOPLE in contacts.mount.error(person)
    assert contacts.held(person) == old == contacts.photo(person).read_bytes()
    assert contacts.rejected(person) == [faces.face_bytes(1)]
    far.find_name()
    eventually(lambda: errno_or_0(lambda: contacts.photo(person).write_bytes(faces.face_bytes(2))) == 0, timeout=60)
    assert contacts.held(person) == faces.face_bytes(2)


def test_a_resolver_that_hangs_keeps_nobody(far, faces):
    """Neither cp nor the mount's end waits for it."""
    contacts = far.mount("--timeout", "600", "--upload-timeout", "600", "--sync-interval", "3600")
    person = contacts.person()
    assert contacts.photo(person).read_bytes() == contacts.held(person)
    far.lose_name("silent")
    process = far.run.start("cp", faces.face(1), contacts.photo(person), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(lambda: contacts.mount.status()["waiting_mutations"] == 1)
    process.kill()
    assert far.run.finish(process, timeout=60).status == -signal.SIGKILL
    eventually(lambda: contacts.mount.status()["waiting_mutations"] == 0)
    contacts.mount.terminate()
    assert contacts.mount.exit_status == 0


@pytest.mark.parametrize("to", ["none", "silent"])
def test_a_first_mount_without_the_name(far, to):
    far.network.name(PEOPLE, to)
    with pytest.raises(MountFailed) as failure:
        far.mount("--timeout", "3")
    assert failure.value.status == 1
    assert PEOPLE in failure.value.text and {"none": "cannot be reached", "silent": "in time"}[to] in failure.value.text


# ---- where a photo's host may lead ----

@pytest.fixture
def victim():
    """Something of this computer's own, which nobody else is to reach: a port of all its loopback addresses."""
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    yield listener
    listener.close()


def heard(listener):
    return bool(select.select([listener], [], [], 0)[0])


AT_HOME = {
    "http": "http://127.0.0.1:PORT/", "https": "https://127.0.0.1:PORT/", "another loopback": "https://127.1.2.3:PORT/",
    "no address": "https://0.0.0.0:PORT/", "short": "https://127.1:PORT/", "a number": "https://2130706433:PORT/",
    "hexadecimal": "https://0x7f000001:PORT/", "octal": "https://0177.0.0.1:PORT/", "IPv6": "https://[::1]:PORT/",
    "any IPv6": "https://[::]:PORT/", "mapped": "https://[::ffff:127.0.0.1]:PORT/", "localhost": "https://localhost:PORT/",
    "with a dot": "https://localhost.:PORT/", "below localhost": "https://a.localhost:PORT/", "capitals": "HTTPS://LOCALHOST:PORT/",
    "userinfo": "https://photos.test@127.0.0.1:PORT/", "a backslash": "https://127.0.0.1:PORT\\@photos.test/",
    "a name that leads home": "https://home.test:PORT/", "wide digits": "https://１２７.0.0.1:PORT/", "no scheme": "//127.0.0.1:PORT/",
}


WORDS = "not https, or (that|it) is this computer's own|leads to this computer itself|cannot be reached"


def to(url):
    """A redirect; the address goes over the wire as UTF-8."""
    return moved(302, url.encode().decode("latin-1"))


def sends_on(base):
    """The same picture is at another place."""
    def act(exchange):
        if exchange.headers["host"] == PHOTOS:
            to(base + exchange.target)(exchange)
        else:
            exchange.send(b"".join(exchange.forward()))
    return act


def is_refused(far, contacts, victim):
    person = contacts.person()
    assert errno_or_0(contacts.photo(person).read_bytes) in (errno.EIO, errno.EHOSTUNREACH)
    assert re.search(WORDS, contacts.mount.status()["last_error"])
    assert not heard(victim)
    port = victim.getsockname()[1]
    assert not [place for place in far.network.connects() if place[1] == port]


@pytest.mark.parametrize("url", [pytest.param(url, id=name) for name, url in AT_HOME.items()])
def test_leads_home(far, victim, url):
    contacts = far.mount("--timeout", "5")
    far.network.name(HOME, "127.0.0.1")
    far.wire.arm("photo", Fault("home", "redirect", to(url.replace("PORT", str(victim.getsockname()[1])))))
    is_refused(far, contacts, victim)
    far.wire.disarm()
    person = contacts.person()
    assert contacts.photo(person).read_bytes() == contacts.held(person)


@pytest.mark.parametrize("name", ["https", "another loopback", "IPv6", "localhost", "a name that leads home"])
def test_leads_home_in_the_end(far, victim, name):
    """By a host that is elsewhere."""
    contacts = far.mount("--timeout", "5")
    far.network.name(HOME, "127.0.0.1")
    far.network.name("elsewhere.test", OTHER)
    far.network.way(OTHER, 443, far.wire.port("photo"))
    home = AT_HOME[name].replace("PORT", str(victim.getsockname()[1]))

    def act(exchange):
        there = exchange.headers["host"] == "elsewhere.test"
        to(home if there else "https://elsewhere.test/next")(exchange)

    far.wire.arm("photo", Fault("home", "redirect", act))
    is_refused(far, contacts, victim)
    assert (OTHER, 443) in far.network.connects()


@pytest.mark.parametrize("name", ["https", "another loopback", "IPv6", "localhost", "a name that leads home"])
def test_is_at_home(tmp_path, authority, run, victim, name):
    """The service itself gives such an address for everybody's photo."""
    far = Far(tmp_path, authority, run, photos=AT_HOME[name].replace("PORT", str(victim.getsockname()[1])).rstrip("/"))
    try:
        far.network.name(HOME, "127.0.0.1")
        is_refused(far, far.mount("--timeout", "5"), victim)
    finally:
        far.close()


def test_a_name_of_two_addresses(far, victim):
    """One of them is at home: it may be the other that is asked, or none."""
    contacts = far.mount("--timeout", "5")
    port, person = victim.getsockname()[1], contacts.person()
    far.network.name(HOME, "127.0.0.1", OTHER)
    far.network.way(OTHER, port, far.wire.port("photo"))
    far.wire.arm("photo", Fault("home", "redirect", sends_on(f"https://{HOME}:{port}")))
    errno_or_0(contacts.photo(person).read_bytes)
    assert far.wire.hits("photo") > 0 and not heard(victim)
    assert ("127.0.0.1", port) not in far.network.connects()


@pytest.mark.parametrize("base,address,port", [
    ("https://photos.test:8443", HOST, 8443), ("https://elsewhere.test", OTHER, 443), ("https://elsewhere.test", "10.1.2.3", 443),
], ids=["another port", "another host", "a private network"])
def test_leads_elsewhere(far, base, address, port):
    """Over TLS, to whoever has a certificate for the name."""
    contacts = far.mount("--timeout", "20")
    far.network.name("elsewhere.test", address)
    far.network.way(address, port, far.wire.port("photo"))
    far.wire.arm("photo", Fault("elsewhere", "fine", sends_on(base)))
    person = contacts.person()
    assert contacts.photo(person).read_bytes() == contacts.held(person)
    assert (address, port) in far.network.connects()
    seen = [request for request in far.service.requests(origin="photo") if request["authorization"]]
    assert not seen, "a photo's host saw a token"


@pytest.mark.parametrize("url", ["http://photos.test/x", "http://photos.test:443/x", "ftp://photos.test/x", "file:///etc/passwd",
                                 "gopher://photos.test/x", "data:image/png,x", "https://somebody:secret@photos.test/x", "https:///x",
                                 "https://elsewhere.test/x"])
def test_leads_nowhere(far, url):
    """No TLS, no such scheme, a password in it, nobody's certificate."""
    contacts = far.mount("--timeout", "5")
    far.network.name("elsewhere.test", OTHER)
    for port in (21, 70, 80):
        far.network.way(HOST, port, far.wire.port("photo"))
    before = set(far.network.connects())
    far.wire.arm("photo", Fault("nowhere", "redirect", to(url)))
    assert errno_or_0(contacts.photo(contacts.person()).read_bytes) in (errno.EIO, errno.EHOSTUNREACH)
    assert contacts.mount.status()["last_error"]
    assert set(far.network.connects()) - before <= {(HOST, 443), (OTHER, 443)}
