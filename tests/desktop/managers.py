"""How a person works in each file manager: keys, the words on buttons, and what it says when something failed."""

import re


class Manager:
    """One file manager with its windows. Its kinds say what differs."""

    program = None
    title = "{}"  # of a window that shows a folder
    copied = ("x-special/gnome-copied-files", "copy\n{}")  # what copying a file puts onto the clipboard
    nothing = None  # what a window says of an empty folder, if the keys are lost before it does
    one_file = None  # what a window says of a folder with one file
    names = False  # a screen reader is told the names of files
    replace = None  # the button of the dialog that asks before overwriting
    at_once = True  # it shows the new thumbnail of an overwritten file, in any folder, without being started again
    remove_keys = ("Delete",)
    questions = ()  # what it asks when something is deleted: words, and the button that says yes
    undo = None  # what its undo of a copy asks, as in questions; None: there is no undo
    failure = None  # what its dialog says when a file could not be written
    held = None  # the key that makes a drop a copy, if it would ask

    def __init__(self, desktop):
        self.desktop = desktop
        self.processes = []

    def command(self, folder):
        return [self.program, folder]

    def open(self, folder):
        """A window on the folder, which has the keys."""
        self.processes.append(self.desktop.start(*self.command(folder), cwd="/"))
        self.desktop.activate(self._title_of(folder))

    def _title_of(self, folder):
        return self.title.format(re.escape(folder.name))

    def paste(self, picture):
        """What a person copied elsewhere, into the folder that is open."""
        target, content = self.copied
        self.desktop.put(target, content.format(picture.as_uri()))
        self.desktop.keys("ctrl+v")

    def open_both(self, folder, other):
        """Two windows, the one on folder to the left of the other."""
        self.open(folder)
        self.desktop.to_half("left", self._title_of(folder))
        self.open(other)
        self.desktop.to_half("right", self._title_of(other))

    def drag(self, colour, shape="dnd-copy"):
        """What has a thumbnail of this colour, from the left to the right."""
        self.desktop.drag(colour, shape, self.held)

    def select_all(self):
        self.desktop.keys("ctrl+a")

    def remove(self):
        """Everything in the folder that is open, and for good if the program says that there is no trash."""
        self.select_all()
        self.desktop.keys(*self.remove_keys)
        self.answer(self.questions)

    def answer(self, questions):
        for words, button in questions:
            self.desktop.wait_words(words)
            self.desktop.press(button)

    def close(self):
        for process in self.processes:
            process.kill()  # not all of them end politely while they ask something
            process.wait()
        self.processes.clear()


class Thunar(Manager):
    program = "thunar"
    title = "^{} - Thunar$"
    one_file = "1 file: "
    replace = "^_?Replace$"
    questions = ((".*Unable to find or create trash", "^_?Yes$"),)
    undo = ((".*permanently delete", "^_?Delete$"),)
    failure = ".*Invalid argument"


class PCManFM(Manager):
    program = "pcmanfm"
    title = "^{}$"
    one_file = "1 item"
    at_once = False
    replace = "^_?Overwrite$"
    questions = ((".*to trash can\\?", "^_?Yes$"), (".*delete them instead", "^_?Yes$"))
    failure = ".*completed with errors"  # and the words, in a text

    def command(self, folder):
        return [self.program, "--new-win", folder]


class Nautilus(Manager):
    program = "nautilus"
    title = "^{}$"
    names = True
    one_file = "photo.jpg"
    replace = "^_?Replace$"
    questions = ((".*delete it immediately", "^_?Delete"),)
    undo = ((".*ermanently", "^_?Delete"),)
    failure = ".*Invalid argument"

    def command(self, folder):
        return [self.program, "--new-window", folder]

    def open(self, folder):
        super().open(folder)
        self.desktop.click_beside()  # it does not give the keys to the files by itself

    def remove(self):
        """It looks in the background whether one may, and loses keys until it knows."""
        self.select_all()
        self.desktop.keys_until(self.questions[0][0], "Delete")
        self.answer(self.questions)


class Nemo(Manager):
    program = "nemo"
    title = "^{}"


class Caja(Manager):
    program = "caja"
    title = "^{}"

    def command(self, folder):
        return [self.program, "--no-desktop", "--browser", folder]


class Dolphin(Manager):
    program = "dolphin"
    title = "^{}"
    names = True
    nothing = ".*(0 Folders, 0 Files|older is empty|0 Files|No items)"
    one_file = "1 File"
    copied = ("text/uri-list", "{}\r\n")
    replace = "^&?Overwrite$"
    remove_keys = ("shift+Delete",)
    questions = ((".*permanently delete", "^&?Delete"),)
    failure = ".*Could not write to file"
    held = "ctrl"
    undo = (*questions, (".*modified at", "^&?Continue$"))  # the second since times are the service's, not the copy's

    def command(self, folder):
        return [self.program, "--new-window", folder]
