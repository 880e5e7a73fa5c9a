"""Functions for parts of sentences: plurals, counts, clauses and names of types."""

from __future__ import annotations

from typing import get_origin


def plural(noun: str, count: int = 2) -> str:
    """Return a noun for a count: ``key`` for 1, ``keys`` for other counts. The plural of ``entry`` is ``entries``."""
    if count == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in set("aeiou") else f"{noun}s"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 key``, ``3 keys``."""
    return f"{count} {plural(noun, count)}"


def sentence(text: str) -> str:
    """Return a text with its first letter in upper case, and the rest unchanged."""
    return f"{text[:1].upper()}{text[1:]}"


def clause(text: str) -> str:
    """Return a sentence with its first letter in lower case, for use inside another sentence."""
    return f"{text[:1].lower()}{text[1:]}"


def type_name(annotation: object) -> str:
    """Return the name of a declared type for errors, such as ``int`` or ``list[str]``."""
    # In Python 3.10, isinstance(list[int], type) is true, and list[int].__qualname__ is "list".
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation.__qualname__
    return str(annotation).replace("typing.", "")
