"""Base32 in both alphabets of RFC 4648, as words of their own."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoders.runs import Run, is_printable, runs_in
from zensecrets_jupyter.core.redaction.views import Groups, Piece, PiecedView, View

if TYPE_CHECKING:
    from collections.abc import Iterator

_LETTERS_AND_DIGITS = (string.ascii_letters + string.digits).encode()
_IN_WORD = bytes(0x61 if byte in _LETTERS_AND_DIGITS else 0x20 for byte in range(256))
_VISIBLE = bytes(0x61 if 0x21 <= byte <= 0x7E else 0x20 for byte in range(256))  # noqa: PLR2004 - ASCII's first and last letter
_SHORTEST_WORD = 10
_BASE32 = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"abcdefghijklmnopqrstuvwxyz234567")
_BASE32_HEX = (b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"0123456789abcdefghijklmnopqrstuv")
_HEXADECIMAL = b"0123456789abcdefABCDEF"
_TOO_LONG_FOR_CHANCE = 24
_DIGITS = b"0123456789abcdefghijklmnopqrstuv"
_FROM_BASE32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz", _DIGITS + _DIGITS[:26])
_SHIFTS = 8
_BASE64 = b"+/-_="
_GROUP = 5
_MOSTLY = 4
# Of five digits the first one counts 85 to the power of four; a byte below a blank is a control character.
_FIRST_OF_CONTROLS = bytes(digit for digit in range((0x20 << 24) // 85**4) if digit not in {(byte << 24) // 85**4 for byte in b"\t\n\r"})
_BASE64 = _LETTERS_AND_DIGITS + b"+/-_="
_LONG_BASE64 = 1024
"""Longer runs of base64's alphabet in both cases are no words with signs between them."""
_LONGEST_WORD = 1 << 13
"""Longer runs of letters are no identifiers."""


def base32_views(view: View, shortest: int) -> list[View]:
    """Return what the base32 in ``view`` decodes to, of words of ``shortest`` characters or more."""
    pieces = [piece for run in runs_in(view.data, _VISIBLE, shortest) for piece in _pieces(view.data, run)]
    return [PiecedView(view, pieces, "base32")] if pieces else []


def _pieces(data: bytes, run: Run) -> Iterator[Piece]:
    """Yield what the words in a run decode to. Every other text of letters and digits holds shorter stretches of base32 by chance."""
    for word in _words(data, run):
        digits = data[word.start : word.end]
        if digits.isalpha() and digits.islower() and len(digits) < _LONGEST_WORD:
            continue
        if not digits.translate(None, _BASE32[digits.islower()]):
            yield from _decoded(digits.translate(_FROM_BASE32), word)
        is_hexadecimal = len(digits) >= _TOO_LONG_FOR_CHANCE and not digits.translate(None, _HEXADECIMAL)
        if not is_hexadecimal and not digits.translate(None, _BASE32_HEX[digits.islower()]):
            yield from _decoded(digits, word)


def _words(data: bytes, run: Run) -> Iterator[Run]:
    text = data[run.start : run.end]
    if text.isalnum():
        if text.islower() or text.isupper():
            yield run
        return
    if len(text) > _LONG_BASE64 and not (text.isupper() or text.islower()) and not text.translate(None, _BASE64):
        return
    for start, end in runs_in(text, _IN_WORD, _SHORTEST_WORD):
        word = text[start:end]
        if word.islower() or word.isupper():
            yield Run(run.start + start, run.start + end)


def _decoded(digits: bytes, word: Run) -> Iterator[Piece]:
    number = int(digits, 32)
    for shift in range(_SHIFTS):
        bits = 5 * (len(digits) - shift)
        size = bits // 8
        decoded = ((number >> (bits % 8)) & ((1 << 8 * size) - 1)).to_bytes(size, "big") if size > 0 else b""
        if decoded and is_printable(decoded):
            yield Piece(decoded, Groups(word.start + shift, word.end, size=5, digits=8))
