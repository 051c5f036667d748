"""Whose an account is: its folders stay with their person, whatever credentials come next under its name."""

import contextlib
import errno
import json
import os

import pytest

from conftest import CONTACTFS, Contacts, eventually
from mounts import MountFailed
from test_stored_login import credentials_file, desk, grants, logged_in  # noqa: F401 (fixtures)

OTHER = "other@example.com"
ALICE = "Alice Smith"  # whom both of them know


def previous(contacts, person):
    return len(os.listdir(contacts.path / person / ".previous"))


def labels(contacts):
    return os.listdir(contacts.path / ".labels")


def mutated(emulator):
    """Those that were carried out; with the token of the login before one would be refused."""
    return [r for r in emulator.requests() if r["mutation"] and r["status"] != 401]


def write_is_refused(contacts, person, face, *words):
    with pytest.raises(PermissionError):
        contacts.photo(person).write_bytes(face)
    for part in words:
        assert part in contacts.mount.error(person)


# ---- logins ----

def log_in_as_somebody_else(desk):
    """What contactfs itself advises: logout first, then the other one's login."""
    desk.log_out()
    assert f"Logged in as {OTHER}" in desk.log_in(account=OTHER).out


def test_the_next_person_does_not_see_the_first_ones_names_and_photos(logged_in, desk, emulator, faces):
    person = ALICE
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert previous(logged_in, person) == 1
    assert "Choir" in labels(logged_in)
    logged_in.mount.unmount()
    log_in_as_somebody_else(desk)
    emulator.fault(path="/v1/people/me/connections", action="status", status=503, times=-1)
    with pytest.raises(MountFailed):
        logged_in.mount.remount("--timeout", "1")
    emulator.clear_faults()
    emulator.reset_requests()
    logged_in.mount.remount("--writes-per-minute", "0")
    first = emulator.requests(path="/v1/people/me/connections")[0]
    assert "syncToken=" not in (first["query"] or ""), "the sync token is the first one's too"
    emulator.fault(path="/v1/contactGroups", action="status", status=403, times=1)
    with pytest.raises(OSError):
        labels(logged_in)
    assert previous(logged_in, person) == 0
    aside, = (desk.folder / "data/contactfs").glob("default~*")
    assert list(aside.rglob("*.jpg")), "nothing is lost"
    logged_in.photo(person).write_bytes(faces.face_bytes(2))
    assert emulator.photo_bytes(emulator.find(person, OTHER), account=OTHER) == faces.face_bytes(2)
    assert emulator.photo_bytes(emulator.find(person)) == faces.face_bytes(1)


def test_a_mount_does_not_go_on_with_the_next_persons_login(logged_in, desk, emulator, faces):
    person = ALICE
    log_in_as_somebody_else(desk)
    emulator.revoke_tokens()
    emulator.reset_requests()
    write_is_refused(logged_in, person, faces.face_bytes(1), f"that of {OTHER} now", "the contacts of you@example.com",
                     "unmount it, and mount it again")
    assert not mutated(emulator) and logged_in.mount.status()["people"] > 0
    logged_in.mount.remount("--writes-per-minute", "0")
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert emulator.photo_bytes(emulator.find(person, OTHER), account=OTHER) == faces.face_bytes(1)


def test_who_logs_out_and_comes_back_finds_all_as_it_was(logged_in, desk, emulator, faces):
    person = ALICE
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    desk.log_out()
    desk.log_in()
    logged_in.photo(person).write_bytes(faces.face_bytes(2))
    emulator.reset_requests()
    logged_in.mount.remount("--writes-per-minute", "0")
    assert previous(logged_in, person) == 2
    first = emulator.wait_requests(1, path="/v1/people/me/connections")[0]
    assert "syncToken=" in first["query"]


