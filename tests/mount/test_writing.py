"""The contract's table "Writing", row by row; what whole programs do is in test_programs.py."""

import errno
import os
import signal
import subprocess

import pytest

from eventually import eventually

PYTHON = "/usr/bin/python3"


def python(run, code, *args, **options):
    return run(PYTHON, "-c", code, *args, **options)


@pytest.fixture
def person(contacts):
    return contacts.person()


@pytest.fixture
def photo(contacts, person):
    return contacts.photo(person)


@pytest.fixture
def old(contacts, person):
    return contacts.held(person)


def check(contacts, person, shown, mutations, extra=()):
    """What the service holds and what reading gives is shown; so many requests changed it."""
    assert contacts.mutations(person) == mutations
    assert contacts.held(person) == shown
    if shown is not None:
        assert contacts.photo(person).read_bytes() == shown
        assert contacts.photo(person).stat().st_size == len(shown)
    names = {"photo.jpg"} if shown is not None else set()
    assert set(contacts.listed(person)) - {"profile.jpg"} == names | set(extra)


def check_refused(contacts, person, old, picture, words):
    """Nothing was sent; the old photo is there, the picture in .rejected, and a sentence says why."""
    check(contacts, person, old, [])
    assert contacts.rejected(person) == [picture]
    assert contacts.previous(person) == []
    sentence = contacts.mount.error(person)
    assert person in sentence and words in sentence
    assert sentence in contacts.mount.text()


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
    run.shell(': > "$photo"', env={"photo": str(photo)})
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
    eventually(lambda: not photo.exists(), timeout=15, why="the empty file did not go away")
    check(contacts, person, None, [])


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


def test_too_large(contacts, run, faces, person, photo, old):
    result = run("cp", faces.too_large, photo, check=False)
    assert result.status != 0 and "File too large" in result.errors
    check_refused(contacts, person, old, faces.too_large.read_bytes(), "smaller")


def test_other_formats_are_refused(contacts, run, faces, person, photo, old, tmp_path):
    for kind in ("gif", "bmp", "tiff"):
        picture = tmp_path / f"x.{kind}"
        run("convert", faces.png, picture)
        result = run("cp", picture, photo, check=False)
        assert result.status != 0 and "Invalid argument" in result.errors
        check_refused(contacts, person, old, picture.read_bytes(), kind.upper())


def test_refused_first_photo(contacts, run, faces):
    person = contacts.without_photo()
    assert run("cp", faces.cut, contacts.photo(person), check=False).status != 0
    check_refused(contacts, person, None, faces.cut.read_bytes(), "")


# ---- unlink, rename ----

def test_rm(contacts, run, person, photo, old):
    run("rm", photo)
    assert not photo.exists() and "photo.jpg" not in contacts.listed(person)
    contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    check(contacts, person, None, ["DELETE"])
    assert contacts.previous(person) == [old]
    assert contacts.mount.error(person) is None


def test_rm_and_unmount_at_once(contacts, run, person, photo):
    resource = contacts.resource(person)
    run("rm", photo)
    contacts.mount.unmount()
    assert contacts.emulator.photo_bytes(resource) is None
    assert [r["method"] for r in contacts.emulator.requests() if r["method"] != "GET"] == ["DELETE"]


def test_rm_and_terminate_at_once(contacts, run, person, photo):
    resource = contacts.resource(person)
    run("rm", photo)
    contacts.mount.terminate()
    assert contacts.mount.exit_status == 0
    assert contacts.emulator.photo_bytes(resource) is None


def test_rm_then_create_is_one_patch(contacts, run, faces, person, photo, old):
    run.shell('rm "$photo" && cp "$face" "$photo"', env={"photo": str(photo), "face": str(faces.face(1))})
    check(contacts, person, faces.face_bytes(1), ["PATCH"])
    contacts.mount.remount()
    check(contacts, person, faces.face_bytes(1), ["PATCH"])
    assert contacts.previous(person) == [old]


def test_rm_then_bad_picture_keeps_the_old(contacts, run, faces, person, photo, old):
    run("rm", photo)
    assert run("cp", faces.cut, photo, check=False).status != 0
    check_refused(contacts, person, old, faces.cut.read_bytes(), "")
    contacts.mount.remount()
    check(contacts, person, old, [])


def test_rm_twice(contacts, run, person, photo):
    run("rm", photo)
    assert "No such file" in run("rm", photo, check=False).errors
    contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    check(contacts, person, None, ["DELETE"])


def test_rm_all(contacts, run):
    people = [name for name in os.listdir(contacts.path) if contacts.photo(name).exists()]
    run("rm", *(contacts.photo(person) for person in people))
    contacts.mount.unmount()
    assert contacts.mutations() == ["DELETE"] * len(people)
    contacts.mount.start()
    for person in people:
        assert contacts.held(person) is None and not contacts.photo(person).exists()


