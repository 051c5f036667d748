"""createContact, updateContact and deleteContact."""

import pytest


def create(emulator, person, **query):
    return emulator.api("POST", "people:createContact", query, body=person)


def update(emulator, person, fields="names", name=None, **query):
    name = name or person["resourceName"]
    return emulator.api("PATCH", f"{name}:updateContact", {"updatePersonFields": fields, **query}, body=person)


def get(emulator, name="people/c1001", fields="names,emailAddresses,memberships,metadata"):
    return emulator.api("GET", name, {"personFields": fields}).json()


def refused(answer, words, status="INVALID_ARGUMENT"):
    assert answer.status == 400, answer.body
    error = answer.json()["error"]
    assert error["status"] == status and words in error["message"]
    return True


def test_the_server_computes_names(emulator):
    person = create(emulator, {"names": [{"givenName": "Ada", "middleName": "King", "familyName": "Lovelace",
                                          "displayName": "Somebody Else"}],
                               "emailAddresses": [{"value": "ada@example.com", "type": "work"}]}).json()
    name = person["names"][0]
    assert name["displayName"] == name["unstructuredName"] == "Ada King Lovelace"
    assert name["displayNameLastFirst"] == "Lovelace, Ada King"
    assert person["emailAddresses"][0]["formattedType"] == "Work"
    assert person["emailAddresses"][0]["metadata"]["source"]["type"] == "CONTACT"
    assert person["memberships"][0]["contactGroupMembership"]["contactGroupId"] == "myContacts"
    assert person["photos"][0]["default"] is True
    only = create(emulator, {"names": [{"unstructuredName": "Only This"}]}).json()
    assert only["names"][0]["displayName"] == "Only This"


def test_nothing_is_deduplicated(emulator):
    same = {"names": [{"givenName": "Twin"}]}
    first, second = create(emulator, same).json(), create(emulator, same).json()
    assert first["resourceName"] != second["resourceName"]


def test_photos_cannot_be_created(emulator):
    person = create(emulator, {"names": [{"givenName": "No"}], "photos": [{"url": "https://example.com/x.jpg"}]}).json()
    assert person["photos"][0]["default"] is True


def test_text_comes_back_as_it_was(emulator):
    for text in ('quote " backslash \\ slash /', "tab\tline\nend", "Zoë", "Zoe\u0308", "نور", "👩‍👩‍👧", "\u0001"):
        person = create(emulator, {"names": [{"givenName": text}], "biographies": [{"value": text}]}).json()
        assert person["names"][0]["displayName"] == text
        assert person["biographies"][0]["value"] == text


def test_an_update_replaces_the_fields_of_its_mask_only(emulator):
    person = get(emulator)
    person["names"] = [{"givenName": "Alicia", "familyName": "Smith"}]
    person["emailAddresses"] = [{"value": "new@example.com"}]
    after = update(emulator, person).json()
    assert after["names"][0]["displayName"] == "Alicia Smith"
    assert after["emailAddresses"][0]["value"] == "alice.smith@example.com"
    assert "phoneNumbers" in after, "without personFields every field is answered"
    emptied = update(emulator, {**after, "emailAddresses": []}, "emailAddresses").json()
    assert "emailAddresses" not in emptied


def test_a_stale_etag_is_a_failed_precondition(emulator):
    person = get(emulator)
    emulator.rename_person("people/c1001", "Changed", "Meanwhile")
    words = "person.etag is different than the current person.etag"
    assert refused(update(emulator, person), words, "FAILED_PRECONDITION")
    assert refused(update(emulator, {"etag": person["etag"], "names": []}, name="people/c1001"), words, "FAILED_PRECONDITION")
    assert get(emulator)["names"][0]["displayName"] == "Changed Meanwhile"


def test_each_answer_brings_the_next_etag(emulator):
    person = get(emulator)
    for given in ("One", "Two", "Three"):
        person["names"] = [{"givenName": given}]
        answer = update(emulator, person)
        assert answer.status == 200, answer.body
        person = answer.json()
    assert get(emulator)["names"][0]["displayName"] == "Three"


@pytest.mark.parametrize("spoil, words", [
    (lambda person: person.pop("etag") and person.pop("metadata"), "person.metadata.sources.etag"),
    (lambda person: person.update(names=[{"givenName": "A"}, {"givenName": "B"}]), "person.names"),
    (lambda person: person.update(shoeSizes=[]), 'Unknown name "shoeSizes"')])
def test_persons_are_checked(emulator, spoil, words):
    person = get(emulator)
    spoil(person)
    assert refused(update(emulator, person, name="people/c1001"), words)


def test_update_wants_a_mask(emulator):
    person = get(emulator)
    assert refused(emulator.api("PATCH", "people/c1001:updateContact", body=person), "updatePersonFields mask is required")


def test_memberships_cannot_all_go(emulator):
    assert refused(update(emulator, {**get(emulator), "memberships": []}, "memberships"), "memberships")


def test_created_singletons(emulator):
    two = [{"value": "x"}, {"value": "y"}]
    for field in ("biographies", "birthdays", "genders", "names"):
        assert refused(create(emulator, {field: two}), field)
    assert create(emulator, {"emailAddresses": two}).status == 200


def test_bodies_are_checked(emulator):
    for body in (b"", b"{", b"[]", b"7"):
        assert refused(emulator.api("POST", "people:createContact", body=body), "Invalid JSON payload")


def test_deleting(emulator):
    answer = emulator.api("DELETE", "people/c1001:deleteContact")
    assert answer.status == 200 and answer.json() == {}
    assert emulator.api("GET", "people/c1001", {"personFields": "names"}).status == 404
    assert emulator.api("DELETE", "people/c1001:deleteContact").status == 404
    assert refused(emulator.api("DELETE", "people/me:deleteContact"), "not a valid contact person resource")
