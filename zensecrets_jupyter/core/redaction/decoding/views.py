"""Decoded views of a text.

Each view maps the offsets of its bytes to offsets in the text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

Span = tuple[int, int]
"""The offset of the first byte, and the offset after the last byte."""


class TextView:
    """The view of a text itself, from which other views are decoded.

    Attributes:
        data: The bytes to search.
        encoding: The nested encodings that were decoded, the innermost first, such as ``base64 in escapes``; empty for the text itself.
        name: The innermost of these encodings; empty for the text itself.
    """

    def __init__(self, data: bytes, encoding: str = "") -> None:
        """Create the view of a text."""
        self.data = data
        self.encoding = self.name = encoding

    def spans(self, start: int, end: int) -> list[Span]:
        """Return the spans of the text that encode ``data[start:end]``.

        There are several spans if other text is between them.
        """
        return [(start, end)]


class DecodedView(TextView, ABC):
    """A view that is decoded from another view, its parent."""

    def __init__(self, parent: TextView, data: bytes, encoding: str) -> None:
        # The same encoding twice is named once.
        is_nested = parent.encoding not in {"", encoding}
        super().__init__(data, f"{encoding} in {parent.encoding}" if is_nested else encoding)
        self.name = encoding
        self._parent = parent

    def spans(self, start: int, end: int) -> list[Span]:
        """See :meth:`TextView.spans`."""
        spans: list[Span] = []
        for parent_start, parent_end in self._parent_spans(start, end):
            spans += self._parent.spans(parent_start, parent_end)
        return spans

    @abstractmethod
    def _parent_spans(self, start: int, end: int) -> list[Span]:
        """Return the spans of the parent that encode ``data[start:end]``."""


class _DecodedEscape(NamedTuple):
    """The span of an escape sequence in the parent, and the length of its decoded bytes."""

    start: int
    end: int
    length: int


class SubstitutedView(DecodedView):
    """A view of its parent with every escape sequence decoded."""

    def __init__(self, parent: TextView, data: bytes, encoding: str, escape: re.Pattern[bytes], decode: Callable[[bytes], bytes]) -> None:
        """Create the view.

        Args:
            parent: The view with the escape sequences.
            data: The bytes of the parent with all escape sequences decoded.
            encoding: The name of the encoding.
            escape: The regular expression of one escape sequence.
            decode: Returns the bytes that an escape sequence encodes.
        """
        super().__init__(parent, data, encoding)
        self._escape = escape
        self._decode = decode
        self._starts: list[int] | None = None
        """The offset in this view of each decoded escape sequence. ``None`` until a span is needed."""
        self._escapes: list[_DecodedEscape] = []

    def _parent_spans(self, start: int, end: int) -> list[Span]:
        if self._starts is None:
            self._starts = self._locate_escapes()
        return [(self._parent_offset(self._starts, start, is_end=False), self._parent_offset(self._starts, end, is_end=True))]

    def _locate_escapes(self) -> list[int]:
        """Store the decoded escape sequences in ``_escapes``, and return the offset of each one in this view."""
        starts = []
        offset = parent_offset = 0
        for match in self._escape.finditer(self._parent.data):
            offset += match.start() - parent_offset
            parent_offset = match.end()
            length = len(self._decode(match[0]))
            starts.append(offset)
            self._escapes.append(_DecodedEscape(match.start(), parent_offset, length))
            offset += length
        return starts

    def _parent_offset(self, starts: list[int], position: int, *, is_end: bool) -> int:
        """Return the offset in the parent for ``position``, the start or the end of a span in this view."""
        # A span does not include escape sequences before and after it that decode to nothing, such as colors. Therefore the last byte of
        # the span is located, and not the byte after it.
        byte = position - 1 if is_end else position
        # The last escape sequence that begins at this byte or before it.
        index = bisect_right(starts, byte) - 1
        if index < 0:
            return position
        start, end, length = self._escapes[index]
        # The byte is in the escape sequence, or as many bytes after it in the parent as in this view.
        distance = byte - starts[index]
        if distance < length:
            return end if is_end else start
        return end + distance - length + (1 if is_end else 0)


class TokenLocator:
    """Locates bytes that were decoded from tokens, such as numbers.

    Every token encodes the same number of bytes.

    The tokens are located once, when a span is first needed.
    """

    def __init__(self, find: Callable[[], list[Span]], size: int = 1) -> None:
        """Create the locator.

        Args:
            find: Returns the span of each token.
            size: The number of bytes that one token encodes.
        """
        self._find = find
        self._size = size
        self._spans: list[Span] | None = None

    def __call__(self, start: int, end: int) -> list[Span]:
        """Return the span from the first to the last token that encodes the bytes from ``start`` to ``end``."""
        if self._spans is None:
            self._spans = self._find()
        last = min(-(-end // self._size), len(self._spans)) - 1
        return [(self._spans[start // self._size][0], self._spans[last][1])]


class GroupLocator:
    """Locates bytes that were decoded from groups of digits.

    Every group encodes the same number of bytes.
    """

    def __init__(self, start: int, stop: int, *, size: int, digits: int) -> None:
        """Create the locator.

        Args:
            start: The offset of the first digit.
            stop: The offset after the last digit.
            size: The number of bytes that one group encodes.
            digits: The number of digits in one group.
        """
        self._start, self._stop = start, stop
        self._size, self._digits = size, digits

    def __call__(self, start: int, end: int) -> list[Span]:
        """Return the span of the groups that encode the bytes from ``start`` to ``end``."""
        first, last = start // self._size, -(-end // self._size)
        return [(self._start + first * self._digits, min(self._stop, self._start + last * self._digits))]


class DecodedPiece(NamedTuple):
    """Bytes that were decoded together.

    Attributes:
        data: The decoded bytes.
        locate: Returns the spans of the parent that encode ``data[start:end]``.
    """

    data: bytes
    locate: Callable[[int, int], list[Span]]


_SEPARATOR = b"\n"


class PiecedView(DecodedView):
    """A view of decoded pieces of its parent, each on its own line."""

    def __init__(self, parent: TextView, pieces: Sequence[DecodedPiece], encoding: str) -> None:
        """Create the view of ``pieces`` of ``parent``."""
        super().__init__(parent, _SEPARATOR.join([piece.data for piece in pieces]), encoding)
        self._pieces = pieces
        self._starts: list[int] = []
        """The offset in this view of each piece."""
        start = 0
        for piece in pieces:
            self._starts.append(start)
            start += len(piece.data) + len(_SEPARATOR)

    def _parent_spans(self, start: int, end: int) -> list[Span]:
        spans: list[Span] = []
        index = max(0, bisect_right(self._starts, start) - 1)
        while index < len(self._pieces) and self._starts[index] < end:
            piece, offset = self._pieces[index], self._starts[index]
            piece_start, piece_end = max(0, start - offset), min(len(piece.data), end - offset)
            if piece_start < piece_end:
                spans += piece.locate(piece_start, piece_end)
            index += 1
        return spans
