"""Detection of encodings: a quick check that spares most texts the decoders."""

from __future__ import annotations

import re

from zensecrets_jupyter.core.redaction.decoding.decoders.escapes import ESCAPE_STARTS, has_escapes
from zensecrets_jupyter.core.redaction.decoding.decoders.mail import has_quoted_printable

_VISIBLE = bytes(0x61 if 0x21 <= byte <= 0x7E else 0x20 for byte in range(256))  # noqa: PLR2004 - ASCII's first and last letter
_INSIDE, _OUTSIDE = b"a", b" "
_DECIMAL = b"0123456789"
_IN_NUMBERS = frozenset(b"0123456789abcdefxu")
_NUMBERS = bytes(0x68 if byte in _IN_NUMBERS else 0x2E for byte in range(256))
_DIGIT = b"h"
_ZEROS = b"0000000"
_AFTER_ADDRESS = (b" ", b"\t", b":", b"h")
"""What follows the first address of a dump; a number with zeros before it is none."""
_LAYOUT = b"=&+'\"|"
_NO_ESCAPES = b"=+'\"|"
_PLAIN = bytes(byte for byte in range(256) if byte not in _LAYOUT and bytes([byte]) not in ESCAPE_STARTS)
_SIGN = b"!"
_VISIBLE_AND_SIGNS = bytes(_VISIBLE[byte] if byte in _PLAIN else _SIGN[0] for byte in range(256))
_UTF_7 = re.compile(rb"[&+][A-Za-z0-9+/,]{0,400}-")
_TABLE = re.compile(rb"\|[^\n]{0,500}\n[^\n]{0,500}\|")
# Each begins with a sign that is rare or that the text is known to hold: that is what a search looks for.
_LITERALS = re.compile(rb"\n\s*[bBrRuUfF]{1,2}['\"]")
_LETTERS = re.compile(rb", ?[bu]?(['\"]).\1, ?[bu]?['\"]")
_LONG = 1 << 14
"""Bytes up to which a text is looked at more closely before it is decoded."""
_LINE = 200
_SAMPLES = 4001


class EncodingDetector:
    """Tells whether a value of some length may be encoded in a text.

    Attributes:
        shortest: Bytes of the shortest value.
        shortest_run: Digits of base64 that stand for so many bytes.
        shortest_base85: Digits of base85 that do, which are the fewest of all encodings.
    """

    def __init__(self, shortest: int) -> None:
        """Look for values of ``shortest`` bytes or more."""
        self.shortest = shortest
        self.shortest_run = -(-shortest * 4 // 3)
        self.shortest_base85 = -(-shortest * 5 // 4)
        self._run = _INSIDE * self.shortest_base85
        # Of the four digits of base64 that three bytes of text are written with, one is a letter at least.
        self._letters = self.shortest_run // 4
        self._digits = _DIGIT * (2 * shortest)

    def has_encodings(self, data: bytes, skeleton: bytes) -> bool:
        """Tell whether there may be something to decode in ``data``, which has that skeleton. ``False`` is certain."""
        visible = data.translate(_VISIBLE_AND_SIGNS)
        if _SIGN in visible:
            signs = data.translate(None, _PLAIN)
            if (signs.translate(None, _NO_ESCAPES) and has_escapes(data)) or _has_layout(data, signs):
                return True
            visible = data.translate(_VISIBLE)
        # The first half of each is what most texts need: no method is called for it.
        return (
            (self._run in visible and self._has_runs(data, skeleton, visible))
            or (self._digits in skeleton.translate(_NUMBERS) and _has_numbers(skeleton))
            or (_ZEROS in data and _has_dump(data))
        )

    def has_runs(self, data: bytes, skeleton: bytes) -> bool:
        """Tell whether there may be base64, base32 or base85 in ``data``, which has that skeleton."""
        return self._has_runs(data, skeleton, data.translate(_VISIBLE))

    def _has_runs(self, data: bytes, skeleton: bytes, visible: bytes) -> bool:
        start = visible.find(self._run)
        if len(data) > _LONG:
            return start >= 0 and self._has_letters(skeleton)
        while start >= 0:
            end = visible.find(_OUTSIDE, start)
            run = data[start : end if end >= 0 else len(data)]
            # Words with punctuation are no encoded text: base85 has capitals, and base32 no punctuation. Neither is a line of one sign
            # again and again, nor a number that is filled up with zeros.
            if (not run.islower() or run.isalnum()) and not _is_filled(run):
                return self._has_letters(skeleton)
            start = visible.find(self._run, end) if end >= 0 else -1
        return False

    def _has_letters(self, skeleton: bytes) -> bool:
        """Tell whether there are so many letters as the shortest value in base64 has, and not only digits."""
        return len(skeleton[:_LINE].translate(None, _DECIMAL)) >= self._letters or len(skeleton.translate(None, _DECIMAL)) >= self._letters

    def has_numbers(self, data: bytes, skeleton: bytes) -> bool:
        """Tell whether there may be bytes written as numbers in ``data``, with whatever between them, or a dump."""
        return (self._digits in skeleton.translate(_NUMBERS) and _has_numbers(skeleton)) or (_ZEROS in data and _has_dump(data))


def _has_numbers(skeleton: bytes) -> bool:
    return not skeleton.isalpha() and not _is_filled(skeleton)


def _has_dump(data: bytes) -> bool:
    return _has_lines(data) and any(sign in data and _ZEROS + sign in data for sign in _AFTER_ADDRESS)


def _is_filled(data: bytes) -> bool:
    """Tell whether ``data`` is mostly one character, as a ruler or a zero-padded number is. Long data is sampled."""
    sample = data if len(data) <= _LONG else data[:: len(data) // _SAMPLES]
    length = len(sample)
    middle = length // 2
    if 4 * sample.count(sample[middle : middle + 1]) >= 3 * length:
        return True
    return length > _LINE and any(4 * sample.count(sample[start : start + 1]) >= 3 * length for start in range(0, length, length // 5))


def _has_layout(data: bytes, signs: bytes) -> bool:
    """Tell whether ``data`` may hold mail encodings or wrapped text, given the punctuation in it."""
    if b"=" in signs and has_quoted_printable(data):
        return True
    if (b"&" in signs or b"+" in signs) and b"-" in data and _UTF_7.search(data):
        return True
    is_quoted = b"'" in signs or b'"' in signs
    if is_quoted and _LETTERS.search(data):
        return True
    if not _has_lines(data):
        return False
    return (b"|" in signs and _TABLE.search(data) is not None) or (is_quoted and _LITERALS.search(data) is not None)


def _has_lines(data: bytes) -> bool:
    return data.find(b"\n", 0, len(data) - 1) >= 0
