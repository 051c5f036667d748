"""The program: what it says and how it ends when it is used as a command."""

import base64
import hashlib
import http.server
import json
import os
import re
import signal
import stat
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from conftest import CONTACTFS
from json_answers import JsonHandler
from processes import descendants, wait_readable

CLIENT = "client.apps.googleusercontent.com"
SECRET = "hush-hush-secret"
USAGE = 2
FAILED = 1


def assert_sentence(result, status, *words):
    """Nothing on stdout, and one line on stderr that holds each of words."""
    assert result.status == status, result
    assert result.out == "", result
    assert re.fullmatch(r"contactfs: [^\n]{20,}\n", result.errors), result
    for word in words:
        assert word in result.errors, result


def is_mounted(path):
    return any(line.split()[4] == str(path) for line in Path("/proc/self/mountinfo").read_text().splitlines())


def service(emulator, *options):
    return ["--api-url", emulator.api_url, "--token-command", f"echo {emulator.token}", *options]


# ---- usage ----

def test_help_and_version(cli):
    for words in (["--help"], ["mount", "--help"], ["demo", "--help"], ["status", "--help"], ["unmount", "--help"]):
        result = cli(*words)
        assert (result.status, result.errors) == (0, "") and "Usage" in result.out, result
    assert re.fullmatch(r"contactfs \d+\.\d+\S*\n", cli("--version").out)
    for option in ("account", "api-url", "token-command", "credentials", "read-only", "sync-interval", "timeout",
                   "upload-timeout", "cache-size", "writes-per-minute", "foreground", "verbose", "allow-other"):
        assert f"--{option}" in cli("mount", "--help").out


@pytest.mark.parametrize("words", [
    [], ["frobnicate"], ["mount"], ["mount", "a", "b"], ["mount", "--timeout", "soon", "m"], ["mount", "--nonsense", "m"],
    ["mount", "-o", "nonsense=1", "m"], ["mount", "--account", "../x", "m"], ["mount", "--cache-size", "12X", "m"],
    ["mount", "--read-only=no", "m"], ["unmount"], ["status", "a", "b"], ["demo", "--api-url", "https://x", "m"],
    ["login", "x"], ["logout", "x"], ["mount", "--edit", "m"],
    ["mount", "-o", "edit", "m"], ["mount", "--upload-timeout", "0", "m"],
])
def test_wrong_usage(cli, words):
    assert_sentence(cli(*words), USAGE)


def test_not_https(cli, folder):
    for url in ("http://example.com", "ftp://127.0.0.1/", "nonsense", "http://127.0.0.1@example.com/"):
        assert_sentence(cli("mount", "--api-url", url, "--token-command", "echo x", folder), USAGE, "https")
    assert not is_mounted(folder)


# ---- the mountpoint ----

def test_mountpoint_missing(cli, emulator, tmp_path):
    result = cli("mount", *service(emulator), tmp_path / "nowhere")
    assert_sentence(result, FAILED, str(tmp_path / "nowhere"), "mkdir")


def test_mountpoint_not_empty(cli, emulator, folder):
    (folder / "file").touch()
    assert_sentence(cli("mount", *service(emulator), folder), FAILED, "not empty")


def test_mountpoint_is_a_file(cli, emulator, tmp_path):
    (tmp_path / "file").touch()
    assert_sentence(cli("mount", *service(emulator), tmp_path / "file"), FAILED, "not a directory")


def test_mountpoint_busy(cli, contacts):
    result = cli("mount", *service(contacts.emulator), contacts.path)
    assert_sentence(result, FAILED, "mounted")
    assert os.listdir(contacts.path)


# ---- the service ----

def test_token_command_fails(cli, emulator, folder):
    result = cli("mount", "--api-url", emulator.api_url, "--token-command", "echo 'you must log in' >&2; exit 3", folder)
    assert_sentence(result, FAILED, "you must log in", "3")
    assert emulator.requests() == []


def test_token_command_says_nonsense(cli, emulator, folder):
    for command in ("true", "echo two words", "printf 'a\\nb'"):
        assert_sentence(cli("mount", "--api-url", emulator.api_url, "--token-command", command, folder), FAILED, "token")
    assert emulator.requests() == []


def test_unauthorized(cli, emulator, folder, tmp_path):
    result = cli("mount", "--api-url", emulator.api_url, "--token-command", f"echo x >> {tmp_path}/runs; echo wrong", folder)
    assert_sentence(result, FAILED)
    assert "wrong" not in result.errors
    assert (tmp_path / "runs").read_text() == "x\nx\n", "a 401 runs the token command once more, and no more"
    assert [r["status"] for r in emulator.requests()] == [401, 401]


