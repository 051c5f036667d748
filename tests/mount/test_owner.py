"""Whose contacts they are: a state stays with its person, whatever credentials come next under the account's name."""

import errno
import os

import pytest

from conftest import Contacts, eventually
from mounts import MountFailed
from test_stored_login import credentials_file, desk, grants, logged_in  # noqa: F401 (fixtures)


# ---- somebody else under the same name ----

def another_address_book(emulator):
    """None of the contacts is there, and people/me is unknown: what the credentials see is somebody else's."""
    emulator.fault("status", path="/v1/people/me", status=404, times=-1)
    emulator.fault("status", method="GET", path="/v1/people/c*", status=404, times=-1)


def log_in_as_somebody_else(desk):
    """What contactfs itself advises: logout first, then the other one's login."""
    desk.log_out()
    desk.emulator.fault(path="/v1/people/me", action="status", status=200,
                        body={"resourceName": "people/2", "emailAddresses": [{"value": "other@example.com"}]})
    assert "other@example.com" in desk.log_in().out


def test_the_next_person_does_not_see_the_first_ones_names_and_photos(logged_in, desk, emulator, faces):
    person = logged_in.person()
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert os.listdir(logged_in.path / person / ".previous")
    logged_in.mount.unmount()
    log_in_as_somebody_else(desk)
    emulator.fault(path="/v1/people/me/connections", action="status", status=503, times=-1)
    with pytest.raises(MountFailed):
        logged_in.mount.remount("--timeout", "1")
    emulator.clear_faults()
    emulator.reset_requests()
    logged_in.mount.remount()
    first = emulator.requests(path="/v1/people/me/connections")[0]
    assert "syncToken=" not in (first["query"] or ""), "the sync token is the first one's too"
    assert os.listdir(logged_in.path / person / ".previous") == []
    aside, = (desk.folder / "data/contactfs").glob("default~*")
    assert list(aside.rglob("*.jpg")), "nothing is lost"


def test_a_mount_does_not_go_on_with_the_next_persons_login(logged_in, desk, emulator, faces):
    person = logged_in.person()
    log_in_as_somebody_else(desk)
    emulator.reset_requests()
    with pytest.raises(PermissionError):
        logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert grants(emulator) == []
    for words in ("now that of other@example.com", "Sample User <you@example.com>", "mount it again"):
        assert words in logged_in.mount.error(person)
    assert logged_in.mount.status()["people"] > 0


# ---- the same person, who could not be seen to be that one at first ----

def previous(contacts, person):
    return len(os.listdir(contacts.path / person / ".previous"))


def mutated(emulator):
    """Whether one was carried out; with the token of the login before it would be refused."""
    return [r for r in emulator.requests(method="PATCH") if r["status"] != 401]


@pytest.fixture
def unseen(desk, emulator, mount):
    """Mounted by a login of which it could not be seen whose it is, and still cannot."""
    desk.log_in_unseen()
    emulator.fault("status", path="/v1/people/me", status=403, times=-1)
    return Contacts(emulator, mount(emulator, "--writes-per-minute", "0", state=desk.folder))


def test_a_mount_learns_whose_login_it_is(unseen, desk, emulator, faces):
    person = unseen.person()
    unseen.photo(person).write_bytes(faces.face_bytes(1))
    emulator.clear_faults()
    eventually(lambda: desk.stored().get("who") == "Sample User <you@example.com>", timeout=20)
    emulator.revoke_tokens(refresh=True)
    desk.log_in()
    unseen.photo(person).write_bytes(faces.face_bytes(2))
    unseen.mount.remount()
    assert previous(unseen, person) == 2


def test_somebody_else_is_told_apart_from_a_login_that_was_learned(unseen, desk, emulator, faces):
    person = unseen.person()
    unseen.photo(person).write_bytes(faces.face_bytes(1))
    emulator.clear_faults()
    eventually(lambda: "person" in desk.stored(), timeout=20)
    log_in_as_somebody_else(desk)
    with pytest.raises(PermissionError):
        unseen.photo(person).write_bytes(faces.face_bytes(2))
    unseen.mount.remount()
    assert previous(unseen, person) == 0


def test_a_service_that_calls_everybody_people_me(desk, emulator, mount, faces):
    """What it does not tell apart we cannot either: a new login is taken up like that of the same person."""
    emulator.fault(path="/v1/people/me", action="status", status=200, times=-1, body={"resourceName": "people/me"})
    desk.log_in()
    contacts = Contacts(emulator, mount(emulator, state=desk.folder))
    emulator.revoke_tokens(refresh=True)
    with pytest.raises(PermissionError):
        contacts.photo(contacts.person()).write_bytes(faces.face_bytes(1))
    desk.log_in()
    contacts.photo(contacts.person()).write_bytes(faces.face_bytes(1))
    assert contacts.held(contacts.person()) == faces.face_bytes(1)


