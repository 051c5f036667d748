"""A token endpoint in front of the emulator's: an answer to a refresh can be kept back after the service has made it."""

import http.server
import threading
import urllib.error
import urllib.request

from json_answers import JsonHandler


class SlowTokens:
    """.url is for token_uri; hold() keeps the next answer until release(), and made is set when the service has given it."""

    def __init__(self, emulator):
        self.upstream = emulator.ready["token_uri"].rsplit("/", 1)[0]
        self.made = threading.Event()
        self._go = threading.Event()
        self._held = False
        outer = self

        class Handler(JsonHandler):
            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"]))
                status, body = outer._forward(self.path, form, self.headers["Content-Type"])
                if outer._held and self.path == "/token" and b"grant_type=refresh_token" in form:
                    outer._held = False
                    outer.made.set()
                    outer._go.wait(30)
                self.answer(body, status)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/token"

    def _forward(self, path, form, content_type):
        request = urllib.request.Request(self.upstream + path, form, {"Content-Type": content_type})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def hold(self):
        self._held = True

    def release(self):
        self._go.set()

    def close(self):
        self._go.set()
        self._server.shutdown()
        self._server.server_close()
