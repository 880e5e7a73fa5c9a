"""Redaction of nested dicts, lists and tuples, such as the content of a message."""

from __future__ import annotations

from typing import Any, Protocol


class TextRedactor(Protocol):
    """Redacts the texts of a tree; the :class:`~zensecrets_jupyter.core.redaction.redactor.Redactor` is one."""

    def redact(self, text: str, /) -> str:
        """Return ``text`` with every value masked; the same object if there is none."""

    def redact_bytes(self, data: bytes, /) -> bytes:
        """Return ``data`` with every value masked; the same object if there is none."""

    def is_allowed(self, text: str, /) -> bool:
        """Tell whether ``text`` is exempt from redaction."""


def redacted_tree(thing: Any, redactor: TextRedactor) -> Any:
    """Return ``thing`` with every text in it redacted; the same object if there is no value in it."""
    if isinstance(thing, str):
        return thing if redactor.is_allowed(thing) else redactor.redact(thing)
    if isinstance(thing, dict):
        return _redacted_dict(thing, redactor)
    if isinstance(thing, (list, tuple)):
        return _redacted_list(thing, redactor)
    return _redacted_leaf(thing, redactor)


def _redacted_leaf(thing: Any, redactor: TextRedactor) -> Any:
    if isinstance(thing, (bytes, bytearray, memoryview)):
        data = bytes(thing)
        redacted = redactor.redact_bytes(data)
        return thing if redacted is data else redacted
    # Numbers are not redacted: a plot with a text in place of a number is not drawn.
    return thing


def _redacted_list(thing: list[Any] | tuple[Any, ...], redactor: TextRedactor) -> Any:
    inner = [redacted_tree(one, redactor) for one in thing]
    if all(new is old for new, old in zip(inner, thing, strict=True)):
        return thing
    return inner if isinstance(thing, list) else tuple(inner)


def _redacted_dict(thing: dict[Any, Any], redactor: TextRedactor) -> Any:
    changed = False
    redacted: dict[Any, Any] = {}
    for key, inner in thing.items():
        new_key, new_inner = redacted_tree(key, redactor), redacted_tree(inner, redactor)
        changed = changed or new_key is not key or new_inner is not inner
        if new_key is not key:
            new_key = _free(str(new_key), thing, redacted)
        redacted[new_key] = new_inner
    return redacted if changed else thing


def _free(key: str, *taken: dict[Any, Any]) -> str:
    """Return ``key``, with a number appended if it is taken, so that two keys with the same mask stay distinct."""
    number, free = 1, key
    while any(free in one for one in taken):
        number += 1
        free = f"{key} {number}"
    return free
