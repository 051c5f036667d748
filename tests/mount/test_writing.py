"""The contract's table "Writing", what is written; names are in test_names.py, whole programs in test_programs.py."""

import errno
import os
import shlex
import signal
import subprocess

import pytest

from checks import check, check_refused, python
from eventually import eventually

# ---- one PATCH however many writes ----

def test_many_small_writes(contacts, faces, person, photo):
    data = faces.big.read_bytes()
    with open(photo, "wb", buffering=0) as file:
        for at in range(0, len(data), 10007):
            file.write(data[at:at + 10007])
    check(contacts, person, data, ["PATCH"])


def test_fsync_sends_and_close_sends_nothing(contacts, faces, person, photo):
    with open(photo, "wb", buffering=0) as file:
        file.write(faces.face_bytes(1))
        os.fsync(file.fileno())
        check(contacts, person, faces.face_bytes(1), ["PATCH"])
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_same_bytes_again_are_not_sent(contacts, faces, person, photo):
    with open(photo, "wb", buffering=0) as file:
        file.write(faces.face_bytes(1))
        os.fsync(file.fileno())
        os.pwrite(file.fileno(), faces.face_bytes(1), 0)
        os.fsync(file.fileno())
        os.pwrite(file.fileno(), faces.face_bytes(1)[:100], 0)
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


@pytest.mark.keep_bytes
def test_other_bytes_after_fsync_are_sent(contacts, faces, person, photo, old):
    with open(photo, "wb", buffering=0) as file:
        file.write(faces.face_bytes(1))
        os.fsync(file.fileno())
        os.pwrite(file.fileno(), faces.face_bytes(2), 0)
    check(contacts, person, faces.face_bytes(2), ["PATCH", "PATCH"])
    assert contacts.previous(person) == [old, faces.face_bytes(1)]


def test_dup_closes_do_not_send_twice(contacts, faces, person, photo):
    fd = os.open(photo, os.O_WRONLY | os.O_TRUNC)
    other = os.dup(fd)
    os.write(fd, faces.face_bytes(1))
    os.close(other)
    os.close(fd)
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_draft_shows_while_it_is_open(contacts, faces, person, photo, old):
    data = faces.face_bytes(1)
    with open(photo, "wb", buffering=0) as file:
        assert photo.stat().st_size == 0
        file.write(data[:1000])
        assert photo.stat().st_size == 1000
        assert photo.read_bytes() == data[:1000]
        file.write(data[1000:])
        assert photo.read_bytes() == data
        assert contacts.held(person) == old
    check(contacts, person, data, ["PATCH"])


def test_reader_from_before_keeps_its_bytes(contacts, run, faces, person, photo, old):
    with open(photo, "rb", buffering=0) as reader:
        assert reader.read(100) == old[:100]
        run("mv", copy_of(faces.face(1), contacts), photo)
        assert reader.read() == old[100:]
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def copy_of(path, contacts):
    copy = contacts.mount.state / "copy.jpg"
    copy.write_bytes(path.read_bytes())
    return copy


# ---- nothing written ----

def test_truncate_and_close_is_nothing(contacts, run, person, photo, old):
    """The empty file is in sight for as long as a created one."""
    run.shell(': > "$photo"', env={"photo": str(photo)})
    assert photo.stat().st_size == 0 and photo.read_bytes() == b""
    eventually(lambda: photo.stat().st_size > 0, timeout=15, why="the old photo did not come back")
    check(contacts, person, old, [])
    assert contacts.mount.error(person) is None
    assert contacts.rejected(person) == contacts.previous(person) == []


def test_shell_closes_a_copy_before_the_writer_starts(contacts, run, faces, person, photo):
    run.shell('exec 3> "$photo"; (:); cat "$face" >&3', env={"photo": str(photo), "face": str(faces.face(1))})
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_touch_existing(contacts, run, person, photo, old):
    run("touch", photo)
    run("touch", "-d", "2001-01-01", photo)
    check(contacts, person, old, [])


def test_touch_shows_an_empty_file_that_goes_away(contacts, run):
    person = contacts.without_photo()
    photo = contacts.photo(person)
    run("touch", photo)
    assert photo.stat().st_size == 0 and photo.read_bytes() == b""
    assert "photo.jpg" in contacts.listed(person)
    eventually(lambda: not photo.exists(), why="the empty file did not go away")
    check(contacts, person, None, [])


