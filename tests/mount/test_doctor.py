"""contactfs doctor: each thing that can be wrong, alone, and what is said to do about it."""

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from conftest import CONTACTFS, PEOPLE_EMULATOR, SMALL_FACES
from emulator import Emulator
from eventually import eventually
from json_answers import JsonHandler
from namespace import Namespace
from test_cli import write_credentials

CHECKS = ["device", "fusermount3", "allow-other", "keyring", "client", "folders", "mounts", "network", "certificate", "clock",
          "credentials", "token", "api", "permission"]
USER = 54321
NOBODY = 65534  # who has a name, as fusermount3 wants it

root_only = pytest.mark.skipif(os.getuid() != 0, reason="makes a mount namespace")


class Findings:
    """What doctor --json said."""

    def __init__(self, result):
        assert result.errors == "", result
        self.lines = json.loads(result.out)
        self.states = {line["check"]: line["state"] for line in self.lines}
        self.words = {line["check"]: line["text"] for line in self.lines}
        self.bad = [line["check"] for line in self.lines if line["state"] == "bad"]
        assert result.status == (1 if self.bad else 0), result


@pytest.fixture
def home(tmp_path):
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def service(emulator):
    return ["--api-url", emulator.api_url, "--token-command", f"echo {emulator.token}"]


@pytest.fixture
def doctor(run, home):
    def call(*words, env=None, inside=None):
        env = {"HOME": str(home), **(env or {})}
        return Findings((inside or run)(CONTACTFS, "doctor", "--json", *words, env=env, check=False))
    return call


@pytest.fixture
def namespace(run):
    made = []

    def make(setup):
        made.append(Namespace(run, setup))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def open_home():
    """A home that an ordinary user may enter, and the program in it."""
    folder = Path(tempfile.mkdtemp(prefix="contactfs-doctor-"))
    folder.chmod(0o755)
    shutil.copy(CONTACTFS, folder / "contactfs")
    (folder / "home").mkdir()
    os.chown(folder / "home", USER, USER)
    yield folder
    shutil.rmtree(folder)


# ---- all is well ----

def test_all_is_well(doctor, service, run, home, emulator):
    found = doctor(*service)
    others = [name for name in found.bad if name != "mounts"]  # somebody else's tests may have dead mounts just now
    assert others == [] and list(dict.fromkeys(line["check"] for line in found.lines)) == CHECKS
    assert {"device", "fusermount3", "folders", "network", "clock", "credentials", "token", "api", "permission"} <= {
        name for name, state in found.states.items() if state == "good"}
    assert list(home.iterdir()) == [], "it only looks"
    assert all(request["method"] == "GET" for request in emulator.requests())
    result = run(CONTACTFS, "doctor", *service, env={"HOME": str(home)}, check=False)
    *lines, total = result.out.splitlines()
    bad = [line for line in lines if line.startswith("BAD ")]
    assert total == {0: "no problems", 1: "1 problem"}.get(len(bad), f"{len(bad)} problems")
    assert len(lines) >= len(CHECKS) and all(line.startswith(("ok ", "-  ", "BAD ")) for line in lines)
    assert "\033" not in result.out and emulator.token not in result.out


def test_marks_on_a_terminal(run, service, home):
    try:
        for end in os.openpty():
            os.close(end)
    except OSError:
        pytest.skip("no terminal to be had here")
    result = run("script", "--quiet", "--command", " ".join(f"'{word}'" for word in [CONTACTFS, "doctor", *service]), "/dev/null",
                 env={"HOME": str(home)}, check=False)
    assert "✓" in result.out and "BAD" not in result.out


@pytest.mark.parametrize("words", [["folder"], ["--read-only"], ["--timeout", "0"], ["--account", "../x"], ["--nonsense"]])
def test_wrong_usage(run, home, words):
    result = run(CONTACTFS, "doctor", *words, env={"HOME": str(home)}, check=False)
    assert result.status == 2 and result.out == "" and result.errors.startswith("contactfs: ")


def test_help(run):
    out = run(CONTACTFS, "doctor", "--help").out
    assert "--json" in out and "--account" in out and "--token-command" in out and "--read-only" not in out


# ---- this computer ----

@root_only
def test_no_device(doctor, service, namespace):
    inside = namespace("mount -t tmpfs tmpfs /dev; mknod -m 666 /dev/null c 1 3")
    found = doctor(*service, inside=inside)
    assert "device" in found.bad and "modprobe fuse" in found.words["device"]


