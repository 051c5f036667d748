"""Requests and answers as protobuf's JSON has them, and as clients of other kinds send them."""

import base64
import json

import pytest

ALL = "names,emailAddresses,phoneNumbers,organizations,memberships,photos,metadata"


def connections(emulator, **query):
    return emulator.api("GET", "people/me/connections", {"personFields": "names", **query})


# ---- either style of names ----


@pytest.mark.parametrize("names", [("photoBytes", "personFields"), ("photo_bytes", "person_fields")])
def test_members_of_a_body_in_either_style(emulator, names):
    picture = emulator.photo_bytes("people/c1002")
    body = {names[0]: base64.b64encode(picture).decode(), names[1]: "photos"}
    answer = emulator.api("PATCH", "people/c1001:updateContactPhoto", body=body)
    assert answer.status == 200 and "default" not in answer.json()["person"]["photos"][0]


def test_members_of_a_person_in_either_style(emulator):
    person = {"names": [{"given_name": "Nia", "family_name": "Adams"}], "email_addresses": [{"value": "nia@example.com"}],
              "user_defined": [{"key": "shoe_size", "value": "38_and_a_half"}]}
    made = emulator.api("POST", "people:createContact", body=person).json()
    assert made["names"][0]["displayName"] == "Nia Adams"
    assert made["emailAddresses"][0]["value"] == "nia@example.com"
    defined = made["userDefined"][0]
    assert (defined["key"], defined["value"]) == ("shoe_size", "38_and_a_half"), "values are the user's"


def test_what_is_null_is_not_there(emulator):
    body = {"names": [{"givenName": "Nia", "familyName": None}], "emailAddresses": None, "etag": None}
    made = emulator.api("POST", "people:createContact", body=body)
    assert made.status == 200, made.body
    assert "familyName" not in made.json()["names"][0] and "emailAddresses" not in made.json()
    picture = base64.b64encode(emulator.photo_bytes("people/c1001")).decode()
    answer = emulator.api("PATCH", "people/c1001:updateContactPhoto",
                          body={"photoBytes": picture, "personFields": None, "sources": None})
    assert (answer.status, answer.json()) == (200, {})


@pytest.mark.parametrize("sources, kinds", [(["READ_SOURCE_TYPE_PROFILE"], ["PROFILE"]), ([1], ["PROFILE"]), ([2], ["CONTACT"]),
                                            ([1, "READ_SOURCE_TYPE_CONTACT"], ["CONTACT", "PROFILE"])])
def test_enums_are_names_or_numbers(emulator, sources, kinds):
    picture = base64.b64encode(emulator.photo_bytes("people/c1005")).decode()
    answer = emulator.api("PATCH", "people/c1005:updateContactPhoto",
                          body={"photoBytes": picture, "personFields": "photos", "sources": sources})
    assert [photo["metadata"]["source"]["type"] for photo in answer.json()["person"]["photos"]] == kinds
    for wrong in ([7], [-1], ["CONTACT"]):
        assert emulator.api("PATCH", "people/c1005:updateContactPhoto",
                            body={"photoBytes": picture, "sources": wrong}).status == 400


def test_parameters_in_either_style(emulator):
    answer = emulator.api("GET", "people/me/connections", {"person_fields": "names", "page_size": "3", "request_sync_token": "1"})
    assert answer.status == 200 and len(answer.json()["connections"]) == 3
    answer = emulator.api("GET", "people/c1001", {"request_mask.include_field": "person.names"})
    assert answer.status == 200 and "names" in answer.json()
    assert emulator.api("GET", "people/c1001", {"_personFields": "names"}).status == 400


@pytest.mark.parametrize("query", ["personFields=n%FFames", "%FF=1&personFields=names", "personFields=names&pageSize=%C3%28"])
def test_what_is_no_utf8_is_refused_in_json(emulator, query):
    answer = emulator.api("GET", "people/me/connections", query)
    assert answer.status == 400 and answer.json()["error"]["status"] == "INVALID_ARGUMENT"


# ---- pages and tokens ----


@pytest.mark.parametrize("path, member", [("people/me/connections", "connections"), ("contactGroups", "contactGroups")])
def test_more_than_a_page_holds_is_the_most(start, path, member):
    emulator = start("--people", "1200")
    query = {"personFields": "names"} if path.startswith("people") else {}
    for size, count in ((1000, 1000), (1001, 1000), (2000, 1000), (2147483647, 1000), (7, 7)):
        answer = emulator.api("GET", path, {**query, "pageSize": size})
        assert answer.status == 200
        assert len(answer.json()[member]) == min(count, 10 if path == "contactGroups" else count)
    for size in (-1, 2147483648, "ten", ""):
        assert emulator.api("GET", path, {**query, "pageSize": size}).status == 400


