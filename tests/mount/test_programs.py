"""Each program replaces a photo in its own way, and each time that is one PATCH of the whole picture."""

import os
import shutil
import subprocess

import pytest

# How a program puts $face into $photo ($folder is the contact's; $scratch is free).
WHOLE = {
    "cp": 'cp "$face" "$photo"',
    "cp -p": 'cp -p "$face" "$photo"',
    "cp -a": 'cp -a "$face" "$photo"',
    "cp --remove-destination": 'cp --remove-destination "$face" "$photo"',
    "mv": 'cp "$face" "$scratch/x.jpg"; mv "$scratch/x.jpg" "$photo"',
    "install": 'install -m 600 "$face" "$photo"',
    "install -p": 'install -p "$face" "$photo"',
    "cat >": 'cat "$face" > "$photo"',
    "pipe": 'cat "$face" | cat > "$photo"',
    "dd": 'dd if="$face" of="$photo" bs=4k status=none',
    "dd bs=64k conv=fsync": 'dd if="$face" of="$photo" bs=64k conv=fsync status=none',
    "dd conv=fdatasync": 'dd if="$face" of="$photo" bs=777 conv=fdatasync status=none',
    "tee": 'tee "$photo" < "$face" > /dev/null',
    "rsync": 'rsync "$face" "$photo"',
    "rsync -a": 'rsync -a "$face" "$photo"',
    "rsync --inplace": 'rsync --inplace --whole-file "$face" "$photo"',
    "rsync --temp-dir": 'rsync -a -T "$scratch" "$face" "$photo"',
    "gio copy": 'gio copy "$face" "$photo"',
    "gio copy -p": 'gio copy -p "$face" "$photo"',
    "gio save": 'gio save "$photo" < "$face"',
    "tar -x": 'cp "$face" "$scratch/photo.jpg"; tar -C "$scratch" -cf "$scratch/t.tar" photo.jpg; '
              'tar -C "$folder" -xf "$scratch/t.tar"',
    "tar -x --overwrite": 'cp "$face" "$scratch/photo.jpg"; tar -C "$scratch" -cf "$scratch/t.tar" photo.jpg; '
                          'tar -C "$folder" --overwrite -xf "$scratch/t.tar"',
    "python": 'exec /usr/bin/python3 -c "import sys, shutil; shutil.copy2(*sys.argv[1:])" "$face" "$photo"',
    "temporary, mv": 'cp "$face" "$folder/.new.part"; mv "$folder/.new.part" "$photo"',
    "part": 'cp "$face" "$photo.part"; mv "$photo.part" "$photo"',
}


def check_replaced(contacts, person, old, new, extra=()):
    """One PATCH went out, and here and there the new picture is the photo; the old one is in .previous."""
    assert contacts.mutations(person) == ["PATCH"]
    assert contacts.held(person) == new
    served = contacts.served(person)
    assert contacts.photo(person).read_bytes() == served
    assert contacts.photo(person).stat().st_size == len(served)
    assert set(contacts.listed(person)) - {"profile.jpg"} == {"photo.jpg", *extra}
    assert contacts.previous(person) == ([old] if old is not None else [])
    assert contacts.rejected(person) == []
    assert contacts.mount.error(person) is None


@pytest.mark.parametrize("program", WHOLE)
def test_replace(contacts, run, faces, tmp_path, program):
    """A JPEG, a PNG and one of several megabytes over an old photo, and a first photo."""
    cases = [(contacts.person(0), faces.face(1)), (contacts.person(1), faces.png), (contacts.person(2), faces.big),
             (contacts.without_photo(), faces.face(2))]
    for person, face in cases:
        old = contacts.held(person)
        names = {"face": str(face), "photo": str(contacts.photo(person)), "folder": str(contacts.path / person),
                 "scratch": str(tmp_path)}
        run.shell("set -e; umask 022; " + WHOLE[program], env=names)
        check_replaced(contacts, person, old, face.read_bytes())
    assert contacts.mutations() == ["PATCH"] * len(cases)


# ---- programs that make a new picture of the old one ----

@pytest.fixture
def shown(contacts, run, faces):
    """Somebody whose photo was face 5 when we came: the emulator's requests begin after that."""
    person = contacts.person()
    run("cp", faces.face(5), contacts.photo(person))
    contacts.mount.unmount()
    contacts.emulator.reset_requests()
    for folder in ("data", "cache"):
        shutil.rmtree(contacts.mount.state / folder)
    contacts.mount.start()
    return person


@pytest.mark.keep_bytes
def test_sed(contacts, run, faces, shown):
    run("sed", "-i", "s/face 5/FACE 5/", contacts.photo(shown), env={"LC_ALL": "C"})
    check_replaced(contacts, shown, faces.face_bytes(5), faces.face_bytes(5).replace(b"face 5", b"FACE 5"))