def test_rm_while_a_reader_has_it_open(contacts, run, person, photo, old):
    with open(photo, "rb", buffering=0) as reader:
        run("rm", photo)
        contacts.emulator.wait_requests(1, answered=True, method="DELETE")
        assert reader.read() == old
    check(contacts, person, None, ["DELETE"])


def test_rename_away_without_successor(contacts, run, person, photo, old):
    away = photo.with_name("photo.jpg~")
    run("mv", photo, away)
    assert not photo.exists() and away.read_bytes() == old
    assert set(contacts.listed(person)) - {"profile.jpg"} == {"photo.jpg~"}
    eventually(photo.exists, why="photo.jpg did not come back")
    check(contacts, person, old, [], extra=["photo.jpg~"])
    run("rm", away)
    check(contacts, person, old, [])


def test_rename_away_and_back(contacts, run, person, photo, old):
    away = photo.with_name("photo.jpg_original")
    run("mv", photo, away)
    run("mv", away, photo)
    check(contacts, person, old, [])
    contacts.mount.remount()
    check(contacts, person, old, [])


def test_rename_away_and_bring_a_new_one(contacts, run, faces, person, photo, old):
    away = photo.with_name("photo.jpg.bak")
    run("mv", photo, away)
    run("cp", faces.face(1), photo)
    check(contacts, person, faces.face_bytes(1), ["PATCH"], extra=["photo.jpg.bak"])
    assert away.read_bytes() == old
    run("mv", away, photo)
    check(contacts, person, old, ["PATCH", "PATCH"])
    assert contacts.previous(person) == [old, faces.face_bytes(1)]


TEMPORARY = [".photo.jpg.a1B2c3", ".goutputstream-ABC123", "photo.jpg~", "photo.jpg.part", "x.tmp", ".photo.jpg.swp",
             "photo.jpg_exiftool_tmp", "4913", "sedAbC123"]


def test_temporary_names_stay_here(contacts, run, faces, person, photo, old):
    for number, name in enumerate(TEMPORARY):
        temporary = photo.with_name(name)
        run("cp", faces.face(number), temporary)
        assert temporary.read_bytes() == faces.face_bytes(number)
        check(contacts, person, old, [], extra=[name])
        run("rm", temporary)
        check(contacts, person, old, [])
    run("cp", faces.face(1), temporary)
    contacts.mount.remount()
    check(contacts, person, old, [])


def test_temporary_renamed_over_the_photo(contacts, run, faces, person, photo):
    for number, name in enumerate(TEMPORARY):
        temporary = photo.with_name(name)
        run("cp", faces.face(number), temporary)
        run("mv", temporary, photo)
        check(contacts, person, faces.face_bytes(number), ["PATCH"] * (number + 1))


def test_rename_of_a_bad_temporary_fails_and_keeps_it(contacts, run, faces, person, photo, old):
    temporary = photo.with_name("x.part")
    run("cp", faces.cut, temporary)
    result = run("mv", temporary, photo, check=False)
    assert result.status != 0
    assert temporary.read_bytes() == faces.cut.read_bytes()
    check(contacts, person, old, [], extra=["x.part"])
    assert contacts.rejected(person) == [faces.cut.read_bytes()]


def test_rename_while_open(contacts, faces, person, photo):
    """GLib: write, fsync, rename over photo.jpg while still open, close: one upload."""
    temporary = photo.with_name(".goutputstream-XYZ")
    with open(temporary, "xb", buffering=0) as file:
        file.write(faces.face_bytes(1))
        os.fsync(file.fileno())
        os.rename(temporary, photo)
        os.chmod(file.fileno(), 0o600)
        os.utime(file.fileno())
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_rename_while_open_and_write_on(contacts, faces, person, photo):
    """Half, renamed: refused, since half a picture is none; then whole, renamed again."""
    data = faces.face_bytes(1)
    temporary = photo.with_name(".x")
    with open(temporary, "xb", buffering=0) as file:
        file.write(data[:500])
        with pytest.raises(OSError) as caught:
            os.rename(temporary, photo)
        assert caught.value.errno == errno.EINVAL
        file.write(data[500:])
        os.rename(temporary, photo)
    check(contacts, person, data, ["PATCH"])


def test_write_on_after_the_rename(contacts, faces, person, photo):
    temporary = photo.with_name(".x")
    with open(temporary, "xb", buffering=0) as file:
        file.write(faces.face_bytes(1))
        os.rename(temporary, photo)
        os.pwrite(file.fileno(), faces.face_bytes(2), 0)
    check(contacts, person, faces.face_bytes(2), ["PATCH", "PATCH"])


