"""Suffix index: finds out whether a text ends inside the last letters of a pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.core.redaction.skeleton import skeleton_of, start_of_last

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.patterns.pattern import Pattern

_LETTERS = 48
"""Last letters of a pattern that are looked at: a program that cuts a text to its end shows fewer."""
_TAIL = 256
"""Bytes at the end of a text that are looked at."""
_SEPARATOR = 0
"""Stands between the letters of two patterns; no letter is one."""
_BYTES_A_WINDOW = 8
"""Bytes of the filter for each window, at least: of other texts one in 64 is looked for in vain."""


class SuffixIndex:
    """The last letters of all patterns. A value of which only the end is shown may come in two pieces.

    The windows, all runs of :data:`SHORTEST_VALUE` letters, stand in a Bloom filter: a dictionary of them takes five times the memory.
    """

    def __init__(self) -> None:
        """Make an empty index."""
        self._new: list[Pattern] = []
        self._letters = bytearray()
        self._windows = 0
        self._filter = bytearray(1024)

    def add(self, pattern: Pattern) -> None:
        """Add the last letters of ``pattern``; the work is done at the next search."""
        if pattern.last - pattern.first > 2 * SHORTEST_VALUE:
            self._new.append(pattern)

    def live(self, data: bytes) -> int:
        """Return where the end of ``data`` begins that lies inside the last letters of a pattern; its length if none does."""
        if self._new:
            self._take_new()
        tail = data[-_TAIL:]
        skeleton = skeleton_of(tail)
        window = skeleton[-SHORTEST_VALUE:]
        if len(window) < SHORTEST_VALUE:
            return len(data)
        number, mask = hash(window), len(self._filter) - 1
        if not (self._filter[number & mask] and self._filter[(number >> 24) & mask]):
            return len(data)
        start = self._letters.find(window)
        if start < 0:
            return len(data)
        length = SHORTEST_VALUE
        while start > 0 and length < len(skeleton) and skeleton[-length - 1] == self._letters[start - 1]:
            start -= 1
            length += 1
        return len(data) - len(tail) + start_of_last(tail, length)

    def _take_new(self) -> None:
        added = bytearray()
        while self._new:
            pattern = self._new.pop()
            # Without the last one: at the end of all letters, nothing follows.
            added += pattern.skeleton[max(pattern.first, pattern.last - _LETTERS) : pattern.last - 1]
            added.append(_SEPARATOR)
        self._letters += added
        self._windows += len(added)
        if self._windows * _BYTES_A_WINDOW > len(self._filter):
            size = len(self._filter)
            while self._windows * _BYTES_A_WINDOW > size:
                size *= 2
            self._filter = bytearray(size)
            added = self._letters
        mask = len(self._filter) - 1
        for number in map(hash, _windows_of(bytes(added))):
            self._filter[number & mask] = self._filter[(number >> 24) & mask] = 1


def _windows_of(letters: bytes) -> Iterator[bytes]:
    return (letters[start : start + SHORTEST_VALUE] for start in range(len(letters) - SHORTEST_VALUE + 1))
