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

import heic
import listing
import orders
import others
import reading
import report
import rig
import writing

RTT_MS = 40


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="once or twice each, and only what the floor is about")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="only these: " + " ".join(SECTIONS))
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"there is no section {' '.join(unknown)}")

    floor = report.Floor()
    print(rig.machine())
    with tempfile.TemporaryDirectory(prefix="contactfs-bench-") as folder:
        for name in options.sections or SECTIONS:
            section = Path(folder) / name
            section.mkdir()
            SECTIONS[name](section, options.quick, floor)
    return 0 if floor.held else 1


SECTIONS = {
    "scan": lambda folder, quick, floor: reading.cold_scan(folder, RTT_MS, 3 if quick else 7, 1 if quick else 3, floor),
    "orders": lambda folder, quick, floor: quick or orders.cold_orders(folder, (30, 70), 5),
    "at-once": lambda folder, quick, floor: reading.many_at_once(folder, 3 if quick else 7, floor),
    "large": lambda folder, quick, floor: listing.large_book(folder, RTT_MS, 1 if quick else 5, floor),
    "copy": lambda folder, quick, floor: quick or writing.copy_photos(folder, RTT_MS, 3),
    "heic": lambda folder, quick, floor: quick or heic.convert_heic(folder, 7, floor),
    "warm": lambda folder, quick, floor: quick or reading.warm_reads(folder, 7),
    "others": lambda folder, quick, floor: quick or others.compare(folder, RTT_MS, 3),
}

if __name__ == "__main__":
    sys.exit(main())
