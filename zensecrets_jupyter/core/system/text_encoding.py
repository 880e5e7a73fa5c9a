"""Text of the operating system and of files, independent of the locale.

With an ASCII locale such as ``LC_ALL=C``, Python represents undecodable bytes as lone surrogates (PEP 383). This package treats
command-line arguments, environment variables and file names as UTF-8 in any locale.
"""

from __future__ import annotations

import codecs
import os

_BYTE_ORDER_MARKS = (("utf-32", (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)), ("utf-16", (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)))
"""Byte order marks by encoding. UTF-32 comes first, because its little-endian mark begins with that of UTF-16."""


def decode_system_text(text: str) -> str:
    """Return a command-line argument or environment variable decoded as UTF-8; if its bytes are not UTF-8, return it unchanged."""
    if text.isascii():
        return text
    try:
        # Only a text with lone surrogates has undecodable bytes; other texts are correct already.
        return os.fsencode(text).decode("utf-8") if any("\ud800" <= character <= "\udfff" for character in text) else text
    except UnicodeError:
        return text


def encode_system_text(text: str) -> str:
    """Return a text that Python accepts for file names and environment variables in this locale.

    If the locale can't encode the text, the result is the text that Python makes of its UTF-8 bytes, with lone surrogates.
    """
    if text.isascii():
        return text
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return os.fsdecode(text.encode("utf-8", "surrogatepass"))
    return text


def decode_file_text(data: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 or UTF-32.

    UTF-16, which PowerShell and Notepad write, and UTF-32 need a byte order mark. A UTF-8 byte order mark stays in the text.

    Raises:
        UnicodeDecodeError: If the file has none of these encodings.
    """
    encoding = next((encoding for encoding, marks in _BYTE_ORDER_MARKS if data.startswith(marks)), "utf-8")
    return data.decode(encoding)
