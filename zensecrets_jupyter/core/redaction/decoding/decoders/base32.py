"""Decoder of base32 in both alphabets of RFC 4648: base32, and base32hex with the extended hex alphabet.

Only whole words are decoded.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.runs import Run, is_printable, runs_in
from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, GroupLocator, PiecedView, TextView

if TYPE_CHECKING:
    from collections.abc import Iterator

# The tables for runs of capitals and digits, and for runs of small letters and digits. Each maps such bytes to "a", and others to a blank.
_IN_ONE_CASE = tuple(
    bytes(0x61 if byte in (letters + string.digits).encode() else 0x20 for byte in range(256))
    for letters in (string.ascii_uppercase, string.ascii_lowercase)
)
# The digits of both alphabets, first in capitals and then in small letters.
_BASE32 = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"abcdefghijklmnopqrstuvwxyz234567")
_BASE32_HEX = (b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"0123456789abcdefghijklmnopqrstuv")
_HEXADECIMAL = b"0123456789abcdefABCDEF"
_SHORTEST_HEXADECIMAL = 16
"""A word of hexadecimal digits is not decoded with the extended hex alphabet from this length on.

Such a word is probably hexadecimal. By chance, only one base32hex word of 65,000 with this length has only hexadecimal digits.
"""
# _FROM_BASE32 maps the digits of base32 to the digits with the same value that int(…, 32) reads. Those are the digits of base32hex.
_DIGITS = b"0123456789abcdefghijklmnopqrstuv"
_FROM_BASE32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz", _DIGITS + _DIGITS[:26])
_SHIFTS = 8
"""Number of digits in one group. The base32 of a value may begin at any digit of a group."""
_LONGEST_IDENTIFIER = 1 << 13
"""A word in small letters without digits is decoded only from this length on, because a shorter one may be an identifier."""


def base32_views(view: TextView, shortest: int) -> list[TextView]:
    """Return views of the base32 words in ``view``.

    Args:
        view: The view to decode.
        shortest: The minimum length of a word. Shorter words are often base32 by chance.
    """
    data = view.data
    words = [word for classes in _IN_ONE_CASE for word in runs_in(data, classes, shortest) if _may_be_base32(data, word)]
    pieces = [piece for word in words for piece in _pieces(data[word.start : word.end], word)]
    return [PiecedView(view, pieces, "base32")] if pieces else []


def _may_be_base32(data: bytes, run: Run) -> bool:
    """Return whether a run is a word that may be base32.

    Three kinds of runs are not base32: a part of a longer word, an identifier, and an ordinary word that is written in small letters.
    """
    if data[max(0, run.start - 1) : run.start].isalnum() or data[run.end : run.end + 1].isalnum():
        return False
    word = data[run.start : run.end]
    return word.isupper() or (word.islower() and (not word.isalpha() or len(word) >= _LONGEST_IDENTIFIER))


def _pieces(digits: bytes, word: Run) -> Iterator[DecodedPiece]:
    """Yield the texts that ``digits`` encode, in each alphabet to which all digits belong.

    ``word`` is the location of the digits.
    """
    case = 1 if digits.islower() else 0
    if not digits.translate(None, _BASE32[case]):
        yield from _decode(digits.translate(_FROM_BASE32), word)
    is_hexadecimal = len(digits) >= _SHORTEST_HEXADECIMAL and not digits.translate(None, _HEXADECIMAL)
    if not is_hexadecimal and not digits.translate(None, _BASE32_HEX[case]):
        yield from _decode(digits, word)


def _decode(digits: bytes, word: Run) -> Iterator[DecodedPiece]:
    """Yield the printable texts that result if decoding starts at the first, the second, … or the eighth of ``digits``."""
    number = int(digits, 32)
    for shift in range(_SHIFTS):
        # The bits after the last whole byte, and those of the skipped digits, are cut off.
        bits = 5 * (len(digits) - shift)
        size = bits // 8
        decoded = ((number >> (bits % 8)) & ((1 << 8 * size) - 1)).to_bytes(size, "big") if size > 0 else b""
        if decoded and is_printable(decoded):
            yield DecodedPiece(decoded, GroupLocator(word.start + shift, word.end, size=5, digits=8))
