"""people-emulator for tests: start it, order faults, look at what was asked, change people behind the clients' backs.

    with Emulator(options=["--delta-lag", "2"]) as emulator:
        emulator.fault(path="/v1/people/*:updateContactPhoto", action="status", status=503, times=2)
        ...
        emulator.wait_requests(2, method="PATCH")
        assert emulator.photo_bytes("people/c1001") == jpeg

Nothing here sleeps: waiting is done by the server (wait_requests) or by reading a pipe. The standard library is enough.
"""

import base64
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import threading
import urllib.parse

from forkserver import Forked

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKEN = "test-access-token"


def find_program():
    """The program under test: $PEOPLE_EMULATOR, or the one of the newest build folder."""
    given = os.environ.get("PEOPLE_EMULATOR")
    if given:
        return pathlib.Path(given)
    built = sorted(ROOT.glob("build*/src/emulator/people-emulator"), key=lambda path: path.stat().st_mtime)
    assert built, "people-emulator is not built, and PEOPLE_EMULATOR is not set"
    return built[-1]


class Response:
    """An HTTP answer, read whole."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def reasons(self):
        """The ErrorInfo reasons of Google's error envelope."""
        return [detail["reason"] for detail in self.json()["error"].get("details", []) if "reason" in detail]


def encode_query(query):
    """A query: a string as it is, a dict, or pairs; lists repeat their name."""
    if not query or isinstance(query, str):
        return query or ""
    return urllib.parse.urlencode(query, doseq=True)


