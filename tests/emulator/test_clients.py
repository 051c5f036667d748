"""Google's own clients, for Node and for Python, against people-emulator: plain, and over its TLS."""

import base64
import urllib.parse

import pytest

from node_client import NodeClient, Refused, start_node
from python_client import PythonClient

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the clients', of Python's library

CONTACTS = "https://www.googleapis.com/auth/contacts"
FIELDS = "names,emailAddresses,photos,memberships,metadata"


@pytest.fixture(scope="session")
def node(certificate):
    process = start_node(certificate[0])
    yield process
    process.close()


@pytest.fixture(params=["node http", "node https", "node http2", "python http", "python https"])
def kind(request):
    """(language, transport)"""
    return request.param.split()


@pytest.fixture
def emulator(request, kind, start, tmp_path):
    """Overrides the one of conftest.py: with credential files, and TLS where the client wants it."""
    options = ["--demo-credentials", tmp_path / "user.json", "--service-account", tmp_path / "robot.json"]
    if kind[1] == "http":
        return start(*options)
    cert, key = request.getfixturevalue("certificate")
    return start(*options, "--tls-cert", cert, "--tls-key", key, ca=cert)


@pytest.fixture
def client(request, emulator, kind):
    if kind[0] == "python":
        made = PythonClient(emulator)
    else:
        made = NodeClient(request.getfixturevalue("node"), emulator, http2=kind[1] == "http2")
    yield made
    made.close()


@pytest.fixture
def people(client, emulator):
    """The client, with a token that is good."""
    client.use_token(emulator.token)
    return client


def follow(emulator):
    """What a browser does: from the address of the authorization to the parameters of the redirect."""
    def browse(url):
        answer = emulator.request("GET", url)
        assert answer.status == 302, answer.body
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))
    return browse


# ---- who it is ----


@pytest.mark.parametrize("pkce", [True, False])
@pytest.mark.parametrize("basic", [True, False])
def test_a_login(client, emulator, pkce, basic):
    tokens = client.log_in("desk", "hush", ["openid", "email", "profile", CONTACTS], follow(emulator), pkce, basic)
    assert tokens["refresh_token"] and CONTACTS in tokens["scope"] and tokens["id_token"]
    assert client.call("people.get", resourceName="people/me", personFields="names")["names"]
    before, after = client.refresh()
    assert before != after
    assert client.call("people.connections.list", resourceName="people/me", personFields="names")["connections"]
    client.revoke()
    assert emulator.api("GET", "people/c1001", {"personFields": "names"}, token=after).status == 401


def test_a_token_that_ends_is_renewed_by_the_way(client, kind, emulator, tmp_path):
    if kind[1] == "http2":
        pytest.skip("the library renews no token over HTTP/2")
    client.use_file(tmp_path / "user.json", [CONTACTS])
    assert client.call("people.get", resourceName="people/c1001", personFields="names")["names"]
    emulator.revoke_tokens()
    assert client.call("people.get", resourceName="people/c1001", personFields="names")["names"], "after a 401"


def test_a_service_account(client, emulator, tmp_path):
    client.use_file(tmp_path / "robot.json", [CONTACTS], subject="alice@example.com")
    assert len(client.call("people.connections.list", resourceName="people/me", personFields="names")["connections"]) >= 16
    emulator.delegate(False)
    client.use_file(tmp_path / "robot.json", [CONTACTS], subject="alice@example.com")
    with pytest.raises(Exception, match="unauthorized_client|Client is unauthorized"):
        client.call("people.get", resourceName="people/c1001", personFields="names")


def test_a_token_for_something_else(client, emulator):
    emulator.add_token("elsewhere", scope="openid")
    client.use_token("elsewhere")
    with pytest.raises(Refused) as refused:
        client.call("people.connections.list", resourceName="people/me", personFields="names")
    assert refused.value.status == 403 and refused.value.error["status"] == "PERMISSION_DENIED"
    assert refused.value.error["details"][0]["metadata"]["method"] == "google.people.v1.PeopleService.ListConnections"


# ---- reading ----


def every_page(people, **query):
    seen, page = [], {}
    while not seen or "nextPageToken" in page:
        page = people.call("people.connections.list", resourceName="people/me", personFields=FIELDS, pageSize=7,
                           requestSyncToken=True, **query, **({"pageToken": page["nextPageToken"]} if page else {}))
        seen.append(page)
    return [person for page in seen for person in page.get("connections", [])], page["nextSyncToken"]


