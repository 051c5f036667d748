"""people.connections.list: pages, order, sources and refusals."""

import pytest

LIST = "people/me/connections"


def listing(emulator, **query):
    return emulator.api("GET", LIST, {"personFields": "names,metadata", **query})


def names(answer):
    return [person["resourceName"] for person in answer.json().get("connections", [])]


def message(answer):
    assert answer.status == 400, answer.body
    error = answer.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    return error["message"]


def test_pages_cover_everybody_once(start):
    emulator = start("--people", "250")
    seen, token, sizes = [], None, []
    while True:
        answer = listing(emulator, requestSyncToken="true", **({"pageToken": token} if token else {}))
        page = answer.json()
        assert page["totalItems"] == page["totalPeople"] == 250
        sizes.append(len(page["connections"]))
        seen += names(answer)
        token = page.get("nextPageToken")
        assert ("nextSyncToken" in page) == (token is None), "nextSyncToken is on the last page, and only there"
        if token is None:
            break
    assert sizes == [100, 100, 50], "a page is 100 by default"
    assert len(seen) == len(set(seen)) == 250


def test_no_sync_token_unless_asked(emulator):
    assert "nextSyncToken" not in listing(emulator).json()


@pytest.mark.options("--page-size-max", "7")
def test_a_smaller_page_may_come(emulator):
    assert len(names(listing(emulator, pageSize=1000))) == 7


@pytest.mark.parametrize("size, status", [(1, 200), (1000, 200), (0, 200), (1001, 200), (-1, 400)])
def test_page_size_bounds(emulator, size, status):
    assert listing(emulator, pageSize=size).status == status


def test_an_empty_book_answers_without_connections(start):
    page = listing(start("--people", "0"), requestSyncToken="true").json()
    assert set(page) == {"nextSyncToken"}


def test_pages_must_match_the_first_call(emulator):
    token = listing(emulator, pageSize=5).json()["nextPageToken"]
    assert listing(emulator, pageSize=5, pageToken=token).status == 200
    for change in ({"pageSize": 6}, {"personFields": "names"}, {"requestSyncToken": "true"},
                   {"sources": "READ_SOURCE_TYPE_CONTACT"}, {"sortOrder": "LAST_NAME_ASCENDING"}):
        assert "Page token" in message(listing(emulator, **{"pageSize": 5, "pageToken": token, **change}))


@pytest.mark.parametrize("token", ["nonsense", "1-00000000.3", "....", "1."])
def test_malformed_page_tokens(emulator, token):
    answer = listing(emulator, pageToken=token)
    assert message(answer)
    assert "details" not in answer.json()["error"]


def test_changes_between_pages_neither_repeat_nor_skip(emulator):
    first = listing(emulator, pageSize=8)
    everybody = {person["resourceName"] for person in emulator.people()}
    emulator.rename_person(names(first)[0], "Moved", "Person")
    emulator.delete_person("people/c1015")
    emulator.create_person("New", "Person")
    seen, page = names(first), first.json()
    while "nextPageToken" in page:
        answer = listing(emulator, pageSize=8, pageToken=page["nextPageToken"])
        seen, page = seen + names(answer), answer.json()
    assert sorted(seen) == sorted(everybody)


def test_order(emulator):
    emulator.rename_person("people/c1003", "Aaron", "Zz")
    by_change = names(listing(emulator))
    assert by_change[-1] == "people/c1003", "the last modified comes last by default"
    assert names(listing(emulator, sortOrder="LAST_MODIFIED_ASCENDING")) == by_change
    assert names(listing(emulator, sortOrder="LAST_MODIFIED_DESCENDING")) == by_change[::-1]
    by_first = [person.get("names", [{"displayName": "\U0010ffff"}])[0]["displayName"].casefold()
                for person in listing(emulator, sortOrder="FIRST_NAME_ASCENDING").json()["connections"]]
    assert by_first == sorted(by_first)
    by_last = [person.get("names", [{"displayNameLastFirst": "\U0010ffff"}])[0]["displayNameLastFirst"].casefold()
               for person in listing(emulator, sortOrder="LAST_NAME_ASCENDING").json()["connections"]]
    assert by_last == sorted(by_last) and by_last != by_first


def test_only_of_oneself(emulator):
    answer = emulator.api("GET", "people/c1001/connections", {"personFields": "names"})
    assert "people/me" in message(answer)


def test_a_mask_is_required_and_selects(emulator):
    for query in ({}, {"personFields": ""}, {"personFields": ","}):
        answer = emulator.api("GET", LIST, query)
        assert "personFields mask is required" in message(answer)
        assert answer.json()["error"]["details"][0]["fieldViolations"][0]["field"] == "personFields"
    person = emulator.api("GET", LIST, {"personFields": "emailAddresses"}).json()["connections"][0]
    assert set(person) == {"resourceName", "etag", "emailAddresses"}
    person = emulator.api("GET", LIST, {"requestMask.includeField": "person.names,person.photos"}).json()["connections"][0]
    assert set(person) == {"resourceName", "etag", "names", "photos"}
    assert "requestMask.includeField" in message(emulator.api("GET", LIST, {"requestMask.includeField": "names"}))


def test_sources_select(emulator):
    emulator.person("domain-contact", "people/c1002")
    linked = names(listing(emulator, sources="READ_SOURCE_TYPE_PROFILE"))
    assert linked == ["people/c1005", "people/c1008"]
    assert names(listing(emulator, sources="READ_SOURCE_TYPE_DOMAIN_CONTACT")) == ["people/c1002"]
    assert "people/c1002" not in names(listing(emulator, sources="READ_SOURCE_TYPE_CONTACT"))
    assert "people/c1002" in names(listing(emulator)), "without a mask everybody listed is answered"


