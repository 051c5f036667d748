"""Reading: true sizes, exact bytes, the original and nothing smaller, each photo fetched once."""

import mmap
import os
import subprocess

import pytest
from eventually import eventually


def photo_requests(emulator):
    return [request["path"] for request in emulator.requests(origin="photo")]


def people_with_photo(contacts):
    return [name for name in sorted(os.listdir(contacts.path)) if "photo.jpg" in contacts.listed(name)]


def test_size_is_true_before_any_open(contacts, run):
    for person in people_with_photo(contacts):
        size = len(contacts.held(person))
        assert contacts.photo(person).stat().st_size == size
        assert run("stat", "-c", "%s", contacts.photo(person)).out == f"{size}\n"


# Each reads $photo of somebody whose photo nobody has read before, and leaves its bytes in $out.
READERS = {
    "cat": 'cat "$photo" > "$out"',
    "cp": 'cp "$photo" "$out"',
    "cp -a": 'cp -a "$photo" "$out"',
    "cp --reflink=auto --sparse=always": 'cp --reflink=auto --sparse=always "$photo" "$out"',
    "dd": 'dd if="$photo" of="$out" bs=1000 status=none',
    "dd direct": 'dd if="$photo" of="$out" bs=4096 iflag=direct status=none',
    "tar": 'tar -C "${photo%/*}" -cf - photo.jpg | tar -xOf - > "$out"',
    "rsync": 'rsync -a "$photo" "$out"',
    "gio copy": 'gio copy "$photo" "$out"',
    "gio cat": 'gio cat "$photo" > "$out"',
    "head": 'head -c 1000000 "$photo" > "$out"',
    "tail": 'tail -c +1 "$photo" > "$out"',
    "install": 'install "$photo" "$out"',
}


def test_programs_read_exact_bytes(contacts, run, tmp_path):
    people = people_with_photo(contacts)
    assert len(people) >= len(READERS)
    for number, (program, line) in enumerate(READERS.items()):
        out = tmp_path / f"out{number}"
        run.shell("set -e; " + line, env={"photo": str(contacts.photo(people[number])), "out": str(out)})
        assert out.read_bytes() == contacts.held(people[number]), program


def test_programs_look_at_cold_photos(contacts, run, tmp_path):
    people = people_with_photo(contacts)
    copies = []
    for person in people[:3]:
        copies.append(tmp_path / person)
        copies[-1].write_bytes(contacts.held(person))
    run("cmp", contacts.photo(people[0]), copies[0])
    digest = run("md5sum", contacts.photo(people[1])).out.split()[0]
    assert digest == run("md5sum", copies[1]).out.split()[0]
    seen = run("identify", "-format", "%m %wx%h", contacts.photo(people[2])).out
    assert seen == run("identify", "-format", "%m %wx%h", copies[2]).out and seen.startswith("JPEG ")
    assert "JPEG" in run("exiftool", "-FileType", contacts.photo(people[3])).out


def test_mmap(contacts):
    person = contacts.person()
    fd = os.open(contacts.photo(person), os.O_RDONLY)
    with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as view:
        os.close(fd)
        assert view[:] == contacts.held(person)


