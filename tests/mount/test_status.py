"""contactfs status, for people and for programs; and what the journal is told."""

import json
import os
import signal
import socket
import struct
import subprocess
import time

import pytest
from conftest import CONTACTFS
from namespace import Namespace

root_only = pytest.mark.skipif(os.getuid() != 0, reason="makes a mount namespace")


@pytest.fixture
def status(run):
    """Runs contactfs status, with the folders of mounted if there is one."""
    def call(*words, mounted=None, env=None, check=False):
        return run(CONTACTFS, "status", *words, env=env or mounted.env, check=check)
    return call


def entries(result):
    assert (result.status, result.errors) == (0, ""), result
    return json.loads(result.out)


def entry_at(result, path):
    return next(entry for entry in entries(result) if entry["mountpoint"] == str(path))


def fields(result):
    return dict(line.strip().split("  ", 1) for line in result.out.splitlines() if line.startswith("  "))


LOGIN = {"place": "keyring", "obtained": "2026-01-01T00:00:00Z", "generation": "g", "id": "1", "email": "you@example.com"}


# ---- for people ----

@pytest.mark.refused
@pytest.mark.options("--sync-interval", "500")
def test_everything_that_is_known(contacts, status):
    contacts.emulator.fault("status", method="PATCH", status=400, body=json.dumps({"error": {
        "code": 400, "status": "INVALID_ARGUMENT", "message": "Invalid photo format."}}))
    with pytest.raises(OSError):
        contacts.photo("Alice Smith").write_bytes(contacts.held("Alice Smith") + b"\0")
    said = {name: value.strip() for name, value in fields(status(contacts.path, mounted=contacts.mount)).items()}
    told = contacts.mount.status()
    assert said["Account"] == "default" and said["Credentials"] == "token command"
    assert said["People"] == str(told["people"]) and said["Photos"] == str(told["photos"])
    assert "ago" in said["Last sync"] or "just now" in said["Last sync"]
    assert said["Next sync"] == "in 8 minutes"
    assert said["Changes waiting"] == "0" and said["Cache"].endswith(" of 512.0\u00a0MiB")
    assert "Alice Smith" in said["Last error"] and "not changed" in said["Last error"]


@pytest.mark.options("--sync-interval", "500")
def test_next_sync_is_a_time(contacts):
    contacts.emulator.wait_requests(1, path="/v1/people/me/connections", answered=True)
    before = time.time()
    told = contacts.mount.status()
    assert before - 2 <= told["next_sync"] - told["next_sync_in"] <= time.time() + 2, "whole seconds, both of them"


def test_accounts_without_a_mount(contacts, status):
    """Names of its own: whatever else is mounted on this computer is listed, too."""
    mounted = contacts.mount
    for name in ("a-work", "demo", ".hidden", "no good", "a-home", "a-unit"):
        (mounted.state / "config/contactfs" / name).mkdir(parents=True)
    (mounted.state / "config/contactfs/a-unit/mount.env").touch()
    login = mounted.state / "config/contactfs/a-home/login.json"
    login.write_text(json.dumps(LOGIN))
    login.chmod(0o600)
    (mounted.state / "state/contactfs/unused").mkdir()
    result = status(mounted=mounted)
    assert "Account          a-work" in result.out and "contactfs login --account a-work --client FILE" in result.out
    assert "contactfs mount --account a-home FOLDER" in result.out and "--account a-work FOLDER" not in result.out
    assert "systemctl --user start contactfs@a-unit" in result.out
    told = [entry for entry in entries(status("--json", mounted=mounted)) if entry["state"] == "not mounted"]
    assert told.pop(0)["login"] == LOGIN["email"] and LOGIN["email"] in result.out
    assert told.pop(0)["account"] == "a-unit"
    assert told == [{"account": "a-work", "state": "not mounted", "login": None, "mountpoint": None, "error": None, "status": None,
                     "contact": None}]


def test_what_was_mounted_with_credentials_given_then_is_no_account(contacts, status):
    """`contactfs mount` alone cannot mount it."""
    contacts.mount.unmount()
    result = status(mounted=contacts.mount)
    assert "Not mounted" not in result.out
    assert [entry for entry in entries(status("--json", mounted=contacts.mount)) if entry["state"] == "not mounted"] == []


# ---- for programs ----

