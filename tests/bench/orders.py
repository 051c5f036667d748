"""The same cold photos in whatever order programs ask for them, against one curl that is given all addresses beforehand."""

import os
import shutil

from reading import PEOPLE, known_photos
from report import heading, timed
from rig import Service, alternate, seconds

ALL_AT_ONCE = ("--parallel", "--parallel-max", "100")

# Each has to look at every photo; all but ls print how many bytes there are.
COUNT = "find \"$copy\" -type f -exec cat {} + | wc -c"
ORDERS = {
    "cat */photo.jpg": "cat */photo.jpg | wc -c",
    "ls -lR": "ls -lR | awk '/photo/ { sum += $5 } END { print sum }'",
    "cp -r, by inode number": f"cp -r . \"$copy\"; {COUNT}",
    "by time, the oldest first": "ls -tr | sed 's,$,/photo.jpg,' | tr '\\n' '\\0' | xargs -0 cat | wc -c",
    "shuffled": "ls | shuf --random-source=/bin/true | sed 's,$,/photo.jpg,' | tr '\\n' '\\0' | xargs -0 cat | wc -c",
    "four at once, ten each": "ls | sed 's,$,/photo.jpg,' | tr '\\n' '\\0' | xargs -0 -P 4 -n 10 cat | wc -c",
}
if shutil.which("rclone"):
    ORDERS["rclone copy"] = f"rclone copy -q --config '' . \"$copy\"; {COUNT}"

# How many times curl's time, at 30 ms and at 70 ms.
GOALS = {"cat */photo.jpg": (1.3, 1.2), "ls -lR": (1.3, 1.3), "cp -r, by inode number": (1.4, 1.4)}
ANY_ORDER = 1.6, 1.6
ONE_PHOTO = 1.1

BYTES = 54_000  # of a photo: large ones would take minutes to draw


def give_photos(service):
    for person in service.emulator.people():
        face = service.emulator.photo_bytes(person["resourceName"])
        comment = os.urandom(BYTES - len(face) - 4)
        service.emulator.set_photo(person["resourceName"],
                                   face[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + face[2:])


def cold_orders(folder, rtts, rounds, results):
    with Service(folder, "--people", str(PEOPLE), "--face-size", "64", "--keep-bytes", rtt=0) as service:
        give_photos(service)
        urls, size = known_photos(service)
        config = service.curl_config("photos", [[("url", url) for url in urls]])

        def ours(number, script):
            mount = service.new_mount().start()
            service.emulator.reset_requests()
            copy = folder / f"copy-{len(service.mounts)}"
            taken, result = seconds(lambda: service.programs.shell(script, cwd=mount.path, env={"copy": str(copy)}))
            asked = service.requests(origin="photo")
            service.end_mount(mount)
            assert int(result.out) == size, (script, result.out, size)
            assert len(asked) == PEOPLE, f"{script}: a photo was fetched twice, or not at all"
            return taken

        def curl():
            taken, answers = seconds(lambda: service.curl(config, *ALL_AT_ONCE))
            assert sum(got for _, got in answers) == size and {status for status, _ in answers} == {200}, answers
            return taken

        for rtt in rtts:
            heading(f"{PEOPLE} cold photos of {size / PEOPLE / 1e3:.0f} kB, {rtt} ms of round trip")
            service.relay.set_rtt(rtt)
            curl_times, *all_times = alternate(rounds, curl, *(lambda o=o: ours(*o) for o in enumerate(ORDERS.values())))
            timed("curl --parallel --parallel-max 100 --http2", curl_times)
            for what, times in zip(ORDERS, all_times):
                timed(f"contactfs: {what}", times, theirs=curl_times)
                results.compare(f"cold {what}, {rtt} ms", "curl --parallel", times, curl_times, GOALS.get(what, ANY_ORDER)[rtt > 30])


def one_photo(folder, rtts, rounds, results):
    """The second photo of a mount, and of a curl: the connection is there. Two make no scan."""
    with Service(folder, "--people", "2", "--face-size", "64", "--keep-bytes", rtt=0) as service:
        give_photos(service)
        urls, _ = known_photos(service, 2)
        config = service.curl_config("photos", [[("url", url)] for url in urls], "%{http_code} %{size_download} %{time_total}\\n")

        def ours():
            mount = service.new_mount().start()
            first, second = (mount.path / name / "photo.jpg" for name in os.listdir(mount.path))  # a glob looks at both
            first.read_bytes()
            taken, got = seconds(second.read_bytes)
            service.end_mount(mount)
            assert len(got) == BYTES
            return taken

        def curl():
            _, (status, got, taken) = service.curl(config)
            assert (status, got) == (200, BYTES)
            return taken

        for rtt in rtts:
            heading(f"one cold photo of {BYTES / 1e3:.0f} kB, {rtt} ms of round trip")
            service.relay.set_rtt(rtt)
            our_times, curl_times = alternate(rounds, ours, curl)
            timed("curl on a warm connection", curl_times)
            timed("contactfs: open, read, close", our_times, theirs=curl_times)
            results.compare(f"one cold photo, {rtt} ms", "curl on a warm connection", our_times, curl_times, ONE_PHOTO)