@root_only
def test_the_device_is_roots_alone(run, namespace, open_home):
    inside = namespace("mount -t tmpfs -o mode=755 tmpfs /dev; mknod -m 600 /dev/fuse c 10 229; mknod -m 666 /dev/null c 1 3")
    found = Findings(inside(open_home / "contactfs", "doctor", "--json", "--token-command", "false", user=USER,
                            env={"HOME": str(open_home / "home")}))
    assert "device" in found.bad and "chmod 666" in found.words["device"]


@root_only
@pytest.mark.parametrize("there", [False, True])
def test_fusermount(namespace, open_home, there):
    if there:
        shutil.copyfile(shutil.which("fusermount3"), open_home / "fusermount3")
        (open_home / "fusermount3").chmod(0o755)
    found = Findings(namespace("true")(
        "env", f"PATH={open_home}" if there else "PATH=/nonexistent", open_home / "contactfs", "doctor", "--json",
        "--token-command", "false", user=USER, env={"HOME": str(open_home / "home")}))
    assert "fusermount3" in found.bad
    assert ("chmod u+s" if there else "package fuse3") in found.words["fusermount3"]


@root_only
@pytest.mark.parametrize("allowed", [False, True])
def test_allow_other(namespace, open_home, allowed):
    (open_home / "fuse.conf").write_text("#user_allow_other\n" + "user_allow_other\n" * allowed)
    found = Findings(namespace(f"mount --bind {open_home}/fuse.conf /etc/fuse.conf")(
        open_home / "contactfs", "doctor", "--json", "--allow-other", "--token-command", "false", user=USER,
        env={"HOME": str(open_home / "home")}))
    assert found.states["allow-other"] == ("good" if allowed else "bad")
    assert allowed or "user_allow_other into /etc/fuse.conf" in found.words["allow-other"]


def test_no_keyring(doctor, service):
    assert doctor(*service).states["keyring"] == "skipped"


def test_a_keyring_that_hangs(doctor, service, tmp_path):
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "bus"))
        bus.listen()
        found = doctor(*service, env={"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/bus"})
    assert "keyring" in found.bad and "does not answer" in found.words["keyring"]


@pytest.mark.skipif(shutil.which("dbus-run-session") is None or shutil.which("gnome-keyring-daemon") is None,
                    reason="needs a keyring")
def test_a_keyring(run, home, tmp_path):
    (tmp_path / "runtime").mkdir(mode=0o700)
    line = f"printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; '{CONTACTFS}' doctor --json"
    result = run("dbus-run-session", "--", "/bin/sh", "-c", line, check=False,
                 env={"HOME": str(home), "XDG_RUNTIME_DIR": str(tmp_path / "runtime")})
    assert next(line for line in json.loads(result.out) if line["check"] == "keyring")["state"] == "good", result


