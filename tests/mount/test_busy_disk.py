"""A disk that takes its time holds up who waits for it, and nobody else."""

import contextlib
import errno
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from bad_disk import BadDisk
from checks import check
from eventually import PATIENCE, eventually
from patterns import pattern, saved

from conftest import BUILD

pytestmark = [pytest.mark.keep_bytes,
              pytest.mark.skipif(not (BUILD / "tests/preload/libbad-disk.so").exists(), reason="not built with sanitizers")]


@contextlib.contextmanager
def disk_below(contacts, tmp_path, folder):
    made = BadDisk(BUILD, tmp_path, contacts.mount.state / folder)
    contacts.mount.unmount()
    contacts.mount.env = {**contacts.mount.env, **made.env()}
    contacts.mount.start()
    yield made
    made.close()


@pytest.fixture
def disk(contacts, tmp_path):
    """Where .rejected is; the database is elsewhere."""
    with disk_below(contacts, tmp_path, "data") as made:
        yield made


@pytest.fixture
def disk_of_the_store(contacts, tmp_path):
    with disk_below(contacts, tmp_path, "state") as made:
        yield made


def look_at(path):
    """By another process, which can be killed where the mount does not answer."""
    return subprocess.run(["head", "-c", "2", path], stdout=subprocess.PIPE, timeout=PATIENCE, check=True).stdout


def rejected(contacts, person):
    return [path.read_bytes() for path in (contacts.path / person / ".rejected").iterdir()]


def test_rename_of_what_is_refused(contacts, faces, disk):
    person, other, half = contacts.person(0), contacts.person(1), faces.cut.read_bytes()
    temporary = contacts.path / person / ".half"
    temporary.write_bytes(half)
    with ThreadPoolExecutor() as threads:
        with disk.busy() as reached:
            renaming = threads.submit(temporary.rename, contacts.photo(person))
            reached()
            assert look_at(contacts.photo(other)) == b"\xff\xd8"
            assert not renaming.done()
        with pytest.raises(OSError) as failure:
            renaming.result()
    assert failure.value.errno == errno.EINVAL
    assert rejected(contacts, person) == [half]


def test_close_of_what_is_refused(contacts, faces, disk):
    person, other, half = contacts.person(0), contacts.person(1), faces.cut.read_bytes()
    with ThreadPoolExecutor() as threads:
        with disk.busy() as reached:
            writing = threads.submit(contacts.photo(person).write_bytes, half)
            reached()
            waiting = [writing, threads.submit(rejected, contacts, person), threads.submit(contacts.mount.error, person)]
            assert look_at(contacts.photo(other)) == b"\xff\xd8"
            assert not any(job.done() for job in waiting)  # where a picture is, is said when it is there
        with pytest.raises(OSError) as failure:
            writing.result()
    assert failure.value.errno == errno.EINVAL
    assert waiting[1].result() == [half]
    assert f"is in {person}/.rejected" in waiting[2].result()


def test_written_again_before_the_photo_from_before_is_read(contacts, faces, disk):
    """A program removes what it wrote, since it was converted, and writes another one: that one stays."""
    person, photo = contacts.person(0), contacts.photo(contacts.person(0))
    photo.write_bytes(saved(pattern(200, 160), "WEBP", quality=80))
    with ThreadPoolExecutor() as threads:
        with disk.busy() as reached:
            refused = threads.submit(contacts.photo(contacts.person(1)).write_bytes, faces.cut.read_bytes())
            reached()
            photo.unlink()
            eventually(lambda: contacts.mount.status()["waiting_mutations"] == 0)  # the wait for a successor is over
            writing = threads.submit(photo.write_bytes, faces.face_bytes(1))
            eventually(photo.exists)
        writing.result()
        assert isinstance(refused.exception(), OSError)
    contacts.mount.remount()
    check(contacts, person, faces.face_bytes(1), ["PATCH", "PATCH"])


def test_end_with_a_picture_that_was_never_sent(contacts, faces, disk):
    person, other = contacts.person(0), contacts.person(1)
    (contacts.path / person / ".never").write_bytes(faces.face_bytes(1))
    look_at(contacts.photo(other))
    with disk.busy() as reached:
        os.kill(contacts.mount.pid, signal.SIGTERM)
        reached()
        assert look_at(contacts.photo(other)) == b"\xff\xd8"
    contacts.mount.wait_end()
    contacts.mount.start()
    assert rejected(contacts, person) == [faces.face_bytes(1)]


@pytest.mark.options("--sync-interval", "1")
def test_removal_that_is_seen_before_it_is_said_to_have_failed(contacts, faces, disk_of_the_store):
    """Its answer makes no sense, and a new photo comes before that is noted: then nothing is said of the removal."""
    person, photo = contacts.person(0), contacts.photo(contacts.person(0))
    contacts.emulator.fault("garbage", method="DELETE", applied=True, delay_ms=5000)
    contacts.emulator.fault("status", method="GET", path="/v1/people/*", status=503, times=-1)
    photo.unlink()
    contacts.emulator.wait_requests(1, method="DELETE")
    with ThreadPoolExecutor() as threads:
        with disk_of_the_store.busy() as reached:
            reached()
            contacts.emulator.clear_faults()
            eventually(lambda: os.listdir(contacts.path / person) == [])
            writing = threads.submit(photo.write_bytes, faces.face_bytes(1))
            contacts.emulator.wait_requests(1, method="PATCH", answered=True)
        writing.result()
    assert contacts.mount.error(person) is None
    assert "not removed" not in contacts.mount.text()
    check(contacts, person, faces.face_bytes(1), ["DELETE", "PATCH"])
