from chores import MAGENTA, Chores
from managers import Dolphin


class TestDolphin(Chores):
    manager = Dolphin

    def test_a_folder_shows_its_face(self, contacts, manager, desktop, plain):
        """As a preview of what is in it, also without --folder-icons: KIO looks for no .directory on a FUSE mount."""
        contacts.photo(contacts.person()).write_bytes(plain(MAGENTA).read_bytes())
        manager.open(contacts.path)
        desktop.wait_words("Alice Smith")
        desktop.wait_colour(MAGENTA)
