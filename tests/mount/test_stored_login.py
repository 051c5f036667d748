"""What mounts make of a login: they use it, notice another one, and say which command to run when it is dead."""

import errno
import json
import os
from pathlib import Path

import pytest

from bad_disk import BadDisk
from conftest import BUILD, CONTACTFS, Contacts, eventually
from logins import Desk

COMMAND = "log in again: contactfs login --account default"


@pytest.fixture
def desk(run, tmp_path, emulator):
    emulator.token = "none of the tests' own"
    made = Desk(run, CONTACTFS, tmp_path / "desk", emulator)
    yield made
    made.close()


@pytest.fixture
def logged_in(desk, emulator, mount):
    """The demo's people, mounted by a login."""
    desk.log_in()
    return Contacts(emulator, mount(emulator, "--writes-per-minute", "0", state=desk.folder))


def grants(emulator):
    """The status of each answer of the token endpoint."""
    return [r["status"] for r in emulator.requests(origin="token", path="/token")]


def test_a_login_is_mounted(logged_in, faces, run):
    person = logged_in.person()
    assert logged_in.photo(person).read_bytes() == logged_in.held(person)
    run("cp", faces.face(1), logged_in.photo(person))
    assert logged_in.held(person) == faces.face_bytes(1)
    assert logged_in.mount.status()["credentials"] == "stored login of you@example.com"


def test_one_refresh_for_all_who_wait(logged_in, emulator, faces, run):
    before = len(grants(emulator))
    emulator.revoke_tokens()
    copies = [run.start("cp", faces.face(n), logged_in.photo(logged_in.person(n))) for n in range(8)]
    assert all(run.finish(copy).status == 0 for copy in copies)
    assert grants(emulator)[before:] == [200]


def write_fails(logged_in, person, face):
    """A write to person's photo, which is refused with EACCES and words."""
    with pytest.raises(OSError) as caught:
        logged_in.photo(person).write_bytes(face)
    assert caught.value.errno == errno.EACCES
    assert COMMAND in logged_in.mount.error(person) and "Publish app" in logged_in.mount.error(person)


def test_a_dead_login_is_explained_and_the_next_one_taken(logged_in, desk, emulator, faces):
    person, cached = logged_in.person(), logged_in.person(1)
    known = logged_in.photo(cached).read_bytes()
    emulator.revoke_tokens(refresh=True)
    write_fails(logged_in, person, faces.face_bytes(1))
    asked = len(grants(emulator))
    for number in range(2, 5):
        write_fails(logged_in, person, faces.face_bytes(number))
    assert len(grants(emulator)) == asked, "a login that is dead is not tried again"
    assert logged_in.photo(cached).read_bytes() == known
    assert COMMAND in logged_in.mount.status()["last_error"] and COMMAND in logged_in.mount.text()

    desk.log_in()
    logged_in.photo(person).write_bytes(faces.face_bytes(6))
    assert logged_in.held(person) == faces.face_bytes(6)
    assert logged_in.mount.error(person) is None


def test_a_token_that_the_service_does_not_take(logged_in, emulator, faces):
    person = logged_in.person()
    for status, command in ((401, COMMAND), (403, "log in again, and tick the box for contacts on the consent page: "
                                                  "contactfs login --account default")):
        message = "Request had insufficient authentication scopes." if status == 403 else "Invalid credentials."
        emulator.fault("status", method="PATCH", times=-1, status=status, body=json.dumps({"error": {
            "code": status, "status": "PERMISSION_DENIED", "message": message}}))
        with pytest.raises(PermissionError):
            logged_in.photo(person).write_bytes(faces.face_bytes(1))
        assert command in logged_in.mount.error(person)
        emulator.clear_faults()


def test_syncing_goes_on_after_the_next_login(desk, emulator, mount):
    desk.log_in()
    mounted = mount(emulator, "--sync-interval", 1, state=desk.folder)
    emulator.revoke_tokens(refresh=True)
    eventually(lambda: COMMAND in (mounted.status()["last_error"] or ""))
    emulator.create_person("Nora", "New")
    desk.log_in()
    eventually(lambda: (mounted.path / "Nora New").is_dir())


