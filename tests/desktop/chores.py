"""What people do with contacts in a file manager. Each test_*.py is one file manager that does all of it."""

import pytest
from checks import check
from eventually import eventually

MAGENTA = (200, 20, 160)
ORANGE = (240, 140, 10)


class Chores:
    manager = None

    def test_overwrite(self, contacts, manager, desktop, plain):
        """A picture pasted over photo.jpg: the program asks, sends one picture, and shows the new one at once."""
        person = contacts.person()
        old = contacts.held(person)
        picture = plain(MAGENTA)
        manager.open(contacts.path / person)
        desktop.wait_words(manager.one_file)
        manager.paste(picture)
        desktop.press(manager.replace)
        desktop.wait_requests(contacts, "PATCH")
        if not manager.at_once:
            manager.close()
            manager.open(contacts.path / person)
        desktop.wait_colour(MAGENTA)
        check(contacts, person, picture.read_bytes(), ["PATCH"])
        assert contacts.previous(person) == [old]

    def test_first_photo(self, contacts, manager, desktop, plain):
        """A picture of any name pasted into the folder of somebody without a photo becomes the photo."""
        person = contacts.without_photo()
        picture = plain(ORANGE, "holiday.jpg")
        manager.open(contacts.path / person)
        if manager.nothing is not None:
            desktop.wait_words(manager.nothing)
        manager.paste(picture)
        desktop.wait_requests(contacts, "PATCH")
        desktop.wait_colour(ORANGE)
        check(contacts, person, picture.read_bytes(), ["PATCH"], )

    def test_the_name_of_what_was_dropped(self, contacts, manager, desktop, plain):
        """The open window shows photo.jpg, and no longer me.jpg, without being told to look again."""
        if not manager.names:
            pytest.skip(f"{manager.program} tells a screen reader no names of files")
        person = contacts.without_photo()
        manager.open(contacts.path / person)
        if manager.nothing is not None:
            desktop.wait_words(manager.nothing)
        manager.paste(plain(ORANGE, "me.jpg"))
        desktop.wait_requests(contacts, "PATCH")
        desktop.wait_words("photo\\.jpg")
        desktop.wait_no_words("me\\.jpg")

    def test_remove(self, contacts, manager, desktop):
        """There is no trash: the program says so and deletes for good."""
        person = contacts.person()
        old = contacts.held(person)
        manager.open(contacts.path / person)
        desktop.wait_words(manager.one_file)
        manager.remove()
        desktop.wait_requests(contacts, "DELETE")
        check(contacts, person, None, ["DELETE"])
        assert contacts.previous(person) == [old]

    def test_refused(self, contacts, manager, desktop, faces, tmp_path):
        """Half a picture: the program says in its own dialog that it failed, and the old photo is there."""
        person = contacts.person()
        old = contacts.held(person)
        half = tmp_path / "half" / "photo.jpg"
        half.parent.mkdir()
        half.write_bytes(faces.cut.read_bytes())
        manager.open(contacts.path / person)
        desktop.wait_words(manager.one_file)
        manager.paste(half)
        desktop.press(manager.replace)
        desktop.wait_words(manager.failure)
        assert person in eventually(lambda: contacts.mount.error(person), why="nothing was refused")
        check(contacts, person, old, [])

    def test_undo(self, contacts, manager, desktop, plain):
        """What one pasted is deleted again by the program's undo; what it replaced is in .previous, and can be pasted."""
        if manager.undo is None:
            pytest.skip(f"{manager.program} has no undo")
        person = contacts.without_photo()
        manager.open(contacts.path / person)
        if manager.nothing is not None:
            desktop.wait_words(manager.nothing)
        manager.paste(plain(ORANGE))
        desktop.wait_requests(contacts, "PATCH")
        desktop.wait_colour(ORANGE)
        desktop.keys("ctrl+z")
        manager.answer(manager.undo)
        desktop.wait_requests(contacts, "DELETE")
        check(contacts, person, None, ["PATCH", "DELETE"])

    def test_drag(self, contacts, manager, desktop, plain):
        """A picture dragged from its folder's window into the contact's becomes the photo."""
        person = contacts.without_photo()
        picture = plain(ORANGE, "holiday.jpg")
        manager.open_both(picture.parent, contacts.path / person)
        manager.drag(ORANGE)
        desktop.wait_requests(contacts, "PATCH")
        check(contacts, person, picture.read_bytes(), ["PATCH"])

    def test_drag_over(self, contacts, manager, desktop, plain):
        """The same where there is a photo already: the program asks."""
        person = contacts.person()
        old = contacts.held(person)
        picture = plain(ORANGE)
        manager.open_both(picture.parent, contacts.path / person)
        manager.drag(ORANGE)
        desktop.press(manager.replace)
        desktop.wait_requests(contacts, "PATCH")
        check(contacts, person, picture.read_bytes(), ["PATCH"])
        assert contacts.previous(person) == [old]

    def test_drag_to_another_contact(self, contacts, manager, desktop, plain, run):
        """Within one mount a drop is a move: the photo is the other's then, and no longer the first one's."""
        if manager.held is not None:
            pytest.skip(f"{manager.program} asks what is meant")
        one, other = contacts.person(), contacts.without_photo()
        picture = plain(ORANGE)
        run("cp", picture, contacts.photo(one))
        manager.open_both(contacts.path / one, contacts.path / other)
        manager.drag(ORANGE, "dnd-move")
        desktop.wait_requests(contacts, "DELETE")
        check(contacts, other, picture.read_bytes(), ["PATCH"])
        check(contacts, one, None, ["PATCH", "DELETE"])
