"""A large address book: the first listing, the next mount, memory."""

from report import heading, in_words, line, timed
from rig import Service, alternate, median, memory_mib, seconds

PEOPLE = 25_000
MEMORY_MIB = 60
GOAL = 1.1
START_SECONDS = 0.1


def large_book(folder, rtt, rounds, results):
    heading(f"{PEOPLE} people, {rtt} ms of round trip")
    with Service(folder, "--people", str(PEOPLE), rtt=rtt) as service:
        config, size = pages(service)
        mounts = []

        def ours():
            if mounts:
                service.end_mount(mounts.pop())
            mounts.append(service.new_mount())
            return seconds(mounts[0].start)[0]

        def curl():
            taken, answers = seconds(lambda: service.curl(config))
            assert len(answers) == PEOPLE // 1000 and {answer[0] for answer in answers} == {200}, answers
            return taken

        our_times, curl_times = alternate(rounds, ours, curl)
        line("pages", str(PEOPLE // 1000), f"{size / 1e6:.1f} MB of JSON")
        timed("contactfs: first mount until it is usable", our_times)
        timed("curl, the same pages", curl_times, our_times)
        results.compare(f"first listing, {PEOPLE:,} people", "curl, the same pages", our_times, curl_times, GOAL)
        mount = mounts[0]
        memory(service, mount, results)
        remount(service, mount, rounds, results)
        service.end_mount(mount)


def pages(service):
    """(a curl config of the pages that a mount asks for, their bytes)"""
    mount = service.new_mount().start()
    asked = service.requests(path="/v1/people/me/connections")[:PEOPLE // 1000]
    service.end_mount(mount)
    sections = [[("url", f"{service.api_base}{request['path']}?{request['query']}"),
                 ("header", f"Authorization: Bearer {service.emulator.token}"),
                 ("user-agent", request["user_agent"]), ("compressed", None)] for request in asked]
    return service.curl_config("pages", sections), sum(request["bytes"] for request in asked)


def memory(service, mount, results):
    listed, most = memory_mib(mount.pid)
    line("resident after the first listing (at most)", f"{listed:.1f} MiB", f"{most:.1f} MiB")
    service.programs("ls", "-l", mount.path)
    looked, most = memory_mib(mount.pid)
    line("resident after ls -l of the root (at most)", f"{looked:.1f} MiB", f"{most:.1f} MiB")
    results.check(f"under {MEMORY_MIB} MiB at any time", most, MEMORY_MIB, f"{most:.1f} MiB")


def remount(service, mount, rounds, results):
    requests = []

    def until_listed():
        mount.unmount()
        service.emulator.reset_requests()

        def start_and_list():
            mount.start()
            assert len(service.programs("ls", mount.path).out.splitlines()) == PEOPLE

        taken, _ = seconds(start_and_list)
        requests.append(len(service.requests()))
        return taken

    def frozen():
        """Nothing gets through: only what is known already can be listed."""
        service.relay.freeze()
        try:
            return until_listed()
        finally:
            service.relay.set_rtt(service.rtt)

    times, frozen_times = alternate(rounds, until_listed, frozen)
    timed("contactfs: next mount to the end of ls", times)
    timed("and with the network frozen", frozen_times)
    line("requests before that end", str(max(requests)))
    results.check("no request before the end of ls", max(requests), 0, str(max(requests)))
    results.tell(f"start to the end of ls, {PEOPLE:,} people, {max(requests)} requests", in_words(median(times)),
                 f"{in_words(START_SECONDS)}, none", median(times) <= START_SECONDS and max(requests) == 0,
                 f"{in_words(min(times))} … {in_words(max(times))}")
    looked, most = memory_mib(mount.pid)
    line("resident after it (at most)", f"{looked:.1f} MiB", f"{most:.1f} MiB")
