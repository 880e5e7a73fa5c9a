"""Base32 in both alphabets of RFC 4648, as words of their own."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.runs import Run, is_printable, runs_in
from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, Groups, PiecedView, TextView

if TYPE_CHECKING:
    from collections.abc import Iterator

_IN_ONE_CASE = tuple(
    bytes(0x61 if byte in (letters + string.digits).encode() else 0x20 for byte in range(256))
    for letters in (string.ascii_uppercase, string.ascii_lowercase)
)
_BASE32 = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"abcdefghijklmnopqrstuvwxyz234567")
_BASE32_HEX = (b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"0123456789abcdefghijklmnopqrstuv")
_HEXADECIMAL = b"0123456789abcdefABCDEF"
_TOO_LONG_FOR_CHANCE = 16
"""Hexadecimal digits from which on a word is no base32: of those that are base32, one in a hundred thousand has no other letters."""
_DIGITS = b"0123456789abcdefghijklmnopqrstuv"
_FROM_BASE32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz", _DIGITS + _DIGITS[:26])
_SHIFTS = 8
_LONGEST_WORD = 1 << 13
"""Longer runs of letters are no identifiers."""


def base32_views(view: TextView, shortest: int) -> list[TextView]:
    """Return views of the base32 words in ``view`` with ``shortest`` characters or more.

    Shorter stretches of base32 occur by chance in every text of letters and digits.
    """
    data = view.data
    words = [word for classes in _IN_ONE_CASE for word in runs_in(data, classes, shortest) if _is_word(data, word)]
    pieces = [piece for word in words for piece in _pieces(data[word.start : word.end], word)]
    return [PiecedView(view, pieces, "base32")] if pieces else []


def _is_word(data: bytes, run: Run) -> bool:
    """Tell whether a run has a beginning and an end of its own, and is no word in small letters."""
    if data[max(0, run.start - 1) : run.start].isalnum() or data[run.end : run.end + 1].isalnum():
        return False
    word = data[run.start : run.end]
    return word.isupper() or (word.islower() and (not word.isalpha() or len(word) >= _LONGEST_WORD))


def _pieces(digits: bytes, word: Run) -> Iterator[DecodedPiece]:
    if not digits.translate(None, _BASE32[digits.islower()]):
        yield from _decoded(digits.translate(_FROM_BASE32), word)
    is_hexadecimal = len(digits) >= _TOO_LONG_FOR_CHANCE and not digits.translate(None, _HEXADECIMAL)
    if not is_hexadecimal and not digits.translate(None, _BASE32_HEX[digits.islower()]):
        yield from _decoded(digits, word)


def _decoded(digits: bytes, word: Run) -> Iterator[DecodedPiece]:
    number = int(digits, 32)
    for shift in range(_SHIFTS):
        bits = 5 * (len(digits) - shift)
        size = bits // 8
        decoded = ((number >> (bits % 8)) & ((1 << 8 * size) - 1)).to_bytes(size, "big") if size > 0 else b""
        if decoded and is_printable(decoded):
            yield DecodedPiece(decoded, Groups(word.start + shift, word.end, size=5, digits=8))