def test_forbidden(cli, emulator, folder):
    emulator.fault("status", status=403, body=json.dumps({"error": {
        "code": 403, "status": "PERMISSION_DENIED",
        "message": "Request had insufficient authentication scopes."}}))
    assert_sentence(cli("mount", *service(emulator), folder), FAILED, "insufficient authentication scopes")


def test_service_disabled_shows_the_link(cli, emulator, folder):
    link = "https://console.developers.google.com/apis/api/people.googleapis.com/overview?project=123"
    emulator.fault("status", status=403, body=json.dumps({"error": {
        "code": 403, "status": "PERMISSION_DENIED",
        "message": f"People API has not been used in project 123 before or it is disabled. Enable it by visiting {link} "
                   "then retry.",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED",
                     "domain": "googleapis.com", "metadata": {"service": "people.googleapis.com"}}]}}))
    assert_sentence(cli("mount", *service(emulator), folder), FAILED, link)
    assert not is_mounted(folder)


def test_unreachable_and_nothing_cached(cli, emulator, folder):
    options = service(emulator)
    options[1] = "http://127.0.0.1:9"
    assert_sentence(cli("mount", *options, "--timeout", "600", folder), FAILED, "127.0.0.1")
    assert not is_mounted(folder)


def test_quota_of_the_first_listing(cli, emulator, folder):
    emulator.fault("status", status=429, body=json.dumps({"error": {
        "code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded for quota metric 'FBS quota limit exceeded'",
        "details": [{"@type": "type.googleapis.com/google.rpc.QuotaFailure",
                     "violations": [{"subject": "x", "description": "FBS quota limit exceeded"}]}]}}))
    assert_sentence(cli("mount", *service(emulator), folder), FAILED, "quota")


def test_interrupted_while_it_waits(cli, run, emulator, folder):
    emulator.fault("hang", path="/v1/people/me/connections")
    process = run.start(CONTACTFS, "mount", *service(emulator), "--timeout", "600", folder, env=cli.env, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE)
    emulator.wait_requests(1, path="/v1/people/me/connections")
    process.send_signal(signal.SIGINT)
    assert_sentence(run.finish(process), FAILED, "nterrupted")
    assert not is_mounted(folder)


def test_comes_back_when_usable(mount, emulator):
    emulator.fault("delay", path="/v1/people/me/connections", delay_ms=500)
    begun = time.monotonic()
    mounted = mount(emulator, foreground=False)
    assert time.monotonic() - begun >= 0.5
    assert len(os.listdir(mounted.path)) == mounted.status()["people"] > 0


# ---- options ----

def test_options_as_words(cli, emulator, folder):
    token = f"echo {emulator.token}"
    words = f"api_url={emulator.api_url},token-command={token},account=words,ro,timeout=7,cache-size=3M,noauto,_netdev"
    assert cli("mount", "-o", words, folder).status == 0
    status = json.loads(os.getxattr(folder, "user.contactfs.status"))
    assert (status["account"], status["read_only"], status["cache_limit"]) == ("words", True, 3 << 20)
    with pytest.raises(OSError, match="Read-only"):
        (folder / "Alice Smith/photo.jpg").write_bytes(b"x")
    assert cli("unmount", folder).status == 0
    assert not is_mounted(folder)


def test_called_by_the_mount_helper(cli, emulator, folder):
    words = f"rw,nosuid,nodev,api-url={emulator.api_url},token-command=echo {emulator.token}"
    result = cli("work", folder, "-o", words)
    assert (result.status, result.out, result.errors) == (0, "", "")
    assert json.loads(os.getxattr(folder, "user.contactfs.status"))["account"] == "work"
    assert cli("unmount", folder).status == 0


def test_mount_by_type(cli, run, emulator, folder, clean_env):
    """As fstab's users have it: mount(8), and the helper that it calls."""
    words = f"api-url={emulator.api_url},token-command=echo {emulator.token}"
    path = f"{Path(CONTACTFS).parent}:{clean_env['PATH']}:/usr/sbin:/sbin"
    calls = [["mount.fuse3", "default", folder, "-t", "fuse.contactfs", "-o", words]]
    if os.getuid() == 0:  # mount(8) has a PATH of its own, so that the program is named in full
        calls.append(["mount", "-t", "fuse", "-o", words, f"{CONTACTFS}#default", folder])
    for call in calls:
        result = run(*call, check=False, env=cli.env | {"PATH": path})
        assert result.status == 0, result
        assert (folder / "Alice Smith").is_dir()
        assert cli("unmount", folder).status == 0


