"""Decoded views of a text, each with a mapping of its offsets to those in the text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

Span = tuple[int, int]
"""The offset of the first byte, and the offset behind the last byte."""


class TextView:
    """The view of a text itself, from which other views are decoded.

    Attributes:
        data: The bytes to search.
        encoding: The encodings by which the bytes are written in the text, innermost first; empty for the text itself.
        name: The innermost of these encodings.
    """

    def __init__(self, data: bytes, encoding: str = "") -> None:
        """Make the view of a text."""
        self.data = data
        self.encoding = self.name = encoding

    def spans(self, start: int, end: int) -> list[Span]:
        """Return the spans of the text that encode ``data[start:end]``: several if other text stands between them."""
        return [(start, end)]


class DecodedView(TextView, ABC):
    """A view that is decoded from another one, its parent."""

    def __init__(self, parent: TextView, data: bytes, encoding: str) -> None:
        inner = f" in {parent.encoding}" if parent.encoding and parent.encoding != encoding else ""
        super().__init__(data, f"{encoding}{inner}")
        self.name = encoding
        self._parent = parent

    def spans(self, start: int, end: int) -> list[Span]:
        """See :meth:`TextView.spans`."""
        found: list[Span] = []
        for own_start, own_end in self._own_spans(start, end):
            found += self._parent.spans(own_start, own_end)
        return found

    @abstractmethod
    def _own_spans(self, start: int, end: int) -> list[Span]:
        """Return the spans of the parent that encode ``data[start:end]``."""


class SubstitutedView(DecodedView):
    """A view of its parent with every escape sequence decoded."""

    def __init__(self, parent: TextView, data: bytes, encoding: str, escape: re.Pattern[bytes], decode: Callable[[bytes], bytes]) -> None:
        """Make the view.

        Args:
            parent: The view with the escape sequences.
            data: Its bytes with each replaced.
            encoding: The name of the encoding.
            escape: Matches one escape sequence.
            decode: Returns what one stands for.
        """
        super().__init__(parent, data, encoding)
        self._escape = escape
        self._decode = decode
        self._starts: list[int] | None = None
        self._there: list[tuple[int, int, int]] = []

    def _own_spans(self, start: int, end: int) -> list[Span]:
        if self._starts is None:
            self._starts = self._map()
        return [(self._position(self._starts, start, is_end=False), self._position(self._starts, end, is_end=True))]

    def _map(self) -> list[int]:
        """Fill the list of escape sequences: where each begins in the parent, its length there, and its length here."""
        starts = []
        here = there = 0
        for match in self._escape.finditer(self._parent.data):
            here += match.start() - there
            there = match.end()
            length = len(self._decode(match[0]))
            starts.append(here)
            self._there.append((match.start(), there, length))
            here += length
        return starts

    def _position(self, starts: list[int], position: int, *, is_end: bool) -> int:
        # An escape sequence that decodes to nothing, such as a color, belongs to neither side.
        at = position - 1 if is_end else position
        index = bisect_right(starts, at) - 1
        if index < 0:
            return position
        there, there_end, length = self._there[index]
        offset = at - starts[index]
        if offset < length:
            return there_end if is_end else there
        return there_end + offset - length + (1 if is_end else 0)


class Tokens:
    """Locates bytes decoded from tokens, such as numbers, of which each encodes equally many bytes.

    The tokens are located once, when a span is first needed.
    """

    def __init__(self, find: Callable[[], list[Span]], size: int = 1) -> None:
        """Take the function that finds the tokens, and the number of bytes that each encodes."""
        self._find = find
        self._size = size
        self._spans: list[Span] | None = None

    def __call__(self, start: int, end: int) -> list[Span]:
        """Return the span from the first to the last token that ``start`` to ``end`` of the bytes come from."""
        if self._spans is None:
            self._spans = self._find()
        last = min(-(-end // self._size), len(self._spans)) - 1
        return [(self._spans[start // self._size][0], self._spans[last][1])]


class Groups:
    """Locates bytes decoded from groups of digits, of which each encodes equally many bytes."""

    def __init__(self, start: int, stop: int, *, size: int, digits: int) -> None:
        """Take where the digits begin and end, how many bytes a group has, and how many digits."""
        self._start, self._stop = start, stop
        self._size, self._digits = size, digits

    def __call__(self, start: int, end: int) -> list[Span]:
        """Return the span of the groups that ``start`` to ``end`` of the bytes come from."""
        first, last = start // self._size, -(-end // self._size)
        return [(self._start + first * self._digits, min(self._stop, self._start + last * self._digits))]


class DecodedPiece(NamedTuple):
    """Bytes that were decoded together, with their location in the parent.

    Attributes:
        data: The decoded bytes.
        locate: Returns the spans of the parent that encode ``data[start:end]``.
    """

    data: bytes
    locate: Callable[[int, int], list[Span]]


_SEPARATOR = b"\n"


class PiecedView(DecodedView):
    """A view of the pieces of its parent that were decoded, one after the other, each on a line of its own."""

    def __init__(self, parent: TextView, pieces: Sequence[DecodedPiece], encoding: str) -> None:
        """Join ``pieces`` of ``parent``."""
        super().__init__(parent, _SEPARATOR.join([piece.data for piece in pieces]), encoding)
        self._pieces = pieces
        self._starts: list[int] = []
        start = 0
        for piece in pieces:
            self._starts.append(start)
            start += len(piece.data) + len(_SEPARATOR)

    def _own_spans(self, start: int, end: int) -> list[Span]:
        found: list[Span] = []
        index = max(0, bisect_right(self._starts, start) - 1)
        while index < len(self._pieces) and self._starts[index] < end:
            piece, offset = self._pieces[index], self._starts[index]
            own_start, own_end = max(0, start - offset), min(len(piece.data), end - offset)
            if own_start < own_end:
                found += piece.locate(own_start, own_end)
            index += 1
        return found
