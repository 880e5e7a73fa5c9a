r"""Skeleton of a text: its letters and digits in lower case.

ASCII punctuation, white space and control characters are left out.

Quotes, backslashes before punctuation, line breaks and spaces are bytes that a skeleton leaves out. A value therefore has the same skeleton
when a shell quotes it, CSV doubles its quotes, a table wraps it or a program prints it in capitals. One search of skeletons finds all of
these. An escape with a letter, such as ``\\n`` for a line break, adds that letter to the skeleton.

In this package, a *letter* is any byte that a skeleton keeps: an ASCII letter or digit, or a byte of the UTF-8 form of another character.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_LETTERS = frozenset([*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B), *range(0x80, 0x100)])
NO_LETTERS = bytes(byte for byte in range(256) if byte not in _LETTERS)
"""Every byte that a skeleton leaves out."""
LOWER = bytes.maketrans(bytes(range(0x41, 0x5B)), bytes(range(0x61, 0x7B)))
"""The table for ``bytes.translate`` that maps ASCII capitals to lower case."""
LETTER = re.compile(rb"[0-9A-Za-z\x80-\xff]")
"""The regular expression of one letter."""

_BLOCK = 2048
"""Number of bytes that a :class:`SkeletonMap` maps at once."""
_EXTRA_BYTES = 8
"""Number of bytes that :func:`start_of_last_letters` reads in addition to twice the number of letters.

Usually at least every second byte is a letter, so the first read is usually enough.
"""


def skeleton_of(data: bytes) -> bytes:
    """Return the skeleton of ``data``."""
    return data.translate(LOWER, NO_LETTERS)


def letters_of(data: bytes) -> bytes:
    """Return the letters of ``data`` in their own case."""
    return data.translate(None, NO_LETTERS)


def start_of_last_letters(data: bytes, count: int) -> int:
    """Return the offset in ``data`` at which its last ``count`` letters begin.

    ``data`` must have at least ``count`` letters, and ``count`` must not be zero.
    """
    length = 2 * count + _EXTRA_BYTES
    while True:
        start = max(0, len(data) - length)
        positions = [match.start() for match in LETTER.finditer(data, start)]
        if len(positions) >= count:
            return positions[-count]
        length *= 4


class SkeletonMap:
    """Mapping from the offsets in a skeleton to the offsets in the original data."""

    def __init__(self, data: bytes) -> None:
        """Create the mapping of ``data``.

        The offsets of a block of data are computed when they are first needed.
        """
        self._data = data
        # For each block of data, the index in the skeleton of the block's first letter; at the end, the length of the skeleton.
        self._block_starts = [0]
        for start in range(0, len(data), _BLOCK):
            letter_count = len(data[start : start + _BLOCK].translate(None, NO_LETTERS))
            self._block_starts.append(self._block_starts[-1] + letter_count)
        self._blocks: dict[int, list[int]] = {}

    def position(self, index: int) -> int:
        """Return the offset in the data of the letter at ``index`` of the skeleton."""
        block = bisect_right(self._block_starts, index) - 1
        positions = self._blocks.get(block)
        if positions is None:
            start = block * _BLOCK
            positions = [match.start() for match in LETTER.finditer(self._data, start, start + _BLOCK)]
            self._blocks[block] = positions
        return positions[index - self._block_starts[block]]