def test_shown_by_source_and_type(contacts):
    line = next(words for line in Path("/proc/self/mountinfo").read_text().splitlines()
                if (words := line.split())[4] == str(contacts.path))
    assert line[-3:-1] == ["fuse.contactfs", "contactfs:default"]


def test_read_only(mount, emulator, faces, run):
    mounted = mount(emulator, "--read-only")
    photo = mounted.path / "Alice Smith/photo.jpg"
    assert photo.read_bytes()
    for attempt in (lambda: photo.write_bytes(b"x"), photo.unlink, lambda: photo.rename(photo.with_name("x")),
                    lambda: (photo.parent / "new.jpg").write_bytes(b"x")):
        with pytest.raises(OSError) as caught:
            attempt()
        assert caught.value.errno == 30  # EROFS
    result = run("cp", faces.face(1), photo, check=False)
    assert result.status == 1 and "Read-only" in result.errors
    assert not [r for r in emulator.requests() if r["mutation"]]


def test_relative_mountpoint_and_credentials(cli, emulator, folder):
    write_credentials(folder.parent / "google.json", emulator)
    result = cli("mount", "--api-url", emulator.api_url, "--credentials", "google.json", "contacts", cwd=folder.parent)
    assert result.status == 0, result
    assert (folder / "Alice Smith").is_dir()
    assert cli("unmount", "contacts", cwd=folder.parent).status == 0


# ---- credentials files ----

def refresh_token(emulator):
    """Logs in as a browser would."""
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    client = {"client_id": CLIENT, "redirect_uri": "http://127.0.0.1:1/"}
    query = client | {"response_type": "code", "scope": "https://www.googleapis.com/auth/contacts",
                      "code_challenge": challenge, "code_challenge_method": "S256"}
    answer = emulator.request("GET", f"{emulator.ready['auth_uri']}?{urlencode(query)}")
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    form = client | {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "client_secret": SECRET}
    answer = emulator.request("POST", emulator.ready["token_uri"], urlencode(form).encode(),
                              {"Content-Type": "application/x-www-form-urlencoded"})
    emulator.reset_requests()
    return answer.json()["refresh_token"]


def write_credentials(path, emulator, **more):
    path.write_text(json.dumps({
        "type": "authorized_user", "client_id": CLIENT, "client_secret": SECRET, "refresh_token": refresh_token(emulator),
        "token_uri": emulator.ready["token_uri"], **more}))
    path.chmod(0o600)
    return path


def test_refresh_is_shared_by_all_who_wait(mount, emulator, tmp_path):
    credentials = write_credentials(tmp_path / "google.json", emulator)
    mounted = mount(emulator, "--credentials", credentials)
    assert len(emulator.requests(origin="token")) == 1
    emulator.revoke_tokens()
    emulator.fault("delay", origin="token", delay_ms=300)
    # a photo that is gone asks for its person: many calls of the API at once
    emulator.fault("status", status=404, origin="photo", times=-1)
    people = [name for name in os.listdir(mounted.path) if "photo.jpg" in os.listdir(mounted.path / name)]
    processes = [subprocess.Popen(["cat", str(mounted.path / name / "photo.jpg")], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) for name in people]
    emulator.wait_requests(4, origin="api", method="GET", path="/v1/people/c*")
    emulator.clear_faults()
    for process in processes:
        process.wait(30)
    assert len(emulator.requests(origin="token")) == 2


@pytest.mark.emulator("--access-token-lifetime", "4")
def test_renewed_before_it_expires(mount, emulator, tmp_path):
    """Renewed when a quarter of its life is left, and no call is ever refused."""
    mounted = mount(emulator, "--sync-interval", "1", "--credentials", write_credentials(tmp_path / "google.json", emulator))
    emulator.wait_requests(3, origin="token", method="POST")
    assert [r["status"] for r in emulator.requests(origin="api") if r["status"] != 200] == []
    assert mounted.status()["credentials"] == f"authorized_user file {tmp_path / 'google.json'}"


def test_invalid_grant(cli, emulator, folder, tmp_path):
    credentials = write_credentials(tmp_path / "google.json", emulator)
    emulator.revoke_tokens(refresh=True)
    result = cli("mount", "--api-url", emulator.api_url, "--credentials", credentials, folder)
    assert_sentence(result, FAILED, "log in again")
    assert SECRET not in result.errors and "1//" not in result.errors
    assert emulator.requests(origin="api") == []


