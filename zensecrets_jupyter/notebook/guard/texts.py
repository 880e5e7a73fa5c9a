"""A text stream of Python whose text passes the redactor, where nothing below Python can be guarded."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction import FAILED
from zensecrets_jupyter.notebook.guard.streams import IDLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.notebook.guard.guard import Guard


class GuardedText:
    """Writes to a stream what the guard lets through, and is that stream for everything else."""

    def __init__(self, inner: Any, guard: Guard, *, at_exit: bool = False) -> None:
        """Write to ``inner``; ``at_exit`` says that the process ends and nothing can wait any more."""
        self._inner = inner
        self._guard = guard
        self._at_exit = at_exit
        self._stream = guard.redactor.stream()
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, text: str) -> int:
        """Write ``text`` and return its length, as streams do."""
        if not self._guard.is_on or not isinstance(text, str):
            return int(self._inner.write(text))
        self._guard.get_ready()
        with self._lock:
            self._show(self._fed(text))
            if self._stream.held:
                self._release_later()
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of ``lines``."""
        for line in lines:
            self.write(line)

    def release(self) -> None:
        """Write what was held back."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._show(self._stream.release())

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
        self._timer = threading.Timer(IDLE, self._release_late)
        self._timer.daemon = True
        self._timer.start()

    def _release_late(self) -> None:
        # The program may have closed its stream by now.
        with suppress(OSError, ValueError):
            self.release()
            self._inner.flush()
