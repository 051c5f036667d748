"""A relay between contactfs and people-emulator that can be told to misbehave: what goes over the wire is its own, byte for byte.

    with Hostile() as wire:
        emulator = Emulator(wire.emulator_options)
        wire.serve(emulator)               # from now on wire.url("api") is the service
        wire.arm("PATCH", fault)          # every such request from now on; times=1: the next one alone
        ...
        assert wire.hits("PATCH") == 1
        wire.disarm()

With contexts (odd_tls.py) connections begin with a handshake, and speak HTTP/2 (hostile_h2.py).

A request has a kind (kind_of). Each origin (the API, the photos, the login) has a port of its own, so that one alone can refuse
connections. Every answer ends its connection: what is armed counts from the next request on, whatever was kept alive before.
Threads and blocking sockets: an odd byte is easier to send so than by any library for HTTP.
"""

import select
import socket
import struct
import threading
import urllib.parse

ORIGINS = ("api", "photo", "login")
ORIGIN_OF = {"photo": "photo", "token": "login", "revoke": "login"}  # other kinds: "api"
AFTER = {"next page": "first page", "person": "PATCH"}  # a kind that comes only when another was answered
MAX_HEAD = 256 * 1024


def kind_of(origin, method, target):
    """What a request is for, in the words of the fault matrix."""
    if origin == "photo":
        return "photo"
    path, _, query = target.partition("?")
    if path.endswith("/connections"):
        asked = urllib.parse.parse_qs(query)
        if asked.get("pageSize") == ["1"]:
            return "probe"
        return "next page" if "pageToken" in asked else "delta" if "syncToken" in asked else "first page"
    if origin == "login":
        return path.rpartition("/")[2]
    return "person" if method == "GET" else method


class Gone(Exception):
    """The client has closed the connection."""


class Exchange:
    """One request, and what a fault may do with it."""

    def __init__(self, wire, origin, connection):
        self.wire = wire
        self.origin = origin
        self.connection = connection
        self.head = b""
        self.body = b""
        self.method = self.target = self.kind = None

    def receive(self):
        """Reads the request; False: there was none."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.connection.recv(65536)
            if not piece or len(data) > MAX_HEAD:
                return False
            data += piece
        self.head, _, self.body = data.partition(b"\r\n\r\n")
        lines = self.head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.kind = kind_of(self.origin, self.method, self.target)
        if self.headers.get("expect") == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self.body) < int(self.headers.get("content-length", 0)):
            piece = self.connection.recv(65536)
            if not piece:
                return False
            self.body += piece
        return True

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError:
            raise Gone from None

    def answer(self, status=200, body=b"", headers=(), content_type="application/json", length=None, reason="Odd"):
        """A whole answer; length: what Content-Length says instead of the truth, False for none at all."""
        lines = [f"HTTP/1.1 {status} {reason}", f"Content-Type: {content_type}", "Connection: close", *headers]
        if length is not False:
            lines.append(f"Content-Length: {len(body) if length is None else length}")
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def forward(self):
        """What the service really answers: (head, body). The request counts there."""
        with socket.create_connection(self.wire.upstream(self.origin), timeout=30) as service:
            lines = [line for line in self.head.split(b"\r\n") if not line.lower().startswith((b"connection:", b"expect:"))]
            service.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + self.body)
            data = b""
            while piece := service.recv(65536):
                data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n", body

    def reset(self):
        """RST, not FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def until_gone(self, seconds=None):
        """Waits until the client closes (True), or for some seconds (False)."""
        while select.select([self.connection], [], [], seconds)[0]:
            try:
                if not self.connection.recv(65536):
                    return True
            except OSError:
                return True
        return False


class Armed:
    def __init__(self, fault, times, only):
        self.fault = fault
        self.times = times  # -1: always
        self.only = only  # a part of the request's target, or None
        self.hits = 0


