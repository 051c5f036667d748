"""A signal ends a call that waits only when it ends the program: an upload of a program with a timer comes through."""

import signal
import subprocess
import sys

import pytest
from eventually import eventually
from processes import Programs

SLOW = 5000  # ms: longer than an interrupted call is given

WRITER = """
import os, signal, sys
for number in sys.argv[3:]:
    signal.signal(int(number), lambda number, frame: None)
    signal.siginterrupt(int(number), True)
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC)
data = open(sys.argv[2], "rb").read()
assert os.write(fd, data) == len(data)
os.close(fd)
"""


def start_writer(contacts, run, faces, person, handled=()):
    """A program that waits in close, for an answer that is on its way."""
    program = run.start(sys.executable, "-c", WRITER, contacts.photo(person), faces.face(1),
                        *(str(int(number)) for number in handled), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, method="PATCH")
    return program


@pytest.mark.parametrize("number", [signal.SIGCHLD, signal.SIGALRM, signal.SIGUSR1, signal.SIGWINCH], ids=lambda n: n.name)
def test_signal_that_is_handled(contacts, run, faces, person, number):
    contacts.emulator.fault("delay", method="PATCH", delay_ms=SLOW)
    program = start_writer(contacts, run, faces, person, [number])
    program.send_signal(number)
    assert run.finish(program).status == 0
    assert contacts.held(person) == faces.face_bytes(1) and contacts.mutations() == ["PATCH"]


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGTSTP], ids=lambda n: n.name)
def test_program_that_is_stopped_for_a_while(contacts, run, faces, person, number):
    """Ctrl-Z, and fg."""
    contacts.emulator.fault("delay", method="PATCH", delay_ms=SLOW)
    program = start_writer(contacts, run, faces, person)
    program.send_signal(number)
    contacts.emulator.wait_requests(1, method="PATCH", answered=True)
    program.send_signal(signal.SIGCONT)
    assert run.finish(program).status == 0
    assert contacts.held(person) == faces.face_bytes(1) and contacts.mutations() == ["PATCH"]


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGQUIT, signal.SIGALRM, signal.SIGKILL], ids=lambda n: n.name)
def test_signal_that_kills(contacts, run: Programs, faces, person, old, number):
    """Also when one that is handled came before: the kernel tells of the first alone."""
    contacts.emulator.fault("hang", method="PATCH", times=-1)
    program = start_writer(contacts, run, faces, person, [signal.SIGUSR2])
    program.send_signal(signal.SIGUSR2)
    program.send_signal(number)
    assert run.finish(program).status == -number
    contacts.emulator.clear_faults()
    eventually(lambda: contacts.rejected(person) == [faces.face_bytes(1)])
    assert contacts.held(person) == old


def test_request_to_end_that_is_handled(contacts, run, faces, person, old):
    """rsync, an editor: Ctrl-C is caught, and it is meant all the same."""
    contacts.emulator.fault("hang", method="PATCH", times=-1)
    program = start_writer(contacts, run, faces, person, [signal.SIGINT])
    program.send_signal(signal.SIGINT)
    result = run.finish(program)
    assert result.status == 1 and "InterruptedError" in result.errors
    contacts.emulator.clear_faults()
    assert contacts.held(person) == old
