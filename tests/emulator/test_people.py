"""The people that are there from the start, and those that tests make."""

import unicodedata

import pytest


def shown(emulator):
    """Each person's fields, by resource name."""
    answer = emulator.api("GET", "people/me/connections", {
        "personFields": "names,emailAddresses,phoneNumbers,organizations,photos", "pageSize": 1000})
    return {person["resourceName"]: person for person in answer.json()["connections"]}


def test_the_demo_holds_every_kind_of_trouble(emulator):
    people = shown(emulator)
    named = [person["names"][0]["displayName"] for person in people.values() if "names" in person]
    nameless = [set(person) - {"resourceName", "etag", "photos"} for person in people.values() if "names" not in person]
    assert len(people) >= 16
    assert named.count("Maria Garcia") == 2
    assert {"emailAddresses"} in nameless and {"phoneNumbers"} in nameless and {"organizations"} in nameless
    assert any("/" in name for name in named) and any(name.startswith(".") for name in named)
    assert any(unicodedata.category(character) == "So" for name in named for character in name)
    assert any(unicodedata.normalize("NFC", name) != name for name in named)
    assert any(unicodedata.bidirectional(name[0]) in ("R", "AL") for name in named)
    marias = [person for person in people.values() if person.get("names", [{}])[0].get("displayName") == "Maria Garcia"]
    assert len({person["emailAddresses"][0]["value"] for person in marias}) == 2
    kinds = {tuple((photo["metadata"]["source"]["type"], photo.get("default", False)) for photo in person["photos"])
             for person in people.values()}
    assert kinds == {(("CONTACT", False),), (("CONTACT", True),), (("PROFILE", False),),
                     (("CONTACT", False), ("PROFILE", False))}


def test_its_faces_are_all_different(emulator):
    pictures = [emulator.photo_bytes(person["resourceName"]) for person in emulator.people() if person["photo"]]
    assert len(pictures) >= 12 and len(set(pictures)) == len(pictures)
    assert all(5_000 < len(picture) < 200_000 for picture in pictures)


@pytest.mark.parametrize("photos, share", [("all", 1), ("half", 0.5), ("none", 0)])
def test_invented_books(start, photos, share):
    emulator = start("--people", "2000", "--photos", photos, "--page-size-max", "1000")
    people = emulator.people()
    assert len(people) == 2000
    assert len({person["displayName"] for person in people}) == 2000
    assert sum(person["photo"] for person in people) == 2000 * share
    assert people[0]["resourceName"] == "people/c100001" and people[-1]["resourceName"] == "people/c102000"


def test_a_large_book_is_there_at_once(start):
    emulator = start("--people", "25000")
    page, count = {}, 0
    while not count or "nextPageToken" in page:
        page = emulator.api("GET", "people/me/connections", {
            "personFields": "names,photos,metadata", "pageSize": 1000,
            **({"pageToken": page["nextPageToken"]} if page else {})}).json()
        count += len(page["connections"])
    assert count == 25000
    slowest = max(request["ms"] for request in emulator.requests())
    assert slowest < 1000, "this is milliseconds, even on a busy machine"


def test_behind_the_clients_backs(emulator):
    name = emulator.create_person("Nia", "Adams", fields={"emailAddresses": [{"value": "nia@example.com"}]}, face="x")
    person = shown(emulator)[name]
    assert person["names"][0]["displayName"] == "Nia Adams"
    assert person["emailAddresses"][0]["value"] == "nia@example.com" and "default" not in person["photos"][0]
    assert emulator.find("Nia Adams") == name
    own = emulator.create_person(resource_name="people/c424242")
    assert own == "people/c424242" and "names" not in shown(emulator)[own]
    emulator.set_profile(own, "y")
    assert shown(emulator)[own]["photos"][0]["metadata"]["source"]["type"] == "PROFILE"
    assert emulator.photo_bytes(own) is None and emulator.photo_bytes(own, profile=True)
    emulator.person("remove-profile", own)
    emulator.remove_photo(name)
    assert shown(emulator)[own]["photos"][0]["default"] is True and shown(emulator)[name]["photos"][0]["default"] is True
    emulator.person("change", own, fields={"organizations": [{"name": "Choir"}]})
    assert shown(emulator)[own]["organizations"][0]["name"] == "Choir"
    emulator.person("domain-contact", own)
    assert shown(emulator)[own]["organizations"][0]["metadata"]["source"]["type"] == "DOMAIN_CONTACT"
    emulator.person("domain-contact", own, on=False)
    emulator.delete_person(own)
    assert own not in shown(emulator)
    with pytest.raises(AssertionError):
        emulator.create_person(resource_name=name)
