"""A photo host of the test's own, to which people-emulator's is made to send on: large pictures, and ends that do not come."""

import struct
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BLOCK = 256 * 1024


def png_of(size):
    """A whole PNG of so many bytes: one white pixel, and a private chunk for the rest."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    end = chunk(b"IDAT", zlib.compress(b"\x00\xff")) + chunk(b"IEND", b"")
    return start + chunk(b"prVt", b"\x5a" * (size - len(start) - len(end) - 12)) + end


class PhotoHost:
    """Every address is picture. hold: of each answer the last thousand bytes come only after release(). lengths: told."""

    def __init__(self, picture, hold=False, lengths=True):
        self.begun = 0   # requests
        self.open = 0    # of them neither ended nor left by the client
        self.sent = 0    # bytes of those that are open
        self.most = 0    # the most that those ever were
        self.changed = threading.Condition()
        self.released = threading.Event()
        if not hold:
            self.released.set()
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                host.serve(self, picture, lengths)

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/picture"

    def note(self, begun=0, opened=0, sent=0):
        with self.changed:
            self.begun += begun
            self.open += opened
            self.sent += sent
            self.most = max(self.most, self.sent)
            self.changed.notify_all()

    def serve(self, handler, picture, lengths):
        sent = 0
        self.note(begun=1, opened=1)
        try:
            handler.send_response(200)
            handler.send_header("Content-Type", "image/png")
            if lengths:
                handler.send_header("Content-Length", str(len(picture)))
            handler.end_headers()
            while sent < len(picture) - 1000:
                block = picture[sent:min(sent + BLOCK, len(picture) - 1000)]
                handler.wfile.write(block)
                sent += len(block)
                self.note(sent=len(block))
            while not self.released.wait(0.1):
                handler.connection.setblocking(False)
                try:
                    if handler.connection.recv(1) == b"":
                        return  # the client has left
                except BlockingIOError:
                    pass
                finally:
                    handler.connection.setblocking(True)
            handler.wfile.write(picture[sent:])
        except OSError:
            pass
        finally:
            handler.close_connection = True
            self.note(opened=-1, sent=-sent)

    def release(self):
        self.released.set()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
