"""A service whose answers only cost: what they cost this computer, and what the folder shows meanwhile."""

import json
import os
import re
from pathlib import Path

import pytest
from eventually import eventually

LISTING = "/v1/people/me/connections"
MIB = 1024 * 1024


def high_water(contacts):
    status = Path(f"/proc/{contacts.mount.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024


def answer(contacts, body, **more):
    contacts.emulator.fault("status", path=LISTING, status=200, body=body, times=1, **more)
    wait_for_sync(contacts)


def wait_for_sync(contacts):
    """Until a listing that begins now has ended, and one more has begun."""
    count = len(contacts.emulator.requests(path=LISTING))
    contacts.emulator.wait_requests(count + 2, path=LISTING, timeout=60)


@pytest.mark.options("--sync-interval", "1")
@pytest.mark.parametrize("body", ['{"connections":[' + "0," * 2_500_000 + "0]}", '{"a":' + "[" * 100_000,
                                  '{"connections":[' + "{}," * 1_500_000 + "{}]}"], ids=["values", "depth", "people"])
def test_an_answer_that_only_costs(contacts, body):
    before, people = high_water(contacts), os.listdir(contacts.path)
    answer(contacts, body)
    assert high_water(contacts) - before < 60 * MIB
    assert os.listdir(contacts.path) == people


@pytest.mark.options("--sync-interval", "1")
def test_people_who_could_be_nobody_are_counted(contacts):
    odd = [{"resourceName": name, "names": [{"displayName": "Same Name"}]}
           for name in ["people/a/b", "people/..", "other", "", "people/\x1b[2J"] * 400]
    new = {"resourceName": "people/c777", "names": [{"displayName": "Some\u202ebody\u200b New"}]}
    answer(contacts, json.dumps({"connections": [*odd, new]}))
    eventually(lambda: "Some_body_ New" in os.listdir(contacts.path))
    assert not [name for name in os.listdir(contacts.path) if name.startswith("Same")]
    lines = [line for line in contacts.mount.text().splitlines() if "passed over" in line]
    assert len(lines) == 1 and "2000 people" in lines[0]


@pytest.mark.refused
@pytest.mark.options("--sync-interval", "1")
def test_a_terminal_obeys_no_server(contacts, run):
    words = json.dumps({"error": {"code": 400, "status": "X\x1b[2J\nY\u009b1m", "message": "a\x1b[31m\u202eb\nc"}})
    contacts.emulator.fault("status", path=LISTING, status=400, body=words, times=1,
                            headers={"Content-Type": "application/json"})
    eventually(lambda: contacts.mount.status()["last_error"] is not None)
    shown = contacts.mount.status()["last_error"] + contacts.mount.text().replace("\n", "")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", shown), repr(shown)