def test_after_logout_too(logged_in, desk, emulator, faces):
    person = logged_in.person()
    desk.log_out()
    with pytest.raises(OSError) as caught:
        logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert caught.value.errno == errno.EACCES
    assert "no login is stored for the account “default”" in logged_in.mount.error(person)
    desk.log_in()
    logged_in.photo(person).write_bytes(faces.face_bytes(2))
    assert logged_in.held(person) == faces.face_bytes(2)


def test_rotated_refresh_tokens_are_kept(logged_in, desk, emulator):
    emulator.rotate_refresh_tokens()
    first = desk.stored()["refresh_token"]
    for _ in range(3):
        emulator.revoke_tokens()
        person = logged_in.person()
        os.unlink(logged_in.photo(person))
        eventually(lambda person=person: logged_in.held(person) is None)
    assert desk.stored()["refresh_token"] != first
    assert set(grants(emulator)) == {200}
    assert os.stat(desk.config() / "login.json").st_mode & 0o777 == 0o600


@pytest.mark.skipif(not (BUILD / "tests/preload/libbad-disk.so").exists(), reason="not built with sanitizers")
@pytest.mark.parametrize("lasts", [False, True], ids=["for a while", "for good"])
@pytest.mark.parametrize("at", [1, 3, 5])
def test_a_rotated_token_that_cannot_be_kept_is_not_lost(desk, emulator, mount, tmp_path, faces, at, lasts):
    """The disk is full. The token before it is dead, so the mount goes on with the new one, and stores it when it can."""
    desk.log_in()
    first = desk.stored()["refresh_token"]
    disk = BadDisk(BUILD, tmp_path, desk.config())
    emulator.rotate_refresh_tokens()
    contacts = Contacts(emulator, mount(emulator, "--writes-per-minute", "0", state=desk.folder,
                                        env=disk.env(at=at, how="ENOSPC", lasts=lasts)))
    contacts.mount.allowed.append("it could not be kept; only this mount has it: .*No space left on device")
    person = contacts.person()
    for number in range(3):
        emulator.revoke_tokens()
        contacts.photo(person).write_bytes(faces.face_bytes(number))
        assert contacts.held(person) == faces.face_bytes(number)
    assert set(grants(emulator)) == {200} and contacts.mount.error(person) is None
    assert (desk.stored()["refresh_token"] == first) == lasts
    disk.close()


@pytest.mark.skipif(not (BUILD / "tests/preload/libbad-disk.so").exists(), reason="not built with sanitizers")
def test_the_next_login_takes_the_place_of_one_that_could_not_be_kept(desk, emulator, mount, tmp_path, faces):
    desk.log_in()
    disk = BadDisk(BUILD, tmp_path, desk.config())
    emulator.rotate_refresh_tokens()
    contacts = Contacts(emulator, mount(emulator, "--writes-per-minute", "0", state=desk.folder,
                                        env=disk.env(at=1, how="ENOSPC", lasts=True)))
    contacts.mount.allowed.append("it could not be kept; only this mount has it: .*No space left on device")
    desk.log_in()
    emulator.revoke_tokens()
    asked = len(grants(emulator))
    contacts.photo(contacts.person()).write_bytes(faces.face_bytes(1))
    assert grants(emulator)[asked:] == [200]
    disk.close()


def test_another_process_with_the_lock_is_waited_for(logged_in, desk, emulator, faces, run):
    lock = run.start("flock", desk.lock(), "sh", "-c", "echo; read x", stdin=-1, stdout=-1)
    lock.stdout.readline()
    emulator.revoke_tokens()
    asked = len(grants(emulator))
    copy = run.start("cp", faces.face(1), logged_in.photo(logged_in.person()))
    emulator.wait_requests(1, method="PATCH", answered=True)
    assert len(grants(emulator)) == asked
    lock.communicate(b"\n")
    assert run.finish(copy).status == 0
    assert len(grants(emulator)) == asked + 1


