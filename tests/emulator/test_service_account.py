"""The token endpoint's grant for service accounts: signed claims, checked as Google checks them, refused in its words."""

import json
import subprocess
import time

import pytest

import assertions
from test_oauth import post, use


@pytest.fixture
def account(tmp_path):
    return tmp_path / "robot.json"


@pytest.fixture
def robot(start, account):
    return start("--service-account", account)


@pytest.fixture
def key_file(robot, account):
    assert account.stat().st_mode & 0o777 == 0o600
    return json.loads(account.read_text())


def ask(emulator, assertion):
    return post(emulator, "token_uri", grant_type=assertions.GRANT_TYPE, assertion=assertion)


def test_claims_are_good_for_a_token(robot, key_file):
    assert key_file["type"] == "service_account" and key_file["token_uri"] == robot.ready["token_uri"]
    answer = ask(robot, assertions.sign(key_file))
    grant = answer.json()
    assert answer.status == 200 and grant["token_type"] == "Bearer" and "refresh_token" not in grant
    assert use(robot, grant["access_token"]).status == 200
    assert ask(robot, assertions.sign(key_file, sub=None)).status == 200


def test_a_read_scope_reads(robot, key_file):
    token = ask(robot, assertions.sign(key_file, scope=assertions.CONTACTS + ".readonly")).json()["access_token"]
    assert use(robot, token).status == 200
    assert use(robot, token, "DELETE", "people/c1001:deleteContactPhoto").status == 403


@pytest.mark.parametrize("changes, status, error, words", [
    ({"iss": "another@example.com"}, 400, "invalid_grant", "Invalid grant: account not found"),
    ({"exp": time.time() + 7200}, 400, "invalid_grant", "reasonable timeframe"),
    ({"iat": time.time() + 600, "exp": time.time() + 1200}, 400, "invalid_grant", "reasonable timeframe"),
    ({"iat": time.time() - 4000, "exp": time.time() - 400}, 400, "invalid_grant", "reasonable timeframe"),
    ({"aud": "https://oauth2.example.com/token"}, 400, "invalid_grant", "audience"),
    ({"scope": None}, 400, "invalid_scope", "Invalid OAuth scope"),
    ({"scope": "https://mail.google.com/"}, 401, "unauthorized_client", "Client is unauthorized to retrieve access tokens"),
    ({"sub": "nobody@example.com"}, 400, "invalid_grant", "Invalid email or User ID"),
    ({"sub": "alice@elsewhere.example"}, 400, "invalid_grant", "Invalid email or User ID"),
    ({"header": {"alg": "none"}}, 400, "invalid_grant", "Invalid JWT Signature."),
    ({"header": {"alg": "HS256"}}, 400, "invalid_grant", "Invalid JWT Signature."),
    ({"header": {"kid": "another"}}, 400, "invalid_grant", "Invalid JWT Signature."),
])
def test_claims_are_checked(robot, key_file, changes, status, error, words):
    answer = ask(robot, assertions.sign(key_file, **changes))
    assert answer.status == status
    assert answer.json()["error"] == error and words in answer.json()["error_description"]


def test_another_key_is_refused(robot, key_file):
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA"], check=True, capture_output=True, text=True).stdout
    assert ask(robot, assertions.sign(key_file, key=key)).json()["error_description"] == "Invalid JWT Signature."
    header, claims, signature = assertions.sign(key_file).split(".")
    forged = assertions.encode(json.loads(assertions.decode(claims)) | {"sub": "bob@example.com"})
    for bad in (f"{header}.{forged}.{signature}", f"{header}.{claims}.", f"{header}.{claims}.{signature[:-4]}"):
        assert ask(robot, bad).json() == {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}


@pytest.mark.parametrize("padded", [True, False])
def test_padding_is_a_matter_of_taste(robot, key_file, padded):
    """RFC 7515 leaves it out; some libraries do not, and Google takes both."""
    for length in range(3):  # so that the claims end in every way
        assertion = assertions.sign(key_file, padded=padded, jti="x" * length)
        answer = ask(robot, assertion)
        assert answer.status == 200, answer.body
        assert ask(robot, assertion + "=").json()["error"] == "invalid_grant", "more than belongs there"


def test_what_is_no_assertion(robot, key_file):
    for bad in ("x", "a.b", "a.b.c", "....", "e30.e30.e30.e30", "é.é.é"):
        assert ask(robot, bad).json()["error"] == "invalid_grant"
    assert post(robot, "token_uri", grant_type=assertions.GRANT_TYPE).json()["error"] == "invalid_request"


def test_delegation_may_be_missing(robot, key_file):
    robot.delegate(False)
    answer = ask(robot, assertions.sign(key_file))
    assert answer.status == 401 and answer.json()["error"] == "unauthorized_client"
    assert ask(robot, assertions.sign(key_file, sub=None)).status == 200, "for itself it needs none"
    robot.delegate(True)
    assert ask(robot, assertions.sign(key_file)).status == 200


def test_a_clock_that_is_late(robot, key_file):
    robot.advance(4000)
    assert "reasonable timeframe" in ask(robot, assertions.sign(key_file)).json()["error_description"]


def test_without_a_service_account_none_is_known(emulator, start, account):
    start("--service-account", account)
    assert "account not found" in ask(emulator, assertions.sign(json.loads(account.read_text()))).json()["error_description"]


def test_the_quota_project_is_noted(emulator):
    emulator.api("GET", "people/c1001", {"personFields": "names"}, headers={"X-Goog-User-Project": "pays"})
    emulator.api("GET", "people/c1001", {"personFields": "names"})
    assert [request.get("quota_project") for request in emulator.requests(origin="api")] == ["pays", None]
