"""The faults of the matrix: what each puts on the wire, and what it means by the rules of docs/google.md.

A Fault's meaning is a word, not an errno: test_fault_matrix.py says what each word means for each kind of request. "applied" says
whether the service has done what it was asked before the answer went wrong.
"""

import gzip
import zlib

PAGE = b"<!DOCTYPE html><html><body><h1>Sorry</h1>\x1b[31m\xc2\x9b</body></html>"


class Fault:
    def __init__(self, name, meaning, act, applied=False, slow=False, wire="plain", door=False, early=False, picture=None):
        self.name = name
        self.meaning = meaning
        self.act = act
        self.applied = applied
        self.slow = slow  # the client waits for something: what can be killed meanwhile
        self.wire = wire  # "tls": HTTP/2
        self.door = door  # it comes before any request, on a new connection
        self.early = early  # … before the request's body
        self.picture = picture  # what has to be sent for it; None: any

    def __call__(self, exchange):
        self.act(exchange)

    def __repr__(self):
        return self.name


# ---- the connection ----

def lost_before(x):
    x.reset()


def closed_before(x):
    pass


def lost_in_headers(x):
    x.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
    x.reset()


def lost_in_body(x):
    x.answer(body=b'{"resourceName": "peo', length=4000)
    x.reset()


def cut_body(x):
    x.answer(body=b'{"resourceName": "peo', length=4000)


def cut_chunk(x):
    x.answer(body=b"40\r\n{", headers=["Transfer-Encoding: chunked"], length=False)


def lost_after(x):
    head, body = x.forward()
    x.send(head + body)
    x.until_gone(5)
    x.reset()


def applied_and_lost(x):
    x.forward()
    x.reset()