def test_a_process_that_keeps_the_lock_is_not_overtaken_and_is_named(desk, emulator, mount, faces, run):
    desk.log_in()
    contacts = Contacts(emulator, mount(emulator, "--writes-per-minute", "0", "--upload-timeout", "2", state=desk.folder))
    lock = run.start("flock", desk.lock(), "sh", "-c", "echo; read x", stdin=-1, stdout=-1)
    lock.stdout.readline()
    emulator.revoke_tokens()
    asked = len(grants(emulator))
    person = contacts.person()
    with pytest.raises(OSError) as caught:
        contacts.photo(person).write_bytes(faces.face_bytes(1))
    assert caught.value.errno in (errno.EACCES, errno.ETIMEDOUT) and len(grants(emulator)) == asked
    assert "another program has been at work with this login" in contacts.mount.error(person)
    lock.communicate(b"\n")
    contacts.photo(person).write_bytes(faces.face_bytes(1))


def test_accounts_side_by_side(desk, emulator, mount, faces):
    desk.log_in("--account", "home")
    desk.log_in("--account", "work")
    home = Contacts(emulator, mount(emulator, state=desk.folder, account="home"))
    work = Contacts(emulator, mount(emulator, state=desk.folder, account="work"))
    assert home.mount.status()["account"] == "home" and work.mount.status()["account"] == "work"
    person = home.person()
    home.photo(person).write_bytes(faces.face_bytes(1))
    desk.log_out("--account", "work")
    home.photo(person).write_bytes(faces.face_bytes(2))
    with pytest.raises(PermissionError):
        work.photo(person).write_bytes(faces.face_bytes(3))
    assert "contactfs login --account work" in work.mount.error(person)


def test_the_token_service_fails_for_a_while(logged_in, emulator, faces):
    emulator.revoke_tokens()
    emulator.fault(origin="token", path="/token", action="status", status=503)
    person = logged_in.person()
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert logged_in.held(person) == faces.face_bytes(1) and grants(emulator)[-2:] == [503, 200]


def test_a_renewal_that_nobody_waited_for_serves_the_next_who_asks(logged_in, emulator, faces):
    person = logged_in.person()
    logged_in.mount.remount("--upload-timeout", "1", "--writes-per-minute", "0")
    emulator.wait_requests(2, path="/v1/people/me/connections", answered=True)
    emulator.revoke_tokens()
    emulator.reset_requests()
    emulator.fault("delay", origin="token", path="/token", delay_ms=1500)
    with pytest.raises(TimeoutError):
        logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert "the token service does not answer" in logged_in.mount.error(person)
    logged_in.photo(person).write_bytes(faces.face_bytes(2))
    assert grants(emulator) == [200] and emulator.photo_bytes(logged_in.resource(person)) == faces.face_bytes(2)


def test_a_renewal_under_way_is_kept_when_the_mount_ends(logged_in, desk, emulator, faces):
    """With rotating refresh tokens the old one is dead."""
    before = desk.stored()["refresh_token"]
    logged_in.mount.remount("--sync-interval", "1", "--writes-per-minute", "0")
    emulator.rotate_refresh_tokens()
    emulator.fault("delay", origin="token", path="/token", delay_ms=1000)
    emulator.reset_requests()
    emulator.revoke_tokens()
    emulator.wait_requests(1, path="/token", origin="token")
    logged_in.mount.unmount()
    assert desk.stored()["refresh_token"] != before
    logged_in.mount.start()
    logged_in.photo(logged_in.person()).write_bytes(faces.face_bytes(2))