@pytest.mark.keep_bytes
def test_sed_with_backup(contacts, run, faces, shown):
    run("sed", "-i~", "s/face 5/FACE 5/", contacts.photo(shown), env={"LC_ALL": "C"})
    check_replaced(contacts, shown, faces.face_bytes(5), faces.face_bytes(5).replace(b"face 5", b"FACE 5"),
                   extra=["photo.jpg~"])
    assert (contacts.path / shown / "photo.jpg~").read_bytes() == faces.face_bytes(5)


VIM = shutil.which("vim") or "vim.tiny"


@pytest.mark.parametrize("settings", ["", "backupcopy=no", "backupcopy=yes", "backup", "backup backupcopy=no",
                                      "nowritebackup"])
@pytest.mark.keep_bytes
def test_vim(contacts, run, faces, shown, settings):
    """backupskip keeps vim from making backups below /tmp, where tests are."""
    run(VIM, "-es", "-N", "-u", "NONE", "-b", "-c", f"set directory=. backupdir=. backupskip= {settings}",
        "-c", "%s/face 5/FACE 5/", "-c", "wq", contacts.photo(shown), check=False)
    extra = ["photo.jpg~"] if settings.startswith("backup ") or settings == "backup" else []
    check_replaced(contacts, shown, faces.face_bytes(5), faces.face_bytes(5).replace(b"face 5", b"FACE 5"), extra)


@pytest.mark.keep_bytes
def test_exiftool(contacts, run, faces, shown):
    run("exiftool", "-q", "-Comment=hello", contacts.photo(shown))
    new = contacts.held(shown)
    assert b"hello" in new
    check_replaced(contacts, shown, faces.face_bytes(5), new, extra=["photo.jpg_original"])
    assert (contacts.path / shown / "photo.jpg_original").read_bytes() == faces.face_bytes(5)


@pytest.mark.keep_bytes
@pytest.mark.parametrize("how", ["-overwrite_original", "-overwrite_original_in_place"])
def test_exiftool_overwrite(contacts, run, faces, shown, how):
    run("exiftool", "-q", how, "-Comment=hello", contacts.photo(shown))
    new = contacts.held(shown)
    assert b"hello" in new
    check_replaced(contacts, shown, faces.face_bytes(5), new)


@pytest.mark.keep_bytes
def test_convert_from_elsewhere(contacts, run, faces, shown):
    run("convert", faces.png, "-quality", "80", contacts.photo(shown))
    new = contacts.held(shown)
    check_replaced(contacts, shown, faces.face_bytes(5), new)
    assert run("identify", "-format", "%m %w", contacts.photo(shown)).out == "JPEG 200"


@pytest.mark.keep_bytes
def test_convert_in_place(contacts, run, faces, shown):
    run("convert", contacts.photo(shown), "-resize", "50%", contacts.photo(shown))
    new = contacts.held(shown)
    check_replaced(contacts, shown, faces.face_bytes(5), new)
    assert run("identify", "-format", "%m %w", contacts.photo(shown)).out == "JPEG 120"


@pytest.mark.keep_bytes
def test_convert_first_photo(contacts, run, faces):
    person = contacts.without_photo()
    run("convert", faces.png, contacts.photo(person))
    check_replaced(contacts, person, None, contacts.held(person))


@pytest.mark.keep_bytes
def test_mogrify(contacts, run, faces, shown):
    run("mogrify", "-resize", "50%", contacts.photo(shown))
    new = contacts.held(shown)
    check_replaced(contacts, shown, faces.face_bytes(5), new)
    assert run("identify", "-format", "%m %w", contacts.photo(shown)).out == "JPEG 120"


@pytest.mark.keep_bytes
def test_jpegtran_and_mv(contacts, run, faces, shown, tmp_path):
    turned = tmp_path / "turned.jpg"
    run("jpegtran", "-rotate", "90", "-copy", "all", "-outfile", turned, contacts.photo(shown))
    new = turned.read_bytes()
    run("mv", turned, contacts.photo(shown))
    check_replaced(contacts, shown, faces.face_bytes(5), new)


@pytest.mark.keep_bytes
def test_jpegtran_in_place(contacts, run, faces, shown):
    """As feh turns a picture: it is read to its end before it is opened for writing."""
    run("jpegtran", "-copy", "all", "-rotate", "90", "-outfile", contacts.photo(shown), contacts.photo(shown))
    new = contacts.held(shown)
    assert new != faces.face_bytes(5)
    check_replaced(contacts, shown, faces.face_bytes(5), new)


