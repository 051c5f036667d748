"""Programs that do not look at what close() says: each hears of a refusal from open() or write(), and what moves keeps its source."""

import shutil
from pathlib import Path

import pytest
from checks import check
from eventually import eventually

UUTILS = "/usr/lib/cargo/bin/coreutils"
SFTP_SERVER = "/usr/lib/openssh/sftp-server"
# The contact's folder by sshfs, on $far; $ssh starts the other half here.
FAR = 'sshfs -o ssh_command="$ssh" "localhost:$folder" "$far" && {{ {} "$source" "$far/photo.jpg"; status=$?; fusermount3 -u "$far"; exit $status; }}'

COMMIT = "git -c user.name=me -c user.email=me@localhost commit -q --allow-empty -m photo"

# $source, named photo.jpg, goes to $photo in $folder. What a program moves, it deletes when it believes that it is done.
MOVERS = {
    "mv": 'mv "$source" "$photo"',
    "uutils mv": f'{UUTILS}/mv "$source" "$photo"',
    "busybox mv": 'busybox mv "$source" "$photo"',
    "rsync --remove-source-files": 'rsync --remove-source-files "$source" "$photo"',
    "rsync --inplace --remove-source-files": 'rsync --inplace --whole-file --remove-source-files "$source" "$photo"',
    "mv by sshfs": FAR.format("mv"),
    "gio move": 'gio move "$source" "$photo"',
    "python": 'exec /usr/bin/python3 -c "import sys, shutil; shutil.move(*sys.argv[1:])" "$source" "$photo"',
}
COPIERS = {
    "cp": 'cp "$source" "$photo"',
    "uutils cp": f'{UUTILS}/cp "$source" "$photo"',
    "uutils install": f'{UUTILS}/install "$source" "$photo"',
    "busybox cp": 'busybox cp "$source" "$photo"',
    "cp by sshfs": FAR.format("cp"),
    "cat": 'cat "$source" > "$photo"',
    "busybox cat": 'busybox cat "$source" > "$photo"',
    "tee": 'tee "$photo" < "$source" > /dev/null',
    "dd": 'dd if="$source" of="$photo" status=none',
    "tar": 'tar -C "$packed" -cf "$archive" photo.jpg && tar -C "$folder" -xf "$archive"',
    "busybox tar": 'tar -C "$packed" -cf "$archive" photo.jpg && busybox tar -C "$folder" -xf "$archive"',
    "bsdtar": 'bsdtar -C "$packed" -cf "$archive" photo.jpg && bsdtar -C "$folder" -xf "$archive"',
    "unzip": 'cd "$packed" && zip -q "$archive.zip" photo.jpg && unzip -q -o "$archive.zip" -d "$folder"',
    "busybox unzip": 'cd "$packed" && zip -q "$archive.zip" photo.jpg && busybox unzip -q -o "$archive.zip" -d "$folder"',
    "pax": 'cd "$packed" && pax -rw photo.jpg "$folder"',
    "git checkout": f'cd "$packed" && git init -q . && git add photo.jpg && {COMMIT} && git --work-tree="$folder" checkout -q -f HEAD -- photo.jpg',
}
# These write pictures alone.
PAINTERS = {
    "jpegtran -outfile": 'jpegtran -copy all -outfile "$photo" "$source"',
    "vips": 'vips copy "$source" "$photo"',
    "cjpeg -outfile": 'djpeg "$source" | cjpeg -outfile "$photo"',
    "cwebp": 'cwebp -quiet "$source" -o "$photo"',
    "gm convert": 'gm convert "$source" "$photo"',
    "ffmpeg": 'ffmpeg -v error -y -i "$source" -frames:v 1 -update 1 "$photo"',
    "convert": 'convert "$source" "$photo"',
}


def programs(*tables):
    for table in tables:
        for name, line in table.items():
            wanted = "sshfs" if "sshfs" in name else line.split('&& ')[-1].split()[0] if "exec" not in line else "/usr/bin/python3"
            yield pytest.param(line, id=name, marks=pytest.mark.skipif(shutil.which(wanted) is None, reason=f"there is no {wanted}"))


@pytest.fixture
def put(run, contacts, tmp_path):
    """Runs a line that puts the picture to the person's photo → Result, and whether the source is there as it was."""
    def call(line, picture, person):
        packed = tmp_path / "packed"
        for name in (packed, tmp_path / "far"):
            name.mkdir(exist_ok=True)
        (tmp_path / "ssh").write_text(f"#!/bin/sh\nexec {SFTP_SERVER}\n")
        (tmp_path / "ssh").chmod(0o755)
        source = packed / "photo.jpg"
        shutil.copy(picture, source)
        env = {"source": str(source), "far": str(tmp_path / "far"), "ssh": str(tmp_path / "ssh"), "photo": str(contacts.photo(person)), "folder": str(contacts.path / person),
               "packed": str(packed), "archive": str(tmp_path / "archive")}
        result = run.shell(line, env=env, check=False)
        return result, source.exists() and source.read_bytes() == Path(picture).read_bytes()
    return call


@pytest.mark.parametrize("line", programs(MOVERS, COPIERS))
def test_what_is_no_picture(contacts, faces, put, line):
    for number, person in enumerate((contacts.person(), contacts.without_photo())):
        old = contacts.held(person)
        result, kept = put(line, faces.text, person)
        assert result.status != 0 and kept, result
        assert contacts.mount.error(person), number
        # sshfs does not wait for the close, which takes the empty draft away
        eventually(lambda: ("photo.jpg" in contacts.listed(person)) == (old is not None)
                   and (old is None or contacts.photo(person).read_bytes() == contacts.served(person)))
        check(contacts, person, old, [])


@pytest.mark.parametrize("line", programs(MOVERS, COPIERS, PAINTERS))
def test_where_nothing_can_be_sent(contacts, run, faces, put, line):
    """The login is dead: as far as the mount knows, after the first failure."""
    person, other = contacts.person(0), contacts.person(1)
    old = contacts.held(person)
    contacts.emulator.fault("status", origin="api", times=-1, status=401)
    assert run("cp", faces.face(2), contacts.photo(other), check=False).status != 0
    result, kept = put(line, faces.face(1), person)
    assert result.status != 0 and kept, result
    assert contacts.mount.error(person)
    contacts.emulator.clear_faults()
    assert contacts.held(person) == old
    result, _ = put(line, faces.face(1), person)
    assert result.status == 0, result
    # sshfs does not wait for the close
    eventually(lambda: contacts.mutations(person)[-1:] == ["PATCH"] and contacts.mount.error(person) is None)


@pytest.mark.options("--read-only")
@pytest.mark.parametrize("line", programs(MOVERS, COPIERS, PAINTERS))
def test_where_nothing_may_be_written(contacts, faces, put, line):
    person = contacts.person()
    result, kept = put(line, faces.face(1), person)
    assert result.status != 0 and kept, result


@pytest.mark.parametrize("line", programs(MOVERS, COPIERS))
def test_what_is_refused_at_the_close_alone(contacts, faces, put, line):
    """Half a picture looks like one until the close, and what the service says comes then. The source may be gone; its bytes
    are not."""
    person = contacts.person()
    old = contacts.held(person)
    contacts.emulator.fault("status", method="PATCH", times=-1, status=403)
    for number, picture in enumerate((faces.cut, faces.face(1)), start=1):
        put(line, picture, person)
        eventually(lambda: len(contacts.rejected(person)) == number)
        assert contacts.rejected(person)[-1] == picture.read_bytes()
        assert f"is in {person}/.rejected" in contacts.mount.error(person)
    assert contacts.held(person) == old
