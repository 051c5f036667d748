"""contactfs login: the browser's way, the terminal's way, and every refusal with its sentence. Without a keyring here;
with one in test_keyring.py, and what mounts make of a login in test_stored_login.py and test_principal.py."""

import json
import re
import signal
import socket
import stat

import pytest

from conftest import CONTACTFS, desk_without_keyring as desk
from logins import CONTACTS, SECRET_CLIENT, check_failed


def check_nothing_kept(desk):
    assert not (desk.config() / "login.json").exists() and not (desk.config() / "client.json").exists()


def test_the_whole_way(desk):
    attempt = desk.begin()
    asked = attempt.asked
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", asked["redirect_uri"])
    assert asked["scope"] == f"openid email {CONTACTS}" and asked["response_type"] == "code"
    assert asked["access_type"] == "offline" and asked["prompt"] == "consent"
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43 and len(asked["state"]) >= 43
    page = attempt.consent()
    assert page.status == 200 and b"You are logged in" in page.body
    result = attempt.finish()
    assert result.status == 0 and result.errors == ""
    assert "Logged in as you@example.com" in result.out and "contactfs mount FOLDER" in result.out
    assert result.out.count("the login is in a file instead") == 1, "there is no keyring here"
    assert "keyring" not in desk.log_in().out, "said once"
    desk.log_out()
    assert "the login is in a file instead" in desk.log_in().out


def test_the_file_is_for_its_owner_alone(desk):
    desk.log_in()
    folder = desk.config()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    assert CONTACTS in desk.stored()["scope"].split()
    assert set(desk.files_with(SECRET_CLIENT)) == {desk.client, folder / "client.json", folder / "login.json"}
    assert desk.files_with(desk.stored()["refresh_token"]) == [folder / "login.json"]


def test_each_attempt_has_its_own_secrets(desk):
    first, second = desk.begin(), desk.begin()
    for name in ("state", "code_challenge", "redirect_uri"):
        assert first.asked[name] != second.asked[name]
    for attempt in (first, second):
        attempt.consent()
        assert attempt.finish().status == 0


def test_the_client_file_is_remembered(desk):
    desk.log_in()
    desk.client.unlink()
    attempt = desk.start()
    attempt.await_browser()
    attempt.consent()
    assert attempt.finish().status == 0


def test_the_first_login_says_how_to_get_a_client_file(desk):
    result = desk.start("--account", "work").finish()
    check_failed(result, "needs a client file: contactfs login --account work --client FILE")
    assert "man contactfs" in result.errors and "docs/" not in result.errors


def test_accounts_are_apart(desk):
    desk.log_in("--account", "work")
    assert not desk.config().exists()
    result = desk.log_in()
    assert desk.stored()["refresh_token"] != desk.stored("work")["refresh_token"]
    assert "--account" not in result.out
    check_failed(desk.log_out("--account", "third", check=False), "no login of the account")


# ---- the page ----

def test_the_page_keeps_to_itself(desk):
    attempt = desk.begin()
    page = attempt.consent()
    assert attempt.finish().status == 0
    text = page.body.decode()
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "prefers-color-scheme: dark" in text and 'lang="en"' in text and 'role="status"' in text
    assert not re.search(r"(?:src|href)=\"(?!data:)", text) and "http" not in text and "<script" not in text


def test_the_page_escapes_what_comes_from_outside(desk):
    desk.emulator.consent(account="<script>alert(1)</script> & Co@example.com")
    attempt = desk.begin()
    page = attempt.consent().body.decode()
    assert attempt.finish().status == 0
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co@example.com" in page and "<script" not in page


def test_the_page_of_a_failure(desk):
    desk.emulator.consent(deny=True)
    attempt = desk.begin()
    page = attempt.consent()
    assert b"The login did not work" in page.body and b"refused on the consent page" in page.body
    assert attempt.finish().status == 1


# ---- what else may come to the port ----

@pytest.mark.parametrize("path, headers", [
    ("/favicon.ico", {}), ("/", {}), ("/?", {}), ("/?x=y", {}), ("/else?code=c&state=s", {}), ("//?code=c", {}),
    ("/?code=c&state=%s", {"Host": "localhost:{port}"}), ("/?code=c&state=%s", {"Host": "evil.example"})])
