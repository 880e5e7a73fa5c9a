"""Parts of sentences: the plural of a noun, a count with its noun, a clause as a sentence, and the name of a type."""

from __future__ import annotations

from typing import get_origin


def plural(noun: str, count: int = 2) -> str:
    """Return a noun in the form that goes with ``count``: ``key`` for one, ``keys`` for any other; ``registry``, ``registries``."""
    if count == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in set("aeiou") else f"{noun}s"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 key``, ``3 keys``."""
    return f"{count} {plural(noun, count)}"


def sentence(text: str) -> str:
    """Return a clause with its first letter in upper case; all others stay as they are, unlike with ``str.capitalize``."""
    return f"{text[:1].upper()}{text[1:]}"


def type_name(annotation: object) -> str:
    """Return the text of a declared type in errors, such as ``int`` or ``list[str]``."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation.__qualname__
    return str(annotation).replace("typing.", "")
