"""Every kind of request × every fault on the wire: errno, words, what the service has at the end, what the folder shows.

What is expected comes from the rules in tests/lib/matrix.py. One mount bears many faults, each with a contact of its own. The long run
(-m long) adds every other status there is.
"""

import copy
import errno
import json
import os
import re
import shutil
import signal
import subprocess
from types import SimpleNamespace

import odd_answers
import odd_http2
import odd_tls
import pytest
from checks import errno_or_0
from eventually import eventually
from hostile import ORIGIN_OF
from matrix import PEOPLE, SECRETS, Bench, assert_mended, assert_shown, assert_words, expected, may_pass, status_of
from mounts import MountFailed, xdg_folders

from conftest import CONTACTFS


@pytest.fixture(scope="module")
def benches(tmp_path_factory, clean_env):
    """One for each wire, made when it is first asked for."""
    made = {}

    def get(wire, timeout):
        if wire == "tls":
            pytest.importorskip("h2", reason="python3-h2 is not installed")
        if (wire, timeout) not in made:
            made[wire, timeout] = Bench(tmp_path_factory.mktemp("matrix"), clean_env, wire, timeout)
        return made[wire, timeout]

    yield get
    for one in made.values():
        one.close()


def wire_of(request):
    return request.node.callspec.params["fault"].wire if "fault" in request.fixturenames else "plain"


@pytest.fixture
def bench(benches, request):
    shared = benches(wire_of(request), 2)
    yield shared
    shared.wire.disarm()
    assert shared.mount.running
    os.stat(shared.path)


def cases(*groups):
    """A parameter for each fault of the groups."""
    return [pytest.param(fault, id=fault.name) for group in groups for fault in group]


ORDINARY = (odd_answers.CONNECTION, odd_answers.TOO_MUCH, odd_answers.BROKEN, odd_answers.NONSENSE, odd_answers.UNUSUAL,
            odd_answers.REDIRECTS, odd_answers.STATUSES, odd_http2.FAULTS, odd_tls.FAULTS)
LOST_ANSWERS = (odd_answers.LOST_ANSWERS, odd_http2.LOST_ANSWERS)


def matrix(*more, edges=False):
    """The long run has all statuses there are; edges: those next to another row of the table belong to the short one, too."""
    sooner, later = ((odd_answers.EDGE_STATUSES,), ()) if edges else ((), (odd_answers.EDGE_STATUSES,))
    rest = [pytest.param(fault, id=fault.name, marks=pytest.mark.long) for group in (*later, odd_answers.REST) for fault in group]
    return pytest.mark.parametrize("fault", [*cases(*ORDINARY, *more, *sooner), *rest])


# ---- changes ----

@matrix(*LOST_ANSWERS, [odd_http2.STALLED], edges=True)
def test_patch(bench, faces, fault):
    person = bench.take()
    old, new = bench.held(person), fault.picture or bench.picture(faces)
    only = bench.resource(person) + ":"
    file = open(bench.photo(person), "wb", buffering=0)  # before the service is known to be out of reach
    bench.wire.arm("PATCH", fault, only=only)
    file.write(new)
    code = errno_or_0(file.close)
    hits = bench.wire.hits("PATCH")
    wanted = expected("PATCH", fault)
    # what was done may be told as done, although its answer did not say so
    assert code == wanted or (fault.applied and code == 0), (errno.errorcode.get(code), bench.mount.error(person))
    assert hits >= 1
    if not may_pass(fault) and fault.meaning != "broken" and not fault.door:
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
    assert_mended(bench, person, bench.picture(faces))


@pytest.mark.parametrize("fault", [case for case in cases(*ORDINARY) if may_pass(case.values[0])
                                   and case.values[0].meaning != "silent"])
def test_patch_that_fails_once(bench, faces, fault):
    person = bench.take()
    old, new = bench.held(person), bench.picture(faces)
    bench.wire.arm("PATCH", fault, times=1, only=bench.resource(person) + ":")
    bench.photo(person).write_bytes(new)
    assert bench.wire.hits("PATCH") == 1
    assert bench.held(person) == new == bench.photo(person).read_bytes()
    assert old in bench.previous(person)
    assert bench.mount.error(person) is None


