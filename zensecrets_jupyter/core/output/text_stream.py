"""Text streams that mask values in written text and bytes."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from zensecrets_jupyter.core.redaction import FAILED
from zensecrets_jupyter.core.redaction.stream import IDLE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zensecrets_jupyter.core.redaction import Redactor


class RedactingText:
    """A text stream that masks values in the text written to its inner stream.

    All other attributes are those of the inner stream. If the end of a text may be the start of a value, a stream redactor holds that end
    back until more text is written. After 50 ms without a write, the delayed end is written.
    """

    def __init__(self, inner: Any, redactor: Redactor, *, is_on: Callable[[], bool] | None = None, is_exiting: bool = False) -> None:
        """Wrap a stream.

        Args:
            inner: The stream.
            redactor: The redactor.
            is_on: Returns whether to mask now; by default always.
            is_exiting: Whether the process is ending, so that no text can be delayed.
        """
        self._inner = inner
        self._redactor = redactor
        self._is_on = is_on or (lambda: True)
        self._is_exiting = is_exiting
        self._is_worker = _is_worker_process()
        self._stream_redactor = redactor.stream()
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None
        _streams.add(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def buffer(self) -> Any:
        """A stream of bytes that masks each written chunk separately, and writes it to the ``buffer`` of the inner stream."""
        return _RedactingBytes(self._inner.buffer, self)

    def write(self, text: str) -> int:
        """Write ``text`` masked and return its length."""
        if not self._is_on() or not isinstance(text, str):
            # For an argument that is not a text, the inner stream raises its own error.
            return int(self._inner.write(text))
        with self._lock:
            self._write(self._redact(text))
            if self._stream_redactor.held_back_length:
                self._schedule_release()
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each line masked."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the inner stream; in a worker process, write delayed text first."""
        # A worker process may end without running exit handlers, which would write delayed text.
        if self._is_worker:
            self.release()
        self._inner.flush()

    def release(self) -> None:
        """Write delayed text now."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._write(self._stream_redactor.release())

    def stop_delaying(self) -> None:
        """Write delayed text and delay no further text, because the process is ending."""
        self._is_exiting = True
        # The program may have closed its stream by now.
        with suppress(OSError, ValueError):
            self.release()

    def release_and_redact(self, data: bytes) -> bytes:
        """Write delayed text and return ``data`` masked; return ``data`` unchanged if the masking is off."""
        if not self._is_on():
            return data
        self.release()
        return self._redactor.redact_bytes(data)

    def after_fork(self) -> None:
        """Replace the lock and remove the timer and delayed text, in a forked process."""
        # The originals belong to the parent process, which writes the delayed text itself.
        self._lock = threading.RLock()
        self._timer = None
        self._stream_redactor = self._redactor.stream()
        self._is_worker = True

    def _redact(self, text: str) -> str:
        try:
            return self._stream_redactor.feed(text)
        except Exception:  # noqa: BLE001 - an unredacted text must not be written, whatever the error is
            return FAILED

    def _write(self, text: str) -> None:
        if text:
            self._inner.write(text)

    def _schedule_release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._is_exiting:
            self.release()
            return
        if self._is_worker:
            # multiprocessing flushes the streams of a worker at its end, but does not wait for a timer thread.
            return
        self._timer = threading.Timer(IDLE_SECONDS, self._release_after_delay)
        self._timer.daemon = True
        self._timer.start()

    def _release_after_delay(self) -> None:
        # The program may have closed its stream by now.
        with suppress(OSError, ValueError):
            self.release()
            self._inner.flush()


class _RedactingBytes:
    """The masking stream of bytes that :attr:`RedactingText.buffer` returns."""

    def __init__(self, inner: Any, text_stream: RedactingText) -> None:
        self._inner = inner
        self._text_stream = text_stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, data: Any) -> int:
        """Write ``data`` masked and return its length."""
        original = bytes(data)
        # Delayed text was printed earlier, so it has to come first.
        redacted = self._text_stream.release_and_redact(original)
        # The text layer may still buffer text, which has to be written before the bytes.
        self._text_stream.flush()
        self._inner.write(redacted)
        return len(original)

    def writelines(self, lines: Iterable[Any]) -> None:
        """Write each line masked."""
        for line in lines:
            self.write(line)


_streams: WeakSet[RedactingText] = WeakSet()
_forked_process_ids: list[int] = []
"""The ID of this process if it was forked after the import of this module. Otherwise the list is empty.

A list can be changed in place, without ``global``.
"""


def _is_worker_process() -> bool:
    """Return whether this process was forked after the import of this module, or is a worker of multiprocessing.

    These processes may end without running exit handlers.
    """
    multiprocessing = sys.modules.get("multiprocessing.process")
    return bool(_forked_process_ids) or (multiprocessing is not None and multiprocessing.parent_process() is not None)


def _after_fork() -> None:
    _forked_process_ids[:] = [os.getpid()]
    for stream in list(_streams):
        stream.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