def test_get_and_batch(emulator):
    assert emulator.api("GET", "people/c1001").status == 400
    assert emulator.api("GET", "people/c404", {"personFields": "names"}).status == 404
    assert emulator.api("GET", "people/c1001", {"personFields": "names"}).json()["names"]
    answer = emulator.api("GET", "people:batchGet", {"personFields": "names", "resourceNames": ["people/c1001", "people/c404"]})
    found, missing = answer.json()["responses"]
    assert found["httpStatusCode"] == 200 and found["person"]["names"][0]["displayName"] == "Alice Smith"
    assert missing["httpStatusCode"] == 404 and missing["status"]["code"] == 5 and "person" not in missing
    assert missing["requestedResourceName"] == "people/c404"
    many = [f"people/c{number}" for number in range(201)]
    assert "200" in message(emulator.api("GET", "people:batchGet", {"personFields": "names", "resourceNames": many}))
    assert message(emulator.api("GET", "people:batchGet", {"personFields": "names"}))
    assert message(emulator.api("GET", "people:batchGet", {"personFields": "names", "resourceNames": "contactGroups/x"}))


def test_groups(emulator):
    page = emulator.api("GET", "contactGroups").json()
    everything = {group["resourceName"]: group for group in page["contactGroups"]}
    assert everything["contactGroups/myContacts"]["groupType"] == "SYSTEM_CONTACT_GROUP"
    assert everything["contactGroups/myContacts"]["memberCount"] == len(emulator.people())
    assert any(group["groupType"] == "USER_CONTACT_GROUP" for group in everything.values())
    assert "memberResourceNames" not in everything["contactGroups/myContacts"]
    again = emulator.api("GET", "contactGroups", {"syncToken": page["nextSyncToken"]}).json()
    assert set(again) == {"nextSyncToken"}
    first = emulator.api("GET", "contactGroups", {"pageSize": 4}).json()
    rest = emulator.api("GET", "contactGroups", {"pageSize": 1000, "pageToken": first["nextPageToken"]}).json()
    assert [g["resourceName"] for g in first["contactGroups"] + rest["contactGroups"]] == list(everything)
    group = emulator.api("GET", "contactGroups/myContacts", {"maxMembers": 3}).json()
    assert group["memberResourceNames"] == ["people/c1001", "people/c1002", "people/c1003"]
    assert emulator.api("GET", "contactGroups/none").status == 404


@pytest.mark.options("--quota")
def test_quotas_are_per_minute(emulator):
    # The clock is real, so the minute may turn once meanwhile: 60 reads are free, 121 can never be.
    answers = 0
    answer = emulator.api("GET", "people/c1001", {"personFields": "names"})
    while answer.status == 200 and answers < 121:
        answers += 1
        answer = emulator.api("GET", "people/c1001", {"personFields": "names"})
    assert answer.status == 429 and answers >= 60
    error = answer.json()["error"]
    assert error["status"] == "RESOURCE_EXHAUSTED" and answer.reasons == ["RATE_LIMIT_EXCEEDED"]
    assert error["details"][0]["metadata"]["quota_limit"].endswith("per minute per user")
    emulator.advance(60)
    assert emulator.api("GET", "people/c1001", {"personFields": "names"}).status == 200
    emulator.control("POST", "quota", {"contact-reads": 0})
    assert emulator.api("GET", "people/c1001", {"personFields": "names"}).status == 429
    assert emulator.api("GET", "contactGroups").status == 200, "each kind has its own"


@pytest.mark.options("--quota")
def test_full_listings_have_a_quota_of_their_own(emulator):
    emulator.control("POST", "quota", {"full-syncs": 0})
    answer = listing(emulator)
    assert answer.status == 429
    violation = answer.json()["error"]["details"][0]
    assert violation["@type"].endswith("QuotaFailure")
    assert violation["violations"][0]["description"] == "FBS quota limit exceeded"
    assert emulator.api("GET", "people/c1001", {"personFields": "names"}).status == 200


def test_labels_change(emulator):
    before = emulator.api("GET", "contactGroups", {"pageSize": 1000}).json()
    token = before["nextSyncToken"]
    person = emulator.create_person("Nia", "Adams")
    emulator.label("new1", 'The "A" team')
    emulator.carry_labels(person, "new1")
    changed = emulator.api("GET", "contactGroups", {"syncToken": token}).json()
    assert [(group["resourceName"], group["name"]) for group in changed["contactGroups"]] == [("contactGroups/new1", 'The "A" team')]
    carried = emulator.api("GET", person, {"personFields": "memberships"}).json()["memberships"]
    assert [one["contactGroupMembership"]["contactGroupResourceName"] for one in carried] == [
        "contactGroups/myContacts", "contactGroups/new1"]

    emulator.label("new1", None)
    gone = emulator.api("GET", "contactGroups", {"syncToken": changed["nextSyncToken"]}).json()["contactGroups"]
    assert [group["metadata"]["deleted"] for group in gone] == [True]
    assert emulator.api("GET", "contactGroups/new1").status == 404
    assert "contactGroups/new1" not in str(emulator.api("GET", "contactGroups", {"pageSize": 1000}).json())
    carried = emulator.api("GET", person, {"personFields": "memberships"}).json()["memberships"]
    assert [one["contactGroupMembership"]["contactGroupResourceName"] for one in carried] == ["contactGroups/myContacts"]