@matrix(*LOST_ANSWERS)
def test_delete(bench, faces, fault):
    person = bench.take()
    old = bench.held(person)
    bench.wire.arm("DELETE", fault, only=bench.resource(person) + ":")
    bench.photo(person).unlink()
    assert bench.listed(person) == [] or bench.wire.hits("DELETE") > 0
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
    eventually(lambda: not bench.mount.removal_waits(person))  # an outcome that is not known shows the photo until it is
    eventually(lambda: bench.listed(person) == ([] if fault.applied else ["photo.jpg"]), timeout=30)
    assert_shown(bench, person, held)
    assert_mended(bench, person, bench.picture(faces))


@matrix()
def test_person(bench, faces, fault):
    """A change whose answer says nothing is followed by people.get, which fails."""
    person = bench.take()
    old, new = bench.held(person), bench.picture(faces)
    name = bench.resource(person)
    bench.wire.arm("PATCH", odd_answers.Fault("{}", "", odd_answers.says(b"{}")), only=name + ":")
    bench.wire.arm("person", fault, only=name)
    code = errno_or_0(lambda: bench.photo(person).write_bytes(new))
    assert bench.wire.hits("person") >= 1
    # Of a kept connection that breaks, it is known only that it was lost, until there is time for a new one.
    assert code in (0, expected("person", fault), errno.EIO if fault.meaning == "unreachable" else 0), errno.errorcode.get(code)
    assert bench.held(person) == new
    if code != 0:
        assert bench.mount.error(person)
    bench.wire.disarm()
    eventually(lambda: bench.photo(person).read_bytes() == new)
    assert old in bench.previous(person)
    assert_mended(bench, person, bench.picture(faces))


# ---- reading ----

@matrix(edges=True)
def test_photo(bench, fault):
    bench.forget_photos()  # whatever was fetched ahead, and whatever is on its way
    person = bench.take()
    bench.wire.arm("photo", fault, only=bench.photo_place(person))
    said = len(bench.mount.text())
    code = errno_or_0(bench.photo(person).read_bytes)
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
    eventually(lambda: errno_or_0(bench.photo(person).read_bytes) == 0)
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

@matrix(*LOST_ANSWERS)
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


@matrix(*LOST_ANSWERS)
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
    if not re.search("refused|GOAWAY", fault.name):  # libcurl asks again by itself then, as it may; 8.14 more often
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

    if fault.door:
        return fault
    made = copy.copy(fault)
    made.act = act
    return made


# ---- nobody there ----

def refuse(bench, kind):
    """From the request of this kind on nobody listens."""
    bench.wire.when_there(kind, lambda: bench.wire.refuse(ORIGIN_OF.get(kind, "api")))


@pytest.mark.parametrize("kind", ["first page", "next page", "token"])
def test_refused_at_the_first_mount(bench, kind):
    options = ("--credentials", bench.credentials()) if kind == "token" else ()
    refuse(bench, kind)
    with pytest.raises(MountFailed, match="cannot be reached"):
        bench.make(*options)
    assert not os.path.ismount(bench.folder / f"mnt{bench.started}")


def test_refused_revocation(bench, tmp_path):
    config = tmp_path / "config/contactfs/default"
    config.parent.mkdir(parents=True)
    shutil.copytree(bench.desk().config(), config)
    refuse(bench, "revoke")
    result = bench.run(CONTACTFS, "logout", env={**bench.desk().env, **xdg_folders(tmp_path)}, check=False)
    assert result.status == 1 and "cannot be reached" in result.errors


def test_refused_delta(bench):
    people = set(os.listdir(bench.path))
    refuse(bench, "delta")
    eventually(lambda: bench.mount.status()["reachable"] is False)
    assert "cannot be reached" in bench.mount.status()["last_error"]
    assert set(os.listdir(bench.path)) == people
    bench.wire.disarm()
    eventually(lambda: bench.mount.status()["reachable"] is True)


def test_refused_photo(bench):
    bench.forget_photos()
    bench.wire.refuse("photo")
    person = bench.take()
    assert errno_or_0(bench.photo(person).read_bytes) == errno.EHOSTUNREACH
    assert "cannot be reached" in bench.mount.status()["last_error"]
    bench.wire.disarm()
    eventually(lambda: errno_or_0(bench.photo(person).read_bytes) == 0)
    assert_shown(bench, person, bench.held(person))


