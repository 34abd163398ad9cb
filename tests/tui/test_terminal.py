"""The interface in a real pseudo-terminal: it starts, ends in order on signals, and ends when the terminal goes away."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
WAIT_S = 30


class Terminal:
    """A program on a pseudo-terminal of 80 columns and 24 rows."""

    def __init__(self, *arguments: str, state: Path) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "XDG_STATE_HOME": str(state)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "troubleshooter", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = b""

    def until(self, text: bytes) -> None:
        """Reads until `text` was shown; fails after some seconds."""
        end = time.monotonic() + WAIT_S
        while text not in self.seen:
            assert time.monotonic() < end, self.seen[-2000:]
            self._read(0.1)

    def _read(self, seconds: float) -> None:
        ready, _, _ = select.select([self.ours], [], [], seconds)
        if ready:
            try:
                self.seen += os.read(self.ours, 65536)
            except OSError:
                self.seen += b""
                time.sleep(0.05)

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def wait(self) -> int:
        """The exit code, reading what is still written so that the program is never held up."""
        end = time.monotonic() + WAIT_S
        while self.process.poll() is None:
            assert time.monotonic() < end
            self._read(0.05)
        self._read(0.1)
        return self.process.returncode

    def close(self) -> None:
        os.close(self.ours)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def terminal(tmp_path: Path) -> object:
    made = Terminal("demo", "streaming", state=tmp_path)
    yield made
    made.close()


def test_a_walk_in_a_real_terminal_ends_with_the_diagnosis_code(terminal: Terminal) -> None:
    terminal.until(ENTER)
    terminal.until(b"Where does it stop?")
    terminal.type("\r")
    terminal.until(b"confirmed")
    terminal.type("\x11")
    assert terminal.wait() == 3
    assert LEAVE in terminal.seen
    assert b"troubleshooter resume" in terminal.seen


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_restores_the_screen(number: signal.Signals, code: int, terminal: Terminal) -> None:
    terminal.until(b"Where does it stop?")
    terminal.process.send_signal(number)
    assert terminal.wait() == code
    assert LEAVE in terminal.seen


def test_a_terminal_that_goes_away_takes_the_process_with_it(tmp_path: Path) -> None:
    gone = Terminal("demo", "streaming", state=tmp_path)
    gone.until(b"Where does it stop?")
    os.close(gone.ours)
    assert gone.process.wait(timeout=WAIT_S) == 129
    gone.ours = os.open(os.devnull, os.O_RDONLY)
    gone.close()