def test_json_of_one_mount(contacts, status):
    told = entries(status("--json", contacts.path, mounted=contacts.mount))
    assert len(told) == 1
    assert set(told[0]) == {"account", "state", "login", "mountpoint", "error", "status", "contact"}
    assert (told[0]["account"], told[0]["state"], told[0]["error"]) == ("default", "mounted", None)
    assert told[0]["mountpoint"] == str(contacts.path)
    assert set(told[0]["status"]) == set(contacts.mount.status())
    assert status(contacts.path, "--json", mounted=contacts.mount).status == 0


def test_one_contact(contacts, status, faces, run, tmp_path):
    """By its folder, however it is spelled, or a file in it."""
    person = contacts.person()
    folder = contacts.path / person
    told = fields(status(folder, mounted=contacts.mount, check=True))
    assert {name: text.strip() for name, text in told.items()} == {
        "Account": "default", "Resource": contacts.resource(person), "Last error": "none", "Last note": "none"}
    run("convert", faces.face(1), tmp_path / "face.gif")
    run("cp", tmp_path / "face.gif", folder / "photo.jpg")
    assert run("cp", faces.cut, folder / "photo.jpg", check=False).status != 0
    error, note = contacts.mount.error(person), os.getxattr(folder, "user.contactfs.note").decode()
    link = tmp_path / "link"
    link.symlink_to(contacts.path)
    for path in (folder, f"{folder}/", folder / "photo.jpg", folder / ".rejected", link / person,
                 contacts.path / ".." / contacts.path.name / person):
        result = status(path, mounted=contacts.mount, check=True)
        assert result.out.splitlines()[0] == str(folder), path
        assert error in result.out and note in result.out, path
        entry, = entries(status("--json", path, mounted=contacts.mount))
        assert entry["contact"] == {"name": person, "resource_name": contacts.resource(person), "error": error, "note": note}
        assert entry["state"] == "mounted" and entry["mountpoint"] == str(contacts.path)


def test_no_such_contact(contacts, status):
    for words in ([], ["--json"]):
        result = status(*words, contacts.path / "Nobody At All", mounted=contacts.mount)
        assert (result.status, result.out) == (1, "")
        assert f"there is no such contact in {contacts.path}" in result.errors


def test_json_of_what_is_no_mount(status, tmp_path):
    result = status("--json", tmp_path, env={"HOME": str(tmp_path)})
    assert result.status == 1 and result.out == "" and "not a contactfs mount" in result.errors


@pytest.mark.parametrize("words", [["--xml"], ["a", "b"], ["--json", "a", "b"]])
def test_wrong_words(status, tmp_path, words):
    assert status(*words, env={"HOME": str(tmp_path)}).status == 2


def test_a_dead_mount(contacts, status):
    os.kill(contacts.mount.pid, signal.SIGKILL)
    contacts.mount.wait_end()
    told = entry_at(status("--json", mounted=contacts.mount), contacts.path)
    assert (told["account"], told["state"], told["status"]) == ("default", "dead", None)
    assert "contactfs unmount" in told["error"]
    for path in (contacts.path, contacts.path / "Alice Smith"):
        result = status(path, mounted=contacts.mount)
        assert result.status == 1 and "dead" in result.errors


def test_a_mount_that_does_not_answer(contacts, status):
    os.kill(contacts.mount.pid, signal.SIGSTOP)
    try:
        told = [entries(status("--json", path, mounted=contacts.mount))[0]
                for path in (contacts.path, contacts.path / "Alice Smith")]
    finally:
        os.kill(contacts.mount.pid, signal.SIGCONT)
    for entry in told:
        assert (entry["account"], entry["state"]) == ("default", "silent") and "does not answer" in entry["error"]


@root_only
def test_nothing_at_all(run, tmp_path):
    inside = Namespace(run, "")
    env = {"HOME": str(tmp_path)}
    try:
        result = inside(CONTACTFS, "status", "--json", env=env)
        assert (result.status, result.out, result.errors) == (0, "[]\n", "")
        result = inside(CONTACTFS, "status", env=env)
        assert result.status == 1 and result.out == "" and "no contacts are mounted; `contactfs login` comes" in result.errors
        (tmp_path / ".config/contactfs/default").mkdir(parents=True)
        (tmp_path / ".config/contactfs/default/client.json").touch()
        result = inside(CONTACTFS, "status", env=env)
        assert result.status == 1 and result.out.endswith(" contactfs login\n")
        (tmp_path / ".config/contactfs/default/login.json").write_text(json.dumps(LOGIN))
        result = inside(CONTACTFS, "status", env=env)
        assert result.status == 1 and result.out.endswith(" contactfs mount FOLDER\n")
        assert "`contactfs mount FOLDER` does that" in result.errors
    finally:
        inside.close()


