"""Runs of characters of one character class, such as the digits of base64.

The search for runs uses methods of ``bytes``, because these are faster than a loop in Python.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, PiecedView, TextView

if TYPE_CHECKING:
    from zensecrets_jupyter.core.redaction.decoding.views import Span

# The bytes to which the table ``classes`` maps bytes of the class and all other bytes.
_INSIDE, _OUTSIDE = b"a", b" "
# The ASCII characters of texts and of terminal output, and the zero byte of UTF-16. The other ones are control characters of binary data.
_ASCII = bytes(range(0x20, 0x7F)) + b"\t\n\r\x1b\b\0"
_CONTROLS = bytes(byte for byte in range(0x20) if byte not in _ASCII) + b"\x7f"
_ASCII_CLASSES = bytes(0x61 if byte in _ASCII else 0x20 for byte in range(256))
# Characters in UTF-8 (RFC 3629), without control characters. At least six are needed, because the shortest value has six.
_TEXT = re.compile(
    rb"(?:[" + re.escape(_ASCII) + rb"]|\xc2[\xa0-\xbf]|[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){6,}"
)
_NON_ASCII_RATIO = 8
"""Data is ASCII text if at most one of eight bytes is not ASCII."""
_CONTROL_RATIO = 32
"""Data is text in UTF-8 if at most one of 32 bytes is a control character."""
_LONG = 1 << 14
"""Maximum length of data that is checked as a whole."""
_SAMPLES, _SAMPLE_LENGTH = 8, 1024
"""The approximate number of samples of longer data, and the number of bytes of one sample."""


class Run(NamedTuple):
    """The span of a run, ``data[start:end]``."""

    start: int
    end: int


def runs_in(data: bytes, classes: bytes, shortest: int) -> list[Run]:
    """Return the runs in ``data``, in order.

    Args:
        data: The bytes to search.
        classes: The table for ``bytes.translate`` that maps bytes of the character class to ``a`` and other bytes to a blank.
        shortest: The minimum length of a run.
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
    """Return whether ``data`` is mostly text and not binary.

    In long data, the characters are counted only in samples. If these are not mostly ASCII, all of the data must be valid UTF-8.
    """
    sample = data
    if len(data) > _LONG:
        sample = b"".join([data[start : start + _SAMPLE_LENGTH] for start in range(0, len(data), len(data) // _SAMPLES)])
    if len(sample.translate(None, _ASCII)) * _NON_ASCII_RATIO <= len(sample):
        return True
    if (len(sample) - len(sample.translate(None, _CONTROLS))) * _CONTROL_RATIO > len(sample):
        return False
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def text_parts(view: TextView, shortest: int) -> list[TextView]:
    """Return one view of all texts in a binary view, or an empty list.

    Args:
        view: The binary view. If it is long, only text in ASCII is returned.
        shortest: The minimum length of a run of text.
    """
    data = view.data
    if len(data) <= _LONG:
        runs = [match.span() for match in _TEXT.finditer(data) if match.end() - match.start() >= shortest]
    else:
        runs = [(run.start, run.end) for run in runs_in(data, _ASCII_CLASSES, shortest)]
    pieces = [DecodedPiece(data[start:end], partial(_locate, start)) for start, end in runs]
    return [PiecedView(view, pieces, view.encoding)] if pieces else []


def _locate(offset: int, start: int, end: int) -> list[Span]:
    """Return the span in the binary view. ``offset`` is the start of the text in that view."""
    return [(offset + start, offset + end)]
