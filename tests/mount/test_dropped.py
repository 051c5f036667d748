"""Other names than photo.jpg, after their bytes became the photo; temporaries; and what all of them take of memory."""

import os
import shutil
import subprocess

import pytest

from checks import check


# ---- a dropped name stands for what it became, and for nothing once that is not the photo ----

def dropped(contacts, run, faces, person):
    name = contacts.path / person / "a.jpg"
    run("cp", faces.face(1), name)
    assert name.read_bytes() == faces.face_bytes(1)
    return name


@pytest.mark.keep_bytes
def test_dropped_name_after_another_photo(contacts, run, faces, person, photo, old):
    name = dropped(contacts, run, faces, person)
    run("cp", faces.face(2), photo)
    assert not name.exists()
    assert "No such file" in run("mv", name, photo, check=False).errors
    check(contacts, person, faces.face_bytes(2), ["PATCH", "PATCH"])
    assert contacts.previous(person) == [old, faces.face_bytes(1)]


@pytest.mark.keep_bytes
@pytest.mark.parametrize("then", ["another", "removed", "elsewhere"])
def test_dropped_name_by_way_of_a_temporary(contacts, run, faces, person, photo, then):
    name, kept = dropped(contacts, run, faces, person), photo.with_name(".keep.tmp")
    run("mv", name, kept)
    if then == "another":
        run("cp", faces.face(2), photo)
    elif then == "removed":
        run("rm", photo)
        contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    else:
        contacts.emulator.set_photo(contacts.resource(person), faces.face_bytes(2))
        contacts.mount.remount()
        run("cp", faces.face(1), kept)
    run("mv", kept, photo)
    check(contacts, person, faces.face_bytes(1), contacts.mutations())
    assert contacts.mutations()[-1] == "PATCH" and len(contacts.mutations()) >= 2


@pytest.mark.keep_bytes
def test_dropped_name_renamed_in_the_second_after_rm(contacts, run, faces, person, photo):
    """The photo that rm took away is the one that comes."""
    name = dropped(contacts, run, faces, person)
    run("rm", photo)
    run("mv", name, photo)
    assert photo.read_bytes() == faces.face_bytes(1)
    contacts.mount.remount()
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


@pytest.mark.keep_bytes
def test_dropped_name_to_another_contact(contacts, run, faces, person):
    name, other = dropped(contacts, run, faces, person), contacts.person(1)
    run("mv", name, contacts.photo(other))
    check(contacts, person, faces.face_bytes(1), ["PATCH"])
    check(contacts, other, faces.face_bytes(1), ["PATCH"])


def test_numbered_copy_is_a_drop(contacts, run, faces, person, photo, old):
    """lf and wget make such a name when photo.jpg is there."""
    for number, name in enumerate(["photo.jpg.~1~", "photo.jpg.1"]):
        run("cp", faces.face(number), photo.with_name(name))
        check(contacts, person, faces.face_bytes(number), ["PATCH"] * (number + 1))


BRINGERS = {"cp": 'cp "$face" "$folder/$name"', "rsync": 'rsync -a "$face" "$folder/$name"', "gio": 'gio copy "$face" "$folder/$name"',
            "mv": 'cp "$face" "$face.copy" && mv "$face.copy" "$folder/$name"'}


@pytest.mark.parametrize("way", BRINGERS)
@pytest.mark.parametrize("name", ["photo.jpg.png", "photo.jpg.JPG", "photo_conflict-2026.jpg", "photo (conflicted copy).jpg",
                                  "photo.sync-conflict-20261130-120000-AAAAAAA.jpg"])
def test_a_picture_by_a_name_like_the_photos(contacts, run, faces, person, photo, old, name, way):
    """Not silently lost: it is the photo, and what was there is in .previous."""
    face = faces.png if name.endswith("png") else faces.face(1)
    run.shell(BRINGERS[way], env={"face": str(face), "folder": str(photo.parent), "name": name})
    check(contacts, person, face.read_bytes(), ["PATCH"])
    assert contacts.previous(person) == [old]