def test_invalid_grant_later(mount, emulator, tmp_path, faces):
    mounted = mount(emulator, "--sync-interval", "1", "--credentials", write_credentials(tmp_path / "google.json", emulator))
    emulator.revoke_tokens(refresh=True)
    mounted.await_text("log in again")
    photo = mounted.path / "Alice Smith/photo.jpg"
    assert photo.read_bytes(), "pictures need no login"
    with pytest.raises(PermissionError):
        photo.write_bytes(faces.face_bytes(1))
    assert "log in again" in mounted.error("Alice Smith")
    assert "log in again" in mounted.status()["last_error"]


class Recorder(JsonHandler):
    """A service with nobody in it, which remembers the headers it saw."""

    def do_GET(self):
        self.server.seen.append(dict(self.headers))
        self.answer(b'{"nextSyncToken": "x"}')


def test_quota_project(cli, emulator, folder, tmp_path):
    credentials = write_credentials(tmp_path / "google.json", emulator, quota_project_id="pays-for-it")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        server.seen = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        result = cli("mount", "--api-url", f"http://127.0.0.1:{server.server_port}", "--credentials", credentials, folder)
        assert result.status == 0, result
        assert os.listdir(folder) == []
        assert cli("unmount", folder).status == 0
        server.shutdown()
    assert [headers["X-Goog-User-Project"] for headers in server.seen][:1] == ["pays-for-it"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"type": "service_account"}', '{"installed": {}}',
                                     '{"type": "authorized_user"}'])
def test_credentials_that_are_none(cli, emulator, folder, tmp_path, content):
    (tmp_path / "google.json").write_text(content)
    result = cli("mount", "--api-url", emulator.api_url, "--credentials", tmp_path / "google.json", folder)
    assert_sentence(result, FAILED, "google.json")


def test_no_credentials(cli, folder):
    assert_sentence(cli("mount", folder), FAILED, "--credentials", "--token-command")


def test_application_default_credentials(cli, emulator, folder, tmp_path):
    credentials = write_credentials(tmp_path / "adc.json", emulator)
    result = cli("mount", "--api-url", emulator.api_url, folder, env={"GOOGLE_APPLICATION_CREDENTIALS": str(credentials)})
    assert result.status == 0, result
    assert cli("unmount", folder).status == 0
    gcloud = cli.home / ".config/gcloud"
    gcloud.mkdir(parents=True)
    credentials.rename(gcloud / "application_default_credentials.json")
    assert cli("mount", "--api-url", emulator.api_url, folder).status == 0
    assert cli("unmount", folder).status == 0


# ---- demo, status, unmount ----

def test_status(cli, contacts):
    result = cli("status", contacts.path)
    assert (result.status, result.errors) == (0, "")
    for word in (str(contacts.path), "default", "token command", "reachable"):
        assert word in result.out
    assert contacts.emulator.token not in result.out
    assert str(contacts.path) in cli("status").out


def test_status_of_what_is_none(cli, tmp_path):
    assert_sentence(cli("status", tmp_path), FAILED, "not a contactfs mount")
    assert_sentence(cli("status", tmp_path / "nowhere"), FAILED)
    assert_sentence(cli("unmount", tmp_path), FAILED, "not a contactfs mount")


def test_unmount_busy(cli, contacts):
    with open(contacts.path / "Alice Smith/photo.jpg", "rb") as photo:
        assert_sentence(cli("unmount", contacts.path), FAILED, "in use")
        assert photo.read(2) == b"\xff\xd8"
    assert contacts.mount.status()


def test_status_and_unmount_of_a_dead_mount(cli, contacts):
    os.kill(contacts.mount.pid, signal.SIGKILL)
    contacts.mount.wait_end()
    assert_sentence(cli("status", contacts.path), FAILED, "dead")
    result = cli("unmount", contacts.path)
    assert (result.status, result.errors) == (0, "")
    assert not is_mounted(contacts.path)


# ---- the end ----

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_it_cleanly(contacts, number):
    (contacts.path / "Alice Smith/photo.jpg").unlink()
    resource = contacts.resource("Alice Smith")
    contacts.mount.terminate(number)
    assert contacts.mount.exit_status == 0
    assert contacts.emulator.photo_bytes(resource) is None, "the deletion that waited is carried out"
    assert not is_mounted(contacts.path)


def test_fusermount_ends_it_cleanly(contacts, run):
    (contacts.path / "Alice Smith/photo.jpg").unlink()
    resource = contacts.resource("Alice Smith")
    run("fusermount3", "-u", contacts.path)
    contacts.mount.wait_end()
    assert contacts.mount.exit_status == 0
    assert contacts.emulator.photo_bytes(resource) is None


