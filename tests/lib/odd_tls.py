"""The faults of the matrix that come before any request: certificates and handshakes. Each acts on a new connection of the origin."""

import socket
import ssl
import struct
import warnings

from odd_answers import Fault


def context(certificate, key, http2=True):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    if http2:
        made.set_alpn_protocols(["h2", "http/1.1"])
    return made


def shakes(name):
    """A handshake by the context that the wire has for this name."""
    def act(wire, connection):
        with wire.contexts[name].wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(65536)
    return act


def cut(wire, connection):
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closed(wire, connection):
    connection.recv(65536)


def says(data):
    def act(wire, connection):
        connection.recv(65536)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(65536)
    return act


def silent(wire, connection):
    while connection.recv(65536):
        pass


def at_door(name, meaning, act, slow=False):
    return Fault(name, meaning, act, wire="tls", door=True, slow=slow)


ALERT = b"\x15\x03\x03\x00\x02\x02\x28"  # fatal, handshake_failure

FAULTS = [
    at_door("an expired certificate", "untrusted", shakes("expired")),
    at_door("somebody else's certificate", "untrusted", shakes("elsewhere")),
    at_door("a certificate of an unknown authority", "untrusted", shakes("unknown")),
    at_door("TLS 1.1", "untrusted", shakes("old")),
    at_door("a handshake refused", "untrusted", says(ALERT)),
    at_door("no TLS", "untrusted", says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")),
    at_door("a handshake reset", "unreachable", cut),
    at_door("a handshake closed", "unreachable", closed),
    at_door("a handshake cut", "unreachable", says(b"\x16\x03\x03\x00\x7a\x02\x00")),
    at_door("a silent handshake", "silent", silent, slow=True),
]


def contexts(authority, stranger, *names):
    """authority: whom the program trusts; stranger: whom it does not."""
    old = context(*authority.certify(*names))
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):  # that it is old
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    return {"good": context(*authority.certify(*names)), "expired": context(*authority.certify(*names, days=0)),
            "elsewhere": context(*authority.certify("contactfs.invalid")), "unknown": context(*stranger.certify(*names)), "old": old}
