"""Who may use /_control: whoever knows the key that was made at the start, from this computer, and no web page."""

import os
import stat
import subprocess

import pytest

from emulator import find_program

ORDER = {"action": "status", "status": 500}


def order(emulator, **more):
    return emulator.control_request("POST", "faults", ORDER, **more)


def test_the_key_opens_it(emulator):
    assert order(emulator).status == 200
    assert [fault["action"] for fault in emulator.faults()] == ["status"]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer test-access-token", "Bearer x{key}", "Bearer {key}x",
                                    "Basic {key}", "{key}"])
def test_nothing_else_does(emulator, header):
    headers = {} if header is None else {"Authorization": header.format(key=emulator.control_key)}
    for method, path in (("POST", "faults"), ("GET", "requests"), ("GET", "people"), ("GET", "people/c1001/photo"),
                         ("POST", "tokens"), ("GET", "nothing")):
        answer = emulator.request(method, f"{emulator.control_url}/{path}", ORDER if method == "POST" else None, headers)
        assert answer.status == 401 and "key" in answer.json()["error"]
    assert emulator.faults() == []


def test_the_key_in_the_query_is_none(emulator):
    url = f"{emulator.control_url}/requests?key={emulator.control_key}&access_token={emulator.control_key}"
    assert emulator.request("GET", url).status == 401


def test_the_key_is_no_access_token(emulator):
    assert emulator.api("GET", "people/c1001", {"personFields": "names"}, token=emulator.control_key).status == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "127.0.0.1@evil.example",
                                  "localhost.evil.example:{port}", "localhost.", "[::1", ""])
def test_a_name_that_was_made_to_mean_this_computer(emulator, host):
    port = emulator.control_url.split(":")[2].split("/")[0]
    answer = order(emulator, headers={"Host": host.format(port=port)})
    assert answer.status in (400, 403), "libsoup itself refuses what is no host"
    assert emulator.faults() == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:99", "[::1]:80"])
def test_addresses_are_hosts(emulator, host):
    assert order(emulator, headers={"Host": host}).status == 200


def test_every_start_makes_another(start):
    first, second = start(), start()  # forked from one server
    assert first.control_key != second.control_key
    assert order(first, key=second.control_key).status == 401


def test_the_key_is_in_a_file_of_the_users_alone(start, tmp_path):
    file = tmp_path / "key"
    file.write_text("an older one")
    file.chmod(0o644)
    emulator = start("--control-key", file)
    assert "control_key" not in emulator.ready
    emulator.control_key = file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert order(emulator).status == 200


def test_a_key_file_that_cannot_be_written(tmp_path):
    result = subprocess.run([find_program(), "--control-key", tmp_path / "none" / "key"], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=60)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith("people-emulator: ") and result.stderr.count("\n") == 1


def test_the_key_is_neither_an_argument_nor_logged(start, tmp_path):
    log = tmp_path / "log"
    emulator = start("--log", log, "--verbose", env=dict(os.environ))
    order(emulator)
    emulator.api("GET", "people/c1001", {"personFields": "names"}, token=emulator.control_key)
    with open(f"/proc/{emulator.process.pid}/cmdline", "rb") as arguments:
        assert emulator.control_key.encode() not in arguments.read()
    key = emulator.control_key
    emulator.close()
    assert key not in log.read_text() + emulator.stderr


@pytest.mark.parametrize("host, status", [("evil.example", "403"), ("127.0.0.1", "200")])
def test_http2_looks_at_the_authority(start, certificate, host, status):
    cert, key = certificate
    emulator = start("--tls-cert", cert, "--tls-key", key, ca=cert)
    result = subprocess.run(["curl", "-sS", "--http2", "--cacert", cert, "-H", f"Host: {host}", "-o", "/dev/null",
                             "-w", "%{http_version} %{http_code}", "-H", f"Authorization: Bearer {emulator.control_key}",
                             f"{emulator.control_url}/requests"], capture_output=True, text=True)
    assert result.stdout == f"2 {status}", result.stderr