def test_reads_anywhere(contacts, faces):
    person = contacts.person()
    contacts.emulator.set_photo(contacts.resource(person), data := faces.big.read_bytes())
    contacts.mount.remount()
    photo = contacts.photo(person)
    eventually(lambda: photo.stat().st_size == len(data))
    fd = os.open(photo, os.O_RDONLY)
    for at in (0, 1, 4095, 4096, 131071, len(data) // 2, len(data) - 1):
        assert os.pread(fd, 5000, at) == data[at:at + 5000]
    assert os.pread(fd, 10, len(data)) == os.pread(fd, 10, len(data) + 100000) == b""
    os.close(fd)


def test_sendfile(contacts, tmp_path):
    person = contacts.person()
    data = contacts.held(person)
    with open(contacts.photo(person), "rb") as source, open(tmp_path / "out", "wb") as target:
        at = 0
        while sent := os.sendfile(target.fileno(), source.fileno(), at, len(data)):
            at += sent
    assert (tmp_path / "out").read_bytes() == data


# ---- which picture is asked for ----

def test_the_original_is_asked_for(contacts):
    """Never the 100 pixels that the address came with."""
    for person in people_with_photo(contacts):
        assert contacts.photo(person).read_bytes() == contacts.held(person)
    profile = contacts.path / "Chidi Okafor/profile.jpg"
    assert profile.read_bytes() == contacts.emulator.photo_bytes(contacts.resource("Chidi Okafor"), profile=True)
    asked = photo_requests(contacts.emulator)
    assert asked and all(path.endswith("=s0") for path in asked)


def test_fall_back_to_2048(contacts):
    contacts.emulator.fault("status", origin="photo", path="*=s0", status=400, times=-1)
    photo = contacts.photo("Alice Smith")
    assert photo.stat().st_size == len(photo.read_bytes()) > 0
    assert [path.rpartition("=")[2] for path in photo_requests(contacts.emulator)] == ["s0", "s2048"]
    url = os.getxattr(photo, "user.xdg.origin.url").decode().replace("=s0", "=s2048")
    assert photo.read_bytes() == contacts.emulator.photo(url).body


def test_fall_back_to_the_address_as_it_came(contacts):
    for suffix in ("s0", "s2048"):
        contacts.emulator.fault("status", origin="photo", path=f"*={suffix}", status=403, times=-1)
    assert contacts.photo("Alice Smith").stat().st_size > 0
    asked = [path.rpartition("=")[2] for path in photo_requests(contacts.emulator)]
    assert asked == ["s0", "s2048", "s100"]


def test_monograms_are_no_photos(contacts):
    person = contacts.resource("Tom Becker")
    answer = contacts.emulator.api("GET", person, {"personFields": "photos"}).json()
    assert [photo["default"] for photo in answer["photos"]] == [True]
    assert contacts.listed("Tom Becker") == []
    assert not contacts.photo("Tom Becker").exists()
    assert photo_requests(contacts.emulator) == []


# ---- once ----

def test_fetched_once(contacts, run):
    photo = contacts.photo("Alice Smith")
    for _ in range(3):
        assert photo.read_bytes() == contacts.held("Alice Smith")
        photo.stat()
        run("cat", photo)
        os.getxattr(photo, "user.mime_type")
    assert len(photo_requests(contacts.emulator)) == 1
    contacts.mount.remount()
    assert photo.read_bytes() == contacts.held("Alice Smith")
    assert len(photo_requests(contacts.emulator)) == 1


def test_stat_then_open_is_one_fetch(contacts):
    photo = contacts.photo("Alice Smith")
    photo.stat()
    photo.read_bytes()
    assert len(photo_requests(contacts.emulator)) == 1


@pytest.mark.keep_bytes
def test_own_uploads_are_fetched_at_most_once(contacts, run, faces):
    """What the service returns is what shows: even if that are other bytes than were sent."""
    photo = contacts.photo("Alice Smith")
    run("cp", faces.face(1), photo)
    before = len(photo_requests(contacts.emulator))
    for _ in range(3):
        assert photo.read_bytes() == faces.face_bytes(1)
    assert len(photo_requests(contacts.emulator)) <= before + 1


def test_reads_give_what_the_service_returned(contacts, run, faces):
    photo = contacts.photo("Alice Smith")
    run("cp", faces.big, photo)
    assert contacts.held("Alice Smith") == faces.big.read_bytes()
    served = contacts.served("Alice Smith")
    assert served != faces.big.read_bytes()
    assert photo.stat().st_size == len(served)
    assert photo.read_bytes() == served
    run("cmp", photo, next((contacts.path / "Alice Smith").glob("photo.jpg")))


def test_many_readers_one_fetch(contacts, run):
    contacts.emulator.fault("delay", origin="photo", delay_ms=500, times=-1)
    photo = contacts.photo("Alice Smith")
    running = [run.start("cat", photo, stdout=subprocess.PIPE) for _ in range(20)]
    for process in running:
        assert run.finish(process).raw == contacts.held("Alice Smith")
    assert len(photo_requests(contacts.emulator)) == 1


def test_another_photo_is_another_fetch(contacts, faces):
    photo = contacts.photo("Alice Smith")
    photo.read_bytes()
    contacts.emulator.set_photo(contacts.resource("Alice Smith"), faces.face_bytes(3))
    contacts.mount.remount()
    eventually(lambda: photo.read_bytes() == faces.face_bytes(3), why="the new photo did not show")
    assert photo.stat().st_size == len(faces.face_bytes(3))
    assert len(photo_requests(contacts.emulator)) == 2


@pytest.mark.keep_bytes
def test_a_photo_is_never_shown_to_others_pages(contacts, run, faces):
    """The kernel keeps pages of what was read; they must not show once the photo is another one of equal length."""
    photo = contacts.photo("Alice Smith")
    for number in range(1, 9):
        run("cp", faces.face(number), photo)
        assert photo.read_bytes() == faces.face_bytes(number)
        assert run("cat", photo).raw == faces.face_bytes(number)


# ---- the cache on disk ----

@pytest.mark.options("--cache-size", "8K")
def test_cache_stays_within_its_room(contacts):
    people = people_with_photo(contacts)
    for person in people:
        assert contacts.photo(person).read_bytes() == contacts.held(person)
    assert contacts.mount.status()["cache_bytes"] <= 8 << 10
    on_disk = sum(path.stat().st_size for path in contacts.mount.cached())
    assert on_disk <= 8 << 10
    fetched = len(photo_requests(contacts.emulator))
    for person in people:  # sizes are remembered: no fetch
        assert contacts.photo(person).stat().st_size == len(contacts.held(person))
    assert len(photo_requests(contacts.emulator)) == fetched
    for person in people:
        assert contacts.photo(person).read_bytes() == contacts.held(person)


@pytest.mark.options("--cache-size", "1K")
def test_photo_larger_than_the_cache(contacts):
    photo = contacts.photo("Alice Smith")
    with open(photo, "rb") as reader:
        contacts.photo("Ben Carter").read_bytes()
        assert reader.read() == contacts.held("Alice Smith")


def test_damaged_cache_is_fetched_again(contacts):
    photo = contacts.photo("Alice Smith")
    photo.read_bytes()
    contacts.mount.unmount()
    for path in (contacts.mount.state / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:100])
    contacts.mount.start()
    assert photo.read_bytes() == contacts.held("Alice Smith")


def test_lost_cache_is_fetched_again(contacts):
    photo = contacts.photo("Alice Smith")
    photo.read_bytes()
    for path in contacts.mount.cached():
        path.unlink()
    contacts.mount.remount()
    assert photo.read_bytes() == contacts.held("Alice Smith")


# ---- ahead ----

@pytest.mark.emulator("--people", "120")
@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_scan_ahead(contacts, run, shell):
    """cat */photo.jpg has many fetches under way at once, each photo once. bash's glob looks at names from the last to the first."""
    contacts.emulator.fault("delay", origin="photo", delay_ms=40, times=-1)
    run(shell, "-c", 'cat "$folder"/*/photo.jpg > /dev/null', env={"folder": str(contacts.path)})
    log = contacts.emulator.log(origin="photo")
    asked = [request["path"] for request in log["requests"]]
    assert len(asked) == len(set(asked)) == 120
    assert log["max_concurrent"]["photo"] > 4


@pytest.mark.emulator("--people", "60")
def test_one_look_fetches_one_photo(contacts):
    people = sorted(os.listdir(contacts.path))
    contacts.photo(people[30]).read_bytes()
    contacts.mount.unmount()
    assert len(photo_requests(contacts.emulator)) == 1
