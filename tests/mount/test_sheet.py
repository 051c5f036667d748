"""contactfs sheet: a page with every face and name."""

import base64
import contextlib
import html.parser
import io
import os
import random
import re
import signal
import subprocess
from pathlib import Path

import pytest
from browsers import Browser
from changes import await_change
from conftest import BUILD, CONTACTFS
from eventually import eventually
from PIL import Image

FACE_PIXELS = 288  # at most, of a face on the page


class Page(html.parser.HTMLParser):
    """The people on a page: name → face as bytes, or initials as text."""

    def __init__(self, path):
        super().__init__()
        self.people, self.addresses, self._face, self._text = {}, [], None, None
        self.text = path.read_text()
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.addresses += [attributes[name] for name in ("src", "href") if name in attributes]
        if tag == "img":
            self._face = base64.b64decode(attributes["src"].partition(";base64,")[2])
        elif tag in ("b", "figcaption"):
            self._text = ""

    def handle_data(self, data):
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag):
        if tag == "b":
            self._face, self._text = self._text, None
        elif tag == "figcaption":
            self.people[self._text], self._text = self._face, None


@pytest.fixture
def sheet(run, contacts, tmp_path):
    def make(*words, check=True, name="faces.html"):
        ended = run(CONTACTFS, "sheet", *words, tmp_path / name, contacts.path, env=contacts.mount.env, check=check)
        return Page(tmp_path / name) if check else ended
    return make


def test_every_face_and_name(contacts, sheet):
    page = sheet()
    assert sorted(page.people) == sorted(os.listdir(contacts.path))
    for name, face in page.people.items():
        folder = contacts.path / name
        if (folder / "photo.jpg").exists() or (folder / "profile.jpg").exists():
            assert max(Image.open(io.BytesIO(face)).size) <= FACE_PIXELS
        else:
            assert face == {"Tom Becker": "TB", "Søren Østergård": "SØ", "+1 555 0199": "#", "Corner Garage": "CG"}[name]
    assert all(address.startswith("data:image/") for address in page.addresses), "it needs nothing else"
    assert "<h1 dir=\"auto\">Contacts</h1>" in page.text
    assert contacts.emulator.requests(method="PATCH") == []


def test_large_photos_become_small_and_tell_no_place(contacts, sheet, faces, run, tmp_path):
    picture = tmp_path / "portrait.jpg"
    picture.write_bytes(faces.face_bytes(3))
    run("exiftool", "-q", "-GPSLatitude=52.5", "-GPSLatitudeRef=N", "-Comment=secret words", "-overwrite_original", picture)
    run("cp", picture, contacts.path / "Ben Carter/photo.jpg")
    face = sheet().people["Ben Carter"]
    assert len(face) <= 48 * 1024 and b"secret words" not in face and b"Exif" not in face


def test_names_are_text(contacts, sheet):
    emulator = contacts.emulator
    evil = emulator.create_person("<script>alert(1)</script>", "\"&'")
    emulator.rename_person(emulator.find("Ben Carter"), "A&B", "<i>")
    contacts.mount.remount()  # the first delta comes soon
    name = "<script>alert(1)<_script> \"&'"
    eventually(lambda: {name, "A&B <i>"} <= set(os.listdir(contacts.path)))
    page = sheet()
    assert evil and {name, "A&B <i>"} <= set(page.people)
    assert page.text.count("<script>") == 1


def test_those_with_a_label(contacts, sheet, tmp_path):
    page = sheet("--label", "Choir")
    assert sorted(page.people) == sorted(os.listdir(contacts.path / ".labels/Choir"))
    assert "<title>Choir</title>" in page.text
    ended = sheet("--label", "Quire", check=False, name="none.html")
    assert ended.status == 1 and "there is no label “Quire”; there are “Choir”, “Neighbours”, “starred”" in ended.errors
    for folder in (".", "..", "../.labels/Choir", ""):
        assert sheet("--label", folder, check=False, name="none.html").status == 1, "no label is called so"
    assert not (tmp_path / "none.html").exists()


