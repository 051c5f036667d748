"""Where the secrets of a login are, and where they must not be. All of them are known here: the token endpoint gives what
the test ordered."""

import signal
import stat
from pathlib import Path

import pytest

from conftest import CONTACTFS, Contacts
from logins import SECRET_CLIENT, Desk

CODE = "c0de-that-nobody-sees"
ACCESS = "access-t0ken-that-nobody-sees"
REFRESH = "refresh-t0ken-that-nobody-sees"
SECRETS = (CODE, ACCESS, REFRESH, SECRET_CLIENT)


@pytest.fixture
def desk(run, tmp_path, emulator):
    made = Desk(run, CONTACTFS, tmp_path / "desk", emulator)
    opener = made.folder / "bin/xdg-open"
    opener.write_text(f"#!/bin/sh\nenv >'{made.folder}/browser-environment'\n" + opener.read_text().partition("\n")[2])
    emulator.add_token(ACCESS)
    emulator.fault(origin="token", path="/token", action="status", status=200, times=-1,
                   body={"access_token": ACCESS, "refresh_token": REFRESH, "expires_in": 3600, "token_type": "Bearer",
                         "scope": "https://www.googleapis.com/auth/contacts"})
    yield made
    made.close()


def shown_in_proc(pid):
    """What its user may read of a process's beginnings. A hardened one shows its environment to nobody but root."""
    shown = Path(f"/proc/{pid}/cmdline").read_bytes()
    try:
        return shown + Path(f"/proc/{pid}/environ").read_bytes()
    except PermissionError:
        return shown


def check_hidden(text):
    for secret in SECRETS:
        assert secret.encode() not in text


def check_no_core(pid):
    limit = next(line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if "core file" in line)
    assert limit.split()[4:6] == ["0", "0"], limit


def test_while_logging_in_and_mounted(desk, emulator, mount, faces):
    attempt = desk.begin("--timeout", "60")
    check_no_core(attempt.process.pid)
    page = attempt.reply(code=CODE, state=attempt.asked["state"])
    result = attempt.finish()
    assert result.status == 0, result
    for text in (page.body, str(page.headers).encode(), result.raw, result.errors.encode(), attempt.url.encode()):
        check_hidden(text)

    contacts = Contacts(emulator, mount(emulator, "--verbose", "--writes-per-minute", "0", state=desk.folder))
    contacts.photo(contacts.person()).write_bytes(faces.face_bytes(1))
    check_no_core(contacts.mount.pid)
    contacts.mount.unmount()
    check_hidden(desk.log_out().raw)

    folder = desk.config()
    found = {path for secret in SECRETS for path in desk.files_with(secret)}
    assert found == {desk.client, folder / "client.json"}, "the login is forgotten, and was written nowhere else"


def test_what_is_at_rest(desk):
    attempt = desk.begin()
    attempt.reply(code=CODE, state=attempt.asked["state"])
    assert attempt.finish().status == 0
    folder = desk.config()
    assert desk.files_with(REFRESH) == [folder / "login.json"]
    assert not desk.files_with(CODE) and not desk.files_with(ACCESS)
    for path in {*desk.files_with(REFRESH), *desk.files_with(SECRET_CLIENT)}:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not [path for path in folder.iterdir() if path.name not in ("client.json", "login.json", "login.lock", "login.urgent")]


def test_a_process_shows_nothing(desk, emulator, mount):
    attempt = desk.begin()
    check_hidden(shown_in_proc(attempt.process.pid))
    check_hidden((desk.folder / "browser-environment").read_bytes())
    attempt.reply(code=CODE, state=attempt.asked["state"])
    assert attempt.finish().status == 0
    mounted = mount(emulator, state=desk.folder)
    check_hidden(shown_in_proc(mounted.pid))


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV])
def test_a_login_that_crashes_leaves_no_core(desk, number):
    attempt = desk.begin()
    attempt.process.send_signal(number)
    attempt.finish()
    assert not [path for folder in (desk.folder, Path("/"), Path.cwd()) for path in folder.glob("core*") if path.is_file()]
