"""What the bench measures on: a service behind a delay relay, mounts of the real program, curl; and clocks."""

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

from emulator import Emulator  # noqa: E402
from eventually import eventually  # noqa: E402, F401 (for others.py)
from mounts import Mount  # noqa: E402
from processes import Programs  # noqa: E402

BUILD = Path(os.environ.get("CONTACTFS_BUILD", ROOT / "build"))
CONTACTFS = BUILD / "src/cli/contactfs"
PEOPLE_EMULATOR = BUILD / "src/emulator/people-emulator"
DELAY_RELAY = BUILD / "tests/bench/delay-relay"
FROZEN_MS = 3_600_000


def clean_env(home):
    keep = {name: os.environ[name] for name in ("PATH", "USER", "LOGNAME", "TMPDIR") if name in os.environ}
    return {**keep, "LC_ALL": "C.UTF-8", "HOME": str(home)}


# ---- clocks ----

def seconds(action):
    """(how long action took, what it answered)"""
    start = time.perf_counter()
    answer = action()
    return time.perf_counter() - start, answer


def alternate(rounds, *actions):
    """Runs the actions in turn, rounds times: A B A B …; each answers how many seconds it took. A list for each."""
    times = [[] for _ in actions]
    for _ in range(rounds):
        for action, taken in zip(actions, times):
            taken.append(action())
    return times


def median(times):
    return statistics.median(times)


# ---- the network ----

class Relay:
    """delay-relay: ports in front of ports, with a round trip between them."""

    def __init__(self, count):
        self.process = subprocess.Popen([DELAY_RELAY, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.ports = [int(word) for word in self.process.stdout.readline().split()]

    def _ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def _order(self, line):
        answer = self._ask(line)
        assert answer == "ok", answer

    def set_targets(self, *ports):
        self._order("targets " + " ".join(map(str, ports)))

    def set_rtt(self, milliseconds):
        self._order(f"rtt {milliseconds}")

    def freeze(self):
        """Nothing gets through any more, and nobody is told."""
        self.set_rtt(FROZEN_MS)

    def statistics(self):
        """bytes, chunks, by how many microseconds the latest was late, milliseconds of CPU: since asked last."""
        return tuple(map(int, self._ask("stats").split()))

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def make_certificate(folder):
    """(certificate, key) for 127.0.0.1."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


class Service:
    """people-emulator over TLS and HTTP/2, both origins behind one relay."""

    def __init__(self, folder, *options, rtt):
        self.folder = folder
        self.programs = Programs(clean_env(folder))
        self.certificate, self.key = make_certificate(folder)
        self.relay = Relay(2)
        api, photo = self.relay.ports
        self.emulator = self._start(["--tls-cert", self.certificate, "--tls-key", self.key,
                                     "--public-url", f"https://127.0.0.1:{api}",
                                     "--photo-url", f"https://127.0.0.1:{photo}", *options])
        self.rtt = rtt
        self.relay.set_rtt(rtt)
        self.photo_base = f"https://127.0.0.1:{photo}"
        self.api_base = f"https://127.0.0.1:{api}"
        self.mounts = []

    def _start(self, options):
        photo_port = free_port()
        emulator = Emulator(["--photo-port", photo_port, *options], program=PEOPLE_EMULATOR, ca=self.certificate)
        self.relay.set_targets(urllib.parse.urlsplit(emulator.control_url).port, photo_port)
        return emulator

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        for mount in self.mounts:
            mount.kill()
        self.relay.close()
        self.emulator.close()

    # ---- mounts ----

    def new_mount(self, *options):
        """A mount that knows nothing and has nothing cached; not started yet."""
        number = len(self.mounts)
        path, state = self.folder / f"mnt{number}", self.folder / f"state{number}"
        path.mkdir()
        state.mkdir()
        mount = Mount(self.programs, CONTACTFS, path, state, self.emulator, ("--writes-per-minute", "0", *options),
                      "default", True, {"SSL_CERT_FILE": str(self.certificate)})
        self.mounts.append(mount)
        return mount

    @staticmethod
    def end_mount(mount):
        """Its files stay until the bench ends: ext4 is slow to make new ones where many have just been deleted."""
        mount.finish()

    def requests(self, **pattern):
        return self.emulator.requests(**pattern)

    # ---- curl ----

    def curl_config(self, name, sections, write_out="%{http_code} %{size_download}\\n"):
        """A file for curl -K: sections of (option, value), value None for a flag."""
        lines = []
        for section in sections:
            for option, value in (*section, ("cacert", self.certificate), ("write-out", write_out), ("http2", None),
                                  ("silent", None)):
                lines.append(option if value is None else f'{option} = "{value}"')
                if option == "url":
                    lines.append('output = "/dev/null"')
            lines.append("next")
        path = self.folder / name
        path.write_text("\n".join(lines[:-1]) + "\n")
        return path

    def curl(self, config, *options):
        """What each request's write-out says, as numbers."""
        output = subprocess.run(["curl", "-q", *options, "-K", config], env=self.programs.env, check=True,
                                capture_output=True, text=True).stdout
        return [tuple(map(float, line.split())) for line in output.splitlines()]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ---- processes ----

def memory_mib(pid):
    """(resident now, resident at most)"""
    fields = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        fields[name] = value
    return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))


def machine():
    """The line that makes absolute numbers mean something."""
    model = "?"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    versions = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
                for command in (["curl", "--version"], ["fusermount3", "--version"])]
    kernel = os.uname()
    return (f"{os.cpu_count()} × {model}, {kernel.sysname} {kernel.release}, "
            f"{versions[0].split(' (')[0]}, libfuse {versions[1].split()[-1]}")