def test_other_requests_are_not_found(desk, path, headers):
    attempt = desk.begin()
    path = path.replace("%s", attempt.asked["state"])
    headers = {name: value.format(port=attempt.port) for name, value in headers.items()}
    assert attempt.visit(f"http://127.0.0.1:{attempt.port}{path}", headers=headers).status == 404
    attempt.consent()
    assert attempt.finish().status == 0


@pytest.mark.parametrize("bytes_sent", [b"", b"GET", b"GET /?code=1&state=1 HTTP/1.1\r\n", b"\0\r\n\r\n", b"\r\n\r\n",
                                        b"GET /?a\0b HTTP/1.1\r\nHost: x\r\n\r\n", b"x" * 40000,
                                        b"POST /?code=c&state=s HTTP/1.1\r\n\r\n"])
def test_nonsense_does_not_end_it(desk, bytes_sent):
    attempt = desk.begin()
    with socket.create_connection(("127.0.0.1", attempt.port)) as connection:
        connection.sendall(bytes_sent)
        attempt.consent()
        assert attempt.finish().status == 0


def test_nobody_listens_elsewhere(desk):
    attempt = desk.begin()
    with socket.socket() as other:
        with pytest.raises(OSError):
            other.connect(("127.0.0.2", attempt.port))
    attempt.consent()
    assert attempt.finish().status == 0


@pytest.mark.parametrize("query", [{"code": "c", "state": "another"}, {"code": "c"}, {"error": "access_denied", "state": "x"},
                                   {"error": "access_denied"}, {"code": "c", "state": ""}])
def test_another_state_is_refused_and_ends_nothing(desk, query):
    attempt = desk.begin()
    page = attempt.reply(**query)
    assert page.status == 400 and b"belongs to another login" in page.body
    attempt.consent()
    result = attempt.finish()
    assert result.status == 0 and "answer to another login came and was not taken" in result.errors
    assert not [r for r in desk.emulator.requests(origin="token") if r["path"] == "/token" and r["status"] != 200]


# ---- on the terminal ----

def paste(desk, lines):
    """contactfs login --no-browser, and lines pasted: a function of the redirect address each, or text."""
    attempt = desk.start("--client", desk.client, "--no-browser")
    attempt.await_address()
    address = attempt.redirect()
    text = "".join((line if isinstance(line, str) else line(address)) + "\n" for line in lines)
    return attempt.finish(input=text.encode())


@pytest.mark.parametrize("part", [lambda address: address, lambda address: f"  {address}  ",
                                  lambda address: address.partition("?")[2], lambda address: "?" + address.partition("?")[2]])
def test_the_address_may_be_pasted(desk, part):
    result = paste(desk, [part])
    assert result.status == 0 and result.errors == "", result
    assert "Opening" not in result.out


def test_what_is_pasted_is_looked_at(desk):
    result = paste(desk, ["", "yes", "http://127.0.0.1:1/?code=c&state=wrong", lambda address: address])
    assert result.status == 0
    assert "this is not the address" in result.errors and "to another login" in result.errors


def test_the_browser_may_come_although_the_address_was_printed(desk):
    attempt = desk.start("--client", desk.client, "--no-browser")
    attempt.await_address()
    attempt.process.stdin.close()
    attempt.process.stdin = None
    assert b"a browser on this computer can still finish the login" in attempt.process.stderr.readline()
    attempt.consent()
    assert attempt.finish().status == 0


def test_without_a_browser_the_address_may_be_pasted(desk):
    (desk.folder / "bin/xdg-open").write_text("#!/bin/sh\nexit 3\n")
    attempt = desk.start("--client", desk.client)
    attempt.await_address()
    assert b"cannot be opened" in attempt.process.stderr.readline()
    result = attempt.finish(input=attempt.redirect().encode() + b"\n")
    assert result.status == 0 and "Open the address above" in result.out
    assert attempt.url not in result.out, "once is enough"


def test_without_a_browser_and_without_input(desk):
    (desk.folder / "bin/xdg-open").write_text("#!/bin/sh\nexit 3\n")
    result = desk.start("--client", desk.client, "--timeout", "1").finish()
    check_failed(result, "no answer came from the consent page")
    assert "cannot be opened" in result.errors and "the input is at its end" in result.errors


# ---- refusals ----

def test_denied(desk):
    desk.emulator.consent(deny=True)
    attempt = desk.begin()
    attempt.consent()
    check_failed(attempt.finish(), "was refused on the consent page")
    check_nothing_kept(desk)


