"""The same cold photos in whatever order programs ask for them, against one curl that is given all addresses beforehand."""

import os

from reading import PEOPLE, known_photos
from report import heading, line, timed
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


BYTES = 54_000  # of a photo: large ones would take minutes to draw


def give_photos(service):
    for person in service.emulator.people():
        face = service.emulator.photo_bytes(person["resourceName"])
        comment = os.urandom(BYTES - len(face) - 4)
        service.emulator.set_photo(person["resourceName"],
                                   face[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + face[2:])


def cold_orders(folder, rtts, rounds):
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