def test_rename_noreplace(contacts, run, faces, person, photo, old):
    temporary = photo.with_name("x.tmp")
    run("cp", faces.face(1), temporary)
    run("mv", "-n", temporary, photo, check=False)
    check(contacts, person, old, [], extra=["x.tmp"])


# ---- between contacts ----

def test_mv_between_contacts(contacts, run):
    one, two = contacts.person(0), contacts.person(1)
    first, second = contacts.held(one), contacts.held(two)
    run("mv", contacts.photo(one), contacts.photo(two))
    check(contacts, one, None, ["DELETE"])
    check(contacts, two, first, ["PATCH"])
    assert contacts.mutations() == ["PATCH", "DELETE"]
    assert contacts.previous(one) == [first] and contacts.previous(two) == [second]


def test_mv_to_a_contact_without_photo(contacts, run):
    one, two = contacts.person(0), contacts.without_photo()
    first = contacts.held(one)
    run("mv", contacts.photo(one), contacts.path / two)
    check(contacts, one, None, ["DELETE"])
    check(contacts, two, first, ["PATCH"])


def test_mv_that_fails_keeps_the_source(contacts, run):
    """By rename(2) itself: mv would go on to copy and unlink on some errors, and not on this one."""
    one, two = contacts.person(0), contacts.person(1)
    first, second = contacts.held(one), contacts.held(two)
    contacts.emulator.fault("status", path="*:updateContactPhoto", status=403)
    result = run("mv", contacts.photo(one), contacts.photo(two), check=False)
    assert result.status != 0 and "Permission denied" in result.errors
    assert contacts.mutations() == ["PATCH"]
    check(contacts, one, first, [])
    check(contacts, two, second, ["PATCH"])
    assert contacts.rejected(two) == [first]


def test_mv_temporary_to_another_contact(contacts, run, faces):
    one, two = contacts.person(0), contacts.person(1)
    first = contacts.held(one)
    run("cp", faces.face(1), contacts.path / one / "x.tmp")
    run("mv", contacts.path / one / "x.tmp", contacts.photo(two))
    check(contacts, one, first, [])
    check(contacts, two, faces.face_bytes(1), ["PATCH"])


# ---- other names ----

@pytest.mark.parametrize("program", ["cp", "cp -p", "mv", "install", "rsync -a", "gio copy"])
def test_any_other_name_becomes_the_photo(contacts, run, faces, program, tmp_path):
    for number, picture in enumerate((faces.face(1), faces.png)):
        person, new = contacts.person(number), picture.read_bytes()
        old = contacts.held(person)
        source = tmp_path / f"holiday{picture.suffix}"
        source.write_bytes(new)
        run(*program.split(), source, f"{contacts.path / person}/")
        check(contacts, person, new, ["PATCH"])
        assert contacts.previous(person) == [old]


def test_other_name_answers_for_a_moment(contacts, run, faces, person):
    name = contacts.path / person / "IMG_1234.JPG"
    run("cp", faces.face(1), name)
    assert name.stat().st_size == len(faces.face_bytes(1))
    os.chmod(name, 0o600)
    os.utime(name, (1, 1))
    check(contacts, person, faces.face_bytes(1), ["PATCH"])
    eventually(lambda: not name.exists(), timeout=15, why="the other name did not go away")
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_other_name_no_picture(contacts, run, faces, person, old):
    result = run("cp", faces.text, f"{contacts.path / person}/", check=False)
    assert result.status != 0 and "Invalid argument" in result.errors
    assert not (contacts.path / person / faces.text.name).exists()
    check_refused(contacts, person, old, faces.text.read_bytes(), "text")


def test_other_name_removed_is_not_the_photo(contacts, run, faces, person):
    """rm of the alias takes the alias, not the photo."""
    name = contacts.path / person / "face.jpg"
    run("cp", faces.face(1), name)
    run("rm", name)
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_other_name_renamed_to_photo(contacts, run, faces, person, photo):
    name = contacts.path / person / "face.jpg"
    run("cp", faces.face(1), name)
    run("mv", name, photo)
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


# ---- editing in place ----

def edited(data):
    return data.replace(b"face 1", b"FACE 1")


@pytest.fixture
def prepared(contacts, faces, person, photo):
    """The photo is face 1, and only what comes now counts."""
    photo.write_bytes(faces.face_bytes(1))
    contacts.emulator.reset_requests()
    return faces.face_bytes(1)


def test_pwrite_in_the_middle(contacts, person, photo, prepared):
    fd = os.open(photo, os.O_RDWR)
    at = prepared.index(b"face 1")
    assert os.pread(fd, 6, at) == b"face 1"
    os.pwrite(fd, b"FACE 1", at)
    assert os.pread(fd, len(prepared) + 1, 0) == edited(prepared)
    os.close(fd)
    check(contacts, person, edited(prepared), ["PATCH"])


