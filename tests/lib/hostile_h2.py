"""The relay of hostile.py over HTTP/2: a thread reads the connection's frames, and each request has one of its own."""

import threading

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from hostile import Exchange, Gone, kind_of

HOP_BY_HOP = (b"connection", b"transfer-encoding", b"keep-alive")


class H2Exchange(Exchange):
    """One request, and what a fault may do with it or with its connection."""

    def __init__(self, connection, stream, headers):
        super().__init__(connection.wire, connection.origin, connection.socket)
        self.there, self.stream = connection, stream
        self.ended = threading.Event()  # the client has left it
        told = {name: value for name, value in headers if name.startswith(":")}
        self.method, self.target = told[":method"], told[":path"]
        self.headers = {"host": told[":authority"]} | {name: value for name, value in headers if not name.startswith(":")}
        self.kind = kind_of(self.origin, self.method, self.target)

    def forward(self):
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items()
                                                           if name != "content-length"), f"Content-Length: {len(self.body)}"]
        self.head = "\r\n".join(lines).encode("latin-1")
        return super().forward()

    # ---- answers ----

    def begin(self, status=200, headers=(("content-type", "application/json"),), length=None, end=False):
        more = [("content-length", str(length))] if length is not None else []
        self.there.do("send_headers", self.stream, [(":status", str(status)), *headers, *more], end_stream=end)

    def data(self, data, end=False):
        """As the client's window takes it."""
        while True:
            with self.there.changed:
                self.there.changed.wait_for(lambda: self.left() or self.there.room(self.stream) > 0 or not data, 30)
                if self.left():
                    raise Gone
                size = min(len(data), self.there.room(self.stream))
                piece, data = data[:size], data[size:]
                self.there.do("send_data", self.stream, piece, end_stream=end and not data)
            if not data:
                return

    def left(self):
        return self.ended.is_set() or self.there.closed.is_set()

    def send(self, data, trailers=()):
        """A whole answer of HTTP/1.1, as forward() has it."""
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        pairs = [line.partition(b":")[::2] for line in lines]
        self.begin(int(first.split()[1]), [(name.decode().lower(), value.decode().strip()) for name, value in pairs
                                           if name.lower() not in HOP_BY_HOP])
        self.data(body, end=not trailers)
        if trailers:
            self.there.do("send_headers", self.stream, list(trailers), end_stream=True)

    def hints(self):
        self.there.do("send_headers", self.stream, [(":status", "103"), ("link", "</a>; rel=preload")])

    # ---- faults ----

    def reset_stream(self, error):
        self.there.do("reset_stream", self.stream, error)

    def go_away(self, error, last):
        """The last words of the connection."""
        self.there.do("close_connection", error, None, max(last, 0))
        self.cut()

    def announce_end(self):
        """GOAWAY after this stream; the connection lives on for its answer."""
        self.raw(b"\0\0\x08\x07\0\0\0\0\0" + self.stream.to_bytes(4, "big") + bytes(4))

    def raw(self, data):
        with self.there.changed:
            self.there.write(data)

    def cut(self):
        self.there.close()

    def until_gone(self, seconds=None):
        with self.there.changed:
            return self.there.changed.wait_for(self.left, seconds)


class H2Wire:
    def __init__(self, wire, origin, socket):
        self.wire, self.origin, self.socket = wire, origin, socket
        self.changed = threading.Condition(threading.RLock())
        self.closed = threading.Event()
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False))
        self.streams = {}

    def do(self, name, *arguments, **options):
        with self.changed:
            try:
                getattr(self.h2, name)(*arguments, **options)
            except ProtocolError:
                raise Gone from None
            self.write(self.h2.data_to_send())

    def write(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            raise Gone from None

    def room(self, stream):
        try:
            return min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
        except ProtocolError:
            return 0

    def close(self):
        with self.changed:
            self.closed.set()
            self.changed.notify_all()
            try:
                self.socket.shutdown(2)
            except OSError:
                pass

    def serve(self):
        self.do("initiate_connection")
        try:
            while data := self.socket.recv(65536):
                with self.changed:
                    for event in self.h2.receive_data(data):
                        self.take(event)
                    self.write(self.h2.data_to_send())
                    self.changed.notify_all()
        except ProtocolError:
            pass
        finally:
            self.close()

    def take(self, event):
        exchange, fault = self.streams.get(getattr(event, "stream_id", None), (None, None))
        if isinstance(event, RequestReceived):
            exchange = H2Exchange(self, event.stream_id, event.headers)
            fault = self.wire.take(exchange)
            self.streams[event.stream_id] = exchange, fault
            if fault is not None and fault.early:
                self.start(exchange, fault)
        elif isinstance(event, DataReceived) and exchange is not None:
            exchange.body += event.data
            if fault is None or not fault.early:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded) and exchange is not None and (fault is None or not fault.early):
            self.start(exchange, fault)
        elif isinstance(event, StreamReset) and exchange is not None:
            exchange.ended.set()
        elif isinstance(event, ConnectionTerminated):
            self.closed.set()

    def start(self, exchange, fault):
        threading.Thread(target=self.answer, args=(exchange, fault), daemon=True).start()

    def answer(self, exchange, fault):
        try:
            self.wire.act(exchange, fault)
        except (Gone, OSError):
            pass
        finally:
            with self.changed:
                self.streams.pop(exchange.stream, None)
