"""The tree: names, numbers, attributes, and what may not be done to it."""

import datetime
import contextlib
import errno
import os
import stat
import unicodedata

import pytest
from eventually import eventually


def add(emulator, number, given, email=None, **more):
    fields = dict(more)
    if email is not None:
        fields["emailAddresses"] = [{"value": email}]
    return emulator.create_person(given, resource_name=f"people/c{number}", fields=fields)


def resources(path):
    """Directory name → resource name, of everybody. One whose folder goes meanwhile is left out."""
    found = {}
    for name in os.listdir(path):
        with contextlib.suppress(FileNotFoundError):
            found[name] = os.getxattr(path / name, "user.contactfs.resource_name").decode()
    return found


def fails(code, call, *arguments, **options):
    with pytest.raises(OSError) as caught:
        call(*arguments, **options)
    assert caught.value.errno == code, caught.value


nobody_yet = pytest.mark.emulator("--people", "0")

# ---- names ----


def test_the_demos_people(contacts):
    assert sorted(os.listdir(contacts.path)) == sorted([
        "Alice Smith", "Ben Carter", "Maria Garcia", "Maria Garcia (mgarcia@example.net)", "Chidi Okafor", "Yuki Tanaka",
        "Zo\u00eb M\u00fcller", "Priya Raman", "Tom Becker", "orders@example.shop", "+1 555 0199", "AC_DC Fan Club",
        "_hidden Agent", "Lena 🌻 Novak", "נועה לוי", "ليلى حداد", "S\u00f8ren \u00d8sterg\u00e5rd", "Grace Nguyen", "Dad",
        "Corner Garage"])


STRANGE = [
    ("a/b/c", "a_b_c"), ("/", "_"), (".5", "_5"), ("..", "_."), (".profile", "_profile"), ("a.b", "a.b"),
    ("line\nbreak\ttab\x7f", "line_break_tab_"), ("\u0085next", "_next"), ("e\u0301te\u0301", "\u00e9t\u00e9"),
    ("\U0001f469\u200d\U0001f680 Ada", "\U0001f469\u200d\U0001f680 Ada"), ("-rf", "-rf"), ("*?\"<>|\\", "*?\"<>|\\"),
    ("ä" * 200, "ä" * 127), ("x" * 255, "x" * 255), ("x" * 254 + "ä", "x" * 254),
    ("\u6f22" * 90, "\u6f22" * 85),
]


@nobody_yet
def test_strange_names(emulator, mount):
    for number, (given, _) in enumerate(STRANGE):
        add(emulator, 100 + number, given)
    mounted = mount(emulator)
    found = {resource: name for name, resource in resources(mounted.path).items()}
    assert [found[f"people/c{100 + number}"] for number in range(len(STRANGE))] == [name for _, name in STRANGE]
    for name in found.values():
        assert (mounted.path / name).is_dir()
        assert os.listdir(mounted.path / name) == []


@nobody_yet
def test_two_of_one_name(emulator, mount):
    add(emulator, 30, "Sam")
    add(emulator, 20, "Sam", "sam@example.com")
    add(emulator, 10, "Sam")
    add(emulator, 40, "Sam", "sam@example.com")
    mounted = mount(emulator)
    assert resources(mounted.path) == {"Sam": "people/c10", "Sam (sam@example.com)": "people/c20", "Sam (c30)": "people/c30",
                                       "Sam (c40)": "people/c40"}


@nobody_yet
def test_names_of_the_nameless(emulator, mount):
    phone, organization = [{"value": "+1 555 1"}], [{"name": "Corner/Shop"}]
    add(emulator, 1, None, "a@example.com", phoneNumbers=phone, organizations=organization)
    add(emulator, 2, None, phoneNumbers=phone, organizations=organization)
    add(emulator, 3, None, organizations=organization)
    add(emulator, 4, None)
    mounted = mount(emulator)
    assert resources(mounted.path) == {"a@example.com": "people/c1", "+1 555 1": "people/c2", "Corner_Shop": "people/c3",
                                       "c4": "people/c4"}