def test_a_login_of_nobody_known_is_believed(logged_in, desk, emulator, faces):
    """Another token service may tell nothing; that costs nobody anything."""
    person = ALICE
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    emulator.revoke_tokens(refresh=True)
    desk.log_in_unknown()
    logged_in.photo(person).write_bytes(faces.face_bytes(2))
    logged_in.mount.remount("--writes-per-minute", "0")
    assert previous(logged_in, person) == 2
    emulator.consent(account=OTHER)
    attempt = desk.begin()
    attempt.consent()
    result = attempt.finish()
    assert result.status == 1 and "is that of you@example.com" in result.errors, "and it is not forgotten whose it is"
    desk.log_in()
    logged_in.photo(person).write_bytes(faces.face_bytes(3))


def test_after_a_logout_a_login_of_nobody_known_begins_anew(logged_in, desk, emulator, faces):
    person = ALICE
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    desk.log_out()
    desk.log_in_unknown()
    logged_in.mount.remount("--writes-per-minute", "0")
    assert previous(logged_in, person) == 0
    logged_in.photo(person).write_bytes(faces.face_bytes(2))
    logged_in.mount.remount("--writes-per-minute", "0")
    assert previous(logged_in, person) == 1, "once"


def test_a_slash_is_no_other_service(logged_in, emulator, faces):
    person = ALICE
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    logged_in.mount.remount("--api-url", emulator.api_url + "/")
    assert previous(logged_in, person) == 1


def test_doctor_says_whose_it_is(logged_in, desk, emulator, run):
    path = credentials_file_of(desk, emulator, OTHER)
    told = json.loads(run(CONTACTFS, "doctor", "--json", "--api-url", emulator.api_url, "--credentials", path, env=desk.env,
                          check=False).out)
    token = next(line for line in told if line["check"] == "token")
    assert token["state"] == "bad" and "is that of you@example.com" in token["text"], token


# ---- credentials files ----

def credentials_file_of(desk, emulator, account, known=True):
    """A file that holds a login of account; known: its refresh brings an ID token. It is put in place whole."""
    with contextlib.suppress(FileNotFoundError):
        (desk.config("other") / "login.json").unlink()
    if not known:
        emulator.consent(scope="https://www.googleapis.com/auth/contacts", account=account)
        desk.log_in("--account", "other")
    else:
        desk.log_in("--account", "other", account=account)
    path = desk.folder / "google.json"
    credentials_file(desk.folder / "new.json", emulator, desk).replace(path)
    return path


@pytest.fixture
def with_file(desk, emulator, mount):
    path = credentials_file_of(desk, emulator, "you@example.com")
    return Contacts(emulator, mount(emulator, "--credentials", path, "--writes-per-minute", "0", state=desk.folder))


@pytest.mark.parametrize("while_mounted", [True, False], ids=["while mounted", "between two mounts"])
def test_a_credentials_file_of_somebody_else(with_file, desk, emulator, faces, while_mounted):
    person = ALICE
    old = with_file.photo(person).read_bytes()
    with_file.photo(person).write_bytes(faces.face_bytes(1))
    if not while_mounted:
        with_file.mount.unmount()
    credentials_file_of(desk, emulator, OTHER)
    emulator.revoke_tokens()
    emulator.reset_requests()
    if not while_mounted:
        with_file.mount.start()
    write_is_refused(with_file, person, faces.face_bytes(2), OTHER, "you@example.com")
    assert not mutated(emulator) and with_file.previous(person)[0] == old
    credentials_file_of(desk, emulator, "you@example.com")
    with_file.photo(person).write_bytes(faces.face_bytes(3))
    assert previous(with_file, person) == 2, "the right one's file is taken up"


def test_a_file_of_which_nobody_says_whose_it_is_meets_404_for_another_ones_contacts(with_file, desk, emulator, faces):
    """Nothing worse can happen than a write that fails."""
    person, ours = ALICE, with_file.resource(ALICE)
    theirs = emulator.find(person, OTHER)
    before = emulator.photo_bytes(theirs, account=OTHER)
    old = with_file.photo(person).read_bytes()
    with_file.photo(person).write_bytes(faces.face_bytes(1))
    credentials_file_of(desk, emulator, OTHER, known=False)
    emulator.revoke_tokens()
    with pytest.raises(OSError) as caught:
        with_file.photo(person).write_bytes(faces.face_bytes(2))
    assert caught.value.errno in (errno.ENOENT, errno.EACCES, errno.EIO)
    assert emulator.photo_bytes(ours) == faces.face_bytes(1) and emulator.photo_bytes(theirs, account=OTHER) == before
    credentials_file_of(desk, emulator, "you@example.com")
    with_file.mount.unmount()
    with_file.mount.start()
    eventually(lambda: with_file.mount.status()["last_sync"] > 0 and old in with_file.previous(person))
    with_file.photo(person).write_bytes(faces.face_bytes(3))
    assert emulator.photo_bytes(ours) == faces.face_bytes(3)


