"""The faults of the matrix that only HTTP/2 has. Each acts on an H2Exchange (hostile_h2.py)."""

import struct

from odd_answers import Fault
from photohost import png_of

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM, HTTP_1_1_REQUIRED = 0, 1, 2, 7, 8, 11, 13
DATA, HEADERS, SETTINGS, PUSH_PROMISE, WINDOW_UPDATE, CONTINUATION = 0, 1, 4, 5, 8, 9


def frame(kind, stream, payload=b"", flags=0):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def goaway_before(error):
    """The server ends, and has not looked at this request."""
    def act(x):
        x.go_away(error, x.stream - 2)
    return act


def goaway_without_answer(x):
    x.forward()
    x.go_away(NO_ERROR, x.stream)


def goaway_and_answer(x):
    """The server ends after this request."""
    head, body = x.forward()
    x.announce_end()
    x.send(head + body)
    x.until_gone(0.2)
    x.cut()


def reset_before(error):
    def act(x):
        x.reset_stream(error)
    return act


def applied_and_reset(error):
    def act(x):
        x.forward()
        x.reset_stream(error)
    return act


def reset_in_body(x):
    x.begin(length=4000)
    x.data(b'{"resourceName": "peo')
    x.reset_stream(INTERNAL_ERROR)


def cut_in_body(x):
    x.begin(length=4000)
    x.data(b'{"resourceName": "peo')
    x.cut()


def short_body(x):
    x.begin(length=4000)
    x.data(b'{"resourceName": "peo', end=True)


def hang_in_body(x):
    x.begin(length=4000)
    x.data(b"{")
    x.until_gone()


def hang(x):
    x.until_gone()


def applied_and_cut(x):
    head, body = x.forward()
    x.begin(length=len(body))
    x.data(body[:len(body) // 2])
    x.cut()


def early_hints(x):
    head, body = x.forward()
    x.hints()
    x.send(head + body)


def trailers(x):
    head, body = x.forward()
    x.send(head + body, trailers=[("x-trailer", "yes")])


def raw(*frames):
    def act(x):
        for one in frames:
            x.raw(one(x.stream))
        x.until_gone(5)
        x.cut()
    return act


def endless_continuation(x):
    """Headers without end, which never become any: each piece is a field that is not to be kept."""
    x.raw(frame(HEADERS, x.stream, b"\x88"))
    while True:
        x.raw(frame(CONTINUATION, x.stream, b"\x00\x01a\x01b" * 3000))


def http2(name, meaning, act, **options):
    return Fault(name, meaning, act, wire="tls", **options)


FAULTS = [
    http2("GOAWAY before the request", "lost", goaway_before(NO_ERROR)),
    http2("GOAWAY: calm down", "lost", goaway_before(ENHANCE_YOUR_CALM)),
    http2("GOAWAY and the answer", "fine", goaway_and_answer, applied=True),
    http2("stream refused", "lost", reset_before(REFUSED_STREAM)),
    http2("stream reset", "lost", reset_before(INTERNAL_ERROR)),
    http2("stream cancelled", "lost", reset_before(CANCEL)),
    http2("stream without an error", "lost", reset_before(NO_ERROR)),
    http2("HTTP/2: reset in the body", "lost", reset_in_body),
    http2("HTTP/2: cut body", "lost", cut_in_body),
    http2("HTTP/2: short body", "lost", short_body),
    http2("HTTP/2: hang", "silent", hang, slow=True),
    http2("HTTP/2: hang in the body", "silent", hang_in_body, slow=True),
    http2("HTTP/2: 103 first", "fine", early_hints, applied=True),
    http2("HTTP/2: trailers", "fine", trailers, applied=True),
    http2("HTTP/2: no frames", "broken", raw(lambda stream: b"HTTP/1.1 200 OK\r\n\r\n{}" * 10)),
    http2("HTTP/2: data before headers", "broken", raw(lambda stream: frame(DATA, stream, b"{}", 1))),
    http2("HTTP/2: broken headers", "broken", raw(lambda stream: frame(HEADERS, stream, b"\xff" * 40, 5))),
    http2("HTTP/2: a pushed page", "broken", raw(lambda stream: frame(PUSH_PROMISE, stream, struct.pack(">I", 2) + b"\x82\x84\x87", 4))),
    http2("HTTP/2: a window beyond its end", "broken", raw(lambda stream: frame(WINDOW_UPDATE, stream, struct.pack(">I", 0x7fffffff)) * 3)),
    http2("HTTP/2: headers without end", "broken", endless_continuation),
]

LOST_ANSWERS = [
    http2("GOAWAY instead of the answer", "lost", goaway_without_answer, applied=True),
    http2("applied, and stream reset", "lost", applied_and_reset(INTERNAL_ERROR), applied=True),
    http2("applied, and stream refused", "lost", applied_and_reset(REFUSED_STREAM), applied=True),
    http2("HTTP/2: applied and cut", "lost", applied_and_cut, applied=True),
]

STALLED = http2("HTTP/2: no window for the body", "silent", hang, slow=True, early=True, picture=png_of(400_000))
