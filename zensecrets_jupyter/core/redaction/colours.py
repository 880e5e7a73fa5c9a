"""Text without the escape sequences of a terminal, and the way back: a value may change its colour in the middle."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

ESCAPE = b"\x1b"
ESCAPE_IN_JSON = rb"\u001b"
# ECMA-48: control sequences and operating system commands; at the end also one of which the rest is still to come. Those with a quote or a
# backslash in them, which JSON would escape, are none that a terminal knows.
_CONTROL = rb"\[[0-9;:?]*[ !#-/]*[@-\[\]-~]"
_SEQUENCE = re.compile(rb"\x1b(?:" + _CONTROL + rb"|\[[0-9;:?]*\Z|\][^\x07\x1b]*(?:\x07|\x1b\\)|\Z)")
_SEQUENCE_IN_JSON = re.compile(
    rb"\\u001[bB](?:" + _CONTROL + rb'|\](?:[^"\\]|\\["\\/bfnrt]|\\u(?!001[bB]|0007)....)*(?:\\u0007|\\u001[bB]\\\\))', re.DOTALL
)


class Colourless:
    """Bytes without their escape sequences."""

    def __init__(self, data: bytes) -> None:
        """Take the bytes as they are shown."""
        pieces: list[bytes] = []
        self._here: list[int] = []
        self._there: list[int] = []
        length = end = 0
        for match in _SEQUENCE.finditer(data):
            if match.start() > end:
                self._piece(length, end)
                pieces.append(data[end : match.start()])
                length += match.start() - end
            end = match.end()
        if end < len(data):
            self._piece(length, end)
            pieces.append(data[end:])
        self.data = b"".join(pieces)

    def _piece(self, here: int, there: int) -> None:
        self._here.append(here)
        self._there.append(there)

    def start(self, position: int) -> int:
        """Return where the byte at ``position`` stands in the bytes as they are shown."""
        index = bisect_right(self._here, position) - 1
        return self._there[index] + position - self._here[index]

    def end(self, position: int) -> int:
        """Return where the byte before ``position`` ends there."""
        index = bisect_left(self._here, position) - 1
        return self._there[index] + position - self._here[index]


def colours_in(data: bytes) -> bytes:
    """Return the escape sequences in ``data`` without what stands between them."""
    return b"".join(_SEQUENCE.findall(data))


def colourless_json(packed: bytes) -> bytes:
    """Return JSON without the escape sequences in its texts."""
    return _SEQUENCE_IN_JSON.sub(b"", packed)
