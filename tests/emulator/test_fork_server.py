"""people-emulator --fork-server: what it forks is an emulator like any other."""

import signal

import pytest
from emulator import Emulator, find_program
from forkserver import Forked


def forked(*arguments):
    return Forked(str(find_program()), arguments)


def test_they_share_nothing():
    with Emulator() as one, Emulator(["--people", "3"]) as other:
        assert one.process.pid != other.process.pid
        one.create_person("New")
        assert len(other.people()) == 3
        assert any(person["displayName"] == "New" for person in one.people())


def test_wrong_options_end_as_they_do_alone():
    process = forked("--no-such-option")
    assert process.wait(20) == 2
    assert "--no-such-option" in process.stderr.read()


def test_words_of_any_bytes_arrive(tmp_path):
    log = tmp_path / "a b\n“c”"
    with Emulator(["--log", log]) as service:
        service.api("GET", "people/c1001", {"personFields": "names"})
    assert "people/c1001" in log.read_text()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_how_it_ended_is_told(number):
    process = forked("--until-eof")
    assert process.stdout.readline()
    process.send_signal(number)
    assert process.wait(20) == (-number if number == signal.SIGKILL else 0)


def test_the_end_of_its_input_ends_it():
    process = forked("--until-eof")
    assert process.stdout.readline()
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(20) == 0
    assert process.stdout.read() == ""