@nobody_yet
def test_long_names_that_are_the_same(emulator, mount):
    for number in (1, 2, 3):
        add(emulator, number, "ü" * 200, f"{number}@example.com" if number < 3 else None)
    mounted = mount(emulator)
    found = {resource: name for name, resource in resources(mounted.path).items()}
    assert found["people/c1"] == "ü" * 127
    assert found["people/c2"].endswith("ü (2@example.com)") and found["people/c3"].endswith("ü (c3)")
    assert all(250 < len(name.encode()) <= 255 for name in found.values())


@nobody_yet
def test_a_name_stays_with_its_person(emulator, mount):
    """Over remounts too: neither a newcomer with a lower number nor the holder's departure moves a name."""
    add(emulator, 50, "Sam")
    add(emulator, 60, "Sam", "second@example.com")
    mounted = mount(emulator)
    expected = {"Sam": "people/c50", "Sam (second@example.com)": "people/c60"}
    assert resources(mounted.path) == expected
    add(emulator, 10, "Sam", "third@example.com")
    mounted.remount()
    expected["Sam (third@example.com)"] = "people/c10"
    eventually(lambda: resources(mounted.path) == expected)  # the delta is taken in after the mount is usable
    emulator.delete_person("people/c50")
    mounted.remount()
    del expected["Sam"]
    eventually(lambda: resources(mounted.path) == expected)
    mounted.remount()
    assert resources(mounted.path) == expected
    add(emulator, 70, "Sam")
    mounted.remount()
    expected["Sam"] = "people/c70"
    eventually(lambda: resources(mounted.path) == expected)


def test_lookup_by_any_normalisation(contacts):
    name = "Zo\u00eb M\u00fcller"
    apart = unicodedata.normalize("NFD", name)
    assert apart != name
    assert (contacts.path / apart).stat().st_ino == (contacts.path / name).stat().st_ino
    assert contacts.photo(apart).read_bytes() == contacts.held(name)


def test_unknown_names(contacts):
    for name in ("Nobody", "alice smith", "Alice Smith ", ".Trash", "photo.jpg", "x" * 255):
        fails(errno.ENOENT, os.stat, contacts.path / name)
    for name in ("Photo.jpg", "x.tmp", "Ben Carter", "x" * 255):
        fails(errno.ENOENT, os.stat, contacts.path / "Alice Smith" / name)
    fails(errno.ENAMETOOLONG, os.stat, contacts.path / ("x" * 256))
    fails(errno.ENAMETOOLONG, os.open, contacts.path / "Alice Smith" / ("x" * 256), os.O_WRONLY | os.O_CREAT)


# ---- attributes ----

def everything(path):
    """Every file and folder, kept ones too: path below the mount → stat."""
    found = {}
    for folder, folders, files in os.walk(path):
        for name in folders + files:
            full = os.path.join(folder, name)
            found[os.path.relpath(full, path)] = os.lstat(full)
    return found


def test_inodes_are_the_same_after_a_remount(contacts, run, faces):
    before = everything(contacts.path)
    numbers = [status.st_ino for status in before.values()]
    assert len(set(numbers)) == len(numbers)
    run("cp", faces.face(1), contacts.photo("Alice Smith"))
    assert contacts.photo("Alice Smith").stat().st_ino == before["Alice Smith/photo.jpg"].st_ino
    contacts.mount.remount()
    after = everything(contacts.path)
    assert {name: status.st_ino for name, status in after.items()} == {
        name: status.st_ino for name, status in before.items()}


def test_inodes_of_readdir_are_those_of_stat(contacts):
    for folder in (contacts.path, contacts.path / "Chidi Okafor"):
        with os.scandir(folder) as entries:
            for entry in entries:
                assert entry.inode() == os.stat(entry.path).st_ino
                assert entry.is_dir(follow_symlinks=False) == (folder == contacts.path)


