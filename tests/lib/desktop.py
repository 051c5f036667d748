"""A desktop session as far as notifications go: a bus of its own, and who shows them."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from processes import wait_readable

SERVICE = Path(__file__).with_name("notifications.py")
CONFIG = """<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


class Desktop:
    """.env is what a program of the session has; next() is what was shown (or closed) next, as a list."""

    TIMEOUT = 30

    def __init__(self, programs, hang=False, service=True):
        # not in the test's own folder: a socket's name has room for a hundred characters
        self.folder = folder = Path(tempfile.mkdtemp(prefix="session-"))
        config = folder / "bus.conf"
        config.write_text(CONFIG.format(path=folder / "bus"))
        self.bus = programs.start("dbus-daemon", f"--config-file={config}", "--nofork", "--print-address",
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        self._read_line(self.bus)
        self.env = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder / 'bus'}"}
        self.programs = programs
        self.service = None
        if service:
            self.start_service(*(["--hang"] if hang else []))

    def start_service(self, *options):
        self.service = self.programs.start("/usr/bin/python3", SERVICE, *options, env=self.env, stdout=subprocess.PIPE,
                                           bufsize=0)
        assert self.next() == ["ready"]

    def restart_service(self):
        """Its ids begin anew."""
        self.service.kill()
        self.service.wait()
        self.service.stdout.close()
        self.start_service()

    def _read_line(self, process, timeout=TIMEOUT):
        assert wait_readable([process.stdout], timeout), "nothing was said"
        line = process.stdout.readline()
        assert line, "the process has ended"
        return line

    def next(self):
        return json.loads(self._read_line(self.service))

    def shown(self):
        """Summary and body of the next notification."""
        method, _, _, summary, body, _ = self.next()
        assert method == "Notify"
        return summary, body

    def end(self):
        for process in (self.service, self.bus):
            if process is not None:
                process.kill()
                process.wait()
                process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
