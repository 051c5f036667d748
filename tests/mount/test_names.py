"""The contract's table "Writing", what names do: unlink, rename, other names, other contacts."""

import errno
import os

import pytest

from checks import check, check_refused
from eventually import eventually


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


@pytest.mark.keep_bytes
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
             "photo.jpg_exiftool_tmp", "4913", "sedAbC123", "#photo.jpg#", "photo.jpg.save", "photo.jpg.AbC123",
             "photo.jpg.sb-9a8b7c6d-AbCdEf", "photo-Xy12Ab.digikamtempfile.jpg"]


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


def test_empty_temporary_stays(contacts, run, person, photo, old):
    """A lock: longer than an empty photo.jpg does, which is gone from the other folder by then."""
    lock, bare = photo.with_name("photo.jpg.lock"), contacts.photo(contacts.without_photo())
    run("touch", lock)
    run("touch", bare)
    eventually(lambda: not bare.exists())
    assert lock.stat().st_size == 0
    check(contacts, person, old, [], extra=["photo.jpg.lock"])


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


def finish(temporary, picture):
    """As KDE's programs write: the time is set before the close."""
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        os.write(fd, picture)
        os.utime(fd, (1577880000, 1577880000))
    finally:
        os.close(fd)


def test_finished_copy_that_is_no_picture_is_refused_at_its_close(contacts, faces, person, photo, old):
    """KDE's programs do not look at the outcome of the rename."""
    temporary = photo.with_name("photo.jpg.part")
    for _ in range(2):
        with pytest.raises(OSError) as caught:
            finish(temporary, faces.cut.read_bytes())
        assert caught.value.errno == errno.EINVAL
        assert "cut off" in contacts.mount.error(person)
    assert contacts.rejected(person) == [faces.cut.read_bytes()]
    assert temporary.read_bytes() == faces.cut.read_bytes()
    check(contacts, person, old, [], extra=["photo.jpg.part"])
    finish(temporary, faces.face_bytes(1))
    check(contacts, person, old, [], extra=["photo.jpg.part"])
    os.rename(temporary, photo)
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_other_half_pictures_are_nobodys_business(contacts, run, faces, person, photo, old):
    """No time was set, or set before there was more; another name; nothing to overwrite."""
    half = faces.cut.read_bytes()
    bare = contacts.without_photo()
    temporary = photo.with_name("photo.jpg.part")
    temporary.write_bytes(half)
    os.utime(temporary)
    with open(temporary, "ab") as file:
        file.write(half)
    run("cp", "-p", faces.cut, photo.with_name("new.part"))
    run("cp", "-p", faces.cut, contacts.photo(bare).with_name("photo.jpg.part"))
    check(contacts, person, old, [], extra=["photo.jpg.part", "new.part"])
    check(contacts, bare, None, [], extra=["photo.jpg.part"])
    assert contacts.rejected(person) == []


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


@pytest.mark.keep_bytes
def test_other_name_answers_for_a_moment(contacts, run, faces, person):
    name = contacts.path / person / "IMG_1234.JPG"
    run("cp", faces.face(1), name)
    assert name.stat().st_size == len(faces.face_bytes(1))
    os.chmod(name, 0o600)
    os.utime(name, (1, 1))
    check(contacts, person, faces.face_bytes(1), ["PATCH"])
    eventually(lambda: not name.exists(), why="the other name did not go away")
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
