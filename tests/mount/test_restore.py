"""contactfs restore: an evening's mistakes, taken back."""

import os
import shlex
import shutil
import time
import unicodedata

import pytest
from conftest import CONTACTFS, eventually

pytestmark = pytest.mark.keep_bytes


@pytest.fixture
def restore(run, contacts):
    def call(*words, status=0, where=None):
        ended = run(CONTACTFS, "restore", *words, *([contacts.path] if where is None else where), env=contacts.mount.env,
                    check=False)
        assert ended.status == status, ended
        return ended
    return call


def now():
    """With its fraction, so that what comes next is later."""
    moment = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1e6):06d}Z"


def everything(contacts):
    return {name: contacts.held(name) for name in os.listdir(contacts.path)}


def test_rm_r_is_taken_back(contacts, restore):
    before = everything(contacts)
    begun = now()
    shutil.rmtree(contacts.path, ignore_errors=True)
    contacts.emulator.wait_requests(sum(photo is not None for photo in before.values()), method="DELETE", answered=True)
    assert set(everything(contacts).values()) == {None}
    ended = restore("--since", begun)
    assert everything(contacts) == before and f"of {sum(photo is not None for photo in before.values())} restored" in ended.out


def test_a_removal_that_waits(contacts, restore, faces):
    """What was removed is not in .previous yet: neither is it restored, nor is an older photo."""
    old = contacts.held("Alice Smith")
    contacts.photo("Alice Smith").write_bytes(faces.face_bytes(1))
    begun = now()
    contacts.photo("Ben Carter").write_bytes(faces.face_bytes(2))
    contacts.emulator.fault("hang", method="DELETE")
    contacts.photo("Alice Smith").unlink()
    assert contacts.mount.status()["waiting_mutations"] == 1
    ended = restore("--since", begun, "--dry-run", status=3)
    assert "removals that still wait: 1" in ended.errors and "Ben Carter" in ended.out and "Alice" not in ended.out
    assert "still wait" in restore(where=[contacts.path / "Alice Smith"], status=3).errors
    assert contacts.held("Alice Smith") == faces.face_bytes(1)
    contacts.emulator.clear_faults()
    eventually(lambda: contacts.mount.status()["waiting_mutations"] == 0)
    restore("--since", begun, where=[contacts.path / "Alice Smith"])
    assert contacts.held("Alice Smith") == faces.face_bytes(1) != old


def test_as_it_was_then(contacts, restore, faces):
    """And not as it was in between."""
    before = everything(contacts)
    contacts.photo("Alice Smith").write_bytes(faces.face_bytes(1))
    begun = now()
    for number in (2, 3):
        contacts.photo("Alice Smith").write_bytes(faces.face_bytes(number))
    restore("--since", begun)
    assert contacts.held("Alice Smith") == faces.face_bytes(1)
    assert everything(contacts) == before | {"Alice Smith": faces.face_bytes(1)}, "nobody else was touched"
    assert contacts.previous("Alice Smith")[-1] == faces.face_bytes(3)


@pytest.mark.refused
def test_what_was_kept_before_and_is_replaced_now(contacts, restore, faces):
    """A change that failed kept the photo already; it counts from the change that replaced it."""
    old = contacts.held("Alice Smith")
    contacts.emulator.fault("status", method="PATCH", status=400, times=1)
    with pytest.raises(OSError):
        contacts.photo("Alice Smith").write_bytes(faces.face_bytes(1))
    assert contacts.previous("Alice Smith") == [old]
    begun = now()
    contacts.photo("Alice Smith").write_bytes(faces.face_bytes(2))
    restore("--since", begun)
    assert contacts.held("Alice Smith") == old


def test_it_can_be_undone(contacts, restore, faces):
    begun = now()
    contacts.photo("Alice Smith").write_bytes(faces.face_bytes(1))
    undone = now()
    restore("--since", begun)
    restore("--since", undone)
    assert contacts.held("Alice Smith") == faces.face_bytes(1)


def test_one_contact(contacts, restore, faces):
    """By its folder, or its name: what was there before the last change."""
    old = contacts.held("Alice Smith")
    for number in (1, 2):
        contacts.photo("Alice Smith").write_bytes(faces.face_bytes(number))
    contacts.photo("Ben Carter").write_bytes(faces.face_bytes(3))
    restore(where=[contacts.path / "Alice Smith"])
    assert contacts.held("Alice Smith") == faces.face_bytes(1)
    restore(where=[contacts.path / "Alice Smith" / "photo.jpg"])
    assert contacts.held("Alice Smith") == faces.face_bytes(2)
    assert contacts.held("Ben Carter") == faces.face_bytes(3) and old in contacts.previous("Alice Smith")


