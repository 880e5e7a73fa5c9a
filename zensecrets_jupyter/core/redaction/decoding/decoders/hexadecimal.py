"""Decoder of hexadecimal digits without separators, on one line or wrapped."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.runs import runs_in
from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, PiecedView, TextView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.core.redaction.decoding.views import Span

# The table of ``runs_in``: it maps digits to "a", and other bytes to a blank.
_CLASSES = bytes(0x61 if byte in b"0123456789abcdefABCDEF" else 0x20 for byte in range(256))
_MIN_DIGITS = 12
"""Minimum number of digits of the first line of a block: those of a value of six bytes, which is the shortest one."""
# A first line, and further lines of the same wrapped text, which may be shorter.
_BLOCK = re.compile(rb"[0-9A-Fa-f]{12,}(?:[ \t]*\r*\n[ \t]*[0-9A-Fa-f]{2,})*")
_DIGIT = re.compile(rb"[0-9A-Fa-f]")
_WHITE_SPACE = b" \t\r\n"
_SEPARATOR = b"0a0a"
"""The digits of two line ends, which separate the blocks."""
_SEPARATOR_BYTES = len(_SEPARATOR) // 2


def hexadecimal_views(view: TextView) -> list[TextView]:
    """Return a view of the blocks of at least 12 hexadecimal digits.

    The blocks are decoded from the first digit on, and from the second digit on, because one digit before a value may belong to other text.
    The list is empty if there is no block.
    """
    data = view.data
    blocks = _blocks(data)
    if not blocks:
        return []
    digits = [data[start:end].translate(None, _WHITE_SPACE) for start, end in blocks]
    # All blocks are decoded at once, because every line of a log may contain an identifier.
    pieces = []
    for shift in (0, 1):
        # A last digit without a partner is left out.
        pairs = [block[shift : len(block) - (len(block) - shift) % 2] for block in digits]
        starts = list(accumulate((len(block) // 2 + _SEPARATOR_BYTES for block in pairs), initial=0))
        pieces.append(DecodedPiece(bytes.fromhex(_SEPARATOR.join(pairs).decode("ascii")), _PairLocator(data, blocks, starts, shift)))
    return [PiecedView(view, pieces, "hexadecimal")]


def _blocks(data: bytes) -> list[Span]:
    """Return the span of each block of digits. All lines of a wrapped block are in one span."""
    blocks: list[Span] = []
    end = 0
    for run in runs_in(data, _CLASSES, _MIN_DIGITS):
        block = _BLOCK.match(data, run.start) if run.start >= end else None
        if block is not None:
            end = block.end()
            blocks.append(block.span())
    return blocks


class _PairLocator:
    """Locates bytes that were decoded from the joined digits of several blocks."""

    def __init__(self, data: bytes, blocks: Sequence[Span], starts: Sequence[int], shift: int) -> None:
        """Create the locator.

        Args:
            data: The bytes that contain the blocks.
            blocks: The span of each block in ``data``.
            starts: The offset of each block in the decoded bytes, and the offset after the last separator.
            shift: The number of digits of each block that were skipped before decoding.
        """
        self._data = data
        self._blocks = blocks
        self._starts = starts
        self._shift = shift

    def __call__(self, start: int, end: int) -> list[Span]:
        """Return the spans of the digits that encode the bytes from ``start`` to ``end``."""
        spans = []
        index = bisect_right(self._starts, start) - 1
        while index < len(self._blocks) and self._starts[index] < end:
            length = self._starts[index + 1] - self._starts[index] - _SEPARATOR_BYTES
            first, last = max(0, start - self._starts[index]), min(length, end - self._starts[index])
            if first < last:
                positions = self._positions(*self._blocks[index])
                spans.append((positions[self._shift + 2 * first], positions[self._shift + 2 * last - 1] + 1))
            index += 1
        return spans

    def _positions(self, start: int, end: int) -> Sequence[int]:
        """Return the offset of each digit of the block ``data[start:end]``."""
        if not any(byte in _WHITE_SPACE for byte in self._data[start:end]):
            return range(start, end)
        return [digit.start() for digit in _DIGIT.finditer(self._data, start, end)]
