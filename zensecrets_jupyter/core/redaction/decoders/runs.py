"""Runs of characters of one class, found without looking at each character in Python."""

from __future__ import annotations

from typing import NamedTuple

_INSIDE, _OUTSIDE = b"a", b" "
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\n\r\x1b\0"
_MOSTLY = 8


class Run(NamedTuple):
    """Where a run stands: ``data[start:end]``."""

    start: int
    end: int


def runs_in(data: bytes, classes: bytes, shortest: int) -> list[Run]:
    """Return the runs in ``data``, in order.

    Args:
        data: The bytes.
        classes: A table for ``bytes.translate`` that maps the class to ``a`` and everything else to a blank.
        shortest: How long a run is at least.
    """
    mapped = data.translate(classes)
    needle = _INSIDE * shortest
    runs = []
    start = mapped.find(needle)
    while start >= 0:
        end = mapped.find(_OUTSIDE, start + shortest)
        if end < 0:
            end = len(data)
        runs.append(Run(start, end))
        start = mapped.find(needle, end)
    return runs


def is_printable(data: bytes) -> bool:
    """Tell whether ``data`` is text, or nearly: what is decoded from no text at all is not."""
    if len(data.translate(None, _PRINTABLE)) * _MOSTLY <= len(data):
        return True
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True
