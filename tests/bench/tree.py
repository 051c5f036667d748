"""A walk over warm folders, against the same tree through libfuse's own passthrough_ll: what a file system in user space costs."""

import resource
import subprocess
from pathlib import Path

from report import heading, timed
from rig import Service, alternate, eventually, seconds

MOST = 25_000
SOURCE = Path("/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c")  # of Debian's package
GOAL = 1.3
PEER = "libfuse's passthrough_ll"


def build_peer(folder):
    """The program; None if it cannot be built here."""
    if not SOURCE.exists():
        return None
    program = folder / "passthrough_ll"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["cc", "-O2", "-w", "-o", program, SOURCE, *flags], check=True)
    return program


def most_files():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def allow_most_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files(), most_files()))


def make_tree(mount, tree):
    for contact in mount.path.iterdir():
        (tree / contact.name).mkdir()
        (tree / contact.name / "photo.jpg").touch()


def walk(folder, rounds, results):
    number = min(MOST, most_files() // 2 - 100)  # passthrough_ll keeps each file and folder open that was looked at
    work = f"find -type f, {number:,} people, warm"
    heading(work)
    peer = build_peer(folder)
    if peer is None:
        results.skip(work, f"there is no {SOURCE}")
        return
    tree, shown = folder / "tree", folder / "shown"
    tree.mkdir()
    shown.mkdir()
    with Service(folder, "--people", str(number), rtt=0) as service:
        mount = service.new_mount().start()
        make_tree(mount, tree)
        process = subprocess.Popen([peer, "-f", "-o", f"source={tree}", shown], stdin=subprocess.DEVNULL, preexec_fn=allow_most_files)
        try:
            eventually(shown.is_mount, why="passthrough_ll did not mount")

            def find(path):
                taken, result = seconds(lambda: service.programs.shell("find . -type f | wc -l", cwd=path))
                assert int(result.out) == number, result
                return taken

            find(mount.path)
            find(shown)
            ours, theirs = alternate(rounds, lambda: find(mount.path), lambda: find(shown))
        finally:
            subprocess.run(["fusermount3", "-u", "-q", shown], check=False)
            process.wait()
        service.end_mount(mount)
    timed("contactfs", ours)
    timed(PEER, theirs, ours)
    results.compare(work, PEER, ours, theirs, GOAL)
