"""Labels: .labels in the root, and mounts of those who carry one (--label)."""

import errno
import os
import stat
import subprocess

import pytest
from eventually import eventually
from mounts import MountFailed

CHOIR = "4f1c0a5e8d0b1c2a"
NEIGHBOURS = "59a8c1f70b3d2e44"
GROUPS = "/v1/contactGroups"
every_second = pytest.mark.options("--sync-interval", "1")


def asked(emulator):
    return len(emulator.requests(path=GROUPS))


def people_of(mount, label):
    return sorted(os.listdir(mount.path / ".labels" / label))


# ---- .labels ----

def test_found_by_name_and_not_listed(contacts, run):
    emulator = contacts.emulator
    assert ".labels" not in os.listdir(contacts.path)
    assert ".labels" not in run("find", contacts.path).out
    assert asked(emulator) == 0, "nobody has asked for labels"
    assert sorted(os.listdir(contacts.path / ".labels")) == ["Choir", "Neighbours", "starred"]
    assert {"Alice Smith", "Zoë Müller"} <= set(people_of(contacts, "Choir"))
    assert asked(emulator) == 1, "once for a mount, until a delta"


def test_links_lead_to_people(contacts, run, faces):
    people = people_of(contacts, "Choir")
    assert "Alice Smith" in people
    for name in people:
        link = contacts.path / ".labels/Choir" / name
        assert os.readlink(link) == f"../../{name}"
        assert link.lstat().st_size == len(os.fsencode(f"../../{name}")) and stat.S_ISLNK(link.lstat().st_mode)
        assert link.stat().st_ino == (contacts.path / name).stat().st_ino
    run("cp", faces.face(5), contacts.path / ".labels/Choir/Alice Smith/photo.jpg")
    assert len(contacts.emulator.requests(method="PATCH")) == 1
    found = run("find", "-L", contacts.path / ".labels", "-mindepth", "2", "-maxdepth", "2", "-type", "d").out.splitlines()
    assert len(found) == sum(len(people_of(contacts, label)) for label in os.listdir(contacts.path / ".labels"))


def test_nothing_can_be_changed_there(contacts, faces):
    labels = contacts.path / ".labels"
    for call, code in ((lambda: os.mkdir(labels / "new"), errno.EPERM), (lambda: os.rmdir(labels / "Choir"), errno.EPERM),
                       (lambda: os.unlink(labels / "Choir/Alice Smith"), errno.EPERM),
                       (lambda: os.symlink("../../x", labels / "Choir/x"), errno.EPERM),
                       (lambda: os.rename(labels / "Choir", labels / "Chor"), errno.EPERM),
                       (lambda: os.rename(labels / "Choir/Alice Smith", labels / "Neighbours/Alice Smith"), errno.EPERM),
                       (lambda: open(labels / "photo.jpg", "w"), errno.EPERM),
                       (lambda: os.truncate(labels / "Choir", 0), errno.EISDIR),
                       (lambda: os.listdir(labels / "Quire"), errno.ENOENT),
                       (lambda: os.readlink(labels / "Choir/Nobody"), errno.ENOENT),
                       (lambda: os.readlink(labels / "Choir"), errno.EINVAL)):
        with pytest.raises(OSError) as failure:
            call()
        assert failure.value.errno in (code, errno.EACCES, errno.EXDEV), call  # the kernel looks at the mode first


def test_names_as_the_user_wrote_them(contacts):
    emulator = contacts.emulator
    names = {"a": "A/B team", "b": ".hidden", "c": "Zoe\u0308s", "d": " ", "e": "Quire", "f": "Quire", "g": "Ω" * 300, "h": "../.."}
    for group, name in names.items():
        emulator.label(group, name)
    listed = os.listdir(contacts.path / ".labels")
    assert {"A_B team", "_hidden", "Zoës", "d", "Quire", "Quire (f)"} <= set(listed)
    assert all(len(os.fsencode(name)) <= 255 and "/" not in name and not name.startswith(".") for name in listed)
    assert len(listed) == len(set(listed)) == len(names) + 3
    assert (contacts.path / ".labels" / "Zoe\u0308s").is_dir(), "in any normalisation"
    inodes = {name: (contacts.path / ".labels" / name).stat().st_ino for name in listed}
    assert len(set(inodes.values())) == len(listed)


