"""The channel of file descriptors 1 and 2, to which programs and libraries write.

A pipe replaces the descriptors, and a thread reads the output from the pipe and redacts it. If programs expect a terminal, a
pseudo-terminal replaces the descriptors instead.
"""

from __future__ import annotations

import codecs
import os
import secrets
import select
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction import FAILED
from zensecrets_jupyter.core.redaction.stream import IDLE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from zensecrets_jupyter.notebook.guard.guard import Guard
    from zensecrets_jupyter.notebook.guard.pseudo_terminal import PseudoTerminal

_CHUNK_SIZE = 65_536
"""Maximum number of bytes that the thread reads at once."""
_FLUSH_TIMEOUT = 2.0
"""Seconds that a flush waits for the thread at most.

If the user has stopped the terminal by Ctrl-S, the thread cannot write.
"""
_CAPTURE_TIMEOUT = 30.0
"""Seconds that the beginning and the end of a capture wait for the thread at most.

The self-test captures output, and it must get all of it, also on a busy machine.
"""


def descriptor_channels(
    numbers: Sequence[int], guard: Guard, *, as_terminal: bool = False, flush_writers: Callable[[], None] = lambda: None
) -> list[DescriptorChannel]:
    """Return the channels of open descriptors, one for each open file.

    Descriptors of the same file share a channel, so that their output stays in order.

    Args:
        numbers: Open descriptors.
        guard: The guard. Output passes unchanged while it is off.
        as_terminal: Whether to use a pseudo-terminal if the descriptors lead to a terminal.
        flush_writers: Flushes the buffers of this process that write to the descriptors.
    """
    groups: list[list[int]] = []
    for number in numbers:
        same_file = next((group for group in groups if os.path.sameopenfile(group[0], number)), None)
        if same_file is None:
            groups.append([number])
        else:
            same_file.append(number)
    return [DescriptorChannel(group, guard, as_terminal=as_terminal, flush_writers=flush_writers) for group in groups]


