"""What Google's front end does with every answer: indentation, compression, quotas."""

import base64
import gzip
import json

import pytest

LISTING = "people/me/connections"
FIELDS = {"personFields": "names,photos"}


def listing(emulator, encoding=None, **query):
    return emulator.api("GET", LISTING, {**FIELDS, **query}, headers={"Accept-Encoding": encoding} if encoding else None)


def test_json_is_indented(emulator):
    pretty = listing(emulator)
    compact = listing(emulator, prettyPrint="false")
    assert pretty.body.decode().startswith('{\n  "connections": [\n    {\n      "resourceName": "people/')
    assert b"\n" not in compact.body and len(compact.body) < 0.7 * len(pretty.body)
    assert pretty.json() == compact.json()
    assert b'\n  "error": {' in listing(emulator, pageSize="x").body


def test_words_with_quotes_and_braces_survive(emulator):
    name = emulator.create_person('A "b\\" {', "[,:]")
    assert emulator.api("GET", name, FIELDS).json()["names"][0]["displayName"] == 'A "b\\" { [,:]'


@pytest.mark.parametrize("encoding, compressed", [("gzip", True), ("deflate, gzip;q=0.5, br", True), ("GZIP", True),
                                                  ("identity", False), ("gzip;q=0", False), ("deflate", False)])
def test_gzip_for_those_who_take_it(emulator, encoding, compressed):
    plain = listing(emulator)
    assert plain.headers["Content-Encoding"] is None
    answer = listing(emulator, encoding)
    assert answer.headers["Content-Encoding"] == ("gzip" if compressed else None)
    body = gzip.decompress(answer.body) if compressed else answer.body
    assert json.loads(body) == plain.json()
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert not compressed or len(answer.body) < len(body) / 3


def test_a_photo_is_not_compressed(emulator):
    url = listing(emulator).json()["connections"][0]["photos"][0]["url"]
    assert emulator.photo(url, headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] is None


def left(emulator, reads):
    """So many reads are allowed in this minute."""
    emulator.control("POST", "quota", {"contact-reads": reads, "full-syncs": 100})


def patch(emulator, **more):
    picture = base64.b64encode(emulator.photo_bytes("people/c1002")).decode()
    return emulator.api("PATCH", "people/c1001:updateContactPhoto", body={"photoBytes": picture, **more}).status


def test_every_page_is_a_read(emulator):
    left(emulator, 2)
    token = listing(emulator, pageSize=2).json()["nextPageToken"]
    assert listing(emulator, pageSize=2, pageToken=token).status == 200
    refused = emulator.api("GET", "people/c1001", FIELDS)
    assert refused.status == 429 and refused.reasons == ["RATE_LIMIT_EXCEEDED"]


def test_a_write_that_wants_the_person_back_is_a_read_too(emulator):
    left(emulator, 1)
    assert patch(emulator) == 200
    assert patch(emulator, personFields="photos") == 200
    before = emulator.photo_bytes("people/c1001", served=True)
    assert patch(emulator, personFields="photos") == 429
    assert emulator.api("DELETE", "people/c1001:deleteContactPhoto", {"personFields": "photos"}).status == 429
    assert emulator.photo_bytes("people/c1001", served=True) == before, "nothing was carried out"
    assert patch(emulator) == 200


@pytest.mark.options("--quota")
def test_ninety_reads_a_minute(emulator):
    statuses = [emulator.api("GET", "people/c1001", FIELDS).status for _ in range(91)]
    assert statuses == [200] * 90 + [429]


def test_used_up_allowance(emulator):
    emulator.fault("quota", path="/v1/people/*:updateContactPhoto")
    picture = base64.b64encode(emulator.photo_bytes("people/c1002")).decode()
    answer = emulator.api("PATCH", "people/c1001:updateContactPhoto", body={"photoBytes": picture})
    assert answer.status == 429
    detail, = answer.json()["error"]["details"]
    assert detail["@type"].endswith("google.rpc.QuotaFailure")
    assert detail["violations"][0]["description"] == "FBS quota limit exceeded"


def test_endless_pages(emulator):
    emulator.fault("endless", path=f"/v1/{LISTING}", times=-1)
    tokens = [listing(emulator).json()["nextPageToken"] for _ in range(5)]
    assert len(set(tokens)) == 5


def test_a_fault_for_some_queries_only(emulator):
    emulator.fault("status", status=503, path=f"/v1/{LISTING}", times=-1, **{"with": "pageSize=2", "without": "sortOrder="})
    assert listing(emulator).status == 200
    assert listing(emulator, pageSize=2).status == 503
    assert listing(emulator, pageSize=2, sortOrder="FIRST_NAME_ASCENDING").status == 200
