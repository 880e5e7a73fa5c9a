"""The text of a file and its character encoding, to write a changed text back."""

from __future__ import annotations

import codecs
from typing import NamedTuple

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks (The Unicode Standard, 23.8).

UTF-32-LE comes before UTF-16-LE, because the mark of UTF-32-LE begins with the mark of UTF-16-LE.
"""
_SAMPLE_SIZE = 4096
"""The number of bytes at the start of a file in which NUL bytes are counted."""
_MIN_NUL_SHARE = 0.4
"""The minimum share of NUL bytes by which UTF-16 without a byte order mark is recognized.

In UTF-16, each Latin letter has one NUL byte. All NUL bytes must be at odd offsets (UTF-16-LE), or all at even offsets (UTF-16-BE).
"""
_ASCII_BRACKETS = str.maketrans("‹›", "<>")
"""Replacements for the brackets of a mask such as ``‹secret:a.k›``, for an encoding without these brackets."""


class FileText(NamedTuple):
    """The text of a file, its encoding, and its byte order mark."""

    text: str
    encoding: str
    byte_order_mark: bytes = b""

    @property
    def is_utf8(self) -> bool:
        """Whether the file is in UTF-8 without a byte order mark."""
        return self.encoding == "utf-8" and not self.byte_order_mark

    def encode(self, text: str) -> bytes:
        """Return ``text`` in the encoding of this file and with its byte order mark.

        If the encoding lacks a character, the character is written as a backslash escape.
        """
        try:
            data = text.encode(self.encoding, "surrogatepass" if self.encoding.startswith("utf") else "strict")
        except UnicodeEncodeError:
            data = text.translate(_ASCII_BRACKETS).encode(self.encoding, "backslashreplace")
        return self.byte_order_mark + data


def text_of(data: bytes) -> FileText | None:
    """Return the text of a file; ``None`` if it is binary.

    Data without NUL bytes and without a byte order mark is read as UTF-8, else as Windows code page 1252, else as Latin-1. The last two are
    guesses, but encoding the text again gives the same bytes.
    """
    if data.isascii() and b"\0" not in data:
        return FileText(data.decode("ascii"), "utf-8")
    # At most one byte order mark, and then the encodings without a mark.
    candidates = [(encoding, mark) for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)][:1]
    encodings_without_mark = _utf16_encodings(data) if b"\0" in data else ("utf-8", "cp1252", "latin-1")
    candidates += [(encoding, b"") for encoding in encodings_without_mark]
    # The first encoding that fits is the result.
    return next((text for encoding, mark in candidates if (text := _decode(data, encoding, mark))), None)


def _decode(data: bytes, encoding: str, mark: bytes) -> FileText | None:
    try:
        return FileText(data[len(mark) :].decode(encoding), encoding, mark)
    except UnicodeDecodeError:
        return None


def _utf16_encodings(data: bytes) -> list[str]:
    """Return the variants of UTF-16 that data without a byte order mark may have."""
    sample = data[:_SAMPLE_SIZE]
    encodings = []
    for encoding, offset in (("utf-16-le", 1), ("utf-16-be", 0)):
        nul_count = sample[offset::2].count(0)
        if len(data) % 2 == 0 and nul_count >= _MIN_NUL_SHARE * len(sample) and nul_count == sample.count(0):
            encodings.append(encoding)
    return encodings
