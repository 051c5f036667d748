"""contactfs import: whom each picture is of, what is asked and said, and going on where it stopped."""

import errno
import json
import os

import pytest
from conftest import CONTACTFS, Contacts
from eventually import eventually
from terminals import Terminal


@pytest.fixture
def pictures(tmp_path):
    path = tmp_path / "pictures"
    path.mkdir()
    return path


@pytest.fixture
def bring(run, contacts, pictures):
    """Runs contactfs import on the pictures; its report."""
    def call(*words, paths=None, status=0):
        ended = run(CONTACTFS, "import", "--yes", "--json", *words, *(paths or [pictures]), contacts.path,
                    env=contacts.mount.env, check=False)
        assert ended.status == status, ended
        return json.loads(ended.out)
    return call


def by_file(report):
    return {os.path.basename(picture["file"]): picture for picture in report["pictures"]}


def states(report):
    return {name: picture["state"] for name, picture in by_file(report).items()}


def put(pictures, faces, name, number=1):
    path = pictures / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(faces.face_bytes(number))
    return path.read_bytes()


@pytest.mark.keep_bytes
def test_by_name_address_number_and_id(contacts, faces, pictures, bring):
    wanted = {
        "Tom Becker": put(pictures, faces, "Becker, Tom (1).jpg", 1),
        "Søren Østergård": put(pictures, faces, "class 7a/soeren_oestergaard-2024.JPG", 2),
        "+1 555 0199": put(pictures, faces, "001-555-0199.jpg", 3),
        "Priya Raman": put(pictures, faces, contacts.resource("Priya Raman").split("/")[1] + ".jpg", 4),
        "Corner Garage": put(pictures, faces, "corner.garage", 5),  # a picture by its beginning
    }
    report = bring()
    assert report["placed"] == 5 and set(states(report).values()) == {"placed"}
    for person, picture in wanted.items():
        assert contacts.held(person) == picture, person


def test_what_is_left_alone(contacts, faces, pictures, bring):
    before = {person: contacts.held(person) for person in os.listdir(contacts.path)}
    put(pictures, faces, "maria garcia.jpg", 1)
    put(pictures, faces, "priya.jpg", 2)
    put(pictures, faces, "Tom Becker.jpg", 3)
    put(pictures, faces, "tom_becker (1).jpg", 4)
    put(pictures, faces, "Ben Carter.jpg", 5)  # has a photo
    put(pictures, faces, ".hidden/Dad.jpg", 6)
    (pictures / "notes.txt").write_text("hello")
    (pictures / "Corner Garage.jpg").write_text("hello")
    report = bring(status=3)
    told = by_file(report)
    assert states(report) == {"maria garcia.jpg": "ambiguous", "priya.jpg": "nobody", "Tom Becker.jpg": "double",
                              "tom_becker (1).jpg": "double", "Ben Carter.jpg": "kept", "Corner Garage.jpg": "no picture"}
    assert told["maria garcia.jpg"]["others"] == ["Maria Garcia", "Maria Garcia (mgarcia@example.net)"]
    assert told["priya.jpg"]["others"][0] == "Priya Raman" and len(told["priya.jpg"]["others"]) == 3
    assert {person: contacts.held(person) for person in before} == before


def test_replace(contacts, faces, pictures, bring, run, tmp_path):
    """smaller: by pixels; all: whatever is there, which is in .previous then."""
    old = contacts.held("Ben Carter")
    large = put(pictures, faces, "Ben Carter.jpg", 1)  # 240 × 240; those of the service have 64
    assert states(bring("--replace", "smaller")) == {"Ben Carter.jpg": "placed"}
    assert contacts.held("Ben Carter") == large and contacts.previous("Ben Carter") == [old]
    put(pictures, faces, "Ben Carter.jpg", 2)
    assert states(bring("--replace=smaller", status=3)) == {"Ben Carter.jpg": "kept"}
    assert states(bring("--replace=all")) == {"Ben Carter.jpg": "placed"}
    assert contacts.held("Ben Carter") == faces.face_bytes(2)
    assert states(bring("--replace=all")) == {"Ben Carter.jpg": "placed"}
    assert len(contacts.mutations("Ben Carter")) == 2, "the same picture was sent again"