def test_a_mount_goes_to_the_service_of_its_login(logged_in, emulator, run, desk, faces):
    """As `contactfs login --api-url …` says: Next: contactfs mount FOLDER."""
    person, resource = logged_in.person(), logged_in.resource(logged_in.person())
    logged_in.photo(person).write_bytes(faces.face_bytes(1))
    logged_in.mount.unmount()
    run(CONTACTFS, "mount", logged_in.path, env=desk.env)
    try:
        logged_in.photo(person).write_bytes(faces.face_bytes(2))
        assert os.listdir(logged_in.path / person / ".previous")
        assert "ok" in run(CONTACTFS, "doctor", env=desk.env, check=False).out
    finally:
        run(CONTACTFS, "unmount", logged_in.path)
    assert emulator.photo_bytes(resource) == faces.face_bytes(2)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"place":"file"}'])
def test_a_damaged_login_is_named(logged_in, desk, emulator, faces, text):
    (desk.config() / "login.json").write_text(text)
    emulator.revoke_tokens()
    person = logged_in.person()
    with pytest.raises(PermissionError):
        logged_in.photo(person).write_bytes(faces.face_bytes(1))
    assert "log in again: contactfs login --account default" in logged_in.mount.error(person)


def test_files_that_others_can_read_are_put_right(desk, emulator, mount, run):
    desk.log_in()
    files = [desk.config() / "login.json", desk.config() / "client.json"]
    for path in files:
        path.chmod(0o666)
    told = json.loads(run(CONTACTFS, "doctor", "--json", "--api-url", emulator.api_url, env=desk.env, check=False).out)
    bad = [line["text"] for line in told if line["state"] == "bad"]
    assert all(any(f"chmod 600 {path}" in text for text in bad) for path in files)
    assert all(path.stat().st_mode & 0o777 == 0o666 for path in files), "doctor changes nothing"
    mounted = mount(emulator, state=desk.folder)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)
    assert mounted.text().count("others could read") == 2
    mounted.remount()
    assert mounted.text().count("others could read") == 2


def test_a_given_file_that_others_can_read_is_told(desk, emulator, mount):
    desk.log_in("--account", "other")
    path = credentials_file(desk.folder / "google.json", emulator, desk)
    path.chmod(0o644)
    mounted = mount(emulator, "--credentials", path, state=desk.folder)
    assert f"run chmod 600 {path}" in mounted.text() and path.stat().st_mode & 0o777 == 0o644


def test_subject_does_not_pass_a_login_over(desk, emulator, tmp_path, run):
    desk.log_in()
    desk.log_in("--account", "other")
    path = credentials_file(desk.folder / "google.json", emulator, desk)
    (tmp_path / "m").mkdir()
    result = run(CONTACTFS, "mount", "--subject", "alice@example.com", tmp_path / "m", check=False,
                 env={**desk.env, "GOOGLE_APPLICATION_CREDENTIALS": str(path)})
    assert result.status == 1 and "--subject goes with a service account" in result.errors, result


# ---- the order of credentials ----

def credentials_file(path, emulator, desk):
    """An authorized_user file with the login of the account "other"."""
    login = desk.stored("other")
    path.write_text(json.dumps({"type": "authorized_user", "client_id": login["client_id"],
                                "client_secret": login["client_secret"], "refresh_token": login["refresh_token"],
                                "token_uri": emulator.ready["token_uri"]}))
    return path


def test_the_order_of_credentials(desk, emulator, mount):
    desk.log_in()
    desk.log_in("--account", "other")
    path = credentials_file(desk.folder / "google.json", emulator, desk)
    environment = {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}
    assert mount(emulator, state=desk.folder, env=environment).status()["credentials"].startswith("stored login")
    given = mount(emulator, "--credentials", path, state=desk.folder, account="other", env=environment)
    assert given.status()["credentials"].startswith("authorized_user file")
    desk.log_out("--account", "other")
    assert "stored" not in given.status()["credentials"]


def test_no_credentials_at_all(desk, emulator, tmp_path, run):
    Path(tmp_path / "m").mkdir()
    result = run(CONTACTFS, "mount", tmp_path / "m", env=desk.env, check=False)
    assert result.status == 1 and "contactfs login --account default" in result.errors