@every_second
def test_deltas_keep_them_true(contacts):
    emulator = contacts.emulator
    ben = emulator.find("Ben Carter")
    assert "Ben Carter" not in people_of(contacts, "Choir")
    emulator.carry_labels(ben, CHOIR)
    eventually(lambda: "Ben Carter" in people_of(contacts, "Choir"))
    before = people_of(contacts, "Choir")
    emulator.label(CHOIR, "Choir of 2027")
    eventually(lambda: "Choir of 2027" in os.listdir(contacts.path / ".labels"))
    assert not (contacts.path / ".labels/Choir").exists() and people_of(contacts, "Choir of 2027") == before
    emulator.label(CHOIR, None)
    eventually(lambda: sorted(os.listdir(contacts.path / ".labels")) == ["Neighbours", "starred"])
    emulator.rename_person(ben, "Benedict", "Carter")
    emulator.carry_labels(ben, NEIGHBOURS)
    eventually(lambda: "Benedict Carter" in people_of(contacts, "Neighbours"))
    assert os.readlink(contacts.path / ".labels/Neighbours/Benedict Carter") == "../../Benedict Carter"


def test_service_out_of_reach(mount, emulator):
    mounted = mount(emulator, "--timeout", "2")
    emulator.fault("status", path=GROUPS, status=503, times=-1)
    mounted.allowed.append(".*")
    with pytest.raises(OSError) as failure:
        os.listdir(mounted.path / ".labels")
    assert failure.value.errno in (errno.EIO, errno.ETIMEDOUT)
    emulator.clear_faults()
    assert len(os.listdir(mounted.path / ".labels")) == 3
    mounted.remount()
    emulator.fault("status", path=GROUPS, status=503, times=-1)
    assert sorted(os.listdir(mounted.path / ".labels")) == ["Choir", "Neighbours", "starred"], "those of the last mount"


def test_who_waits_can_be_killed(contacts, run):
    contacts.emulator.fault("hang", path=GROUPS, times=-1)
    waiting = run.start("ls", contacts.path / ".labels")
    other = run.start("ls", contacts.path / ".labels/Choir")
    contacts.emulator.wait_requests(1, path=GROUPS)
    waiting.kill()
    waiting.wait()
    contacts.emulator.clear_faults()
    contacts.emulator.wait_requests(2, path=GROUPS)  # the other one still wants an answer
    other.kill()
    other.wait()
    assert os.listdir(contacts.path)


@pytest.mark.options("--timeout", "600")
def test_who_waits_fails_when_the_mount_ends(contacts, run):
    contacts.emulator.fault("hang", path=GROUPS, times=-1)
    waiting = run.start("ls", contacts.path / ".labels", stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, path=GROUPS)
    contacts.mount.terminate()
    assert b"Input/output error" in waiting.communicate(timeout=60)[1]
    assert contacts.mount.exit_status == 0


@pytest.mark.options("--timeout", "600", "--sync-interval", "1")
def test_the_mount_ends_while_a_delta_asks(contacts):
    os.listdir(contacts.path / ".labels")
    contacts.emulator.fault("hang", path=GROUPS, times=-1)
    before = asked(contacts.emulator)
    contacts.emulator.wait_requests(before + 1, path=GROUPS)
    contacts.mount.terminate()
    assert contacts.mount.exit_status == 0


# ---- --label ----