def test_table(contacts, faces, pictures, bring, tmp_path):
    put(pictures, faces, "IMG_1.jpg", 1)
    put(pictures, faces, "sub/IMG_2.jpg", 2)
    put(pictures, faces, "IMG_3.jpg", 3)
    put(pictures, faces, "Tom Becker.jpg", 4)
    table = tmp_path / "who.csv"
    table.write_text('\ufefffile,contact\r\nIMG_1.jpg,"Priya Raman"\r\nsub/IMG_2.jpg,+1 555 0199\r\n\r\nIMG_3.jpg,Nobody\r\n'
                     'IMG_4.jpg,Dad\r\n', encoding="utf-8")
    report = bring("--map", table, status=3)
    assert states(report) == {"IMG_1.jpg": "placed", "IMG_2.jpg": "placed", "IMG_3.jpg": "nobody", "Tom Becker.jpg": "nobody",
                              "IMG_4.jpg": "no picture"}
    assert by_file(report)["IMG_2.jpg"]["contact"] == "+1 555 0199"


def test_a_table_that_says_two_things(contacts, faces, pictures, bring, tmp_path):
    put(pictures, faces, "Tom Becker.jpg")
    table = tmp_path / "who.csv"
    table.write_text("Tom Becker.jpg;Tom Becker\nTom Becker.jpg;Dad\n")
    assert states(bring("--map", table, status=3)) == {"Tom Becker.jpg": "ambiguous"}


@pytest.mark.refused
def test_refused_with_the_reason(contacts, faces, pictures, bring):
    (pictures / "Tom Becker.jpg").write_bytes(faces.cut.read_bytes())
    put(pictures, faces, "Priya Raman.jpg")
    report = bring(status=3)
    told = by_file(report)
    assert states(report) == {"Tom Becker.jpg": "failed", "Priya Raman.jpg": "placed"}
    assert told["Tom Becker.jpg"]["errno"] == errno.EINVAL and "cut off" in told["Tom Becker.jpg"]["reason"]


def test_the_plan_alone(contacts, run, faces, pictures):
    put(pictures, faces, "Tom Becker.jpg")
    ended = run(CONTACTFS, "import", "--dry-run", pictures, contacts.path, env=contacts.mount.env)
    assert "Tom Becker.jpg → Tom Becker: no photo yet" in ended.out and "1 to place" in ended.out
    assert contacts.held("Tom Becker") is None


def test_nobody_to_ask(contacts, run, faces, pictures):
    put(pictures, faces, "Tom Becker.jpg")
    ended = run(CONTACTFS, "import", pictures, contacts.path, env=contacts.mount.env, check=False)
    assert ended.status == 2 and "--yes" in ended.errors
    assert contacts.held("Tom Becker") is None


def test_nothing_given(contacts, run):
    ended = run(CONTACTFS, "import", contacts.path, env=contacts.mount.env, check=False)
    assert ended.status == 2 and "no pictures" in ended.errors


def on_terminal(contacts, words, columns=100):
    return Terminal([CONTACTFS, *words], contacts.mount.env, columns)


@pytest.mark.parametrize("answer", ["n", "y"])
def test_it_asks_on_a_terminal(contacts, faces, pictures, answer):
    put(pictures, faces, "Tom Becker.jpg")
    terminal = on_terminal(contacts, ["import", pictures, contacts.path])
    terminal.wait_for("Place 1 of 1 pictures? [y/N]")
    terminal.type(answer + "\n")
    assert terminal.end() == (0 if answer == "y" else 3)
    assert (contacts.held("Tom Becker") is not None) == (answer == "y")


