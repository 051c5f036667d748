"""Whose a token is: ID tokens, people/me, and an address book for each account."""

import base64
import hashlib
import hmac
import json

from test_oauth import CONTACTS, log_in, refresh

AUTH = "https://www.googleapis.com/auth/"
OTHER = "other@example.com"


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def claims(answer):
    """Of the ID token in an answer of the token endpoint."""
    header, payload, signature = answer["id_token"].split(".")
    assert json.loads(decode(header))["alg"] == "HS256"
    assert decode(signature) == hmac.digest(b"s", f"{header}.{payload}".encode(), hashlib.sha256)
    return json.loads(decode(payload))


def me(emulator, token, name="people/me"):
    return emulator.api("GET", name, {"personFields": "names,emailAddresses,metadata"}, token=token)


def listed(emulator, token, **more):
    answer = emulator.api("GET", "people/me/connections", {"personFields": "names", "pageSize": 1000,
                                                           "requestSyncToken": "true", **more}, token=token)
    assert answer.status == 200, answer.body
    return answer.json()


def test_openid_brings_an_id_token(emulator):
    grant = log_in(emulator, scope=f"openid email {CONTACTS}")
    assert grant["scope"] == f"openid {AUTH}userinfo.email {CONTACTS}"
    told = claims(grant)
    assert told["iss"] == emulator.api_url and told["aud"] == told["azp"] == "desk"
    assert told["email"] == "you@example.com" and told["sub"].isdigit() and len(told["sub"]) == 21
    assert told["exp"] - told["iat"] == 3600
    again = claims(refresh(emulator, grant["refresh_token"]).json())
    assert (again["sub"], again["email"]) == (told["sub"], told["email"])


def test_no_more_is_told_than_was_granted(emulator):
    assert "id_token" not in log_in(emulator)
    assert "id_token" not in log_in(emulator, scope=f"email {CONTACTS}")
    assert "email" not in claims(log_in(emulator, scope=f"openid {CONTACTS}"))


def test_people_me_wants_the_profile(emulator):
    plain = log_in(emulator, scope=f"openid email {CONTACTS}")
    number = claims(plain)["sub"]
    for name in ("people/me", f"people/{number}"):
        answer = me(emulator, plain["access_token"], name)
        assert answer.status == 403 and answer.json()["error"]["status"] == "PERMISSION_DENIED"
        assert answer.json()["error"]["message"] == (
            f'The caller does not have permission to request "{name}". Request requires one of the following scopes: [profile].')
    many = emulator.api("GET", "people:batchGet", {"personFields": "names", "resourceNames": ["people/c1001", "people/me"]},
                        token=plain["access_token"])
    assert many.status == 403
    for scope in ("profile", AUTH + "userinfo.profile"):
        person = me(emulator, log_in(emulator, scope=f"{CONTACTS} {scope}")["access_token"]).json()
        assert person["resourceName"] == f"people/{number}" and person["emailAddresses"][0]["value"] == "you@example.com"


def test_another_account_has_another_address_book(emulator):
    emulator.consent(account=OTHER)
    theirs = log_in(emulator, scope=f"openid email {CONTACTS}")
    ours = log_in(emulator, scope=f"openid email {CONTACTS}")
    assert claims(theirs)["email"] == OTHER and claims(ours)["email"] == "you@example.com", "once"
    assert claims(theirs)["sub"] != claims(ours)["sub"]
    first, second = listed(emulator, ours["access_token"]), listed(emulator, theirs["access_token"])
    names = [{person["resourceName"] for person in book["connections"]} for book in (first, second)]
    assert len(names[0]) == len(names[1]) and not names[0] & names[1]
    assert sorted(names[1]) == sorted(person["resourceName"] for person in emulator.people(OTHER))
    alice = emulator.find("Alice Smith", OTHER)
    assert me(emulator, ours["access_token"], alice).status == 404
    refused = emulator.api("DELETE", f"{alice}:deleteContactPhoto", token=ours["access_token"])
    assert refused.status == 404 and emulator.photo_bytes(alice, account=OTHER)
    assert emulator.api("DELETE", f"{alice}:deleteContactPhoto", token=theirs["access_token"]).status == 200
    assert emulator.photo_bytes(alice, account=OTHER) is None and emulator.photo_bytes(emulator.find("Alice Smith"))


def test_a_sync_token_is_good_for_its_account(emulator):
    emulator.add_token("theirs", account=OTHER)
    token = listed(emulator, emulator.token)["nextSyncToken"]
    assert "connections" not in listed(emulator, emulator.token, syncToken=token)
    answer = emulator.api("GET", "people/me/connections", {"personFields": "names", "pageSize": 1000,
                                                           "requestSyncToken": "true", "syncToken": token}, token="theirs")
    assert answer.status == 400


def test_whose_it_is_can_be_said(start):
    emulator = start("--account", OTHER)
    assert claims(log_in(emulator, scope=f"openid email {CONTACTS}"))["email"] == OTHER
    assert "people/c1001" not in [person["resourceName"] for person in emulator.people()]


def test_logins_keep_their_account_over_a_restart(start, tmp_path):
    first = start("--state-dir", tmp_path)
    first.consent(account=OTHER)
    kept = log_in(first, scope=f"openid {CONTACTS}")
    first.close()
    second = start("--state-dir", tmp_path)
    assert claims(refresh(second, kept["refresh_token"]).json())["sub"] == claims(kept)["sub"]


def test_without_the_box_nothing_but_the_contacts_is_missing(emulator):
    emulator.consent(page=True)
    grant = log_in(emulator, scope=f"openid email {CONTACTS}", decision="allow")
    assert grant["scope"] == f"openid {AUTH}userinfo.email" and claims(grant)["email"]
