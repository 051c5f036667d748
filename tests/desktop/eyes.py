"""What is on the screen, as a screen reader reads it (AT-SPI): a process of its own, since a client that lives long and runs
no main loop comes to wait for programs that wait for it.

    eyes.py               a line for each thing that has a name: its role, a tab, its name
    eyes.py press LABEL   presses the button whose name matches the regular expression; 1: there is none now
"""

import re
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

MOST = 200  # children that one looks at


def below(thing):
    """What is visible, depth first. SHOWING would say more, but GTK 4 does not tell it."""
    for index in range(min(thing.get_child_count(), MOST)):
        child = thing.get_child_at_index(index)
        if child is not None and child.get_state_set().contains(Atspi.StateType.VISIBLE):
            yield child
            yield from below(child)


def things():
    screen = Atspi.get_desktop(0)
    for index in range(screen.get_child_count()):
        program = screen.get_child_at_index(index)
        if program is None:
            continue
        try:
            yield from below(program)
        except GLib.Error:
            pass  # it went away while we looked


def button_of(thing):
    """The button that a thing is, or is the label of (GTK 4), or None."""
    for _ in range(3):
        if thing is None or thing.get_role() == Atspi.Role.PUSH_BUTTON:
            return thing
        thing = thing.get_parent()
    return None


def main(command=None, label=None):
    Atspi.set_timeout(2000, 2000)
    for thing in things():
        name = (thing.get_name() or "").replace("\n", " ")
        if command is None and name:
            print(thing.get_role_name(), name, sep="\t")
        elif command == "press" and re.search(label, name):
            button = button_of(thing)
            if button is not None:
                button.get_action_iface().do_action(0)
                return 0
    return 0 if command is None else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