@pytest.mark.keep_bytes
@pytest.mark.parametrize("name", ["photo_conflict-2026.jpg", "photo.sync-conflict-20261130-120000-AAAAAAA.jpg"])
def test_a_conflict_copy_that_a_sync_program_keeps(contacts, run, faces, person, photo, old, name):
    """Syncthing and Nextcloud rename what is there, then rename what comes over photo.jpg."""
    copy = photo.with_name(name)
    run("mv", photo, copy)
    run("cp", faces.face(1), photo.with_name(".syncthing.photo.jpg.tmp"))
    run("mv", photo.with_name(".syncthing.photo.jpg.tmp"), photo)
    assert copy.read_bytes() == old
    check(contacts, person, faces.face_bytes(1), ["PATCH"], extra=[name])
    contacts.mount.remount()
    check(contacts, person, faces.face_bytes(1), ["PATCH"])
    assert contacts.previous(person) == [old]


def test_numbered_backup_is_none(contacts, run, faces, person, photo, old):
    """cp --backup renames what is there."""
    run("cp", "--backup=numbered", faces.face(1), photo)
    check(contacts, person, faces.face_bytes(1), ["PATCH"], extra=["photo.jpg.~1~"])
    assert photo.with_name("photo.jpg.~1~").read_bytes() == old


# ---- who watches the folder hears that the one name went and the other came ----

WAYS = {"dd conv=fsync": 'dd status=none conv=fsync if="$face" of="$folder/me.jpg"', "cp": 'cp "$face" "$folder/me.jpg"', "gio": 'gio copy "$face" "$folder/me.jpg"', "rsync": 'rsync -a "$face" "$folder/me.jpg"',
        "mv": 'cp "$face" "$folder/x.tmp" && mv "$folder/x.tmp" "$folder/me.jpg"', "tar": 'tar -C "$scratch" -xf "$scratch/t.tar" -C "$folder"',
        "photo (copy).jpg": 'cp "$folder/photo.jpg" "$folder/photo (copy).jpg"'}


def start_watch(run, folder, events):
    """inotifywait, which has begun."""
    watch = run.start("inotifywait", "-m", "--format", "%e %f", "-e", events, folder, stdout=subprocess.PIPE,
                      stderr=subprocess.PIPE, text=True)
    assert "Watches established.\n" in watch.stderr
    return watch


@pytest.mark.skipif(shutil.which("inotifywait") is None, reason="not installed: inotify-tools")
@pytest.mark.parametrize("way", WAYS)
def test_watchers_hear_of_a_drop(contacts, run, faces, person, photo, tmp_path, way):
    name = way if way.startswith("photo") else "me.jpg"
    (tmp_path / "me.jpg").write_bytes(faces.face_bytes(1))
    run("tar", "-C", tmp_path, "-cf", tmp_path / "t.tar", "me.jpg")
    watch = start_watch(run, photo.parent, "moved_from,moved_to,delete_self")
    run.shell(WAYS[way], env={"face": str(faces.face(1)), "folder": str(photo.parent), "scratch": str(tmp_path)})
    expected = {f"MOVED_FROM {name}", "MOVED_TO photo.jpg"}
    for line in watch.stdout:
        expected.discard(line.strip())
        if not expected:
            break
    assert not expected
    watch.terminate()
    run.finish(watch)
    assert name not in contacts.listed(person) and "photo.jpg" in contacts.listed(person)
    assert contacts.mutations() == ([] if name != "me.jpg" else ["PATCH"])


