"""Service accounts, credentials files that end and are replaced, and which of several credentials is used."""

import http.server
import json
import os
import threading
from urllib.parse import parse_qs

import pytest

import assertions
from conftest import CONTACTFS, PEOPLE_EMULATOR, SMALL_FACES, check_service
from emulator import Emulator
from eventually import eventually
from json_answers import JsonHandler
from mounts import MountFailed, xdg_folders
from test_cli import SECRET, write_credentials

SUBJECT = "alice@example.com"
ACTIVATION = "https://console.developers.google.com/apis/api/people.googleapis.com/overview?project=123"


@pytest.fixture
def robot(tmp_path):
    """The key file of the emulator's service account."""
    return tmp_path / "robot.json"


@pytest.fixture
def emulator(robot):
    with Emulator([*SMALL_FACES, "--service-account", robot], program=PEOPLE_EMULATOR) as service:
        yield service
        check_service(service, may_refuse=False)


def fails(mount, emulator, *options, **more):
    """The sentence of a mount that does not come about."""
    with pytest.raises(MountFailed) as failure:
        mount(emulator, *options, **more)
    assert failure.value.status == 1
    return failure.value.text


def token_requests(emulator):
    return len(emulator.requests(origin="token"))


# ---- service accounts ----

def test_service_account(mount, emulator, robot, faces):
    mounted = mount(emulator, "--credentials", robot, "--subject", SUBJECT)
    photo = mounted.path / "Alice Smith/photo.jpg"
    photo.write_bytes(faces.face_bytes(1))
    assert emulator.photo_bytes(emulator.find("Alice Smith")) == faces.face_bytes(1)
    email = json.loads(robot.read_text())["client_email"]
    assert mounted.status()["credentials"] == f"service account {email} for {SUBJECT}, file {robot}"
    assert token_requests(emulator) == 1
    emulator.revoke_tokens()
    photo.write_bytes(faces.face_bytes(2))
    assert token_requests(emulator) == 2


class TokenEndpoint(JsonHandler):
    """Gives tokens for what openssl finds signed."""

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        assert form["grant_type"] == [assertions.GRANT_TYPE]
        self.server.seen.append(assertions.verify(self.server.account, form["assertion"][0]))
        self.server.emulator.add_token("independent")
        self.answer(b'{"access_token": "independent", "expires_in": 3599, "token_type": "Bearer"}')


def test_signature_is_checked_independently(mount, emulator, robot):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), TokenEndpoint) as server:
        account = json.loads(robot.read_text()) | {"token_uri": f"http://127.0.0.1:{server.server_port}/token"}
        server.account, server.emulator, server.seen = account, emulator, []
        robot.write_text(json.dumps(account))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mounted = mount(emulator, "-o", f"credentials={robot},subject={SUBJECT}")
        assert "Alice Smith" in os.listdir(mounted.path)
        server.shutdown()
    (header, claims), = server.seen
    assert header == {"alg": "RS256", "typ": "JWT", "kid": account["private_key_id"]}
    assert claims.pop("exp") - claims.pop("iat") == 3600
    assert claims == {"iss": account["client_email"], "sub": SUBJECT, "scope": assertions.CONTACTS, "aud": account["token_uri"]}
    assert token_requests(emulator) == 0


def test_delegation_is_missing_and_then_granted(mount, emulator, robot):
    emulator.delegate(False)
    text = fails(mount, emulator, "--credentials", robot, "--subject", SUBJECT)
    for words in ("admin.google.com", json.loads(robot.read_text())["client_id"], assertions.CONTACTS):
        assert words in text
    emulator.delegate(True)
    mount(emulator, "--credentials", robot, "--subject", SUBJECT)


def test_clock_is_late(mount, emulator, robot):
    emulator.advance(7200)
    assert "clock is wrong" in fails(mount, emulator, "--credentials", robot, "--subject", SUBJECT)


def test_subject_is_needed_and_must_exist(mount, emulator, robot):
    assert "--subject EMAIL" in fails(mount, emulator, "--credentials", robot)
    assert "nobody@example.com" in fails(mount, emulator, "--credentials", robot, "--subject", "nobody@example.com")
    assert emulator.requests(origin="api") == []


def test_another_subject_is_another_person(mount, emulator, robot, faces, tmp_path):
    """One that was mistyped, and of whom there never was a token, is nobody yet."""
    home = {"state": tmp_path / "home"}
    assert "nobody@example.com" in fails(mount, emulator, "--credentials", robot, "--subject", "nobody@example.com", **home)
    mounted = mount(emulator, "--credentials", robot, "--subject", SUBJECT, **home)
    photo = mounted.path / "Alice Smith" / "photo.jpg"
    photo.write_bytes(faces.face_bytes(1))
    mounted.unmount()
    text = fails(mount, emulator, "--credentials", robot, "--subject", "bob@example.com", **home)
    for words in (f"is that of {SUBJECT}", "those of bob@example.com", "--account NAME", "contactfs logout --account"):
        assert words in text
    mounted.start()
    assert os.listdir(photo.parent / ".previous")


