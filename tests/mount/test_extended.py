"""Programs that carry extended attributes along, and look at what became of them; and mknod, by which some create."""

import errno
import os
import shutil

import pytest

from checks import check


def needs(*programs):
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {' '.join(missing)}")


def put_back(contacts, run, lines, env):
    """Everybody's photo is another one; then the backup comes back, and each photo with it."""
    people = [name for name in sorted(os.listdir(contacts.path)) if contacts.photo(name).exists()]
    before = {person: contacts.photo(person).read_bytes() for person in people}
    out, back = lines
    run.shell(out, env=env, timeout=120)
    for person in people[:3]:
        run("cp", contacts.photo(people[3]), contacts.photo(person))
    contacts.emulator.reset_requests()
    run.shell(back, env=env, timeout=120)
    contacts.mount.remount()
    assert "DELETE" not in contacts.mutations()
    assert {person: contacts.held(person) for person in people} == before


def test_tar_xattrs(contacts, run, tmp_path):
    """tar makes what has attributes by mknod, after it has removed what was there."""
    put_back(contacts, run, ('tar -C "$book" --xattrs -cf "$copy" .', 'tar -C "$book" --xattrs --exclude profile.jpg -xf "$copy"'),
             {"book": str(contacts.path), "copy": str(tmp_path / "book.tar")})


def test_rsync_xattrs(contacts, run, tmp_path):
    """The copy is on a file system that has attributes; of what it brings back nothing is complained."""
    copy = tmp_path / "copy"
    copy.mkdir()
    try:
        os.setxattr(copy, "user.test", b"x")
    except OSError:
        pytest.skip("no extended attributes in the folder for tests")
    put_back(contacts, run, ('rsync -aX "$book/" "$copy/"', 'rsync -aX --exclude profile.jpg "$copy/" "$book/"'),
             {"book": str(contacts.path), "copy": str(copy)})


@needs("borg")
def test_borg(contacts, run, tmp_path):
    """borg extract sets every attribute that it found, and says so when it cannot."""
    env = {"book": str(contacts.path), "BORG_REPO": str(tmp_path / "repo"), "BORG_BASE_DIR": str(tmp_path)}
    put_back(contacts, run, ('borg init -e none && cd "$book" && borg create ::now . 2>/dev/null', 'cd "$book" && borg extract -e "sh:**/profile.jpg" ::now'),
             env)


@pytest.mark.parametrize("where", ["photo", "folder", "root", "temporary"])
def test_user_xattrs_are_accepted_and_not_kept(contacts, person, photo, old, where):
    path = {"photo": photo, "folder": photo.parent, "root": contacts.path, "temporary": photo.with_name("x.tmp")}[where]
    if where == "temporary":
        path.write_bytes(b"words")
    before = os.listxattr(path)
    os.setxattr(path, "user.comment", b"x")
    os.setxattr(path, "user.mime_type", b"image/x-other", os.XATTR_CREATE)
    os.setxattr(path, "user.contactfs.resource_name", b"people/other")
    assert os.listxattr(path) == before
    for name in ("user.comment", *before):
        os.removexattr(path, name)
    assert os.listxattr(path) == before
    assert contacts.resource(person) != "people/other"
    with pytest.raises(OSError) as caught:
        os.setxattr(path, "trusted.x", b"x")
    assert caught.value.errno in (errno.ENOTSUP, errno.EPERM)  # by root, by others
    assert contacts.held(person) == old and contacts.mutations() == []


# ---- access lists: where the source has one, programs set it, and say that they failed when they cannot ----

LISTS = {"rsync -A": 'rsync -aA "$face" "$photo"', "rsync -AX": 'rsync -aAX "$face" "$photo"', "cp -a": 'cp -a "$face" "$photo"',
         "cp": 'cp --preserve=all "$face" "$photo"', "mv": 'mv "$face" "$photo"', "gio": 'gio copy -p "$face" "$photo"',
         "tar": 'tar --acls -C "$(dirname "$face")" -cf "$archive" photo.jpg && tar --acls -C "$(dirname "$photo")" -xf "$archive"',
         "bsdtar": 'bsdtar --acls -C "$(dirname "$face")" -cf "$archive" photo.jpg && bsdtar -C "$(dirname "$photo")" --acls -xpf "$archive"',
         "setfacl": 'cp "$face" "$photo" && setfacl -m u:1:r "$photo" && setfacl -b "$photo" && setfacl -R -d -m u:1:rx "$(dirname "$photo")"'}


@needs("setfacl", "bsdtar")
@pytest.mark.parametrize("way", LISTS)
def test_access_lists_are_accepted_and_not_kept(contacts, run, faces, person, photo, old, tmp_path, way):
    face = tmp_path / "source" / "photo.jpg"
    face.parent.mkdir()
    face.write_bytes(faces.face_bytes(1))
    if run("setfacl", "-m", "u:1:r", face, check=False).status != 0:
        pytest.skip("no access lists in the folder for tests")
    before = run("getfacl", "-cp", photo, photo.parent).out
    result = run.shell(LISTS[way], env={"face": str(face), "photo": str(photo), "archive": str(tmp_path / "a.tar")}, check=False)
    assert result.status == 0 and not result.errors, result
    check(contacts, person, faces.face_bytes(1), ["PATCH"])
    assert run("getfacl", "-cp", photo, photo.parent).out == before


# ---- mknod: what NFS, overlayfs and tar --xattrs create with ----

def test_mknod_then_write(contacts, faces, person, photo):
    for name in (contacts.photo(contacts.without_photo()), photo.with_name("dropped.jpg")):
        os.mknod(name, 0o100644)
        assert name.stat().st_size == 0
        fd = os.open(name, os.O_WRONLY)
        os.write(fd, faces.face_bytes(1))
        os.close(fd)
    check(contacts, contacts.person(), faces.face_bytes(1), ["PATCH"])
    assert contacts.mutations() == ["PATCH", "PATCH"]


def test_mknod_of_what_is_there(contacts, person, photo, old):
    with pytest.raises(OSError) as caught:
        os.mknod(photo, 0o100644)
    assert caught.value.errno == errno.EEXIST
    check(contacts, person, old, [])


@pytest.mark.parametrize("mode", [0o010644, 0o140644])  # pipe, socket
def test_mknod_of_other_kinds(contacts, person, photo, old, mode):
    with pytest.raises(OSError) as caught:
        os.mknod(photo.with_name("x.tmp"), mode)
    assert caught.value.errno == errno.EPERM
    check(contacts, person, old, [])
