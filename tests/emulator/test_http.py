"""What HTTP clients really send: HTTP/1.1 and HTTP/2, plain and over TLS."""

import gzip
import http.client
import json
import socket
import ssl
import subprocess
import urllib.parse

import pytest

NAMES = "personFields=names"


@pytest.fixture
def secure(start, certificate):
    cert, key = certificate
    return start("--tls-cert", cert, "--tls-key", key, ca=cert)


@pytest.fixture(params=["http", "https"])
def served(request):
    return request.getfixturevalue("emulator" if request.param == "http" else "secure")


@pytest.fixture(params=["http", "https", "h2"])
def curl(request):
    """curl(url, *options) → (status, headers, body), each over another version."""
    emulator = request.getfixturevalue("emulator" if request.param == "http" else "secure")

    def call(url, *options):
        common = ["curl", "-sS", "--max-time", "20", "-D", "/dev/stderr", "--http2" if request.param == "h2" else "--http1.1"]
        if emulator.ca:
            common += ["--cacert", emulator.ca]
        if url.startswith("/"):
            url = emulator.api_url + url
            common += ["-H", f"Authorization: Bearer {emulator.token}"]
        result = subprocess.run([*common, *options, url], capture_output=True)
        assert result.returncode == 0, result.stderr
        lines = result.stderr.decode().replace("\r", "").split("\n\n")[-2].splitlines()
        version, status = lines[0].split()[:2]
        assert version == ("HTTP/2" if request.param == "h2" else "HTTP/1.1")
        headers = [line.split(": ", 1) for line in lines[1:]]
        return int(status), {name.lower(): value for name, value in headers}, result.stdout

    call.emulator = emulator
    return call


def authorized(emulator, **headers):
    return {"Authorization": f"Bearer {emulator.token}", **headers}


# ---- connections ----


def test_a_connection_serves_many_requests(served):
    """Also those that are refused; libsoup drops one that it was handed after each."""
    connection = served.connect(served.api_url)
    statuses = []
    for number in (1001, 1002, 9999, 1003):
        connection.request("GET", f"/v1/people/c{number}?{NAMES}", headers=authorized(served))
        answer = connection.getresponse()
        assert not answer.will_close, "Connection: close"
        answer.read()
        statuses.append(answer.status)
    connection.request("POST", "/v1/people:createContact", b'{"names": [{"givenName": "Nia"}]}', authorized(served))
    statuses.append(connection.getresponse().status)
    connection.close()
    assert statuses == [200, 200, 404, 200, 200]
    assert len({request["connection"] for request in served.requests(origin="api")}) == 1


@pytest.mark.parametrize("requests", [1, 3])
def test_a_connection_ends_with_its_client(emulator, requests):
    """libsoup 3.2 keeps its end open for ever, and the next connection from that port waits for a second."""
    connection = emulator.connect(emulator.api_url)
    for _ in range(requests):
        connection.request("GET", f"/v1/people/c1001?{NAMES}", headers=authorized(emulator))
        assert connection.getresponse().read()
    connection.sock.shutdown(socket.SHUT_WR)
    assert connection.sock.recv(1) == b""
    connection.close()


def test_the_client_may_ask_for_the_end(served):
    connection = served.connect(served.api_url)
    connection.request("GET", f"/v1/people/c1001?{NAMES}", headers=authorized(served, Connection="close"))
    answer = connection.getresponse()
    assert answer.will_close and answer.headers["Connection"] == "close"
    assert json.loads(answer.read())["names"]


