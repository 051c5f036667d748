"""A day of syncs, each of which brings a change. The mount's clock is ours, so that it does not take a day."""

from clock import Clock
from report import heading, line
from rig import BUILD, Service, eventually, memory_mib

PEOPLE = 25_000
INTERVAL = 300  # seconds between looks for changes
SYNCS = 24 * 3600 // INTERVAL
FIRST = SYNCS // 24  # what the first hour needs is no growth
RESIDENT_MIB = 32
GROWTH_MIB = 0.5


def pass_by(folder, results):
    heading(f"a day of {SYNCS} syncs with a change in each, {PEOPLE} people")
    clock = Clock(BUILD, folder)
    with Service(folder, "--people", str(PEOPLE), "--face-size", "64", rtt=0) as service:
        mount = service.new_mount("--sync-interval", str(INTERVAL))
        mount.env |= clock.env
        mount.start()
        names = [person["resourceName"] for person in service.emulator.people()]
        early = None
        with clock.ticking():
            for number in range(SYNCS):
                service.emulator.set_photo(names[number % FIRST], number)
                service.emulator.reset_requests()
                clock.advance(INTERVAL)
                mount.status()  # nobody else tells it to look at the clock
                service.emulator.wait_requests(1, path="/v1/people/me/connections", answered=True)
                eventually(lambda: mount.status()["next_sync_in"] > 0)
                if number + 1 == FIRST:
                    early, _ = memory_mib(mount.pid)
        late, most = memory_mib(mount.pid)
        service.end_mount(mount)
    line("resident after an hour, after the day (at most)", f"{early:.1f} MiB", f"{late:.1f} MiB, {most:.1f} MiB")
    results.check("no growth within the day", late - early, GROWTH_MIB, f"{late - early:.2f} MiB")
    results.tell(f"resident, {PEOPLE:,} people, after a day of syncs", f"{late:.1f} MiB", f"{RESIDENT_MIB} MiB", late <= RESIDENT_MIB,
                 f"{most:.1f} MiB at most")