def test_a_renewed_login_that_was_never_seen_is_told_apart_by_the_contacts(unseen, desk, emulator, faces):
    person = unseen.person()
    unseen.photo(person).write_bytes(faces.face_bytes(1))
    unseen.mount.remount("--writes-per-minute", "0")
    assert previous(unseen, person) == 1, "the same login is the same person"
    emulator.revoke_tokens(refresh=True)
    desk.log_in_unseen()
    unseen.photo(person).write_bytes(faces.face_bytes(2))
    unseen.mount.remount("--writes-per-minute", "0")
    assert previous(unseen, person) == 2, "the same contacts are the same person"
    emulator.clear_faults()
    desk.log_in()
    unseen.mount.remount("--writes-per-minute", "0")
    unseen.photo(person).write_bytes(faces.face_bytes(3))
    assert previous(unseen, person) == 3, "now it is seen, too"


def test_after_a_logout_a_login_that_cannot_be_seen_is_somebody_elses(unseen, desk, emulator, faces):
    person = unseen.person()
    unseen.photo(person).write_bytes(faces.face_bytes(1))
    desk.log_out()
    desk.log_in_unseen()
    with pytest.raises(PermissionError):
        unseen.photo(person).write_bytes(faces.face_bytes(2))
    assert "now that of somebody else" in unseen.mount.error(person)
    unseen.mount.remount("--writes-per-minute", "0")
    assert previous(unseen, person) == 0
    unseen.photo(person).write_bytes(faces.face_bytes(2))


@pytest.mark.parametrize("while_mounted", [True, False], ids=["while mounted", "between two mounts"])
def test_other_contacts_are_another_person(unseen, desk, emulator, faces, while_mounted):
    person = unseen.person()
    unseen.photo(person).write_bytes(faces.face_bytes(1))
    if not while_mounted:
        unseen.mount.unmount()
    emulator.revoke_tokens()
    desk.log_in_unseen()
    another_address_book(emulator)
    emulator.reset_requests()
    if not while_mounted:
        unseen.mount.start()
    with pytest.raises(PermissionError):
        unseen.photo(person).write_bytes(faces.face_bytes(2))
    assert "now that of somebody else" in unseen.mount.error(person)
    assert not mutated(emulator)
    assert previous(unseen, person) == 1, "what is there stays until the next mount"
    unseen.mount.remount("--writes-per-minute", "0")
    assert previous(unseen, person) == 0
    unseen.photo(person).write_bytes(faces.face_bytes(2))


def test_a_login_that_cannot_be_seen_in_place_of_one_that_was(logged_in, desk, emulator, faces):
    """The mount finds out whose it is; a login where the service is out of reach costs nobody anything."""
    person = logged_in.person()
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    emulator.revoke_tokens(refresh=True)
    desk.log_in_unseen(status=503)
    emulator.reset_requests()
    logged_in.photo(person).write_bytes(faces.face_bytes(2))
    assert emulator.photo_bytes(logged_in.resource(person)) == faces.face_bytes(2)
    assert emulator.requests(origin="api")[-1]["method"] == "PATCH"
    eventually(lambda: desk.stored().get("who") == "Sample User <you@example.com>")
    logged_in.mount.remount("--writes-per-minute", "0")
    assert previous(logged_in, person) == 2


def test_what_is_asked_in_the_background_is_not_taken_for_another_logins(unseen, desk, emulator, faces):
    """The first to use the next login's token is people/me itself."""
    person = unseen.person()
    desk.log_in_unseen()
    emulator.fault("status", method="GET", path="/v1/people/c*", status=404, times=-1)
    emulator.fault("status", path="/v1/people/me", status=401)  # the token of the login before is dead
    emulator.fault(path="/v1/people/me", action="status", status=200, times=-1, body={"resourceName": "people/2"})
    emulator.revoke_tokens()
    emulator.reset_requests()
    eventually(lambda: "now that of somebody else" in unseen.mount.text(), timeout=30)
    with pytest.raises(PermissionError):
        unseen.photo(person).write_bytes(faces.face_bytes(1))
    assert not mutated(emulator)