def test_client_file(doctor, service, home):
    path = home / ".config/contactfs/office/client.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    found = doctor(*service, "--account", "office")
    assert "client" in found.bad and str(path) in found.words["client"]
    path.write_text(json.dumps({"installed": {
        "client_id": "x.apps.googleusercontent.com", "client_secret": "s", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token"}}))
    path.chmod(0o644)
    found = doctor(*service, "--account", "office")
    assert "client" in found.bad and f"chmod 600 {path}" in found.words["client"]
    path.chmod(0o600)
    assert doctor(*service, "--account", "office").states["client"] == "good"


def test_something_in_the_way_of_a_folder(doctor, service, home):
    (home / ".cache").mkdir()
    (home / ".cache/contactfs").write_text("a file")
    found = doctor(*service)
    assert "folders" in found.bad and "is in the way" in found.words["folders"]


@root_only
def test_a_folder_of_somebody_else(namespace, open_home):
    (open_home / "home/.local").mkdir(mode=0o755)
    found = Findings(namespace("true")(open_home / "contactfs", "doctor", "--json", "--token-command", "false", user=USER,
                                       env={"HOME": str(open_home / "home")}))
    assert "folders" in found.bad and "make it yours" in found.words["folders"]


@root_only
def test_a_full_disk(doctor, service, namespace, home):
    inside = namespace(f"mount -t tmpfs -o size=64k tmpfs {home}; head -c 65536 /dev/zero >{home}/full || true")
    found = doctor(*service, inside=inside)
    assert "folders" in found.bad and "is full" in found.words["folders"]


def test_a_dead_mount(doctor, contacts):
    os.kill(contacts.mount.pid, signal.SIGKILL)
    contacts.mount.wait_end()
    found = doctor("--api-url", contacts.emulator.api_url, "--token-command", f"echo {contacts.emulator.token}")
    assert "mounts" in found.bad
    assert any(str(contacts.path) in line["text"] and "contactfs unmount" in line["text"] for line in found.lines)


@root_only
@pytest.mark.parametrize("whose", ["root", "user"])
def test_mounts_of_others_are_not_ours(namespace, open_home, emulator, whose):
    """Alive or dead; nor is another kind of file system that is dead. Neither to doctor nor to status."""
    (open_home / "m").mkdir()
    for name in ("m", "home"):
        os.chown(open_home / name, NOBODY, NOBODY)
    (open_home / "other").mkdir()
    inside = namespace(f"exec 9<>/dev/fuse\nmount -i -t fuse.other -o "
                       f"fd=9,rootmode=40000,user_id={NOBODY},group_id={NOBODY},allow_other other {open_home}/other\nexec 9>&-")
    env = {"HOME": str(open_home / "home")}
    service = ["--api-url", emulator.api_url, "--token-command", f"echo {emulator.token}"]
    mounter, looker = (None, NOBODY) if whose == "root" else (NOBODY, None)
    (open_home / "fuse.conf").write_text("user_allow_other\n")
    inside("mount", "--bind", open_home / "fuse.conf", "/etc/fuse.conf")
    result = inside(open_home / "contactfs", "mount", "--allow-other", *service, open_home / "m", user=mounter,
                    env={"HOME": str(open_home / ("home" if mounter else "root"))})
    assert result.status == 0, result.errors
    pid = json.loads(inside("getfattr", "--only-values", "-n", "user.contactfs.status", open_home / "m").out)["pid"]
    result = inside(open_home / "contactfs", "status", "--json", user=looker, env=env)
    assert (result.status, result.out) == (0, "[]\n"), result  # though anybody may look into it
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: inside("stat", open_home / "m").status != 0)
    found = Findings(inside(open_home / "contactfs", "doctor", "--json", *service, user=looker, env=env))
    assert found.words["mounts"] == "nothing is mounted, and nothing was left behind"
    result = inside(open_home / "contactfs", "status", "--json", user=looker, env=env)
    assert (result.status, result.out) == (0, "[]\n"), result


# ---- the way to the service ----

def test_refused(doctor):
    found = doctor("--api-url", "http://127.0.0.1:9", "--token-command", "echo x")
    assert "network" in found.bad and "127.0.0.1" in found.words["network"]
    assert [found.states[name] for name in ("certificate", "clock", "api", "permission")] == ["skipped"] * 4


def test_no_such_host(doctor):
    found = doctor("--api-url", "https://nowhere.invalid", "--token-command", "echo x")
    assert "network" in found.bad and "nowhere.invalid" in found.words["network"]


def test_no_answer(doctor, service, emulator):
    emulator.fault("hang", times=-1)
    found = doctor(*service, "--timeout", "1")
    assert "network" in found.bad


@pytest.fixture
def tls(tmp_path):
    """An emulator whose certificate nobody vouches for."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                    key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    with Emulator([*SMALL_FACES, "--tls-cert", str(certificate), "--tls-key", str(key)], program=PEOPLE_EMULATOR,
                  ca=str(certificate)) as made:
        yield made, certificate


def test_certificate(doctor, tls):
    emulator, certificate = tls
    words = ["--api-url", emulator.api_url, "--token-command", f"echo {emulator.token}"]
    found = doctor(*words)
    assert "certificate" in found.bad and found.states["network"] == "good" and found.states["api"] == "skipped"
    assert "ca-certificates" in found.words["certificate"]
    found = doctor(*words, env={"SSL_CERT_FILE": str(certificate)})
    assert found.states["certificate"] == "good" and found.states["permission"] == "good"


class WrongClock(JsonHandler):
    def date_time_string(self, timestamp=None):
        return "Tue, 01 Jan 2019 00:00:00 GMT"

    def do_GET(self):
        self.answer(b"{}")


def test_clock(doctor):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), WrongClock) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = doctor("--api-url", f"http://127.0.0.1:{server.server_port}", "--token-command", "echo x")
        server.shutdown()
    assert "clock" in found.bad and "ahead" in found.words["clock"] and "set-ntp" in found.words["clock"]


# ---- who we are, and what we may do ----

def test_no_credentials(doctor, emulator):
    found = doctor("--api-url", emulator.api_url)
    assert "credentials" in found.bad and found.states["token"] == "skipped"
    assert "contactfs login --account default --client FILE" in found.words["credentials"]


def test_credentials_that_are_none(doctor, emulator, tmp_path):
    (tmp_path / "google.json").write_text("{}")
    found = doctor("--api-url", emulator.api_url, "--credentials", tmp_path / "google.json")
    assert "credentials" in found.bad and "google.json" in found.words["credentials"]


def test_relative_credentials(run, emulator, home, tmp_path):
    (tmp_path / "google.json").write_text("{}")
    result = run(CONTACTFS, "doctor", "--json", "--api-url", emulator.api_url, "--credentials", "google.json", cwd=tmp_path,
                 env={"HOME": str(home)}, check=False)
    assert str(tmp_path / "google.json") in Findings(result).words["credentials"]


def test_credentials_that_others_can_read(doctor, emulator, tmp_path):
    path = write_credentials(tmp_path / "google.json", emulator)
    path.chmod(0o644)
    found = doctor("--api-url", emulator.api_url, "--credentials", path)
    assert "credentials" in found.bad and f"chmod 600 {path}" in found.words["credentials"]
    path.chmod(0o600)
    found = doctor("--api-url", emulator.api_url, "--credentials", path)
    assert found.states["credentials"] == found.states["permission"] == "good"


def test_the_variable_that_names_credentials_is_named(doctor, emulator, tmp_path):
    (tmp_path / "damaged.json").write_text("{")
    for path in ("/nonexistent", tmp_path / "damaged.json"):
        found = doctor("--api-url", emulator.api_url, env={"GOOGLE_APPLICATION_CREDENTIALS": str(path)})
        assert "credentials" in found.bad
        assert f"GOOGLE_APPLICATION_CREDENTIALS names {path}" in found.words["credentials"]
    (tmp_path / "application_default_credentials.json").write_text("{")
    found = doctor("--api-url", emulator.api_url, env={"CLOUDSDK_CONFIG": str(tmp_path)})
    assert "gcloud's application default credentials" in found.words["credentials"]


def test_the_demo_needs_no_service(doctor, service):
    env = {"PATH": f"{Path(PEOPLE_EMULATOR).parent}:{os.environ['PATH']}"}
    found = doctor("--account", "demo", env=env)
    assert "sample people" in found.words["network"] and "needs none" in found.words["credentials"]
    assert not {"network", "credentials", "token", "permission"} & set(found.bad)
    assert found.states["others"] == "skipped" and not {"certificate", "clock", "token", "api"} & set(found.states), "one line for them all"
    assert doctor("--account", "demo", *service).states["permission"] == "good", "as --api-url says"


def test_problems_are_counted(run, home, emulator):
    result = run(CONTACTFS, "doctor", "--api-url", emulator.api_url, "--token-command", "exit 3", env={"HOME": str(home)}, check=False)
    *lines, total = result.out.splitlines()
    bad = sum(line.startswith("BAD ") for line in lines)
    assert bad > 0 and total == ("1 problem" if bad == 1 else f"{bad} problems")


def test_no_token(doctor, emulator):
    found = doctor("--api-url", emulator.api_url, "--token-command", "echo 'you must log in' >&2; exit 3")
    assert "token" in found.bad and "you must log in" in found.words["token"] and found.states["api"] == "skipped"


def test_a_token_that_takes_for_ever(doctor, emulator):
    found = doctor("--api-url", emulator.api_url, "--token-command", "tail -f /dev/null", "--timeout", "1")
    assert "token" in found.bad


def test_the_token_is_refused(doctor, emulator):
    found = doctor("--api-url", emulator.api_url, "--token-command", "echo wrong")
    assert "permission" in found.bad and found.states["token"] == "good"
    assert "wrong" not in found.words["permission"]


def refuse(emulator, message, reason):
    emulator.fault("status", path="/v1/people/me/connections", times=-1, status=403, body=json.dumps({"error": {
        "code": 403, "status": "PERMISSION_DENIED", "message": message, "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}]}}))


def test_api_not_enabled(doctor, service, emulator):
    link = "https://console.developers.google.com/apis/api/people.googleapis.com/overview?project=123"
    refuse(emulator, f"People API has not been used in project 123. Enable it by visiting {link} then retry.",
           "SERVICE_DISABLED")
    found = doctor(*service)
    assert "api" in found.bad and link in found.words["api"] and found.states["permission"] == "skipped"


def test_scope(doctor, service, emulator):
    refuse(emulator, "Request had insufficient authentication scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    found = doctor(*service)
    assert "permission" in found.bad and "scope" in found.words["permission"] and found.states["api"] == "good"


def test_the_service_fails(doctor, service, emulator):
    emulator.fault("status", path="/v1/people/me/connections", times=-1, status=503)
    assert "api" in doctor(*service, "--timeout", "1").bad
