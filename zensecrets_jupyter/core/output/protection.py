"""Masking of the output of a process without a kernel: standard output, standard error and log records."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.output.log_handlers import mask_logging
from zensecrets_jupyter.core.output.text_stream import RedactingText
from zensecrets_jupyter.core.redaction import protect_environment, the_redactor

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


def redact(text: str) -> str:
    """Return ``text`` with each protected value replaced by its mask, ``‹secret:name.key›``."""
    return the_redactor().redact(text)


def protect_output() -> OutputProtection:
    """Mask protected values in printed and logged text, until the returned object is closed.

    The masking covers ``sys.stdout``, ``sys.stderr``, and the log records of every handler, even of handlers that are created later. It
    also covers sinks of loguru, and loggers that structlog wraps. It does not cover the output of other processes, or bytes that are
    written to a file descriptor.

    Call the function once at the top of a script or of a worker function, or use it in a ``with`` block. Further calls do not
    mask twice. The masking ends when the objects of all calls are closed.
    """
    return OutputProtection()


class OutputProtection:
    """Masking of the output of this process, from construction until :meth:`close`."""

    def __init__(self) -> None:
        """Start the masking."""
        self._is_open = True
        _shared_protection.enter()

    def __repr__(self) -> str:
        """Return whether the masking is on."""
        return f"<OutputProtection {'on' if self._is_open else 'closed'}>"

    def __enter__(self) -> Self:
        """Return the object itself."""
        return self

    def __exit__(self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Call :meth:`close`."""
        self.close()

    def close(self) -> None:
        """Close this object. With the last open object, delayed text is written and the masking ends."""
        if self._is_open:
            self._is_open = False
            _shared_protection.leave()


class _SharedProtection:
    """Masking that is on while at least one :class:`OutputProtection` is open."""

    def __init__(self) -> None:
        self._open_count = 0
        self._undo = ExitStack()
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Count one more open object. If no other one is open, start the masking."""
        with self._lock:
            self._open_count += 1
            if self._open_count == 1:
                self._install()

    def leave(self) -> None:
        """Count one open object less. If none is left, end the masking."""
        with self._lock:
            self._open_count -= 1
            if not self._open_count:
                self._undo.close()

    def _install(self) -> None:
        """Add secrets in environment variables to the redactor, wrap the standard streams, and patch logging."""
        redactor = the_redactor()
        protect_environment(os.environ)
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            # A process without a console may have no standard streams. In a kernel, the guard may have wrapped them already.
            if stream is not None and not isinstance(stream, RedactingText):
                wrapped = RedactingText(stream, redactor)
                setattr(sys, name, wrapped)
                self._undo.callback(_restore_stream, name, wrapped, stream)
                atexit.register(wrapped.stop_delaying)
                self._undo.callback(atexit.unregister, wrapped.stop_delaying)
        mask_logging(redactor, self._undo)


def _restore_stream(name: str, wrapped: RedactingText, stream: Any) -> None:
    wrapped.stop_delaying()
    # The program may have replaced the stream in the meantime.
    if getattr(sys, name) is wrapped:
        setattr(sys, name, stream)


_shared_protection = _SharedProtection()
