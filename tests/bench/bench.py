#!/usr/bin/python3
"""./dev bench: how fast, against what, and within the floor that must hold.

Comparisons run in turn (A B A B …) on the same service behind the same delay relay; medians are printed, and ratios
ours/theirs. Cold means: a new mount with new folders, so neither a file nor a page of the kernel's is left from before.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

import counts
import day
import growth
import heic
import listing
import orders
import others
import reading
import report
import rig
import tree
import writing

RTT_MS = 40
FAR_MS = (30, 70)

SECTIONS = {
    "counts": counts.count,
    "scan": lambda folder, results: reading.cold_scan(folder, RTT_MS, 7, 3, results),
    "orders": lambda folder, results: orders.cold_orders(folder, FAR_MS, 5, results),
    "one": lambda folder, results: orders.one_photo(folder, FAR_MS, 5, results),
    "at-once": lambda folder, results: reading.many_at_once(folder, 7, results),
    "large": lambda folder, results: listing.large_book(folder, RTT_MS, 5, results),
    "day": day.pass_by,
    "tree": lambda folder, results: tree.walk(folder, 5, results),
    "copy": lambda folder, results: writing.copy_photos(folder, RTT_MS, 5, results),
    "heic": lambda folder, results: heic.convert_heic(folder, 7, results),
    "warm": lambda folder, results: reading.warm_reads(folder, 7, results),
    "others": lambda folder, results: others.compare(folder, RTT_MS, 5, results),
    "growth": lambda folder, results: growth.plot(folder, results),
}
QUICK = ["counts"]  # what is judged by no clock


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only what is counted, which depends on no other program")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="only these: " + " ".join(SECTIONS))
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"there is no section {' '.join(unknown)}")

    results = report.Results()
    print(rig.machine())
    with tempfile.TemporaryDirectory(prefix="contactfs-bench-") as folder:
        for name in options.sections or (QUICK if options.quick else SECTIONS):
            section = Path(folder) / name
            section.mkdir()
            SECTIONS[name](section, results)
    results.print_table()
    return 0 if results.held else 1


if __name__ == "__main__":
    sys.exit(main())
