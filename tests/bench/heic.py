"""What it costs to make an upload of a telephone's picture: the processor time of contactfs-convert, by the daemon's children."""

import os
import shutil
import subprocess
from pathlib import Path

from report import heading, line, timed
from rig import Service, median

SIZE = (4032, 3024)  # 12 megapixels
LIMIT = 1.0  # second of one core


def make_heic(folder):
    """With grain, which is what decoders and encoders work at, and with the tools of HEVC that a telephone's encoder uses."""
    jpeg, heic = folder / "picture.jpg", folder / "picture.heic"
    subprocess.run(["convert", "-size", f"{SIZE[0] // 4}x{SIZE[1] // 4}", "-seed", "5", "plasma:", "-resize", "400%",
                    "-attenuate", "0.25", "+noise", "Gaussian", "-quality", "95", jpeg], check=True)
    subprocess.run(["heif-enc", "-q", "50", "-p", "preset=medium", jpeg, "-o", heic], check=True, capture_output=True)
    return heic


def seconds_of_children(pid):
    """User and system (proc(5): cutime, cstime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")


def convert_heic(folder, rounds, floor):
    heading(f"cp of a HEIC of {SIZE[0]} × {SIZE[1]} pixels, processor time of its helper")
    if shutil.which("heif-enc") is None:
        print("  skipped: heif-enc is not installed")
        return
    heic = make_heic(folder)
    times = []
    with Service(folder, "--people", "1", rtt=0) as service:
        mount = service.new_mount().start()
        photo, = mount.path.glob("*/photo.jpg")
        for _ in range(rounds):
            before = seconds_of_children(mount.pid)
            service.programs("rm", photo)
            service.programs("cp", heic, photo)
            times.append(seconds_of_children(mount.pid) - before)
        uploaded = photo.stat().st_size
        service.end_mount(mount)
    line("the HEIC, and its upload", f"{heic.stat().st_size / 1e6:.1f} MB", f"{uploaded / 1e6:.1f} MB")
    timed("contactfs-convert: user and system", times)
    floor.check("under a second of one core, usually", median(times), LIMIT, f"{median(times):.2f} s")
