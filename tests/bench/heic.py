"""What it costs to make an upload of a telephone's picture, against the programs of the libraries that do the work: libheif's
own decoder, and cjpeg. Processor time, so that it does not matter what else runs or how fast the machine is."""

import os
import resource
import shutil
import subprocess
from pathlib import Path

from report import heading, line, timed
from rig import Service, alternate

SIZE = (4032, 3024)  # 12 megapixels
LIMIT = 1.1  # × the sum of both
JPEG = ("-quality", "90", "-sample", "1x1")  # as contactfs-convert writes it
WORK = "cp of a 12-megapixel HEIC, processor time"
DECODERS = ("heif-dec", "heif-convert")  # the new name, and Debian 12's


def make_heic(folder):
    """With grain, which is what decoders and encoders work at, and with the tools of HEVC that a telephone's encoder uses."""
    jpeg, heic = folder / "picture.jpg", folder / "picture.heic"
    subprocess.run(["convert", "-size", f"{SIZE[0] // 4}x{SIZE[1] // 4}", "-seed", "5", "plasma:", "-resize", "400%",
                    "-attenuate", "0.25", "+noise", "Gaussian", "-quality", "95", jpeg], check=True)
    subprocess.run(["heif-enc", "-q", "50", "-p", "preset=medium", jpeg, "-o", heic], check=True, capture_output=True)
    return heic


def seconds_of_children(pid):
    """User and system, of those that have ended (proc(5): cutime, cstime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")


def processor_time(*command):
    """User and system of a program that does nothing else but this."""
    def used():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    before = used()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return used() - before


def convert_heic(folder, rounds, results):
    heading(f"cp of a HEIC of {SIZE[0]} × {SIZE[1]} pixels, processor time")
    decoder = next(filter(shutil.which, DECODERS), None)
    needed = {"heif-enc": shutil.which("heif-enc"), DECODERS[0]: decoder, "cjpeg": shutil.which("cjpeg")}
    absent = [name for name, found in needed.items() if not found]
    if absent:
        results.skip(WORK, f"{' and '.join(absent)} is not installed")
        return
    heic, raw, pixels, jpeg = make_heic(folder), folder / "raw.y4m", folder / "pixels.ppm", folder / "again.jpg"
    subprocess.run(["convert", heic, pixels], check=True)
    with Service(folder, "--people", "1", "--keep-bytes", rtt=0) as service:
        mount = service.new_mount().start()
        photo, = mount.path.glob("*/photo.jpg")

        def ours():
            before = seconds_of_children(mount.pid)
            service.programs("rm", photo)
            service.programs("cp", heic, photo)
            return seconds_of_children(mount.pid) - before

        our_times, decoding, encoding = alternate(rounds, ours, lambda: processor_time(decoder, heic, raw),
                                                  lambda: processor_time("cjpeg", *JPEG, "-outfile", jpeg, pixels))
        uploaded = photo.stat().st_size
        service.end_mount(mount)
    line("the HEIC, its upload, cjpeg's file", f"{heic.stat().st_size / 1e6:.1f} MB",
         f"{uploaded / 1e6:.1f} MB, {jpeg.stat().st_size / 1e6:.1f} MB")
    timed("contactfs-convert: user and system", our_times)
    timed(f"{decoder} to a raw file", decoding, our_times)
    timed("cjpeg of the same pixels", encoding, our_times)
    ratio = results.compare(WORK, f"{decoder} + cjpeg", our_times, list(map(sum, zip(decoding, encoding))), LIMIT)
    results.check(f"at most {LIMIT} × the sum of both", ratio, LIMIT, f"{ratio:.2f} ×")
