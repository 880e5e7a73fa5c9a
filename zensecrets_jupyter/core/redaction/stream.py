"""Redaction of a stream: a possible beginning of a value waits for the next piece."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.marks import FAILED
from zensecrets_jupyter.core.redaction.masking import masked
from zensecrets_jupyter.core.redaction.pattern_match import merged

if TYPE_CHECKING:
    from zensecrets_jupyter.core.redaction.redactor import Redactor
    from zensecrets_jupyter.core.redaction.search import Search

IDLE = 0.05
"""Seconds without more text after which held-back text is written; performance.md."""
_REMEMBERED = 65_536
"""Bytes of a text that could not be looked through which are remembered: a value may go on after it."""
_CONTEXT = 8
"""Bytes before what may go on that are remembered: the digits of base64 and base32 stand for bytes only in groups of four or eight."""


class StreamRedactor:
    """Redacts one stream. It holds back only an end that may be the beginning of a value.

    It remembers shown text from which a value may continue.
    """

    def __init__(self, redactor: Redactor) -> None:
        """Redact with the values that ``redactor`` protects when a piece arrives."""
        self._redactor = redactor
        self._lock = threading.Lock()
        self._shown = b""
        self._held = b""
        self._marked = False
        self._rest = b""
        """What goes on with a long value of which all that came so far is held back."""

    @property
    def held(self) -> int:
        """How many characters are held back."""
        return len(self._held.decode("utf-8", "surrogatepass")) if self._held else 0

    def feed(self, text: str) -> str:
        """Return the part of the held-back text and ``text`` that may be shown now."""
        try:
            return self._next(text, release=False)
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            return FAILED

    def release(self) -> str:
        """Return the held-back text, masked where it reveals too much; for the end of a cell, or after a pause."""
        try:
            return self._next("", release=True)
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            return FAILED

    def _next(self, text: str, *, release: bool) -> str:
        with self._lock:
            if not text and not self._held:
                return ""
            search = self._redactor.search()
            if search is None:
                return text
            goes_on = self._shown or self._held
            new = text.encode("utf-8", "surrogatepass")
            self._held += new
            if self._rest and not release and len(new) < len(self._rest) and self._rest.startswith(new):
                # A value of a megabyte comes in hundreds of pieces, and each would have all before it searched again.
                self._rest = self._rest[len(new) :]
                return ""
            self._rest = b""
            try:
                if not goes_on and search.passes(self._held):
                    # A line like most of them, next to which nothing has to be remembered.
                    self._held, self._marked = b"", False
                    return text
                return self._step(search, release=release)
            except BaseException:
                # Not to be shown later either, but a value may go on after it.
                self._shown, self._held, self._marked = (self._shown + self._held)[-_REMEMBERED:], b"", True
                raise

    def _step(self, search: Search, *, release: bool) -> str:
        start = len(self._shown)
        data = self._shown + self._held
        matches = search.find(data)
        live = min([search.live(data), *(match.start for match in matches if match.goes_on)])
        # Not from the middle of a match: of the rest alone nobody could tell that it is the end of a value.
        live = min([live, *(match.start for match in matches if match.start < live < match.end)])
        if release:
            matches = merged([*matches, *search.too_much(data)])
            stop = len(data)
        else:
            stop = max(start, live)
        text = ""
        if stop > start:
            text = masked(data, matches, start, stop, marked=self._marked).decode("utf-8", "surrogatepass")
            self._redactor.count(
                match.name for match in matches if match.start < stop and match.end > start and (match.start >= start or not self._marked)
            )
            self._marked = any(match.start < stop <= match.end for match in matches)
        self._shown, self._held = data[_remembered(data, min(live, stop)) : stop], data[stop:]
        going_on = next((match for match in matches if match.goes_on and match.end == len(data)), None)
        if going_on is not None and going_on.start <= stop:
            self._rest = search.rest_of(data[going_on.start :])
        return text


def _remembered(data: bytes, live: int) -> int:
    """Return the offset from which ``data`` is remembered: the start of the word at ``live``, if that is near."""
    near = max(0, live - _CONTEXT)
    before = data[near:live]
    return live - len(before.split()[-1]) if before and not before[-1:].isspace() else live