@pytest.mark.refused
def test_the_change_before_one_that_failed(contacts, restore, faces):
    """What failed kept the photo that is still there: that is nothing to bring back."""
    old = contacts.held("Alice Smith")
    contacts.photo("Alice Smith").write_bytes(faces.face_bytes(1))
    begun = now()
    contacts.emulator.fault("status", method="PATCH", status=400, times=1)
    with pytest.raises(OSError):
        contacts.photo("Alice Smith").write_bytes(faces.face_bytes(2))
    assert contacts.previous("Alice Smith")[-1] == faces.face_bytes(1)
    assert "0 to restore" in restore("--since", begun).out
    restore(where=[contacts.path / "Alice Smith"])
    assert contacts.held("Alice Smith") == old


def test_by_a_label(contacts, restore, faces):
    """The link's name is that of the contact."""
    link = next((contacts.path / ".labels/Choir").iterdir())
    old = contacts.held(link.name)
    for path in (link, link / "photo.jpg"):
        contacts.photo(link.name).write_bytes(faces.face_bytes(1))
        restore(where=[path])
        assert contacts.held(link.name) == old
    assert ".labels" in restore(status=1, where=[contacts.path / ".labels/Choir"]).errors


def test_dry_run(contacts, restore, faces):
    contacts.photo("Alice Smith").write_bytes(faces.face_bytes(1))
    ended = restore("--since", "1h", "--dry-run")
    assert "Alice Smith: what was there until 20" in ended.out and "1 to restore" in ended.out
    assert contacts.held("Alice Smith") == faces.face_bytes(1)


def test_wrong_usage(contacts, restore):
    assert "--since" in restore(status=2).errors
    assert "yesterday-ish" in restore("--since", "yesterday-ish", status=2).errors
    assert "Nobody" in restore(status=1, where=[contacts.path / "Nobody"]).errors


def test_rejected(contacts, restore, faces):
    """Only where nothing succeeded since."""
    contacts.emulator.fault("status", method="PATCH", status=403, times=2)
    for person, number in (("Tom Becker", 1), ("Corner Garage", 2)):
        with pytest.raises(OSError):
            contacts.photo(person).write_bytes(faces.face_bytes(number))
    contacts.photo("Corner Garage").write_bytes(faces.face_bytes(3))
    contacts.photo("Corner Garage").write_bytes(faces.face_bytes(4))
    restore("--rejected")
    assert contacts.held("Tom Becker") == faces.face_bytes(1)
    assert contacts.held("Corner Garage") == faces.face_bytes(4)


@pytest.mark.refused
def test_what_fails_is_said(contacts, restore, faces):
    contacts.photo("Alice Smith").write_bytes(faces.face_bytes(1))
    contacts.emulator.fault("status", method="PATCH", status=400, times=-1)
    ended = restore("--since", "1h", status=3)
    assert "Alice Smith" in ended.errors and contacts.held("Alice Smith") == faces.face_bytes(1)


def test_a_name_in_another_normalisation_and_the_words_that_undo(contacts, run, restore, faces):
    old = contacts.held("Zoë Müller")
    contacts.photo("Zoë Müller").write_bytes(faces.face_bytes(1))
    decomposed = contacts.path / unicodedata.normalize("NFD", "Zoë Müller")
    ended = restore(where=[decomposed, contacts.path / "Zoë Müller"])
    assert contacts.held("Zoë Müller") == old and "1 of 1 restored" in ended.out
    contacts.photo("Ben Carter").write_bytes(faces.face_bytes(2))
    command = shlex.split(ended.out.partition("To undo: contactfs ")[2])
    assert run(CONTACTFS, *command, env=contacts.mount.env).out
    assert contacts.held("Zoë Müller") == faces.face_bytes(1)
    assert contacts.held("Ben Carter") == faces.face_bytes(2), "what the command did not touch stays"


def test_the_same_again_and_again(contacts, run, restore, faces, tmp_path):
    """Import, restore, the same import, restore …: each step can be undone, from any time."""
    (tmp_path / "Alice Smith.jpg").write_bytes(faces.face_bytes(1))
    old, new, times = contacts.held("Alice Smith"), faces.face_bytes(1), []
    for _ in range(3):
        times.append((now(), old))
        run(CONTACTFS, "import", "--yes", "--quiet", "--replace", "all", tmp_path / "Alice Smith.jpg", contacts.path,
            env=contacts.mount.env)
        assert contacts.held("Alice Smith") == new
        times.append((now(), new))
        restore("--since", times[-2][0])
        assert contacts.held("Alice Smith") == old
    for since, photo in times:
        restore("--since", since)
        assert contacts.held("Alice Smith") == photo, since
    assert sorted(contacts.previous("Alice Smith")) == sorted([old, new]), "no picture is there twice"


@pytest.mark.refused
def test_rejected_does_not_replace_a_first_photo_of_the_same_second(contacts, restore, faces):
    with pytest.raises(OSError):
        contacts.photo("Tom Becker").write_bytes(faces.cut.read_bytes())
    kept = next((contacts.path / "Tom Becker/.rejected").iterdir())
    contacts.photo("Tom Becker").write_bytes(faces.face_bytes(1))
    # as if both had been in one second, whatever the clock said
    folder = next(contacts.mount.state.rglob("rejected"))
    second = time.strftime("%Y-%m-%dT%H-%M-%S", time.gmtime(os.stat(contacts.path / "Tom Becker").st_mtime))
    (folder / kept.name).rename(folder / f"{second}.999999Z.bin")
    assert "0 to restore" in restore("--rejected").out
    assert contacts.held("Tom Becker") == faces.face_bytes(1)


