"""Binary buffers of messages: values are overwritten in place, since widgets read buffers as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.core.redaction import Redactor

_BLOT = b"*"


def redacted_buffers(buffers: Sequence[Any], redactor: Redactor) -> list[Any]:
    """Return ``buffers`` with every value overwritten by ``*``; lengths stay, and a buffer without values is the same object."""
    return [_redacted(buffer, redactor) for buffer in buffers]


def _redacted(buffer: Any, redactor: Redactor) -> Any:
    try:
        data = memoryview(buffer).tobytes()
    except TypeError:
        # The session refuses it, with its own words.
        return buffer
    try:
        if redactor.redact_bytes(data) is data:
            return buffer
        return _blotted(data, redactor)
    except Exception:  # noqa: BLE001 - whatever it is, the buffer must not go out as it is
        return _BLOT * len(data)


def _blotted(data: bytes, redactor: Redactor) -> bytes:
    # What is no UTF-8 becomes one surrogate a byte, and finds its way back.
    text = data.decode("utf-8", "surrogateescape")
    pieces = []
    position = 0
    for found in redactor.find(text):
        pieces += [_bytes(text[position : found.start]), _BLOT * len(_bytes(text[found.start : found.end]))]
        position = found.end
    blotted = b"".join([*pieces, _bytes(text[position:])])
    # What was found in the bytes and not in the text is still there.
    return blotted if redactor.redact_bytes(blotted) is blotted else _BLOT * len(data)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
