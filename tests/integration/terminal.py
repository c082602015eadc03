"""A program on a terminal of its own: what it writes, and keys that are typed."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time


class Terminal:
    def __init__(self, command, env, columns=120, lines=40):
        self.text = ""
        self.code = None
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, env)
        fcntl.ioctl(self.file, termios.TIOCSWINSZ,
                    struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys):
        os.write(self.file, keys.encode())

    def read_more(self, seconds):
        """What came within that time, or as soon as something did; False at the end."""
        ready, _, _ = select.select([self.file], [], [], seconds)
        if not ready:
            return True
        try:
            part = os.read(self.file, 65536)
        except OSError:  # its program ended
            return False
        self.text += part.decode(errors="replace").replace("\r\n", "\n")
        return bool(part)

    def wait_for(self, pattern, seconds=20):
        """Read on until it shows; forgets what came up to there."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end():]
                return found
            left = end - time.monotonic()
            if left <= 0 or not self.read_more(left):
                raise AssertionError(f"no {pattern!r} in {self.text!r}")

    def end(self, seconds=20):
        """Read to the end; its exit code."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.read_more(end - time.monotonic()):
            pass
        while self.code is None and time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.01)
        return self.code

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.code = -signal.SIGKILL
        os.close(self.file)
