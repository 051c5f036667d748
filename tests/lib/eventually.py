"""Waiting for what no event announces: the one place that polls."""

import time


def eventually(predicate, timeout=10, why="it did not come true"):
    """What predicate answers once that is true; fails after timeout seconds. For what only a timer of the mount brings
    about (a name that goes away after a while): where there is an event (a request, an end, a line), wait for that."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{why} within {timeout} s")
        time.sleep(0.02)
