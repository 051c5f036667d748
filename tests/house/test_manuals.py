"""Manual pages: every option of --help, and no other; nothing that groff or mandoc complains of."""

import os
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, ROOT, output

PROGRAMS = ["contactfs", "people-emulator"]


@pytest.fixture(params=PROGRAMS)
def manual(request):
    path = BUILD / f"docs/{request.param}.1"
    if not path.exists():
        pytest.skip("built without scdoc")
    return request.param, path


def rendered(path):
    plain = {**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": "", "MANOPT": "--no-hyphenation"}
    return output("man", "-l", path, env={**plain, "MANPAGER": "cat"})


def test_every_option_and_no_other(manual, programs):
    program, path = manual
    text = rendered(path)
    section = text[text.index("\nOPTIONS\n"):]
    described = set()
    for line in section.splitlines():
        if re.match(r" {7}-", line):
            described.update(re.findall(r"--([a-z][a-z-]*)", line))
    assert described == programs.all_options(program) | {"help", "version"}


def test_every_command(programs):
    path = BUILD / "docs/contactfs.1"
    if not path.exists():
        pytest.skip("built without scdoc")
    text = rendered(path)
    section = text[text.index("\nCOMMANDS\n"):text.index("\nOPTIONS\n")]
    assert set(re.findall(r"^ {7}([a-z]+)(?= |$)", section, re.MULTILINE)) == set(programs.commands)


def test_one_line_for_fstab(programs):
    """The same everywhere, that nobody wonders which is right."""
    texts = [output("contactfs", "--help", env=programs.env)]
    texts += [path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "docs/contactfs.1.scd")]
    lines = [line.strip() for text in texts for line in text.splitlines() if re.search(r"\sfuse\.contactfs\s.*\s0$", line)]
    assert len(lines) >= 4 and set(lines) == {"default  /home/me/contacts  fuse.contactfs  noauto,user,_netdev  0  0"}


def test_what_is_said_names_no_file_of_the_repository():
    """Whoever installed the package has the manual, and not these folders."""
    strings = re.compile(r'"[^"\n]*\b(?:docs|src|tests)/[^"\n]*"')
    rooms = ("src/cli", "src/settings", "src/mounts", "src/desktop", "src/folder", "src/draft", "src/sync", "src/photo", "src/book", "src/people", "src/login", "src/account", "src/net", "src/image", "src/match", "src/portraits", "src/terminal",
             "fs")
    found = [(path.name, line) for room in rooms for path in (ROOT / room).glob("*.c")
             for line in path.read_text().splitlines() if strings.search(line) and not line.lstrip().startswith(("#", "*", "/*"))]
    assert found == []


def test_groff_has_no_complaint(manual):
    ended = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", manual[1]], check=True,
                           capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": ""})
    assert ended.stderr == ""


def test_mandoc_has_no_complaint(manual):
    """But for empty paragraphs, which scdoc writes between its blocks."""
    if shutil.which("mandoc") is None:
        pytest.skip("no mandoc here")
    ended = subprocess.run(["mandoc", "-Tlint", "-W", "warning", manual[1]], check=False, capture_output=True, text=True)
    assert [line for line in ended.stdout.splitlines() if "skipping paragraph macro" not in line] == []