@pytest.mark.parametrize("offered, chosen", [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (None, None)])
def test_alpn(secure, offered, chosen):
    context = ssl.create_default_context(cafile=secure.ca)
    if offered:
        context.set_alpn_protocols(offered)
    parts = urllib.parse.urlsplit(secure.api_url)
    with socket.create_connection((parts.hostname, parts.port), 20) as plain:
        with context.wrap_socket(plain, server_hostname=parts.hostname) as tls:
            assert tls.selected_alpn_protocol() == chosen
            if chosen != "h2":
                tls.sendall(f"GET /v1/people/c1001?{NAMES} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                            f"Authorization: Bearer {secure.token}\r\n\r\n".encode())
                assert tls.recv(4096).startswith(b"HTTP/1.1 200 ")


# ---- bodies ----


def test_expect_continue(served, tmp_path):
    """The client waits with its body until it is told to go on."""
    body = tmp_path / "body"
    body.write_bytes(json.dumps({"biographies": [{"value": "x" * 100_000}]}).encode())
    command = ["curl", "-sS", "--http1.1", "--expect100-timeout", "600", "--max-time", "20", "-D", "-", "-o", "/dev/null",
               "-H", "Expect: 100-continue", "-H", f"Authorization: Bearer {served.token}", "--data-binary", f"@{body}",
               f"{served.api_url}/v1/people:createContact"]
    if served.ca:
        command[1:1] = ["--cacert", str(served.ca)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert [line.split()[1] for line in result.stdout.splitlines() if line.startswith("HTTP/")] == ["100", "200"]


class Frames:
    """HTTP/2 by hand, for what no program here shows of it."""

    HEADERS, SETTINGS = 1, 4
    END_STREAM, END_HEADERS = 1, 4

    def __init__(self, emulator):
        context = ssl.create_default_context(cafile=emulator.ca)
        context.set_alpn_protocols(["h2"])
        parts = urllib.parse.urlsplit(emulator.api_url)
        plain = socket.create_connection((parts.hostname, parts.port), 20)
        self.tls = context.wrap_socket(plain, server_hostname=parts.hostname)
        self.stream = self.tls.makefile("rb")
        self.token = emulator.token
        self.tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.send(self.SETTINGS, 0, 0, b"")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self.stream.close()
        self.tls.close()

    def send(self, kind, flags, stream, payload):
        self.tls.sendall(len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload)

    def request(self, method, path, *headers, ends):
        """Begins stream 1; HPACK without its table or Huffman's code."""
        pairs = [(":method", method), (":scheme", "https"), (":authority", "x"), (":path", path),
                 ("authorization", f"Bearer {self.token}"), *headers]
        block = b"".join(b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
                         for name, value in pairs)
        self.send(self.HEADERS, self.END_HEADERS | (self.END_STREAM if ends else 0), 1, block)

    def headers(self):
        """(flags, HPACK's block) of the next frame of headers."""
        while True:
            head = self.stream.read(9)
            payload = self.stream.read(int.from_bytes(head[:3], "big"))
            if head[3] == self.HEADERS:
                return head[4], payload


def test_expect_continue_over_http2(secure):
    with Frames(secure) as frames:
        frames.request("POST", "/v1/people:createContact", ("expect", "100-continue"), ends=False)
        assert frames.headers() == (Frames.END_HEADERS, b"H\x82\x08\x01"), "100, by Huffman's code"
        frames.send(0, Frames.END_STREAM, 1, b'{"names": [{"givenName": "Nia"}]}')
        assert frames.headers()[1][0] == 0x88, "200, in HPACK's table"
    assert secure.find("Nia")


def test_nothing_comes_after_head_over_http2(secure):
    with Frames(secure) as frames:
        frames.request("HEAD", f"/v1/people/c1001?{NAMES}", ends=True)
        flags, block = frames.headers()
        assert block[0] == 0x88 and flags & Frames.END_STREAM


def test_chunked_bodies(served):
    connection = served.connect(served.api_url)
    parts = (part for part in (b'{"names": [{"given', b'Name": "Ni', b'a"}]}'))
    connection.request("POST", "/v1/people:createContact", parts, authorized(served), encode_chunked=True)
    assert connection.getresponse().status == 200
    assert served.find("Nia")


def test_compressed_bodies(curl, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(gzip.compress(b'{"names": [{"givenName": "Nia"}], "biographies": [{"value": "%s"}]}' % (b"x" * 300_000)))
    for name in ("gzip", "GZIP", "x-gzip"):
        status, _, answer = curl("/v1/people:createContact", "-H", f"Content-Encoding: {name}", "--data-binary", f"@{body}")
        assert status == 200 and len(json.loads(answer)["biographies"][0]["value"]) == 300_000
    assert curl.emulator.find("Nia")


@pytest.mark.parametrize("what, encoding, status", [("plain", "gzip", 400), ("cut", "gzip", 400), ("empty", "gzip", 400),
                                                    ("whole", "br", 415), ("bomb", "gzip", 413)])
def test_compressed_bodies_that_are_not(emulator, what, encoding, status):
    whole = gzip.compress(b'{"names": []}')
    body = {"plain": b'{"names": []}', "cut": whole[:-9], "empty": b"", "whole": whole,
            "bomb": gzip.compress(b" " * (70 << 20)) if what == "bomb" else b""}[what]
    answer = emulator.api("POST", "people:createContact", body=body, headers={"Content-Encoding": encoding})
    assert answer.status == status


# ---- methods ----


def test_a_long_query_in_a_post(curl):
    """As Google's Python library asks when an address has more than 2,048 characters."""
    names = "&".join(f"resourceNames=people/c{1001 + number % 20}" for number in range(150))
    status, _, body = curl("/v1/people:batchGet", "-H", "X-HTTP-Method-Override: GET", "--data", f"{NAMES}&{names}")
    assert status == 200 and len(json.loads(body)["responses"]) == 150
    [request] = curl.emulator.requests(origin="api")
    assert request["method"] == "GET" and not request["mutation"]


def test_other_methods_in_a_post(emulator):
    person = emulator.api("GET", "people/c1001", "personFields=metadata").json()
    person["names"] = [{"givenName": "Alicia"}]
    answer = emulator.api("POST", "people/c1001:updateContact", "updatePersonFields=names", body=person,
                          headers={"X-HTTP-Method-Override": "PATCH"})
    assert answer.status == 200 and emulator.find("Alicia") == "people/c1001"
    answer = emulator.api("GET", "people/c1002", NAMES, headers={"X-HTTP-Method-Override": "DELETE"})
    assert answer.status == 200, "only a POST carries another method"
    answer = emulator.api("POST", "people/c1002:deleteContact", headers={"X-HTTP-Method-Override": "delete"})
    assert answer.status == 200 and emulator.api("GET", "people/c1002", NAMES).status == 404
    assert [request["method"] for request in emulator.requests(origin="api")][1] == "PATCH"


def test_head_is_get_without_the_body(curl):
    photo = curl.emulator.api("GET", "people/c1001", "personFields=photos").json()["photos"][0]["url"]
    for url in (f"/v1/people/c1001?{NAMES}", f"/v1/people/c9999?{NAMES}", "/v1/nothing", photo):
        status, headers, body = curl(url)
        told = curl(url, "--head", "-o", "/dev/null")
        assert told[0] == status
        assert told[1]["content-length"] == headers["content-length"] == str(len(body))
        assert told[1]["content-type"] == headers["content-type"]


def test_nothing_comes_after_head(served):
    """What would, is taken for the beginning of the next answer."""
    connection = served.connect(served.api_url)
    for method in ("HEAD", "GET", "HEAD", "GET"):
        connection.request(method, f"/v1/people/c1001?{NAMES}", headers=authorized(served))
        answer = connection.getresponse()
        assert answer.status == 200 and bool(answer.read()) == (method == "GET")


def test_options_tell_what_there_is(curl):
    status, headers, body = curl("/v1/people/c1001:updateContactPhoto", "-X", "OPTIONS")
    assert (status, headers["allow"], body) == (200, "PATCH", b"")
    status, headers, _ = curl("/v1/contactGroups/friends", "-X", "OPTIONS", "-H", "Authorization;")
    assert (status, headers["allow"]) == (200, "GET, HEAD, DELETE, PUT")
    assert curl("/v1/nothing", "-X", "OPTIONS")[0] == 404


def test_pages_in_browsers_may_ask(curl):
    origin = ["-H", "Origin: https://app.example"]
    status, headers, _ = curl("/v1/people/c1001:updateContactPhoto", *origin, "-X", "OPTIONS", "-H", "Authorization;", "-H",
                              "Access-Control-Request-Method: PATCH", "-H", "Access-Control-Request-Headers: authorization")
    assert status == 200 and headers["access-control-allow-methods"] == "PATCH"
    assert headers["access-control-allow-headers"] == "authorization"
    assert headers["access-control-allow-origin"] == "https://app.example"
    for url in (f"/v1/people/c1001?{NAMES}", f"/v1/people/c9999?{NAMES}"):
        assert curl(url, *origin)[1]["access-control-allow-origin"] == "https://app.example"
        assert "access-control-allow-origin" not in curl(url)[1]
    control = curl.emulator.control_request("GET", "people", headers={"Origin": "https://app.example"})
    assert control.status == 200 and "Access-Control-Allow-Origin" not in control.headers


@pytest.mark.parametrize("path, allowed", [("/token", "POST"), ("/revoke", "POST"), ("/o/oauth2/auth", "GET")])
def test_what_is_not_allowed_says_what_is(emulator, path, allowed):
    answer = emulator.request("DELETE", emulator.api_url + path)
    assert answer.status == 405 and answer.headers["Allow"] == allowed


def test_ranges_are_ignored(emulator):
    answer = emulator.api("GET", "people/c1001", NAMES, headers={"Range": "bytes=0-3"})
    assert answer.status == 200 and answer.json()


# ---- photos ----


def photo_urls(emulator):
    fields = "personFields=photos"
    return [emulator.api("GET", f"people/{name}", fields).json()["photos"][0]["url"].rpartition("=")[0]
            for name in ("c1001", "c1009")]  # a face, and a monogram


def test_photos_that_the_client_has(curl):
    emulator = curl.emulator
    for base in photo_urls(emulator):
        status, headers, body = curl(f"{base}=s0")
        assert status == 200 and body and headers["etag"].startswith('"')
        for condition in (headers["etag"], f"W/{headers['etag']}", f'"x", {headers["etag"]}', "*"):
            status, again, rest = curl(f"{base}=s0", "-H", f"If-None-Match: {condition}")
            assert (status, rest, again["etag"]) == (304, b"", headers["etag"])
            assert "content-length" not in again and "content-type" not in again
        for condition in ('"x"', "x", headers["etag"][:-2] + '"'):
            assert curl(f"{base}=s0", "-H", f"If-None-Match: {condition}")[0] == 200
        assert curl(f"{base}=s100", "-H", f"If-None-Match: {headers['etag']}")[0] == 200, "of another size"


def test_a_connection_goes_on_after_what_the_client_has(served):
    url = urllib.parse.urlsplit(photo_urls(served)[0] + "=s0")
    connection = served.connect(url.geturl())
    connection.request("GET", url.path)
    answer = connection.getresponse()
    etag, picture = answer.headers["ETag"], answer.read()
    for headers, status in (({"If-None-Match": etag}, 304), ({}, 200), ({"If-None-Match": etag}, 304)):
        connection.request("GET", url.path, headers=headers)
        answer = connection.getresponse()
        assert answer.status == status and answer.read() == (picture if status == 200 else b"")
    connection.close()
    assert len({request["connection"] for request in served.requests(origin="photo")}) == 1


def test_another_photo_has_another_etag(emulator):
    first, etags = photo_urls(emulator)[0], []
    for word in ("one", "two"):
        emulator.set_photo("people/c1001", word)
        etags.append(emulator.photo(photo_urls(emulator)[0] + "=s0").headers["ETag"])
    assert etags[0] != etags[1]
    assert emulator.photo(first + "=s0", {"If-None-Match": etags[0]}).status == 404, "gone is gone"


def test_headers_come_in_any_case(emulator):
    connection = http.client.HTTPConnection(*emulator.api_url.removeprefix("http://").split(":"))
    connection.putrequest("GET", f"/v1/people/c1001?{NAMES}")
    connection.putheader("AUTHORIZATION", f"bearer {emulator.token}")
    connection.endheaders()
    assert connection.getresponse().status == 200
    connection.close()
