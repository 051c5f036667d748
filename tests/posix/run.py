#!/usr/bin/python3
"""./dev posix DIR: the public suites for file systems that are somewhere below DIR, on a real mount.

Known are pjdfstest (github.com/pjd/pjdfstest; as root), test_syscalls (libfuse's test/test_syscalls.c) and fsx (xfstests'
ltp/fsx.c, or any program called fsx or fsx-linux). They are built in a folder that goes away again; nothing in DIR is changed.

Any name in a contact's folder that is no temporary one is for pictures alone. So the copies that are built call their files
by a name with a dot in front, and fsx works on ".fsx": such files are ordinary ones.

What differs from other file systems must be in expected.txt, with the reason; anything else is a failure.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "tests" / "lib"))

from emulator import Emulator  # noqa: E402
from mounts import Mount  # noqa: E402
from processes import Programs  # noqa: E402

BUILD = Path(os.environ.get("CONTACTFS_BUILD", ROOT / "build"))
AT_ONCE = 4
LIMIT_SECONDS = 900  # of one program of a suite


def run(command, folder, **options):
    """Everything that it says, and its exit status."""
    result = subprocess.run([str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False, timeout=LIMIT_SECONDS, **options)
    return result.stdout.decode(errors="replace"), result.returncode


def build(command, folder):
    text, status = run(command, folder)
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))}: {status}\n{text}")


def replace(path, *changes):
    """Regular expressions and what comes in their place, in a copy of a suite; each must be found."""
    text = path.read_text()
    for pattern, new in changes:
        text, count = re.subn(pattern, new, text)
        assert count, f"{path.name} of this version has no {pattern}"
    path.write_text(text)


class Outcome:
    """Of one suite: passed counts, and what differs as (place, words)."""

    def __init__(self):
        self.passed = 0
        self.differences = []


# ---- pjdfstest: shell scripts that speak TAP ----

class Pjdfstest:
    name = "pjdfstest"

    def __init__(self, source, place):
        self.place = place / self.name
        shutil.copytree(source, self.place, ignore=shutil.ignore_patterns(".git", "*.o", "pjdfstest"))
        for command in (["autoreconf", "-ifs"], ["./configure"], ["make"]):
            build(command, self.place)
        replace(self.place / "tests/misc.sh", (r'echo "pjdfstest_', 'echo ".pjdfstest_'))

    @staticmethod
    def find(folder):
        return next((path.parents[1] for path in sorted(folder.rglob("tests/misc.sh"))
                     if (path.parents[1] / "pjdfstest.c").exists()), None)

    def run(self, folders, outcome):
        if os.geteuid() != 0:
            print("pjdfstest: skipped, since it must be run by root")
            return
        scripts = sorted((self.place / "tests").glob("*/*.t"))
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for script, (text, _) in zip(scripts, pool.map(lambda work: run(["/bin/sh", work[1]], folders[work[0] % AT_ONCE]),
                                                           enumerate(scripts))):
                self.judge(f"{script.parent.name}/{script.name}", text, outcome)

    @staticmethod
    def judge(place, text, outcome):
        for line in text.splitlines():
            if line.startswith("ok "):
                outcome.passed += 1
            elif line.startswith(("not ok", "Bail out")) and not re.search("# [T]ODO", line):  # what TAP expects to fail
                outcome.differences.append((place, re.sub(r"^not ok \d+( - )?", "", line).strip() or "a comparison of times"))


# ---- libfuse's test_syscalls ----

class TestSyscalls:
    name = "test_syscalls"

    def __init__(self, source, place):
        self.program = place / self.name
        copy = place / source.name
        shutil.copy(source, copy)
        replace(copy, (r'"%s/(test|subfile)', r'"%s/.\1'))
        (place / "fuse_config.h").touch()
        build(["cc", "-O1", "-w", "-D_GNU_SOURCE", "-I", place, "-o", self.program, copy, "-lpthread"], place)

    @staticmethod
    def find(folder):
        return next(iter(sorted(folder.rglob("test_syscalls.c"))), None)

    def run(self, folders, outcome):
        text, status = run([self.program, folders[0]], folders[0])
        for line in text.splitlines():
            found = re.match(r"\+? *[\d.]*s? +(\d+) \[(.*)\] (.*)", line)
            if not found:
                if not re.match(r"\d+ tests failed", line):
                    outcome.differences.append(("", line))
            elif found[3] == "OK":
                outcome.passed += 1
            elif found[3] not in ("START", "SKIP"):
                outcome.differences.append((found[2], found[3]))
        if status not in (0, 1):
            outcome.differences.append(("", f"it ended with {status}"))


# ---- fsx: a file against a copy in memory ----

class Fsx:
    name = "fsx"
    OPERATIONS = 20_000
    SEEDS = (1, 2, 3)

    # What xfstests' configure finds on Linux.
    HEADERS = ("ASSERT", "CTYPE", "DIRENT", "ERRNO", "FCNTL", "GETOPT", "LIBGEN", "LINUX_FALLOC", "MALLOC", "SIGNAL", "STDINT",
               "STDIO", "STDLIB", "STRING", "STRINGS", "SYS_FCNTL", "SYS_IOCTL", "SYS_MMAN", "SYS_PARAM", "SYS_RESOURCE", "SYS_STAT",
               "SYS_STATVFS", "SYS_TIME", "SYS_TYPES", "SYS_UIO", "SYS_WAIT", "TIME", "UNISTD", "WAIT")

    def __init__(self, source, place):
        self.place = place
        self.program = source
        if source.suffix != ".c":
            return
        self.program = place / self.name
        headers = place / "fsx-headers"
        headers.mkdir()
        (headers / "config.h").write_text("".join(f"#define HAVE_{header}_H 1\n" for header in self.HEADERS))
        build(["cc", "-O1", "-w", "-D_GNU_SOURCE", "-DHAVE_COPY_FILE_RANGE", "-include", "getopt.h", "-I", headers,
               "-I", source.parents[1] / "src", "-o", self.program, source], place)

    @staticmethod
    def find(folder):
        built = [path for name in ("fsx", "fsx-linux") for path in sorted(folder.rglob(name))
                 if path.is_file() and os.access(path, os.X_OK)]
        return next(iter(built + sorted(folder.rglob("fsx.c"))), None)

    def one(self, folder, seed):
        work = self.place / f"fsx-{seed}"
        work.mkdir()
        return run([self.program, "-q", "-c", "50", "-N", self.OPERATIONS, "-S", seed, "-P", work, folder / ".fsx"], work)

    def run(self, folders, outcome):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for seed, (text, status) in zip(self.SEEDS, pool.map(self.one, folders, self.SEEDS)):
                if status == 0:
                    outcome.passed += self.OPERATIONS
                else:
                    outcome.differences.append((f"seed {seed}", "\n".join(text.splitlines()[-20:])))


SUITES = (Pjdfstest, TestSyscalls, Fsx)


# ---- what is meant ----

class Rule:
    """A line of expected.txt: SUITE [after] PATTERN. With "after" it counts only behind another one of that test."""

    def __init__(self, line, reason):
        self.suite, rest = line.split(None, 1)
        self.after = rest.startswith("after ")
        self.pattern = re.compile(rest.removeprefix("after ").strip())
        self.reason = reason
        self.count = 0


def read_rules():
    reason, rules, fresh = "", [], True
    for line in (HERE / "expected.txt").read_text().splitlines():
        if line.startswith("#"):
            reason = line[1:].strip() if fresh else f"{reason} {line[1:].strip()}"
            fresh = False
        else:
            fresh = True
            if line.strip():
                rules.append(Rule(line, reason))
    return rules


def sort_out(suite, differences, rules):
    """Those that no rule has."""
    strange, places = [], set()
    for place, words in differences:
        for rule in rules:
            if rule.suite == suite and (not rule.after or place in places) and rule.pattern.fullmatch(words):
                rule.count += 1
                places.add(place)
                break
        else:
            strange.append((place, words))
    return strange


# ---- a mount ----

def mounted(place, work):
    """work(the folders of AT_ONCE contacts without a photo), on a mount that must end well."""
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(place), "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
    (place / "mnt").mkdir()
    (place / "state").mkdir()
    with Emulator(["--face-size", "64"], program=BUILD / "src/emulator/people-emulator") as service:
        for number in range(AT_ONCE):
            service.create_person("Posix", str(number))
        mount = Mount(Programs(env), str(BUILD / "src/cli/contactfs"), place / "mnt", place / "state", service,
                      ["--allow-other"] if os.geteuid() == 0 else [], "default", True, None)
        mount.start()
        try:
            work([mount.path / f"Posix {number}" for number in range(AT_ONCE)])
            mount.finish()
        finally:
            mount.kill()
        assert not service.requests(method="PATCH") and not service.requests(method="DELETE"), "a suite has changed a photo"


def main():
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # so that nothing stays mounted
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder with the suites, as they were unpacked or cloned")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="only these: " + " ".join(suite.name for suite in SUITES))
    parser.add_argument("--all", action="store_true", help="print what is expected, too")
    options = parser.parse_args()
    wanted = [suite for suite in SUITES if not options.suites or suite.name in options.suites]
    found = [(suite, suite.find(options.folder.resolve())) for suite in wanted]
    for suite, source in found:
        if source is None:
            print(f"{suite.name}: not in {options.folder}")
    rules, bad = read_rules(), 0
    with tempfile.TemporaryDirectory(prefix="contactfs-posix-", dir="/var/tmp") as place:
        os.chmod(place, 0o755)  # pjdfstest becomes other users
        for suite, source in found:
            if source is not None:
                bad += judge(suite, source, Path(place) / suite.name, rules, options.all)
    if all(source is None for _, source in found):
        sys.exit("there is nothing to run")
    return 1 if bad else 0


def judge(suite, source, place, rules, tell_all):
    """The number of differences that are not meant."""
    place.mkdir()
    tools = place / "suite"
    tools.mkdir()
    made, outcome = suite(source, tools), Outcome()
    mounted(place, lambda folders: made.run(folders, outcome))
    strange = sort_out(suite.name, outcome.differences, rules)
    print(f"\n{suite.name}: {outcome.passed} passed, {len(outcome.differences) - len(strange)} differ as is meant, "
          f"{len(strange)} differ otherwise")
    reasons = {}
    for rule in rules:
        if rule.suite == suite.name:
            reasons[rule.reason] = reasons.get(rule.reason, 0) + rule.count
    for reason, count in reasons.items():
        print(f"  {count:5} {reason}")
    for place_in_suite, words in outcome.differences if tell_all else strange:
        print(f"{suite.name} {place_in_suite}: {words}")
    return len(strange)


if __name__ == "__main__":
    sys.exit(main())
