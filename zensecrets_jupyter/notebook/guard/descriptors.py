"""File descriptors 1 and 2: output of programs and libraries passes the redactor through a pipe or a pseudo-terminal.

Where that is a terminal, programs get another one in its place, of the same size and with the same settings, so that they work as before.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import secrets
import select
import termios
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction import FAILED
from zensecrets_jupyter.core.redaction.stream import IDLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.notebook.guard.guard import Guard

_PIECE = 65_536
_PATIENCE = 2.0
"""Seconds that closing waits for what was written; a terminal that was stopped by Ctrl-S takes nothing."""


def guarded(numbers: Sequence[int], guard: Guard, *, as_terminal: bool = False) -> list[GuardedDescriptors]:
    """Guard the descriptors ``numbers``; those that lead to the same place stay in order among each other.

    Args:
        numbers: Open descriptors.
        guard: The guard; what is written while it is off passes as it is.
        as_terminal: Whether programs that write to a terminal are to find one.
    """
    groups: list[list[int]] = []
    for number in numbers:
        same = next((group for group in groups if os.path.sameopenfile(group[0], number)), None)
        if same is None:
            groups.append([number])
        else:
            same.append(number)
    return [GuardedDescriptors(group, guard, as_terminal=as_terminal) for group in groups]


class GuardedDescriptors:
    """Descriptors that lead to one place, and now to a thread that reads them, redacts, and writes there.

    Attributes:
        numbers: The descriptors.
        real: A descriptor that leads to the place itself.
    """

    def __init__(self, numbers: Sequence[int], guard: Guard, *, as_terminal: bool) -> None:
        """Put the thread in between; :meth:`close` takes it out."""
        self.numbers = tuple(numbers)
        self._inheritable = [os.get_inheritable(number) for number in numbers]
        self._guard = guard
        self.real = os.dup(numbers[0])
        self._is_terminal = as_terminal and os.isatty(self.real)
        self._read, self._write = os.openpty() if self._is_terminal else os.pipe()
        self._settings = _prepared(self.real, self._write) if self._is_terminal else None
        self._process = os.getpid()
        self._stream = guard.redactor.stream()
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._marker = b"\x1b_" + secrets.token_hex(16).encode() + b"\x1b\\"
        self._before_marker = b""
        self._arrived = threading.Event()
        self._drained = threading.Lock()
        self._caught: list[bytes] | None = None
        for number, inheritable in zip(self.numbers, self._inheritable, strict=True):
            os.dup2(self._write, number, inheritable)
        self._thread = threading.Thread(target=self._pass_on, name=f"zensecrets guard of {list(numbers)}", daemon=True)
        self._thread.start()

    def drain(self) -> None:
        """Return when all that was written before is where it belongs."""
        if os.getpid() != self._process or not self._thread.is_alive():
            return
        with self._drained:
            self._arrived.clear()
            with suppress(OSError):
                _write_all(self._write, self._marker)
                self._arrived.wait(_PATIENCE)

    def close(self) -> None:
        """Let the descriptors lead where they led before."""
        self.drain()
        for number, inheritable in zip(self.numbers, self._inheritable, strict=True):
            os.dup2(self.real, number, inheritable)
        os.close(self._write)
        # A child that is still writing keeps the thread busy until it ends.
        self._thread.join(IDLE)

    def catch(self) -> list[bytes]:
        """Return a list that receives the redacted output instead of the real descriptor, until :meth:`let_go`."""
        self.drain()
        self._caught = []
        return self._caught

    def let_go(self) -> None:
        """Write to the place itself again."""
        self.drain()
        self._caught = None

    def _pass_on(self) -> None:
        waiting = select.poll()
        waiting.register(self._read, select.POLLIN)
        try:
            while True:
                self._mirror()
                if not waiting.poll(self._patience()):
                    rest, self._before_marker = self._before_marker, b""
                    self._show(self._decoder.decode(rest, final=True), release=True)
                    continue
                data = os.read(self._read, _PIECE)
                if not data:
                    break
                # What a program shows may ask for keys, which are to be read as it has just set.
                self._mirror()
                self._take(data)
        except OSError:
            # A terminal without anybody who writes to it is an error to read from; so is a place that is gone.
            pass
        finally:
            with suppress(OSError):
                self._show(self._decoder.decode(b"", final=True), release=True)
            self._arrived.set()
            os.close(self._read)
            os.close(self.real)

    def _patience(self) -> int | None:
        """Return for how many milliseconds to wait: for ever, unless something is held back or a terminal is to be looked after."""
        is_held = self._stream.held or self._before_marker or self._decoder.getstate()[0]
        return int(IDLE * 1000) if is_held or self._is_terminal else None

    def _mirror(self) -> None:
        if self._settings is not None:
            self._settings = _mirrored(self.real, self._read, self._settings)

    def _take(self, data: bytes) -> None:
        data = self._before_marker + data
        pieces = data.split(self._marker)
        for piece in pieces[:-1]:
            self._show(self._decoder.decode(piece), release=True)
            # Who waits for this sets the real terminal next, and must not have it set once more behind its back.
            self._mirror()
            self._arrived.set()
        last = pieces[-1]
        begun = next((length for length in range(len(self._marker) - 1, 1, -1) if last.endswith(self._marker[:length])), 0)
        self._before_marker = last[len(last) - begun :]
        self._show(self._decoder.decode(last[: len(last) - begun]))

    def _show(self, text: str, *, release: bool = False) -> None:
        try:
            if self._guard.is_on:
                if text:
                    self._guard.get_ready()
                shown = self._stream.feed(text) + (self._stream.release() if release else "")
                shown = self._guard.masked_by_fingerprints(shown)
            else:
                shown = self._stream.release() + text
            data = shown.encode("utf-8", "surrogateescape")
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            data = FAILED.encode()
        if data and self._caught is not None:
            self._caught.append(data)
        elif data:
            _write_all(self.real, data)


def _write_all(number: int, data: bytes) -> None:
    while data:
        data = data[os.write(number, data) :]


_INPUT, _OUTPUT, _LOCAL, _KEYS = 0, 1, 3, 6
"""Where in the list of ``termios.tcgetattr`` these settings are."""


def _prepared(real: int, substitute: int) -> list[object]:
    """Copy size and settings of the real terminal to the pseudo-terminal, except for output processing."""
    fcntl.ioctl(substitute, termios.TIOCSWINSZ, fcntl.ioctl(real, termios.TIOCGWINSZ, b"\0" * 8))
    settings = termios.tcgetattr(real)
    settings[_OUTPUT] &= ~termios.OPOST
    termios.tcsetattr(substitute, termios.TCSANOW, settings)
    return _mattering(termios.tcgetattr(substitute))


def _mirrored(real: int, substitute: int, before: list[object]) -> list[object]:
    """Make the sizes equal, and set the real terminal as a program has set the substitute since ``before``; return how that is.

    Programs with windows of their own, such as editors, set what they write to and read from what they were started at.
    """
    with suppress(termios.error, OSError):
        size = fcntl.ioctl(real, termios.TIOCGWINSZ, b"\0" * 8)
        if size != fcntl.ioctl(substitute, termios.TIOCGWINSZ, b"\0" * 8):
            fcntl.ioctl(substitute, termios.TIOCSWINSZ, size)
        now = termios.tcgetattr(substitute)
        if _mattering(now) != before:
            settings = termios.tcgetattr(real)
            for index in (_INPUT, _LOCAL, _KEYS):
                settings[index] = now[index]
            termios.tcsetattr(real, termios.TCSANOW, settings)
        return _mattering(now)
    return before


def _mattering(settings: list[object]) -> list[object]:
    return [settings[index] for index in (_INPUT, _LOCAL, _KEYS)]
