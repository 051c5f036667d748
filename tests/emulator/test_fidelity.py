"""people-emulator held against Google's discovery document: paths, methods, parameters, masks, schemas, enums.

What is not implemented is listed in UNIMPLEMENTED, answers 501, and nothing of the document is on neither list.
"""

import base64

import pytest

UNIMPLEMENTED = {
    "people.contactGroups.batchGet", "people.contactGroups.create", "people.contactGroups.delete",
    "people.contactGroups.update", "people.contactGroups.members.modify", "people.otherContacts.list",
    "people.otherContacts.search", "people.otherContacts.copyOtherContactToMyContactsGroup",
    "people.people.batchCreateContacts", "people.people.batchDeleteContacts", "people.people.batchUpdateContacts",
    "people.people.listDirectoryPeople", "people.people.searchContacts", "people.people.searchDirectoryPeople",
}

SOURCE = "READ_SOURCE_TYPE_CONTACT"


class Call:
    """How a method is called so that it succeeds. prepare(emulator) → more keyword arguments for these."""

    def __init__(self, name="", query=None, body=None, prepare=None):
        self.name = name
        self.query = query or {}
        self.body = body
        self.prepare = prepare


def picture(emulator):
    return {"body": {"photoBytes": base64.b64encode(emulator.photo_bytes("people/c1001")).decode(),
                     "personFields": "photos,metadata,names", "sources": [SOURCE]}}


def current(emulator):
    person = emulator.api("GET", "people/c1001", {"personFields": "metadata,names"}).json()
    person["names"] = [{"givenName": "Alicia", "familyName": "Smith"}]
    return {"body": person}


ALL = "names,photos,metadata,emailAddresses,phoneNumbers,organizations,memberships"
CALLS = {
    "people.people.connections.list": Call("people/me", {
        "personFields": ALL, "requestMask.includeField": "person.names", "pageSize": 5, "requestSyncToken": "true",
        "sortOrder": "FIRST_NAME_ASCENDING", "sources": [SOURCE, "READ_SOURCE_TYPE_PROFILE"], "pageToken": "",
        "syncToken": ""}),
    "people.people.get": Call("people/c1005", {"personFields": ALL, "requestMask.includeField": "person.names",
                                               "sources": [SOURCE, "READ_SOURCE_TYPE_PROFILE"]}),
    "people.people.getBatchGet": Call(query={"resourceNames": ["people/c1001", "people/c1008", "people/c9"],
                                             "personFields": ALL, "requestMask.includeField": "person.names",
                                             "sources": [SOURCE, "READ_SOURCE_TYPE_PROFILE"]}),
    "people.people.updateContactPhoto": Call("people/c1001", prepare=picture),
    "people.people.deleteContactPhoto": Call("people/c1001", {"personFields": ALL, "sources": [SOURCE]}),
    "people.people.createContact": Call(query={"personFields": ALL, "sources": [SOURCE]}, body={
        "names": [{"givenName": "Nia", "familyName": "Adams"}], "emailAddresses": [{"value": "nia@example.com"}]}),
    "people.people.updateContact": Call("people/c1001", {"personFields": ALL, "updatePersonFields": "names",
                                                         "sources": [SOURCE]}, prepare=current),
    "people.people.deleteContact": Call("people/c1002"),
    "people.contactGroups.list": Call(query={"groupFields": "name,groupType,memberCount,metadata,clientData", "pageSize": 4,
                                             "pageToken": "2"}),
    "people.contactGroups.get": Call("contactGroups/myContacts", {"groupFields": "name,memberCount", "maxMembers": 3}),
}

# Tokens that only an earlier answer can give; test_listing.py and test_groups below use them.
GIVEN_BY_ANSWERS = {"people.contactGroups.list": {"syncToken"}}


def path_of(method, name):
    return method["path"].removeprefix("v1/").replace("{+resourceName}", name)


def call(emulator, method, how, query=None):
    more = how.prepare(emulator) if how.prepare else {}
    return emulator.api(method["httpMethod"], path_of(method, how.name), how.query if query is None else query,
                        more.get("body", how.body))


def test_every_method_is_on_one_list(discovery):
    assert set(CALLS) | UNIMPLEMENTED == set(discovery.methods)
    assert not set(CALLS) & UNIMPLEMENTED


@pytest.mark.parametrize("name", sorted(CALLS))
def test_method_succeeds_with_every_parameter_and_fits_its_schema(emulator, discovery, name):
    method = discovery.methods[name]
    expected = set(discovery.parameters(name)) - GIVEN_BY_ANSWERS.get(name, set())
    assert set(CALLS[name].query) == expected, "the call must use every parameter of the document"
    answer = call(emulator, method, CALLS[name])
    assert answer.status == 200, answer.body
    assert answer.headers.get_content_type() == "application/json"
    assert discovery.check(answer.json(), method["response"]["$ref"]) == []
    if method["response"]["$ref"] != "Empty":
        assert answer.json(), "an empty answer proves nothing"


@pytest.mark.parametrize("name", sorted(CALLS))
def test_unknown_parameters_are_refused(emulator, discovery, name):
    method, how = discovery.methods[name], CALLS[name]
    answer = call(emulator, method, how, dict(how.query, resourceColour="blue"))
    assert answer.status == 400
    error = answer.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT" and error["code"] == 400
    assert 'Unknown name "resourceColour": Cannot bind query parameter.' in error["message"]


