"""What ./dev test counts: every phase adds its test cases to one file, and the end names what failed.

    tally.py add FILE PHASE STATUS [RESULTS…]   STATUS: how the phase's program ended. RESULTS: what pytest left (JUnit XML), a
                                                later one overriding an earlier one's failures, or the log folder of meson
    tally.py merge FILE PHASE STATUS OTHER      adds what another tally counted, each case under PHASE
    tally.py skip FILE PHASE WORDS              a phase that cannot be here, and why
    tally.py end FILE                           lists what was skipped and what failed, then "N passed, M failed"; ends with 1 if
                                                anything failed

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
        itself = [key for key in mine if key[1] == test["name"]]
        if test["result"] not in GOOD and (itself or all(cases[key] for key in mine)):
            for key in itself:  # whether it counts as failed there depends on meson's version
                del cases[key]
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


def counted(tally):
    """[[outcome, what]]; none where there is no such file."""
    path = Path(tally)
    return [line.split("\t") for line in (path.read_text(encoding="utf-8").splitlines() if path.exists() else [])]


def merge(tally, phase, status, other):
    lines = [(outcome, f"{phase}: {what}") for outcome, what in counted(other)]
    if int(status) != 0 and not any(outcome == "failed" for outcome, _ in lines):
        lines.append(("failed", f"{phase}: ended with {status}"))
    with open(tally, "a", encoding="utf-8") as out:
        out.writelines(f"{outcome}\t{what}\n" for outcome, what in lines)


def skip(tally, phase, words):
    with open(tally, "a", encoding="utf-8") as out:
        out.write(f"skipped\t{phase}: {words}\n")


def end(tally):
    lines = counted(tally)
    by_outcome = {name: [what for outcome, what in lines if outcome == name] for name in ("skipped", "failed", "passed")}
    for name in ("skipped", "failed"):
        if by_outcome[name]:
            print(f"\n== {name}")
            print("\n".join(by_outcome[name]))
    print(f"\n{len(by_outcome['passed'])} passed, {len(by_outcome['failed'])} failed")
    return 0 if by_outcome["passed"] and not by_outcome["failed"] else 1


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "add":
        add(*arguments[:3], arguments[3:])
    else:
        sys.exit({"merge": merge, "skip": skip, "end": end}[command](*arguments))
