"""There after every login, and after a crash: what a service manager and fstab see, dead mounts, and the end in time."""

import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from conftest import BUILD, CONTACTFS
from eventually import eventually
from mounts import mounts_at
from namespace import Namespace
from processes import wait_readable

UNIT = BUILD / "src/cli/contactfs@.service"

root_only = pytest.mark.skipif(os.getuid() != 0, reason="makes a mount namespace")


# ---- the service manager ----

def test_the_manager_hears_of_the_beginning_and_the_end(contacts):
    mount = contacts.mount
    words = f"STATUS=The contacts of “default” are mounted on {contacts.path}"
    assert mount.told == [["STATUS=Reading the address book of “default” for the first time"], [words], ["READY=1"]]
    photo = contacts.photo(contacts.person())
    contacts.emulator.fault("delay", method="DELETE", delay_ms=300)
    photo.unlink()
    os.kill(mount.pid, signal.SIGTERM)
    stopping = mount.hear()
    assert stopping[:2] == ["STOPPING=1", "STATUS=Ending; a change is still to be sent"]
    # two uploads' time, and some
    assert re.fullmatch(r"EXTEND_TIMEOUT_USEC=270000000", stopping[2])
    mount.wait_end()
    assert mount.exit_status == 0
    assert contacts.mutations() == ["DELETE"]


