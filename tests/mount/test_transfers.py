"""Programs that bring pictures from elsewhere, and whole address books out and back. What is not installed is skipped."""

import functools
import http.server
import os
import shutil
import threading

import pytest

SFTP_SERVER = "/usr/lib/openssh/sftp-server"


def needs(*programs):
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {' '.join(missing)}")


def check_replaced(contacts, person, old, new):
    assert contacts.mutations(person) == ["PATCH"]
    assert contacts.held(person) == new and contacts.photo(person).read_bytes() == contacts.served(person)
    assert set(contacts.listed(person)) - {"profile.jpg"} == {"photo.jpg"}
    assert contacts.previous(person) == [old]
    assert contacts.rejected(person) == []


# ---- one picture ----

class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture
def site(faces):
    """The address of a web server with the faces."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=faces.folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


DOWNLOADS = {
    "curl -o": 'curl -sS -o "$photo" "$url"',
    "curl -O": 'cd "$folder" && curl -sS -O "$url"',
    "curl --output-dir -R": 'curl -sS -R --output-dir "$folder" -o photo.jpg "$url"',
    "wget -O": 'wget -q -O "$photo" "$url"',
    "wget": 'cd "$folder" && wget -q "$url"',
    "wget -N": 'cd "$folder" && wget -q -N "$url"',
}


@needs("curl", "wget")
@pytest.mark.parametrize("program", DOWNLOADS)
def test_download(contacts, run, faces, site, person, old, program):
    face = faces.big
    run.shell(DOWNLOADS[program], env={"photo": str(contacts.photo(person)), "folder": str(contacts.path / person),
                                       "url": f"{site}/{face.name}"})
    assert contacts.mutations(person) == ["PATCH"]
    assert contacts.held(person) == face.read_bytes() and contacts.photo(person).read_bytes() == contacts.served(person)
    assert contacts.previous(person) == [old]


@needs("curl")
def test_download_that_is_not_there(contacts, run, site, person, old):
    """The server's page of words is no photo."""
    result = run("curl", "-sS", "-o", contacts.photo(person), f"{site}/nothing.jpg", check=False)
    assert contacts.mutations() == [] and contacts.held(person) == old and contacts.photo(person).read_bytes() == contacts.served(person)
    assert result.status != 0 or contacts.mount.error(person)


@pytest.mark.skipif(not os.path.exists(SFTP_SERVER), reason="not installed: openssh-sftp-server")
@pytest.mark.parametrize("program", ["scp -q", "scp -q -p", "sftp put", "sftp put -pf"])
def test_ssh(contacts, run, faces, person, old, program):
    """The server's half is sftp-server, without a network in between."""
    face, photo = faces.big, contacts.photo(person)
    name, *options = program.split()
    if name == "scp":
        run("scp", *options, "-s", "-D", SFTP_SERVER, face, f"localhost:{photo}")
    else:
        result = run("sftp", "-q", "-b", "-", "-D", SFTP_SERVER, check=False,
                     input=f'{" ".join(options)} "{face}" "{photo}"\n'.encode())
        assert result.status == 0, result
    check_replaced(contacts, person, old, face.read_bytes())


@needs("convert")
def test_imagemagick_write(contacts, run, faces, person, old):
    run("convert", faces.png, "-write", contacts.photo(person), "-resize", "10%", "null:")
    check_replaced(contacts, person, old, contacts.held(person))
    assert run("identify", "-format", "%m %w", contacts.photo(person)).out == "JPEG 200"


@needs("ffmpeg")
def test_ffmpeg(contacts, run, faces, person, old):
    run("ffmpeg", "-v", "error", "-y", "-i", faces.png, "-frames:v", "1", "-update", "1", contacts.photo(person))
    check_replaced(contacts, person, old, contacts.held(person))


# ---- the whole address book ----

def snapshot(folder):
    return {f"{person}/{name}": (folder / person / name).read_bytes()
            for person in os.listdir(folder) for name in os.listdir(folder / person)}


def spoil(contacts, run, faces):
    """One photo is replaced, one removed; who has none stays without one. The two."""
    replaced, removed = contacts.person(1), contacts.person(2)
    run("cp", faces.face(1), contacts.photo(replaced))
    run("rm", contacts.photo(removed))
    contacts.emulator.wait_requests(1, answered=True, method="DELETE")
    contacts.emulator.reset_requests()
    return replaced, removed


