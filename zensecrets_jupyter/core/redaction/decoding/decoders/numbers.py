"""Decoder of lists of numbers: each number is one or several bytes, or a character.

The numbers may be hexadecimal, decimal or octal.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.runs import is_printable
from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, PiecedView, TextView, TokenLocator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zensecrets_jupyter.core.redaction.decoding.views import Span

# The characters between two numbers of a list. No letter or digit is next to the list.
_SEPARATOR = rb"[\s,;:|\-\[\](){}<>'\"/+]{1,40}"
_START = rb"(?<![0-9A-Za-z])"
_END = rb"(?![0-9A-Za-z])"


def _list_of(number: bytes, min_count: int) -> re.Pattern[bytes]:
    """Return the regular expression of a list of at least ``min_count`` numbers."""
    return re.compile(_START + number + rb"(?:" + _SEPARATOR + number + rb"){%d,}" % (min_count - 1) + _END)


# A list of numbers of any kind. The expressions below are searched only inside such lists, because they are slower.
_LIST = re.compile(_START + rb"(?:(?:0[xXoO]|[Uu]\+)?[0-9A-Fa-f]{1,8}" + _SEPARATOR + rb"){2,}(?:0[xXoO]|[Uu]\+)?[0-9A-Fa-f]{1,8}" + _END)
# The shortest value has six bytes: six numbers, or three numbers of two bytes.
_HEX_BYTES = _list_of(rb"(?:0[xX])?[0-9A-Fa-f]{2}", 6)
# Bytes with a prefix, of which small ones may have one digit, such as 0x5.
_HEX_SMALL = _list_of(rb"0[xX][0-9A-Fa-f]{1,2}", 6)
# Words of two or four bytes.
_HEX_WORDS = _list_of(rb"(?:0[xX])?[0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{4})?", 3)
_CODE_POINTS = _list_of(rb"[Uu]\+[0-9A-Fa-f]{4,6}", 6)
# Code points in decimal.
_DECIMAL = _list_of(rb"[0-9]{1,7}", 6)
# Only numbers up to 255 match, so that a larger number before the list, such as a line number, is left out.
_DECIMAL_BYTES = _list_of(rb"(?:1?[0-9]{1,2}|2[0-4][0-9]|25[0-5])", 6)
_OCTAL = _list_of(rb"(?:0o?)?[0-3][0-7]{2}", 6)
_NUMBER = re.compile(rb"(?:0[xXoO]|[Uu]\+)?([0-9A-Fa-f]+)")
_LONGEST = 1 << 18
"""Maximum number of bytes at the start of a text that are searched. Decoding a number costs as much as searching 100 letters."""
_LAST_OF_ASCII, _LAST_CHARACTER = 0x7F, 0x10FFFF
"""The highest code points of ASCII and of Unicode."""


def number_views(view: TextView) -> list[TextView]:
    """Return views of the lists of numbers in ``view``, decoded as bytes and as code points."""
    data = view.data
    views: list[TextView] = []
    lists = [match.span() for match in _LIST.finditer(data[:_LONGEST])]
    for expression, decode in _LISTS:
        pieces = [
            DecodedPiece(decoded, TokenLocator(partial(_number_spans, match, size), size or 1))
            for start, end in lists
            for match in expression.finditer(data, start, end)
            for decoded, size in decode(match[0])
        ]
        # A view with both would be binary, and binary views are decoded less thoroughly than texts.
        texts = [piece for piece in pieces if is_printable(piece.data)]
        binaries = [piece for piece in pieces if not is_printable(piece.data)]
        name = "hexadecimal" if expression is _HEX_BYTES else "numbers"
        views += [PiecedView(view, group, name) for group in (texts, binaries) if group]
    return views


def _number_spans(match: re.Match[bytes], size: int) -> list[Span]:
    """Return the span of each number.

    Args:
        match: The list of numbers.
        size: The number of bytes that a number encodes. If 0, each number is a character, whose span is repeated for each of its bytes.
    """
    numbers = list(_NUMBER.finditer(match.string, match.start(), match.end()))
    if size:
        return [number.span() for number in numbers]
    lengths = [len(_character(int(number[1], 16 if number[0][:1] in b"Uu" else 10))) for number in numbers]
    return [number.span() for number, length in zip(numbers, lengths, strict=True) for _ in range(length)]


# Each of the following decoders takes a list of numbers, and yields its decoded bytes with the size: how many bytes one number of the
# list encodes. The size is 0 if each number is a character, which may have several bytes.


def _hex_bytes(text: bytes) -> Iterator[tuple[bytes, int]]:
    yield bytes(int(number, 16) for number in _NUMBER.findall(text)), 1


def _hex_words(text: bytes) -> Iterator[tuple[bytes, int]]:
    """Decode words in both byte orders."""
    numbers = _NUMBER.findall(text)
    size = len(numbers[0]) // 2
    if all(len(number) == 2 * size for number in numbers):
        words = [bytes.fromhex(number.decode("ascii")) for number in numbers]
        yield b"".join(words), size
        yield b"".join(word[::-1] for word in words), size


def _decimal_bytes(text: bytes) -> Iterator[tuple[bytes, int]]:
    yield bytes(map(int, _NUMBER.findall(text))), 1


def _decimal(text: bytes) -> Iterator[tuple[bytes, int]]:
    numbers = list(map(int, _NUMBER.findall(text)))
    # A list of ASCII characters has the same numbers as a list of bytes, which ``_decimal_bytes`` decodes.
    if _LAST_OF_ASCII < max(numbers) <= _LAST_CHARACTER:
        yield b"".join(map(_character, numbers)), 0


def _code_points(text: bytes) -> Iterator[tuple[bytes, int]]:
    yield b"".join(_character(int(number, 16)) for number in _NUMBER.findall(text)), 0


def _octal(text: bytes) -> Iterator[tuple[bytes, int]]:
    yield bytes(int(number, 8) for number in _NUMBER.findall(text)), 1


def _character(number: int) -> bytes:
    """Return a character in UTF-8. The result is empty if ``number`` is no code point."""
    return chr(number).encode("utf-8", "surrogatepass") if number <= _LAST_CHARACTER else b""


# The decoder of each kind of list.
_LISTS: tuple[tuple[re.Pattern[bytes], Callable[[bytes], Iterator[tuple[bytes, int]]]], ...] = (
    (_HEX_BYTES, _hex_bytes),
    (_HEX_SMALL, _hex_bytes),
    (_HEX_WORDS, _hex_words),
    (_CODE_POINTS, _code_points),
    (_DECIMAL_BYTES, _decimal_bytes),
    (_DECIMAL, _decimal),
    (_OCTAL, _octal),
)