def test_modes_and_owner(contacts):
    for name, status in everything(contacts.path).items():
        assert (status.st_uid, status.st_gid) == (os.getuid(), os.getgid())
        if stat.S_ISDIR(status.st_mode):
            assert stat.S_IMODE(status.st_mode) == 0o755
        elif name.endswith("profile.jpg"):
            assert stat.S_IMODE(status.st_mode) == 0o444 and status.st_nlink == 1
        else:
            assert stat.S_IMODE(status.st_mode) == 0o644 and status.st_nlink == 1
    root = contacts.path.stat()
    assert stat.S_IMODE(root.st_mode) == 0o755 and root.st_nlink == 2 + len(os.listdir(contacts.path))


def update_time(contacts, resource):
    """The CONTACT source's updateTime as nanoseconds."""
    answer = contacts.emulator.api("GET", resource, {"personFields": "metadata"}).json()
    text, = (s["updateTime"] for s in answer["metadata"]["sources"] if s["type"] == "CONTACT")
    whole, _, part = text.rstrip("Z").partition(".")
    seconds = int(datetime.datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * 10**9 + int((part or "0").ljust(9, "0"))


def test_mtime_is_the_update_time(contacts, run, faces):
    for person in os.listdir(contacts.path):
        expected = update_time(contacts, contacts.resource(person))
        assert (contacts.path / person).stat().st_mtime_ns == expected
        if contacts.photo(person).exists():
            assert contacts.photo(person).stat().st_mtime_ns == expected
    run("cp", "-p", faces.face(1), contacts.photo("Alice Smith"))
    expected = update_time(contacts, contacts.resource("Alice Smith"))
    assert contacts.photo("Alice Smith").stat().st_mtime_ns == expected
    # the kernel may keep a folder's attributes for a second
    eventually(lambda: (contacts.path / "Alice Smith").stat().st_mtime_ns == expected)


def test_extended_attributes(contacts, run):
    person = "Chidi Okafor"
    for name in ("photo.jpg", "profile.jpg"):
        path = contacts.path / person / name
        assert sorted(os.listxattr(path)) == ["user.contactfs.resource_name", "user.mime_type", "user.xdg.origin.url"]
        assert os.getxattr(path, "user.mime_type") == b"image/jpeg"
        assert os.getxattr(path, "user.contactfs.resource_name").decode() == contacts.resource(person)
        url = os.getxattr(path, "user.xdg.origin.url").decode()
        assert url.startswith(contacts.emulator.photo_url) and url.endswith("=s0")
        assert contacts.emulator.photo(url).body == path.read_bytes()
        fails(errno.ENODATA, os.getxattr, path, "user.comment")
        fails(errno.ENODATA, os.getxattr, path, "system.posix_acl_access")
        fails(errno.ENOTSUP, os.getxattr, path, "security.selinux")
    assert os.listxattr(contacts.path / person) == ["user.contactfs.resource_name"]
    fails(errno.ENODATA, os.getxattr, contacts.path / person, "user.contactfs.error")
    assert os.listxattr(contacts.path) == []
    assert os.getxattr(contacts.path, "user.contactfs.status").startswith(b"{")
    shown = run("getfattr", "--absolute-names", "-d", "-m", "-", contacts.path / person / "photo.jpg").out
    assert 'user.mime_type="image/jpeg"' in shown


@pytest.mark.keep_bytes
def test_mime_type_of_a_png(contacts, run, faces):
    run("cp", faces.png, contacts.photo("Alice Smith"))
    assert os.getxattr(contacts.photo("Alice Smith"), "user.mime_type") == b"image/png"


def test_error_in_words_stands_until_the_next_success(contacts, run, faces):
    folder = contacts.path / "Alice Smith"
    assert run("cp", faces.cut, folder / "photo.jpg", check=False).status != 0
    assert sorted(os.listxattr(folder)) == ["user.contactfs.error", "user.contactfs.resource_name"]
    words = os.getxattr(folder, "user.contactfs.error").decode()
    assert words.startswith("Alice Smith: ")
    assert contacts.mount.status()["last_error"] == words
    run("cp", faces.face(1), folder / "photo.jpg")
    assert os.listxattr(folder) == ["user.contactfs.resource_name"]


def test_status(contacts):
    status = contacts.mount.status()
    people = contacts.emulator.people()
    assert status["account"] == "default" and status["pid"] == contacts.mount.pid
    assert status["people"] == len(people) and status["photos"] == sum(person["photo"] for person in people)
    assert status["waiting_mutations"] == 0 and status["last_sync"] > 0 and status["last_error"] in (None, "")


def test_statfs(contacts, run):
    room = os.statvfs(contacts.path)
    assert room.f_namemax == 255 and room.f_bavail > 0 and room.f_frsize > 0
    disk = os.statvfs(contacts.mount.state)
    assert (room.f_files, room.f_ffree > 0) == (disk.f_files, disk.f_ffree > 0), "some programs write only where files are free"
    assert os.statvfs(contacts.photo("Alice Smith")).f_bavail > 0
    assert "contactfs:default" in run("df", contacts.path).out


def test_listing_tools(contacts, run):
    listed = run("ls", "-lan", contacts.path).out
    assert "Alice Smith" in listed
    found = run("find", contacts.path, "-type", "f", "-name", "*.jpg", "-size", "+0").out.splitlines()
    photos = [person for person in contacts.emulator.people() if person["photo"]]
    profiles = [person for person in contacts.emulator.people() if person["profile"]]
    assert len(found) == len(photos) + len(profiles)
    run("du", "-s", contacts.path)
    run("gio", "list", "-l", contacts.path)


# ---- folders that are not listed ----

def test_previous_and_rejected(contacts, run, faces):
    folder = contacts.path / "Alice Smith"
    old = contacts.held("Alice Smith")
    for kept in (".previous", ".rejected"):
        assert os.listdir(folder / kept) == []
        assert stat.S_IMODE((folder / kept).stat().st_mode) == 0o555
    run("cp", faces.face(1), folder / "photo.jpg")
    assert run("cp", faces.cut, folder / "photo.jpg", check=False).status != 0
    assert os.listdir(folder) == ["photo.jpg"]
    name, = os.listdir(folder / ".previous")
    assert name.endswith(".jpg") and (folder / ".previous" / name).read_bytes() == old
    rejected, = os.listdir(folder / ".rejected")
    assert rejected > name and (folder / ".rejected" / rejected).read_bytes() == faces.cut.read_bytes()
    for kept in (folder / ".previous" / name, folder / ".rejected" / rejected):
        assert kept.stat().st_size == len(kept.read_bytes())
        fails(errno.EACCES, os.open, kept, os.O_WRONLY)
        fails_one_of((errno.EPERM, errno.EACCES), os.unlink, kept)
    fails_one_of((errno.EPERM, errno.EACCES), os.open, folder / ".previous/x.jpg", os.O_WRONLY | os.O_CREAT)
    fails_one_of((errno.EPERM, errno.EACCES), os.rename, folder / ".previous" / name, folder / "photo.jpg")
    fails(errno.ENOENT, os.stat, folder / ".previous/x.jpg")


def fails_one_of(codes, call, *arguments):
    """The kernel asks the folder's mode first, but not for root."""
    with pytest.raises(OSError) as caught:
        call(*arguments)
    assert caught.value.errno in codes, caught.value


@pytest.mark.keep_bytes
def test_twenty_previous_ones_are_kept(contacts, faces):
    photo = contacts.photo("Alice Smith")
    for number in range(23):
        photo.write_bytes(faces.face_bytes(number))
    assert contacts.previous("Alice Smith") == [faces.face_bytes(number) for number in range(2, 22)]


def test_twenty_rejected_ones_are_kept(contacts, faces):
    """Each is there before its writer hears of it, and not twice, however often it comes."""
    photo = contacts.photo("Alice Smith")
    pictures = [faces.face_bytes(number)[:-100] for number in range(23)]
    for picture in pictures + pictures[-1:] * 3:
        fails(errno.EINVAL, photo.write_bytes, picture)
        assert contacts.rejected("Alice Smith")[-1] == picture
    assert contacts.rejected("Alice Smith") == pictures[-20:]


# ---- what is not permitted ----

def test_profile_is_read_only(contacts, run, faces):
    profile = contacts.path / "Chidi Okafor/profile.jpg"
    data = profile.read_bytes()
    assert data == contacts.emulator.photo_bytes(contacts.resource("Chidi Okafor"), profile=True)
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
        fails(errno.EACCES, os.open, profile, flags)
    fails(errno.EACCES, os.truncate, profile, 10)
    fails(errno.EPERM, os.unlink, profile)
    fails(errno.EPERM, os.rename, profile, profile.with_name("x"))
    fails(errno.EPERM, os.rename, profile.with_name("photo.jpg"), profile)
    assert run("cp", faces.face(1), profile, check=False).status != 0
    assert run("cp", faces.face(1), contacts.path / "Ben Carter/profile.jpg", check=False).status != 0
    assert profile.read_bytes() == data
    assert contacts.mutations() == []


def test_profile_only(contacts, run, faces):
    """Somebody with a linked profile and no photo of their own gets one beside it."""
    folder = contacts.path / "Priya Raman"
    assert os.listdir(folder) == ["profile.jpg"]
    run("cp", faces.face(1), folder / "photo.jpg")
    assert sorted(os.listdir(folder)) == ["photo.jpg", "profile.jpg"]
    assert contacts.held("Priya Raman") == faces.face_bytes(1)


def test_what_is_not_permitted(contacts, run, faces):
    root, folder = contacts.path, contacts.path / "Alice Smith"
    photo = folder / "photo.jpg"
    old = contacts.held("Alice Smith")
    for where in (root, folder):
        fails(errno.EPERM, os.mkdir, where / "new")
        fails(errno.EPERM, os.symlink, "x", where / "link")
        fails(errno.EPERM, os.link, photo, where / "hard.jpg")
        fails(errno.EPERM, os.mkfifo, where / "fifo")
    fails(errno.EPERM, os.rmdir, folder)
    fails(errno.EPERM, os.rename, folder, root / "Alice Jones")
    fails(errno.EPERM, os.open, root / "photo.jpg", os.O_WRONLY | os.O_CREAT)
    fails(errno.EPERM, os.rename, photo, root / "photo.jpg")
    fails(errno.EISDIR, os.open, folder, os.O_WRONLY)
    assert "Operation not permitted" in run("cp", faces.face(1), f"{root}/", check=False).errors
    assert "Operation not permitted" in run("mv", folder, root / "X", check=False).errors
    assert run("rm", "-r", contacts.path / "Tom Becker", check=False).status != 0
    assert photo.read_bytes() == contacts.held("Alice Smith") == old
    assert contacts.mutations() == []


@pytest.mark.options("--read-only")
def test_read_only_mount(contacts, run, faces):
    photo = contacts.photo("Alice Smith")
    assert photo.read_bytes() == contacts.held("Alice Smith")
    for call in ((os.open, photo, os.O_WRONLY), (os.unlink, photo), (os.rename, photo, photo.with_name("x")),
                 (os.open, photo.with_name("x"), os.O_WRONLY | os.O_CREAT)):
        fails(errno.EROFS, *call)
    assert "Read-only file system" in run("cp", faces.face(1), photo, check=False).errors
    assert contacts.mutations() == []
