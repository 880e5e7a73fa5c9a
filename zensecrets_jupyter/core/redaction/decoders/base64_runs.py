"""Base64 in every alphabet and alignment, on one line or wrapped; RFC 4648, RFC 2045, RFC 7468."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoders.runs import Run, is_printable, runs_in
from zensecrets_jupyter.core.redaction.views import Piece, PiecedView, View

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zensecrets_jupyter.core.redaction.views import Span

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_CLASSES = bytes(0x61 if byte in _ALPHABET else 0x20 for byte in range(256))
_FOREIGN = bytes(byte for byte in range(256) if byte not in _ALPHABET)
_STANDARD = bytes.maketrans(b"-_", b"+/")
_DIGIT = re.compile(rb"[A-Za-z0-9+/_-]")
# What is between two lines of one base64 text: the end of a line, and what indents, quotes or frames the lines.
_BETWEEN_LINES = re.compile(rb"[ \t|\\\"'`]{0,8}(?:\r*\n|\r)[ \t|>#*\"'`]{0,40}")
_LAST_LINE = re.compile(rb"([A-Za-z0-9+/_-]+)={0,2}(?![A-Za-z0-9+/_-])")
_LONG_ENOUGH = 16
_TOO_LONG_FOR_CHANCE = 32
_HEXADECIMAL = b"0123456789abcdefABCDEF"
_IN_WORDS = b"-_/+"


def base64_views(view: View, shortest: int) -> list[View]:
    """Return what the base64 in ``view`` decodes to: text that may be encoded further, and other bytes.

    Args:
        view: The view to look through.
        shortest: Digits from which on a run is decoded.
    """
    blocks = _joined(view.data, [run for run in runs_in(view.data, _CLASSES, shortest) if not _is_word(view.data[run.start : run.end])])
    texts: list[Piece] = []
    others: list[Piece] = []
    all_digits = [view.data[block.start : block.end].translate(_STANDARD, _FOREIGN) for block in blocks]
    for shift in range(4):
        for block, whole in zip(blocks, all_digits, strict=True):
            digits = whole[shift:]
            if len(digits) % 4 == 1:
                digits = digits[:-1]
            if digits:
                decoded = binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))
                piece = Piece(decoded, _Digits(view.data, block, shift))
                (texts if is_printable(decoded) else others).append(piece)
    return [PiecedView(view, pieces, "base64") for pieces in (texts, others) if pieces]


def _is_word(run: bytes) -> bool:
    """Tell whether a run is words in lower case, one character again and again, or hexadecimal digits, which no base64 of a secret is."""
    letters = run.translate(None, _IN_WORDS)
    if not letters or letters.count(letters[:1]) == len(letters):
        return True
    if len(run) < _LONG_ENOUGH:
        return False
    return (letters.isalpha() and letters.islower()) or (len(run) >= _TOO_LONG_FOR_CHANCE and not run.translate(None, _HEXADECIMAL))


def _joined(data: bytes, runs: list[Run]) -> list[Run]:
    """Return the runs, with those that are lines of one text as one."""
    return list(_join(data, runs))


def _join(data: bytes, runs: list[Run]) -> Iterator[Run]:
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
            last = _LAST_LINE.match(data, gap.end())
            if last is not None and last.end(1) - last.start(1) <= end - start:
                end = last.end(1)
            break
        index += 1
        yield Run(start, end)


class _Digits:
    """Locates what was decoded from a block of base64."""

    def __init__(self, data: bytes, block: Run, shift: int) -> None:
        self._data = data
        self._block = block
        self._shift = shift
        self._positions: Sequence[int] | None = None

    def __call__(self, start: int, end: int) -> list[Span]:
        """Return where the digits stand that these bytes depend on, with the padding behind them."""
        if self._positions is None:
            self._positions = self._found()
        first, last = self._shift + start * 4 // 3, self._shift - (-end * 4 // 3)
        stop = self._positions[min(last, len(self._positions)) - 1] + 1
        while stop >= self._block.end and self._data[stop : stop + 1] == b"=":
            stop += 1
        return [(self._positions[first], stop)]

    def _found(self) -> Sequence[int]:
        start, end = self._block
        if len(self._data[start:end].translate(None, _FOREIGN)) == end - start:
            return range(start, end)
        return [match.start() for match in _DIGIT.finditer(self._data, start, end)]
