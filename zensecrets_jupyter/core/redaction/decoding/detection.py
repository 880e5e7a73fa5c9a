"""Detection of encodings: a quick check, so that most texts need no decoder.

The *skeleton* of a text has only its letters and digits, in lower case.
"""

from __future__ import annotations

import re

from zensecrets_jupyter.core.redaction.decoding.decoders.escapes import ESCAPE_STARTS, has_escapes
from zensecrets_jupyter.core.redaction.decoding.decoders.mail import has_quoted_printable

_VISIBLE = bytes(0x61 if 0x21 <= byte <= 0x7E else 0x20 for byte in range(256))  # noqa: PLR2004 - these are the first and the last visible character of ASCII
# The bytes to which ``_VISIBLE`` maps visible characters and all other bytes.
_INSIDE, _OUTSIDE = b"a", b" "
_DECIMAL = b"0123456789"
# The characters of decimal, hexadecimal and prefixed numbers, such as 0xff and U+00FF.
_IN_NUMBERS = frozenset(b"0123456789abcdefxu")
_NUMBERS = bytes(0x68 if byte in _IN_NUMBERS else 0x2E for byte in range(256))
_DIGIT = b"h"
"""The byte to which ``_NUMBERS`` maps the characters of numbers."""
_ZEROS = b"0000000"
"""The first address of a dump of od or hexdump. Dumps with shorter addresses are detected as lists of numbers."""
_AFTER_ADDRESS = (b" ", b"\t", b":", b"h")
"""Bytes that may follow the first address of a dump. Zeros before another byte belong to a number."""
# The signs by which layouts and mail encodings are recognized, and these signs without the ampersand, which begins escape sequences too.
_LAYOUT = b"=&+'\"|"
_NO_ESCAPES = b"=+'\"|"
# The bytes that neither an escape sequence nor a layout begins with.
_PLAIN = bytes(byte for byte in range(256) if byte not in _LAYOUT and bytes([byte]) not in ESCAPE_STARTS)
_SIGN = b"!"
"""The byte to which ``_VISIBLE_AND_SIGNS`` maps every byte with which an escape sequence or a layout may begin."""
_VISIBLE_AND_SIGNS = bytes(_VISIBLE[byte] if byte in _PLAIN else _SIGN[0] for byte in range(256))
# Quick checks for layouts and mail encodings: UTF-7, two lines with a vertical bar, a string literal with a prefix on a new line, and two
# neighboring letters in a list of quoted letters.
_UTF_7 = re.compile(rb"[&+][A-Za-z0-9+/,]{0,400}-")
_TABLE = re.compile(rb"\|[^\n]{0,500}\n[^\n]{0,500}\|")
# Both of the following expressions begin with one fixed character, so that the search is fast.
_LITERALS = re.compile(rb"\n\s*[bBrRuUfF]{1,2}['\"]")
_LETTERS = re.compile(rb", ?[bu]?(['\"]).\1, ?[bu]?['\"]")
_LONG = 1 << 14
"""Maximum length of a text that is checked closely; a longer text is decoded without a check of its runs. Only a
sample of a longer text is checked for repetition."""
_LINE = 200
"""Length of a usual line. The first line of a text usually has enough letters for a value in base64."""
_SAMPLE_SIZE = 4001
"""Approximate number of bytes in a sample of long data."""
_TESTED_CHARACTERS = 5
"""Number of characters of a text that are tested for repetition."""


