"""Photos read cold and warm, many reads at once, and stats."""

import os
import shutil
import threading
import time

from report import heading, in_words, line, timed
from rig import Service, alternate, seconds

PEOPLE = 300
AT_ONCE = 256
SERVER_DELAY_MS = 200
AFTER_REMOUNT, ONCE_MORE = 2, 1.5  # × the disk
SCAN = "cat */photo.jpg | wc -c"


def scan(service, path):
    """(seconds, bytes) of the shell reading every photo under path."""
    taken, result = seconds(lambda: service.programs.shell(SCAN, cwd=path))
    return taken, int(result.out)


def known_photos(service, people=PEOPLE):
    """(URLs that a mount asks for when everything is read, the bytes they hold); the service has made them all then."""
    mount = service.new_mount().start()
    service.emulator.reset_requests()
    _, size = scan(service, mount.path)
    asked = service.requests(origin="photo")
    service.end_mount(mount)
    assert all(request["status"] == 200 for request in asked), asked
    urls = {service.photo_base + request["path"] for request in asked}
    assert len(urls) == people, len(urls)
    return sorted(urls), size


def cold_scan(folder, rtt, rounds, serial_rounds, results):
    heading(f"cat */photo.jpg, {PEOPLE} cold contacts, {rtt} ms of round trip")
    with Service(folder, "--people", str(PEOPLE), rtt=0) as service:
        urls, size = known_photos(service)
        service.relay.set_rtt(rtt)
        config = service.curl_config("photos", [[("url", url) for url in urls]])

        def ours():
            mount = service.new_mount().start()
            service.emulator.reset_requests()
            taken, got = scan(service, mount.path)
            asked = service.emulator.log(origin="photo")
            service.end_mount(mount)
            assert got == size, (got, size)
            assert len(asked["requests"]) == PEOPLE, "a photo was fetched twice, or not at all"
            return taken

        def curl(*options):
            taken, answers = seconds(lambda: service.curl(config, *options))
            assert sum(got for _, got in answers) == size and {status for status, _ in answers} == {200}, answers
            return taken

        # past the 100 streams that servers allow, curl opens a connection for each further transfer, and is slower
        at_once = ("--parallel", "--parallel-max", "100")
        our_times, curl_times = alternate(rounds, ours, lambda: curl(*at_once))
        (serial_times,) = alternate(serial_rounds, curl)
        line("photos", f"{size / 1e6:.1f} MB", f"HTTP/{service.requests(origin='photo')[-1]['http']}")
        timed("contactfs: sh -c 'cat */photo.jpg'", our_times)
        timed("curl --parallel --parallel-max 100 --http2", curl_times, our_times)
        timed("curl --http2, one by one on one connection", serial_times, our_times)
        _, _, late, cpu = service.relay.statistics()
        line("the relay's latest chunk, its processor time", f"{late / 1000:.1f} ms", f"{cpu} ms in all")
        results.check("under 2 s", min(our_times), 2, in_words(min(our_times)))


def many_at_once(folder, rounds, results):
    heading(f"{AT_ONCE} reads at once, each of which waits {SERVER_DELAY_MS} ms at the server")
    with Service(folder, "--people", str(AT_ONCE), "--face-size", "64", rtt=0) as service:
        warm_up = service.new_mount().start()
        scan(service, warm_up.path)
        service.end_mount(warm_up)
        service.emulator.fault("delay", origin="photo", delay_ms=SERVER_DELAY_MS, times=-1)

        def at_once():
            mount = service.new_mount().start()
            taken = read_all_at_once([mount.path / name / "photo.jpg" for name in os.listdir(mount.path)])
            service.end_mount(mount)
            return taken

        (times,) = alternate(rounds, at_once)
        timed("contactfs: open, read, close by 256 threads", times)
        results.check("under half a second", min(times), 0.5, in_words(min(times)))


def read_all_at_once(paths):
    """Seconds from the moment that all threads are let go to the end of the last one."""
    barrier = threading.Barrier(len(paths) + 1)
    sizes = []

    def read(path):
        barrier.wait()
        with open(path, "rb", buffering=0) as file:
            sizes.append(len(file.read()))

    threads = [threading.Thread(target=read, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    barrier.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - start
    assert len(sizes) == len(paths) and all(sizes), "a read failed"
    return taken


def warm_reads(folder, rounds, results):
    heading(f"warm: the same {PEOPLE} photos again, against a copy of them on the disk")
    with Service(folder, "--people", str(PEOPLE), rtt=0) as service:
        mount = service.new_mount().start()
        scan(service, mount.path)
        copy = folder / "copy"
        shutil.copytree(mount.path, copy)

        def remounted():
            mount.remount()
            return scan(service, mount.path)[0]

        after_remount, on_disk = alternate(rounds, remounted, lambda: scan(service, copy)[0])
        again, on_disk_too = alternate(rounds, lambda: scan(service, mount.path)[0], lambda: scan(service, copy)[0])
        timed("contactfs: cat */photo.jpg after a remount", after_remount)
        timed("contactfs: and once more", again)
        timed("the copy", on_disk + on_disk_too, again)
        results.compare("cat after a remount, cache full", "the same files on the disk", after_remount, on_disk, AFTER_REMOUNT)
        results.compare("cat once more", "the same files on the disk", again, on_disk_too, ONCE_MORE)

        service.emulator.reset_requests()
        stats, stats_on_disk = alternate(rounds, lambda: stat_storm(mount.path), lambda: stat_storm(copy))
        timed("contactfs: one stat of photo.jpg", stats)
        timed("the copy", stats_on_disk, stats)
        line("requests meanwhile", str(len(service.requests())))
        service.end_mount(mount)


def stat_storm(path, times=20):
    """Seconds of one stat."""
    photos = [os.path.join(path, name, "photo.jpg") for name in os.listdir(path)]

    def storm():
        for _ in range(times):
            for photo in photos:
                os.stat(photo)

    return seconds(storm)[0] / times / len(photos)
