"""Somebody at a desk who logs in: contactfs login, what it opens as the browser, and a person who clicks.

    desk = Desk(run, CONTACTFS, folder, emulator)
    attempt = desk.begin()                      the program runs, and its browser has been opened on attempt.url
    attempt.consent()                           the service says yes, and the browser goes back: the page it ends on
    assert attempt.finish().status == 0
"""

import json
import os
import stat
import subprocess
import urllib.parse
from pathlib import Path

from mounts import xdg_folders
from processes import wait_readable

SECRET_CLIENT = "cl1ent-s3cret-of-the-desk"
CONTACTS = "https://www.googleapis.com/auth/contacts"


class Attempt:
    """One run of contactfs login."""

    TIMEOUT = 30

    def __init__(self, desk, process):
        self.desk = desk
        self.process = process
        self.url = None

    def await_browser(self):
        """Waits until the browser has been opened; the address that it got."""
        assert wait_readable([self.desk.browser], self.TIMEOUT), "no browser was opened"
        self.url = os.read(self.desk.browser, 65536).decode().strip()
        return self.url

    def await_address(self):
        """Waits until the address has been printed."""
        for line in self.process.stdout:
            if line.strip().startswith(b"http"):
                self.url = line.decode().strip()
                return self.url
        raise AssertionError("no address was printed")

    @property
    def asked(self):
        """The parameters of the authorization request."""
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.url).query))

    @property
    def port(self):
        return urllib.parse.urlsplit(self.asked["redirect_uri"]).port

    def redirect(self):
        """Where the service sends the browser back to."""
        answer = self.desk.emulator.request("GET", self.url)
        assert answer.status == 302, answer.body
        return answer.headers["Location"]

    def visit(self, url, **more):
        """The browser opens url: the page."""
        parts = urllib.parse.urlsplit(url)
        if not parts.path:
            url = urllib.parse.urlunsplit(parts._replace(path="/"))
        return self.desk.emulator.request(more.pop("method", "GET"), url, **more)

    def consent(self):
        return self.visit(self.redirect())

    def reply(self, **query):
        """The browser comes back with this query: the page."""
        return self.visit(f"{self.asked['redirect_uri']}/?{urllib.parse.urlencode(query)}")

    def finish(self, input=None, timeout=TIMEOUT):
        return self.desk.run.finish(self.process, timeout, input)


class Desk:
    """Folders of its own, a browser that only notes what it is to open, and a client file for the service emulator."""

    def __init__(self, run, program, folder, emulator, env=None):
        self.run = run
        self.program = program
        self.folder = Path(folder)
        self.emulator = emulator
        self.folder.mkdir(exist_ok=True)
        fifo = self.folder / "browser"
        os.mkfifo(fifo)
        self.browser = os.open(fifo, os.O_RDWR | os.O_CLOEXEC)
        programs = self.folder / "bin"
        programs.mkdir()
        opener = programs / "xdg-open"
        opener.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$1\" >'{fifo}'\n")
        opener.chmod(0o755)
        self.env = {**xdg_folders(self.folder), "PATH": f"{programs}:{run.env['PATH']}", **(env or {})}
        self.client = self.client_file()

    def close(self):
        os.close(self.browser)

    def config(self, account="default"):
        return self.folder / "config" / "contactfs" / account

    def client_file(self, kind="installed", name="client_secret.json", **changes):
        path = self.folder / name
        client = {"client_id": "desk.apps.googleusercontent.com", "client_secret": SECRET_CLIENT,
                  "auth_uri": self.emulator.ready["auth_uri"], "token_uri": self.emulator.ready["token_uri"],
                  "redirect_uris": ["http://localhost"], **changes}
        path.write_text(json.dumps({kind: {k: v for k, v in client.items() if v is not None}}))
        path.chmod(0o600)
        return path

    def start(self, *options, wrapper=(), api_url=True):
        """Starts contactfs login with these options and nothing else but the API's address."""
        fixed = ["--api-url", self.emulator.api_url] if api_url else []
        return Attempt(self, self.run.start(*wrapper, self.program, "login", *fixed, *options, env=self.env,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                            bufsize=0))  # what a buffer had read ahead, communicate() would not see

    def begin(self, *options):
        """Starts it with the client file, and waits for the browser."""
        attempt = self.start("--client", self.client, *options)
        attempt.await_browser()
        return attempt

    def log_in_unknown(self):
        """A login of which the service does not say whose it is: its token endpoint knows no ID tokens."""
        self.emulator.consent(scope=CONTACTS)
        self.log_in()
        assert "id" not in self.stored()

    def log_in(self, *options, account=None):
        """All of it, as account (an e-mail address); the program's words."""
        if account:
            self.emulator.consent(account=account)
        attempt = self.begin(*options)
        attempt.consent()
        result = attempt.finish()
        assert result.status == 0, result
        return result

    def log_out(self, *options, **more):
        return self.run(self.program, "logout", *options, env=self.env, **more)

    def lock(self, account="default"):
        """The file of the lock that who renews, replaces or ends a login holds."""
        return self.config(account).parent / f".{account}.lock"

    def stored(self, account="default"):
        return json.loads((self.config(account) / "login.json").read_text())

    def files_with(self, secret):
        """The files in which secret can be found."""
        found = []
        for path in self.folder.rglob("*"):
            if stat.S_ISREG(path.lstat().st_mode) and secret.encode() in path.read_bytes():
                found.append(path)
        return found


def is_good(emulator, refresh_token):
    """Whether the service gives an access token for it."""
    form = urllib.parse.urlencode({"grant_type": "refresh_token", "refresh_token": refresh_token,
                                   "client_id": "desk.apps.googleusercontent.com", "client_secret": SECRET_CLIENT})
    return emulator.request("POST", emulator.ready["token_uri"], form.encode(),
                            {"Content-Type": "application/x-www-form-urlencoded"}).status == 200


def check_failed(result, words):
    """One sentence on stderr that has words in it, and exit status 1."""
    assert result.status == 1, result
    last = result.errors.strip().splitlines()[-1]
    assert last.startswith("contactfs: ") and words in last, result.errors
