"""Logins in a real Secret Service, and what becomes of them when it is locked, hangs or goes away."""

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from conftest import CONTACTFS, Contacts
from keyrings import Keyring
from logins import SECRET_CLIENT, Desk, is_good
from namespace import Namespace


@pytest.fixture
def logged_in(desk, emulator, mount, keyring):
    desk.log_in()
    return Contacts(emulator, mount(emulator, "--writes-per-minute", "0", "--upload-timeout", "4", state=desk.folder,
                                    env=keyring.env))


def write(contacts, face):
    """Writes a person's photo; None, or the errno."""
    try:
        contacts.photo(contacts.person()).write_bytes(face)
        return None
    except OSError as error:
        return error.errno


def test_the_secrets_are_in_the_keyring_alone(desk, keyring):
    result = desk.log_in()
    assert "The login is in the keyring" in result.out
    kept = json.loads(keyring.lookup())
    assert kept["client_secret"] == SECRET_CLIENT
    assert desk.stored()["place"] == "keyring" and "refresh_token" not in desk.stored()
    assert not desk.files_with(kept["refresh_token"])
    assert set(desk.files_with(SECRET_CLIENT)) == {desk.client, desk.config() / "client.json"}


def test_its_label_says_what_it_is(desk, keyring, run):
    desk.log_in("--account", "work")
    found = run("secret-tool", "search", "--all", "account", "work", env=keyring.env, check=False)
    assert "label = contactfs login for work" in found.out and "schema = contactfs" in found.out


def test_a_mount_uses_it_and_logout_takes_it_away(logged_in, desk, keyring, faces):
    assert write(logged_in, faces.face_bytes(1)) is None
    assert "revoked and forgotten" in desk.log_out().out
    assert keyring.lookup() is None and not (desk.config() / "login.json").exists()
    assert write(logged_in, faces.face_bytes(2)) == errno.EACCES


def test_a_new_refresh_token_goes_into_the_keyring(logged_in, desk, emulator, keyring, faces):
    first = json.loads(keyring.lookup())["refresh_token"]
    emulator.rotate_refresh_tokens()
    emulator.revoke_tokens()
    assert write(logged_in, faces.face_bytes(1)) is None
    second = json.loads(keyring.lookup())["refresh_token"]
    assert second != first and not desk.files_with(second)


def test_a_mount_goes_on_after_the_next_login(logged_in, desk, emulator, faces):
    emulator.revoke_tokens(refresh=True)
    assert write(logged_in, faces.face_bytes(1)) == errno.EACCES
    assert "contactfs login --account default" in logged_in.mount.error(logged_in.person())
    desk.log_in()
    assert write(logged_in, faces.face_bytes(2)) is None


def test_a_keyring_that_hangs_makes_nobody_wait_for_ever(logged_in, desk, emulator, keyring, faces):
    known = logged_in.photo(logged_in.person(1)).read_bytes()
    emulator.revoke_tokens()
    keyring.signal(signal.SIGSTOP)
    try:
        assert write(logged_in, faces.face_bytes(1)) in (errno.EACCES, errno.ETIMEDOUT)
        assert "keyring" in logged_in.mount.error(logged_in.person())
        assert logged_in.photo(logged_in.person(1)).read_bytes() == known
    finally:
        keyring.signal(signal.SIGCONT)
    assert write(logged_in, faces.face_bytes(2)) is None


def test_a_keyring_that_was_started_anew_is_found(logged_in, desk, emulator, keyring, faces):
    keyring.restart()
    emulator.revoke_tokens()
    assert write(logged_in, faces.face_bytes(1)) is None
    emulator.rotate_refresh_tokens()
    keyring.restart()
    emulator.revoke_tokens()
    assert write(logged_in, faces.face_bytes(2)) is None
    assert desk.stored()["place"] == "keyring"


def test_a_mount_outlives_its_session_bus(logged_in, desk, emulator, keyring, faces):
    keyring.end_bus()
    assert write(logged_in, faces.face_bytes(1)) is None, "the token in memory is still good"
    emulator.revoke_tokens()
    assert write(logged_in, faces.face_bytes(2)) == errno.EACCES
    assert "keyring" in logged_in.mount.error(logged_in.person())
    assert "in a file instead" in desk.log_in().out
    assert write(logged_in, faces.face_bytes(3)) is None


