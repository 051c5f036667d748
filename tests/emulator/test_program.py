"""The program: options, readiness, its end, what it keeps, and HTTPS."""

import base64
import json
import os
import signal
import subprocess

import pytest

from emulator import Emulator, find_program


def run(*arguments, **more):
    return subprocess.run([find_program(), *arguments], capture_output=True, text=True, timeout=60, **more)


@pytest.mark.parametrize("drawn", [0, 1, 5])
def test_it_ends_while_photos_are_drawn(drawn):
    """Workers draw with libraries that the end of the program takes down."""
    with Emulator(["--people", "40", "--photos", "all"]) as service:
        people = service.api("GET", "people/me/connections", {"personFields": "photos", "pageSize": 40}).json()["connections"]
        urls = [person["photos"][0]["url"].rpartition("=")[0] + "=s300" for person in people]
        connections = [service.connect(url) for url in urls]
        for connection, url in zip(connections, urls):
            connection.request("GET", url)
        for connection in connections[:drawn]:
            assert connection.getresponse().read()
    for connection in connections:
        connection.close()


def test_version_and_help():
    assert run("--version").stdout.startswith("people-emulator ")
    text = run("--help").stdout
    for option in ("--port", "--state-dir", "--people", "--until-eof", "--access-token", "--tls-cert"):
        assert option in text


@pytest.mark.parametrize("arguments", [["--colour"], ["extra"], ["--port", "99999"], ["--photos", "some"], ["--people", "x"],
                                       ["--tls-cert", "only.pem"], ["--page-size-max", "0"], ["--face-size", "1"]])
def test_wrong_usage(arguments):
    result = run(*arguments)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith("people-emulator: ") and "--help" in result.stderr


@pytest.mark.parametrize("arguments", [["--host", "nowhere"], ["--tls-cert", "/none.pem", "--tls-key", "/none.pem"],
                                       ["--log", "/none/log"], ["--state-dir", "/proc/none"]])
def test_it_says_why_it_cannot_start(arguments):
    result = run(*arguments)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith("people-emulator: ") and result.stderr.count("\n") == 1


def test_a_taken_port(start):
    port = start().api_url.rpartition(":")[2]
    result = run("--port", port)
    assert result.returncode == 1 and "in use" in result.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, "end of input"])
