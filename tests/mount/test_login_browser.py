"""The login in a real browser: a person reads the consent page and clicks, and reads the page at the end."""

import os

import pytest

from browsers import Browser
from conftest import CONTACTFS, eventually
from logins import Desk


@pytest.fixture
def browser(run, tmp_path):
    if not os.path.ismount("/dev/shm"):
        pytest.skip("no /dev/shm, which Chromium needs")
    folder = tmp_path / "chromium"
    folder.mkdir()
    made = Browser(run, folder)
    yield made
    made.close()


@pytest.fixture
def desk(run, tmp_path, emulator):
    made = Desk(run, CONTACTFS, tmp_path / "desk", emulator)
    emulator.consent(page=True)
    yield made
    made.close()


def test_the_round_trip(desk, browser):
    attempt = desk.begin()
    browser.open(attempt.url)
    browser.click("deny")
    eventually(lambda: browser.title == "The login did not work – contactfs")
    assert attempt.finish().status == 1

    attempt = desk.begin()
    browser.open(attempt.url)
    browser.click("allow")
    eventually(lambda: "tick the box" in browser.evaluate("document.body.innerText"))
    assert attempt.finish().status == 1

    attempt = desk.begin()
    browser.open(attempt.url)
    browser.click("scope")
    browser.click("allow")
    eventually(lambda: browser.title == "You are logged in – contactfs")
    assert attempt.finish().status == 0
    colors = []
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        colors.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colors == ["rgb(246, 247, 249)", "rgb(22, 24, 29)"]
    assert "you@example.com" in browser.evaluate("document.querySelector('[role=status]').innerText")
    assert browser.evaluate("document.referrer") in ("", f"{desk.emulator.api_url}/")