@pytest.mark.keep_bytes
def test_jpegtran_inside(contacts, run, faces, shown):
    """The output is written into the mount, under another name, and renamed there."""
    photo = contacts.photo(shown)
    run.shell('jpegtran -rotate 90 -outfile "$photo.tmp" "$photo" && mv "$photo.tmp" "$photo"', env={"photo": str(photo)})
    new = contacts.held(shown)
    assert new != faces.face_bytes(5)
    check_replaced(contacts, shown, faces.face_bytes(5), new)


# ---- whole address books ----

def test_rsync_backup_and_restore(contacts, run, faces, tmp_path):
    """The whole tree out, two photos changed and one removed there, and the tree back: three requests."""
    backup = tmp_path / "backup"
    run("rsync", "-a", f"{contacts.path}/", f"{backup}/", timeout=120)
    assert sorted(os.listdir(backup)) == sorted(os.listdir(contacts.path))
    assert contacts.mutations() == []
    for person in os.listdir(backup):
        assert contacts.listed(person) == sorted(os.listdir(backup / person))
        for name in os.listdir(backup / person):
            assert (backup / person / name).read_bytes() == (contacts.path / person / name).read_bytes()
    changed = [contacts.person(1), contacts.person(2)]
    removed = contacts.person(3)
    for number, person in enumerate(changed):
        (backup / person / "photo.jpg").write_bytes(faces.face_bytes(number))
    (backup / removed / "photo.jpg").unlink()
    run("rsync", "-a", "--delete", f"{backup}/", f"{contacts.path}/", timeout=120)
    contacts.mount.unmount()
    assert sorted(contacts.mutations()) == ["DELETE", "PATCH", "PATCH"]
    contacts.mount.start()
    for number, person in enumerate(changed):
        assert contacts.held(person) == faces.face_bytes(number) and contacts.photo(person).read_bytes() == contacts.served(person)
    assert contacts.held(removed) is None and not contacts.photo(removed).exists()


def test_tar_backup_and_restore(contacts, run, tmp_path):
    person = contacts.person()
    old = contacts.held(person)
    archive = tmp_path / "book.tar"
    run("tar", "-C", contacts.path, "-cf", archive, person)
    run("rm", contacts.photo(person))
    contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    run("tar", "-C", contacts.path, "-xf", archive)
    assert contacts.held(person) == old and contacts.photo(person).read_bytes() == contacts.served(person)
    assert contacts.mutations() == ["DELETE", "PATCH"]


@pytest.mark.keep_bytes
def test_copy_between_contacts(contacts, run):
    one, two = contacts.person(0), contacts.person(1)
    old = contacts.held(two)
    run("cp", "-p", contacts.photo(one), contacts.photo(two))
    check_replaced(contacts, two, old, contacts.held(one))


@pytest.mark.keep_bytes
def test_restore_from_previous(contacts, run, faces):
    person = contacts.person()
    old = contacts.held(person)
    run("cp", faces.face(1), contacts.photo(person))
    kept, = (contacts.path / person / ".previous").iterdir()
    run("cp", kept, contacts.photo(person))
    assert contacts.held(person) == old and contacts.photo(person).read_bytes() == contacts.served(person)
    assert contacts.previous(person) == [old, faces.face_bytes(1)]


# ---- many at once ----

@pytest.mark.emulator("--people", "40")
def test_forty_cp_to_forty(contacts, run, faces):
    people = sorted(os.listdir(contacts.path))
    running = [run.start("cp", faces.face(number), contacts.photo(person), stderr=subprocess.PIPE)
               for number, person in enumerate(people)]
    for process in running:
        assert run.finish(process, timeout=60).status == 0
    assert contacts.mutations() == ["PATCH"] * 40
    for number, person in enumerate(people):
        assert contacts.held(person) == faces.face_bytes(number) and contacts.photo(person).read_bytes() == contacts.served(person)
        assert contacts.listed(person) == ["photo.jpg"]


@pytest.mark.keep_bytes
def test_forty_cp_to_one(contacts, run, faces):
    person = contacts.person()
    running = [run.start("cp", faces.face(number), contacts.photo(person), stderr=subprocess.PIPE)
               for number in range(40)]
    for process in running:
        assert run.finish(process, timeout=60).status == 0
    assert contacts.mutations() == ["PATCH"] * 40
    held = contacts.held(person)
    assert held in [faces.face_bytes(number) for number in range(40)]
    assert contacts.photo(person).read_bytes() == contacts.served(person)
    assert len(contacts.previous(person)) == 20
    assert contacts.rejected(person) == []
    assert set(contacts.listed(person)) - {"profile.jpg"} == {"photo.jpg"}