@pytest.mark.options("--sync-interval", "1")
def test_people_who_swap_their_names_meanwhile(contacts, faces, pictures):
    """The plan is about people, not about names."""
    tom, priya = contacts.resource("Tom Becker"), contacts.resource("Priya Raman")
    put(pictures, faces, "Tom Becker.jpg")
    terminal = on_terminal(contacts, ["import", pictures, contacts.path])
    terminal.wait_for("Place 1 of 1 pictures? [y/N]")
    contacts.emulator.rename_person(tom, "Priya", "Raman")
    contacts.emulator.rename_person(priya, "Tom", "Becker")
    eventually(lambda: contacts.resource("Tom Becker") == priya)
    terminal.type("y\n")
    assert terminal.end() == 3 and b"somebody else" in terminal.shown
    assert contacts.held("Tom Becker") is None and contacts.held("Priya Raman") is None


def test_a_photo_that_came_meanwhile(contacts, faces, pictures):
    put(pictures, faces, "Tom Becker.jpg", 1)
    terminal = on_terminal(contacts, ["import", pictures, contacts.path])
    terminal.wait_for("Place 1 of 1 pictures? [y/N]")
    contacts.photo("Tom Becker").write_bytes(faces.face_bytes(2))
    terminal.type("y\n")
    assert terminal.end() == 3 and b"meanwhile" in terminal.shown
    assert contacts.held("Tom Becker") == faces.face_bytes(2)


LETTERS = "abcdefghij"


@pytest.fixture
def class_of_ten(emulator, mount, faces, pictures):
    """Ten more people, and a picture of each."""
    for number, letter in enumerate(LETTERS):
        emulator.create_person("Person", f"Number{letter}")
        put(pictures, faces, f"person_number{letter}.jpg", number)
    return Contacts(emulator, mount(emulator, "--writes-per-minute", "0"))


def test_ctrl_c_ends_after_the_picture_under_way(class_of_ten, pictures, run):
    """And the same command goes on."""
    contacts, people = class_of_ten, [f"Person Number{letter}" for letter in LETTERS]
    contacts.emulator.fault("delay", method="PATCH", times=-1, delay_ms=3000)
    terminal = on_terminal(contacts, ["import", "--yes", pictures, contacts.path])
    contacts.emulator.wait_requests(2, method="PATCH")
    terminal.type("\x03")
    terminal.wait_for("ending after the picture under way")
    contacts.emulator.clear_faults()
    assert terminal.end() == 3 and b"the same command goes on" in terminal.shown
    placed = [person for person in people if contacts.held(person) is not None]
    assert placed == people[:2]
    assert all(contacts.mount.error(person) is None and contacts.rejected(person) == [] for person in people)
    ended = run(CONTACTFS, "import", "--yes", "--json", pictures, contacts.path, env=contacts.mount.env, check=False)
    report = json.loads(ended.out)
    assert ended.status == 0 and (report["already"], report["placed"]) == (2, 8)
    assert len(contacts.emulator.requests(method="PATCH")) == len(people), "none was sent twice"


def test_bar(class_of_ten, pictures):
    terminal = on_terminal(class_of_ten, ["import", "--yes", pictures, class_of_ten.path])
    assert terminal.end() == 0
    assert b"] 0/10 placed" in terminal.shown and b"] 10/10 placed" in terminal.shown


@pytest.mark.parametrize("columns", [5, 30])
def test_narrow_terminal(class_of_ten, pictures, columns):
    """No line of the bar is as wide as the terminal."""
    terminal = on_terminal(class_of_ten, ["import", "--yes", "--json", pictures, class_of_ten.path], columns)
    assert terminal.end() == 0
    drawn = [part.split(b"\r")[0] for part in terminal.shown.split(b"\r\x1b[K")[1:-1]]
    assert drawn and all(len(line) < columns for line in drawn), drawn


def test_quiet(contacts, faces, pictures, run):
    put(pictures, faces, "Tom Becker.jpg")
    ended = run(CONTACTFS, "import", "--yes", "--quiet", pictures, contacts.path, env=contacts.mount.env)
    assert ended.out == ""