def test_a_label_by_its_own_name_and_labels_that_cannot_be_had(contacts, sheet, tmp_path):
    """A/B is the label's name, and A_B its folder's. No answer does not mean no label."""
    emulator = contacts.emulator
    contacts.mount.allowed.append(".*")
    emulator.label("ab", "A/B")
    emulator.carry_labels(emulator.find("Ben Carter"), "ab")
    emulator.fault("status", path="/v1/contactGroups", status=403, times=-1)
    ended = sheet("--label", "A/B", check=False)
    assert ended.status == 1 and "there is no label" not in ended.errors, ended
    emulator.clear_faults()
    contacts.mount.remount()
    eventually(lambda: os.listdir(contacts.path / ".labels/A_B") == ["Ben Carter"])
    assert list(sheet("--label", "A/B").people) == ["Ben Carter"]


def test_a_face_that_cannot_be_had(contacts, sheet, tmp_path):
    contacts.mount.allowed.append(".*")
    contacts.emulator.fault("status", origin="photo", status=404, times=-1)
    ended = sheet(check=False)
    assert ended.status == 3, ended
    assert "Alice Smith: the face is left out: " in ended.errors
    assert Page(tmp_path / "faces.html").people["Alice Smith"] == "AS"


def test_an_older_page_stays_until_the_new_one_is_whole(contacts, sheet, run, tmp_path):
    old = sheet().text
    contacts.mount.terminate()
    contacts.mount.start()
    contacts.emulator.reset_requests()
    for folder in contacts.mount.state.glob("cache/**/*"):
        if folder.is_file():
            folder.unlink()
    contacts.emulator.fault("hang", origin="photo", times=-1)
    making = run.start(CONTACTFS, "sheet", tmp_path / "faces.html", contacts.path, env=contacts.mount.env,
                       stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, origin="photo")
    making.send_signal(signal.SIGINT)
    contacts.emulator.clear_faults()
    contacts.mount.allowed.append(".*")
    errors = making.communicate()[1].decode()
    assert making.returncode == 1 and re.search(r"stopped after \d+ of 20 people; no page was made", errors), errors
    assert (tmp_path / "faces.html").read_text() == old
    assert not [name for name in os.listdir(tmp_path) if name.startswith("faces.html.")]


@pytest.mark.parametrize("where", ["missing/faces.html", ""])
def test_no_place_for_it(contacts, run, tmp_path, where):
    ended = run(CONTACTFS, "sheet", tmp_path / where, contacts.path, env=contacts.mount.env, check=False)
    assert ended.status == 1 and ended.errors.startswith("contactfs: ")


def face_of_noise(number):
    """A JPEG as large as a face on the page may be."""
    picture = Image.frombytes("RGB", (FACE_PIXELS, FACE_PIXELS), random.Random(number).randbytes(FACE_PIXELS * FACE_PIXELS * 3))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=35)
    return data.getvalue()


