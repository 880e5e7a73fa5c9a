"""Silence in the logs of libraries that write, at debug level, what they send and what they get."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Silence(logging.Filter):
    """Lets no debug record pass that a thread makes while it asks for a secret; what the user's own code does is logged as ever."""

    def __init__(self) -> None:
        super().__init__()
        self.here = threading.local()
        self._looked_at: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG or not getattr(self.here, "depth", 0)

    def cover(self, library: str) -> None:
        # A filter holds for its logger only, not for those below it, and libraries make new ones as they go.
        known = logging.root.manager.loggerDict
        if self._looked_at.get(library) == len(known):
            return
        self._looked_at[library] = len(known)
        for name in list(known):
            if name == library or name.startswith(f"{library}."):
                logging.getLogger(name).addFilter(self)


_silence = _Silence()


@contextmanager
def quietly(library: str) -> Iterator[None]:
    """Keep the debug records of ``library`` that this thread makes in the block out of every log."""
    _silence.cover(library)
    _silence.here.depth = getattr(_silence.here, "depth", 0) + 1
    try:
        yield
    finally:
        _silence.here.depth -= 1
