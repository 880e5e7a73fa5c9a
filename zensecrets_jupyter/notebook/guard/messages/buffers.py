"""Binary buffers of messages: values are overwritten and lengths kept, because widgets read buffers as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.core.redaction import Redactor

_FILL = b"*"


def redact_buffers(buffers: Sequence[Any], redactor: Redactor) -> list[Any]:
    """Return ``buffers`` with every value overwritten by ``*``; lengths stay, and a buffer without values is the same object."""
    return [_redact(buffer, redactor) for buffer in buffers]


def _redact(buffer: Any, redactor: Redactor) -> Any:
    try:
        data = memoryview(buffer).tobytes()
    except TypeError:
        # The session raises an error about this buffer that names the problem.
        return buffer
    try:
        if redactor.redact_bytes(data) is data:
            return buffer
        return _overwrite(data, redactor)
    except Exception:  # noqa: BLE001 - a buffer that could not be redacted must not be sent, whatever the error is
        return _FILL * len(data)


def _overwrite(data: bytes, redactor: Redactor) -> bytes:
    # Bytes that are not UTF-8 become one surrogate each, and are restored by _encode.
    text = data.decode("utf-8", "surrogateescape")
    parts = []
    end = 0
    for match in redactor.find(text):
        parts += [_encode(text[end : match.start]), _FILL * len(_encode(text[match.start : match.end]))]
        end = match.end
    overwritten = b"".join([*parts, _encode(text[end:])])
    # A value in an encoding that only the search in bytes detects is still there.
    return overwritten if redactor.redact_bytes(overwritten) is overwritten else _FILL * len(data)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
