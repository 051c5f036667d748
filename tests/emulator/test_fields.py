"""Partial answers: ?fields= in Google's syntax."""

import base64

import pytest

ALL = "names,emailAddresses,photos,metadata"


def get(emulator, fields, path="people/c1005", **query):
    return emulator.api("GET", path, {"personFields": ALL, "fields": fields, **query})


@pytest.mark.parametrize("fields, expected", [
    ("resourceName", {"resourceName": "people/c1005"}),
    ("resource_name", {"resourceName": "people/c1005"}),
    ("names/displayName", {"names": [{"displayName": "Chidi Okafor"}]}),
    ("names.displayName", {"names": [{"displayName": "Chidi Okafor"}]}),
    ("names(displayName)", {"names": [{"displayName": "Chidi Okafor"}]}),
    ("names/display_name,resourceName", {"resourceName": "people/c1005", "names": [{"displayName": "Chidi Okafor"}]}),
    ("names(givenName,familyName)", {"names": [{"givenName": "Chidi", "familyName": "Okafor"}]}),
    ("names/givenName,names/familyName", {"names": [{"givenName": "Chidi", "familyName": "Okafor"}]}),
    ("photos/metadata/source/type", {"photos": [{"metadata": {"source": {"type": "CONTACT"}}},
                                                {"metadata": {"source": {"type": "PROFILE"}}}]}),
    ("photos(metadata(source(type),sourcePrimary))", {
        "photos": [{"metadata": {"sourcePrimary": True, "source": {"type": kind}}} for kind in ("CONTACT", "PROFILE")]}),
    ("photos/*/source/type", {"photos": [{"metadata": {"source": {"type": "CONTACT"}}},
                                         {"metadata": {"source": {"type": "PROFILE"}}}]}),
    ("emailAddresses/value,emailAddresses(value)", {"emailAddresses": [{"value": "chidi.okafor@example.com"}]}),
    ("names/nothing", {"names": [{}]}),
    ("biographies", {}),
])
def test_what_is_asked_for_is_answered(emulator, fields, expected):
    answer = get(emulator, fields)
    assert (answer.status, answer.json()) == (200, expected)


@pytest.mark.parametrize("fields", ["*", "", "names,names/displayName", "names/displayName,names"])
def test_the_whole(emulator, fields):
    whole = emulator.api("GET", "people/c1005", {"personFields": ALL}).json()
    got = get(emulator, fields).json()
    assert got == (whole if fields in ("*", "") else {"names": whole["names"]})


@pytest.mark.parametrize("fields", [",", "names,", ",names", "names(", "names)", "names()", "names(displayName", "names(displayName))",
                                    "names//displayName", "names/", "/names", "names displayName", "names(displayName)x", "é",
                                    "shoeSizes", "names,shoeSizes", "(names)", "names/displayName/" * 50, "names(" * 50, "a" * 5000])
def test_what_is_no_such_list(emulator, fields):
    answer = get(emulator, fields)
    error = answer.json()["error"]
    assert answer.status == 400 and error["status"] == "INVALID_ARGUMENT"
    [violation] = error["details"][0]["fieldViolations"]
    assert "'fields' parameter" in violation["description"]


def test_every_page_of_a_list(emulator):
    query = {"personFields": ALL, "pageSize": 7, "requestSyncToken": "true"}
    names, page = [], {}
    while not page or "nextPageToken" in page:
        page = emulator.api("GET", "people/me/connections", {
            **query, "fields": "connections(resourceName,names/displayName),nextPageToken,nextSyncToken",
            **({"pageToken": page["nextPageToken"]} if page else {})}).json()
        assert set(page) <= {"connections", "nextPageToken", "nextSyncToken"}
        assert all(set(person) <= {"resourceName", "names"} for person in page["connections"])
        names += [person["resourceName"] for person in page["connections"]]
    assert names == [person["resourceName"] for person in emulator.people()]
    assert page["nextSyncToken"]


def test_the_parameters_of_all_methods_may_change_between_pages(emulator):
    query = {"personFields": ALL, "pageSize": 7, "requestSyncToken": "true"}
    first = emulator.api("GET", "people/me/connections", {**query, "fields": "nextPageToken"}).json()
    second = emulator.api("GET", "people/me/connections", {**query, "pageToken": first["nextPageToken"], "prettyPrint": "false",
                                                           "quotaUser": "me"})
    assert second.status == 200 and len(second.json()["connections"]) == 7


def test_errors_are_told_whole(emulator):
    answer = get(emulator, "names", "people/c9999")
    assert answer.status == 404 and answer.json()["error"]["message"]


def test_answers_to_writes(emulator):
    picture = base64.b64encode(emulator.photo_bytes("people/c1001")).decode()
    answer = emulator.api("PATCH", "people/c1001:updateContactPhoto", {"fields": "person(photos/url)"},
                          body={"photoBytes": picture, "personFields": ALL})
    assert answer.status == 200 and list(answer.json()) == ["person"]
    [photo] = answer.json()["person"]["photos"]
    assert list(photo) == ["url"] and emulator.photo(photo["url"]).status == 200
    groups = emulator.api("GET", "contactGroups", {"fields": "contactGroups/name,totalItems"}).json()
    assert set(groups) == {"contactGroups", "totalItems"} and set(groups["contactGroups"][0]) == {"name"}
    batch = emulator.api("GET", "people:batchGet", {"resourceNames": ["people/c1001"], "personFields": ALL,
                                                    "fields": "responses(person/resourceName)"}).json()
    assert batch == {"responses": [{"person": {"resourceName": "people/c1001"}}]}


@pytest.mark.parametrize("parameter, value, status", [("alt", "json", 200), ("alt", "media", 501), ("alt", "proto", 501), ("alt", "xml", 400),
                                                      ("$.xgafv", "1", 200), ("$.xgafv", "2", 200), ("$.xgafv", "3", 400),
                                                      ("callback", "f", 200), ("uploadType", "media", 200), ("upload_protocol", "raw", 200),
                                                      ("key", "x", 200), ("quotaUser", "x", 200), ("prettyPrint", "maybe", 400)])
def test_parameters_of_all_methods(emulator, parameter, value, status):
    assert emulator.api("GET", "people/c1001", {"personFields": "names", parameter: value}).status == status