class Hostile:
    def __init__(self):
        self.lock = threading.Condition()
        self.armed = {}
        self.contexts = {}  # servers' SSLContexts; "good": connections begin with that one's handshake
        self.door = None  # called with each new socket: True when nothing more is to be done with it
        self.after = {}  # by kind: what is done once such a request was answered
        self.service = None
        self.open = set()
        self.reserved, self.listeners = {}, {}
        for origin in ORIGINS:
            self.reserved[origin] = self._bind(0)
            self.accept(origin)
        self.behind = self._bind(0)  # kept for the service's own port of the photos

    @staticmethod
    def _bind(port):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("127.0.0.1", port))
        return made

    def __enter__(self):
        return self

    def __exit__(self, *what):
        for origin in list(self.listeners):
            self.refuse(origin)
        self.cut()
        for reserved in (self.behind, *self.reserved.values()):
            reserved.close()

    # ---- addresses ----

    def port(self, origin):
        return self.reserved[origin].getsockname()[1]

    def url(self, origin):
        return f"http{'s' if self.contexts else ''}://127.0.0.1:{self.port(origin)}"

    @property
    def behind_port(self):
        """The service's own, of its photos."""
        return self.behind.getsockname()[1]

    @property
    def emulator_options(self):
        """What makes the service name the relay as the photos' host."""
        return ["--photo-url", self.url("photo"), "--photo-port", str(self.behind_port)]

    def serve(self, emulator):
        self.service = emulator

    def upstream(self, origin):
        if origin == "photo":
            return self.behind.getsockname()
        parts = urllib.parse.urlsplit(self.service.api_url)
        return parts.hostname, parts.port

    # ---- orders ----

    def arm(self, kind, fault, times=-1, only=None):
        with self.lock:
            self.armed[kind] = Armed(fault, times, only)
        if fault.door:
            self.when_there(kind, lambda: self._bar(kind))

    def when_there(self, kind, call):
        """When the next request is to be of this kind: now, or once the one that leads to it was answered."""
        if kind in AFTER:
            self.after[AFTER[kind]] = call
        else:
            call()

    def _bar(self, kind):
        """From now on each new connection of the kind's origin meets the fault."""
        def door(origin, connection):
            with self.lock:
                armed = self.armed.get(kind)
                if armed is None or armed.times == 0 or origin != ORIGIN_OF.get(kind, "api"):
                    return False
                armed.times -= armed.times > 0
                armed.hits += 1
                self.lock.notify_all()
            armed.fault.act(self, connection)
            return True
        self.door = door
        self.cut()

    def disarm(self):
        with self.lock:
            self.armed.clear()
            self.after.clear()
            self.door = None
        for origin in ORIGINS:
            self.accept(origin)

    def hits(self, kind):
        with self.lock:
            return self.armed[kind].hits

    def wait_hits(self, kind, count, timeout=30):
        with self.lock:
            assert self.lock.wait_for(lambda: self.armed[kind].hits >= count, timeout), f"no {kind} came within {timeout} s"

    def refuse(self, origin):
        """Nobody listens there any more; the port stays ours."""
        listener = self.listeners.pop(origin, None)
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def accept(self, origin):
        if origin in self.listeners:
            return
        listener = self._bind(self.reserved[origin].getsockname()[1])
        listener.listen(64)
        self.listeners[origin] = listener
        threading.Thread(target=self._listen, args=(origin, listener), daemon=True).start()

    def cut(self):
        """Every connection ends."""
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    # ---- connections ----

    def _listen(self, origin, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(origin, connection), daemon=True).start()

    def _connection(self, origin, connection):
        with self.lock:
            self.open.add(connection)
            door = self.door
        try:
            if door is not None and door(origin, connection):
                return
            if self.contexts:
                connection = self._begin_tls(connection)
            if self.contexts and connection.selected_alpn_protocol() == "h2":
                from hostile_h2 import H2Wire  # needs python3-h2, and this file
                H2Wire(self, origin, connection).serve()
                return
            exchange = Exchange(self, origin, connection)
            if exchange.receive():
                self.act(exchange, self.take(exchange))
        except (Gone, OSError):
            pass
        finally:
            with self.lock:
                self.open.discard(connection)
            connection.close()

    def _begin_tls(self, connection):
        """Python makes another socket of it."""
        with self.lock:
            self.open.discard(connection)
            connection = self.contexts["good"].wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self.open.add(connection)
        connection.do_handshake()
        return connection

    def take(self, exchange):
        """The fault that is meant for this request, or None."""
        with self.lock:
            armed = self.armed.get(exchange.kind)
            if armed is None or armed.fault.door or armed.times == 0 or (armed.only is not None and armed.only not in exchange.target):
                return None
            armed.times -= armed.times > 0
            armed.hits += 1
            self.lock.notify_all()
            return armed.fault

    def act(self, exchange, fault):
        if fault is not None:
            fault(exchange)
        else:
            exchange.send(b"".join(exchange.forward()))
        then = self.after.pop(exchange.kind, None)
        if then is not None:
            then()