def applied_and_cut(x):
    head, body = x.forward()
    x.send(head + body[:len(body) // 2])


def hang(x):
    x.until_gone()


def hang_in_body(x):
    x.answer(body=b"{", length=4000)
    x.until_gone()


def trickle(x):
    x.answer(body=b"{", length=4000)
    while not x.until_gone(1):
        x.send(b" ")


def trickle_headers(x):
    x.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not x.until_gone(1):
        x.send(b"a")


# ---- too much ----

def long_header(x):
    x.answer(body=b"{}", headers=["X-Long: " + "a" * 500_000])


def endless_headers(x):
    x.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        x.send(b"X-More: and more of it\r\n" * 1000)


def endless_body(x):
    x.answer(headers=["Transfer-Encoding: chunked"], length=False)
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    while True:
        x.send(piece)


def said_too_long(x):
    x.answer(body=b"{", length=1 << 50)
    x.until_gone()


def gzip_bomb(x):
    """A thousand times as large as it is on the wire, and without end."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b" ") + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    x.answer(body=head, headers=["Content-Encoding: gzip"], length=False)
    while True:
        x.send(piece)


# ---- nonsense ----

def says(body, content_type="application/json", headers=(), status=200):
    def act(x):
        if x.method in ("PATCH", "DELETE"):
            x.forward()
        x.answer(status, body, headers, content_type)
    return act


def raw(data):
    def act(x):
        x.send(data)
    return act


def garbage_gzip(x):
    x.answer(body=b"\x1f\x8b\x08\0" + b"no deflate stream" * 20, headers=["Content-Encoding: gzip"])


def unknown_coding(x):
    x.answer(body=b"{}", headers=["Content-Encoding: rot13"])


# ---- what is only unusual ----

def early_hints(x):
    x.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
    head, body = x.forward()
    x.send(head + body)


def old_http(x):
    """HTTP/1.0: the end of the connection is the end of the answer."""
    head, body = x.forward()
    status = head.split(b" ", 2)[1]
    kind = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-type"))
    coding = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-encoding")]
    x.send(b"\r\n".join([b"HTTP/1.0 " + status + b" OK", kind, *coding]) + b"\r\n\r\n" + body)


def in_small_chunks(x):
    head, body = x.forward()
    lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith((b"content-length", b"transfer-enc"))]
    if b"transfer-encoding: chunked" in head.lower():
        x.send(head + body)
        return
    x.send(b"\r\n".join([*lines, b"Transfer-Encoding: chunked"]) + b"\r\n\r\n")
    for at in range(0, len(body), 1500):
        piece = body[at:at + 1500]
        x.send(f"{len(piece):x};why=not\r\n".encode() + piece + b"\r\n")
    x.send(b"0\r\nX-Trailer: yes\r\n\r\n")


# ---- statuses ----

ENVELOPED = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED", 412: "FAILED_PRECONDITION",
             429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


def with_status(status, body=PAGE, content_type="text/html", headers=()):
    def act(x):
        x.answer(status, b"" if status in (204, 304) else body, headers, content_type,
                 length=False if status in (204, 304) else None)
    return act


def status_fault(status):
    """As a front end says it: a page of HTML."""
    return Fault(f"{status} as HTML", f"status {status} html", with_status(status))


def service_fault(status):
    """As the service says it."""
    body = f'{{"error": {{"code": {status}, "message": "Odd.", "status": "{ENVELOPED[status]}"}}}}'.encode()
    return Fault(f"{status} as JSON", f"status {status} json", with_status(status, body, "application/json"))


def moved(status, to):
    return with_status(status, headers=[f"Location: {to}"])


CONNECTION = [
    Fault("reset before the answer", "lost", lost_before),
    Fault("closed before the answer", "lost", closed_before),
    Fault("reset in the headers", "lost", lost_in_headers),
    Fault("reset in the body", "lost", lost_in_body),
    Fault("cut body", "lost", cut_body),
    Fault("cut chunk", "lost", cut_chunk),
    Fault("reset after the answer", "fine", lost_after, applied=True),
    Fault("hang", "silent", hang, slow=True),
    Fault("hang in the body", "silent", hang_in_body, slow=True),
    Fault("a byte a second", "silent", trickle, slow=True),
    Fault("a byte of a header a second", "silent", trickle_headers, slow=True),
]

LOST_ANSWERS = [  # for what changes something
    Fault("applied and lost", "lost", applied_and_lost, applied=True),
    Fault("applied and cut", "lost", applied_and_cut, applied=True),
    Fault("a portal's 200, and nothing done", "nonsense", with_status(200)),
]

TOO_MUCH = [
    Fault("a header of 500 kB", "too much", long_header),
    Fault("headers without end", "too much", endless_headers),
    Fault("a body without end", "too much", endless_body),
    Fault("a body said to be a pebibyte", "too much", said_too_long),
    Fault("a gzip bomb", "too much", gzip_bomb),
]

BROKEN = [
    Fault("gzip that is none", "broken", garbage_gzip),
    Fault("an unknown coding", "broken", unknown_coding),
    Fault("not HTTP", "broken", raw(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n")),
    Fault("HTTP/0.9", "broken", raw(b"{}")),
    Fault("a negative length", "broken", raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}")),
    Fault("100 and no more", "broken", raw(b"HTTP/1.1 100 Continue\r\n\r\n")),
    Fault("101", "broken", raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")),
]

NONSENSE = [
    Fault("HTML with 200", "nonsense", says(PAGE, "text/html"), applied=True),
    Fault("a picture of nothing", "nonsense", says(b"\x89PNG\r\n\x1a\n", "image/png"), applied=True),
    Fault("no body", "nonsense", says(b""), applied=True),
    Fault("204", "nonsense", says(b"", status=204), applied=True),
    Fault("gzip that is cut", "nonsense",
          says(gzip.compress(b'{"connections": [], "nextSyncToken": "new"}')[:-20], headers=["Content-Encoding: gzip"]), applied=True),
    Fault("JSON with more behind it", "nonsense", says(b'{"connections": []}{"nextSyncToken": "new"}'), applied=True),
    Fault("deep JSON", "nonsense", says(b'{"names":' + b"[" * 200_000), applied=True),
    Fault("deep JSON that ends", "nonsense", says(b"[" * 90_000 + b"]" * 90_000), applied=True),
    Fault("huge JSON", "nonsense", says(b'["' + b"a" * 3_000_000 + b'"]'), applied=True),
    Fault("null", "nonsense", says(b"null"), applied=True),
    Fault("an array", "nonsense", says(b'[{"resourceName": "people/c1"}]'), applied=True),
    Fault("a number without end", "nonsense", says(b"9" * 100_000), applied=True),
    Fault("JSON with a NUL", "nonsense", says(b'{"a": "b\0", '), applied=True),
    Fault("broken UTF-8", "nonsense", says(b'{"resourceName": "people/\xff\xfe\xc0\x80", '), applied=True),
    Fault("UTF-16", "nonsense", says('{"connections": []}'.encode("utf-16")), applied=True),
]

UNUSUAL = [
    Fault("103 first", "fine", early_hints, applied=True),
    Fault("HTTP/1.0", "fine", old_http, applied=True),
    Fault("small chunks with trailers", "fine", in_small_chunks, applied=True),
]

REDIRECTS = [
    Fault("301 to another host", "redirect", moved(301, "https://contactfs.invalid/elsewhere")),
    Fault("302 to itself", "redirect", lambda x: moved(302, x.wire.url(x.origin) + x.target)(x)),
    Fault("307 to plain http", "redirect", moved(307, "http://192.0.2.1/elsewhere")),
    Fault("308 to a file", "redirect", moved(308, "file:///etc/passwd")),
    Fault("303 to nowhere", "redirect", with_status(303)),
    Fault("300", "redirect", with_status(300)),
    Fault("304", "redirect", with_status(304)),
]

# One number of each row of the table of statuses in docs/google.md; then its edges, and then all others.
ROWS = (206, 400, 403, 404, 407, 409, 413, 418, 421, 429, 451, 500, 501, 511)
EDGES = (305, 402, 405, 408, 410, 412, 423, 425, 499, 502, 503, 504, 505, 507, 508, 510, 512, 599, 600, 999)
STATUSES = [status_fault(status) for status in ROWS] + [service_fault(status) for status in (400, 403, 404, 412, 503)]
EDGE_STATUSES = [status_fault(status) for status in EDGES] + [service_fault(status) for status in (409, 429, 500)]
REST = [status_fault(status) for status in (*range(300, 600), *range(600, 1000, 50)) if status not in (*ROWS, *EDGES, 304, 401)]