# Out ($book is the mount, $copy is free), and back. Profile pictures are read-only: they stay out.
ROUND_TRIPS = {
    "cp -r": ('cp -r "$book" "$copy"', 'rm "$copy"/*/profile.jpg; cp -r "$copy"/. "$book"'),
    "cp -a": ('cp -a "$book" "$copy"', 'rm "$copy"/*/profile.jpg; cp -a "$copy"/. "$book"'),
    "rsync -a": ('rsync -a "$book/" "$copy/"', 'rsync -a --exclude profile.jpg "$copy/" "$book/"'),
    "rsync -rc": ('rsync -r "$book/" "$copy/"', 'rsync -rc --exclude profile.jpg "$copy/" "$book/"'),
    "tar": ('tar -C "$book" -cf "$copy" .', 'tar -C "$book" --exclude profile.jpg -xf "$copy"'),
    "tar -z": ('tar -C "$book" -czf "$copy" .', 'tar -C "$book" --exclude profile.jpg --no-same-owner -xzf "$copy"'),
    "zip": ('cd "$book" && zip -q -r "$copy" .', 'unzip -q -o "$copy" -d "$book" -x "*/profile.jpg"'),
    "unison": ('unison -batch -silent -perms 0 -dontchmod "$book" "$copy"',
               'unison -batch -silent -perms 0 -dontchmod -force "$copy" -ignore "Name profile.jpg" "$book" "$copy"'),
}
NEED = {"zip": ("zip", "unzip"), "unison": ("unison",)}


@pytest.mark.keep_bytes
@pytest.mark.parametrize("program", [pytest.param(name, marks=needs(*NEED.get(name, ()))) for name in ROUND_TRIPS])
def test_round_trip(contacts, run, faces, tmp_path, program):
    """A backup, two changes, and the backup put back: every photo is what it was, and nobody who had none has one."""
    before = snapshot(contacts.path)
    env = {"book": str(contacts.path), "copy": str(tmp_path / "copy.zip" if program == "zip" else tmp_path / "copy")}
    out, back = ROUND_TRIPS[program]
    run.shell(out, env=env, timeout=120)
    assert contacts.mutations() == []
    two = spoil(contacts, run, faces)
    run.shell(back, env=env, timeout=120)
    assert snapshot(contacts.path) == before
    for person in os.listdir(contacts.path):
        assert contacts.held(person) == before.get(f"{person}/photo.jpg")
        assert contacts.rejected(person) == []
    for person in two:
        assert contacts.mutations(person) == ["PATCH"]
    if program.startswith("rsync") or program == "unison":
        assert contacts.mutations() == ["PATCH", "PATCH"]  # these compare, and write what differs


def test_second_rsync_sends_nothing(contacts, run, faces, tmp_path):
    run("rsync", "-a", f"{contacts.path}/", f"{tmp_path}/copy/")
    for person in (contacts.person(1), contacts.person(2)):
        (tmp_path / "copy" / person / "photo.jpg").write_bytes(faces.big.read_bytes())
    restore = ("rsync", "-a", "--exclude", "profile.jpg", "--out-format=%n", f"{tmp_path}/copy/", f"{contacts.path}/")
    run(*restore)
    assert contacts.mutations() == ["PATCH", "PATCH"]
    contacts.emulator.reset_requests()
    run("rsync", "-a", f"{contacts.path}/", f"{tmp_path}/copy/")  # takes the times that the service gave
    run(*restore)
    assert contacts.mutations() == []


@pytest.mark.keep_bytes
def test_find_by_size(contacts, run, faces, person):
    run("cp", faces.big, contacts.photo(person))
    found = run("find", contacts.path, "-name", "photo.jpg", "-size", "+1M").out.splitlines()
    assert found == [str(contacts.photo(person))]
    lines = run("find", contacts.path, "-type", "f", "-printf", "%s %P\n").out.splitlines()
    assert sorted(lines) == sorted(f"{len(data)} {name}" for name, data in snapshot(contacts.path).items())


@needs("identify")
def test_identify_all(contacts, run):
    photos = [contacts.path / name for name in snapshot(contacts.path)]
    assert run("identify", "-format", "%m\n", *photos).out.split() == ["JPEG"] * len(photos)
    assert contacts.mutations() == []