@pytest.mark.keep_bytes
def test_by_an_address_or_a_number_that_no_folder_shows(contacts, faces, pictures, bring):
    """Of two people with one address, neither."""
    emulator = contacts.emulator
    emulator.person("change", emulator.find("Tom Becker"), fields={"emailAddresses": [{"value": "tom.becker@example.com"}, {
        "value": "family@example.com"}]})
    emulator.person("change", emulator.find("Priya Raman"), fields={"emailAddresses": [{"value": "family@example.com"}]})
    contacts.mount.remount()
    eventually(lambda: b"family" in os.getxattr(contacts.path / "Priya Raman", "user.contactfs.emails")
               and b"family" in os.getxattr(contacts.path / "Tom Becker", "user.contactfs.emails"))
    tom = put(pictures, faces, "TOM.BECKER@example.com.jpg", 1)
    put(pictures, faces, "family@example.com.jpg", 2)
    report = bring(status=3)
    assert states(report) == {"TOM.BECKER@example.com.jpg": "placed", "family@example.com.jpg": "ambiguous"}
    assert emulator.photo_bytes(emulator.find("Tom Becker")) == tom
    put(pictures, faces, "0049-555 0109.jpg", 3)
    assert by_file(bring("--replace", "all", paths=[pictures / "0049-555 0109.jpg"]))["0049-555 0109.jpg"]["contact"] == "Tom Becker"


@pytest.mark.parametrize("row", ["portraits\\\\Tom Becker.jpg,Dad", "tom becker.jpg,Dad", "Tom Becker,Dad", "Tom  Becker.jpg,Dad"])
def test_a_row_that_hits_nothing_does_not_let_a_name_decide(contacts, faces, pictures, bring, tmp_path, row):
    put(pictures, faces, "Tom Becker.jpg")
    table = tmp_path / "who.csv"
    table.write_text(row + "\n")
    assert states(bring("--map", table, status=3))["Tom Becker.jpg"] == "nobody"
    assert contacts.emulator.requests(method="PATCH") == []


@pytest.mark.parametrize("text", [b"a.jpg,Becker, Tom\n", b'a.jpg, "Becker, Tom"\n', b"a.jpg,Dad\0\nb.jpg,Dad\n"])
def test_a_table_that_is_none(contacts, faces, pictures, run, tmp_path, text):
    put(pictures, faces, "a.jpg")
    table = tmp_path / "who.csv"
    table.write_bytes(text)
    ended = run(CONTACTFS, "import", "--yes", "--map", table, pictures, contacts.path, env=contacts.mount.env, check=False)
    assert ended.status == 1 and ended.errors.startswith("contactfs: ") and contacts.emulator.requests(method="PATCH") == []


def test_a_folder_without_pictures_was_meant_for_a_mount(contacts, faces, pictures, run, tmp_path):
    put(pictures, faces, "Tom Becker.jpg")
    (tmp_path / "contacts-work").mkdir()
    ended = run(CONTACTFS, "import", "--yes", pictures, tmp_path / "contacts-work", contacts.path, env=contacts.mount.env, check=False)
    assert ended.status == 1 and "has no pictures, and is no contactfs mount" in ended.errors
    ended = run(CONTACTFS, "import", "--yes", pictures, contacts.path / "Alice Smith", contacts.path, env=contacts.mount.env, check=False)
    assert ended.status == 2 and "give one contact a picture with cp" in ended.errors
    assert contacts.emulator.requests(method="PATCH") == []


@pytest.mark.options("--label", "Choir")
def test_people_who_are_not_shown_count(contacts, faces, pictures, run):
    put(pictures, faces, "Alice Smith.jpg")
    assert contacts.mount.status()["hidden"] > 0
    ended = run(CONTACTFS, "import", "--yes", pictures, contacts.path, env=contacts.mount.env, check=False)
    assert ended.status == 1 and "does not show everybody (--label)" in ended.errors
    assert contacts.emulator.requests(method="PATCH") == []