def test_an_empty_file_is_renamed_empty(contacts, run, person, photo, old):
    """It is not the photo that was there before."""
    other = photo.with_name("new.part")
    run.shell(': > "$photo" && mv "$photo" "$other"', env={"photo": str(photo), "other": str(other)})
    assert other.read_bytes() == b""
    eventually(photo.exists)
    check(contacts, person, old, [], extra=["new.part"])


@pytest.mark.parametrize("way", ["mv {folder}/.new.tmp {folder}/photo.jpg", "cp {folder}/.new.tmp {folder}/face.jpg"])
def test_an_empty_file_makes_room_for_the_picture_that_comes(contacts, run, faces, way):
    person = contacts.without_photo()
    folder = contacts.path / person
    run("touch", folder / "photo.jpg")
    (folder / ".new.tmp").write_bytes(faces.face_bytes(1))
    run.shell(way.format(folder=shlex.quote(str(folder))))
    assert (folder / "photo.jpg").read_bytes() == contacts.served(person)


def test_touch_then_write(contacts, run, faces):
    person = contacts.without_photo()
    run("touch", contacts.photo(person))
    run("cp", faces.face(1), contacts.photo(person))
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_truncate_by_path_then_write(contacts, faces, person, photo):
    """Programs without O_TRUNC: truncate(2), then open and write."""
    os.truncate(photo, 0)
    fd = os.open(photo, os.O_WRONLY)
    os.write(fd, faces.face_bytes(1))
    os.close(fd)
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_truncate_by_path_alone_is_nothing(contacts, person, photo, old):
    os.truncate(photo, 0)
    assert contacts.held(person) == old
    contacts.mount.remount()
    check(contacts, person, old, [])


# ---- half pictures ----

HALF_THEN_FORK = """
import os, sys
data = open(sys.argv[1], 'rb').read()
fd = os.open(sys.argv[2], os.O_WRONLY | os.O_TRUNC)
os.write(fd, data[:len(data) // 2])
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
os.write(fd, data[len(data) // 2:])
os.close(fd)
"""


def test_fork_flushes_half(contacts, run, faces, person, photo):
    python(run, HALF_THEN_FORK, faces.face(1), photo)
    check(contacts, person, faces.face_bytes(1), ["PATCH"])
    assert contacts.mount.error(person) is None and contacts.rejected(person) == []


def test_half_closed_by_one_of_two(contacts, run, faces, person, photo):
    """The first program's close says EINVAL; the second one's sends the whole."""
    result = run.shell('{ head -c 1000 "$face"; tail -c +1001 "$face"; } > "$photo"', check=False,
                       env={"photo": str(photo), "face": str(faces.face(1))})
    assert "Invalid argument" in result.errors and result.status == 0
    check(contacts, person, faces.face_bytes(1), ["PATCH"])
    assert contacts.rejected(person) == [], "the half of what came whole"


