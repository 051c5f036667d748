"""contactfs login on a terminal: what it shows while it waits."""

from conftest import CONTACTFS, desk_without_keyring as desk
from logins import Attempt
from terminals import Terminal


def on_terminal(desk, *options):
    words = [CONTACTFS, "login", "--api-url", desk.emulator.api_url, "--client", desk.client, *options]
    return Terminal(words, {**desk.run.env, **desk.env})


def consent(desk):
    attempt = Attempt(desk, None)
    attempt.await_browser()
    return attempt.consent()


def test_the_wait_on_a_terminal(desk):
    terminal = on_terminal(desk)
    terminal.wait_for("waiting for the consent page in the browser, 5 min left")
    assert b"can now show the contacts" in consent(desk).body
    assert terminal.end() == 0 and b"min left\r\x1b[K" in terminal.shown


def test_the_wait_ends_by_ctrl_c(desk):
    terminal = on_terminal(desk)
    terminal.wait_for("min left")
    Attempt(desk, None).await_browser()
    terminal.type("\x03")
    assert terminal.end() == 1
    assert b"min left\r\x1b[Kcontactfs: the login was interrupted: nothing was changed" in terminal.shown
    assert not (desk.config() / "login.json").exists()


def test_a_wait_that_is_quiet(desk):
    terminal = on_terminal(desk, "--quiet")
    assert b"can now show the contacts" in consent(desk).body
    assert terminal.end() == 0 and b"waiting" not in terminal.shown


def test_nothing_is_drawn_over_what_is_pasted(desk):
    """Of the wait there is nothing more once the address is asked for."""
    (desk.folder / "bin/xdg-open").write_text("#!/bin/sh\nexit 3\n")
    terminal = on_terminal(desk, "--timeout", "3")
    terminal.wait_for("paste that page's address here")
    assert terminal.end() == 1 and b"waiting for" not in terminal.shown.split(b"address here")[1]