def test_unticked(desk):
    desk.emulator.consent(scope="openid email")
    attempt = desk.begin()
    page = attempt.consent()
    assert b"tick the box" in page.body
    check_failed(attempt.finish(), "did not grant access to the contacts")
    check_nothing_kept(desk)


def test_another_refusal_of_the_authorization_server(desk):
    attempt = desk.begin()
    attempt.reply(error="org_internal", error_description="Only\x1b[31m people of Example Inc.", state=attempt.asked["state"])
    result = attempt.finish()
    check_failed(result, "people of Example Inc.")
    assert "\x1b" not in result.errors


@pytest.mark.parametrize("answer, words", [
    ({"error": "invalid_client", "error_description": "The OAuth client was not found."}, "does not take this client"),
    ({"error": "redirect_uri_mismatch"}, "make one of the type “Desktop app”"),
    ({"error": "invalid_grant", "error_description": "Malformed auth code."}, "takes the code of this login no more"),
    ({"error": "admin_policy_enforced"}, "admin_policy_enforced"), ("<html>", "HTML")])
def test_the_token_endpoint_refuses(desk, answer, words):
    desk.emulator.fault(origin="token", path="/token", action="status", status=400, body=answer)
    attempt = desk.begin()
    attempt.consent()
    check_failed(attempt.finish(), words)
    check_nothing_kept(desk)


def test_no_refresh_token(desk):
    desk.emulator.fault(origin="token", path="/token", action="status", status=200,
                        body={"access_token": "x", "expires_in": 3599, "scope": CONTACTS, "token_type": "Bearer"})
    attempt = desk.begin()
    attempt.consent()
    check_failed(attempt.finish(), "no refresh token")
    check_nothing_kept(desk)


def test_the_token_endpoint_is_out_of_reach(desk):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        desk.client = desk.client_file(token_uri=f"http://127.0.0.1:{closed.getsockname()[1]}/token")
        attempt = desk.begin()
        attempt.consent()
        check_failed(attempt.finish(), "127.0.0.1")
    check_nothing_kept(desk)


def test_the_consent_page_is_closed(desk):
    attempt = desk.begin("--timeout", "1")
    check_failed(attempt.finish(), "no answer came from the consent page within 1 seconds")
    check_nothing_kept(desk)


def test_only_a_wrong_state_came(desk):
    attempt = desk.begin("--timeout", "2")
    attempt.reply(code="c", state="wrong")
    check_failed(attempt.finish(), "only one to another login (a wrong state)")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted(desk, number):
    attempt = desk.begin()
    attempt.process.send_signal(number)
    check_failed(attempt.finish(), "interrupted: nothing was changed")
    check_nothing_kept(desk)


def test_no_port(desk):
    desk.env["ASAN_OPTIONS"] = "detect_leaks=0"
    attempt = desk.start("--client", desk.client, wrapper=["strace", "-f", "-o", desk.folder / "strace", "-e",
                                                           "inject=bind:error=EADDRINUSE"])
    check_failed(attempt.finish(), "no port can be opened on 127.0.0.1")


@pytest.mark.parametrize("text, words", [
    ('{"web": {"client_id": "x"}}', "type “Desktop app”"), ('{"type": "service_account"}', "service account"),
    ('{"type": "authorized_user"}', "is a login already"), ("hello", "is not JSON"), ("[]", "is not a client file"),
    ('{"installed": {}}', "lacks “client_id”"), (None, "No such file")])
def test_clients_of_the_wrong_type(desk, text, words):
    path = desk.folder / "other.json"
    if text is not None:
        path.write_text(text)
    result = desk.start("--client", path).finish()
    check_failed(result, words)
    assert "other.json" in result.errors


@pytest.mark.parametrize("name", ["auth_uri", "token_uri", "revoke_uri"])
def test_secrets_travel_to_safe_places_only(desk, name):
    path = desk.client_file(name="unsafe.json", **{name: "http://192.0.2.1/x"})
    check_failed(desk.start("--client", path).finish(), f"the {name} of the client file")


@pytest.mark.parametrize("options", [["--timeout", "0"], ["--timeout", "x"], ["--account", "../x"], ["more"], ["--what"],
                                     ["--api-url", "http://example.com"]])
