"""Programs on a real terminal."""

import os
import pty


class Terminal:
    """Runs words on a terminal of its own, so many columns wide; .shown is what came so far, as bytes."""

    def __init__(self, words, env, columns=100):
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            line = ["sh", "-c", f'stty cols {columns} -echo && exec "$@"', "sh", *map(str, words)]
            os.execvpe("sh", line, env)

    def _read(self):
        try:
            more = os.read(self.fd, 65536)
        except OSError:  # nobody has the other end any more
            return False
        self.shown += more
        return more != b""

    def wait_for(self, words):
        while words.encode() not in self.shown:
            assert self._read(), self.shown

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """Waits until the program has ended; its exit status."""
        while self._read():
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
