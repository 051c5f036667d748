"""Programs that carry extended attributes along, and look at what became of them."""

import os
import shutil

import pytest


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
