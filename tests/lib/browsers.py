"""A real browser without a screen: Chromium, driven by chromedriver (WebDriver over HTTP)."""

import http.client
import json
import subprocess

# chromedriver gives Chromium a time of its own to start, which a busy machine may exceed.
STARTS = 3


class Browser:
    """Chromium with a profile in folder."""

    def __init__(self, run, folder):
        self.driver = run.start("chromedriver", "--port=0", env={"HOME": str(folder)}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.port = self._read_port()
        # Without its sandbox, which root may not have and containers often cannot: all it sees is the test's own pages.
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     f"--user-data-dir={folder}/profile"]
        options = {"goog:chromeOptions": {"binary": "/usr/bin/chromium", "args": arguments}}
        self.session = None
        for left in reversed(range(STARTS)):
            try:
                made = self._ask("POST", "session", {"capabilities": {"alwaysMatch": options}})
                break
            except AssertionError:
                if left == 0:
                    raise
        self.session = f"session/{made['sessionId']}"

    def _read_port(self):
        for line in self.driver.stdout:
            if b"started successfully on port" in line:
                return int(line.rstrip(b".\n").rpartition(b" ")[2])
        raise AssertionError("chromedriver did not start")

    def _ask(self, method, path, body=None):
        path = f"/{self.session}/{path}" if self.session else f"/{path}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path.rstrip("/"), json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        value = json.loads(answer.read())["value"]
        connection.close()
        assert answer.status == 200, value
        return value

    def open(self, url):
        self._ask("POST", "url", {"url": url})

    def click(self, identifier):
        found = self._ask("POST", "element", {"using": "css selector", "value": f"#{identifier}"})
        self._ask("POST", f"element/{next(iter(found.values()))}/click", {})

    @property
    def title(self):
        return self._ask("GET", "title")

    def evaluate(self, script):
        return self._ask("POST", "execute/sync", {"script": f"return {script}", "args": []})

    def prefer(self, scheme):
        """light or dark, as the desktop would say."""
        self._ask("POST", "goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]}})

    def close(self):
        try:
            if self.session:
                self._ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