def test_who_waits_does_not_wait_for_the_next_question_in_the_background(desk, emulator, mount, faces):
    """Which comes later each time, up to an hour."""
    desk.log_in_unseen(status=404)
    emulator.fault("status", path="/v1/people/me", status=404, times=-1)
    contacts = Contacts(emulator, mount(emulator, "--upload-timeout", "3", state=desk.folder))
    emulator.wait_requests(1, path="/v1/people/me", answered=True)
    desk.log_in_unseen(status=404)
    emulator.fault("status", path="/v1/people/me", status=404, times=-1)
    emulator.revoke_tokens()
    contacts.photo(contacts.person()).write_bytes(faces.face_bytes(1))
    assert contacts.held(contacts.person()) == faces.face_bytes(1)


def test_a_service_that_wants_time_is_asked_again(logged_in, emulator, faces):
    """Who waits has a deadline of his own."""
    person = logged_in.person()
    emulator.fault("status", path="/v1/people/me", status=503, headers={"Retry-After": "60"}, times=4)
    with_a_token_command(logged_in, emulator)
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert emulator.photo_bytes(logged_in.resource(person)) == faces.face_bytes(1)


def test_a_mount_teaches_the_login_its_service(desk, emulator, mount, faces):
    """contactfs login --account default is what sentences say, and no more: without the mount's --api-url."""
    def log_in():
        attempt = desk.start("--client", desk.client, api_url=False)
        attempt.await_browser()
        attempt.consent()
        return attempt.finish()

    assert "Logged in, as the account" in log_in().out
    contacts = Contacts(emulator, mount(emulator, state=desk.folder))
    person = contacts.person()
    eventually(lambda: desk.stored().get("who") == "Sample User <you@example.com>")
    assert desk.stored()["api_url"] == emulator.api_url
    emulator.revoke_tokens(refresh=True)
    with pytest.raises(PermissionError):
        contacts.photo(person).write_bytes(faces.face_bytes(1))
    assert "Logged in as Sample User" in log_in().out
    contacts.photo(person).write_bytes(faces.face_bytes(1))
    assert contacts.held(person) == faces.face_bytes(1)


def test_a_service_that_knows_nobody_as_people_me(desk, emulator, mount, faces):
    """Every login is unknown there, and the contacts tell that it is the same person."""
    desk.log_in_unseen(status=404)
    emulator.fault("status", path="/v1/people/me", status=404, times=-1)
    contacts = Contacts(emulator, mount(emulator, "--writes-per-minute", "0", state=desk.folder))
    person = contacts.person()
    contacts.photo(person).write_bytes(faces.face_bytes(1))
    for face in (2, 3):
        emulator.revoke_tokens(refresh=True)
        with pytest.raises(PermissionError):
            contacts.photo(person).write_bytes(faces.face_bytes(9))
        desk.log_in_unseen(status=404)
        emulator.fault("status", path="/v1/people/me", status=404, times=-1)
        contacts.photo(person).write_bytes(faces.face_bytes(face))
    contacts.mount.remount("--writes-per-minute", "0")
    assert previous(contacts, person) == 3


@pytest.mark.parametrize("while_mounted", [True, False], ids=["while mounted", "between two mounts"])
def test_a_login_that_turns_out_to_be_somebody_elses(logged_in, desk, emulator, faces, while_mounted):
    person = logged_in.person()
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    if not while_mounted:
        logged_in.mount.unmount()
    desk.log_in_unseen()
    emulator.fault(path="/v1/people/me", action="status", status=200, times=-1,
                   body={"resourceName": "people/2", "emailAddresses": [{"value": "other@example.com"}]})
    if while_mounted:
        emulator.revoke_tokens()
    emulator.reset_requests()
    if not while_mounted:
        logged_in.mount.start()
    with pytest.raises(PermissionError):
        logged_in.photo(person).write_bytes(faces.face_bytes(2))
    assert "now that of other@example.com" in logged_in.mount.error(person) and not mutated(emulator)
    assert previous(logged_in, person) == 1
    eventually(lambda: desk.stored().get("person") == "people/2")
    logged_in.mount.remount("--writes-per-minute", "0")
    assert previous(logged_in, person) == 0
    logged_in.photo(person).write_bytes(faces.face_bytes(2))


def test_a_token_command_of_the_same_person_in_between(logged_in, emulator, faces):
    person = logged_in.person()
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    emulator.add_token("command")
    emulator.reset_requests()
    logged_in.mount.remount("--token-command", "echo command")
    emulator.wait_requests(1, path="/v1/people/me", answered=True)
    assert previous(logged_in, person) == 1
    logged_in.mount.remount("--writes-per-minute", "0")
    assert logged_in.mount.status()["credentials"].startswith("stored login") and previous(logged_in, person) == 1


def with_a_token_command(logged_in, emulator, *options):
    """Which does not say whose it is. The requests from here on are its own."""
    emulator.add_token("command")
    emulator.reset_requests()
    logged_in.mount.remount("--token-command", "echo command", *options)