def test_only_those_who_carry_it(mount, emulator, run):
    whole = mount(emulator)
    choir, neighbours = people_of(whole, "Choir"), people_of(whole, "Neighbours")
    inodes = {name: (whole.path / name).stat().st_ino for name in choir}
    whole.unmount()
    part = mount(emulator, "--label", "Choir", state=whole.state)
    assert sorted(os.listdir(part.path)) == choir
    assert {name: (part.path / name).stat().st_ino for name in choir} == inodes, "the same names and inode numbers"
    assert part.status()["people"] == len(choir)
    outside = next(name for name in neighbours if name not in choir)
    with pytest.raises(FileNotFoundError):
        os.stat(part.path / outside)
    assert people_of(part, "Neighbours") == [name for name in neighbours if name in choir]
    part.unmount()
    both = mount(emulator, "-o", "label=Choir,label=Neighbours", state=whole.state)
    assert sorted(os.listdir(both.path)) == sorted({*choir, *neighbours})


def test_first_mount_by_label(mount, emulator):
    part = mount(emulator, "--label", "Choir")
    assert 0 < len(os.listdir(part.path)) < len(emulator.people())


def test_no_such_label(mount, emulator):
    with pytest.raises(MountFailed) as failure:
        mount(emulator, "--label", "Quire")
    assert "there is no label “Quire”; there are “Choir”, “Neighbours”, “starred”" in str(failure.value)


def test_known_labels_need_no_service(mount, emulator):
    part = mount(emulator, "--label", "Choir")
    choir = sorted(os.listdir(part.path))
    part.unmount()
    emulator.fault("status", status=503, times=-1)
    part.allowed.append(".*")
    part.remount()
    assert sorted(os.listdir(part.path)) == choir


def test_another_label_is_called_so_by_now(mount, emulator):
    part = mount(emulator, "--label", "Choir", "--label", "Neighbours")
    neighbours = people_of(part, "Neighbours")
    part.unmount()
    emulator.label(CHOIR, "Choir of 2027")
    emulator.label("another", "Choir")
    emulator.label(NEIGHBOURS, "Street")
    emulator.carry_labels(emulator.find("Ben Carter"), "another")
    part.remount()
    eventually(lambda: sorted(os.listdir(part.path)) == sorted({"Ben Carter", *neighbours}))


@pytest.mark.options("--label", "Choir", "--sync-interval", "1")
def test_who_gets_it_comes_and_who_loses_it_goes(contacts, run, faces):
    emulator = contacts.emulator
    alice, ben = emulator.find("Alice Smith"), emulator.find("Ben Carter")
    ino = (contacts.path / "Alice Smith").stat().st_ino
    with open(contacts.path / "Alice Smith/photo.jpg", "rb") as held:
        data = held.read()
        emulator.carry_labels(ben, CHOIR)
        eventually(lambda: "Ben Carter" in os.listdir(contacts.path))
        emulator.carry_labels(alice)
        eventually(lambda: not (contacts.path / "Alice Smith").exists())
        assert "Alice Smith" not in os.listdir(contacts.path)
        held.seek(0)
        assert held.read() == data, "what is open stays so"
    run("cp", faces.face(4), contacts.path / "Ben Carter/photo.jpg")
    emulator.carry_labels(alice, CHOIR)
    eventually(lambda: (contacts.path / "Alice Smith").exists())
    assert (contacts.path / "Alice Smith").stat().st_ino == ino


# ---- what is known of people ----

def test_addresses_and_numbers(contacts):
    folder = contacts.path / "Zoë Müller"
    assert os.getxattr(folder, "user.contactfs.emails") == b"zoe.mueller@example.de"
    assert os.getxattr(folder, "user.contactfs.phones") == b"+49 555 0107"
    assert "user.contactfs.emails" not in os.listxattr(folder)
    with pytest.raises(OSError) as failure:
        os.getxattr(contacts.path / "Tom Becker", "user.contactfs.none")
    assert failure.value.errno == errno.ENODATA