def test_unmount_waits_for_what_was_promised(contacts):
    resource = contacts.resource("Alice Smith")
    contacts.emulator.fault("delay", method="DELETE", delay_ms=700)
    (contacts.path / "Alice Smith/photo.jpg").unlink()
    contacts.mount.unmount()
    assert contacts.emulator.photo_bytes(resource) is None


def test_signal_while_an_upload_is_under_way(contacts, run, faces):
    contacts.emulator.fault("delay", method="PATCH", delay_ms=1000)
    copy = run.start("cp", faces.face(3), contacts.path / "Alice Smith/photo.jpg", stderr=subprocess.PIPE)
    resource = contacts.resource("Alice Smith")
    contacts.emulator.wait_requests(1, method="PATCH")
    os.kill(contacts.mount.pid, signal.SIGTERM)
    assert run.finish(copy).status == 0
    contacts.mount.wait_end()
    assert contacts.mount.exit_status == 0
    assert contacts.emulator.photo_bytes(resource) == faces.face_bytes(3)


@pytest.mark.options("--timeout", "600")
def test_second_signal_ends_it_with_open_files(contacts, run):
    contacts.emulator.fault("hang", origin="photo", times=-1)
    reader = run.start("cat", contacts.path / "Alice Smith/photo.jpg", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, origin="photo")
    os.kill(contacts.mount.pid, signal.SIGTERM)
    assert contacts.mount.hear()[0] == "STOPPING=1"
    os.kill(contacts.mount.pid, signal.SIGTERM)
    assert run.finish(reader).status == 1
    contacts.mount.wait_end()
    assert contacts.mount.exit_status == 0


def test_account_is_mounted_once(contacts, cli, folder):
    home = contacts.mount.env
    env = {name: home[name] for name in home if name.startswith("XDG_") or name == "HOME"}
    result = cli("mount", *service(contacts.emulator), folder, env=env)
    assert_sentence(result, FAILED, "default", "mounted already")
    assert cli("mount", *service(contacts.emulator, "--account", "other"), folder, env=env).status == 0
    assert cli("unmount", folder).status == 0


def test_stale_mount_is_repaired(contacts):
    os.kill(contacts.mount.pid, signal.SIGKILL)
    contacts.mount.wait_end()
    with pytest.raises(OSError):
        os.listdir(contacts.path)
    contacts.mount.start()
    assert "Alice Smith" in os.listdir(contacts.path)


def test_lazy_unmount_lets_open_files_finish(contacts, run, faces):
    resource = contacts.resource("Alice Smith")
    with open(contacts.path / "Alice Smith/photo.jpg", "wb") as photo:
        photo.write(faces.face_bytes(8))
        run("fusermount3", "-u", "-z", contacts.path)
    contacts.mount.wait_end()
    assert contacts.mount.exit_status == 0
    assert contacts.emulator.photo_bytes(resource) == faces.face_bytes(8)


# ---- secrets ----

def test_token_is_nowhere(mount, emulator, faces, run):
    mounted = mount(emulator, "--verbose", "--sync-interval", "1")
    (mounted.path / "Alice Smith/photo.jpg").write_bytes(faces.face_bytes(1))
    emulator.wait_requests(2, path="/v1/people/me/connections")
    secret = emulator.token.encode()
    pid = mounted.pid
    places = [mounted.log, Path(f"/proc/{pid}/cmdline"), Path(f"/proc/{pid}/environ")]
    places += [p for name in ("state", "cache", "data", "config") for p in (mounted.state / name).rglob("*") if p.is_file()]
    assert len(places) > 4
    for place in places:
        try:
            assert secret not in place.read_bytes(), place
        except PermissionError:  # not even whoever mounts may look into the process
            assert place.parts[1] == "proc" and os.getuid() != 0
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)
    for name in ("state", "cache", "data"):
        for path in (mounted.state / name / "contactfs").rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_verbose_says_more(mount, emulator):
    mounted = mount(emulator, "--verbose")
    mounted.unmount()
    assert "info: " in mounted.text()


def test_terminated_before_ready_leaves_nothing(cli, run, emulator, folder):
    emulator.fault("hang", path="/v1/people/me/connections")
    process = run.start(CONTACTFS, "mount", *service(emulator), folder, env=cli.env, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)
    emulator.wait_requests(1, path="/v1/people/me/connections")
    children = [os.pidfd_open(p) for p in descendants(process.pid)]
    assert len(children) == 1
    process.kill()
    process.wait()
    for child in children:
        assert wait_readable([child], 10), "the daemon outlived the command that started it"
        os.close(child)
    assert not is_mounted(folder)