def test_it_tells_when_it_is_ready_and_ends_cleanly(how):
    ready, theirs = os.pipe()
    with subprocess.Popen([find_program(), "--until-eof", "--ready-fd", str(theirs)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, pass_fds=[theirs], text=True) as process:
        os.close(theirs)
        with open(ready) as pipe:
            lines = pipe.read().splitlines()  # ends because the program closes it
        told = json.loads(lines[0])
        assert len(lines) == 1 and process.stdout.readline() == lines[0] + "\n"
        assert set(told) == {"api_url", "photo_url", "control_url", "control_key", "token_uri", "auth_uri",
                             "revoke_uri"}
        if how == "end of input":
            process.stdin.close()
        else:
            process.send_signal(how)
        assert process.wait(20) == 0


def test_urls_of_a_relay_in_front(start):
    emulator = start("--public-url", "https://people.test/", "--photo-url", "https://photos.test/x")
    assert emulator.ready["api_url"] == "https://people.test"
    assert emulator.ready["token_uri"] == "https://people.test/token"
    assert emulator.control_url.startswith("http://127.0.0.1:")
    emulator.api_url = emulator.control_url.removesuffix("/_control")
    person = emulator.api("GET", "people/c1001", {"personFields": "photos"}).json()
    assert person["photos"][0]["url"].startswith("https://photos.test/x/contacts/")


def everything(emulator):
    return emulator.api("GET", "people/me/connections", {
        "personFields": "names,emailAddresses,phoneNumbers,organizations,memberships,photos,metadata,biographies",
        "pageSize": 1000}).json()["connections"]


def test_the_state_survives(start, tmp_path):
    def address():
        return ["--keep-bytes", "--photo-url=http://127.0.0.1:1", "--state-dir", tmp_path / "deep" / "state"]

    first = start(*address())
    picture = first.photo_bytes("people/c1002")
    answer = first.api("PATCH", "people/c1001:updateContactPhoto",
                       body={"photoBytes": base64.b64encode(picture).decode(), "personFields": "photos"})
    assert answer.status == 200
    first.api("POST", "people:createContact", body={"names": [{"givenName": "Nia"}], "biographies": [{"value": "a\n\"b\""}]})
    first.api("DELETE", "people/c1003:deleteContact")
    first.api("DELETE", "people/c1004:deleteContactPhoto")
    first.person("move", "people/c1006", to="people/c6666")
    first.set_profile("people/c1007", "someone")
    first.person("domain-contact", "people/c1012")
    before = everything(first)
    faces = {name: first.photo_bytes(name) for name in ("people/c1001", "people/c1005", "people/c1004", "people/c6666")}
    first.kill()
    second = start(*address())
    assert everything(second) == before
    assert {name: second.photo_bytes(name) for name in faces} == faces
    assert faces["people/c1001"] == picture and faces["people/c1004"] is None
    assert second.api("GET", "people/c1006", {"personFields": "names"}).json()["resourceName"] == "people/c6666"
    name = second.api("POST", "people:createContact", body={"names": [{"givenName": "Oda"}]}).json()["resourceName"]
    assert name not in {person["resourceName"] for person in before}



class Curl:
    def __init__(self, emulator, token=True):
        self.common = ["curl", "-sS", "--max-time", "20", "--cacert", emulator.ca]
        if token:
            self.common += ["-H", f"Authorization: Bearer {emulator.token}"]

    def __call__(self, url, *options):
        """(http version, status, body)"""
        result = subprocess.run([*self.common, "-w", "\n%{http_version} %{http_code}", *options, url], capture_output=True)
        assert result.returncode == 0, result.stderr
        body, _, last = result.stdout.rpartition(b"\n")
        version, status = last.decode().split()
        return version, int(status), body

    def fails(self, url, *options):
        """curl's exit status."""
        return subprocess.run([*self.common, "-o", "/dev/null", *options, url], capture_output=True).returncode


@pytest.fixture
def secure(start, certificate):
    cert, key = certificate
    return start("--keep-bytes", "--tls-cert", cert, "--tls-key", key, ca=cert)


def test_https_speaks_both_versions(secure):
    curl = Curl(secure)
    assert secure.api_url.startswith("https://") and secure.photo_url.startswith("https://")
    url = f"{secure.api_url}/v1/people/c1001?personFields=names"
    version, status, body = curl(url)
    assert (version, status) == ("2", 200) and json.loads(body)["names"]
    assert curl(url, "--http1.1") == ("1.1", 200, body)
    photo = secure.api("GET", "people/c1001", {"personFields": "photos"}).json()["photos"][0]["url"]
    version, status, body = Curl(secure, token=False)(photo.rpartition("=")[0] + "=s0")
    assert (version, status) == ("2", 200) and body == secure.photo_bytes("people/c1001")
    assert [request["http"] for request in secure.requests(path="/v1/people/c1001")] == ["2", "1.1", "1.1"]


def test_large_uploads_over_http2(secure, tmp_path):
    picture = secure.photo_bytes("people/c1002")
    # A comment segment of a JPEG may hold 65,533 bytes; a hundred of them outgrow every window.
    comment = b"\xff\xfe\xff\xff" + b"c" * 65533
    picture = picture[:2] + comment * 100 + picture[2:]
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"photoBytes": base64.b64encode(picture).decode()}))
    assert Curl(secure)(f"{secure.api_url}/v1/people/c1001:updateContactPhoto", "-X", "PATCH", "--data-binary",
                        f"@{body}") == ("2", 200, b"{}\n")
    assert secure.photo_bytes("people/c1001") == picture


def test_many_streams_of_one_connection(secure):
    secure.fault("delay", path="/v1/people/c1*", delay_ms=300, times=-1)
    urls = [f"{secure.api_url}/v1/people/c{number}?personFields=names" for number in range(1001, 1021)]
    outputs = [option for _ in urls for option in ("-o", "/dev/null")]
    result = subprocess.run(["curl", "-sS", "--cacert", secure.ca, "-H", f"Authorization: Bearer {secure.token}", "--parallel",
                             "--parallel-max", "50", "-w", "%{http_code}\n", *outputs, *urls], capture_output=True, text=True)
    assert result.stdout.split() == ["200"] * 20, result.stderr
    log = secure.log(path="/v1/people/c1*")
    assert log["max_concurrent"]["api"] > 5
    assert len({request["connection"] for request in log["requests"]}) < 20


# curl's exit statuses
LEFT, STREAM_ERROR = 28, 92
RESET = {55, 56}  # while it was still sending, or already receiving
ENDED = {16, 18, 52, 56, 92}  # depending on what had come by then


@pytest.mark.parametrize("action, codes", [("reset", RESET), ("cut", {STREAM_ERROR}), ("lost-answer", ENDED)])
def test_faults_over_http2(secure, action, codes):
    secure.fault(action, path="/v1/people/*")
    url = f"{secure.api_url}/v1/people/c1001?personFields=names"
    assert Curl(secure).fails(url) in codes
    assert Curl(secure)(url)[:2] == ("2", 200)


@pytest.mark.parametrize("version", ["--http2", "--http1.1"])
def test_clients_that_leave_over_tls(secure, version):
    secure.fault("hang", path="/v1/people/*")
    url = f"{secure.api_url}/v1/people/c1001?personFields=names"
    assert Curl(secure).fails(url, version, "--max-time", "0.3") == LEFT
    if version == "--http2":
        [request] = secure.wait_requests(1, path="/v1/people/c1001", answered=True)
        assert request["status"] == 0
    assert Curl(secure)(url, version)[1] == 200
