"""What is left after a logout, whatever another program was doing with the login, and after a login that did not come about."""

import os
import signal
import subprocess

import pytest

from conftest import CONTACTFS, Contacts
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
    assert b"waiting for another program" in logout.stderr.readline()
    tokens.release()
    assert "revoked and forgotten" in desk.run.finish(logout).out
    desk.run.finish(renewing)
    assert is_clean(desk, keyring)


def test_the_wait_can_be_interrupted(desk, emulator, keyring, tokens, renewing):
    logout = begin_log_out(desk)
    assert b"Ctrl-C" in logout.stderr.readline()
    logout.send_signal(signal.SIGINT)
    result = desk.run.finish(logout)
    assert result.status == 1 and "interrupted: nothing was changed" in result.errors
    tokens.release()
    assert desk.run.finish(renewing).status == 0
    assert "revoked and forgotten" in desk.log_out().out and is_clean(desk, keyring)


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


def test_killed_between_the_keyring_and_the_file(desk, emulator, keyring):
    killed_login(desk, 1)
    assert keyring.is_kept() and not (desk.config() / "login.json").exists()
    assert "has no login" in desk.log_out().out and is_clean(desk, keyring)
    assert "there is no login" in desk.log_out(check=False).errors


@pytest.mark.parametrize("place", ["file", "keyring"])
def test_killed_between_the_keyring_and_the_file_the_one_before_goes_on(desk, emulator, keyring, mount, faces, place):
    if place == "file":
        keyring.lock()
    desk.log_in()
    before = desk.stored()
    keyring.restart()
    killed_login(desk, 1)
    assert desk.stored() == before
    contacts = Contacts(emulator, mount(emulator, "--writes-per-minute", "0", state=desk.folder, env=keyring.env))
    contacts.photo(contacts.person()).write_bytes(faces.face_bytes(1))
    assert "The login is in the keyring" in desk.log_in().out
    emulator.revoke_tokens()
    contacts.photo(contacts.person()).write_bytes(faces.face_bytes(2))
    assert "revoked and forgotten" in desk.log_out().out and is_clean(desk, keyring)


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a small disk")
def test_a_disk_that_is_full(desk, keyring, run):
    desk.config().mkdir(parents=True)
    run("mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=1", "tmpfs", desk.config())
    try:
        attempt = desk.begin()
        attempt.consent()
        result = attempt.finish()
        assert result.status == 1 and "cannot be kept" in result.errors
        assert is_clean(desk, keyring)
    finally:
        run("umount", "-l", desk.config())


def test_nothing_anywhere(desk, keyring):
    for end in (lambda: None, keyring.end_bus):
        end()
        result = desk.log_out(check=False)
        assert result.status == 1 and "there is no login of the account “default” to end" in result.errors
    assert not desk.config().exists()