@pytest.mark.parametrize("kind", ["PATCH", "DELETE", "person"])
def test_refused_change(bench, faces, kind):
    """The picture that was there and the one that was brought are both somewhere."""
    person = bench.take()
    old, new = bench.held(person), bench.picture(faces)
    assert bench.photo(person).read_bytes() == old  # so that it can be saved
    if kind == "DELETE":
        refuse(bench, kind)
        code = errno_or_0(bench.photo(person).unlink)  # or when it is carried out
        assert code in (0, errno.EHOSTUNREACH)
    else:
        if kind == "person":
            bench.wire.arm("PATCH", odd_answers.Fault("{}", "", odd_answers.says(b"{}")), only=bench.resource(person) + ":")
        file = open(bench.photo(person), "wb", buffering=0)
        refuse(bench, kind)
        file.write(new)
        code = errno_or_0(file.close)
        assert code == errno.EHOSTUNREACH or (kind == "person" and code == 0)
    if kind != "person":
        eventually(lambda: bench.listed(person) == ["photo.jpg"])
        eventually(lambda: "cannot be reached" in (bench.mount.error(person) or ""))
        assert bench.held(person) == old == bench.photo(person).read_bytes()
        assert kind == "DELETE" or new in bench.rejected(person)
    bench.wire.disarm()
    if kind == "person":
        assert bench.held(person) == new
        eventually(lambda: bench.photo(person).read_bytes() == new)
    assert old in [bench.held(person), *bench.previous(person)]
    assert_mended(bench, person, bench.picture(faces))


# ---- killable ----

SLOW = [fault for fault in (*odd_answers.CONNECTION, *odd_http2.FAULTS, *odd_tls.FAULTS) if fault.slow]


@pytest.fixture
def patient(benches, request):
    """So much time that whatever ends sooner was ended by a signal."""
    shared = benches(wire_of(request), 100)
    yield shared
    shared.wire.disarm()


def is_killed(bench, process, kind):
    bench.wire.wait_hits(kind, 1)
    process.kill()
    assert bench.run.finish(process, timeout=60).status == -signal.SIGKILL
    assert "in time" not in bench.mount.text(), "it ended by its deadline"


@pytest.mark.parametrize("kind", ["photo", "PATCH", "rename", "token"])
@pytest.mark.parametrize("fault", cases(SLOW))
def test_killable(patient, faces, fault, kind):
    """cat, cp, mv, and a cp for which there is no token."""
    person, mounted = patient.take(), patient.by_file() if kind == "token" else patient
    held, photo = patient.held(person), mounted.photo(person)
    words = {"photo": ["cat", photo], "rename": ["mv", photo.with_name(".new"), photo]}.get(kind, ["cp", faces.face(1), photo])
    wanted = {"rename": "PATCH"}.get(kind, kind)
    if kind == "rename":
        photo.with_name(".new").write_bytes(faces.face_bytes(1))
    patient.wire.arm(wanted, fault)
    if kind == "token":
        patient.wire.arm("PATCH", odd_answers.status_fault(401), times=1)
    process = patient.run.start(*map(str, words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    is_killed(patient, process, wanted)
    patient.wire.disarm()
    assert patient.held(person) == held
    eventually(lambda: errno_or_0(photo.read_bytes) == 0)
    assert photo.read_bytes() == held


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", ["first page", "next page", "token"])
@pytest.mark.parametrize("fault", cases(SLOW))
def test_killable_mount(patient, fault, kind, number):
    """Who waits for the first listing, or for its token."""
    made = patient.prepare(*(("--credentials", patient.credentials()) if kind == "token" else ()))
    patient.wire.arm(kind, fault)
    process = patient.run.start(*made.arguments(), env=made.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    patient.wire.wait_hits(kind, 1)
    process.send_signal(number)
    result = patient.run.finish(process, timeout=60)
    assert result.status in (-number, 1, 128 + number) and "in time" not in result.errors, result
    assert not os.path.ismount(made.path)