def is_written(photo, face):
    try:
        photo.write_bytes(face)
    except OSError:
        return False
    return True


def nothing_but_whose_it_is_was_asked(emulator):
    return {r["path"] for r in emulator.requests(origin="api")} == {"/v1/people/me"}


def test_a_token_command_of_somebody_else_in_between(logged_in, emulator, faces):
    person = logged_in.person()
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    emulator.fault(path="/v1/people/me", action="status", status=200, body={"resourceName": "people/2"})
    with_a_token_command(logged_in, emulator)
    eventually(lambda: "these are somebody else's" in logged_in.mount.text())
    with pytest.raises(PermissionError):
        logged_in.photo(person).write_bytes(faces.face_bytes(2))
    assert "--account NAME" in logged_in.mount.error(person)
    assert nothing_but_whose_it_is_was_asked(emulator)
    logged_in.mount.remount("--writes-per-minute", "0")
    assert previous(logged_in, person) == 1
    logged_in.photo(person).write_bytes(faces.face_bytes(3))
    assert emulator.photo_bytes(logged_in.resource(person)) == faces.face_bytes(3)


def test_a_write_waits_for_whose_it_is(logged_in, emulator, faces):
    person = logged_in.person()
    emulator.fault("delay", path="/v1/people/me", delay_ms=1500)
    with_a_token_command(logged_in, emulator)
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    asked = [r["path"] for r in emulator.requests(origin="api")]
    assert asked[0] == "/v1/people/me" and asked.count("/v1/people/me") == 1
    assert emulator.photo_bytes(logged_in.resource(person)) == faces.face_bytes(1)


def test_a_write_before_somebody_else_is_known_goes_nowhere(logged_in, emulator, faces):
    person = logged_in.person()
    emulator.fault("delay", path="/v1/people/me", delay_ms=1500, status=200, body={"resourceName": "people/2"})
    emulator.fault("status", path="/v1/people/me", status=200, body={"resourceName": "people/2"})
    with_a_token_command(logged_in, emulator)
    with pytest.raises(PermissionError):
        logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert "somebody else's" in logged_in.mount.error(person) and nothing_but_whose_it_is_was_asked(emulator)


@pytest.mark.parametrize("status", [403, 404])
def test_where_people_me_is_unknown_the_contacts_tell_whose_it_is(logged_in, emulator, faces, status):
    person = logged_in.person()
    emulator.fault("status", path="/v1/people/me", status=status, times=-1)
    with_a_token_command(logged_in, emulator, "--writes-per-minute", "0")
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    first, second = [r["path"] for r in emulator.requests(origin="api")][:2]
    assert first == "/v1/people/me" and second.startswith("/v1/people/c")
    assert emulator.photo_bytes(logged_in.resource(person)) == faces.face_bytes(1)


def test_where_people_me_is_unknown_other_contacts_are_somebody_elses(logged_in, emulator, faces):
    person = logged_in.person()
    another_address_book(emulator)
    with_a_token_command(logged_in, emulator)
    with pytest.raises(PermissionError):
        logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert "with --account NAME, a name of its own" in logged_in.mount.error(person)
    assert all(r["method"] == "GET" and r["status"] == 404 for r in emulator.requests(origin="api"))


@pytest.mark.parametrize("fault", [{"action": "status", "status": 503}, {"action": "hang"}], ids=["503", "hangs"])
def test_a_write_fails_as_long_as_nobody_says_whose_it_is(logged_in, emulator, faces, fault):
    person = logged_in.person()
    emulator.fault(path="/v1/people/me", times=-1, **fault)
    with_a_token_command(logged_in, emulator, "--upload-timeout", "1", "--writes-per-minute", "0")
    with pytest.raises(TimeoutError):
        logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert "the service has not said yet whose contacts it opens" in logged_in.mount.error(person)
    assert nothing_but_whose_it_is_was_asked(emulator)
    emulator.clear_faults()
    eventually(lambda: is_written(logged_in.photo(person), faces.face_bytes(1)), timeout=30)
    assert emulator.photo_bytes(logged_in.resource(person)) == faces.face_bytes(1)


