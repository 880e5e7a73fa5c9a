"""The skeleton of a text: its letters and digits in lower case, without ASCII punctuation, white space and control characters.

Quoting, escaping, wrapping and spacing add or remove only what a skeleton leaves out. So a value that is quoted by a shell, doubled in CSV,
wrapped by a table or printed in capitals has the same skeleton as before, and one search of skeletons finds all of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_KEPT = frozenset([*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B), *range(0x80, 0x100)])
DROPPED = bytes(byte for byte in range(256) if byte not in _KEPT)
"""Bytes that a skeleton leaves out. Every byte of a character outside ASCII is kept."""
LOWER = bytes.maketrans(bytes(range(0x41, 0x5B)), bytes(range(0x61, 0x7B)))
LETTER = re.compile(rb"[0-9A-Za-z\x80-\xff]")

_BLOCK = 2048
_NEAR = 8


def skeleton_of(data: bytes) -> bytes:
    """Return the skeleton of ``data``."""
    return data.translate(LOWER, DROPPED)


def letters_of(data: bytes) -> bytes:
    """Return the letters and digits of ``data``, in their own case."""
    return data.translate(None, DROPPED)


def start_of_last(data: bytes, letters: int) -> int:
    """Return the offset in ``data`` of the last ``letters`` bytes of its skeleton, which has at least as many."""
    length = 2 * letters + _NEAR
    while True:
        start = max(0, len(data) - length)
        positions = [match.start() for match in LETTER.finditer(data, start)]
        if len(positions) >= letters:
            return positions[-letters]
        length *= 4


class SkeletonMap:
    """The way back from a skeleton to the data that it was made of."""

    def __init__(self, data: bytes) -> None:
        """Map the skeleton of ``data``; the work is done block by block, when a position is asked for."""
        self._data = data
        self._starts = [0]
        for start in range(0, len(data), _BLOCK):
            kept = len(data[start : start + _BLOCK].translate(None, DROPPED))
            self._starts.append(self._starts[-1] + kept)
        self._blocks: dict[int, list[int]] = {}

    def position(self, index: int) -> int:
        """Return where in the data the byte of the skeleton at ``index`` stands."""
        block = bisect_right(self._starts, index) - 1
        positions = self._blocks.get(block)
        if positions is None:
            start = block * _BLOCK
            positions = [match.start() for match in LETTER.finditer(self._data, start, start + _BLOCK)]
            self._blocks[block] = positions
        return positions[index - self._starts[block]]
