"""Decoder of base64 in every alphabet and alignment, on one line or wrapped.

The formats are those of RFC 4648, RFC 2045 and RFC 7468. Four digits encode three bytes, and a value may begin at any of the four digits:
these are the four alignments.
"""

from __future__ import annotations

import binascii
import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.runs import Run, runs_in
from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, PiecedView, TextView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zensecrets_jupyter.core.redaction.decoding.views import Span

# The digits of base64 and base64url.
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
# The table of ``runs_in``: it maps digits to "a", and other bytes to a blank.
_CLASSES = bytes(0x61 if byte in _ALPHABET else 0x20 for byte in range(256))
_OTHER_BYTES = bytes(byte for byte in range(256) if byte not in _ALPHABET)
_STANDARD = bytes.maketrans(b"-_", b"+/")
_DIGIT = re.compile(rb"[A-Za-z0-9+/_-]")
# The bytes between two lines of one base64 text: a line end, and the indentation, quotes or borders of the lines.
_BETWEEN_LINES = re.compile(rb"[ \t|\\\"'`]{0,8}(?:\r*\n|\r)[ \t|>#*\"'`]{0,40}")
# The digits of a last line, which may be few, and their padding.
_LAST_LINE = re.compile(rb"([A-Za-z0-9+/_-]+)={0,2}(?![A-Za-z0-9+/_-])")
_SEPARATORS = (b"CgoK", b"AAACgoK", b"AACgoK", b"ACgoK")
"""The digits that are added after a block, by the block's length modulo 4: zero digits to fill the last group, and three line ends."""
_BITS, _GROUP = 6, 3
"""The bits that one digit encodes, and the bytes that four digits encode."""
_SHORTEST_HEXADECIMAL = 16
"""A run of hexadecimal digits is not base64 from this length on."""
_NO_CAPITALS = 24
"""A run without capitals is not base64 from this length on. Of 10,000 base64 texts with this length, fewer than one has no capitals."""
_LONG = 256
"""Number of bytes at the start of a longer run that are classified first. If they may be base64, the rest of the run is not classified."""
_HEXADECIMAL = b"0123456789abcdefABCDEF"
_WORD_PUNCTUATION = b"-_/+"


def base64_views(view: TextView, shortest: int) -> list[TextView]:
    """Return views of the base64 in ``view``, decoded in each of the four alignments.

    Args:
        view: The view to decode.
        shortest: The minimum number of digits of a run.
    """
    data = view.data
    blocks = list(_join_lines(data, [run for run in runs_in(data, _CLASSES, shortest) if not _is_excluded(data[run.start : run.end])]))
    if not blocks:
        return []
    # All blocks are decoded at once, because a page of prose has hundreds of words that may be base64.
    digits: list[bytes] = []
    starts: list[int] = []
    length = 0
    for block in blocks:
        block_digits = data[block.start : block.end].translate(_STANDARD, _OTHER_BYTES)
        separator = _SEPARATORS[len(block_digits) % 4]
        digits += (block_digits, separator)
        starts.append(length)
        length += len(block_digits) + len(separator)
    alignments = _decode(b"".join(digits))
    pieces = [DecodedPiece(decoded, _DigitLocator(data, blocks, starts, shift)) for shift, decoded in enumerate(alignments)]
    return [PiecedView(view, pieces, "base64")]


def _decode(digits: bytes) -> Iterator[bytes]:
    """Yield the bytes that ``digits`` encode in the standard alphabet, in each alignment.

    The first result is decoded from the first digit on, the second result from the second digit on, and so on.
    """
    padding = b"A" * (-len(digits) % 4)
    decoded = binascii.a2b_base64(digits + padding)
    # Shifting all bits by one digit takes half as long as decoding again.
    number = int.from_bytes(decoded, "big")
    # The shift moves the skipped digits into the three bytes that are cut off.
    for shift in range(4):
        shifted = (number << _BITS * shift).to_bytes(len(decoded) + _GROUP, "big")
        yield shifted[_GROUP : _GROUP + (len(digits) - shift) // 4 * _GROUP]


def _is_excluded(run: bytes) -> bool:
    """Return whether a run is a word, a path, one repeated character or hexadecimal digits."""
    if len(run) > _LONG and not _is_excluded(run[:_LONG]):
        return False
    # A run of small letters with two or more punctuation characters is a path, or words that are joined with dashes.
    if run.islower() and (len(run) >= _NO_CAPITALS or len(run) - len(run.translate(None, _WORD_PUNCTUATION)) > 1):
        return True
    letters = run.translate(None, _WORD_PUNCTUATION)
    if not letters or letters.count(letters[:1]) == len(letters):
        return True
    return (letters.isalpha() and letters[1:].islower()) or (len(run) >= _SHORTEST_HEXADECIMAL and not run.translate(None, _HEXADECIMAL))


def _join_lines(data: bytes, runs: list[Run]) -> Iterator[Run]:
    """Yield the runs, with the lines of one wrapped text joined to one run."""
    index = 0
    while index < len(runs):
        start, end = runs[index]
        while True:
            gap = _BETWEEN_LINES.match(data, end)
            if gap is None:
                break
            if index + 1 < len(runs) and runs[index + 1].start == gap.end():
                index += 1
                end = runs[index].end
                continue
            # The last line may have fewer digits than a run must have.
            last_line = _LAST_LINE.match(data, gap.end())
            if last_line is not None and last_line.end(1) - last_line.start(1) <= end - start:
                end = last_line.end(1)
            break
        index += 1
        yield Run(start, end)


class _DigitLocator:
    """Locates bytes that were decoded from the joined digits of several blocks."""

    def __init__(self, data: bytes, blocks: list[Run], starts: list[int], shift: int) -> None:
        """Create the locator.

        Args:
            data: The bytes that contain the blocks.
            blocks: The span of each block in ``data``.
            starts: The offset of each block in the joined digits.
            shift: The number of digits that were skipped before decoding.
        """
        self._data = data
        self._blocks = blocks
        self._starts = starts
        self._shift = shift

    def __call__(self, start: int, end: int) -> list[Span]:
        """Return the spans of the digits that encode the bytes from ``start`` to ``end``.

        The padding ``=`` after the digits is included.
        """
        # The offsets of the first digit and after the last digit in the joined digits. The second one is rounded up.
        first, last = self._shift + start * 4 // 3, self._shift - (-end * 4 // 3)
        spans = []
        index = max(0, bisect_right(self._starts, first) - 1)
        while index < len(self._blocks) and self._starts[index] < last:
            span = self._span(self._blocks[index], max(0, first - self._starts[index]), last - self._starts[index])
            if span is not None:
                spans.append(span)
            index += 1
        return spans

    def _span(self, block: Run, first: int, last: int) -> Span | None:
        """Return the span in the data of the digits of ``block`` from ``first`` to ``last``.

        The result is ``None`` if the block ends before ``first``.
        """
        positions = _digit_offsets(self._data, block)
        if first >= len(positions):
            return None
        stop = positions[min(last, len(positions)) - 1] + 1
        while stop >= block.end and self._data[stop : stop + 1] == b"=":
            stop += 1
        return positions[first], stop


def _digit_offsets(data: bytes, block: Run) -> Sequence[int]:
    """Return the offset of each digit of ``block`` in ``data``."""
    start, end = block
    if len(data[start:end].translate(None, _OTHER_BYTES)) == end - start:
        return range(start, end)
    return [match.start() for match in _DIGIT.finditer(data, start, end)]
