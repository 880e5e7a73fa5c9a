"""Redaction of nested dicts, lists and tuples, such as the content of a message."""

from __future__ import annotations

from typing import Any, Protocol


class TextRedactor(Protocol):
    """Redacts the texts of a tree. The :class:`~zensecrets_jupyter.core.redaction.redactor.Redactor` implements it."""

    def redact(self, text: str, /) -> str:
        """Return ``text`` with every secret value masked; the same object if it has none."""

    def redact_bytes(self, data: bytes, /) -> bytes:
        """Return ``data`` with every secret value masked; the same object if it has none."""

    def is_allowed(self, text: str, /) -> bool:
        """Return whether exactly this text was exempted from redaction before."""


def redact_tree(tree: Any, redactor: TextRedactor) -> Any:
    """Return ``tree`` with every text in it redacted.

    The result is the same object if no secret value is in it.
    """
    if isinstance(tree, str):
        return tree if redactor.is_allowed(tree) else redactor.redact(tree)
    if isinstance(tree, dict):
        return _redact_dict(tree, redactor)
    if isinstance(tree, (list, tuple)):
        return _redact_list(tree, redactor)
    if isinstance(tree, (bytes, bytearray, memoryview)):
        data = bytes(tree)
        redacted = redactor.redact_bytes(data)
        return tree if redacted is data else redacted
    # Numbers are not redacted, because a front end cannot draw a plot with a text in place of a number.
    return tree


def _redact_list(items: list[Any] | tuple[Any, ...], redactor: TextRedactor) -> Any:
    redacted = [redact_tree(item, redactor) for item in items]
    if all(new is old for new, old in zip(redacted, items, strict=True)):
        return items
    return redacted if isinstance(items, list) else tuple(redacted)


def _redact_dict(items: dict[Any, Any], redactor: TextRedactor) -> Any:
    changed = False
    redacted: dict[Any, Any] = {}
    for key, item in items.items():
        new_key, new_item = redact_tree(key, redactor), redact_tree(item, redactor)
        changed = changed or new_key is not key or new_item is not item
        if new_key is not key:
            # A key of bytes or a tuple is also replaced by a text.
            new_key = _unused_key(str(new_key), items, redacted)
        redacted[new_key] = new_item
    return redacted if changed else items


def _unused_key(key: str, *dicts: dict[Any, Any]) -> str:
    """Return ``key``, with a number appended if one of ``dicts`` already has this key.

    Two keys with the same mask therefore remain two keys.
    """
    number, unused = 1, key
    while any(unused in other for other in dicts):
        number += 1
        unused = f"{key} {number}"
    return unused