# ---- the journal ----

def parse(datagram):
    """The native protocol: KEY=value lines, or KEY, a little-endian length and the value."""
    said = {}
    while datagram:
        line, _, datagram = datagram.partition(b"\n")
        key, separator, value = line.partition(b"=")
        if not separator:
            (length,) = struct.unpack("<Q", datagram[:8])
            value, datagram = datagram[8:8 + length], datagram[8 + length + 1:]
        said[key.decode()] = value.decode()
    return said


@pytest.fixture
def journal(tmp_path, run):
    """A socket where journald's would be, in a namespace: (receive, inside)."""
    folder = tmp_path / "run/systemd/journal"
    folder.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.settimeout(20)
        made.bind(str(folder / "socket"))
        inside = Namespace(run, f"mount --rbind {tmp_path / 'run'} /run")
        try:
            yield lambda: parse(made.recv(65536)), inside
        finally:
            inside.close()


@root_only
@pytest.mark.refused
def test_the_journal_gets_fields(journal, emulator, tmp_path, faces):
    receive, inside = journal
    folder = tmp_path / "mnt"
    folder.mkdir()
    env = {"HOME": str(tmp_path)}
    emulator.fault("status", method="PATCH", status=400, body=json.dumps({"error": {
        "code": 400, "status": "INVALID_ARGUMENT", "message": "Invalid photo\nformat.\u001b[31m"}}))
    result = inside(CONTACTFS, "mount", "--account", "work", "--verbose", "--api-url", emulator.api_url, "--token-command",
                    f"echo {emulator.token}", folder, env=env)
    assert (result.status, result.out) == (0, ""), result
    assert inside("cp", faces.face(1), folder / "Alice Smith/photo.jpg").status == 1
    said = [receive()]
    while "was not changed" not in said[-1]["MESSAGE"]:
        said.append(receive())
    failure = said[-1]
    assert failure["PRIORITY"] == "5" and failure["SYSLOG_IDENTIFIER"] == "contactfs"
    assert failure["CONTACTFS_ACCOUNT"] == "work" and failure["CONTACTFS_MOUNTPOINT"] == str(folder)
    assert failure["CONTACTFS_CONTACT"] == emulator.find("Alice Smith")
    assert failure["CONTACTFS_ERRNO"] == "22"
    assert "\n" not in failure["MESSAGE"] and "\033" not in failure["MESSAGE"]
    assert "CONTACTFS_GERROR" not in failure

    mounted = next(message for message in said if message["MESSAGE"].startswith("mounted on"))
    assert mounted["PRIORITY"] == "6" and mounted["CONTACTFS_ACCOUNT"] == "work"
    assert "CONTACTFS_ERRNO" not in mounted and "CONTACTFS_CONTACT" not in mounted
    assert inside(CONTACTFS, "unmount", folder, env=env).status == 0
    while not said[-1]["MESSAGE"].startswith("unmounted from"):
        said.append(receive())
    assert emulator.token not in str(said)


# stderr is a stream whose other end is the journal's, as systemd makes it; what is written there goes to stdout
WITH_STDERR_IN_THE_JOURNAL = """
import os, socket, sys
listener, ours = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
listener.bind("/run/systemd/journal/stdout")
listener.listen()
ours.connect("/run/systemd/journal/stdout")
theirs, _ = listener.accept()
if os.fork() == 0:
    os.dup2(ours.fileno(), 2)
    os.execv(sys.argv[1], sys.argv[1:])
ours.close()
while data := theirs.recv(1000):
    os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@root_only
def test_a_service_writes_to_the_journal_itself(journal, emulator, run, tmp_path):
    """In the foreground, with stderr connected to the journal: with fields, and not twice."""
    receive, inside = journal
    folder = tmp_path / "mnt"
    folder.mkdir()
    env = {"HOME": str(tmp_path)}
    process = run.start(*inside.enter, "/usr/bin/python3", "-c", WITH_STDERR_IN_THE_JOURNAL, CONTACTFS, "mount",
                        "--foreground", "--verbose", "--api-url", emulator.api_url, "--token-command",
                        f"echo {emulator.token}", folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = receive()
    while not said["MESSAGE"].startswith("mounted on"):
        said = receive()
    assert said["CONTACTFS_MOUNTPOINT"] == str(folder)
    assert inside(CONTACTFS, "unmount", folder, env=env).status == 0
    result = run.finish(process)
    assert (result.status, result.out, result.errors) == (0, "", "")
