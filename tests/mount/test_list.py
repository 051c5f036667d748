"""contactfs list: who has which photo."""

import json
import os

import pytest
from conftest import CONTACTFS
from emulator import TOKEN
from mounts import xdg_folders
from namespace import Namespace


@pytest.fixture
def listed(run, contacts):
    """Runs contactfs list; its rows by name."""
    def call(*words):
        ended = run(CONTACTFS, "list", "--json", *words, contacts.path, env=contacts.mount.env)
        return {row["name"]: row for row in json.loads(ended.out)}
    return call


def photo_requests(contacts):
    return [r for r in contacts.emulator.requests(origin="photo")]


def test_everybody(contacts, listed, faces):
    contacts.photo("Ben Carter").write_bytes(faces.face_bytes(1))
    rows = listed()
    assert set(rows) == set(os.listdir(contacts.path))
    ben = rows["Ben Carter"]
    assert (ben["width"], ben["height"], ben["kind"]) == (240, 240, "image/jpeg")
    assert ben["bytes"] == os.stat(contacts.photo("Ben Carter")).st_size and ben["resource_name"] == contacts.resource("Ben Carter")
    assert ben["changed"] == int(os.stat(contacts.path / "Ben Carter").st_mtime)
    dad = rows["Tom Becker"]
    assert (dad["photo"], dad["width"], dad["bytes"], dad["kind"], dad["error"]) == (False, 0, 0, None, None)
    assert rows["Priya Raman"]["profile"] and not rows["Priya Raman"]["photo"]


def test_without_photo_fetches_nothing(contacts, listed):
    rows = listed("--without-photo")
    assert set(rows) == {name for name in os.listdir(contacts.path) if "photo.jpg" not in contacts.listed(name)}
    assert photo_requests(contacts) == []


def test_small(contacts, listed, faces):
    """Those of the service have 64 pixels."""
    contacts.photo("Ben Carter").write_bytes(faces.face_bytes(1))
    small = listed("--small", "100")
    assert "Ben Carter" not in small and "Alice Smith" in small and "Tom Becker" not in small
    both = listed("--small=100", "--without-photo")
    assert set(both) == set(small) | set(listed("--without-photo"))


@pytest.mark.refused
def test_the_last_error(contacts, listed, faces):
    with pytest.raises(OSError):
        contacts.photo("Tom Becker").write_bytes(faces.cut.read_bytes())
    assert listed()["Tom Becker"]["error"] == contacts.mount.error("Tom Becker")


def test_a_photo_that_cannot_be_had(contacts, listed):
    contacts.emulator.fault("status", origin="photo", status=404, times=-1)
    row = listed()["Ben Carter"]
    assert row["photo"] and row["width"] == 0 and row["error"]


def test_for_people(contacts, run):
    ended = run(CONTACTFS, "list", contacts.path, env=contacts.mount.env)
    lines = ended.out.splitlines()
    assert lines[0].split() == ["Name", "Pixels", "Bytes", "Kind", "Changed"]
    assert len(lines) == 1 + len(os.listdir(contacts.path))
    assert any(line.startswith("Priya Raman") and line.endswith("profile picture only") for line in lines)
    assert any(line.startswith("Ben Carter") and "64 × 64" in line and "JPEG" in line for line in lines)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a mount namespace")
def test_the_only_mount_needs_no_name(emulator, run, tmp_path):
    """Where nobody else's mounts are."""
    inside = Namespace(run, "")
    env = xdg_folders(tmp_path)
    try:
        none = inside(CONTACTFS, "list", env=env)
        assert none.status == 1 and "no contacts are mounted; `contactfs mount FOLDER` does that" in none.errors
        for account in ("default", "work"):
            (tmp_path / account).mkdir()
            mounted = inside(CONTACTFS, "mount", "--api-url", emulator.api_url, "--token-command", f"echo {TOKEN}",
                             "--account", account, tmp_path / account, env=env)
            assert mounted.status == 0, mounted
            told = inside(CONTACTFS, "list", "--json", env=env)
            if account == "default":
                assert told.status == 0 and len(json.loads(told.out)) == len(emulator.people())
        assert told.status == 2 and "several contacts are mounted; say which MOUNTPOINT" in told.errors
        assert inside(CONTACTFS, "list", tmp_path / "work", env=env).status == 0
    finally:
        inside.close()
