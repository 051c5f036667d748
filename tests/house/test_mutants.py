"""tests/mutants breaks the code on purpose: each patch must still fit the code, and name tests that there are."""

import os
import re
import subprocess

import pytest
from conftest import ROOT

MUTANTS = sorted((ROOT / "tests/mutants").glob("*.patch"))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda path: path.stem)
def test_it_fits_the_code(mutant):
    # As if this were no repository of git: the sources may have been copied out of theirs.
    alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(ROOT.parent)}
    result = subprocess.run(["git", "apply", "--check", mutant], cwd=ROOT, env=alone, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda path: path.stem)
def test_its_tests_are_there(mutant):
    [tests] = re.findall(r"^Tests: (.+)$", mutant.read_text(), re.M)
    for test in tests.split():
        if test.startswith("unit:"):
            assert (ROOT / f"tests/unit/test-{test.removeprefix('unit:')}.c").exists(), test
            continue
        file, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text() if name else (ROOT / file).exists(), test
