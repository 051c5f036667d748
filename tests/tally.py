"""What ./dev test counts: every phase adds its test cases to one file, and the end names what failed.

    tally.py add FILE PHASE STATUS [RESULTS…]   STATUS: how the phase's program ended. RESULTS: what pytest left (JUnit XML), a
                                                later one overriding an earlier one's failures, or the log folder of meson
    tally.py end FILE                           lists the failures, then "N passed, M failed"; ends with 1 if there are any

A phase that failed without a failed case is one failed case: of a program that died half-way meson's JUnit file knows the
cases before it only, and of one that ran out of time not even that.
"""

import json
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

GOOD = ("OK", "EXPECTEDFAIL", "SKIP")


def junit_cases(path):
    """{(group, name): has it passed?} of what was not skipped; what passed and then failed (a teardown) has failed."""
    cases = {}
    for case in tree.parse(path).iter("testcase"):
        if case.find("skipped") is None:
            key = (case.get("classname"), case.get("name"))
            bad = case.find("failure") is not None or case.find("error") is not None
            cases[key] = cases.get(key, True) and not bad
    return cases


def meson_cases(folder):
    """The JUnit file's group of a TAP program is "project.NAME"; a program without cases is itself one, NAME."""
    cases = junit_cases(folder / "testlog.junit.xml")
    for line in (folder / "testlog.json").read_text(encoding="utf-8").splitlines():
        test = json.loads(line)
        mine = [key for key in cases if key[0].endswith("." + test["name"]) or key[1] == test["name"]]
        if test["result"] not in GOOD and all(cases[key] for key in mine):
            cases.pop(next((key for key in mine if key[1] == test["name"]), None), None)
            cases[(test["name"], f"ended with {test['result']}")] = False
    return cases


def phase_cases(phase, status, results):
    cases = {}
    for path in map(Path, results):
        if path.is_dir():
            cases.update(meson_cases(path))
        elif path.exists() and path.stat().st_size > 0:
            cases.update(junit_cases(path))
    if status != 0 and all(cases.values()):
        cases[(phase, f"ended with {status}")] = False
    elif not results:
        cases[(phase, "the whole")] = True
    return cases


def add(tally, phase, status, results):
    with open(tally, "a", encoding="utf-8") as out:
        for (group, name), passed in phase_cases(phase, int(status), results).items():
            out.write(f"{'passed' if passed else 'failed'}\t{phase}: {group}: {name}\n")


def end(tally):
    path = Path(tally)
    lines = [line.split("\t") for line in (path.read_text(encoding="utf-8").splitlines() if path.exists() else [])]
    failed = [what for outcome, what in lines if outcome == "failed"]
    if failed:
        print("\n== failed")
        print("\n".join(failed))
    print(f"\n{len(lines) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not lines else 0


if __name__ == "__main__":
    if sys.argv[1] == "add":
        add(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:])
    else:
        sys.exit(end(sys.argv[2]))
