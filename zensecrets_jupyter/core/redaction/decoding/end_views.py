"""Views of the end of a text.

A text may arrive in chunks, so that an encoding at its end is incomplete until the next chunk arrives.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.decoders.escapes import escape_views
from zensecrets_jupyter.core.redaction.decoding.decoders.numbers import number_views
from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, PiecedView, TextView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.decoding.views import Span

_LONGEST = 4096
"""Number of bytes at the end of a text that are searched for the beginning of a value."""
# An incomplete escape sequence of any kind at the end of a text. It begins with a backslash, a percent sign, an ampersand, or the escape
# character of terminals, or it is the first bytes of an invisible character in UTF-8.
_INCOMPLETE = re.compile(
    rb"(?:\\+(?:[xuU][0-9A-Fa-f{]{0,8}|N(?:\{[A-Za-z0-9 -]{0,90})?|[0-3][0-7]?|t[a-z]{0,20})?|%(?:[0-9A-Fa-f]|u[0-9A-Fa-f]{0,3})?"
    rb"|&[\#A-Za-z0-9]{0,31}|\x1b(?:\[[0-?]*[ -/]*|[\]P_^X][^\x07\x1b]{0,400}|[ -/]*)|\xe2[\x80\x81\x94\x95]?|[\xc2\xe3\xef])\Z"
)
_LONGEST_INCOMPLETE = 512
"""Maximum length of an incomplete escape sequence."""
_NESTED_ESCAPES = 3
"""Number of nested levels of escape sequences that are decoded."""
# The digits of base64 and base64url.
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_LONGEST_BASE64 = 1024
"""Number of bytes at the end of a text that are decoded as base64, as hexadecimal digits, and as a list of numbers."""
# Maps the digits of base64url to those of base64.
_STANDARD = bytes.maketrans(b"-_", b"+/")
# Pairs of hexadecimal digits, with or without separators.
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{2}(?:[ :-]?[0-9A-Fa-f]{2})*[ :-]?[0-9A-Fa-f]?")
_BETWEEN_DIGITS = re.compile(rb"[ :-]+")
_MAX_WORDS = 4
"""Maximum number of words of hexadecimal letters, such as "bad", that are skipped before the digits."""
# Hexadecimal digits and their separators.
_IN_HEXADECIMAL = b"0123456789ABCDEFabcdef :-"
# The last digit of the last number of a list.
_NUMBER = re.compile(rb"[0-9][\s,;\])]{0,8}\Z")
_AFTER_NUMBER = 16
"""Number of bytes at the end of a text that are searched for a number."""
_PAIR = re.compile(rb"[0-9A-Fa-f]{2}")


def incomplete_escape(data: bytes) -> int:
    """Return the start of an incomplete escape sequence at the end of ``data``.

    The result is the length of ``data`` if there is no such sequence.
    """
    offset = max(0, len(data) - _LONGEST_INCOMPLETE)
    match = _INCOMPLETE.search(data, offset)
    return match.start() if match else len(data)


def end_views(data: bytes) -> Iterator[TextView]:
    """Yield views of the end of ``data``.

    They are the plain text, the unescaped text, and the bytes that the last digits or numbers encode.
    """
    root = TextView(data)
    end_view = _Tail(data, max(0, len(data) - _LONGEST), len(data))
    yield end_view
    stop = incomplete_escape(data)
    level: list[TextView] = [end_view]
    # An incomplete escape sequence at the end is left out, because it can't be decoded.
    if stop < len(data):
        level = [_Tail(data, max(0, stop - _LONGEST), stop)]
        yield from level
    for _ in range(_NESTED_ESCAPES):
        level = [child for view in level for child in escape_views(view)]
        yield from level
    offset = max(0, len(data) - _LONGEST_BASE64)
    tail = data[offset:]
    start = offset + len(tail.rstrip(_BASE64))
    # Two digits of base64 encode at least one byte.
    if start + 2 <= len(data):
        # A value may begin at any of the four digits of a group.
        for shift in range(4):
            yield from _base64(root, data[start:], start, shift)
    digits = _last_digits(data, offset + len(tail.rstrip(_IN_HEXADECIMAL)))
    if digits is not None:
        yield _hexadecimal(root, digits)
    if _NUMBER.search(data, max(0, len(data) - _AFTER_NUMBER)):
        yield from number_views(_Tail(data, offset, len(data)))


def _last_digits(data: bytes, start: int) -> re.Match[bytes] | None:
    """Return the match of the pairs of hexadecimal digits at the end of ``data``.

    The result is ``None`` if there are none.

    The match begins at ``start``, or after a few words there that consist of the letters A to F.
    """
    for _ in range(_MAX_WORDS):
        digits = _HEXADECIMAL.fullmatch(data, start)
        if digits is not None:
            return digits
        gap = _BETWEEN_DIGITS.search(data, start)
        if gap is None:
            return None
        start = gap.end()
    return None


class _Tail(TextView):
    """The view of the end of a text, perhaps without an incomplete escape sequence."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        super().__init__(data[start:end])
        self._start = start

    def spans(self, start: int, end: int) -> list[Span]:
        return [(self._start + start, self._start + end)]


def _base64(root: TextView, run: bytes, start: int, shift: int) -> Iterator[TextView]:
    """Yield the view of the bytes that a run of base64 encodes.

    Nothing is yielded if the run encodes no byte.

    Args:
        root: The view of the whole text.
        run: The digits at the end of the text.
        start: The offset of the digits in the text.
        shift: The number of digits to skip.
    """
    digits = run[shift:]
    # A single digit encodes no whole byte.
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    if not digits:
        return
    decoded = binascii.a2b_base64(digits.translate(_STANDARD) + b"=" * (-len(digits) % 4))

    # Three bytes have four digits. The end is rounded up.
    def locate(first: int, last: int) -> list[Span]:
        return [(start + shift + first * 4 // 3, start + shift - (-last * 4 // 3))]

    yield PiecedView(root, [DecodedPiece(decoded, locate)], "base64")


def _hexadecimal(root: TextView, digits: re.Match[bytes]) -> TextView:
    """Return the view of the bytes that pairs of hexadecimal digits encode."""
    pairs = [(pair.start(), pair.end()) for pair in _PAIR.finditer(digits[0])]
    decoded = bytes(int(digits[0][start:end], 16) for start, end in pairs)

    def locate(first: int, last: int) -> list[Span]:
        return [(digits.start() + pairs[first][0], digits.start() + pairs[last - 1][1])]

    return PiecedView(root, [DecodedPiece(decoded, locate)], "hexadecimal")
