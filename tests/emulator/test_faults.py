"""Faults, the log, and waiting: what the mount tests are built on."""

import base64
import concurrent.futures
import http.client
import json

import pytest

ME = "people/c1001"
NAMES = {"personFields": "names"}


def get(emulator, name=ME):
    return emulator.api("GET", name, NAMES)


def patch(emulator, name="people/c1001", picture=None):
    picture = picture or emulator.photo_bytes("people/c1001")
    return emulator.api("PATCH", f"{name}:updateContactPhoto",
                        body={"photoBytes": base64.b64encode(picture).decode(), "personFields": "photos"})


def photo_url(emulator):
    return emulator.api("GET", "people/c1001", {"personFields": "photos"}).json()["photos"][0]["url"]


def test_status(emulator):
    emulator.fault("status", path="/v1/people/*", status=429, reason="RATE_LIMIT_EXCEEDED", headers={"Retry-After": "7"},
                   times=2)
    for _ in range(2):
        answer = get(emulator)
        assert answer.status == 429 and answer.headers["Retry-After"] == "7"
        assert answer.json()["error"]["status"] == "RESOURCE_EXHAUSTED" and answer.reasons == ["RATE_LIMIT_EXCEEDED"]
    assert get(emulator).status == 200
    assert [(fault["action"], fault["hits"], fault["times"]) for fault in emulator.faults()] == [("status", 2, 0)]


def test_a_body_of_ones_own(emulator):
    emulator.fault("status", path="/v1/people/c1001", status=403, body={"error": {"code": 403, "message": "no"}})
    assert get(emulator).json() == {"error": {"code": 403, "message": "no"}}
    emulator.fault("status", origin="photo", status=200, body_base64=base64.b64encode(b"\xff\xd8\xff").decode(),
                   content_type="image/jpeg")
    answer = emulator.photo(photo_url(emulator))
    assert answer.body == b"\xff\xd8\xff" and answer.headers["Content-Type"] == "image/jpeg"


def test_the_photo_host_fails_in_html(emulator):
    url = photo_url(emulator)
    emulator.fault("status", origin="photo", status=429, times=1)
    answer = emulator.photo(url)
    assert answer.status == 429 and answer.headers.get_content_type() == "text/html"
    emulator.fault("type", origin="photo", body="<html>busy</html>")
    answer = emulator.photo(url)
    assert answer.status == 200 and answer.headers.get_content_type() == "text/html" and answer.body == b"<html>busy</html>"
    emulator.fault("garbage", origin="photo")
    answer = emulator.photo(url)
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/jpeg" and len(answer.body) < 100
    emulator.fault("cut", origin="photo")
    with pytest.raises(http.client.IncompleteRead) as cut:
        emulator.photo(url)
    assert len(cut.value.partial) > 100
    assert emulator.photo(url).status == 200


def test_garbage_is_no_json(emulator):
    emulator.fault("garbage", path="*")
    with pytest.raises(json.JSONDecodeError):
        get(emulator).json()


def test_reset_and_nothing_is_carried_out(emulator):
    picture = emulator.photo_bytes("people/c1002")
    before = emulator.photo_bytes("people/c1001")
    emulator.fault("reset", method="PATCH")
    with pytest.raises(ConnectionResetError):
        patch(emulator, picture=picture)
    assert emulator.photo_bytes("people/c1001") == before


def test_a_lost_answer_is_carried_out(emulator):
    picture = emulator.photo_bytes("people/c1002")
    emulator.fault("lost-answer", method="PATCH")
    with pytest.raises(http.client.RemoteDisconnected):
        patch(emulator, picture=picture)
    assert emulator.photo_bytes("people/c1001") == picture
    [request] = emulator.requests(method="PATCH")
    assert request["ended"] and request["status"] == 0


@pytest.mark.parametrize("order", [{"action": "status", "status": 504}, {"action": "garbage"}])
def test_carried_out_and_answered_otherwise(emulator, order):
    picture = emulator.photo_bytes("people/c1002")
    emulator.fault(**order, method="PATCH", applied=True)
    answer = patch(emulator, picture=picture)
    assert answer.status == order.get("status", 200) and b'"person"' not in answer.body
    assert emulator.photo_bytes("people/c1001") == picture
    assert patch(emulator, "people/c1003", picture).status == 200


