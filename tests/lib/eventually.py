"""Waiting for what no event announces: the one place that polls, and the one that looks at a clock."""

import contextlib
import time

PATIENCE = 60  # seconds: what comes at all comes within these on the most loaded of machines


def eventually(predicate, timeout=PATIENCE, why="it did not come true"):
    """What predicate answers once that is true; fails after timeout seconds. For what only a timer of the mount brings
    about (a name that goes away after a while). Where there is an event, wait for that: a request, an end, or a change
    of a file (changes.py)."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{why} within {timeout} s")
        time.sleep(0.02)


@contextlib.contextmanager
def keeps_deadline(seconds, at_least=0):
    """What happens inside ends by its own deadline of so many seconds: after at_least of them, and before ten times as many
    and a minute, since it shares the machine. Where the wrong way would take for ever, ask for nothing: the test ends."""
    begun = time.monotonic()
    yield
    took = time.monotonic() - begun
    assert at_least <= took < 10 * seconds + PATIENCE, f"{took} s, by a deadline of {seconds} s"
