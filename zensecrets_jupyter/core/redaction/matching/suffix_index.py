"""Suffix index: recognizes that a text ends inside the last letters of a pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.core.redaction.skeleton import skeleton_of, start_of_last_letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.patterns.pattern import Pattern

_INDEXED_LETTERS = 48
"""Number of last letters of a pattern that are indexed. A program that shows only the end of a text shows fewer than 48 letters."""
_SEARCHED_BYTES = 256
"""Number of bytes at the end of a text that are searched."""
_SEPARATOR = 0
"""The byte between the letters of two patterns. It is no letter."""
_FILTER_BYTES_PER_WINDOW = 8
"""Minimum number of bytes of the filter per window. With it, about one of 20 texts that are no window passes the filter."""


class SuffixIndex:
    """Index of the last letters of all patterns.

    It is needed if a program prints only the end of a value, in two chunks: the first chunk contains no beginning of the value.

    A *window* is a run of :data:`SHORTEST_VALUE` letters. A Bloom filter holds all windows, because a dictionary of them would take five
    times the memory.
    """

    def __init__(self) -> None:
        """Create an empty index."""
        self._new_patterns: list[Pattern] = []
        self._letters = bytearray()
        self._window_count = 0
        self._filter = bytearray(1024)

    def add(self, pattern: Pattern) -> None:
        """Add the last letters of ``pattern``, unless it is short. The next search indexes them."""
        if pattern.last - pattern.first > 2 * SHORTEST_VALUE:
            self._new_patterns.append(pattern)

    def unfinished_start(self, data: bytes) -> int:
        """Return the start of the suffix that is inside the last letters of a pattern.

        Without such a suffix of ``data``, the result is the length of ``data``.
        """
        if self._new_patterns:
            self._index_new()
        tail = data[-_SEARCHED_BYTES:]
        skeleton = skeleton_of(tail)
        window = skeleton[-SHORTEST_VALUE:]
        if len(window) < SHORTEST_VALUE:
            return len(data)
        # Each window sets two bytes of the filter, at indexes from two parts of its hash. Here, ``mask`` is a bit mask: the size of the
        # filter is a power of two, so the mask keeps the low bits of the hash as an index.
        window_hash, mask = hash(window), len(self._filter) - 1
        if not (self._filter[window_hash & mask] and self._filter[(window_hash >> 24) & mask]):
            return len(data)
        start = self._letters.find(window)
        if start < 0:
            return len(data)
        length = SHORTEST_VALUE
        while start > 0 and length < len(skeleton) and skeleton[-length - 1] == self._letters[start - 1]:
            start -= 1
            length += 1
        return len(data) - len(tail) + start_of_last_letters(tail, length)

    def _index_new(self) -> None:
        """Add the letters of the new patterns to the index, and their windows to the filter."""
        new_letters = bytearray()
        while self._new_patterns:
            pattern = self._new_patterns.pop()
            # The last letter is left out, because nothing of the pattern can follow it.
            new_letters += pattern.skeleton[max(pattern.first, pattern.last - _INDEXED_LETTERS) : pattern.last - 1]
            new_letters.append(_SEPARATOR)
        self._letters += new_letters
        # At most one window begins at each byte.
        self._window_count += len(new_letters)
        if self._window_count * _FILTER_BYTES_PER_WINDOW > len(self._filter):
            size = len(self._filter)
            while self._window_count * _FILTER_BYTES_PER_WINDOW > size:
                size *= 2
            self._filter = bytearray(size)
            # The larger filter is empty, so the windows of the earlier patterns are added again too.
            new_letters = self._letters
        mask = len(self._filter) - 1
        for window_hash in map(hash, _windows_of(bytes(new_letters))):
            self._filter[window_hash & mask] = self._filter[(window_hash >> 24) & mask] = 1


def _windows_of(letters: bytes) -> Iterator[bytes]:
    return (letters[start : start + SHORTEST_VALUE] for start in range(len(letters) - SHORTEST_VALUE + 1))