@pytest.mark.parametrize("status, body", [(503, None), (200, {"resourceName": "people/2"})], ids=["nobody knows", "somebody else"])
def test_a_promised_removal_waits_for_whose_it_is(logged_in, emulator, status, body):
    """A token command in between does not carry it out; the next mount with the login does."""
    person, resource = logged_in.person(), logged_in.resource(logged_in.person())
    emulator.fault("hang", method="DELETE", times=-1)
    logged_in.photo(person).unlink()
    emulator.wait_requests(1, method="DELETE")
    logged_in.mount.kill()
    emulator.clear_faults()
    emulator.fault(path="/v1/people/me", action="status", status=status, times=-1, **({"body": body} if body else {}))
    with_a_token_command(logged_in, emulator)
    emulator.wait_requests(1, path="/v1/people/me", answered=True)
    logged_in.mount.unmount()
    assert nothing_but_whose_it_is_was_asked(emulator) and emulator.photo_bytes(resource) is not None
    emulator.clear_faults()
    logged_in.mount.remount("--writes-per-minute", "0")
    emulator.wait_requests(1, method="DELETE", answered=True)
    assert emulator.photo_bytes(resource) is None


def test_a_promised_removal_is_carried_out_once_it_is_known(logged_in, emulator):
    resource = logged_in.resource(logged_in.person())
    emulator.fault("hang", method="DELETE", times=-1)
    logged_in.photo(logged_in.person()).unlink()
    emulator.wait_requests(1, method="DELETE")
    logged_in.mount.kill()
    emulator.clear_faults()
    emulator.fault("delay", path="/v1/people/me", delay_ms=1500)
    with_a_token_command(logged_in, emulator)
    emulator.wait_requests(1, method="DELETE", answered=True)
    assert emulator.requests(origin="api")[0]["path"] == "/v1/people/me" and emulator.photo_bytes(resource) is None


# ---- credentials files ----

@pytest.fixture
def with_file(desk, emulator, mount):
    """Mounted by a file; .file is its path, and .next() puts another login of whoever it is in its place."""
    path = desk.folder / "google.json"

    def another():
        desk.log_in("--account", "other")
        credentials_file(desk.folder / "new.json", emulator, desk).replace(path)

    another()
    contacts = Contacts(emulator, mount(emulator, "--credentials", path, "--writes-per-minute", "0", state=desk.folder))
    contacts.file, contacts.next = path, another
    return contacts


@pytest.mark.parametrize("while_mounted", [True, False], ids=["while mounted", "between two mounts"])
@pytest.mark.parametrize("same", [True, False], ids=["the same person's", "somebody else's"])
def test_a_credentials_file_with_another_login(with_file, emulator, faces, while_mounted, same):
    person = with_file.person()
    with_file.photo(person).write_bytes(faces.face_bytes(1))
    if not while_mounted:
        with_file.mount.unmount()
    with_file.next()
    if same:
        emulator.fault("status", path="/v1/people/me", status=404, times=-1)
    else:
        another_address_book(emulator)
    emulator.revoke_tokens()
    emulator.reset_requests()
    if not while_mounted:
        with_file.mount.start()
    if same:
        with_file.photo(person).write_bytes(faces.face_bytes(2))
        assert previous(with_file, person) == 2
        return
    with pytest.raises(PermissionError):
        with_file.photo(person).write_bytes(faces.face_bytes(2))
    assert "with --account NAME, a name of its own" in with_file.mount.error(person) and not mutated(emulator)
    emulator.clear_faults()
    with_file.next()
    with_file.photo(person).write_bytes(faces.face_bytes(3))
    assert previous(with_file, person) == 2, "the right one's file is taken up"


def test_the_same_file_is_not_asked_whose_it_is(with_file, emulator):
    emulator.reset_requests()
    with_file.mount.remount()
    emulator.wait_requests(1, path="/v1/people/me/connections", answered=True)
    assert not emulator.requests(path="/v1/people/me")


@pytest.mark.parametrize("options", [("--token-command", "echo command"), None], ids=["a token command", "a file"])
def test_a_login_after_credentials_that_do_not_tell(desk, emulator, mount, faces, options):
    """Whoever began with gcloud keeps what there is."""
    emulator.add_token("command")
    if options is None:
        desk.log_in("--account", "other")
        options = ("--credentials", credentials_file(desk.folder / "google.json", emulator, desk))
    contacts = Contacts(emulator, mount(emulator, *options, "--writes-per-minute", "0", state=desk.folder))
    person = contacts.person()
    contacts.photo(person).write_bytes(faces.face_bytes(1))
    desk.log_in()
    contacts.mount.stored_login = True
    contacts.mount.remount("--writes-per-minute", "0")
    assert contacts.mount.status()["credentials"].startswith("stored login")
    contacts.photo(person).write_bytes(faces.face_bytes(2))
    assert previous(contacts, person) == 2


def test_a_slash_is_no_other_service(logged_in, emulator, faces):
    person = logged_in.person()
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    logged_in.mount.remount("--api-url", emulator.api_url + "/")
    assert previous(logged_in, person) == 1


