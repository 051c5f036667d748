"""--folder-icons: a .directory that answers to its name, in folders of people with a photo."""

import configparser
import os

import pytest

PATH = ".directory"
icons = pytest.mark.options("--folder-icons")


def icon(folder):
    """The picture that KDE's file managers and libfm take for the folder's icon; None: their usual one."""
    if not (folder / PATH).is_file():
        return None
    entry = configparser.ConfigParser()
    entry.read_string((folder / PATH).read_text())
    name = entry["Desktop Entry"]["Icon"]
    assert name.startswith("./")
    return folder / name


@icons
def test_face(contacts, person, old):
    folder = contacts.path / person
    assert icon(folder).read_bytes() == old
    assert (folder / PATH).stat().st_size == len((folder / PATH).read_bytes())
    assert (folder / PATH).stat().st_ino not in (folder.stat().st_ino, contacts.photo(person).stat().st_ino)


@icons
def test_not_listed(contacts, run, person):
    assert PATH not in os.listdir(contacts.path / person)
    assert PATH not in run("find", contacts.path).out
    assert contacts.mutations() == []


def test_absent_without_the_option(contacts, person):
    assert icon(contacts.path / person) is None


@pytest.mark.keep_bytes
@icons
def test_nobody_without_a_photo(contacts, run, faces):
    person = contacts.without_photo()
    assert icon(contacts.path / person) is None
    run("cp", faces.face(1), contacts.photo(person))
    assert icon(contacts.path / person).read_bytes() == faces.face_bytes(1)
    run("rm", contacts.photo(person))
    assert icon(contacts.path / person) is None


@icons
def test_read_only(contacts, run, person, tmp_path):
    file = contacts.path / person / PATH
    before = file.read_bytes()
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
        with pytest.raises(PermissionError):
            os.open(file, flags)
    with pytest.raises(PermissionError):
        os.truncate(file, 1)
    with pytest.raises(FileNotFoundError):
        file.unlink()
    with pytest.raises(NotADirectoryError):
        os.listdir(file)
    assert file.read_bytes() == before
    assert run("tail", "-c", "+3", file).raw == before[2:]
    run("cp", "-a", file, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == before


@icons
def test_programs_own(contacts, person):
    """KConfig writes a temporary and renames it: the program's own is found until it is removed."""
    folder = contacts.path / person
    (folder / ".directory.AbCdEf").write_text("[Dolphin]\nViewMode=1\n")
    (folder / ".directory.AbCdEf").rename(folder / PATH)
    assert (folder / PATH).read_text() == "[Dolphin]\nViewMode=1\n"
    (folder / PATH).unlink()
    assert icon(folder) == folder / "./photo.jpg"
    assert contacts.mutations() == []
