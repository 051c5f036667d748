"""docs/security.md names the test that shows each claim: there must be such a test."""

import re
from pathlib import Path

from conftest import ROOT

PAGE = (ROOT / "docs/security.md").read_text()
FILES = [path for path in (ROOT / "tests").rglob("test[-_]*") if path.suffix in (".py", ".c")]
TEXT = "".join(path.read_text() for path in FILES)


def test_files_that_are_named_are_there():
    named = set(re.findall(r"`(?:tests/\w+/)?(test[-_][\w-]+\.(?:py|c))`", PAGE))
    assert len(named) > 10 and named - {path.name for path in FILES} == set()
    assert [path for path in re.findall(r"`(tests/[^`]+)`", PAGE) if not Path(ROOT / path).exists()] == []


def test_tests_that_are_named_are_there():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 10 and {name for name in named if f"def {name}(" not in TEXT} == set()
    assert {name for name in re.findall(r"\.c`: `([\w-]+)`", PAGE) if f"/{name}\"" not in TEXT} == set()


def test_who_is_named_first_has_a_part():
    parts = {re.sub(r"[^a-z ]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^## (.*)$", PAGE, re.MULTILINE)}
    named = set(re.findall(r"\]\(#([\w-]+)\)", PAGE))
    assert named and named <= parts