def test_subject_is_not_for_logins(mount, emulator, tmp_path):
    credentials = write_credentials(tmp_path / "google.json", emulator)
    assert "service_account" in fails(mount, emulator, "--credentials", credentials, "--subject", SUBJECT)


def test_nothing_secret_is_written(mount, emulator, robot, faces):
    mounted = mount(emulator, "--verbose", "--credentials", robot, "--subject", SUBJECT)
    (mounted.path / "Alice Smith/photo.jpg").write_bytes(faces.face_bytes(1))
    emulator.revoke_tokens()
    emulator.fault("status", origin="token", status=503)
    (mounted.path / "Alice Smith/photo.jpg").write_bytes(faces.face_bytes(2))
    key_lines = json.loads(robot.read_text())["private_key"].splitlines()[1:-1]
    secrets = [b"PRIVATE KEY", b"ya29.", b"eyJ", *(line.encode() for line in key_lines)]
    places = [mounted.log, *(f"/proc/{mounted.pid}/{name}" for name in ("cmdline", "environ"))]
    places += [p for name in ("state", "cache", "data", "config") for p in (mounted.state / name).rglob("*") if p.is_file()]
    for place in places:
        try:
            content = open(place, "rb").read()
        except PermissionError:  # not even whoever mounts may look into the process
            assert str(place).startswith("/proc") and os.getuid() != 0
            continue
        assert not [secret for secret in secrets if secret in content], place


# ---- logins that end ----

def test_a_new_file_revives_the_mount(mount, emulator, tmp_path, faces):
    credentials = write_credentials(tmp_path / "google.json", emulator)
    mounted = mount(emulator, "--sync-interval", "1", "--credentials", credentials)
    photo = mounted.path / "Alice Smith/photo.jpg"
    photo.read_bytes()
    emulator.revoke_tokens(refresh=True)
    eventually(lambda: "expired or revoked" in (mounted.status()["last_error"] or ""))
    asked = token_requests(emulator)
    for number in range(3):
        with pytest.raises(PermissionError):
            photo.write_bytes(faces.face_bytes(number))
    assert token_requests(emulator) == asked, "a refused refresh token is not sent again"
    assert photo.read_bytes(), "what is cached can be read"
    for text in (mounted.error("Alice Smith"), mounted.text()):
        assert "Publish app" in text and "log in again" in text and str(credentials) in text
        assert SECRET not in text and "1//" not in text

    write_credentials(tmp_path / "new.json", emulator).rename(credentials)
    photo.write_bytes(faces.face_bytes(5))
    assert emulator.photo_bytes(emulator.find("Alice Smith")) == faces.face_bytes(5)
    assert mounted.error("Alice Smith") is None
    emulator.rename_person(emulator.find("Alice Smith"), "Alice", "Anew")
    eventually(lambda: "Alice Anew" in os.listdir(mounted.path))


def test_trouble_at_the_token_endpoint_passes(mount, emulator, tmp_path, faces):
    mounted = mount(emulator, "--credentials", write_credentials(tmp_path / "google.json", emulator))
    emulator.revoke_tokens()
    emulator.fault("status", origin="token", status=503)
    emulator.fault("reset", origin="token")
    (mounted.path / "Alice Smith/photo.jpg").write_bytes(faces.face_bytes(1))
    assert "log in" not in mounted.text()


def test_token_endpoint_out_of_order(mount, emulator, tmp_path, faces):
    mounted = mount(emulator, "--upload-timeout", "4", "--credentials", write_credentials(tmp_path / "google.json", emulator))
    emulator.revoke_tokens()
    emulator.fault("status", origin="token", status=500, times=-1)
    with pytest.raises(OSError) as failure:
        (mounted.path / "Alice Smith/photo.jpg").write_bytes(faces.face_bytes(1))
    assert not isinstance(failure.value, PermissionError)
    assert "trouble" in mounted.error("Alice Smith") and "log in" not in mounted.error("Alice Smith")


def test_service_is_disabled_under_way(contacts, photo, faces):
    contacts.emulator.fault("status", status=403, method="PATCH", body=json.dumps({"error": {
        "code": 403, "status": "PERMISSION_DENIED", "message": "People API is disabled.",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED",
                     "metadata": {"activationUrl": ACTIVATION}}]}}))
    with pytest.raises(PermissionError):
        photo.write_bytes(faces.face_bytes(1))
    assert f"enable it at {ACTIVATION} ," in contacts.mount.error(contacts.person())


# ---- tokens that the service does not take ----

def envelope(code, status, message):
    return json.dumps({"error": {"code": code, "status": status, "message": message}})


