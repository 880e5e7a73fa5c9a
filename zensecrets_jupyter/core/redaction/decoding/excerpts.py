"""Excerpts of long texts: of a page of code with some escape sequences only the parts around them are decoded."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.utf8 import character_start
from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, PiecedView, TextView

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.redaction.decoding.views import Span

_LONG = 1 << 16
"""Bytes up to which a text is decoded as a whole."""
_BLOCK = 1 << 10
"""Bytes before and behind an escape sequence that are kept at least."""
_SAMPLES = 8
"""Of so many blocks one is looked at first: most texts that have escape sequences have them everywhere."""
_LONGEST = 512
"""Bytes of the longest escape sequence that is seen where it begins in one block and ends in the next."""


class _Excerpt(PiecedView):
    """A view of parts of its parent, which are written as they are there."""

    def __init__(self, parent: TextView, parts: list[Span]) -> None:
        super().__init__(parent, [DecodedPiece(parent.data[start:end], partial(_locate, start)) for start, end in parts], parent.encoding)
        self.name = parent.name


def excerpt(view: TextView, has_escapes: Callable[[bytes], bool]) -> TextView:
    """Return a view of the parts of ``view`` around escape sequences: ``view`` itself if it is short, or has them everywhere.

    What is decoded to a value is found in them, unless it is written without an escape sequence for a thousand bytes. That is found in
    ``view``, as the beginning or the end of the value.

    Args:
        view: The view.
        has_escapes: Tells whether there is an escape sequence in some bytes.
    """
    data = view.data
    if len(data) <= _LONG:
        return view
    starts = range(0, len(data), _BLOCK)
    sample = [has_escapes(data[start : start + _BLOCK]) for start in starts[::_SAMPLES]]
    if 2 * sum(sample) > len(sample):
        return view
    holds = [has_escapes(data[start : start + _BLOCK + _LONGEST]) for start in starts]
    kept = [any(holds[max(0, index - 1) : index + 2]) for index in range(len(holds))]
    if 2 * sum(kept) > len(kept):
        return view
    parts = []
    for is_kept, group in groupby(range(len(kept)), kept.__getitem__):
        blocks = list(group)
        if is_kept:
            parts.append((character_start(data, blocks[0] * _BLOCK), character_start(data, min(len(data), (blocks[-1] + 1) * _BLOCK))))
    return _Excerpt(view, parts)


def _locate(offset: int, start: int, end: int) -> list[Span]:
    return [(offset + start, offset + end)]
