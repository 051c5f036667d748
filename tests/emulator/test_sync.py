"""Sync tokens: deltas, their lag, and every way in which a token is no good."""

import pytest

QUERY = {"personFields": "names,photos,metadata", "requestSyncToken": "true", "pageSize": 1000}


def sync(emulator, token=None, **query):
    return emulator.api("GET", "people/me/connections", {**QUERY, **({"syncToken": token} if token else {}), **query})


def full(emulator):
    return sync(emulator).json()["nextSyncToken"]


def changed(answer):
    assert answer.status == 200, answer.body
    return {person["resourceName"]: person for person in answer.json().get("connections", [])}


def test_an_empty_delta_has_no_connections(emulator):
    page = sync(emulator, full(emulator)).json()
    assert set(page) == {"nextSyncToken"}


def test_a_delta_tells_what_changed_and_the_next_one_does_not_repeat_it(emulator):
    token = full(emulator)
    emulator.rename_person("people/c1001", "Alicia", "Smith")
    emulator.set_photo("people/c1009", "a face")
    new = emulator.create_person("New", "Person")
    answer = sync(emulator, token)
    people = changed(answer)
    assert list(people) == ["people/c1001", "people/c1009", new], "in the order of the changes"
    assert people["people/c1001"]["names"][0]["displayName"] == "Alicia Smith"
    assert "default" not in people["people/c1009"]["photos"][0]
    assert answer.json()["totalItems"] == 3
    assert changed(sync(emulator, answer.json()["nextSyncToken"])) == {}
    assert list(changed(sync(emulator, token))) == list(people), "an old token still tells the same"


def test_the_deleted_are_told_with_nothing_but_metadata(emulator):
    token = full(emulator)
    emulator.delete_person("people/c1002")
    people = changed(sync(emulator, token))
    assert people["people/c1002"]["metadata"]["deleted"] is True
    assert set(people["people/c1002"]) == {"resourceName", "etag", "metadata"}
    assert "people/c1002" not in changed(sync(emulator))


def test_a_new_resource_name_tells_the_old_one(emulator):
    token = full(emulator)
    emulator.person("move", "people/c1002", to="people/c7777")
    emulator.person("move", "people/c7777", to="people/c8888")
    people = changed(sync(emulator, token))
    assert list(people) == ["people/c8888"]
    assert people["people/c8888"]["metadata"]["previousResourceNames"] == ["people/c1002", "people/c7777"]
    old = emulator.api("GET", "people/c1002", {"personFields": "names"}).json()
    assert old["resourceName"] == "people/c8888"


def test_long_deltas_have_pages(start):
    emulator = start("--people", "30")
    token = sync(emulator, pageSize=10)
    while "nextPageToken" in token.json():
        assert "nextSyncToken" not in token.json()
        token = sync(emulator, pageSize=10, pageToken=token.json()["nextPageToken"])
    token = token.json()["nextSyncToken"]
    for person in emulator.people()[:25]:
        emulator.rename_person(person["resourceName"], "Other", "Name")
    seen, page = 0, None
    while page is None or "nextPageToken" in page:
        page = sync(emulator, token, pageSize=10, **({"pageToken": page["nextPageToken"]} if page else {})).json()
        seen += len(page["connections"])
    assert seen == 25 and page["nextSyncToken"]


def refused_as_expired(answer, status="FAILED_PRECONDITION"):
    assert answer.status == 400
    assert answer.reasons == ["EXPIRED_SYNC_TOKEN"]
    assert answer.json()["error"]["status"] == status
    return True


def test_tokens_live_seven_days_from_the_full_listing(emulator):
    token = full(emulator)
    emulator.advance(6 * 24 * 3600)
    newer = sync(emulator, token).json()["nextSyncToken"]
    emulator.advance(24 * 3600 + 1)
    assert refused_as_expired(sync(emulator, token))
    assert refused_as_expired(sync(emulator, newer)), "a delta does not make the listing behind it younger"
    assert sync(emulator, full(emulator)).status == 200


@pytest.mark.options("--sync-token-lifetime", "60")
def test_the_lifetime_is_an_option(emulator):
    token = full(emulator)
    emulator.advance(59)
    assert sync(emulator, token).status == 200
    emulator.advance(3)
    assert refused_as_expired(sync(emulator, token))