class DeafManager:
    """A service manager's socket that is full."""

    def __init__(self):
        self.name = "\0contactfs-test-" + os.urandom(8).hex()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.name)
        self.waiting = 0
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
            filler.connect(self.name)
            filler.setblocking(False)
            with pytest.raises(BlockingIOError):
                while filler.send(b"X=1"):
                    self.waiting += 1

    def environment(self, mounted):
        return {**mounted.env, "NOTIFY_SOCKET": "@" + self.name[1:]}

    def listen(self):
        """What it hears within a time of having read the rest."""
        for _ in range(self.waiting):
            self.socket.recv(100)
        self.socket.settimeout(20)
        return (self.socket.recv(4096) + b"\n" + self.socket.recv(4096)).split(b"\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def is_usable(mounted):
    return mounts_at(mounted.path) and os.listdir(mounted.path)


def test_a_manager_that_does_not_read_keeps_nobody_waiting(emulator, mount, run):
    mounted = mount(emulator)
    mounted.unmount()
    with DeafManager() as manager:
        program = run.start(*mounted.arguments(), env=manager.environment(mounted))
        try:
            eventually(lambda: is_usable(mounted))
            assert b"READY=1" in manager.listen()
        finally:
            program.terminate()
        assert run.finish(program).status == 0


def test_a_mount_in_the_background_returns_when_the_manager_knows(emulator, mount, run):
    mounted = mount(emulator, foreground=False)
    mounted.unmount()
    with DeafManager() as manager:
        program = run.start(*mounted.arguments(), env=manager.environment(mounted))
        eventually(lambda: is_usable(mounted))
        with pytest.raises(subprocess.TimeoutExpired):  # what must not come has no event
            program.wait(timeout=0.3)
        assert b"READY=1" in manager.listen()
        assert run.finish(program).status == 0
    with DeafManager() as manager:
        run("fusermount3", "-u", mounted.path)
        assert run(*mounted.arguments(), env=manager.environment(mounted)).status == 0, "but it does not wait for ever"
    run(CONTACTFS, "unmount", mounted.path)


def test_ready_only_when_usable(run, emulator, mount):
    emulator.fault("delay", path="/v1/people/me/connections", delay_ms=300)
    mounted = mount(emulator)
    assert emulator.requests(path="/v1/people/me/connections")[0]["status"] == 200
    assert os.listdir(mounted.path)
    mounted.remount()
    assert mounted.told[0][0].startswith("STATUS=The contacts of"), "a remount reads nothing first"


@pytest.mark.options("--sync-interval", "1", "--timeout", "1")
def test_the_manager_hears_of_an_outage(contacts):
    contacts.emulator.fault("hang", times=-1)
    assert contacts.mount.hear()[0].endswith("; the service is out of reach")
    contacts.emulator.clear_faults()
    assert contacts.mount.hear()[0].endswith(f"mounted on {contacts.path}")


# ---- the end does not wait for reads ----

@pytest.mark.options("--timeout", "600")
@pytest.mark.parametrize("call", ["open", "stat"])
def test_sigterm_gives_up_reads_that_hang(contacts, run, person, photo, call):
    contacts.emulator.fault("hang", origin="photo", times=-1)
    reader = run.start(*(["cat"] if call == "open" else ["stat"]), photo, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, origin="photo")
    os.kill(contacts.mount.pid, signal.SIGTERM)
    result = run.finish(reader)
    assert result.status == 1 and "Input/output error" in result.errors
    contacts.mount.wait_end()
    assert contacts.mount.exit_status == 0
    assert "the mount is ending: 1 calls that wait for a photo fail" in contacts.mount.text()


@pytest.mark.options("--timeout", "600")
def test_reads_that_come_during_the_end_are_refused(contacts, run, faces):
    first, second = contacts.person(0), contacts.person(1)
    contacts.photo(first).read_bytes()
    contacts.emulator.fault("delay", method="PATCH", delay_ms=3000)
    copy = run.start("cp", faces.face(3), contacts.photo(first), stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, method="PATCH")
    contacts.emulator.fault("hang", origin="photo", times=-1)
    os.kill(contacts.mount.pid, signal.SIGTERM)
    assert contacts.mount.hear()[0] == "STOPPING=1"
    with pytest.raises(OSError) as caught:
        contacts.photo(second).read_bytes()
    assert caught.value.errno == errno.EIO
    assert run.finish(copy).status == 0, "what is being sent is sent"
    contacts.mount.wait_end()
    assert contacts.mutations() == ["PATCH"]


def test_signals_while_it_ends_do_not_kill_it(contacts):
    """A manager's SIGTERM and a person's Ctrl-C, again and again."""
    mount = contacts.mount
    while not wait_readable([mount.pidfd], 0):
        os.kill(mount.pid, signal.SIGTERM)
    mount.wait_end()
    assert mount.exit_status == 0
    assert mounts_at(contacts.path) == []


# ---- dead mounts ----

def die(mounted):
    os.kill(mounted.pid, signal.SIGKILL)
    mounted.wait_end()
    with pytest.raises(OSError) as caught:
        os.statvfs(mounted.path)
    assert caught.value.errno == errno.ENOTCONN


def test_mount_says_that_it_repaired(mount, emulator, run):
    mounted = mount(emulator)
    die(mounted)
    mounted.foreground = False
    mounted.start()
    assert os.listdir(mounted.path) and len(mounts_at(mounted.path)) == 1
    words = f"contactfs: {mounted.path} was a dead mount, since its process had ended; it was taken away\n"
    assert mounted.text().endswith(words)
    mounted.unmount()


def stack_dead_mounts(mount, emulator, tmp_path, number):
    """Dead mounts on one folder, by binding each over it before its daemon is killed. Root only."""
    path = tmp_path / "stack"
    path.mkdir()
    for _ in range(number):
        mounted = mount(emulator)
        subprocess.run(["mount", "--bind", mounted.path, path], check=True)
        mounted.kill()
    assert len(mounts_at(path)) == number
    return path


@root_only
@pytest.mark.parametrize("command", ["mount", "unmount"])
def test_a_stack_of_dead_mounts_is_repaired(mount, emulator, run, tmp_path, command):
    path = stack_dead_mounts(mount, emulator, tmp_path, 2)
    if command == "unmount":
        run(CONTACTFS, "unmount", path)
        assert mounts_at(path) == []
        return
    home = {"HOME": str(tmp_path), **{f"XDG_{name}_HOME": str(tmp_path / name) for name in ("STATE", "CACHE", "DATA")}}
    result = run(CONTACTFS, "mount", "--api-url", emulator.api_url, "--token-command", f"echo {emulator.token}", path,
                 env=home, check=False)
    assert result.status == 0 and result.errors.count("was a dead mount") == 1, result
    assert len(mounts_at(path)) == 1 and os.listdir(path)
    run(CONTACTFS, "unmount", path)


@root_only
def test_others_dead_file_systems_stay(mount, emulator, run, tmp_path):
    """Something else that is dead, over a dead mount of ours."""
    path = stack_dead_mounts(mount, emulator, tmp_path, 1)
    fd = os.open("/dev/fuse", os.O_RDWR)
    subprocess.run(["mount", "-i", "-t", "fuse.other", "-o", f"fd={fd},rootmode=40000,user_id=0,group_id=0", "other", path],
                   check=True, pass_fds=[fd])
    os.close(fd)
    try:
        before = mounts_at(path)
        assert len(before) == 2
        result = run(CONTACTFS, "mount", "--token-command", "echo x", path, check=False)
        assert result.status == 1 and "dead mount is there" in result.errors, result
        result = run(CONTACTFS, "unmount", path, check=False)
        assert result.status == 1 and "not a contactfs mount" in result.errors, result
        assert mounts_at(path) == before
    finally:
        for _ in mounts_at(path):
            subprocess.run(["umount", "-l", path], check=True)


def test_a_living_mount_that_does_not_answer_stays(contacts, run):
    os.kill(contacts.mount.pid, signal.SIGSTOP)
    try:
        result = run(CONTACTFS, "mount", "--token-command", "echo x", contacts.path, check=False)
        assert result.status == 1 and "does not answer" in result.errors, result
        assert len(mounts_at(contacts.path)) == 1
    finally:
        os.kill(contacts.mount.pid, signal.SIGCONT)
    assert contacts.mount.status()


# ---- the unit ----

@pytest.fixture
def units(tmp_path):
    """The units as they are installed, for the program under test."""
    folder = Path(tempfile.mkdtemp(prefix="contactfs-units-"))
    folder.chmod(0o755)
    text = re.sub(r"(?<=^ExecStart=)\S+", str(Path(CONTACTFS).resolve()), UNIT.read_text(), flags=re.M)
    (folder / "contactfs@.service").write_text(text)
    (folder / "contactfs@default.service.d").mkdir()
    shutil.copy(UNIT.parent / "folder.conf", folder / "contactfs@default.service.d")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
@pytest.mark.parametrize("account", ["default", "work"])
def test_the_unit_is_sound(units, run, tmp_path, account):
    result = run("systemd-analyze", "--user", "--man=no", "--recursive-errors=one", "verify",
                 units / f"contactfs@{account}.service", check=False,
                 env={"SYSTEMD_UNIT_PATH": f"{units}:", "XDG_RUNTIME_DIR": str(tmp_path)})
    # other units on this computer may have their own troubles
    assert result.status == 0 and "contactfs@" not in result.errors, result


def test_the_unit_is_what_meson_installs():
    built = UNIT.read_text()
    assert re.search(r"^ExecStart=/\S+/bin/contactfs mount ", built, re.M)
    assert "@" not in re.sub(r"contactfs@", "", built)


def test_the_unit_keeps_fusermount_setuid():
    """Each of these makes systemd set no_new_privs in a user's manager, or gives the service mounts that nobody else sees."""
    lines = [line for line in UNIT.read_text().splitlines() if not line.startswith("#")]
    forbidden = re.compile(r"(NoNewPrivileges|SystemCall\w+|Restrict\w+|LockPersonality|MemoryDenyWriteExecute|Private\w+|Protect\w+|"
                           r"ReadWritePaths|ReadOnlyPaths|InaccessiblePaths|RootDirectory|DynamicUser)=")
    assert [line for line in lines if forbidden.match(line)] == []


class UserManager:
    """A real `systemd --user` in namespaces and a control group of its own, with the test's folder as home."""

    def __init__(self, run, units, home):
        self.home = home
        self.env = {"HOME": str(home), "XDG_RUNTIME_DIR": "/run/user/0", "SYSTEMD_UNIT_PATH": f"{units}:"}
        name = f"contactfs-test-{os.getpid()}"
        self.inside = Namespace(run, f"""
            for root in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
              [ -e $root/cgroup.procs ] || continue
              mkdir -p $root/{name}
              echo 0 >$root/{name}/cgroup.procs
            done
            mount -t tmpfs tmpfs /run
            mkdir -p /run/systemd/system /run/user/0
            export HOME={home} XDG_RUNTIME_DIR=/run/user/0 SYSTEMD_UNIT_PATH={units}: SYSTEMD_LOG_TARGET=console
            unshare --cgroup /lib/systemd/systemd --user --unit=basic.target </dev/null >{home}/manager.log 2>&1 &
            """, processes=True)

    def __call__(self, *words, **options):
        return self.inside("systemctl", "--user", "--no-pager", *words, env=self.env, **options)

    def show(self, unit, name):
        return self("show", "--property", name, "--value", unit).out.strip()

    def close(self):
        self("exit")
        self.inside.close()


def remove_control_group():
    for base in ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"):
        top = Path(base) / f"contactfs-test-{os.getpid()}"
        for folder in sorted(top.rglob("*"), reverse=True) if top.exists() else []:
            if folder.is_dir():
                folder.rmdir()
        if top.exists():
            eventually(lambda folder=top: "populated 1" not in read_events(folder) and folder.rmdir() is None)


def read_events(folder):
    events = folder / "cgroup.events"
    return events.read_text() if events.exists() else ""


@pytest.fixture
def manager(run, units, tmp_path):
    if os.getuid() != 0 or not os.access("/lib/systemd/systemd", os.X_OK):
        pytest.skip("there is no systemd to start, or nobody who may")
    try:
        made = UserManager(run, units, tmp_path)
    except OSError as error:
        pytest.skip(str(error))
    try:
        try:
            eventually(lambda: made("is-system-running").out.strip() == "running")
        except AssertionError:
            pytest.skip(f"systemd does not run here: {(tmp_path / 'manager.log').read_text()}")
        yield made
    finally:
        made.close()
        remove_control_group()


def configure(manager, emulator, account, *lines):
    folder = manager.home / ".config/contactfs" / account
    folder.mkdir(parents=True)
    token = manager.home / "token"
    token.write_text(emulator.token + "\n")
    command = f"'--token-command=cat {token}'"
    folder.joinpath("mount.env").write_text("\n".join([
        f'CONTACTFS_OPTIONS="--api-url {emulator.api_url} {command} --writes-per-minute 0"', *lines]) + "\n")


def test_the_unit_in_a_real_manager(manager, emulator, faces):
    unit = "contactfs@default"
    configure(manager, emulator, "default")
    started = manager("start", unit)
    assert started.status == 0, (started, manager("status", unit).out, (manager.home / "manager.log").read_text())
    folder = manager.home / "contacts"
    assert "Alice Smith" in manager.inside("ls", folder).out
    assert "are mounted on" in manager.show(unit, "StatusText")
    limits = {name: manager.show(unit, name) for name in ("MemoryMax", "MemorySwapMax", "TasksMax", "OOMPolicy")}
    assert limits == {"MemoryMax": str(4 * 2**30), "MemorySwapMax": "0", "TasksMax": "256", "OOMPolicy": "continue"}

    pid = int(manager.show(unit, "MainPID"))
    manager.inside("kill", "-9", pid)  # a crash: the next start repairs the folder
    eventually(lambda: manager.show(unit, "ActiveState") == "activating")
    assert manager("restart", unit).status == 0
    assert "Alice Smith" in manager.inside("ls", folder).out

    resource = emulator.find("Alice Smith")
    assert manager.inside("rm", folder / "Alice Smith/photo.jpg").status == 0
    assert manager("stop", unit).status == 0
    assert emulator.photo_bytes(resource) is None, "what was promised is carried out"
    assert manager.show(unit, "Result") == "success"
    assert manager.inside("ls", folder).out == ""


def test_a_unit_with_wrong_options_does_not_start_again(manager, emulator):
    folder = manager.home / ".config/contactfs/work"
    folder.mkdir(parents=True)
    folder.joinpath("mount.env").write_text("CONTACTFS_OPTIONS=--nonsense\n")
    assert manager("start", "contactfs@work").status != 0
    assert manager.show("contactfs@work", "ActiveState") == "failed"
    assert (manager.home / "contacts-work").is_dir()


def test_a_unit_for_another_folder(manager, emulator):
    configure(manager, emulator, "work", f'CONTACTFS_FOLDER="{manager.home}/my people"')
    assert manager("start", "contactfs@work").status == 0
    assert "Alice Smith" in manager.inside("ls", manager.home / "my people").out
    assert manager("stop", "contactfs@work").status == 0


# ---- fstab ----

USER = 54321


class Fstab:
    """mount(8) and umount(8) with an fstab, a program in PATH and an ordinary user of the test's own."""

    def __init__(self, run, emulator, options):
        self.top = Path(tempfile.mkdtemp(prefix="contactfs-fstab-"))
        self.top.chmod(0o755)
        self.path = self.top / "contacts"
        self.home = self.top / "home"
        (self.top / "bin").mkdir()
        shutil.copy(CONTACTFS, self.top / "bin/contactfs")
        for folder in (self.path, self.home):
            folder.mkdir()
            os.chown(folder, USER, USER)
        (self.top / "token").write_text(emulator.token + "\n")
        service = f"api-url={emulator.api_url},token-command=cat\\040{self.top}/token"
        (self.top / "fstab").write_text(f"default {self.path} fuse.contactfs {options},{service} 0 0\n")
        (self.top / "passwd").write_text(Path("/etc/passwd").read_text() + f"tester:x:{USER}:{USER}::{self.home}:/bin/sh\n")
        self.inside = Namespace(run, f"""
            mount --bind {self.top}/fstab /etc/fstab
            mount --bind {self.top}/passwd /etc/passwd
            mount --bind {self.top}/bin /usr/local/bin
            """)

    def mount(self, user=USER, **options):
        return self.inside("mount", self.path, user=user, **options)

    def umount(self, user=USER):
        return self.inside("umount", self.path, user=user)

    def ls(self, user=USER):
        return self.inside("ls", self.path, user=user)

    def status(self, user=USER):
        text = self.inside("getfattr", "--only-values", "--absolute-names", "-n", "user.contactfs.status", self.path, user=user)
        assert text.status == 0, text
        return json.loads(text.out)

    def end(self, user=USER):
        """umount, and the end of the daemon."""
        pidfd = os.pidfd_open(self.status(user)["pid"])
        result = self.umount(user)
        assert (result.status, result.errors) == (0, ""), result
        assert wait_readable([pidfd], 20)
        os.close(pidfd)

    def close(self):
        self.inside.close()
        shutil.rmtree(self.top)


@pytest.fixture
def fstab(run, emulator):
    made = []

    def make(options):
        made.append(Fstab(run, emulator, options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@root_only
def test_fstab_by_an_ordinary_user(fstab):
    table = fstab("noauto,user,_netdev,x-systemd.automount,x-systemd.mount-timeout=30")
    result = table.mount()
    assert (result.status, result.out, result.errors) == (0, "", ""), result
    assert "Alice Smith" in table.ls().out
    assert table.ls(user=None).status != 0, "nobody else gets in, not even root"
    assert (table.home / ".local/state/contactfs/default").is_dir(), "kept in the user's home"
    assert table.status()["account"] == "default"
    table.end()
    assert table.ls().out == ""


@root_only
def test_fstab_repairs_a_dead_mount(fstab):
    table = fstab("noauto,user")
    assert table.mount().status == 0
    pid = table.status()["pid"]
    pidfd = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert wait_readable([pidfd], 10)
    os.close(pidfd)
    assert "not connected" in table.ls().errors
    result = table.mount()
    assert result.status == 0 and "was a dead mount" in result.errors, result
    assert "Alice Smith" in table.ls().out
    table.end()


@root_only
def test_fstab_at_boot_for_a_user(fstab):
    """mount -a is root's; setuid= says whose contacts they are."""
    table = fstab("defaults,setuid=tester,_netdev")
    result = table.inside("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "mount", "--all", "--types", "fuse.contactfs")
    assert (result.status, result.errors) == (0, ""), result
    assert "Alice Smith" in table.ls().out
    assert (table.home / ".local/state/contactfs/default").is_dir()
    table.end()


@root_only
def test_fstab_failure_is_seen(fstab, emulator):
    table = fstab("noauto,user")
    emulator.fault("status", status=403, times=-1, body=json.dumps({"error": {
        "code": 403, "status": "PERMISSION_DENIED", "message": "Request had insufficient authentication scopes."}}))
    result = table.mount()
    assert result.status != 0
    assert re.fullmatch(r"contactfs: [^\n]*scope[^\n]*\n", result.errors), result
    assert table.ls().out == ""


@root_only
def test_fstab_unknown_option_is_seen(fstab):
    result = fstab("noauto,user,nonsense=1").mount()
    assert result.status != 0 and "nonsense" in result.errors, result
