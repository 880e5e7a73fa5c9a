"""Texts that pass between us and the system where the locale has no letters but ASCII's, as with ``LC_ALL=C`` in a container.

Python then holds the bytes that it can't read as lone surrogates (PEP 383). Arguments, variables and names of files are UTF-8 on such a
machine as on any other.
"""

from __future__ import annotations

import os


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