def test_pages_and_changes(people, emulator):
    everybody, token = every_page(people)
    assert [person["resourceName"] for person in everybody] == [person["resourceName"] for person in emulator.people()]
    emulator.rename_person("people/c1001", "Alicia", "Smith")
    emulator.delete_person("people/c1002")
    changed, newer = every_page(people, syncToken=token)
    assert changed[0]["names"][0]["displayName"] == "Alicia Smith"
    assert changed[1]["metadata"]["deleted"] is True and "photos" not in changed[1]
    assert every_page(people, syncToken=newer)[0] == []
    emulator.expire_sync_tokens()
    with pytest.raises(Refused) as refused:
        every_page(people, syncToken=newer)
    assert refused.value.status == 400 and refused.value.error["details"][0]["reason"] == "EXPIRED_SYNC_TOKEN"


def test_some_by_name(people):
    names = [f"people/c{1001 + number % 18}" for number in range(150)] + ["people/c9999"]  # longer than an address may be
    answer = people.call("people.getBatchGet", resourceNames=names, personFields="names")
    assert [response["requestedResourceName"] for response in answer["responses"]] == names
    assert [response["httpStatusCode"] for response in answer["responses"]] == [200] * 150 + [404]


def test_labels(people):
    groups, page = [], {}
    while not page or "nextPageToken" in page:
        page = people.call("contactGroups.list", pageSize=4, **({"pageToken": page["nextPageToken"]} if page else {}))
        groups += page["contactGroups"]
    assert {"contactGroups/myContacts", "contactGroups/starred"} <= {group["resourceName"] for group in groups}
    group = people.call("contactGroups.get", resourceName="contactGroups/myContacts", maxMembers=3)
    assert len(group["memberResourceNames"]) == 3


def test_who_is_not_there(people):
    with pytest.raises(Refused) as refused:
        people.call("people.get", resourceName="people/c9999", personFields="names")
    assert refused.value.status == 404 and refused.value.error["status"] == "NOT_FOUND"


def test_what_is_not_built(people):
    with pytest.raises(Refused) as refused:
        people.call("otherContacts.list", readMask="names")
    assert refused.value.status == 501 and refused.value.error["status"] == "UNIMPLEMENTED"


# ---- writing ----


def test_a_contact_comes_changes_and_goes(people, emulator):
    made = people.call("people.createContact", body={
        "names": [{"givenName": "Nia", "familyName": "Adams"}], "emailAddresses": [{"value": "nia@example.com"}]},
        personFields=FIELDS)
    name = made["resourceName"]
    assert made["memberships"][0]["contactGroupMembership"]["contactGroupId"] == "myContacts"

    renamed = people.call("people.updateContact", body=dict(made, names=[{"givenName": "Nia", "familyName": "Brown"}]),
                          resourceName=name, updatePersonFields="names", personFields=FIELDS)
    assert renamed["names"][0]["displayName"] == "Nia Brown" and renamed["etag"] != made["etag"]
    with pytest.raises(Refused) as refused:
        people.call("people.updateContact", body=made, resourceName=name, updatePersonFields="names")
    assert refused.value.status == 400 and refused.value.error["status"] == "FAILED_PRECONDITION"

    picture = emulator.photo_bytes("people/c1001")
    answer = people.call("people.updateContactPhoto", resourceName=name,
                         body={"photoBytes": base64.b64encode(picture).decode(), "personFields": "photos,metadata"})
    [photo] = answer["person"]["photos"]
    assert "default" not in photo and emulator.photo(photo["url"]).status == 200
    assert emulator.photo_bytes(name)
    answer = people.call("people.deleteContactPhoto", resourceName=name, personFields="photos")
    assert answer["person"]["photos"][0]["default"] is True and emulator.photo_bytes(name) is None
    with pytest.raises(Refused) as refused:
        people.call("people.updateContactPhoto", resourceName=name, body={"photoBytes": "bm8gcGljdHVyZQ=="})
    assert refused.value.status == 400 and refused.value.error["message"] == "Invalid photo format"

    assert people.call("people.deleteContact", resourceName=name) == {}
    assert name not in {person["resourceName"] for person in emulator.people()}


def test_parameters_of_all_of_googles_interfaces(people):
    got = people.call("people.get", resourceName="people/c1001", personFields="names", prettyPrint=False, quotaUser="me",
                      key="none", alt="json")
    assert got["names"][0]["displayName"] == "Alice Smith"
    got = people.call("people.get", resourceName="people/c1001", personFields=FIELDS, fields="resourceName,names(displayName)")
    assert got == {"resourceName": "people/c1001", "names": [{"displayName": "Alice Smith"}]}


def test_a_refused_request_is_followed_by_others(people, emulator):
    for number in range(3):
        with pytest.raises(Refused):
            people.call("people.get", resourceName="people/c9999", personFields="names")
        assert people.call("people.get", resourceName="people/c1001", personFields="names")["names"]
    assert [request["status"] for request in emulator.requests(origin="api")] == [404, 200] * 3