@pytest.mark.parametrize("name", sorted(CALLS))
def test_common_parameters_are_accepted(emulator, discovery, name):
    method, how = discovery.methods[name], CALLS[name]
    common = {parameter: "1" for parameter in discovery.document["parameters"]}
    common.update({"alt": "json", "fields": "*", "prettyPrint": "false"})
    assert call(emulator, method, how, dict(how.query, **common)).status == 200


@pytest.mark.parametrize("name", sorted(CALLS))
def test_enums_are_checked(emulator, discovery, name):
    for parameter, spec in discovery.parameters(name).items():
        if "enum" in spec:
            for value in spec["enum"]:
                query = dict(CALLS[name].query, **{parameter: value})
                assert call(emulator, discovery.methods[name], CALLS[name], query).status in (200, 404), value
                if CALLS[name].name == "people/c1001":
                    emulator.set_photo("people/c1001", "again")
            query = dict(CALLS[name].query, **{parameter: "NONSENSE"})
            assert call(emulator, discovery.methods[name], CALLS[name], query).status == 400


@pytest.mark.parametrize("name", sorted(CALLS))
def test_types_are_checked(emulator, discovery, name):
    for parameter, spec in discovery.parameters(name).items():
        if spec["type"] in ("integer", "boolean"):
            answer = call(emulator, discovery.methods[name], CALLS[name], dict(CALLS[name].query, **{parameter: "perhaps"}))
            assert answer.status == 400
            assert "Invalid value at" in answer.json()["error"]["message"]


@pytest.mark.parametrize("name", sorted(CALLS))
def test_other_http_methods_are_not_found(emulator, discovery, name):
    method = discovery.methods[name]
    taken = {other["httpMethod"] for other in discovery.methods.values()
             if path_of(other, "people/c1") == path_of(method, "people/c1")
             or path_of(other, "contactGroups/c1") == path_of(method, "contactGroups/c1")}
    for http in {"GET", "POST", "PUT", "PATCH", "DELETE"} - taken:
        answer = emulator.api(http, path_of(method, CALLS[name].name))
        assert answer.status == 404 and answer.headers.get_content_type() == "text/html"


@pytest.mark.parametrize("name", sorted(UNIMPLEMENTED))
def test_what_is_missing_says_so(emulator, discovery, name):
    method = discovery.methods[name]
    resource = {"contactGroups": "contactGroups/friends", "otherContacts": "otherContacts/c1"}.get(name.split(".")[1], "")
    answer = emulator.api(method["httpMethod"], path_of(method, resource))
    assert answer.status == 501
    assert answer.json()["error"]["status"] == "UNIMPLEMENTED"


def masks(discovery):
    for name in sorted(CALLS):
        for parameter, spec in discovery.parameters(name).items():
            if spec.get("format") == "google-fieldmask" and parameter != "requestMask.includeField":
                yield name, parameter, discovery.valid_values(spec["description"])


def test_masks_take_the_documented_paths_and_no_others(emulator, discovery):
    seen = 0
    for name, parameter, values in masks(discovery):
        assert len(values) >= 5, (name, parameter)
        how, method = CALLS[name], discovery.methods[name]
        if name in ("people.people.deleteContact", "people.people.deleteContactPhoto"):
            emulator.set_photo("people/c1001", "again")
        answer = call(emulator, method, how, dict(how.query, **{parameter: ",".join(values)}))
        if parameter == "updatePersonFields":
            assert "memberships" in answer.json()["error"]["message"], "all paths are valid, but memberships must be given"
        else:
            assert answer.status == 200, answer.body
        for bad in ("shoeSizes", "names.displayName,shoeSizes", "people"):
            answer = call(emulator, method, how, dict(how.query, **{parameter: bad}))
            assert answer.status == 400
            assert f"Invalid {parameter} mask path" in answer.json()["error"]["message"]
        seen += 1
    assert seen == 9


def test_update_mask_refuses_what_the_server_owns(emulator, discovery):
    writable = set(discovery.valid_values(discovery.parameters("people.people.updateContact")["updatePersonFields"]["description"]))
    readable = set(discovery.valid_values(discovery.parameters("people.people.get")["personFields"]["description"]))
    assert readable - writable == {"ageRanges", "coverPhotos", "metadata", "photos", "skills"}
    for path in readable - writable:
        how = CALLS["people.people.updateContact"]
        answer = call(emulator, discovery.methods["people.people.updateContact"], how,
                      dict(how.query, updatePersonFields=path))
        assert answer.status == 400 and path in answer.json()["error"]["message"]


def test_everybody_in_every_field_fits_the_schema(emulator, discovery):
    fields = ",".join(discovery.valid_values(discovery.parameters("people.people.get")["personFields"]["description"]))
    answer = emulator.api("GET", "people/me/connections", {"personFields": fields, "pageSize": 1000})
    assert discovery.check(answer.json(), "ListConnectionsResponse") == []
    assert len(answer.json()["connections"]) >= 16


def test_error_details_fit(emulator, discovery):
    answer = emulator.api("GET", "people/c9999", {"personFields": "names"})
    error = answer.json()["error"]
    assert answer.status == 404 and error["code"] == 404 and error["status"] == "NOT_FOUND"
    assert set(error) <= {"code", "message", "status", "details"}
