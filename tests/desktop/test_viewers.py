"""Programs that show a picture and turn it in place, as a person uses them."""

import pytest
from eventually import eventually

from screen import missing


class Viewer:
    """A contact's photo in a window, turned and saved by keys."""

    program = None
    title = "photo.jpg"

    @pytest.fixture(autouse=True)
    def window(self, desktop, contacts, faces, run):
        if missing(self.program):
            pytest.skip(f"{self.program} is not installed (./dev desktop installs it)")
        self.desktop, self.contacts = desktop, contacts
        self.person = contacts.person()
        run("cp", faces.face(1), contacts.photo(self.person))
        self.shown = contacts.served(self.person)
        process = desktop.start(*self.command(contacts.photo(self.person)), cwd="/")
        desktop.activate(self.title)
        yield
        process.kill()
        process.wait()

    def test_turned(self):
        before = self.contacts.mutations(self.person)
        self.turn()
        eventually(lambda: self.contacts.mutations(self.person) == [*before, "PATCH"])
        eventually(lambda: self.contacts.photo(self.person).read_bytes() == self.contacts.served(self.person) != self.shown)
        assert self.shown in self.contacts.previous(self.person)
        assert self.contacts.mount.error(self.person) is None

    def test_turned_in_vain(self):
        """The photo that was there is still there, and the turned one is in .rejected."""
        self.contacts.mount.allowed.append(".*")
        self.contacts.emulator.fault("status", method="PATCH", times=-1, status=403)
        self.turn()
        eventually(lambda: self.contacts.mount.error(self.person))
        eventually(lambda: self.contacts.photo(self.person).read_bytes() == self.contacts.served(self.person) == self.shown)
        assert len(self.contacts.rejected(self.person)) == 1


class TestFeh(Viewer):
    program = "feh"

    def command(self, photo):
        return ["feh", "--edit", photo]

    def turn(self):
        self.desktop.keys("greater")


class TestGthumb(Viewer):
    program = "gthumb"

    def command(self, photo):
        return ["gthumb", photo]

    def turn(self):
        self.desktop.wait_words("1/1")  # it is shown
        self.desktop.keys("bracketright")
