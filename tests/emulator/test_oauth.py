"""The authorization, token and revocation endpoints, and what tokens are good for."""

import base64
import hashlib
import urllib.parse

import pytest

CONTACTS = "https://www.googleapis.com/auth/contacts"
VERIFIER = "v" * 50
REDIRECT = "http://127.0.0.1:4711"


def challenge(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def authorize(emulator, **changes):
    query = {"client_id": "desk", "redirect_uri": REDIRECT, "response_type": "code", "scope": CONTACTS, "state": "st/1&2",
             "code_challenge": challenge(VERIFIER), "code_challenge_method": "S256", "access_type": "offline",
             "prompt": "consent"}
    query.update(changes)
    query = {name: value for name, value in query.items() if value is not None}
    return emulator.request("GET", f"{emulator.ready['auth_uri']}?{urllib.parse.urlencode(query)}")


def redirected(answer):
    """The parameters that the browser would bring to the redirect address."""
    assert answer.status == 302, answer.body
    location = urllib.parse.urlsplit(answer.headers["Location"])
    assert f"{location.scheme}://{location.netloc}" == REDIRECT
    return dict(urllib.parse.parse_qsl(location.query))


def post(emulator, which, headers=None, **form):
    form = {name: value for name, value in form.items() if value is not None}
    return emulator.request("POST", emulator.ready[which], urllib.parse.urlencode(form).encode(),
                            {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})})


