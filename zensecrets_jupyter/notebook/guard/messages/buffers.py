"""Redaction of binary buffers of messages.

A buffer keeps its length, because widgets read buffers as arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.core.redaction import Redactor

_FILLER = b"*"


def redact_buffers(buffers: Sequence[Any], redactor: Redactor) -> list[Any]:
    """Overwrite each byte of the values in buffers with ``*``.

    Returns:
        Buffers of the same lengths; a buffer without values is the same object.
    """
    return [_redact(buffer, redactor) for buffer in buffers]


def _redact(buffer: Any, redactor: Redactor) -> Any:
    try:
        data = memoryview(buffer).tobytes()
    except TypeError:
        # The object is no buffer. The session raises an error that explains the problem.
        return buffer
    try:
        if redactor.redact_bytes(data) is data:
            return buffer
        return _overwrite(data, redactor)
    except Exception:  # noqa: BLE001 - after any error the buffer must not be sent
        return _FILLER * len(data)


def _overwrite(data: bytes, redactor: Redactor) -> bytes:
    # Each byte that is not part of valid UTF-8 becomes a surrogate, which _encode converts back.
    text = data.decode("utf-8", "surrogateescape")
    parts = []
    last_end = 0
    for match in redactor.find(text):
        parts += [_encode(text[last_end : match.start]), _FILLER * len(_encode(text[match.start : match.end]))]
        last_end = match.end
    overwritten = b"".join([*parts, _encode(text[last_end:])])
    # The search in bytes finds more encodings than the search in text. If it still finds a value, the whole buffer is overwritten.
    return overwritten if redactor.redact_bytes(overwritten) is overwritten else _FILLER * len(data)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
