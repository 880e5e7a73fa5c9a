"""Texts that pass between us and the system, in files and where the locale has no letters but ASCII's, as with ``LC_ALL=C``.

Python then holds the bytes that it can't read as lone surrogates (PEP 383). Arguments, variables and names of files are UTF-8 on such a
machine as on any other.
"""

from __future__ import annotations

import codecs
import os

_MARKS = (("utf-32", (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)), ("utf-16", (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)))
"""Byte order marks; that of UTF-32-LE begins as that of UTF-16-LE does."""


def from_system(text: str) -> str:
    """Return an argument or a variable's value as the text that was typed; what is no UTF-8 stays as Python has it."""
    if text.isascii():
        return text
    try:
        return os.fsencode(text).decode("utf-8") if any("\ud800" <= one <= "\udfff" for one in text) else text
    except UnicodeError:
        return text


def for_system(text: str) -> str:
    """Return a text as the name of a file or the value of a variable, as Python takes it."""
    if text.isascii():
        return text
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return os.fsdecode(text.encode("utf-8", "surrogatepass"))
    return text


def text_of_file(data: bytes) -> str:
    """Return the text of a file in UTF-8; or in UTF-16 or UTF-32 with a byte order mark, as PowerShell and Windows' editor write it.

    A mark of UTF-8 stays, that of the others belongs to the encoding.

    Raises:
        UnicodeDecodeError: If it is none of them.
    """
    encoding = next((encoding for encoding, marks in _MARKS if data.startswith(marks)), "utf-8")
    return data.decode(encoding)
