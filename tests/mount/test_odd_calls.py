"""Calls that programs seldom make, and places where they seldom make them: each fails with the word for it."""

import ctypes
import errno
import os

import pytest

from eventually import eventually

ALICE = "Alice Smith"
RENAME_EXCHANGE, RENAME_WHITEOUT = 2, 4
KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16

libc = ctypes.CDLL(None, use_errno=True)


def call(function, *args):
    """0, or the errno."""
    return 0 if function(*args) == 0 else ctypes.get_errno()


def outcome(operation):
    """What it gave, or the name of the errno."""
    try:
        return operation()
    except OSError as error:
        return errno.errorcode[error.errno]


# ---- in the folder of a contact who is gone ----

IN_A_FOLDER = {
    "create": lambda fd: os.open("photo.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=fd),
    "unlink": lambda fd: os.unlink("photo.jpg", dir_fd=fd),
    "rmdir": lambda fd: os.rmdir(".previous", dir_fd=fd),
    "stat": lambda fd: os.stat("photo.jpg", dir_fd=fd),
    "stat of a folder": lambda fd: os.stat(".previous", dir_fd=fd),
    "open": lambda fd: os.open("photo.jpg", os.O_RDONLY, dir_fd=fd),
    "open of itself": lambda fd: os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd),
    "rename": lambda fd: os.rename("photo.jpg", "me.jpg", src_dir_fd=fd, dst_dir_fd=fd),
    "mknod": lambda fd: os.mknod("new.jpg", dir_fd=fd),
    "mkdir": lambda fd: os.mkdir("more", dir_fd=fd),
    "symlink": lambda fd: os.symlink("photo.jpg", "link", dir_fd=fd),
    "getxattr": lambda fd: os.getxattr(f"/proc/self/fd/{fd}", "user.contactfs.resource_name"),
    "setxattr": lambda fd: os.setxattr(f"/proc/self/fd/{fd}", "user.note", b"x"),
    "utimes": os.utime,
    "chmod": lambda fd: os.chmod(fd, 0o777),
}


@pytest.mark.options("--sync-interval", "1")
def test_in_the_folder_of_somebody_gone(contacts):
    """Somebody has it open, as a shell that stands in it. Nothing that is done there reaches another person."""
    fd = os.open(contacts.path / ALICE, os.O_RDONLY | os.O_DIRECTORY)
    contacts.emulator.delete_person(contacts.resource(ALICE))
    eventually(lambda: ALICE not in os.listdir(contacts.path))
    outcomes = {name: outcome(lambda what=what: what(fd)) for name, what in IN_A_FOLDER.items()}
    assert outcomes == dict.fromkeys(IN_A_FOLDER, "ESTALE")
    os.close(fd)
    assert contacts.mutations() == []


def test_rename_between_somebody_gone_and_another(contacts):
    """Whichever end it is."""
    contacts.mount.remount("--sync-interval", "1")
    fd = os.open(contacts.path / ALICE, os.O_RDONLY | os.O_DIRECTORY)
    other = os.open(contacts.path / "Ben Carter", os.O_RDONLY | os.O_DIRECTORY)
    contacts.emulator.delete_person(contacts.resource(ALICE))
    eventually(lambda: ALICE not in os.listdir(contacts.path))
    old = contacts.held("Ben Carter")
    assert outcome(lambda: os.rename("photo.jpg", "photo.jpg", src_dir_fd=fd, dst_dir_fd=other)) == "ESTALE"
    assert outcome(lambda: os.rename("photo.jpg", "photo.jpg", src_dir_fd=other, dst_dir_fd=fd)) == "ESTALE"
    os.close(fd)
    os.close(other)
    assert contacts.held("Ben Carter") == old and contacts.mutations() == []


# ---- elsewhere ----

def test_names_that_are_too_long(contacts):
    """FUSE carries more than a file name may have."""
    for folder in (contacts.path, contacts.path / ALICE, contacts.path / ALICE / ".previous"):
        assert outcome(lambda folder=folder: os.stat(folder / ("x" * 256))) == "ENAMETOOLONG"
        assert outcome(lambda folder=folder: os.stat(folder / ("x" * 255))) == "ENOENT"
    assert outcome(lambda: os.open(contacts.path / ALICE / ("x" * 256), os.O_CREAT | os.O_WRONLY)) == "ENAMETOOLONG"