@pytest.fixture
def bring(run, contacts, tmp_path):
    """Runs contactfs import with a picture of each of these people."""
    def call(**people):
        folder = tmp_path / "portraits"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for person, picture in people.items():
            (folder / f"{person}.jpg").write_bytes(picture)
        return run(CONTACTFS, "import", "--yes", "--replace", "all", folder, contacts.path, env=contacts.mount.env)
    return call


def undo(run, contacts, ended):
    """Runs the command that the words end with."""
    command = shlex.split(ended.out.partition("To undo: contactfs ")[2])
    return run(CONTACTFS, *command, env=contacts.mount.env)


def removed(contacts, count):
    contacts.emulator.wait_requests(count, method="DELETE", answered=True)


def test_an_import_where_nothing_was(contacts, run, restore, bring, faces):
    """It is removed again; that can be undone, and what the import replaced is back."""
    before, begun = everything(contacts), now()
    ended = bring(tom_becker=faces.face_bytes(1), corner_garage=faces.face_bytes(2), ben_carter=faces.face_bytes(3))
    after = everything(contacts)
    assert after["Tom Becker"] == faces.face_bytes(1)
    dry = restore("--since", begun, "--dry-run").out
    assert "Tom Becker: no photo then" in dry and "3 to restore" in dry
    undone = undo(run, contacts, ended)
    removed(contacts, 2)
    assert everything(contacts) == before
    again = undo(run, contacts, undone)
    assert everything(contacts) == after
    undo(run, contacts, again)
    removed(contacts, 4)
    assert everything(contacts) == before
    restore("--since", begun)
    assert everything(contacts) == before


def test_what_came_since_by_hand_stays(contacts, run, restore, bring, faces):
    begun = now()
    ended = bring(tom_becker=faces.face_bytes(1), corner_garage=faces.face_bytes(2))
    contacts.photo("Tom Becker").write_bytes(faces.face_bytes(3))
    contacts.emulator.set_photo(contacts.resource("Corner Garage"), faces.face_bytes(4))
    contacts.mount.remount()
    eventually(lambda: contacts.photo("Corner Garage").read_bytes() == faces.face_bytes(4))
    assert "0 to restore" in undo(run, contacts, ended).out
    assert contacts.held("Tom Becker") == faces.face_bytes(3) and contacts.held("Corner Garage") == faces.face_bytes(4)
    assert "0 to restore" in restore("--since", begun).out


def test_one_contact_that_had_no_photo(contacts, restore, bring, faces):
    bring(tom_becker=faces.face_bytes(1))
    restore(where=[contacts.path / "Tom Becker"])
    removed(contacts, 1)
    assert contacts.held("Tom Becker") is None
    restore(where=[contacts.path / "Tom Becker"])
    assert contacts.held("Tom Becker") == faces.face_bytes(1)


@pytest.mark.refused
def test_a_first_photo_that_was_refused(contacts, run, restore, faces, tmp_path):
    """It put nothing there: what was removed before is what comes back."""
    old = contacts.held("Alice Smith")
    contacts.photo("Alice Smith").unlink()
    removed(contacts, 1)
    (tmp_path / "alice_smith.jpg").write_bytes(faces.cut.read_bytes())
    run(CONTACTFS, "import", "--yes", tmp_path / "alice_smith.jpg", contacts.path, env=contacts.mount.env, check=False)
    restore(where=[contacts.path / "Alice Smith"])
    assert contacts.held("Alice Smith") == old


def test_an_import_over_a_removal_that_waits(contacts, run, restore, faces, tmp_path):
    """There was a photo before, though the folder shows none: it is not in .previous yet."""
    old, begun = contacts.held("Alice Smith"), now()
    (tmp_path / "alice_smith.jpg").write_bytes(faces.face_bytes(1))
    contacts.photo("Alice Smith").unlink()
    run(CONTACTFS, "import", "--yes", "--quiet", tmp_path / "alice_smith.jpg", contacts.path, env=contacts.mount.env)
    assert contacts.held("Alice Smith") == faces.face_bytes(1)
    restore("--since", begun)
    assert contacts.held("Alice Smith") == old


def test_a_restore_after_rm_is_undone(contacts, run, restore):
    before, begun = contacts.held("Alice Smith"), now()
    contacts.photo("Alice Smith").unlink()
    removed(contacts, 1)
    ended = restore("--since", begun)
    assert contacts.held("Alice Smith") == before
    undo(run, contacts, ended)
    removed(contacts, 2)
    assert contacts.held("Alice Smith") is None
