"""What a login leaves: whose it is, where it is kept, and how logout takes it away."""

import base64
import contextlib
import json
import socket
import urllib.parse

import pytest

from bad_disk import BadDisk

from conftest import BUILD, CONTACTFS, PEOPLE_EMULATOR, Emulator, desk_without_keyring as desk
from logins import CONTACTS, check_failed


def keeping_is_impossible(desk, *options):
    """A login of an account that was not there, whose file cannot be put in place; the program's words."""
    renames = "rename,renameat,renameat2"
    attempt = desk.start("--client", desk.client, *options, wrapper=[
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={renames}", "-e", f"inject={renames}:error=ENOSPC"])
    attempt.await_browser()
    attempt.consent()
    return attempt.finish()


def test_an_attempt_leaves_no_account_that_never_was(desk, run):
    desk.env["ASAN_OPTIONS"] = "detect_leaks=0"
    check_failed(keeping_is_impossible(desk), "cannot be kept")
    assert not desk.config().exists()
    desk.log_in()
    desk.env["ASAN_OPTIONS"] = "detect_leaks=0"
    check_failed(keeping_is_impossible(desk, "--account", "work"), "cannot be kept")
    assert not desk.config("work").exists()
    status = run(CONTACTFS, "status", "--json", env=desk.env, check=False).out
    assert '"default"' in status and '"work"' not in status


def test_an_attempt_leaves_what_was_there(desk):
    desk.config().mkdir(parents=True)
    (desk.config() / "mount.env").write_text("")
    desk.env["ASAN_OPTIONS"] = "detect_leaks=0"
    check_failed(keeping_is_impossible(desk), "cannot be kept")
    assert (desk.config() / "mount.env").exists()


def test_a_login_waits_for_whoever_is_at_work_with_the_one_before(desk, run):
    desk.log_in()
    before = desk.stored()
    holder = run.start("flock", desk.lock(), "sh", "-c", "echo; read x", stdin=-1, stdout=-1)
    holder.stdout.readline()
    attempt = desk.begin()
    page = run.start("curl", "--silent", "--max-time", "60", attempt.redirect(), stdout=-1)
    assert b"waiting for another program" in attempt.process.stderr.readline()
    assert desk.stored() == before
    holder.communicate(b"\n")
    assert attempt.finish().status == 0 and run.finish(page).status == 0
    assert desk.stored()["generation"] != before["generation"]


# ---- what the token endpoint tells of who it is ----

def answer_of(desk, **more):
    """What the token endpoint is to answer to the next code, in place of its own answer."""
    desk.emulator.add_token("made-up")
    desk.emulator.fault(origin="token", path="/token", action="status", status=200, body={
        "access_token": "made-up", "refresh_token": "1//made-up", "expires_in": 3599, "scope": CONTACTS, "token_type": "Bearer",
        **more})


def id_token(**claims):
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "RS256"}, claims)]
    return ".".join([*parts, "c2lnbmF0dXJl"])


@pytest.mark.parametrize("value", [None, "", "x", "a.b.c", "." * 5000, 7, {"sub": "1"}, "eyJhbGciOiJSUzI1NiJ9.W10.x"])
def test_an_id_token_that_is_none_costs_nobody_the_login(desk, value):
    answer_of(desk, **({} if value is None else {"id_token": value}))
    result = desk.log_in()
    assert result.errors == "" and "Logged in, as the account" in result.out
    assert desk.stored()["refresh_token"] == "1//made-up" and "id" not in desk.stored()


@pytest.mark.parametrize("change", [{"iss": "https://accounts.google.com"}, {"iss": "https://evil.example"}, {"iss": None},
                                    {"aud": "another"}, {"aud": None}, {"sub": None}])
def test_an_id_token_for_somebody_else_says_nothing(desk, change):
    claims = {"iss": desk.emulator.api_url, "aud": "desk.apps.googleusercontent.com", "sub": "1", **change}
    answer_of(desk, id_token=id_token(**claims))
    assert "Logged in, as the account" in desk.log_in().out and "id" not in desk.stored()


def test_who_logged_in_is_kept_without_an_address_too(desk):
    answer_of(desk, id_token=id_token(iss=desk.emulator.api_url, aud=["x", "desk.apps.googleusercontent.com"], sub="4711"))
    assert "Logged in as 4711" in desk.log_in().out and desk.stored()["id"] == "4711"


def test_open_connections_do_not_keep_the_browser_out(desk):
    attempt = desk.begin()
    port = urllib.parse.urlsplit(attempt.asked["redirect_uri"]).port
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            idle.sendall(b"GET /?")
        assert attempt.consent().status == 200
        assert attempt.finish().status == 0


# ---- logging out ----

def test_logout_revokes_and_forgets(desk):
    desk.log_in()
    token = desk.stored()["refresh_token"]
    result = desk.log_out()
    assert "revoked and forgotten" in result.out
    assert not desk.files_with(token)
    assert [r["status"] for r in desk.emulator.requests(origin="token", path="/revoke")] == [200]
    check_failed(desk.log_out(check=False), "there is no login")


def test_a_login_that_is_dead_already_can_be_forgotten(desk):
    desk.log_in()
    desk.emulator.revoke_tokens(refresh=True)
    assert "revoked and forgotten" in desk.log_out().out


def test_logout_forgets_although_the_service_is_away(desk):
    desk.log_in()
    desk.emulator.fault(origin="token", path="/revoke", action="reset")
    check_failed(desk.log_out(check=False), "is forgotten here, but it could not be revoked")
    check_failed(desk.log_out(check=False), "there is no login")


def test_logout_outlives_a_power_cut(desk, tmp_path):
    if not (BUILD / "tests/preload/libbad-disk.so").exists():
        pytest.skip("not built with sanitizers")
    desk.log_in()
    token = desk.stored()["refresh_token"]
    disk = BadDisk(BUILD, tmp_path, desk.config())
    desk.env = {**desk.env, **disk.env(power=True)}
    assert "revoked and forgotten" in desk.log_out().out
    disk.cut()
    disk.close()
    assert not desk.files_with(token)


def test_revoking_goes_where_the_client_file_says(desk, run):
    with Emulator(["--people", "1"], program=PEOPLE_EMULATOR) as other:
        desk.client = desk.client_file(revoke_uri=other.ready["revoke_uri"])
        desk.log_in()
        desk.log_out()
        assert len(other.requests(origin="token", path="/revoke")) == 1
    assert not desk.emulator.requests(origin="token", path="/revoke")


def test_what_is_stored_is_json(desk):
    desk.log_in()
    assert json.loads((desk.config() / "client.json").read_text()) == json.loads(desk.client.read_text())
