"""contactfs demo: sample people without an account."""

import json
import os
import shlex
import shutil
import signal
import stat
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from conftest import CONTACTFS, PEOPLE_EMULATOR
from processes import descendants, wait_readable

pytestmark = pytest.mark.skipif(not os.access(PEOPLE_EMULATOR, os.X_OK), reason="the built-in server is not built")


def test_demo(cli, run, folder, faces, clean_env):
    result = cli("demo", folder)
    assert (result.status, result.errors) == (0, ""), result
    assert str(folder) in result.out
    assert len(os.listdir(folder)) >= 16
    photo = folder / "Alice Smith/photo.jpg"
    before = photo.read_bytes()
    photo.write_bytes(faces.face_bytes(5))
    shown = photo.read_bytes()  # the server compresses it anew, as Google does
    assert shown.startswith(b"\xff\xd8") and shown not in (before, faces.face_bytes(5))
    pid = json.loads(os.getxattr(folder, "user.contactfs.status"))["pid"]
    servers = descendants(pid)
    assert len(servers) == 1
    ends = [os.pidfd_open(p) for p in [pid, *servers]]
    assert cli("unmount", folder).status == 0
    for end in ends:
        assert wait_readable([end], 10)
        os.close(end)
    assert cli("demo", folder).status == 0, "the demo's people outlive it"
    assert photo.read_bytes() == shown
    line = next(line for line in result.out.splitlines() if " unmount " in line)
    assert run.shell(line, env=cli.env).status == 0, "it can be run as it is printed"
    result = cli("demo", folder, env={"PATH": f"{Path(CONTACTFS).parent}:{clean_env['PATH']}"})
    assert "  contactfs unmount" in result.out and cli("unmount", folder).status == 0


def test_the_first_steps_work_as_they_are_printed(cli, run, tmp_path, clean_env):
    folder = tmp_path / "made by/the demo"
    result = cli("demo", folder)
    assert (result.status, result.errors) == (0, ""), result
    lines = [line.strip() for line in result.out.splitlines()]
    alice = folder / "Alice Smith/photo.jpg"
    before = alice.read_bytes()
    copy = next(line for line in lines if line.startswith("cp ")).split("    ")[0]
    assert run.shell(copy, env=cli.env).status == 0
    assert alice.read_bytes() != before
    assert cli("unmount", folder).status == 0
    remove = next(line for line in lines if line.startswith("to start afresh"))
    place = Path(shlex.split(remove)[-1].rstrip("."))
    assert place.is_dir()
    shutil.rmtree(place)
    assert cli("demo", folder).status == 0
    assert alice.read_bytes() == before, "the sample people are as they were"
    assert cli("unmount", folder).status == 0


def test_demo_killed(cli, folder):
    assert cli("demo", folder).status == 0
    pid = json.loads(os.getxattr(folder, "user.contactfs.status"))["pid"]
    ends = [os.pidfd_open(p) for p in [pid, *descendants(pid)]]
    os.kill(pid, signal.SIGKILL)
    for end in ends:
        assert wait_readable([end], 10), "the demo's server outlived its mount"
        os.close(end)
    assert cli("demo", folder).status == 0
    assert cli("unmount", folder).status == 0


def test_demo_takes_orders_from_its_owner_alone(cli, folder, tmp_path):
    assert cli("demo", folder).status == 0
    [file] = tmp_path.rglob("control-key")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    port = (file.parent / "ports").read_text().split()[0]
    for key, status in ((file.read_text().strip(), 200), ("guessed", 401)):
        ask = urllib.request.Request(f"http://127.0.0.1:{port}/_control/people", headers={"Authorization": f"Bearer {key}"})
        try:
            with urllib.request.urlopen(ask) as answer:
                assert answer.status == status and "Alice Smith" in answer.read().decode()
        except urllib.error.HTTPError as refusal:
            assert refusal.code == status
    assert cli("unmount", folder).status == 0