class DescriptorChannel:
    """The descriptors of one open file; a thread redacts their output and writes it to the file.

    Attributes:
        numbers: The descriptors.
        real: A duplicate of the original descriptor, which bypasses the redactor.
    """

    def __init__(self, numbers: Sequence[int], guard: Guard, *, as_terminal: bool, flush_writers: Callable[[], None]) -> None:
        """Create a channel that is not installed; :func:`descriptor_channels` explains the arguments."""
        self.numbers = tuple(numbers)
        self.real = -1
        self._guard = guard
        self._as_terminal = as_terminal
        self._flush_writers = flush_writers
        self._terminal: PseudoTerminal | None = None
        self._read_descriptor = self._write_descriptor = -1
        self._process = os.getpid()
        self._stream = guard.redactor.stream()
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        # `flush` writes this marker, and waits until the thread has read it after all earlier output. The marker is an application program
        # command, which no terminal shows: https://vt100.net/docs/vt510-rm/APC.html
        self._flush_marker = b"\x1b_" + secrets.token_hex(16).encode() + b"\x1b\\"
        self._partial_marker = b""
        self._marker_arrived = threading.Event()
        self._flush_lock = threading.Lock()
        self._captured_chunks: list[bytes] | None = None
        self._thread = threading.Thread(target=self._pump, name=f"zensecrets guard of {list(numbers)}", daemon=True)

    def install(self, undo: ExitStack) -> None:
        """Redirect the descriptors to the thread; ``undo`` restores them."""
        self._flush_writers()
        self.real = os.dup(self.numbers[0])
        if self._as_terminal and os.isatty(self.real):
            from zensecrets_jupyter.notebook.guard.pseudo_terminal import PseudoTerminal

            self._terminal = PseudoTerminal(self.real)
            self._read_descriptor, self._write_descriptor = self._terminal.read_descriptor, self._terminal.write_descriptor
        else:
            self._read_descriptor, self._write_descriptor = os.pipe()
        inheritable = [os.get_inheritable(number) for number in self.numbers]
        for number, is_inheritable in zip(self.numbers, inheritable, strict=True):
            os.dup2(self._write_descriptor, number, is_inheritable)
        self._thread.start()
        undo.callback(self._restore, inheritable)

    def flush(self, timeout: float = _FLUSH_TIMEOUT) -> None:
        """Wait until the file contains all earlier output, but at most ``timeout`` seconds."""
        self._flush_writers()
        # A forked child process has no copy of the thread.
        if os.getpid() != self._process or not self._thread.is_alive():
            return
        with self._flush_lock:
            self._marker_arrived.clear()
            with suppress(OSError):
                _write_all(self._write_descriptor, self._flush_marker)
                self._marker_arrived.wait(timeout)

    def start_capture(self) -> list[bytes]:
        """Return a list that collects the redacted output until :meth:`stop_capture`; the file receives none."""
        self.flush(_CAPTURE_TIMEOUT)
        self._captured_chunks = []
        return self._captured_chunks

    def stop_capture(self) -> None:
        """Stop the capture, and write to the file again."""
        self.flush(_CAPTURE_TIMEOUT)
        self._captured_chunks = None

    def _restore(self, inheritable: Sequence[bool]) -> None:
        """Restore the original descriptors."""
        self.flush()
        for number, is_inheritable in zip(self.numbers, inheritable, strict=True):
            os.dup2(self.real, number, is_inheritable)
        os.close(self._write_descriptor)
        # A child process with an open descriptor keeps the thread running until the child ends, so the wait is short.
        self._thread.join(IDLE_SECONDS)

    def _pump(self) -> None:
        """Read, redact and write output until all writers have closed the descriptors."""
        poll = select.poll()
        poll.register(self._read_descriptor, select.POLLIN)
        try:
            while True:
                self._synchronize_terminal()
                if not poll.poll(self._poll_timeout()):
                    self._release_held_text()
                    continue
                data = os.read(self._read_descriptor, _CHUNK_SIZE)
                if not data:
                    break
                # A program may change the terminal settings just before it prompts. They must apply before the user types the answer.
                self._synchronize_terminal()
                self._process_chunk(data)
        except OSError:
            # Two errors end the thread: on Linux, reading a pseudo-terminal without writers; and writing to a closed file.
            pass
        finally:
            with suppress(OSError):
                self._release_held_text()
            self._marker_arrived.set()
            os.close(self._read_descriptor)
            os.close(self.real)

    def _poll_timeout(self) -> int | None:
        """Return how many milliseconds to wait for output; ``None`` without a limit.

        Held-back text is released after a pause, and the settings of a pseudo-terminal are copied regularly.
        """
        has_held_text = self._stream.held_back_length or self._partial_marker or self._decoder.getstate()[0]
        return int(IDLE_SECONDS * 1000) if has_held_text or self._terminal is not None else None

    def _synchronize_terminal(self) -> None:
        if self._terminal is not None:
            self._terminal.synchronize()

    def _process_chunk(self, data: bytes) -> None:
        marker = self._flush_marker
        *chunks_before_markers, rest = (self._partial_marker + data).split(marker)
        for chunk in chunks_before_markers:
            self._write_redacted(self._decoder.decode(chunk), release=True)
            # The caller of `flush` may change the settings of the real terminal next, so they are copied before the caller continues.
            self._synchronize_terminal()
            self._marker_arrived.set()
        # The rest may end with the beginning of a marker, whose other bytes arrive in the next chunk.
        partial_length = next((length for length in range(len(marker) - 1, 0, -1) if rest.endswith(marker[:length])), 0)
        self._partial_marker = rest[len(rest) - partial_length :]
        self._write_redacted(self._decoder.decode(rest[: len(rest) - partial_length]))

    def _release_held_text(self) -> None:
        """Write everything that is held back, because no more output is expected now."""
        rest, self._partial_marker = self._partial_marker, b""
        self._write_redacted(self._decoder.decode(rest, final=True), release=True)

    def _write_redacted(self, text: str, *, release: bool = False) -> None:
        """Write a text redacted; if ``release`` is true, write all held-back text too."""
        try:
            if self._guard.is_on:
                if text:
                    self._guard.stored_values.wait()
                redacted = self._stream.feed(text) + (self._stream.release() if release else "")
                redacted = self._guard.mask_fingerprinted(redacted)
            else:
                redacted = self._stream.release() + text
            data = redacted.encode("utf-8", "surrogateescape")
        except Exception:  # noqa: BLE001 - after any error the text must not be shown
            data = FAILED.encode()
        if data and self._captured_chunks is not None:
            self._captured_chunks.append(data)
        elif data:
            _write_all(self.real, data)


def _write_all(number: int, data: bytes) -> None:
    while data:
        data = data[os.write(number, data) :]