def test_carried_out_and_reset(emulator):
    picture = emulator.photo_bytes("people/c1002")
    emulator.fault("reset", method="PATCH", applied=True)
    with pytest.raises(ConnectionResetError):
        patch(emulator, picture=picture)
    assert emulator.photo_bytes("people/c1001") == picture


def test_hang_until_the_client_leaves(emulator):
    emulator.fault("hang", path="/v1/people/c1001", times=-1)
    connection = emulator.connect(emulator.api_url)
    connection.request("GET", "/v1/people/c1001?personFields=names", headers={"Authorization": f"Bearer {emulator.token}"})
    [request] = emulator.wait_requests(1, path="/v1/people/c1001")
    assert not request["ended"]
    connection.close()
    [request] = emulator.wait_requests(1, path="/v1/people/c1001", answered=True)
    assert request["status"] == 0
    emulator.clear_faults()
    assert get(emulator).status == 200


def test_patterns(emulator):
    emulator.fault("status", path="^/v1/people/c100[12]$", status=500, times=-1)
    assert [get(emulator, f"people/c{number}").status for number in (1001, 1002, 1003)] == [500, 500, 200]
    emulator.clear_faults()
    emulator.fault("status", path="*:updateContactPhoto", method="PATCH", status=500, times=-1)
    assert patch(emulator).status == 500 and get(emulator).status == 200
    emulator.clear_faults()
    assert patch(emulator).status == 200


@pytest.mark.parametrize("order", [{"action": "explode"}, {}, {"action": "status", "path": "^("},
                                   {"action": "status", "origin": "moon"}])
def test_faults_that_make_no_sense(emulator, order):
    answer = emulator.control_request("POST", "faults", order)
    assert answer.status == 400 and answer.json()["error"]


def test_delays_run_side_by_side(emulator):
    """256 requests of 300 ms each: one after the other they would take over a minute."""
    emulator.fault("delay", path="/v1/people/c1001", delay_ms=300, times=-1)
    with concurrent.futures.ThreadPoolExecutor(256) as pool:
        statuses = list(pool.map(lambda _: get(emulator, "people/c1001").status, range(256)))
    assert statuses == [200] * 256
    log = emulator.log(path="/v1/people/c1001")
    assert log["max_concurrent"]["api"] > 32
    assert all(request["ms"] >= 299 for request in log["requests"])
    assert max(request["ms"] for request in log["requests"]) < 3000


def test_a_delay_goes_with_another_fault(emulator):
    emulator.fault("delay", path="/v1/*", delay_ms=200, times=-1)
    emulator.fault("status", path="/v1/*", status=500)
    assert get(emulator).status == 500
    assert emulator.requests()[0]["ms"] >= 199


def overlapping_patches(emulator):
    emulator.fault("delay", method="PATCH", path="*/c1001:*", delay_ms=20000)
    connection = emulator.connect(emulator.api_url)
    connection.request("PATCH", "/v1/people/c1001:updateContactPhoto", b"{}",
                       {"Authorization": f"Bearer {emulator.token}"})
    emulator.wait_requests(1, method="PATCH")
    second = patch(emulator, "people/c1002")
    connection.close()
    emulator.wait_requests(2, method="PATCH", answered=True)
    return second


def test_overlapping_mutations_are_counted(emulator):
    assert patch(emulator).status == patch(emulator).status == 200
    log = emulator.log()
    assert log["overlaps"] == 0 and log["max_concurrent"]["mutations"] == 1
    assert overlapping_patches(emulator).status == 200
    log = emulator.log()
    assert log["overlaps"] == 1 and log["max_concurrent"]["mutations"] == 2 and log["mutations_now"] == 0


@pytest.mark.options("--abort-overlap")
def test_overlapping_mutations_may_be_aborted(emulator):
    answer = overlapping_patches(emulator)
    assert answer.status == 409 and answer.json()["error"]["status"] == "ABORTED"