@pytest.mark.parametrize("status", ["FAILED_PRECONDITION", "INVALID_ARGUMENT"])
def test_tests_can_expire_tokens_under_either_status(emulator, status):
    token = full(emulator)
    emulator.expire_sync_tokens(status)
    assert refused_as_expired(sync(emulator, token), status)
    assert sync(emulator, full(emulator)).status == 200


@pytest.mark.parametrize("spoil", [lambda token: "nonsense", lambda token: token[:-4], lambda token: token[4:],
                                   lambda token: token[::-1], lambda token: "MC4wLjAuMA=="])
def test_malformed_tokens_are_400_without_details(emulator, spoil):
    answer = sync(emulator, spoil(full(emulator)))
    assert answer.status == 400
    assert "details" not in answer.json()["error"]


@pytest.mark.parametrize("change", [{"personFields": "names"}, {"pageSize": 100}, {"requestSyncToken": "false"},
                                    {"sources": "READ_SOURCE_TYPE_CONTACT"}])
def test_parameters_must_match_the_first_call(emulator, change):
    answer = sync(emulator, full(emulator), **change)
    assert answer.status == 400 and answer.reasons == []
    assert "Sync token" in answer.json()["error"]["message"]


@pytest.mark.options("--delta-lag", "60")
def test_a_lagging_delta_shows_the_state_before(emulator):
    token = full(emulator)
    emulator.rename_person("people/c1001", "First", "Change")
    assert changed(sync(emulator, token)) == {}, "not yet told"
    assert emulator.api("GET", "people/c1001", {"personFields": "names"}).json()["names"][0]["displayName"] == "First Change"
    emulator.advance(40)
    emulator.rename_person("people/c1001", "Second", "Change")
    emulator.advance(30)
    answer = sync(emulator, token)
    assert changed(answer)["people/c1001"]["names"][0]["displayName"] == "First Change", "the second still lags"
    between = answer.json()["nextSyncToken"]
    emulator.advance(31)
    assert changed(sync(emulator, between))["people/c1001"]["names"][0]["displayName"] == "Second Change"


@pytest.mark.options("--delta-lag", "60")
def test_a_lagging_delta_may_still_show_the_old_photo(emulator):
    token = full(emulator)
    emulator.rename_person("people/c1001", "Alicia", "Smith")
    before = emulator.api("GET", "people/c1001", {"personFields": "photos,metadata"}).json()
    emulator.advance(61)
    emulator.set_photo("people/c1001", "a new face")
    now = emulator.api("GET", "people/c1001", {"personFields": "photos,metadata"}).json()
    told = changed(sync(emulator, token))["people/c1001"]
    assert told["photos"] == before["photos"] != now["photos"]
    assert told["metadata"]["sources"][0]["updateTime"] < now["metadata"]["sources"][0]["updateTime"]


def test_lag_set_later_and_lifted(emulator):
    emulator.control("POST", "lag", {"seconds": 3600})
    token = full(emulator)
    emulator.rename_person("people/c1001", "Late", "News")
    assert changed(sync(emulator, token)) == {}
    emulator.control("POST", "lag", {"seconds": 0})
    assert "people/c1001" in changed(sync(emulator, token))


def test_tokens_survive_a_restart_with_the_book(start, tmp_path):
    first = start("--state-dir", tmp_path)
    token = full(first)
    first.rename_person("people/c1001", "Before", "Restart")
    first.close()
    second = start("--state-dir", tmp_path)
    second.delete_person("people/c1002")
    people = changed(sync(second, token))
    assert people["people/c1001"]["names"][0]["displayName"] == "Before Restart"
    assert people["people/c1002"]["metadata"]["deleted"] is True
    second.expire_sync_tokens()
    second.close()
    assert refused_as_expired(sync(start("--state-dir", tmp_path), token))


def test_a_token_of_a_book_that_was_only_in_memory_is_expired(start):
    first = start()
    first.rename_person("people/c1001", "Once", "More")
    token = full(first)
    first.close()
    assert refused_as_expired(sync(start(), token))
