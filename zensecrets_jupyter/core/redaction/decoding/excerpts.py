"""Excerpts of long texts that have few escape sequences.

A decoder reads an excerpt, which has only the text around the escape sequences, instead of the whole text. In this module, an escape
sequence is anything that the decoder looks for, for example also an encoded word of mail or the border of a table.
"""

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
"""Maximum length of a text that is decoded as a whole."""
_BLOCK = 1 << 10
"""Number of bytes of a block. An excerpt includes the blocks with escape sequences, and one block before and after them."""
_SAMPLE_INTERVAL = 8
"""Every eighth block is checked first. Most texts with escape sequences have them everywhere, and then no excerpt is needed."""
_LONGEST_ESCAPE = 512
"""Maximum length of an escape sequence that is recognized at the border of two blocks."""


class _Excerpt(PiecedView):
    """A view of unchanged parts of its parent, with the name and the encoding of the parent."""

    def __init__(self, parent: TextView, spans: list[Span]) -> None:
        super().__init__(parent, [DecodedPiece(parent.data[start:end], partial(_locate, start)) for start, end in spans], parent.encoding)
        self.name = parent.name


def excerpt(view: TextView, has_escapes: Callable[[bytes], bool]) -> TextView:
    """Return a view of the parts of ``view`` around its escape sequences.

    A value in these parts is found after decoding. A value that extends beyond them contains more than a thousand bytes without an escape
    sequence. It is found in ``view`` itself, by its beginning or its end.

    Args:
        view: The view. The result is this view itself if it is short, or if more than half of it would be included.
        has_escapes: Returns whether some bytes contain an escape sequence.
    """
    data = view.data
    if len(data) <= _LONG:
        return view
    block_starts = range(0, len(data), _BLOCK)
    sample = [has_escapes(data[start : start + _BLOCK]) for start in block_starts[::_SAMPLE_INTERVAL]]
    if 2 * sum(sample) > len(sample):
        return view
    has_escape = [has_escapes(data[start : start + _BLOCK + _LONGEST_ESCAPE]) for start in block_starts]
    is_near_escape = [any(has_escape[max(0, index - 1) : index + 2]) for index in range(len(has_escape))]
    if 2 * sum(is_near_escape) > len(is_near_escape):
        return view
    spans = []
    # Each run of neighboring blocks that are all included, or all left out, is a group.
    for is_included, group in groupby(range(len(is_near_escape)), is_near_escape.__getitem__):
        blocks = list(group)
        if is_included:
            spans.append((character_start(data, blocks[0] * _BLOCK), character_start(data, min(len(data), (blocks[-1] + 1) * _BLOCK))))
    return _Excerpt(view, spans)


def _locate(offset: int, start: int, end: int) -> list[Span]:
    """Return the span in the parent. ``offset`` is the start of the part in the parent."""
    return [(offset + start, offset + end)]