# ---- token commands, which never tell ----

def with_a_token_command(contacts, emulator, account):
    emulator.add_token("command", account=account)
    contacts.mount.remount("--token-command", "echo command", "--writes-per-minute", "0", "--sync-interval", "1")


def folder_of(contacts, resource):
    """Whose folder it is by now, to the kernel too; None: nobody's."""
    for name in os.listdir(contacts.path):
        with contextlib.suppress(FileNotFoundError):  # it goes meanwhile
            if contacts.resource(name) == resource:
                return name
    return None


@pytest.mark.keep_bytes
@pytest.mark.refused
def test_a_token_command_of_somebody_else_in_between(logged_in, emulator, faces):
    """Its sync token is refused, and all is listed: somebody else's contacts, and then the own ones again."""
    person, ours, theirs = ALICE, logged_in.resource(ALICE), emulator.find(ALICE, OTHER)
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    with_a_token_command(logged_in, emulator, OTHER)
    eventually(lambda: folder_of(logged_in, theirs))
    logged_in.photo(folder_of(logged_in, theirs)).write_bytes(faces.face_bytes(2))
    assert emulator.photo_bytes(ours) == faces.face_bytes(1)
    assert emulator.photo_bytes(theirs, account=OTHER) == faces.face_bytes(2)
    logged_in.mount.remount("--writes-per-minute", "0", "--sync-interval", "1")
    eventually(lambda: folder_of(logged_in, ours) and not folder_of(logged_in, theirs), timeout=30)
    person = folder_of(logged_in, ours)
    assert logged_in.photo(person).read_bytes() == faces.face_bytes(1) and previous(logged_in, person) == 1


@pytest.mark.parametrize("options", [("--token-command", "echo command"), None], ids=["a token command", "a file"])
def test_a_login_after_credentials_that_do_not_tell(desk, emulator, mount, faces, options):
    """Whoever began with gcloud keeps what there is."""
    emulator.add_token("command")
    if options is None:
        options = ("--credentials", credentials_file_of(desk, emulator, "you@example.com", known=False))
    contacts = Contacts(emulator, mount(emulator, *options, "--writes-per-minute", "0", state=desk.folder))
    person = ALICE
    contacts.photo(person).write_bytes(faces.face_bytes(1))
    desk.log_in()
    contacts.mount.stored_login = True
    contacts.mount.remount("--writes-per-minute", "0")
    assert contacts.mount.status()["credentials"].startswith("stored login")
    contacts.photo(person).write_bytes(faces.face_bytes(2))
    assert previous(contacts, person) == 2


def test_logout_ends_whose_it_is_where_nobody_logged_in_too(desk, emulator, mount, faces):
    path = credentials_file_of(desk, emulator, "you@example.com")
    contacts = Contacts(emulator, mount(emulator, "--credentials", path, "--writes-per-minute", "0", state=desk.folder))
    person = ALICE
    contacts.photo(person).write_bytes(faces.face_bytes(1))
    contacts.mount.unmount()
    credentials_file_of(desk, emulator, OTHER)
    contacts.mount.start()
    write_is_refused(contacts, person, faces.face_bytes(2), "--account NAME", "contactfs logout --account default")
    assert "is nobody's now" in desk.log_out().out
    assert "there is no login" in desk.log_out(check=False).errors
    contacts.mount.unmount()
    contacts.mount.start()
    assert previous(contacts, person) == 0
    contacts.photo(person).write_bytes(faces.face_bytes(2))
    assert emulator.photo_bytes(emulator.find(person, OTHER), account=OTHER) == faces.face_bytes(2)