class Emulator:
    """One people-emulator process. End it with close(), or use it as a context manager."""

    def __init__(self, options=(), token=TOKEN, program=None, env=None, ca=None):
        """options: more of the command line; token: an access token it accepts (None: none); ca: the certificate to trust."""
        self.token = token
        self.ca = ca
        self.killed = False
        arguments = [os.path.abspath(program or find_program()), "--until-eof"]
        if token:
            arguments += ["--access-token", token]
        self.process = self._start(arguments + [str(option) for option in options], env)
        self._errors = []
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self._reader.join()
            raise RuntimeError(f"people-emulator did not start: {self.stderr}")
        self.ready = json.loads(line)
        self.api_url = self.ready["api_url"]
        self.photo_url = self.ready["photo_url"]
        self.control_url = self.ready["control_url"]
        self.control_key = self.ready.get("control_key")  # None: --control-key tells a file instead

    @staticmethod
    def _start(arguments, env):
        if env is None:
            return Forked(arguments[0], arguments[1:])
        return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=dict(os.environ, **env))

    def _read_errors(self):
        for line in self.process.stderr:
            self._errors.append(line)

    @property
    def stderr(self):
        """What it has said on standard error so far."""
        return "".join(self._errors)

    def close(self):
        """Ends it by the end of its standard input; its exit status."""
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        self._reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode

    def kill(self):
        """Ends it without warning, as a crash would."""
        self.process.kill()
        self.process.wait()
        self.killed = True

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        status = self.close()
        if kind is None:
            assert status == 0 or self.killed, f"people-emulator ended with {status}: {self.stderr}"
            for word in ("CRITICAL", "WARNING", "AddressSanitizer", "runtime error"):
                assert word not in self.stderr, self.stderr

    # ---- HTTP ----

    def connect(self, url, timeout=60):
        """An http.client connection to the origin of url."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "https":
            return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout,
                                               context=ssl.create_default_context(cafile=self.ca))
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def request(self, method, url, body=None, headers=None, timeout=60):
        """Any request; body: bytes, or something that becomes JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        parts = urllib.parse.urlsplit(url)
        connection = self.connect(url, timeout)
        try:
            connection.request(method, urllib.parse.urlunsplit(("", "", parts.path, parts.query, "")), body, headers)
            answer = connection.getresponse()
            return Response(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def api(self, method, path, query=None, body=None, token=True, headers=None):
        """A request to the API: path is below /v1/, query a dict or pairs, token True for the one it was started with."""
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {self.token if token is True else token}"
        text = encode_query(query)
        return self.request(method, f"{self.api_url}/v1/{path}{'?' if text else ''}{text}", body, headers)

    def photo(self, url, headers=None):
        """A request to the photo origin."""
        return self.request("GET", url, headers=headers)

    # ---- control ----

    def control_request(self, method, path, body=None, query=None, key=None, headers=None, timeout=60):
        """A control call, and its answer whatever that is."""
        text = encode_query(query)
        return self.request(method, f"{self.control_url}/{path}{'?' if text else ''}{text}", body,
                            {"Authorization": f"Bearer {key or self.control_key}", **(headers or {})}, timeout)

    def control(self, method, path, body=None, query=None, timeout=60):
        """The answer of a control call, as JSON; fails unless it is 200."""
        answer = self.control_request(method, path, body, query, timeout=timeout)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()

    def fault(self, action, path=None, method=None, origin=None, **more):
        """Orders a fault; more: status, reason, body, body_base64, headers, content_type, delay_ms,
        times (-1: always), with and without: what the query must have, and must not; applied: the request is carried
        out all the same (status, hang, reset, garbage)."""
        order = dict(more, action=action)
        order.update({name: value for name, value in (("path", path), ("method", method), ("origin", origin)) if value})
        return self.control("POST", "faults", order)["id"]

    def faults(self):
        return self.control("GET", "faults")["faults"]

    def clear_faults(self):
        self.control("DELETE", "faults")

    def requests(self, path=None, method=None, origin=None):
        """The requests so far, of those that match."""
        return self.log(path, method, origin)["requests"]

    def log(self, path=None, method=None, origin=None):
        """The whole log: requests, counts, connections, max_concurrent, overlaps, photo_authorizations."""
        return self.control("GET", "requests", query=self._pattern(path, method, origin))

    def wait_requests(self, count, path=None, method=None, origin=None, answered=False, timeout=60):
        """Waits until count requests match and were received (answered: answered too); them."""
        query = self._pattern(path, method, origin)
        query.update(wait_count=count, wait_for="answered" if answered else "received", timeout_ms=int(timeout * 1000))
        found = self.control("GET", "requests", query=query, timeout=timeout + 20)["requests"]
        ready = [request for request in found if request["ended"]] if answered else found
        assert len(ready) >= count, f"{len(ready)} of {count} requests within {timeout} s: {found}"
        return found

    def reset_requests(self):
        self.control("DELETE", "requests")

    @staticmethod
    def _pattern(path, method, origin):
        return {name: value for name, value in (("path", path), ("method", method), ("origin", origin)) if value}

    def people(self, account=None):
        """Everybody: resourceName, displayName, photo, profile, domainContact; of another account's address book, too."""
        return self.control("GET", "people", query={"account": account} if account else None)["people"]

    def find(self, display_name, account=None):
        """The resource name of the first person called so."""
        for person in self.people(account):
            if person["displayName"] == display_name:
                return person["resourceName"]
        raise KeyError(display_name)

    def person(self, action, resource_name=None, account=None, **more):
        """Changes a person behind the clients' backs: see src/emulator/control-people.c for the actions."""
        order = dict(more, action=action)
        if resource_name:
            order["resource_name"] = resource_name
        return self.control("POST", "people", order, query={"account": account} if account else None)

    def create_person(self, given=None, family=None, resource_name=None, **more):
        """A new person; more: fields, face, base64. Its resource name."""
        if given or family:
            more["name"] = {"givenName": given or "", "familyName": family or ""}
        return self.person("create", resource_name, **more)["resourceName"]

    def rename_person(self, resource_name, given, family=""):
        self.person("rename", resource_name, name={"givenName": given, "familyName": family})

    def delete_person(self, resource_name):
        self.person("delete", resource_name)

    def set_photo(self, resource_name, picture):
        """picture: bytes as they are, or any word or number for a drawn face."""
        self.person("photo", resource_name, **self._picture(picture))

    def remove_photo(self, resource_name):
        self.person("remove-photo", resource_name)

    def set_profile(self, resource_name, picture):
        self.person("profile", resource_name, **self._picture(picture))

    @staticmethod
    def _picture(picture):
        if isinstance(picture, bytes):
            return {"base64": base64.b64encode(picture).decode()}
        return {"face": picture}

    def photo_bytes(self, resource_name, profile=False, account=None, served=False):
        """The photo as it was uploaded, or (served) as the server has made one of it since; None: no photo."""
        name = resource_name.removeprefix("people/")
        query = {**({"profile": "1"} if profile else {}), **({"account": account} if account else {}),
                 **({"served": "1"} if served else {})}
        answer = self.control_request("GET", f"people/{name}/photo", query=query)
        assert answer.status in (200, 404), answer.body
        return answer.body if answer.status == 200 else None

    def label(self, group, name):
        """Makes the label contactGroups/GROUP, or renames it; name None: deletes it, and nobody carries it any more."""
        self.control("POST", "groups", {"id": group, **({"name": name} if name else {})})

    def carry_labels(self, resource_name, *groups):
        """The labels that the person carries from now on."""
        self.person("change", resource_name, fields={"memberships": [
            {"contactGroupMembership": {"contactGroupResourceName": f"contactGroups/{group}"}} for group in ("myContacts", *groups)]})

    def expire_sync_tokens(self, status="FAILED_PRECONDITION"):
        self.control("POST", "expire-sync-tokens", {"status": status})

    def revoke_tokens(self, refresh=False):
        self.control("POST", "revoke-tokens", {"refresh": refresh})

    def add_token(self, token, **more):
        """One more access token; more: scope, account, lifetime in seconds."""
        self.control("POST", "tokens", dict(more, token=token))

    def delegate(self, granted):
        """Whether an administrator has delegated the contacts to the service account."""
        self.control("POST", "delegation", {"granted": granted})

    def advance(self, seconds):
        """Lets time pass for tokens, lag and quotas."""
        self.control("POST", "time", {"advance": seconds})

    def consent(self, **what):
        """What the user does at the next authorization: deny=True, or scope="…", account="…" (an e-mail address, who logs in);
        page=True: ask on a page from now on."""
        self.control("POST", "consent", what)

    def rotate_refresh_tokens(self):
        """A new refresh token comes with each access token from now on, and ends the one before."""
        self.control("POST", "refresh-tokens", {"rotate": True})