def memory_for(contacts, path, words):
    """The most that contactfs sheet had in memory, in KiB. It is looked at when the page is there, and nobody reads what it says."""
    there, here = os.pipe()
    os.set_blocking(here, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(here, bytes(4096))
    os.set_blocking(here, True)
    making = subprocess.Popen([CONTACTFS, "sheet", *words, path, contacts.path], env=contacts.mount.env, stdout=here)
    os.close(here)
    await_change(path.parent, path.exists)
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{making.pid}/status").read_text())
    with open(there, "rb") as said:
        assert b" people" in said.read()
    assert making.wait() == 0
    return int(peak[1])


@pytest.mark.skipif(not (BUILD / "tests/preload/libno-memory.so").exists(), reason="sanitizers keep what is freed")
@pytest.mark.keep_bytes
@pytest.mark.emulator("--people", "200", "--photos", "none")
def test_faces_are_not_all_in_memory(contacts, tmp_path):
    """Of 200 faces, those of a fifth need as much as all of them."""
    for number, person in enumerate(contacts.emulator.people()):
        contacts.emulator.set_photo(person["resourceName"], face_of_noise(number))
    contacts.mount.remount()
    eventually(lambda: all("photo.jpg" in contacts.listed(name) for name in os.listdir(contacts.path)))
    few = memory_for(contacts, tmp_path / "few.html", ["--label", "starred"])
    many = memory_for(contacts, tmp_path / "many.html", [])
    grown = (tmp_path / "many.html").stat().st_size - (tmp_path / "few.html").stat().st_size
    assert grown > 4 * 1024 * 1024
    assert many - few < grown / 1024 / 4, f"{few} KiB for a fifth of the people, {many} KiB for all"


# ---- in a browser ----

@pytest.fixture
def browser(run, tmp_path):
    with_profile = Browser(run, tmp_path)
    yield with_profile
    with_profile.close()


def test_search_and_colours(sheet, browser, tmp_path):
    sheet()
    browser.open(f"file://{tmp_path}/faces.html")
    assert browser.title == "Contacts"

    def shown(words):
        return browser.evaluate("(() => { const search = document.getElementById('search'); search.value = %s;"
                                "search.dispatchEvent(new Event('input'));"
                                "return [...document.querySelectorAll('figure')].filter(one => !one.hidden).map(one => "
                                "one.querySelector('figcaption').textContent); })()" % repr(words))
    assert len(shown("")) == 20
    assert shown("zoe mull") == shown("MÜLLER zoë") == ["Zoë Müller"]
    assert shown("garcia") == ["Maria Garcia", "Maria Garcia (mgarcia@example.net)"]
    assert shown("nobody at all") == []
    assert browser.evaluate("document.getElementById('count').textContent") == "0 of 20 people"
    shown("")
    assert browser.evaluate("[...document.images].every(one => one.complete && one.naturalWidth > 0)")
    assert browser.evaluate("getComputedStyle([...document.querySelectorAll('figcaption')].find(one => "
                            "one.textContent.includes('נועה'))).direction") == "rtl"
    colours = {}
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        colours[scheme] = browser.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
    assert colours == {"light": ["rgb(255, 255, 255)", "rgb(27, 27, 27)"], "dark": ["rgb(22, 22, 22)", "rgb(236, 236, 236)"]}


def test_on_paper(contacts, sheet, run, tmp_path):
    sheet()
    run("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile",
        "--no-pdf-header-footer", f"--print-to-pdf={tmp_path}/faces.pdf", f"file://{tmp_path}/faces.html", check=False)
    data = (tmp_path / "faces.pdf").read_bytes()
    boxes = {tuple(round(float(side)) for side in box.split()) for box in re.findall(rb"/MediaBox \[([^]]*)\]", data)}
    assert boxes == {(0, 0, 595, 842)}, "A4"
    assert data.count(b"/Type /Page\n") in (0, 1), "twenty faces are one page"


def test_a_new_page_that_fails_leaves_nothing(contacts, run, tmp_path):
    """With faces in it, too."""
    contacts.emulator.fault("hang", origin="photo", times=-1)
    contacts.mount.allowed.append(".*")
    (tmp_path / "out").mkdir()
    making = run.start(CONTACTFS, "sheet", tmp_path / "out/faces.html", contacts.path, env=contacts.mount.env, stderr=subprocess.PIPE)
    contacts.emulator.wait_requests(1, origin="photo")
    making.send_signal(signal.SIGINT)
    contacts.emulator.clear_faults()
    making.communicate()
    assert making.returncode == 1 and os.listdir(tmp_path / "out") == []
    ended = run(CONTACTFS, "sheet", contacts.path / "Alice Smith/faces.html", contacts.path, env=contacts.mount.env, check=False)
    assert ended.status == 1 and os.listdir(contacts.path / "Alice Smith") == ["photo.jpg"]
