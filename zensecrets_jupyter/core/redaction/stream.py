"""Redaction of a stream: a possible prefix of a value is held back until the next chunk."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.masks import FAILED, mask_matches
from zensecrets_jupyter.core.redaction.matching.pattern_match import merge_matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zensecrets_jupyter.core.redaction.search import Search

IDLE_SECONDS = 0.05
"""Seconds without new text after which held-back text is written."""
_CONTEXT_AFTER_FAILURE = 65_536
"""Bytes of a text that could not be searched that are kept as context, because a value may continue after it."""
_CONTEXT = 8
"""Bytes of context before a possible prefix: base64 and base32 encode bytes in groups of four or eight digits."""


class StreamRedactor:
    """Redacts one stream, and holds back only a suffix that may be the prefix of a value.

    It keeps the end of the text that was already returned, because a value may continue from it.
    """

    def __init__(self, search: Callable[[], Search | None], count: Callable[[Iterable[str]], None]) -> None:
        """Create the redactor of one stream.

        Args:
            search: Returns the search for the values that are protected when a chunk arrives, or ``None`` if there are none.
            count: Called with the name of each value that was masked.
        """
        self._search = search
        self._count = count
        self._lock = threading.Lock()
        self._shown = b""
        self._held = b""
        self._is_masked = False
        self._rest = b""
        """The remaining bytes of a long value whose prefix is held back."""

    @property
    def held(self) -> int:
        """How many characters are held back."""
        return len(self._held.decode("utf-8", "surrogatepass")) if self._held else 0

    def feed(self, text: str) -> str:
        """Return the part of the held-back text and ``text`` that can be returned now, redacted."""
        try:
            return self._next(text, release=False)
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            return FAILED

    def release(self) -> str:
        """Return the held-back text, masked where it reveals too much of a value; called at the end of a cell and after a pause."""
        try:
            return self._next("", release=True)
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            return FAILED

    def _next(self, text: str, *, release: bool) -> str:
        with self._lock:
            if not text and not self._held:
                return ""
            search = self._search()
            if search is None:
                return text
            goes_on = self._shown or self._held
            new = text.encode("utf-8", "surrogatepass")
            self._held += new
            if self._rest and not release and len(new) < len(self._rest) and self._rest.startswith(new):
                # A value of a megabyte arrives in hundreds of chunks, and each chunk would repeat the search of all chunks before it.
                self._rest = self._rest[len(new) :]
                return ""
            self._rest = b""
            try:
                if not goes_on and search.passes(self._held):
                    # Most lines hold no value, and no value can continue from them, so no context is kept.
                    self._held, self._is_masked = b"", False
                    return text
                return self._step(search, release=release)
            except BaseException:
                # The text must not be returned later either, but a value may continue after it.
                self._shown, self._held, self._is_masked = (self._shown + self._held)[-_CONTEXT_AFTER_FAILURE:], b"", True
                raise

    def _step(self, search: Search, *, release: bool) -> str:
        start = len(self._shown)
        data = self._shown + self._held
        matches = search.find(data)
        live = min([search.live(data), *(match.start for match in matches if match.may_continue)])
        # Context never starts inside a match: the rest of a value alone would not be recognized.
        live = min([live, *(match.start for match in matches if match.start < live < match.end)])
        if release:
            matches = merge_matches([*matches, *search.too_much(data)])
            stop = len(data)
        else:
            stop = max(start, live)
        text = ""
        if stop > start:
            text = mask_matches(data, matches, start, stop, is_masked=self._is_masked).decode("utf-8", "surrogatepass")
            self._count(
                match.name
                for match in matches
                if match.start < stop and match.end > start and (match.start >= start or not self._is_masked)
            )
            self._is_masked = any(match.start < stop <= match.end for match in matches)
        self._shown, self._held = data[_context_start(data, min(live, stop)) : stop], data[stop:]
        going_on = next((match for match in matches if match.may_continue and match.end == len(data)), None)
        if going_on is not None and going_on.start <= stop:
            self._rest = search.rest_of(data[going_on.start :])
        return text


def _context_start(data: bytes, live: int) -> int:
    """Return the offset from which ``data`` is kept as context: the start of the word at ``live``, if that is near."""
    near = max(0, live - _CONTEXT)
    before = data[near:live]
    return live - len(before.split()[-1]) if before and not before[-1:].isspace() else live
