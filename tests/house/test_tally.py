"""The last line of ./dev test: no failure is lost, whatever form it takes, and each is named."""

import subprocess
import sys
from pathlib import Path

import pytest

TALLY = Path(__file__).resolve().parents[1] / "tally.py"


def junit(path, **cases):
    """cases: name → "", "failure", "error" or "skipped"."""
    lines = [f'<testcase classname="{path.stem}" name="{name}">{f"<{what}/>" if what else ""}</testcase>'
             for name, what in cases.items()]
    path.write_text(f"<testsuites><testsuite>{''.join(lines)}</testsuite></testsuites>")
    return path


@pytest.fixture
def tally(tmp_path):
    """tally(status, *results) adds a phase; tally.end() → (exit status, what failed, last line)."""
    class Tally:
        file = tmp_path / "tally"

        def __call__(self, status, *results):
            self.run("add", "phase", str(status), *results)

        def run(self, command, *words):
            subprocess.run([sys.executable, TALLY, command, self.file, *words], check=True)

        def end(self):
            ended = subprocess.run([sys.executable, TALLY, "end", self.file], check=False, capture_output=True, text=True)
            self.printed = ended.stdout
            lines = ended.stdout.splitlines()
            failed = lines[lines.index("== failed") + 1:-2] if "== failed" in lines else []
            return ended.returncode, failed, lines[-1]

    return Tally()


def test_all_is_well(tally, tmp_path):
    tally(0)
    tally(0, junit(tmp_path / "pytest", a="", b="", c="skipped"))
    assert tally.end() == (0, [], "3 passed, 0 failed")


def test_nothing_ran(tally):
    assert tally.end()[0] == 1


def test_a_phase_without_cases_fails(tally):
    tally(1)
    assert tally.end() == (1, ["phase: phase: ended with 1"], "0 passed, 1 failed")


def test_the_second_run_counts(tally, tmp_path):
    first = junit(tmp_path / "pytest", a="", b="failure", c="error")
    again = tmp_path / "again"
    again.mkdir()
    tally(0, first, junit(again / "pytest", b="", c=""), tmp_path / "none.xml")
    assert tally.end() == (0, [], "3 passed, 0 failed")
    tally(1, first, junit(again / "pytest", b="", c="failure"))
    assert tally.end() == (1, ["phase: pytest: c"], "5 passed, 1 failed")


def test_a_program_that_did_not_come_to_cases(tally, tmp_path):
    tally(3, tmp_path / "none.xml")
    assert tally.end() == (1, ["phase: phase: ended with 3"], "0 passed, 1 failed")


def test_what_another_computer_counted(tally, tmp_path):
    other = tmp_path / "other"
    other.write_text("passed\tbuild: a\nfailed\tbuild: b\nskipped\ttidy: why\n")
    tally.run("merge", "there", "1", other)
    assert tally.end() == (1, ["there: build: b"], "1 passed, 1 failed")


@pytest.mark.parametrize("counted", ["passed\tbuild: a\n", ""])
def test_another_computer_that_fell_silent_has_failed(tally, tmp_path, counted):
    other = tmp_path / "other"
    other.write_text(counted)
    tally.run("merge", "there", "137", other)
    tally.run("merge", "nowhere", "1", tmp_path / "none")
    assert tally.end()[:2] == (1, ["there: ended with 137", "nowhere: ended with 1"])


def test_skipped_in_words(tally):
    tally(0)
    tally.run("skip", "lint", "another version")
    assert tally.end() == (0, [], "1 passed, 0 failed")
    assert "lint: another version" in tally.printed


def test_only_skipped_is_not_tested(tally):
    tally.run("skip", "lint", "another version")
    assert tally.end()[0] == 1


MESON = """
test('fine', sh, args: ['-c', 'echo ok 1 - a; echo ok 2 - b; echo 1..2'], protocol: 'tap', suite: 'unit')
test('says-so', sh, args: ['-c', 'echo ok 1 - a; echo not ok 2 - b; echo 1..2; exit 1'], protocol: 'tap', suite: 'unit')
test('dies', sh, args: ['-c', 'echo 1..3; echo ok 1 - a; kill -6 $$'], protocol: 'tap', suite: 'unit')
test('stays', sh, args: ['-c', 'echo ok 1 - a; exec tail -f /dev/null'], protocol: 'tap', suite: 'unit', timeout: 1)
test('plain', sh, args: ['-c', 'true'], suite: 'unit')
test('plain-fails', sh, args: ['-c', 'false'], suite: 'unit')
test('plain-stays', sh, args: ['-c', 'exec tail -f /dev/null'], suite: 'unit', timeout: 1)
"""


def test_every_program_of_meson(tally, tmp_path):
    """Its JUnit file alone does not tell of a program that died half-way or did not end."""
    (tmp_path / "meson.build").write_text(f"project('p', meson_version: '>= 1.0')\nsh = find_program('sh')\n{MESON}")
    build = tmp_path / "build"
    subprocess.run(["meson", "setup", build, tmp_path], check=True, capture_output=True)
    status = subprocess.run(["meson", "test", "-C", build], check=False, capture_output=True).returncode
    tally(status, build / "meson-logs")
    status, failed, last = tally.end()
    assert (status, last) == (1, "6 passed, 5 failed")
    assert set(failed) == {
        "phase: p.says-so: 2 - b",
        "phase: plain-fails: ended with FAIL",
        "phase: dies: ended with ERROR",
        "phase: plain-stays: ended with TIMEOUT",
        "phase: stays: ended with TIMEOUT"}