def test_a_mutation_whose_client_left_during_the_delay_is_not_carried_out(emulator):
    before = emulator.photo_bytes("people/c1002")
    emulator.fault("delay", method="PATCH", delay_ms=100)
    connection = emulator.connect(emulator.api_url)
    body = json.dumps({"photoBytes": base64.b64encode(emulator.photo_bytes("people/c1001")).decode()})
    connection.request("PATCH", "/v1/people/c1002:updateContactPhoto", body, {"Authorization": f"Bearer {emulator.token}"})
    emulator.wait_requests(1, method="PATCH")
    connection.close()
    emulator.wait_requests(1, method="PATCH", answered=True)
    emulator.fault("delay", path="/v1/people/c1001", delay_ms=150)
    assert get(emulator).status == 200, "by now the other delay is over as well"
    assert emulator.photo_bytes("people/c1002") == before


def test_the_log(emulator):
    emulator.api("GET", "people/c1001", {"personFields": "names"}, headers={"User-Agent": "tester/1"})
    emulator.photo(photo_url(emulator))
    log = emulator.log()
    assert log["total"] == 3 and log["counts"]["GET /v1/people/c1001"] == 2
    first = log["requests"][0]
    assert first["origin"] == "api" and first["status"] == 200 and first["user_agent"] == "tester/1"
    assert first["query"] == "personFields=names" and first["http"] == "1.1" and first["bytes"] > 10
    assert first["authorization"] is True and first["mutation"] is False and first["ended"] is True
    assert log["connections"] == {"api": 2, "photo": 1, "token": 0}
    assert emulator.log(origin="photo")["matching"] == 1
    emulator.reset_requests()
    log = emulator.log()
    assert log["total"] == 0 and log["connections"] == {"api": 0, "photo": 0, "token": 0}


def test_connections_are_told_apart(emulator):
    connection = emulator.connect(emulator.api_url)
    for _ in range(3):
        connection.request("GET", "/v1/people/c1001?personFields=names", headers={"Authorization": f"Bearer {emulator.token}"})
        connection.getresponse().read()
    connection.close()
    get(emulator)
    numbers = [request["connection"] for request in emulator.requests()]
    assert len(set(numbers[:3])) == 1 and numbers[3] not in numbers[:3]


def test_waiting(emulator):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(emulator.wait_requests, 3, path="/v1/people/c*")
        for number in (1001, 1002):
            get(emulator, f"people/c{number}")
        get(emulator, "contactGroups")
        assert not waiting.done()
        get(emulator, "people/c1003")
        assert [request["path"][-5:] for request in waiting.result(10)] == ["c1001", "c1002", "c1003"]
    with pytest.raises(AssertionError, match="3 of 4 requests"):
        emulator.wait_requests(4, path="/v1/people/c*", timeout=0.05)


def test_no_token_is_ever_logged(start, tmp_path):
    log = tmp_path / "requests.log"
    emulator = start("--log", log, "--verbose", token="sesame-open")
    get(emulator)
    emulator.request("GET", f"{emulator.api_url}/v1/people/c1001?access_token=sesame-open&personFields=names")
    emulator.request("POST", emulator.ready["token_uri"], b"grant_type=refresh_token&refresh_token=sesame-open&client_id=x")
    emulator.request("POST", f"{emulator.ready['revoke_uri']}?token=sesame-open", b"")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["path"] for line in lines] == ["/v1/people/c1001", "/v1/people/c1001", "/token", "/revoke"]
    assert lines[1]["query"] == "access_token=-&personFields=names"
    emulator.close()
    assert "sesame" not in log.read_text() + emulator.stderr and "/v1/people/c1001" in emulator.stderr


def test_control_knows_what_it_knows(emulator):
    for method, path in (("GET", "nothing"), ("POST", "requests"), ("DELETE", "people"), ("GET", ""), ("GET", "time")):
        assert emulator.control_request(method, path).status == 404
    assert emulator.control_request("POST", "people", {"action": "dance", "resource_name": "people/c1001"}).status == 400
    assert emulator.control_request("POST", "people", {"action": "delete", "resource_name": "people/c9"}).status == 400
    assert emulator.control_request("POST", "time", b"[").status == 400
    assert emulator.photo_bytes("people/c404") is None
    assert emulator.requests() == [], "control calls are not logged"


def test_the_log_tells_which_request_met_a_fault(emulator):
    emulator.fault("status", path="/v1/people/*", method="GET", status=503)
    emulator.fault("lost-answer", method="PATCH")
    get(emulator)
    get(emulator)
    with pytest.raises(http.client.RemoteDisconnected):
        patch(emulator)
    assert [request.get("fault") for request in emulator.requests(origin="api")] == ["status", None, "lost-answer"]