REFUSED = {"status": 401, "body": envelope(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")}
NO_SCOPE = {"status": 403, "body": envelope(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")}


@pytest.fixture(params=["command", "given", "named", "gcloud", "robot"])
def kind(request, emulator, robot, tmp_path):
    """One kind of credentials: its options, its environment, and what is to be done about a token that is refused, and
    about one without the scope."""
    file = tmp_path / "application_default_credentials.json"
    write_credentials(file, emulator)
    file_words = (f"log in again with the program that wrote {file};",
                  f"log in again for the scope {assertions.CONTACTS} with the program that wrote {file};")
    gcloud = (f"gcloud auth application-default login --scopes=https://www.googleapis.com/auth/cloud-platform,"
              f"{assertions.CONTACTS} --client-id-file=CLIENT_FILE")
    return {
        "command": (["--token-command", f"echo {emulator.token}"], {},
                    ("the token command must print another one",
                     f"the token command must print a token with the scope {assertions.CONTACTS}")),
        "given": (["--credentials", file], {}, file_words),
        "named": ([], {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}, file_words),
        "gcloud": ([], {"CLOUDSDK_CONFIG": str(tmp_path)}, (gcloud, gcloud)),
        "robot": (["--credentials", robot, "--subject", SUBJECT], {},
                  (f"of {robot} is still there in the Google Cloud console", "Manage domain-wide delegation")),
    }[request.param]


def doctor_words(run, emulator, mounted, options):
    service = ["--api-url", emulator.api_url, *options]
    result = run(mounted.program, "doctor", "--json", *service, env=mounted.env, check=False)
    return next(line["text"] for line in json.loads(result.out) if line["check"] == "permission")


def test_what_to_do_about_a_token_that_is_refused(mount, emulator, kind, run, faces):
    """The one action that helps with these credentials, wherever the failure is told."""
    options, env, advice = kind
    mounted = mount(emulator, *options, env=env)
    for trouble, words in zip((REFUSED, NO_SCOPE), advice):
        emulator.fault("status", times=-1, origin="api", **trouble)
        with pytest.raises(PermissionError):
            (mounted.path / "Alice Smith/photo.jpg").write_bytes(faces.face_bytes(1))
        for told in (mounted.error("Alice Smith"), mounted.status()["last_error"], mounted.text(),
                     doctor_words(run, emulator, mounted, options)):
            assert words in told
            assert "log in" not in told or words.startswith(("log in", "gcloud")), told
        emulator.clear_faults()


@pytest.mark.parametrize("wrong", [["--credentials", "/nonexistent"], ["--token-command", "false"]], ids=["file", "command"])
def test_a_wrong_try_leaves_no_empty_folder(run, emulator, tmp_path, wrong):
    place = tmp_path / "place"
    place.mkdir()
    result = run(CONTACTFS, "mount", "--api-url", emulator.api_url, "--account", "mistyped", *wrong, place,
                 env=xdg_folders(tmp_path / "home"), check=False)
    assert result.status == 1
    assert [path for path in tmp_path.rglob("mistyped") if not any(path.iterdir())] == []


# ---- which of them ----

def test_quota_project_is_sent_to_the_api_alone(mount, emulator, tmp_path, faces):
    gcloud = tmp_path / "gcloud"
    gcloud.mkdir()
    write_credentials(gcloud / "application_default_credentials.json", emulator, quota_project_id="pays-for-it")
    mounted = mount(emulator, env={"CLOUDSDK_CONFIG": str(gcloud)})
    (mounted.path / "Alice Smith/photo.jpg").write_bytes(faces.face_bytes(1))
    (mounted.path / "Alice Smith/photo.jpg").read_bytes()
    seen = {}
    for request in emulator.requests():
        seen.setdefault(request["origin"], set()).add(request.get("quota_project"))
    assert seen == {"api": {"pays-for-it"}, "photo": {None}, "token": {None}}
    assert mounted.status()["credentials"].endswith("(gcloud's application default credentials)")
    emulator.revoke_tokens(refresh=True)
    with pytest.raises(PermissionError):
        (mounted.path / "Alice Smith/photo.jpg").write_bytes(faces.face_bytes(2))
    command = "gcloud auth application-default login --scopes="
    assert command in mounted.error("Alice Smith") and assertions.CONTACTS in mounted.error("Alice Smith")


def test_order(mount, emulator, tmp_path):
    gcloud = tmp_path / "gcloud"
    gcloud.mkdir()
    default, named, given = (write_credentials(path, emulator) for path in (
        gcloud / "application_default_credentials.json", tmp_path / "named.json", tmp_path / "given.json"))
    env = {"CLOUDSDK_CONFIG": str(gcloud)}

    def used(*options):
        mounted = mount(emulator, *options, env=env)
        words = mounted.status()["credentials"]
        mounted.unmount()
        return words, mounted.text()

    assert str(default) in used()[0]
    env["GOOGLE_APPLICATION_CREDENTIALS"] = str(named)
    assert used()[0] == f"authorized_user file {named} (named by GOOGLE_APPLICATION_CREDENTIALS)"
    assert used("--credentials", given)[0] == f"authorized_user file {given}"
    words, log = used("--credentials", given, "--token-command", f"echo {emulator.token}")
    assert words == "token command" and f"--credentials {given} is not" in log
