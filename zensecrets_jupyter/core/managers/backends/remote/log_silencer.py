"""Suppression of debug logs of SDKs, which contain request and response bodies."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class _DebugFilter(logging.Filter):
    """Drops the debug records of threads that are making a request for a secret. Other threads log as ever."""

    def __init__(self) -> None:
        super().__init__()
        self.here = threading.local()
        self._loggers: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG or not getattr(self.here, "depth", 0)

    def install(self, library: str) -> None:
        # A filter applies to its own logger and not to those below it, and libraries make new ones at any time.
        loggers = logging.root.manager.loggerDict
        if self._loggers.get(library) == len(loggers):
            return
        self._loggers[library] = len(loggers)
        for name in list(loggers):
            if name == library or name.startswith(f"{library}."):
                logging.getLogger(name).addFilter(self)


_filter = _DebugFilter()


@contextmanager
def quietly(library: str) -> Iterator[None]:
    """Suppress the debug logs of ``library`` in this thread."""
    _filter.install(library)
    _filter.here.depth = getattr(_filter.here, "depth", 0) + 1
    try:
        yield
    finally:
        _filter.here.depth -= 1