def test_a_damaged_login_can_be_forgotten(desk, keyring):
    desk.log_in()
    (desk.config() / "login.json").write_text("{")
    result = desk.log_out(check=False)
    assert result.status == 1 and "forgotten here, but it could not be revoked" in result.errors
    assert keyring.lookup() is None and not (desk.config() / "login.json").exists()


def test_what_a_keyring_that_is_away_still_has_is_not_called_forgotten(desk, keyring):
    desk.log_in()
    keyring.end_bus()
    result = desk.log_out(check=False)
    assert result.status == 1 and "is still here" in result.errors
    assert (desk.config() / "login.json").exists()


def test_what_a_locked_keyring_still_has_is_not_called_forgotten(desk, keyring):
    desk.log_in()
    keyring.lock()
    result = desk.log_out(check=False)
    assert keyring.is_kept()
    assert result.status == 1 and "is still here" in result.errors and "locked" in result.errors
    assert (desk.config() / "login.json").exists()


def begin_log_out(desk):
    return desk.run.start(CONTACTFS, "logout", env=desk.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_logout_says_that_it_waits_for_the_keyring_and_can_be_interrupted(desk, emulator, keyring):
    desk.log_in()
    token = json.loads(keyring.lookup())["refresh_token"]
    keyring.signal(signal.SIGSTOP)
    logout = begin_log_out(desk)
    try:
        words = logout.stderr.readline().decode()
        assert words.startswith("contactfs: waiting for the keyring") and "Ctrl-C" in words
        logout.send_signal(signal.SIGINT)
        result = desk.run.finish(logout)
    finally:
        keyring.signal(signal.SIGCONT)
    assert result.status == 1 and "interrupted: nothing was changed" in result.errors
    assert is_good(emulator, token) and "revoked and forgotten" in desk.log_out().out


def test_logout_from_a_service_that_hangs_can_be_interrupted(desk, emulator, keyring):
    desk.log_in()
    emulator.fault("hang", origin="token", times=-1)
    logout = begin_log_out(desk)
    emulator.wait_requests(1, path="/revoke")
    logout.send_signal(signal.SIGINT)
    result = desk.run.finish(logout)
    assert result.status == 1 and "interrupted: the login may be revoked" in result.errors
    emulator.clear_faults()
    assert "revoked and forgotten" in desk.log_out().out


def test_a_login_has_one_item_and_the_next_takes_its_place(desk, keyring, run):
    for _ in range(2):
        desk.log_in()
        found = run("secret-tool", "search", "--all", "account", "default", env=keyring.env, check=False)
        text = found.out + found.errors  # secret-tool tells attributes on stderr
        assert text.count("attribute.generation = ") == 1 and desk.stored()["generation"] in text


def test_logout_takes_all_of_the_account_out_of_the_keyring(desk, keyring):
    """What is left of a login that went into the file, since the keyring could not be had, too."""
    desk.log_in()
    desk.log_in("--account", "work")
    keyring.lock()
    assert "in a file instead" in desk.log_in().out
    result = desk.log_out(check=False)
    assert result.status == 1 and "locked" in result.errors and keyring.is_kept()
    keyring.restart()
    assert "forgotten" in desk.log_out().out and not keyring.is_kept() and not (desk.config() / "login.json").exists()
    assert keyring.is_kept("work")


# ---- a login that does not come to its end ----

def begin_to_store(desk, emulator, keyring):
    """A login that has its token, and waits for a keyring that hangs."""
    attempt = desk.begin()
    keyring.signal(signal.SIGSTOP)
    page = desk.run.start("curl", "--silent", "--max-time", "60", attempt.redirect(), stdout=subprocess.DEVNULL)
    for line in attempt.process.stderr:
        if b"waiting for the keyring" in line:
            break
    return attempt, page


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_login_that_ends_before_the_keyring_has_it_leaves_the_one_before(logged_in, desk, emulator, keyring, faces, number):
    before = desk.stored()
    attempt, page = begin_to_store(desk, emulator, keyring)
    try:
        attempt.process.send_signal(number)
        result = attempt.finish()
    finally:
        keyring.signal(signal.SIGCONT)
    assert number == signal.SIGKILL or (result.status == 1 and "nothing was changed" in result.errors)
    page.terminate()
    desk.run.finish(page)
    assert desk.stored() == before
    emulator.revoke_tokens()
    assert write(logged_in, faces.face_bytes(1)) is None
    logged_in.mount.remount("--writes-per-minute", "0")
    assert write(logged_in, faces.face_bytes(2)) is None
    assert "revoked and forgotten" in desk.log_out().out and not keyring.is_kept()


def test_a_first_login_that_a_hanging_keyring_takes_after_all_is_nobodys(desk, emulator, keyring):
    attempt, page = begin_to_store(desk, emulator, keyring)
    try:
        attempt.process.send_signal(signal.SIGINT)
        result = attempt.finish()
    finally:
        keyring.signal(signal.SIGCONT)
    page.terminate()
    desk.run.finish(page)
    assert result.status == 1 and "nothing was changed" in result.errors and not desk.config().exists()
    desk.log_out(check=False)
    assert not keyring.is_kept()


def test_the_login_of_another_keyring_does_not_come_back(logged_in, desk, emulator, faces, run, tmp_path):
    """A keyring that was away at the logout still has it."""
    here = desk.env
    other = Keyring(run, tmp_path / "other-keyring")
    desk.env = {**here, **other.env}
    desk.log_out(check=False)
    (desk.config() / "login.json").unlink(missing_ok=True)
    desk.log_in()
    stored = desk.stored()
    other.close()
    emulator.revoke_tokens()
    assert write(logged_in, faces.face_bytes(1)) == errno.EACCES
    assert "log in again: contactfs login --account default" in logged_in.mount.error(logged_in.person())
    assert desk.stored() == stored
    desk.env = here
    desk.log_out(check=False)
    desk.log_in()
    assert write(logged_in, faces.face_bytes(1)) is None


# ---- the place of a login stays ----

def without_a_session(desk):
    return {**desk.env, "DBUS_SESSION_BUS_ADDRESS": "disabled:"}


@pytest.fixture
def in_file(desk, emulator, keyring):
    """A login in the file, made where there was no keyring."""
    session, desk.env = desk.env, without_a_session(desk)
    desk.log_in()
    desk.env = session
    return desk.stored()["refresh_token"]


def test_a_login_in_a_file_stays_there_when_its_token_rotates(desk, emulator, mount, keyring, in_file, faces):
    contacts = Contacts(emulator, mount(emulator, "--writes-per-minute", "0", state=desk.folder, env=keyring.env))
    emulator.rotate_refresh_tokens()
    emulator.revoke_tokens()
    assert write(contacts, faces.face_bytes(1)) is None
    assert desk.stored()["refresh_token"] not in (in_file, None) and not keyring.is_kept()
    contacts.mount.unmount()
    contacts.mount.env = {**contacts.mount.env, **without_a_session(desk)}
    contacts.mount.start()
    emulator.revoke_tokens()
    assert write(contacts, faces.face_bytes(2)) is None


def test_the_next_login_chooses_its_place_anew(desk, keyring, in_file):
    assert "The login is in the keyring" in desk.log_in().out
    assert "refresh_token" not in desk.stored() and in_file not in keyring.lookup()


def test_a_keyring_that_nobody_can_unlock(run, tmp_path, emulator):
    locked = Keyring(run, tmp_path / "locked", unlocked=False)
    desk = Desk(run, CONTACTFS, tmp_path / "desk2", emulator, env=locked.env)
    try:
        assert "in a file instead" in desk.log_in().out
        assert "refresh_token" in desk.stored()
    finally:
        desk.close()
        locked.close()


# ---- no session in the environment, as from cron or by sudo -u ----

@pytest.mark.skipif(os.getuid() != 0, reason="makes a mount namespace")
@pytest.mark.parametrize("command", ["mount", "doctor", "login", "logout"])
def test_the_session_of_its_owner_is_found_without_the_environment(desk, emulator, keyring, run, tmp_path, command):
    desk.log_in()
    inside = Namespace(run, f"mount -t tmpfs tmpfs /run; mkdir -p /run/user/0; mount --bind {keyring.runtime} /run/user/0")
    env = {name: value for name, value in desk.env.items() if name not in keyring.env}
    bare = ["env", "--unset=DBUS_SESSION_BUS_ADDRESS", CONTACTFS, command]
    try:
        if command == "mount":
            (tmp_path / "mnt").mkdir()
            result = inside(*bare, "--api-url", emulator.api_url, tmp_path / "mnt", env=env)
            assert result.status == 0 and "Alice Smith" in inside("ls", tmp_path / "mnt").out, result
            assert inside(CONTACTFS, "unmount", tmp_path / "mnt", env=env).status == 0
        elif command == "doctor":
            found = json.loads(inside(*bare, "--json", "--api-url", emulator.api_url, env=env).out)
            assert {f["check"]: f["state"] for f in found if f["check"] in ("keyring", "token")} == {
                "keyring": "good", "token": "good"}, found
        elif command == "login":
            attempt = desk.start("--client", desk.client, wrapper=[
                *inside.enter, "env", "--unset=DBUS_SESSION_BUS_ADDRESS", "--unset=XDG_RUNTIME_DIR"])
            attempt.await_browser()
            attempt.consent()
            assert "The login is in the keyring" in attempt.finish().out
        else:
            assert "revoked and forgotten" in inside(*bare, env=env).out and not keyring.is_kept()
    finally:
        inside.close()


def test_where_there_is_no_session_the_sentence_says_what_to_do(desk, emulator, keyring, run, tmp_path):
    desk.log_in("--account", "work")
    env = {name: value for name, value in desk.env.items() if name not in keyring.env}
    (tmp_path / "mnt").mkdir()
    result = run(CONTACTFS, "mount", "--account", "work", "--api-url", emulator.api_url, tmp_path / "mnt", env=env, check=False)
    assert result.status == 1 and "contactfs login --account work" in result.errors
    assert "in the keyring of your desktop session: mount from there" in result.errors
    found = json.loads(run(CONTACTFS, "doctor", "--json", "--account", "work", "--api-url", emulator.api_url, env=env,
                           check=False).out)
    for check in ("keyring", "token"):
        line = next(f for f in found if f["check"] == check)
        assert line["state"] == "bad" and "contactfs login --account work" in line["text"], line
    other = json.loads(run(CONTACTFS, "doctor", "--json", "--account", "work", "--token-command", "echo x", "--api-url",
                           emulator.api_url, env=env, check=False).out)
    assert next(f["state"] for f in other if f["check"] == "keyring") == "skipped"


def test_no_session_is_called_so(desk, keyring, run, tmp_path):
    desk.log_in()
    env = {name: value for name, value in desk.env.items() if name not in keyring.env}
    result = run("env", "--unset=DBUS_SESSION_BUS_ADDRESS", f"XDG_RUNTIME_DIR={tmp_path}", CONTACTFS, "logout", env=env, check=False)
    assert result.status == 1 and "there is no desktop session here" in result.errors and "D-Bus" not in result.errors


def test_a_session_that_does_not_take_us_is_not_called_none(desk, keyring, run):
    desk.log_in()
    runtime = tempfile.mkdtemp(prefix="bus-")  # a socket's name has room for a hundred characters
    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(f"{runtime}/bus")
    env = {name: value for name, value in desk.env.items() if name not in keyring.env}
    result = run("env", "--unset=DBUS_SESSION_BUS_ADDRESS", f"XDG_RUNTIME_DIR={runtime}", CONTACTFS, "logout", env=env, check=False)
    shutil.rmtree(runtime)
    assert result.status == 1 and "Connection refused" in result.errors and "no desktop session" not in result.errors


@pytest.mark.skipif(os.getuid() != 0, reason="makes a mount namespace")
def test_the_session_of_somebody_else_is_not_taken(desk, emulator, keyring, run, tmp_path):
    """As mount.fuse3 leaves it behind with setuid=, and su without a dash."""
    desk.log_in()
    inside = Namespace(run, f"""mount -t tmpfs tmpfs /run; mkdir -p /run/user/0 /run/user/4001
        mount --bind {keyring.runtime} /run/user/0
        touch /run/user/4001/bus; chown -R 4001 /run/user/4001""")
    try:
        result = inside(CONTACTFS, "logout", env={**desk.env, "XDG_RUNTIME_DIR": "/run/user/4001",
                                                  "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/4001/bus"})
        assert "revoked and forgotten" in result.out, result
    finally:
        inside.close()
