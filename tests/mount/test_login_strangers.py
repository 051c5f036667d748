"""The port that a login waits at, and programs of other users, who can see its state among the browser's arguments."""

import os
import socket
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

from conftest import desk_without_keyring as desk
from processes import wait_readable

WITHOUT_NETLINK = Path(__file__).resolve().parents[1] / "lib/without_netlink.py"

root_only = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
STRANGER = 65534


def as_stranger(program, *arguments):
    """What program, Python, prints when another user runs it; "contact(port, text)" sends text and returns the answer."""
    begin = """if True:
        import socket, sys
        def contact(port, text, family=socket.AF_INET, host="127.0.0.1"):
            with socket.socket(family) as made:
                try:
                    made.connect((host, port))
                    made.sendall(text.encode())
                    return b"".join(iter(lambda: made.recv(65536), b""))
                except ConnectionError:
                    return b""
        """
    return subprocess.run(["setpriv", f"--reuid={STRANGER}", "--clear-groups", sys.executable, "-I", "-c", begin + "\n" + program,
                           *map(str, arguments)], check=True, capture_output=True, text=True, timeout=30).stdout.strip()


def right_answer(attempt, code="stolen"):
    query = urllib.parse.urlencode({"code": code, "state": attempt.asked["state"]})
    return f"GET /?{query} HTTP/1.1\r\nHost: 127.0.0.1:{attempt.port}\r\nConnection: close\r\n\r\n"


def check_own_browser_comes_through(desk, attempt):
    assert b"You are logged in" in attempt.consent().body
    result = attempt.finish()
    assert result.status == 0, result
    exchanged = [r for r in desk.emulator.requests(origin="token") if r["path"] == "/token"]
    assert [r["status"] for r in exchanged] == [200], "the stranger's code went nowhere"
    return result


@root_only
@pytest.mark.parametrize("family, host", [("AF_INET", "127.0.0.1"), ("AF_INET6", "::ffff:127.0.0.1")])
def test_a_stranger_who_knows_the_state_is_not_let_in(desk, family, host):
    attempt = desk.begin()
    program = "print(contact(int(sys.argv[1]), sys.argv[2], getattr(socket, sys.argv[3]), sys.argv[4]))"
    assert as_stranger(program, attempt.port, right_answer(attempt), family, host) == "b''"
    result = check_own_browser_comes_through(desk, attempt)
    assert f"a program of another user (UID {STRANGER}) came to the port of this login" in result.errors
    assert "--no-browser" in result.errors


@root_only
def test_a_stranger_who_has_closed_already_is_not_taken_for_root(desk):
    """A socket without a program has no owner, and the kernel calls that 0: here it is who logs in."""
    assert os.geteuid() == 0
    attempt = desk.begin()
    attempt.process.send_signal(19)  # SIGSTOP: it looks when the stranger has gone
    os.waitid(os.P_PID, attempt.process.pid, os.WSTOPPED | os.WNOWAIT)
    program = """
made = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
made.sendall(sys.argv[2].encode())
made.close()
"""
    as_stranger(program, attempt.port, right_answer(attempt))
    attempt.process.send_signal(18)
    check_own_browser_comes_through(desk, attempt)


@root_only
def test_strangers_do_not_keep_the_browser_out_and_are_told_of_once(desk):
    attempt = desk.begin()
    program = "made = [socket.create_connection(('127.0.0.1', int(sys.argv[1]))) for _ in range(100)]"
    as_stranger(program, attempt.port)
    assert as_stranger("print(contact(int(sys.argv[1]), 'GET /'))", attempt.port) == "b''"
    result = check_own_browser_comes_through(desk, attempt)
    assert result.errors.count("a program of another user") == 1


@root_only
def test_only_a_stranger_came(desk):
    attempt = desk.begin("--timeout", "2")
    as_stranger("contact(int(sys.argv[1]), sys.argv[2])", attempt.port, right_answer(attempt))
    result = attempt.finish()
    assert result.status == 1 and "only a program that was not let in: nothing was changed" in result.errors


def test_nobody_is_let_in_where_the_kernel_does_not_tell(desk):
    attempt = desk.start("--client", desk.client, wrapper=[sys.executable, WITHOUT_NETLINK])
    attempt.await_browser()
    with socket.create_connection(("127.0.0.1", attempt.port)) as own:
        assert wait_readable([own.fileno()], 20) and own.recv(1) == b"", "closed, and nothing was read"
    assert b"the kernel does not tell whose program came to the port of this login" in attempt.process.stderr.readline()
    attempt.process.terminate()
    assert attempt.finish().status == 1


def test_pasting_does_not_ask_the_kernel(desk):
    attempt = desk.start("--client", desk.client, "--no-browser", wrapper=[sys.executable, WITHOUT_NETLINK])
    attempt.await_address()
    result = attempt.finish(input=attempt.redirect().encode() + b"\n")
    assert result.status == 0 and result.errors == "", result