def exchange(emulator, code, **changes):
    form = {"grant_type": "authorization_code", "code": code, "client_id": "desk", "client_secret": "s",
            "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
    return post(emulator, "token_uri", **form)


def refresh(emulator, token):
    return post(emulator, "token_uri", grant_type="refresh_token", refresh_token=token, client_id="desk", client_secret="s")


def log_in(emulator, **changes):
    return exchange(emulator, redirected(authorize(emulator, **changes))["code"]).json()


def use(emulator, token, method="GET", path="people/c1001"):
    return emulator.api(method, path, {"personFields": "names"}, token=token)


def test_the_whole_way(emulator):
    back = redirected(authorize(emulator))
    assert back["state"] == "st/1&2" and back["scope"] == CONTACTS
    answer = exchange(emulator, back["code"])
    grant = answer.json()
    assert answer.status == 200 and grant["token_type"] == "Bearer" and grant["expires_in"] == 3600
    assert grant["scope"] == CONTACTS
    assert use(emulator, grant["access_token"]).status == 200
    again = refresh(emulator, grant["refresh_token"]).json()
    assert "refresh_token" not in again and again["access_token"] != grant["access_token"]
    assert use(emulator, again["access_token"]).status == 200


def test_a_code_is_good_once(emulator):
    code = redirected(authorize(emulator))["code"]
    assert exchange(emulator, code).status == 200
    assert exchange(emulator, code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("change, error", [
    ({"code_verifier": "w" * 50}, "invalid_grant"), ({"code_verifier": ""}, "invalid_grant"),
    ({"code": "4/0nothing"}, "invalid_grant"), ({"redirect_uri": REDIRECT + "/x"}, "redirect_uri_mismatch"),
    ({"client_id": "another"}, "invalid_client"), ({"grant_type": "password"}, "unsupported_grant_type")])
def test_exchanges_are_checked(emulator, change, error):
    code = redirected(authorize(emulator))["code"]
    answer = exchange(emulator, **{"code": code, **change})
    assert answer.status in (400, 401)
    assert answer.json()["error"] == error and answer.json()["error_description"]


@pytest.mark.parametrize("change", [{"redirect_uri": "https://example.com/"}, {"redirect_uri": None}, {"client_id": None},
                                    {"scope": None}, {"redirect_uri": "http://192.0.2.1/"}])
def test_a_bad_request_is_told_to_the_browser_only(emulator, change):
    answer = authorize(emulator, **change)
    assert answer.status == 400 and "Location" not in answer.headers


@pytest.mark.parametrize("change, error", [
    ({"code_challenge": None}, "invalid_request"), ({"code_challenge_method": "S512"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"), ({"response_type": "token"}, "unsupported_response_type")])
def test_errors_come_back_by_redirect(emulator, change, error):
    assert redirected(authorize(emulator, **change)) == {"error": error, "state": "st/1&2"}


@pytest.mark.parametrize("asked, verifier", [
    ({"code_challenge": None, "code_challenge_method": None}, None),
    ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, VERIFIER),
    ({"code_challenge": VERIFIER, "code_challenge_method": None}, VERIFIER), ({}, VERIFIER)])
def test_pkce_is_not_demanded_but_kept(emulator, asked, verifier):
    def outcome(given):
        answer = exchange(emulator, redirected(authorize(emulator, **asked))["code"], code_verifier=given)
        return answer.status, answer.json().get("error")

    assert outcome(verifier) == (200, None)
    for wrong in {None, "w" * 50, VERIFIER, challenge(VERIFIER)} - {verifier}:
        assert outcome(wrong) == (400, "invalid_grant"), wrong


@pytest.mark.parametrize("path", ["/o/oauth2/auth", "/o/oauth2/v2/auth"])
def test_the_addresses_of_old_client_files(emulator, path):
    emulator.ready["auth_uri"] = emulator.api_url + path
    code = redirected(authorize(emulator))["code"]
    emulator.ready["token_uri"] = f"{emulator.api_url}/o/oauth2/token"
    emulator.ready["revoke_uri"] = f"{emulator.api_url}/o/oauth2/revoke"
    grant = exchange(emulator, code).json()
    assert use(emulator, grant["access_token"]).status == 200
    assert post(emulator, "revoke_uri", token=grant["access_token"]).status == 200
    assert refresh(emulator, grant["refresh_token"]).json()["error"] == "invalid_grant"


def basic(name, secret="s"):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def test_clients_may_authenticate_by_http_basic(emulator):
    code = redirected(authorize(emulator))["code"]
    answer = exchange(emulator, code, headers=basic("desk"), client_id=None, client_secret=None)
    assert answer.status == 200, answer.body
    token = answer.json()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    assert post(emulator, "token_uri", headers=basic("desk"), **form).status == 200
    assert post(emulator, "token_uri", headers=basic("desk"), client_id="desk", **form).status == 200, "said twice"
    for headers, more in ((basic("desk"), {"client_id": "another"}), (basic(""), {}), ({"Authorization": "Basic !"}, {}),
                          ({"Authorization": "Basic eA=="}, {})):
        answer = post(emulator, "token_uri", headers=headers, **form, **more)
        assert answer.status == 401 and answer.json()["error"] == "invalid_client"
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    answer = exchange(emulator, redirected(authorize(emulator))["code"], headers=basic("another"), client_id=None)
    assert answer.status == 401 and answer.json()["error"] == "invalid_client"


def test_the_user_may_refuse(emulator):
    emulator.consent(deny=True)
    assert redirected(authorize(emulator))["error"] == "access_denied"
    assert "code" in redirected(authorize(emulator)), "once"


def test_the_user_may_untick_the_scope(emulator):
    emulator.consent(scope="openid")
    grant = log_in(emulator)
    assert grant["scope"] == "openid"
    answer = use(emulator, grant["access_token"])
    assert answer.status == 403
    assert answer.json()["error"]["status"] == "PERMISSION_DENIED"
    assert answer.reasons == ["ACCESS_TOKEN_SCOPE_INSUFFICIENT"]
    assert log_in(emulator)["scope"] == CONTACTS


def test_a_read_scope_reads(emulator):
    token = log_in(emulator, scope=CONTACTS + ".readonly")["access_token"]
    assert use(emulator, token).status == 200
    assert use(emulator, token, "DELETE", "people/c1001:deleteContactPhoto").status == 403


@pytest.mark.parametrize("scope", ["https://www.google.com/m8/feeds", "https://www.google.com/m8/feeds/",
                                   "http://www.google.com/m8/feeds/", f"openid {CONTACTS}"])
def test_other_names_of_the_contacts(emulator, scope):
    grant = log_in(emulator, scope=scope)
    assert grant["scope"] == scope, "as it was asked for"
    assert use(emulator, grant["access_token"]).status == 200
    assert use(emulator, grant["access_token"], "DELETE", "people/c1001:deleteContactPhoto").status == 200
    assert use(emulator, grant["access_token"], path="people/me/connections").status == 200


@pytest.mark.parametrize("scope", ["profile", "https://www.googleapis.com/auth/userinfo.profile", "openid profile email"])
def test_the_profile_alone(emulator, scope):
    token = log_in(emulator, scope=scope)["access_token"]
    assert use(emulator, token, path="people/me").status == 200
    answer = use(emulator, token, path="people/c1001")
    assert answer.status == 403 and "scopes: [contacts" in answer.json()["error"]["message"]
    assert use(emulator, token, path="people/me/connections").reasons == ["ACCESS_TOKEN_SCOPE_INSUFFICIENT"]


def test_errors_name_the_method_as_google_does(emulator):
    def method(answer):
        [detail] = answer.json()["error"]["details"]
        assert detail["@type"] == "type.googleapis.com/google.rpc.ErrorInfo" and detail["domain"] == "googleapis.com"
        assert detail["metadata"]["service"] == "people.googleapis.com"
        return detail["metadata"]["method"]

    for path, name in (("people/me/connections", "PeopleService.ListConnections"), ("people/c1001", "PeopleService.GetPerson"),
                       ("people:batchGet", "PeopleService.GetPeople"),
                       ("contactGroups", "ContactGroupsService.ListContactGroups")):
        assert method(use(emulator, None, path=path)) == method(use(emulator, "x", path=path)) == f"google.people.v1.{name}"
    token = log_in(emulator, scope="openid")["access_token"]
    answer = use(emulator, token, "PATCH", "people/c1001:updateContactPhoto")
    assert method(answer) == "google.people.v1.PeopleService.UpdateContactPhoto"


def test_tokens_expire(emulator):
    grant = log_in(emulator)
    emulator.advance(3599)
    assert use(emulator, grant["access_token"]).status == 200
    emulator.advance(2)
    answer = use(emulator, grant["access_token"])
    assert answer.status == 401 and answer.json()["error"]["status"] == "UNAUTHENTICATED"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert use(emulator, refresh(emulator, grant["refresh_token"]).json()["access_token"]).status == 200


def test_missing_and_unknown_tokens(emulator):
    missing = use(emulator, None)
    assert missing.status == 401 and missing.reasons == ["CREDENTIALS_MISSING"]
    for token in ("unknown", "", "test-access-token2"):
        answer = use(emulator, token or " ")
        assert answer.status == 401 and answer.reasons == ["ACCESS_TOKEN_EXPIRED"]
    answer = emulator.api("GET", "people/c1001", {"personFields": "names"}, token=None, headers={"Authorization": "Basic eDp5"})
    assert answer.status == 401
    in_query = emulator.api("GET", "people/c1001", {"personFields": "names", "access_token": emulator.token}, token=None)
    assert in_query.status == 401


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_both(emulator, which):
    grant = log_in(emulator)
    assert post(emulator, "revoke_uri", token=grant[which]).status == 200
    assert use(emulator, grant["access_token"]).status == 401
    assert refresh(emulator, grant["refresh_token"]).json()["error"] == "invalid_grant"
    assert post(emulator, "revoke_uri", token=grant[which]).json()["error"] == "invalid_token"


def test_tests_can_revoke_everything(emulator):
    grant = log_in(emulator)
    emulator.revoke_tokens()
    assert use(emulator, emulator.token).status == use(emulator, grant["access_token"]).status == 401
    assert refresh(emulator, grant["refresh_token"]).status == 200
    emulator.revoke_tokens(refresh=True)
    assert refresh(emulator, grant["refresh_token"]).json()["error"] == "invalid_grant"
    emulator.add_token("another", lifetime=60)
    assert use(emulator, "another").status == 200
    emulator.advance(61)
    assert use(emulator, "another").status == 401


def test_only_post_where_secrets_travel(emulator):
    assert emulator.request("GET", emulator.ready["token_uri"]).status == 405
    assert emulator.request("GET", emulator.ready["revoke_uri"]).status == 405


def test_refresh_tokens_survive_a_restart(start, tmp_path):
    first = start("--state-dir", tmp_path)
    kept, revoked = log_in(first), log_in(first)
    post(first, "revoke_uri", token=revoked["refresh_token"])
    first.close()
    second = start("--state-dir", tmp_path)
    assert use(second, refresh(second, kept["refresh_token"]).json()["access_token"]).status == 200
    assert refresh(second, revoked["refresh_token"]).status == 400


def test_faults_at_the_token_endpoint(emulator):
    emulator.fault("status", origin="token", status=503)
    answer = refresh(emulator, "x")
    assert answer.status == 503 and answer.json()["error"] == "server_error"
    assert [request["path"] for request in emulator.requests(origin="token")] == ["/token"]


def test_the_user_is_asked_on_a_page(emulator):
    emulator.consent(page=True)
    page = authorize(emulator, client_id="<b>&")
    assert page.status == 200 and b'value="&lt;b&gt;&amp;"' in page.body and b'id="allow"' in page.body
    assert redirected(authorize(emulator, decision="deny"))["error"] == "access_denied"
    assert redirected(authorize(emulator, decision="allow", ticked="yes"))["scope"] == CONTACTS
    assert redirected(authorize(emulator, decision="allow"))["scope"] == "openid"


def test_refresh_tokens_may_rotate(emulator):
    first = log_in(emulator)["refresh_token"]
    emulator.rotate_refresh_tokens()
    answer = refresh(emulator, first).json()
    assert use(emulator, answer["access_token"]).status == 200 and answer["refresh_token"] != first
    assert refresh(emulator, first).json()["error"] == "invalid_grant"
    assert refresh(emulator, answer["refresh_token"]).status == 200
