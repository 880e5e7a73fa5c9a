"""Decoder of text that a layout splits.

The layouts are wrapped table cells, adjacent string literals, lists of letters, and overstruck letters.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.decoding.excerpts import excerpt
from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, PiecedView, SubstitutedView, TextView, TokenLocator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.decoding.views import Span

# A character and a backspace. The next character overprints it, as in bold letters of manual pages.
_OVERSTRUCK = re.compile(rb"[\x00-\x7f]\x08|[\xc2-\xf4][\x80-\xbf]{1,3}\x08")
# The prefix of a string literal, such as b or rb; such a prefix on a new line; and the line end between two
# adjacent literals.
_PREFIX = re.compile(rb"(?<=[\s(])[bBrRuUfF]{1,2}(?=['\"])")
_PREFIX_BELOW = re.compile(rb"\n\s*[bBrRuUfF]{1,2}['\"]")
_ADJACENT_LITERALS = re.compile(rb"['\"][ \t\\+]*\r?\n\s*[bBrRuUfF]{1,2}['\"]")
# A list of at least six quoted letters.
_LETTERS = re.compile(
    rb"(?:(['\"])(?:\\?[^'\"\n]|[\xc2-\xf4][\x80-\xbf]{1,3})\1,\s{0,12}[bu]?){5,}(['\"])(?:\\?[^'\"\n]|[\xc2-\xf4][\x80-\xbf]{1,3})\2"
)
# A quick check for two neighbors in a list of letters, for each quote. Each expression begins with a rare sequence, so the search is fast.
_ADJACENT_LETTERS = tuple(
    re.compile(quote + rb",\s{0,12}[bu]?" + quote + rb"(?:\\?[^'\"\n]|[\xc2-\xf4][\x80-\xbf]{1,3})" + quote + rb",\s{0,12}[bu]?['\"]")
    for quote in (b"'", b'"')
)
_LONGEST_LETTER = 6
"""Maximum number of bytes of a letter and of the quote before it."""
# One quoted letter. The second group is the letter without its quotes.
_LETTER = re.compile(rb"(['\"])(\\?[^'\"\n]|[\xc2-\xf4][\x80-\xbf]{1,3})\1")
# A vertical border of a table, which is a vertical bar or a box-drawing character; and a line end with such a
# border on the line below. The set at the start of the first expression makes the search fast.
_BORDER = re.compile(rb"[|\xe2](?:(?<=\|)|(?<=\xe2)[\x94\x95][\x80-\xbf])")
_BORDER_BELOW = re.compile(rb"\n[^\n|\xe2]{0,500}(?:\||\xe2[\x94\x95][\x80-\xbf])")
_WIDEST = 500
"""Number of bytes at the end of a line that are searched for a border."""
_MAX_CELL_LINES = 4096
"""Maximum number of lines of a cell."""
# The text of one cell, which has no two blanks in a row.
_CELL = re.compile(rb"\S+(?: \S+)*")
_LONGEST = 1 << 18
"""Maximum number of bytes at the start of a text that are searched for tables."""


def layout_views(view: TextView, *, is_wrapped: bool) -> list[TextView]:
    """Return views of ``view`` with split texts joined.

    Args:
        view: The view to decode.
        is_wrapped: Whether a part of a value was found, so that the rest may be on another line.
    """
    data = view.data
    views: list[TextView] = []
    if b"\b" in data:
        views += _removal_views(view, _OVERSTRUCK, _OVERSTRUCK)
    letters = [DecodedPiece(*_join_letters(match)) for match in _lists_of_letters(data)]
    if letters:
        views.append(PiecedView(view, letters, "a list of letters"))
    if b"\n" in data:
        if _PREFIX_BELOW.search(data) and _ADJACENT_LITERALS.search(data):
            # Only the prefixes are removed, because the search ignores quotes and line ends between letters.
            views += _removal_views(view, _PREFIX, _PREFIX_BELOW)
        table = view if is_wrapped else excerpt(view, _has_columns)
        if is_wrapped or _has_columns(table.data):
            pieces = list(_wrapped_cells(table.data[:_LONGEST]))
            if pieces:
                views.append(PiecedView(table, pieces, "a table"))
    return views


def _removal_views(view: TextView, expression: re.Pattern[bytes], detection: re.Pattern[bytes]) -> list[TextView]:
    """Return a view without the matches of ``expression``.

    The list is empty if there is no match.

    Args:
        view: The view to decode.
        expression: Matches the bytes to remove.
        detection: Matches wherever bytes must be removed, and perhaps elsewhere. Only the text around its matches is decoded.
    """
    parent = excerpt(view, lambda data: detection.search(data) is not None)
    remaining = expression.sub(b"", parent.data)
    return [SubstitutedView(parent, remaining, "layout", expression, lambda _: b"")] if remaining != parent.data else []


def _lists_of_letters(data: bytes) -> list[re.Match[bytes]]:
    """Return the matches of all lists of quoted letters in ``data``."""
    lists: dict[int, re.Match[bytes]] = {}
    for expression in _ADJACENT_LETTERS:
        position = 0
        for letter in expression.finditer(data):
            if letter.start() < position:
                continue
            # The list begins with the previous letter, or with this letter if the previous letter is a quote.
            starts = range(max(position, letter.start() - _LONGEST_LETTER), letter.end())
            letters = next((match for start in starts if (match := _LETTERS.match(data, start))), None)
            if letters:
                lists[letters.start()] = letters
                position = letters.end()
    return list(lists.values())


def _join_letters(match: re.Match[bytes]) -> tuple[bytes, TokenLocator]:
    """Return the joined letters of a list, and their locator."""
    letters = list(_LETTER.finditer(match.string, match.start(), match.end()))
    # Each byte of a letter has the span of the whole letter.
    spans = [letter.span(2) for letter in letters for _ in letter[2]]
    return b"".join(letter[2] for letter in letters), TokenLocator(lambda: spans)


class _CellLine(NamedTuple):
    """A line of a table cell.

    Attributes:
        start: The offset of its first byte.
        end: The offset after its last byte.
        column: The column of its first character.
        has_border: Whether a border follows on the same line.
    """

    start: int
    end: int
    column: int
    has_border: bool


def _has_columns(data: bytes) -> bool:
    """Return whether two neighboring lines have borders."""
    return any(
        _BORDER.search(data, max(data.rfind(b"\n", 0, border.start()) + 1, border.start() - _WIDEST), border.start())
        for border in _BORDER_BELOW.finditer(data)
    )


def _wrapped_cells(data: bytes) -> Iterator[DecodedPiece]:
    """Yield the cells that are wrapped over several lines.

    The lines of a cell begin at the same column, and either all or none of them have a border on their right.
    """
    # The lines of each cell that may continue on the next line, by the column and the border of the cell.
    open_cells: dict[tuple[int, bool], list[_CellLine]] = {}
    position = 0
    for line in data.split(b"\n"):
        cell_lines = {(cell_line.column, cell_line.has_border): cell_line for cell_line in _cell_lines(line, position)}
        position += len(line) + 1
        # An empty line does not end a cell.
        if not cell_lines:
            continue
        continued: dict[tuple[int, bool], list[_CellLine]] = {}
        for cell, cell_line in cell_lines.items():
            continued[cell] = [*open_cells.pop(cell, []), cell_line][-_MAX_CELL_LINES:]
        # The remaining cells have no text at their column of this line, so they are complete.
        yield from _pieces(data, open_cells)
        open_cells = continued
    yield from _pieces(data, open_cells)


def _cell_lines(line: bytes, offset: int) -> Iterator[_CellLine]:
    """Yield the lines of cells that are on one line of a table.

    Columns are counted in characters, because a box-drawing border is one character and three bytes.
    """
    start = 0
    line_end = (len(line), len(line))
    for border_start, border_end in [*[border.span() for border in _BORDER.finditer(line)], line_end]:
        for cell in _CELL.finditer(line, start, border_start):
            column = len(line[: cell.start()].decode("utf-8", "replace"))
            yield _CellLine(offset + cell.start(), offset + cell.end(), column, border_start < len(line))
        start = border_end


def _pieces(data: bytes, cells: dict[tuple[int, bool], list[_CellLine]]) -> Iterator[DecodedPiece]:
    """Yield the joined lines of each cell that has more than one line."""
    for lines in cells.values():
        if len(lines) > 1:
            yield DecodedPiece(b"".join(data[line.start : line.end] for line in lines), partial(_locate, lines))


def _locate(lines: list[_CellLine], start: int, end: int) -> list[Span]:
    """Return the spans of the bytes from ``start`` to ``end`` of the joined lines of a cell."""
    spans = []
    position = 0
    for line in lines:
        length = line.end - line.start
        if position < end and position + length > start:
            spans.append((line.start + max(0, start - position), line.start + min(length, end - position)))
        position += length
    return spans
