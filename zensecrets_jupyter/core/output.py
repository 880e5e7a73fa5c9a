"""Masked output of a process without a kernel: standard output, standard error and log records."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from zensecrets_jupyter.core.logs import mask_logging
from zensecrets_jupyter.core.redaction import FAILED, protect_environment, the_redactor
from zensecrets_jupyter.core.redaction.stream import IDLE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from zensecrets_jupyter.core.redaction import Redactor


def redact(text: str) -> str:
    """Return ``text`` with the mask, ``‹secret:name.key›``, in the place of every value that this process knows."""
    return the_redactor().redact(text)


def protect_output() -> OutputProtection:
    """Mask known values in what this process prints and logs; return the object that ends it.

    It covers ``sys.stdout``, ``sys.stderr`` and every log record, whatever handler writes it, also a handler that is made later, sinks of
    loguru and loggers that structlog wraps. It does not cover what other processes write, nor bytes that are written to a file descriptor.
    Call it once at the top of a script or of a worker's function, or use it in a ``with`` block. A second call changes nothing; the masking
    ends when each returned object is closed.
    """
    return OutputProtection()


class OutputProtection:
    """Masking of this process's output, from when it is made until it is closed."""

    def __init__(self) -> None:
        """Begin."""
        self._is_open = True
        _shared.enter()

    def __repr__(self) -> str:
        """Return whether it masks."""
        return f"<OutputProtection {'on' if self._is_open else 'closed'}>"

    def __enter__(self) -> Self:
        """Return the object itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Write what is held back and end the masking, unless another call of :func:`protect_output` still wants it."""
        if self._is_open:
            self._is_open = False
            _shared.leave()


class RedactedText:
    """A text stream that masks values in what is written, and is the inner stream for everything else.

    The end of a text that may be the beginning of a value waits for the rest, 50 ms at most.
    """

    def __init__(self, inner: Any, redactor: Redactor, *, is_on: Callable[[], bool] | None = None, at_exit: bool = False) -> None:
        """Write to a stream.

        Args:
            inner: The stream.
            redactor: What masks.
            is_on: Whether to mask now; always if it is not given.
            at_exit: Whether the process ends, so that nothing can wait any more.
        """
        self._inner = inner
        self._redactor = redactor
        self._is_on = is_on or (lambda: True)
        self._at_exit = at_exit
        self._is_forked = _is_worker()
        self._stream = redactor.stream()
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None
        _streams.add(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def buffer(self) -> Any:
        """The inner stream's bytes; what is written there is masked, each piece by itself."""
        return _RedactedBytes(self._inner.buffer, self)

    def write(self, text: str) -> int:
        """Write ``text`` and return its length, as streams do."""
        if not self._is_on() or not isinstance(text, str):
            return int(self._inner.write(text))
        with self._lock:
            self._show(self._fed(text))
            if self._stream.held:
                self._release_later()
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of ``lines``."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the inner stream. Only a forked process, which may end without notice, writes what is held back."""
        if self._is_forked:
            self.release()
        self._inner.flush()

    def release(self) -> None:
        """Write what is held back."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._show(self._stream.release())

    def hold_nothing(self) -> None:
        """Write what is held back, and hold nothing back from now on: the process ends."""
        self._at_exit = True
        # The program may have closed its stream by now.
        with suppress(OSError, ValueError):
            self.release()

    def redacted_bytes(self, data: bytes) -> bytes:
        """Return ``data`` masked, if the masking is on, once what was written before is out."""
        if not self._is_on():
            return data
        self.release()
        return self._redactor.redact_bytes(data)

    def after_fork(self) -> None:
        """Begin anew in a forked process: threads, locks and held-back text belong to its parent."""
        self._lock = threading.RLock()
        self._timer = None
        self._stream = self._redactor.stream()
        self._is_forked = True

    def _fed(self, text: str) -> str:
        try:
            return self._stream.feed(text)
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            return FAILED

    def _show(self, text: str) -> None:
        if text:
            self._inner.write(text)

    def _release_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._at_exit:
            self.release()
            return
        if self._is_forked:
            # A forked process is flushed at its end, by multiprocessing; a thread would not be waited for.
            return
        self._timer = threading.Timer(IDLE_SECONDS, self._release_late)
        self._timer.daemon = True
        self._timer.start()

    def _release_late(self) -> None:
        # The program may have closed its stream by now.
        with suppress(OSError, ValueError):
            self.release()
            self._inner.flush()


class _RedactedBytes:
    """The bytes below a text stream."""

    def __init__(self, inner: Any, text: RedactedText) -> None:
        self._inner = inner
        self._text = text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, data: Any) -> int:
        """Write ``data`` masked and return its length, as streams do."""
        whole = bytes(data)
        # Text that was printed before comes first, as it would without us.
        shown = self._text.redacted_bytes(whole)
        self._text.flush()
        self._inner.write(shown)
        return len(whole)

    def writelines(self, lines: Iterable[Any]) -> None:
        """Write each of ``lines``."""
        for line in lines:
            self.write(line)


_streams: WeakSet[RedactedText] = WeakSet()
_forks: list[int] = []
"""The identity of this process, if it was forked from one that had imported this module."""


def _is_worker() -> bool:
    """Tell whether this process may end without Python's own end: a fork, or a worker of multiprocessing, which only flushes."""
    multiprocessing = sys.modules.get("multiprocessing.process")
    return bool(_forks) or (multiprocessing is not None and multiprocessing.parent_process() is not None)


def _after_fork() -> None:
    _forks[:] = [os.getpid()]
    for stream in list(_streams):
        stream.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class _Shared:
    """The masking that all calls share: on from the first to the last."""

    def __init__(self) -> None:
        self._wanted = 0
        self._undo = ExitStack()
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Mask from now on."""
        with self._lock:
            self._wanted += 1
            if self._wanted == 1:
                self._install()

    def leave(self) -> None:
        """Mask no longer, if nobody else wants it."""
        with self._lock:
            self._wanted -= 1
            if not self._wanted:
                self._undo.close()

    def _install(self) -> None:
        redactor = the_redactor()
        protect_environment(os.environ)
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            # A process may be started without one, and a guard may be there already.
            if stream is not None and not isinstance(stream, RedactedText):
                wrapped = RedactedText(stream, redactor)
                setattr(sys, name, wrapped)
                self._undo.callback(_unwrap, name, wrapped, stream)
                atexit.register(wrapped.hold_nothing)
                self._undo.callback(atexit.unregister, wrapped.hold_nothing)
        mask_logging(redactor, self._undo)


def _unwrap(name: str, wrapped: RedactedText, stream: Any) -> None:
    wrapped.hold_nothing()
    if getattr(sys, name) is wrapped:
        setattr(sys, name, stream)


_shared = _Shared()