def test_write_only_in_the_middle(contacts, person, photo, prepared):
    fd = os.open(photo, os.O_WRONLY)
    os.pwrite(fd, b"FACE 1", prepared.index(b"face 1"))
    os.close(fd)
    check(contacts, person, edited(prepared), ["PATCH"])


def test_append(contacts, run, faces, person, photo, prepared, tmp_path):
    """What follows the picture's end belongs to the file."""
    more = tmp_path / "more"
    more.write_bytes(b"trailing words")
    run.shell('cat "$more" >> "$photo"', env={"photo": str(photo), "more": str(more)})
    check(contacts, person, prepared + b"trailing words", ["PATCH"])


def test_append_the_second_half(contacts, faces):
    """A file that grows by appending, opened each time anew, is sent when it is whole: under a temporary name."""
    person = contacts.without_photo()
    data = faces.face_bytes(1)
    temporary = contacts.path / person / "x.part"
    for at in range(0, len(data), 3000):
        with open(temporary, "ab") as file:
            file.write(data[at:at + 3000])
    os.rename(temporary, contacts.photo(person))
    check(contacts, person, data, ["PATCH"])


def test_echo_append_creates(contacts, run, faces):
    person = contacts.without_photo()
    run.shell('cat "$face" >> "$photo"', env={"photo": str(contacts.photo(person)), "face": str(faces.face(1))})
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_ftruncate_then_write(contacts, faces, person, photo, prepared):
    fd = os.open(photo, os.O_RDWR)
    os.ftruncate(fd, 0)
    os.write(fd, faces.face_bytes(2))
    os.close(fd)
    check(contacts, person, faces.face_bytes(2), ["PATCH"])


def test_ftruncate_longer(contacts, person, photo, prepared):
    fd = os.open(photo, os.O_RDWR)
    os.ftruncate(fd, len(prepared) + 100)
    assert os.fstat(fd).st_size == len(prepared) + 100
    os.close(fd)
    check(contacts, person, prepared + bytes(100), ["PATCH"])


def test_ftruncate_shorter_is_refused(contacts, person, photo, prepared):
    fd = os.open(photo, os.O_RDWR)
    os.ftruncate(fd, 100)
    with pytest.raises(OSError) as caught:
        os.close(fd)
    assert caught.value.errno == errno.EINVAL
    check(contacts, person, prepared, [])
    assert contacts.rejected(person) == [prepared[:100]]


MMAP = """
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
view = mmap.mmap(fd, 0)
if 'close first' in sys.argv:
    os.close(fd)
at = view.find(b'face 1')
view[at:at + 6] = b'FACE 1'
if 'msync' in sys.argv:
    view.flush()
view.close()
if 'close first' not in sys.argv:
    os.close(fd)
"""


@pytest.mark.parametrize("how", ["close first", "close last", "msync"])
def test_mmap_write(contacts, run, person, photo, prepared, how):
    python(run, MMAP, photo, how)
    if how == "close first":  # nobody waits for the last release
        contacts.emulator.wait_requests(1, answered=True, method="PATCH")
        eventually(lambda: contacts.photo(person).read_bytes() == edited(prepared))
    check(contacts, person, edited(prepared), ["PATCH"])


MMAP_NEW = """
import mmap, os, sys
data = open(sys.argv[1], 'rb').read()
fd = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT | os.O_EXCL)
os.ftruncate(fd, len(data))
view = mmap.mmap(fd, 0)
view[:] = data
view.flush()
view.close()
os.close(fd)
"""


def test_mmap_of_a_new_file(contacts, run, faces):
    person = contacts.without_photo()
    python(run, MMAP_NEW, faces.face(1), contacts.photo(person))
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_fallocate(contacts, faces, person, photo):
    data = faces.face_bytes(1)
    fd = os.open(photo, os.O_RDWR | os.O_TRUNC)
    os.posix_fallocate(fd, 0, len(data))
    assert os.fstat(fd).st_size == len(data)
    os.write(fd, data)
    os.close(fd)
    check(contacts, person, data, ["PATCH"])


def test_unchanged_edit_sends_nothing(contacts, person, photo, prepared):
    fd = os.open(photo, os.O_RDWR)
    os.pwrite(fd, prepared[:500], 0)
    os.close(fd)
    check(contacts, person, prepared, [])


def test_open_for_writing_and_close(contacts, person, photo, old):
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND):
        os.close(os.open(photo, flags))
    check(contacts, person, old, [])


# ---- two at once ----

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


def test_setxattr_is_not_supported(photo):
    with pytest.raises(OSError) as caught:
        os.setxattr(photo, "user.comment", b"x")
    assert caught.value.errno == errno.ENOTSUP
    with pytest.raises(OSError) as caught:
        os.removexattr(photo, "user.mime_type")
    assert caught.value.errno == errno.ENOTSUP