def test_kinds_of_rename(contacts, old, photo):
    """Two names are not exchanged, and nothing is left behind in place of one."""
    temporary = photo.with_name("photo.jpg.part")
    temporary.write_bytes(old)
    for flags in (RENAME_EXCHANGE, RENAME_WHITEOUT):
        assert call(libc.renameat2, -100, os.fsencode(temporary), -100, os.fsencode(photo), flags) == errno.EINVAL
    assert temporary.read_bytes() == old and contacts.mutations() == []


def test_sync_of_a_folder(contacts):
    """There is nothing to wait for."""
    for folder in (contacts.path, contacts.path / ALICE, contacts.path / ALICE / ".rejected"):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(fd)
        os.close(fd)


def test_kinds_of_fallocate(contacts, faces):
    """Room can be had, with a new size or without; holes cannot."""
    path = contacts.path / contacts.without_photo() / ".keep.tmp"
    with open(path, "wb") as file:
        fd = file.fileno()
        assert call(libc.fallocate64, fd, 0, ctypes.c_int64(0), ctypes.c_int64(1000)) == 0
        assert os.fstat(fd).st_size == 1000
        assert call(libc.fallocate64, fd, 0, ctypes.c_int64(0), ctypes.c_int64(10)) == 0
        assert call(libc.fallocate64, fd, KEEP_SIZE, ctypes.c_int64(0), ctypes.c_int64(5000)) == 0
        assert os.fstat(fd).st_size == 1000
        for mode in (KEEP_SIZE | PUNCH_HOLE, ZERO_RANGE):
            assert call(libc.fallocate64, fd, mode, ctypes.c_int64(0), ctypes.c_int64(10)) == errno.EOPNOTSUPP
        assert call(libc.fallocate64, fd, 0, ctypes.c_int64(0), ctypes.c_int64(1 << 40)) == errno.EFBIG
        assert os.fstat(fd).st_size == 1000


def test_places_where_nothing_is_made(contacts):
    """People and kept pictures come from the service alone."""
    kept = contacts.path / ALICE / ".previous"
    assert outcome(lambda: os.mknod(contacts.path / "New")) == "EPERM"
    assert outcome(lambda: os.mknod(contacts.path / "New" / "photo.jpg")) == "ENOENT"
    assert outcome(lambda: os.open(contacts.path / "New", os.O_CREAT | os.O_WRONLY)) == "EPERM"
    # nobody but root gets past the folder's mode
    assert outcome(lambda: os.open(kept / "new.jpg", os.O_CREAT | os.O_WRONLY)) == ("EPERM" if os.getuid() == 0 else "EACCES")
    assert outcome(lambda: os.mkfifo(contacts.path / ALICE / "photo.jpg.pipe")) == "EPERM"
    assert outcome(lambda: os.rename(contacts.path / ALICE, contacts.path / "Alice")) == "EPERM"
    assert outcome(lambda: os.rename(kept, contacts.path / ALICE / "kept")) == "EPERM"
    assert sorted(os.listdir(kept)) == [] and "New" not in os.listdir(contacts.path)


def test_cutting_a_photo(contacts, photo, old):
    """To nothing is the beginning of another one; to what it has is nothing; and anything else makes no picture."""
    size = os.stat(photo).st_size
    os.truncate(photo, size)
    for other in (1, size - 1, size + 1):
        assert outcome(lambda other=other: os.truncate(photo, other)) == "EINVAL"
    shown = photo.read_bytes()
    assert len(shown) == size and contacts.mutations() == []
    os.truncate(photo, 0)
    assert os.stat(photo).st_size == 0
    eventually(lambda: os.stat(photo).st_size == size)
    assert photo.read_bytes() == shown and contacts.mutations() == []
    assert contacts.held(photo.parent.name) == old