MALFORMED = ["nonsense", "a.b", "1.2.3.4.5", ".", "....", "0", "-1", "99999999999999999999", "é", " ", "%00", "=", "AAAA", "a" * 5000]


@pytest.mark.parametrize("path", ["people/me/connections", "contactGroups"])
@pytest.mark.parametrize("parameter", ["pageToken", "syncToken"])
def test_malformed_tokens(emulator, path, parameter):
    query = {"personFields": "names"} if path.startswith("people") else {}
    for token in MALFORMED:
        answer = emulator.api("GET", path, {**query, parameter: token})
        assert answer.status == 400, token
        error = answer.json()["error"]
        assert error["status"] == "INVALID_ARGUMENT" and "details" not in error, token


def test_tokens_are_not_each_others(emulator):
    page = connections(emulator, pageSize=5, requestSyncToken="true").json()
    token = page["nextPageToken"]
    for spoilt in (token + "0", token[:-1] + "x", token[1:], token + ".5", token.replace("-", ".")):
        assert connections(emulator, pageSize=5, requestSyncToken="true", pageToken=spoilt).status == 400, spoilt
    assert connections(emulator, pageSize=5, requestSyncToken="true", syncToken=token).status == 400
    full = connections(emulator, pageSize=1000, requestSyncToken="true").json()["nextSyncToken"]
    assert connections(emulator, pageSize=1000, requestSyncToken="true", pageToken=full).status == 400


# ---- people ----


def test_the_first_of_a_source_says_so(emulator):
    person = emulator.api("GET", "people/c1005", {"personFields": ALL}).json()
    told = [(photo["metadata"]["source"]["type"], photo["metadata"].get("primary"), photo["metadata"].get("sourcePrimary"))
            for photo in person["photos"]]
    assert told == [("CONTACT", True, True), ("PROFILE", None, True)]
    emulator.person("change", "people/c1005", fields={"emailAddresses": [{"value": "a@example.com"}, {"value": "b@example.com"}]})
    mails = emulator.api("GET", "people/c1005", {"personFields": ALL}).json()["emailAddresses"]
    assert [(mail["metadata"].get("primary"), mail["metadata"].get("sourcePrimary")) for mail in mails] == [(True, True), (None, None)]


def test_invented_people_have_labels(start):
    emulator = start("--people", "50")
    people = connections(emulator, personFields="memberships", pageSize=1000).json()["connections"]
    labels = [[entry["contactGroupMembership"]["contactGroupResourceName"] for entry in person["memberships"]] for person in people]
    assert all("contactGroups/myContacts" in some for some in labels)
    assert sum("contactGroups/starred" in some for some in labels) == 10
    group = emulator.api("GET", "contactGroups/starred", {"maxMembers": 100}).json()
    assert group["memberCount"] == len(group["memberResourceNames"]) == 10


def test_the_deleted_have_neither_photo_nor_names(emulator):
    query = {"personFields": ALL, "pageSize": 1000, "requestSyncToken": "true"}
    token = connections(emulator, **query).json()["nextSyncToken"]
    url = emulator.api("GET", "people/c1005", {"personFields": "photos"}).json()["photos"][0]["url"]
    assert emulator.photo(url).status == 200
    assert emulator.api("DELETE", "people/c1005:deleteContact").status == 200
    [person] = connections(emulator, **query, syncToken=token).json()["connections"]
    assert person["metadata"]["deleted"] is True and set(person) == {"resourceName", "etag", "metadata"}
    assert emulator.photo(url).status == 404 and emulator.photo_bytes("people/c1005") is None
    for method, path, body in (("GET", "people/c1005?personFields=names", None), ("DELETE", "people/c1005:deleteContactPhoto", None),
                               ("PATCH", "people/c1005:updateContactPhoto", {"photoBytes": "/9j/"})):
        assert emulator.api(method, path, body=body).status == 404
    got = emulator.api("GET", "people:batchGet", {"resourceNames": ["people/c1005"], "personFields": ALL}).json()["responses"][0]
    assert got["httpStatusCode"] == 404 and "person" not in got


def test_json_is_json(emulator):
    for body in (b"\xff\xfe", b'{"names": [{"givenName": "\xff"}]}', b'{"names": {}}', b'{"names": [7]}', b'{"names": "x"}'):
        answer = emulator.api("POST", "people:createContact", body=body)
        json.loads(answer.body)
        assert answer.status == 400, (body, answer.body)
