"""A program in a pseudo-terminal, seen through a terminal emulator: keys in, screen out."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pyte


class Terminal:
    """Runs a command on a screen of its own."""

    def __init__(self, command, columns=120, rows=36, environment=None):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.written = b""
        self.emulated = 0
        self.started = time.monotonic()
        self.process, self.handle = pty.fork()
        if self.process == 0:
            os.execvpe(command[0], command, {**os.environ, "TERM": "xterm-256color", **(environment or {})})
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, size)
        os.kill(self.process, signal.SIGWINCH)

    def read(self, seconds):
        """Takes in what the program writes for so long at most; False once it has ended."""
        ready, _, _ = select.select([self.handle], [], [], seconds)
        if not ready:
            return True
        try:
            written = os.read(self.handle, 65536)
        except OSError:
            return False
        # Terminals answer what they are and which background they have; so does this one.
        if b"\x1b]11;?" in written:
            os.write(self.handle, b"\x1b]11;rgb:0000/0000/0000\x1b\\")
        if b"\x1b[c" in written:
            os.write(self.handle, b"\x1b[?62;22c")
        self.written += written
        return bool(written)

    def text(self):
        """What is on the screen. Emulated only when asked: measurements must not wait for Python."""
        self.stream.feed(self.written[self.emulated :])
        self.emulated = len(self.written)
        return "\n".join(line.rstrip() for line in self.screen.display)

    def press(self, keys):
        """Types."""
        os.write(self.handle, keys.encode())

    def press_one_by_one(self, keys):
        """Types slowly: Escape and what follows at once are another key."""
        for key in keys:
            self.press(key)
            self.watch(0.2)

    def watch(self, seconds):
        """Takes in what is written meanwhile; False once the program has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.read(0.05):
                return False
        return True

    def wait_for(self, *wanted, seconds=20):
        """Waits until all of these texts are on the screen at once."""
        self.wait_until(lambda: all(one in self.text() for one in wanted), f"on the screen: {wanted}", seconds)

    def wait_until(self, question, what, seconds=20):
        """Waits until the answer is true, while the program goes on."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            alive = self.read(0.05)
            if question():
                return
            if not alive:
                break
        raise AssertionError(f"not {what}\n{self.text()}")

    def close(self, keys="q"):
        """Leaves the program; one that does not end within 5 seconds is killed. Its exit code."""
        try:
            self.press_one_by_one(keys)
            if self.watch(5):
                os.kill(self.process, signal.SIGKILL)
        except OSError:
            pass  # it has ended already
        _, status = os.waitpid(self.process, 0)
        os.close(self.handle)
        return os.waitstatus_to_exitcode(status)
