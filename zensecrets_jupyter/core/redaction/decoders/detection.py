"""Detection of encodings: a quick look at a text, which most texts need and nothing more."""

from __future__ import annotations

import re

from zensecrets_jupyter.core.redaction.decoders.escapes import ESCAPE_STARTS
from zensecrets_jupyter.core.redaction.decoders.runs import runs_in

_VISIBLE = bytes(0x61 if byte >= 0x21 else 0x20 for byte in range(256))  # noqa: PLR2004 - ASCII's first letter
_SIGNS = bytes(0x21 if bytes([byte]) in ESCAPE_STARTS else _VISIBLE[byte] for byte in range(256))
_INSIDE, _ESCAPE = b"a", b"!"
_IN_NUMBERS = frozenset(b"0123456789abcdefxu")
_NUMBERS = bytes(0x68 if byte in _IN_NUMBERS else 0x2E for byte in range(256))
_DIGIT = b"h"
_ZEROS = b"0000000"
_FIRST_ADDRESSES = (b"0000000 ", b"0000000\t", b"0000000:", b"0000000h")
"""How the first row of a dump begins; a number with zeros before it is none."""
_NO_LAYOUT = bytes(byte for byte in range(256) if byte not in b"=&+'\"|")
_MAIL = re.compile(rb"[=&+](?:(?<==)(?:\?|3D|0[0-9A-F]|7F|20|09|[89A-F][0-9A-F]|\r?\n)|(?<=[&+])[A-Za-z0-9+/,]{1,400}-)")
_TABLE = re.compile(rb"\|[^\n]{0,500}\n[^\n]{0,500}\|")
_LITERALS = re.compile(rb"['\"][ \t\\+]*\r?\n\s*[bBrRuUfF]{1,2}['\"]")
_LETTERS = re.compile(rb"['\"], ?['\"].['\"], ?['\"]")
_LONG = 1 << 14
"""Bytes up to which a text is looked at more closely before it is decoded."""


class EncodingDetector:
    """Tells whether a value of some length may be encoded in a text.

    Attributes:
        shortest: Bytes of the shortest value.
        shortest_run: Digits of base64 that stand for so many bytes.
    """

    def __init__(self, shortest: int) -> None:
        """Look for values of ``shortest`` bytes or more."""
        self.shortest = shortest
        self.shortest_run = -(-shortest * 4 // 3)
        self._run = _INSIDE * self.shortest_run
        self._digits = _DIGIT * (2 * shortest)

    def has_encodings(self, data: bytes, skeleton: bytes) -> bool:
        """Tell whether there may be something to decode in ``data``, which has that skeleton. ``False`` is certain."""
        signs = data.translate(_SIGNS)
        if _ESCAPE in signs:
            return True
        if self._run in signs and self.has_runs(data):
            return True
        return self.has_numbers(data, skeleton) or _has_layout(data)

    def has_runs(self, data: bytes) -> bool:
        """Tell whether there may be base64, base32 or base85 in ``data``."""
        if self._run not in data.translate(_VISIBLE):
            return False
        # A line of one sign again and again, and a number that is filled up with zeros, are no encoded text.
        return len(data) > _LONG or any(not _is_filled(data[start:end]) for start, end in runs_in(data, _VISIBLE, self.shortest_run))

    def has_numbers(self, data: bytes, skeleton: bytes) -> bool:
        """Tell whether there may be bytes written as numbers in ``data``, with whatever between them, or a dump."""
        if self._digits in skeleton.translate(_NUMBERS) and not _is_filled(skeleton) and not skeleton.isalpha():
            return True
        return _ZEROS in data and _has_lines(data) and any(address in data for address in _FIRST_ADDRESSES)


def _is_filled(data: bytes) -> bool:
    """Tell whether ``data`` is mostly one character, such as a ruler, or a number with zeros before it."""
    middle = len(data) // 2
    return 4 * data.count(data[middle : middle + 1]) >= 3 * len(data)


def _has_layout(data: bytes) -> bool:
    """Tell whether there may be mail encodings in ``data``, or text that was broken up."""
    if not data.translate(None, _NO_LAYOUT):
        return False
    if (b"=" in data or b"&" in data or b"+" in data) and _MAIL.search(data):
        return True
    if (b"', '" in data or b'", "' in data or b"','" in data or b'","' in data) and _LETTERS.search(data):
        return True
    if not _has_lines(data):
        return False
    return (b"|" in data and _TABLE.search(data) is not None) or ((b"'" in data or b'"' in data) and _LITERALS.search(data) is not None)


def _has_lines(data: bytes) -> bool:
    return data.find(b"\n", 0, len(data) - 1) >= 0