@pytest.mark.skipif(shutil.which("inotifywait") is None, reason="not installed: inotify-tools")
@pytest.mark.parametrize("way", ["cp", "mv", "dd conv=fsync"])
def test_watchers_hear_once_more_when_the_name_ends(contacts, run, faces, person, photo, way):
    """Nemo looks the name up when it has copied: it is still there then, and stands in the window for ever."""
    watch = start_watch(run, photo.parent, "moved_from,moved_to")
    run.shell(WAYS[way], env={"face": str(faces.face(1)), "folder": str(photo.parent)})
    for _ in range(2):
        while watch.stdout.readline() != "MOVED_FROM me.jpg\n":
            pass
        assert watch.stdout.readline() == "MOVED_TO photo.jpg\n"
    assert not photo.with_name("me.jpg").exists()
    watch.terminate()
    run.finish(watch)
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_fsync_of_a_dropped_picture_answers(contacts, run, faces, person, photo):
    """The kernel holds the file's lock meanwhile; a rename that tells watchers of the name would wait for it, for ever."""
    run("dd", f"if={faces.face(1)}", f"of={photo.with_name('me.jpg')}", "conv=fsync", "status=none")
    check(contacts, person, faces.face_bytes(1), ["PATCH"])


def test_drop_while_a_rename_holds_the_folder(contacts, run, faces, person, photo):
    """Who dropped a picture does not wait as long as the rename of somebody else does."""
    patch = {"method": "PATCH", "path": f"/v1/{contacts.resource(person)}:updateContactPhoto"}
    run("cp", faces.face(2), photo.with_name(".other"))
    contacts.emulator.fault("delay", delay_ms=1000, times=1, **patch)
    drop = run.start("cp", faces.face(1), photo.with_name("me.jpg"))
    contacts.emulator.wait_requests(1, method="PATCH")
    contacts.emulator.fault("hang", times=-1, **patch)
    rename = run.start("mv", photo.with_name(".other"), photo)
    contacts.emulator.wait_requests(2, method="PATCH")
    assert run.finish(drop).status == 0
    assert rename.poll() is None
    rename.kill()
    run.finish(rename)
    assert contacts.held(person) == faces.face_bytes(1)
    assert photo.with_name(".other").read_bytes() == faces.face_bytes(2)


# ---- temporaries are ordinary files ----

def test_temporary_is_cut_for_everybody(contacts, run, person, photo):
    log = photo.with_name("x.tmp")
    with open(log, "ab", buffering=0) as appender:
        appender.write(b"one\n")
        run.shell(': > "$log"', env={"log": str(log)})
        appender.write(b"two\n")
        assert log.read_bytes() == b"two\n"
    assert log.read_bytes() == b"two\n"


def test_write_on_after_the_rename_to_another_contact(contacts, faces, person, photo):
    other = contacts.person(1)
    with open(photo.with_name(".x"), "xb", buffering=0) as file:
        file.write(faces.face_bytes(1))
        os.rename(photo.with_name(".x"), contacts.photo(other))
        os.pwrite(file.fileno(), faces.face_bytes(2), 0)
    check(contacts, other, faces.face_bytes(2), ["PATCH", "PATCH"])
    assert contacts.mutations(person) == []


# ---- what is settled takes no memory: 512 MiB are for what is being written ----

LARGE = 50 << 20


def large(picture, path):
    """Over the limit of what is sent, by what follows its end: converting drops that."""
    path.write_bytes(picture + bytes(LARGE))
    return path


@pytest.mark.parametrize("way", ["rsync", "drop", "refused drop", "part"])
def test_settled_pictures_are_dropped(contacts, run, faces, tmp_path, way):
    """Twelve of 50 MiB."""
    source = large(faces.text.read_bytes() if way == "refused drop" else faces.face_bytes(1), tmp_path / "face.jpg")
    if way == "refused drop":  # so that its beginning does not give it away
        source.write_bytes(bytes(LARGE))
    for number in range(12):
        person = contacts.person(number % 4)
        folder = contacts.path / person
        if way == "rsync":
            run("rsync", "--ignore-times", source, folder / "photo.jpg")
        elif way == "part":
            run("cp", source, folder / "photo.jpg.part")
            run("mv", folder / "photo.jpg.part", folder / "photo.jpg")
        else:
            result = run("cp", source, folder / f"picture-{number}.jpg", check=False)
            assert (result.status == 0) == (way == "drop"), result
            assert "Invalid argument" in result.errors or way == "drop", result