class EncodingDetector:
    """Checks whether a text may contain an encoded value.

    Attributes:
        shortest: The number of bytes of the shortest value.
        shortest_run: The number of base64 digits that encode the shortest value.
        shortest_base85: The number of base85 digits that encode the shortest value. No other encoding of runs needs
            fewer, so a shorter run of visible characters is not encoded.
    """

    def __init__(self, shortest: int) -> None:
        """Create a detector of values with at least ``shortest`` bytes."""
        self.shortest = shortest
        # -(-a // b) is a / b rounded up.
        self.shortest_run = -(-shortest * 4 // 3)
        self.shortest_base85 = -(-shortest * 5 // 4)
        self._run_needle = _INSIDE * self.shortest_base85
        # Base64 writes three bytes of text with four digits. At least one of these digits is a letter.
        self._min_letters = self.shortest_run // 4
        # A number that encodes a byte of text has at least two characters, such as 41 or 65.
        self._number_needle = _DIGIT * (2 * shortest)

    def has_encodings(self, data: bytes, skeleton: bytes) -> bool:
        """Return whether ``data`` may contain an encoding.

        ``skeleton`` is the skeleton of ``data``. The result ``False`` is certain.
        """
        visible = data.translate(_VISIBLE_AND_SIGNS)
        if _SIGN in visible:
            signs = data.translate(None, _PLAIN)
            if (signs.translate(None, _NO_ESCAPES) and has_escapes(data)) or _has_layout(data, signs):
                return True
            visible = data.translate(_VISIBLE)
        # For most texts, the first operand of each ``and`` is false, so that no function is called.
        return (
            (self._run_needle in visible and self._has_runs(data, skeleton, visible))
            or (self._number_needle in skeleton.translate(_NUMBERS) and _has_numbers(skeleton))
            or (_ZEROS in data and _has_dump(data))
        )

    def has_runs(self, data: bytes, skeleton: bytes) -> bool:
        """Return whether ``data`` may contain base64, base32 or base85.

        ``skeleton`` is the skeleton of ``data``.
        """
        return self._has_runs(data, skeleton, data.translate(_VISIBLE))

    def _has_runs(self, data: bytes, skeleton: bytes, visible: bytes) -> bool:
        """Return whether ``data`` may contain encoded runs.

        ``visible`` is ``data`` with visible characters mapped to ``a``.
        """
        start = visible.find(self._run_needle)
        if len(data) > _LONG:
            return start >= 0 and self._has_letters(skeleton)
        while start >= 0:
            end = visible.find(_OUTSIDE, start)
            run = data[start : end if end >= 0 else len(data)]
            # A run of small letters with punctuation is not encoded, because base64 and base85 have capitals, and base32 has no
            # punctuation. A line of one repeated character and a number that is padded with zeros are not encoded either.
            if (not run.islower() or run.isalnum()) and not _is_repetitive(run):
                return self._has_letters(skeleton)
            start = visible.find(self._run_needle, end) if end >= 0 else -1
        return False

    def _has_letters(self, skeleton: bytes) -> bool:
        """Return whether a text with this skeleton has enough letters for a value in base64."""
        return (
            len(skeleton[:_LINE].translate(None, _DECIMAL)) >= self._min_letters
            or len(skeleton.translate(None, _DECIMAL)) >= self._min_letters
        )

    def has_numbers(self, data: bytes, skeleton: bytes) -> bool:
        """Return whether ``data`` may contain a list of numbers or a dump.

        ``skeleton`` is the skeleton of ``data``.
        """
        return (self._number_needle in skeleton.translate(_NUMBERS) and _has_numbers(skeleton)) or (_ZEROS in data and _has_dump(data))


def _has_numbers(skeleton: bytes) -> bool:
    """Return whether a skeleton has digits and is not mostly one character, such as padding."""
    return not skeleton.isalpha() and not _is_repetitive(skeleton)


def _has_dump(data: bytes) -> bool:
    """Return whether ``data`` may contain a dump: several lines, and the address 0."""
    # The check for the single byte is faster, and often false.
    return _has_lines(data) and any(sign in data and _ZEROS + sign in data for sign in _AFTER_ADDRESS)


def _is_repetitive(data: bytes) -> bool:
    """Return whether ``data`` has one character in three quarters of its bytes, like a ruler.

    Only samples of long data are checked.
    """
    sample = data if len(data) <= _LONG else data[:: len(data) // _SAMPLE_SIZE]
    length = len(sample)
    middle = length // 2
    if 4 * sample.count(sample[middle : middle + 1]) >= 3 * length:
        return True
    return length > _LINE and any(
        4 * sample.count(sample[start : start + 1]) >= 3 * length for start in range(0, length, length // _TESTED_CHARACTERS)
    )


def _has_layout(data: bytes, signs: bytes) -> bool:
    """Return whether ``data`` may contain mail encodings or wrapped text.

    ``signs`` are the bytes of ``data`` with which an escape sequence or a layout may begin.
    """
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
    """Return whether ``data`` has more than one line."""
    return data.find(b"\n", 0, len(data) - 1) >= 0