KILLED_HALF_WAY = """
import os, signal, sys
data = open(sys.argv[1], 'rb').read()
fd = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
os.write(fd, data[:len(data) // 2])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_half_way(contacts, run, faces, person, photo, old):
    data = faces.face_bytes(1)
    assert python(run, KILLED_HALF_WAY, faces.face(1), photo, check=False).status == -signal.SIGKILL
    check_refused(contacts, person, old, data[:len(data) // 2], "")


def test_killed_half_way_first_photo(contacts, run, faces):
    person = contacts.without_photo()
    assert python(run, KILLED_HALF_WAY, faces.face(1), contacts.photo(person), check=False).status == -signal.SIGKILL
    check(contacts, person, None, [])


def test_killed_after_the_whole(contacts, run, faces, person, photo):
    """The kernel closes for it: the picture is whole, so it is sent."""
    code = KILLED_HALF_WAY.replace("len(data) // 2", "len(data)")
    assert python(run, code, faces.face(1), photo, check=False).status == -signal.SIGKILL
    contacts.emulator.wait_requests(1, answered=True, method="PATCH")
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


@pytest.mark.parametrize("program", ["cp", "mv", "rsync", "gio copy", "install"])
def test_no_whole_picture(contacts, run, faces, program):
    for number, picture in enumerate((faces.cut, faces.cut_png, faces.text)):
        person = contacts.person(number)
        photo, old = contacts.photo(person), contacts.held(person)
        source = copy_of(picture, contacts)
        result = run(*program.split(), source, photo, check=False)
        assert result.status != 0 and "Invalid argument" in result.errors, result
        check_refused(contacts, person, old, picture.read_bytes(), "")
        run("cp", faces.face(1), photo)
        check(contacts, person, faces.face_bytes(1), ["PATCH"])
        assert contacts.mount.error(person) is None


def test_close_after_a_write_that_failed(contacts, faces, person, photo, old):
    """A whole picture, and then more than can be: what is here is not what the program wanted."""
    fd = os.open(photo, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, faces.face_bytes(1))
    with pytest.raises(OSError) as caught:
        os.pwrite(fd, b"x", 200 << 20)
    assert caught.value.errno == errno.EFBIG
    with pytest.raises(OSError) as caught:
        os.close(fd)
    assert caught.value.errno == errno.EFBIG
    eventually(lambda: contacts.rejected(person))
    check_refused(contacts, person, old, faces.face_bytes(1), "MiB")


def test_limits_of_drafts(contacts, photo):
    """64 MiB each, 512 MiB all together."""
    drafts = [photo.with_name(f"{number}.tmp") for number in range(9)]
    for draft in drafts:
        draft.touch()
    with open(drafts[0], "wb") as file:
        for change in (lambda size: os.ftruncate(file.fileno(), size), lambda size: os.posix_fallocate(file.fileno(), 0, size)):
            with pytest.raises(OSError) as caught:
                change((64 << 20) + 1)
            assert caught.value.errno == errno.EFBIG
    for draft in drafts[:8]:
        os.truncate(draft, 64 << 20)
    with pytest.raises(OSError) as caught:
        drafts[8].write_bytes(b"x")
    assert caught.value.errno == errno.ENOSPC
    drafts[0].unlink()

    def has_room():
        try:
            os.truncate(drafts[8], 64 << 20)
        except OSError:
            return False
        return True

    eventually(has_room)  # when the kernel has forgotten the one that went


def test_cut_to_nothing_after_a_write_that_failed(contacts, faces, person, photo):
    fd = os.open(photo, os.O_WRONLY | os.O_TRUNC)
    with pytest.raises(OSError):
        os.pwrite(fd, b"x", 200 << 20)
    os.ftruncate(fd, 0)
    os.write(fd, faces.face_bytes(1))
    os.close(fd)
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_refused_first_photo(contacts, run, faces):
    person = contacts.without_photo()
    assert run("cp", faces.cut, contacts.photo(person), check=False).status != 0
    check_refused(contacts, person, None, faces.cut.read_bytes(), "")


# ---- two at once ----

@pytest.mark.keep_bytes
def test_two_writers_do_not_mix(contacts, faces, person, photo, old):
    one = os.open(photo, os.O_WRONLY | os.O_TRUNC)
    two = os.open(photo, os.O_WRONLY | os.O_TRUNC)
    first, second = faces.face_bytes(1), faces.big.read_bytes()
    for at in range(0, len(second), 50000):
        os.pwrite(one, first[at:at + 50000], at)
        os.pwrite(two, second[at:at + 50000], at)
    os.close(two)
    os.close(one)
    check(contacts, person, first, ["PATCH", "PATCH"])
    assert contacts.previous(person) == [old, second]


def test_two_programs_at_once(contacts, run, faces, person, photo):
    running = [run.start("cp", face, photo, stderr=subprocess.PIPE) for face in (faces.big, faces.face(1))]
    for process in running:
        assert run.finish(process).status == 0
    assert contacts.held(person) in (faces.big.read_bytes(), faces.face_bytes(1))
    check(contacts, person, contacts.held(person), ["PATCH", "PATCH"])


def test_rm_under_a_writer(contacts, faces, person, photo):
    """What is written to a file that has no name any more is nobody's photo."""
    fd = os.open(photo, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, faces.face_bytes(1))
    os.unlink(photo)
    os.close(fd)
    contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    check(contacts, person, None, ["DELETE"])


# ---- attributes ----

def test_chmod_chown_utimens_are_accepted(contacts, run, person, photo, old):
    before = photo.stat()
    run("chmod", "600", photo)
    run("chown", f"{os.getuid()}:{os.getgid()}", photo)
    run("touch", "-d", "2001-02-03", photo)
    after = photo.stat()
    assert (after.st_mode, after.st_uid, after.st_mtime_ns) == (before.st_mode, before.st_uid, before.st_mtime_ns)
    check(contacts, person, old, [])
