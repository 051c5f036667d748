"""Google's client for Node, installed once into the user's cache, and driven over pipes (clients/client.cjs)."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

CLIENTS = Path(__file__).with_name("clients")


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "contactfs" / "tests"


def install():
    """The folder with node_modules; skips the test, and says why, where it cannot come about.

    npm installs into a folder of another name, which takes its name when it is whole: half of an installation is never
    taken for one. What is installed depends on package.json and on the version of Node.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("there is no node, or no npm")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    package = (CLIENTS / "package.json").read_bytes()
    name = "node-clients-" + hashlib.sha256(package + version.encode()).hexdigest()[:16]
    cache = cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        pytest.skip(f"no cache for npm's packages: {error}")
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # pytest may run in many processes
        if not (cache / name).is_dir():
            with tempfile.TemporaryDirectory(dir=cache) as folder:
                (Path(folder) / "new").mkdir()
                fetch(npm, Path(folder) / "new", package)
                (Path(folder) / "new").rename(cache / name)
    return cache / name


def fetch(npm, folder, package):
    (folder / "package.json").write_bytes(package)
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--fetch-retries=0",
               "--fetch-timeout=30000", "--loglevel=error"]
    try:
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        pytest.skip("npm could not install Google's clients within three minutes")
    if result.returncode != 0:
        pytest.skip(f"npm could not install Google's clients: {result.stderr.strip().splitlines()[:1]}")


class Refused(Exception):
    """An answer that is no success; error: Google's, or None."""

    def __init__(self, status, error, message):
        super().__init__(f"{status}: {message}")
        self.status = status
        self.error = error


class Node:
    """One node process, for all clients of a session; ca: a certificate that it trusts, too."""

    def __init__(self, ca):
        env = dict(os.environ, NODE_PATH=str(install() / "node_modules"), NODE_NO_WARNINGS="1", NODE_EXTRA_CA_CERTS=str(ca))
        env.pop("GOOGLE_APPLICATION_CREDENTIALS", None)
        self.process = subprocess.Popen(["node", CLIENTS / "client.cjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=env)

    def close(self):
        _, errors = self.process.communicate(timeout=20)
        assert self.process.returncode == 0 and errors == "", errors

    def order(self, order, **more):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps({"order": order, **more}) + "\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.stderr.read())
        reply = json.loads(line)
        if "error" in reply:
            error = reply["error"]
            data = error.get("data")
            raise Refused(error.get("status"), data.get("error") if isinstance(data, dict) else None, error["message"])
        return reply["result"]


def start_node(ca):
    """A Node, or a test that is skipped: Google's clients may want a newer one than the system has."""
    node = Node(ca)
    try:
        node.order("open", url="http://127.0.0.1:1/")
    except RuntimeError as error:
        version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
        pytest.skip(f"node {version} cannot run Google's clients: {str(error).strip().splitlines()[-1:]}")
    return node


class NodeClient:
    """Google's client, pointed at an emulator."""

    def __init__(self, node, emulator, http2=False):
        self.order = node.order
        self.emulator = emulator
        self.order("open", url=emulator.api_url + "/", http2=http2)

    def close(self):
        pass

    # ---- what every client of these tests can do ----

    def use_token(self, token):
        self.order("token", token=token)

    def use_file(self, file, scopes, subject=None):
        self.order("file", file=str(file), scopes=scopes, subject=subject)

    def log_in(self, client_id, client_secret, scopes, follow, pkce, basic):
        """The whole way; follow(url) is the browser: the parameters of the redirect. The tokens."""
        ready = self.emulator.ready
        endpoints = {"oauth2AuthBaseUrl": ready["auth_uri"], "oauth2TokenUrl": ready["token_uri"],
                     "oauth2RevokeUrl": ready["revoke_uri"]}
        query = {"access_type": "offline", "scope": scopes, "prompt": "consent", "state": "some state"}
        start = {"client": {"clientId": client_id, "clientSecret": client_secret}, "endpoints": endpoints, "basic": basic,
                 "redirectUri": "http://127.0.0.1:4711"}
        url = self.order("authorizationUrl", query=query, **start)
        verifier = None
        if pkce:
            made = self.order("verifier")
            verifier = made["codeVerifier"]
            query.update(code_challenge=made["codeChallenge"], code_challenge_method="S256")
            url = self.order("authorizationUrl", query=query, **start)
        return self.order("code", code=follow(url)["code"], codeVerifier=verifier)

    def refresh(self):
        """(access token before, after)"""
        tokens = self.order("refresh")
        return tokens["before"], tokens["after"]

    def revoke(self):
        self.order("revoke")

    def call(self, method, body=None, **params):
        """method: "people.connections.list"; the answer's data."""
        if body is not None:
            params["requestBody"] = body
        return self.order("call", method=method, params=params)
