"""What is left after a logout, whatever another program was doing with the login, and after a login that did not come about."""

import json
import os
import signal
import subprocess

import pytest

from conftest import CONTACTFS, Contacts
from keyrings import Keyring
from logins import is_good
from slow_tokens import SlowTokens

RENAMES = "rename,renameat,renameat2"


@pytest.fixture
def tokens(emulator):
    made = SlowTokens(emulator)
    yield made
    made.close()


def begin_log_out(desk):
    return desk.run.start(CONTACTFS, "logout", env=desk.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def is_clean(desk, keyring):
    return not (desk.config() / "login.json").exists() and not keyring.is_kept()


# ---- while a mount renews it, and is given another refresh token ----

@pytest.fixture(params=["file", "keyring"])
def renewing(request, desk, emulator, keyring, mount, faces, tokens):
    """A cp that waits for a token; the service has given one, and the mount has not got it yet."""
    if request.param == "file":
        keyring.lock()
    desk.client = desk.client_file(token_uri=tokens.url)
    desk.log_in()
    contacts = Contacts(emulator, mount(emulator, "--writes-per-minute", "0", state=desk.folder, env=keyring.env))
    emulator.rotate_refresh_tokens()
    emulator.revoke_tokens()
    tokens.hold()
    copy = desk.run.start("cp", faces.face(1), contacts.photo(contacts.person()), stderr=subprocess.DEVNULL)
    assert tokens.made.wait(20)
    return copy


def test_logout_waits_for_it(desk, emulator, keyring, tokens, renewing):
    logout = begin_log_out(desk)
    assert b"Waiting for another program" in logout.stderr.readline()
    tokens.release()
    assert "revoked and forgotten" in desk.run.finish(logout).out
    desk.run.finish(renewing)
    assert is_clean(desk, keyring)


def test_the_wait_can_be_interrupted(desk, emulator, keyring, tokens, renewing):
    logout = begin_log_out(desk)
    assert b"Ctrl-C" in logout.stderr.readline()
    logout.send_signal(signal.SIGINT)
    result = desk.run.finish(logout, timeout=5)
    assert result.status == 1 and "interrupted: nothing was changed" in result.errors
    tokens.release()
    assert desk.run.finish(renewing).status == 0
    assert "revoked and forgotten" in desk.log_out().out and is_clean(desk, keyring)


def test_a_login_that_was_removed_by_hand_does_not_come_back(desk, emulator, keyring, mount, tokens, renewing):
    (desk.config() / "login.json").unlink()
    tokens.release()
    assert desk.run.finish(renewing).status == 1
    assert not (desk.config() / "login.json").exists()
    assert [r["status"] for r in emulator.requests(path="/revoke")] == [200]


# ---- a login that did not come about ----

def killed_login(desk, rename):
    """Killed when it puts its file in place, the rename-th time."""
    attempt = desk.start("--client", desk.client, wrapper=[
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={RENAMES}", "-e", f"inject={RENAMES}:signal=KILL:when={rename}"])
    attempt.await_browser()
    try:
        attempt.consent()
    except OSError:  # it died before it had shown its page
        pass
    attempt.finish()


def test_killed_before_anything_is_kept(desk, keyring):
    killed_login(desk, 1)
    assert not keyring.is_kept()


def test_killed_between_the_keyring_and_the_file(desk, emulator, keyring, run):
    keyring.lock()
    desk.log_in()
    in_file = desk.stored()["refresh_token"]
    keyring.restart()
    killed_login(desk, 2)
    in_keyring = json.loads(keyring.lookup())["refresh_token"]
    assert desk.stored()["refresh_token"] == in_file
    elsewhere = run(CONTACTFS, "logout", env={**desk.env, "DBUS_SESSION_BUS_ADDRESS": "disabled:"}, check=False)
    assert elsewhere.status == 1 and "older login" in elsewhere.errors and is_good(emulator, in_keyring)
    assert "revoked and forgotten" in desk.log_out().out and is_clean(desk, keyring)
    assert not is_good(emulator, in_file) and not is_good(emulator, in_keyring)


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a small disk")
def test_a_disk_that_is_full(desk, keyring, run):
    desk.config().mkdir(parents=True)
    run("mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=2", "tmpfs", desk.config())
    try:
        attempt = desk.begin()
        attempt.consent()
        result = attempt.finish()
        assert result.status == 1 and "cannot be kept" in result.errors
        assert is_clean(desk, keyring)
    finally:
        run("umount", "-l", desk.config())


def test_what_only_the_keyring_knows_is_ended_too(desk, emulator, keyring):
    desk.log_in()
    token = json.loads(keyring.lookup())["refresh_token"]
    (desk.config() / "login.json").unlink()
    assert "revoked and forgotten" in desk.log_out().out and not keyring.is_kept() and not is_good(emulator, token)
    result = desk.log_out(check=False)
    assert result.status == 1 and "There is no login of the account “default” to end" in result.errors


def test_nothing_anywhere(desk, keyring):
    for end in (lambda: None, keyring.end_bus):
        end()
        result = desk.log_out(check=False)
        assert result.status == 1 and "There is no login of the account “default” to end" in result.errors
    assert not desk.config().exists()


# ---- an older login that went into another keyring ----

def test_a_keyring_that_knows_nothing_of_it_settles_nothing(desk, emulator, keyring, run, tmp_path):
    desk.log_in()
    older = json.loads(keyring.lookup())["refresh_token"]
    keyring.lock()
    desk.log_in()
    keyring.restart()
    another = Keyring(run, tmp_path / "another")
    try:
        result = run(CONTACTFS, "logout", env={**desk.env, **another.env}, check=False)
    finally:
        another.close()
    assert result.status == 1 and "another one and does not have it" in result.errors and desk.stored()["older"] == "keyring"
    for way_out in ("contactfs logout --account default", "myaccount.google.com/permissions", str(desk.config() / "login.json")):
        assert way_out in result.errors
    assert is_good(emulator, older)
    assert "revoked and forgotten" in desk.log_out().out and is_clean(desk, keyring) and not is_good(emulator, older)
