"""Suffix index: finds out whether a text ends inside the last letters of a pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.skeleton import skeleton_of, start_of_last
from zensecrets_jupyter.core.redaction.unprotected import SHORTEST

if TYPE_CHECKING:
    from zensecrets_jupyter.core.redaction.patterns import Pattern

_LETTERS = 48
"""Last letters of a pattern that are looked at: a program that cuts a text to its end shows fewer."""
_TAIL = 256
"""Bytes at the end of a text that are looked at."""


class SuffixIndex:
    """The last letters of all patterns. A value of which only the end is shown may come in two pieces."""

    def __init__(self) -> None:
        """Make an empty index."""
        self._new: list[Pattern] = []
        self._windows: dict[bytes, bytes] = {}

    def add(self, pattern: Pattern) -> None:
        """Add the last letters of ``pattern``; the work is done at the next search."""
        if pattern.last - pattern.first > 2 * SHORTEST:
            self._new.append(pattern)

    def live(self, data: bytes) -> int:
        """Return where the end of ``data`` begins that lies inside the last letters of a pattern; its length if none does."""
        while self._new:
            pattern = self._new.pop()
            letters = pattern.skeleton[max(pattern.first, pattern.last - _LETTERS) : pattern.last]
            for end in range(SHORTEST, len(letters)):
                self._windows.setdefault(letters[end - SHORTEST : end], letters)
        tail = data[-_TAIL:]
        skeleton = skeleton_of(tail)
        known = self._windows.get(skeleton[-SHORTEST:])
        if known is None:
            return len(data)
        end = known.index(skeleton[-SHORTEST:]) + SHORTEST
        length = SHORTEST
        while length < min(end, len(skeleton)) and skeleton[-length - 1] == known[end - length - 1]:
            length += 1
        return len(data) - len(tail) + start_of_last(tail, length)
