#!/usr/bin/python3
"""./dev mutants [NAME…]: breaks the code that guards photos, in each of the ways of *.patch, and looks whether a test notices.

A patch says what it breaks and which tests are to see it:

    What: a later refusal is taken for the outcome of the first attempt
    Tests: unit:archive tests/mount/test_unknown_outcomes.py::test_upload

Everything happens in a copy of the sources (build-mutants). First the named tests run there as it is: a test that fails anyway
or is skipped kills nothing. A mutant that does not build, or whose tests do not exist, is an error and no kill.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = ROOT / "build-mutants"
TREE = PLACE / "tree"
BUILD = PLACE / "build"
EMULATOR = "src/emulator/people-emulator"
PROGRAMS = ["src/cli/contactfs", "src/convert/contactfs-convert", EMULATOR, "tests/preload/libbad-disk.so", "tests/preload/libnetwork.so",
            "tests/model/model-clock.so"]
SOURCES = ["fs", "src", "tests", "docs", "meson.build", "meson_options.txt", "dev", "LICENSE"]

# pytest's exit status. Several at a time that stop at the first failure are interrupted.
PASSED, FAILED, INTERRUPTED = 0, 1, 2


class Mutant:
    """One *.patch."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        head = dict(line.split(": ", 1) for line in path.read_text().split("\n\n", 1)[0].splitlines())
        self.what = head["What"]
        self.tests = head["Tests"].split()

    def apply(self, *options):
        subprocess.run(["git", "apply", "--whitespace=nowarn", *options, self.path], cwd=TREE, check=True,
                       env={**os.environ, "GIT_CEILING_DIRECTORIES": str(PLACE)})


def copy_sources():
    """What is the same keeps its time, so that only what changed is built."""
    TREE.mkdir(parents=True, exist_ok=True)
    subprocess.run(["rsync", "-a", "--checksum", "--no-times", "--delete", "--exclude", "__pycache__", *SOURCES, f"{TREE}/"], cwd=ROOT,
                   check=True)


def run(command, log, **options):
    with open(log, "ab") as file:
        return subprocess.run(command, cwd=TREE, stdin=subprocess.DEVNULL, stdout=file, stderr=file, check=False, **options).returncode


def build(tests, log):
    units = sorted({f"tests/unit/test-{name}" for name in unit_names(tests)})
    return run(["ninja", "-C", BUILD, *PROGRAMS, *units], log) == 0


def unit_names(tests):
    return [test.removeprefix("unit:") for test in tests if test.startswith("unit:")]


def failing(tests, log, *options):
    """Whether one of the tests failed; RuntimeError when they could not run."""
    units, mounts = unit_names(tests), [test for test in tests if not test.startswith("unit:")]
    failed = False
    if units:
        failed = run(["meson", "test", "-C", BUILD, "--no-rebuild", "--timeout-multiplier", "6", *units], log) != 0
    if mounts and not failed:
        status = run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-n", "3", *options, *mounts], log,
                     env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "CONTACTFS_BUILD": str(BUILD),
                          "PEOPLE_EMULATOR": str(BUILD / EMULATOR)})
        stopped = status == INTERRUPTED and "stopping after 1 failures" in log.read_text(errors="replace")
        if status not in (PASSED, FAILED) and not stopped:
            raise RuntimeError(f"pytest ended with {status}; see {log}")
        failed = status != PASSED
    return failed


def judge(mutant):
    """killed, or what else became of it."""
    log = PLACE / f"{mutant.name}.log"
    log.unlink(missing_ok=True)
    mutant.apply()
    try:
        if not build(mutant.tests, log):
            return f"does not build; see {log}"
        return "killed" if failing(mutant.tests, log, "-x") else "SURVIVED"
    except RuntimeError as error:
        return str(error)
    finally:
        mutant.apply("--reverse")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    names = parser.parse_args().names
    mutants = [Mutant(path) for path in sorted(HERE.glob("*.patch"))]
    unknown = set(names) - {mutant.name for mutant in mutants}
    if unknown:
        parser.error(f"there is no mutant {' '.join(sorted(unknown))}")
    mutants = [mutant for mutant in mutants if not names or mutant.name in names]

    copy_sources()
    log = PLACE / "unchanged.log"
    log.unlink(missing_ok=True)
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    if not (BUILD / "build.ninja").exists() and run(["meson", "setup", BUILD, "."], log) != 0:
        shutil.rmtree(BUILD, ignore_errors=True)
        sys.exit(f"the copy cannot be configured; see {log}")
    if not build(tests, log) or failing(tests, log, "-rs"):
        sys.exit(f"these tests fail without any mutant; see {log}")
    if "\nSKIPPED " in log.read_text(errors="replace"):
        sys.exit(f"some of these tests are skipped here; see {log}")

    survivors = 0
    for mutant in mutants:
        outcome = judge(mutant)
        survivors += outcome != "killed"
        print(f"{outcome:10} {mutant.name}: {mutant.what}", flush=True)
    print(f"{len(mutants) - survivors} of {len(mutants)} mutants were killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
