"""Redaction of a stream.

A suffix that may be the beginning of a value is held back until the next chunk arrives.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.masks import FAILED, mask_matches
from zensecrets_jupyter.core.redaction.matching.pattern_match import merge_matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zensecrets_jupyter.core.redaction.search import Search

IDLE_SECONDS = 0.05
"""Seconds without new text after which the text that is held back is written."""
_CONTEXT_AFTER_FAILURE = 65_536
"""Bytes of context after a failed search, because a value in the unsearched text may continue in the next chunk."""
_CONTEXT = 8
"""Maximum bytes of context before an unfinished value.

Base64 encodes bytes in groups of four digits, and base32 in groups of eight. A value may begin inside a group.
"""


class StreamRedactor:
    """Redacts one stream.

    It holds back only a suffix that may be the beginning of a value.

    It also remembers the end of the text that it already returned, as context: a value may begin there and continue in the next chunk.
    """

    def __init__(self, search: Callable[[], Search | None], count: Callable[[Iterable[str]], None]) -> None:
        """Create the redactor of one stream.

        Args:
            search: Returns the search for all values that are protected at the time of the call, or ``None`` if there are none.
            count: Function that counts masked values; it receives their names.
        """
        self._search = search
        self._count = count
        self._lock = threading.Lock()
        self._context = b""
        self._held_back = b""
        self._is_mask_returned = False
        """Whether the output already has the mask of the value at the end of the context. The rest of this value gets no second mask."""
        self._expected_rest = b""
        """The missing bytes of a long value, whose beginning is at the end of the text so far."""

    @property
    def held_back_length(self) -> int:
        """The number of characters that are held back."""
        return len(self._held_back.decode("utf-8", "surrogatepass")) if self._held_back else 0

    def feed(self, text: str) -> str:
        """Return the redacted text that can be written after ``text`` has arrived."""
        try:
            return self._process(text, release=False)
        except Exception:  # noqa: BLE001 - after any error the text must not be shown unredacted
            return FAILED

    def release(self) -> str:
        """Return the text that is held back, masked if it reveals too much of a value.

        Front ends call this method at the end of a cell and after a pause of :data:`IDLE_SECONDS`.
        """
        try:
            return self._process("", release=True)
        except Exception:  # noqa: BLE001 - after any error the text must not be shown unredacted
            return FAILED

    def _process(self, text: str, *, release: bool) -> str:
        """Add ``text`` to the text that is held back, and return the text that can be written: with ``release``, all of it."""
        with self._lock:
            if not text and not self._held_back:
                return ""
            search = self._search()
            if search is None:
                # The last value was removed, so the text that was held back for it contains no value.
                text = self._held_back.decode("utf-8", "surrogatepass") + text
                self._context = self._held_back = self._expected_rest = b""
                self._is_mask_returned = False
                return text
            has_context = bool(self._context or self._held_back)
            chunk = text.encode("utf-8", "surrogatepass")
            self._held_back += chunk
            if self._expected_rest and not release and len(chunk) < len(self._expected_rest) and self._expected_rest.startswith(chunk):
                # A value of a megabyte arrives in hundreds of chunks. Without this shortcut, each new chunk would lead to another
                # search of all earlier chunks.
                self._expected_rest = self._expected_rest[len(chunk) :]
                return ""
            self._expected_rest = b""
            try:
                if not has_context and search.is_clean_line(self._held_back):
                    # Most lines need no context: they contain no value, and do not end with the beginning of a value.
                    self._held_back, self._is_mask_returned = b"", False
                    return text
                return self._redact_held_back(search, release=release)
            except BaseException:
                # The text must not be returned by a later call either. It becomes context, because a value may continue after it. The
                # message that replaces the text counts as its mask.
                self._context = (self._context + self._held_back)[-_CONTEXT_AFTER_FAILURE:]
                self._held_back, self._is_mask_returned = b"", True
                raise

    def _redact_held_back(self, search: Search, *, release: bool) -> str:
        """Return the redacted text that can be written, and keep the rest; with ``release``, nothing is held back."""
        start = len(self._context)
        data = self._context + self._held_back
        matches = search.find(data)
        unfinished_start = min([search.unfinished_start(data), *(match.start for match in matches if match.may_continue)])
        # The context never begins inside a match, because the rest of a value is not recognized without its beginning.
        unfinished_start = min([unfinished_start, *(match.start for match in matches if match.start < unfinished_start < match.end)])
        if release:
            matches = merge_matches([*matches, *search.revealing_suffix(data)])
            stop = len(data)
        else:
            stop = max(start, unfinished_start)
        text = ""
        if stop > start:
            text = mask_matches(data, matches, start, stop, is_mask_returned=self._is_mask_returned).decode("utf-8", "surrogatepass")
            # A match that begins in the context is not counted again if an earlier call returned its mask.
            self._count(
                match.name
                for match in matches
                if match.start < stop and match.end > start and (match.start >= start or not self._is_mask_returned)
            )
            self._is_mask_returned = any(match.start < stop <= match.end for match in matches)
        self._context, self._held_back = data[_context_start(data, min(unfinished_start, stop)) : stop], data[stop:]
        # If the last match may continue and begins at or before ``stop``, the text that is held back belongs to this match only.
        last_match = next((match for match in matches if match.may_continue and match.end == len(data)), None)
        if last_match is not None and last_match.start <= stop:
            self._expected_rest = search.rest_of_value(data[last_match.start :])
        return text


def _context_start(data: bytes, unfinished_start: int) -> int:
    """Return the start of the context in ``data``.

    The context begins at ``unfinished_start``. If this offset is inside a word, the context also has the word's bytes before it, at most
    :data:`_CONTEXT`.
    """
    earliest = max(0, unfinished_start - _CONTEXT)
    before = data[earliest:unfinished_start]
    return unfinished_start - len(before.split()[-1]) if before and not before[-1:].isspace() else unfinished_start