def test_wrong_usage(desk, options):
    result = desk.start(*options, api_url=False).finish()
    assert result.status == 2 and result.errors.startswith("contactfs: "), result


def test_a_pattern_that_fits_two_client_files(desk):
    result = desk.start("--client", desk.client, desk.client_file(name="client_secret_2.json")).finish()
    assert result.status == 2 and "one client file is wanted" in result.errors and "client_secret_2.json" in result.errors


def test_somebody_else_by_a_slip(desk):
    desk.log_in()
    before = desk.stored()
    desk.emulator.consent(account="other@example.com")
    attempt = desk.begin()
    assert b"other@example.com" in attempt.consent().body
    check_failed(attempt.finish(), "choose another name with --account NAME")
    assert desk.stored() == before


def begin_without_address(desk, *options):
    """As sentences and the documentation have it: contactfs login --account default."""
    attempt = desk.start(*options, api_url=False)
    attempt.await_browser()
    return attempt


def test_the_next_login_looks_at_the_same_service(desk):
    desk.log_in()
    before = desk.stored()
    desk.emulator.reset_requests()
    attempt = begin_without_address(desk, "--account", "default")
    attempt.consent()
    result = attempt.finish()
    assert result.status == 0 and "Logged in as you@example.com" in result.out and result.errors == ""
    assert desk.stored()["generation"] != before["generation"] and desk.stored()["id"] == before["id"]
    assert [r["path"] for r in desk.emulator.requests(origin="api")] == ["/v1/people/me/connections"]


def test_another_authorization_servers_token_is_not_shown_to_google(desk, tmp_path):
    """Without --api-url Google would be asked for the contacts."""
    trace = tmp_path / "trace"
    desk.env["ASAN_OPTIONS"] = "detect_leaks=0"  # which would trace the process itself
    wrapper = ["strace", "-f", "-e", "trace=connect,sendto,sendmmsg", "-o", trace]
    attempt = desk.start("--client", desk.client, api_url=False, wrapper=wrapper)
    attempt.await_browser()
    attempt.consent()
    result = attempt.finish()
    assert result.status == 0 and result.errors == ""
    assert "people" not in trace.read_text(), "not even its name is looked up"
    assert not desk.emulator.requests(origin="api")


def test_nor_do_a_mount_and_doctor_show_it_to_google(desk, run, tmp_path):
    """The login does not say which service it is for, and Google's is not the one."""
    attempt = begin_without_address(desk, "--client", desk.client)
    attempt.consent()
    assert attempt.finish().status == 0
    folder = tmp_path / "contacts"
    folder.mkdir()
    desk.emulator.reset_requests()
    result = run(CONTACTFS, "mount", folder, env=desk.env, check=False)
    assert result.status == 1 and "say with --api-url URL which service they are for" in result.errors
    told = json.loads(run(CONTACTFS, "doctor", "--json", env=desk.env, check=False).out)
    bad = [one["check"] for one in told if one["state"] == "bad" and one["check"] != "mounts"]  # others may have dead ones
    assert bad == ["network"]
    assert not desk.emulator.requests(), "not even a token is asked for"


def test_the_api_is_not_enabled(desk):
    link = "https://console.developers.google.com/apis/api/people.googleapis.com/overview?project=1"
    desk.emulator.fault(path="/v1/people/me/connections", action="status", status=403, times=-1, body={"error": {
        "code": 403, "status": "PERMISSION_DENIED", "message": f"People API has not been used in project 1 before or it is "
        f"disabled. Enable it by visiting {link} then retry.", "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED", "domain": "googleapis.com",
            "metadata": {"activationUrl": link}}]}})
    attempt = desk.begin()
    attempt.consent()
    result = attempt.finish()
    assert result.status == 0 and "the login is kept, but the contacts cannot be had yet" in result.errors
    assert link in result.errors
    assert "Next:" not in result.out, "a mount would say the same"
    assert "refresh_token" in desk.stored()


def test_a_client_file_that_cannot_be_remembered(desk):
    """The login itself holds what mounts need of it."""
    (desk.config() / "client.json").mkdir(parents=True)
    attempt = desk.begin()
    attempt.consent()
    result = attempt.finish()
    assert result.status == 0 and "the next login needs --client again" in result.errors
    assert "cannot be kept" not in result.errors
    assert desk.stored()["refresh_token"] and "Logged in as" in result.out
