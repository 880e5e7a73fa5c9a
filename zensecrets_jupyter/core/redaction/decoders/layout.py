"""Text split by its layout: wrapped table cells, adjacent literals, overstruck letters."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.views import Piece, PiecedView, SubstitutedView, Tokens, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.views import Span

_STRUCK_OVER = re.compile(rb"[\x00-\x7f]\x08|[\xc2-\xf4][\x80-\xbf]{1,3}\x08")
_PREFIX = re.compile(rb"(?<=[\s(])[bBrRuUfF]{1,2}(?=['\"])")
_BYTES_SIDE_BY_SIDE = re.compile(rb"['\"][ \t\\+]*\r?\n\s*[bBrRuUfF]{1,2}['\"]")
_LETTERS = re.compile(
    rb"(?:(['\"])(?:\\?[^'\"\n]|[\xc2-\xf4][\x80-\xbf]{1,3})\1,\s{0,12}[bu]?){5,}(['\"])(?:\\?[^'\"\n]|[\xc2-\xf4][\x80-\xbf]{1,3})\2"
)
_LETTER = re.compile(rb"(['\"])(\\?[^'\"\n]|[\xc2-\xf4][\x80-\xbf]{1,3})\1")
_BORDER = re.compile(rb"[|\xe2](?:(?<=\|)|(?<=\xe2)[\x94\x95][\x80-\xbf])")
_COLUMNS = re.compile(rb"[|\xe2](?:(?<=\|)|(?<=\xe2)[\x94\x95][\x80-\xbf])[^\n]{0,500}\n[^\n|\xe2]{0,500}(?:\||\xe2[\x94\x95][\x80-\xbf])")
_CELL = re.compile(rb"\S+(?: \S+)*")
_LONGEST = 1 << 18
"""Bytes of a text in which tables are read by column, from its start."""


def layout_views(view: View, *, is_wrapped: bool) -> list[View]:
    """Return views of ``view`` with its split texts joined.

    Args:
        view: The view to look through.
        is_wrapped: Whether a part of a value was found, so that the rest may stand in another line.
    """
    data = view.data
    views: list[View] = []
    if b"\b" in data:
        views += _without(view, _STRUCK_OVER)
    letters = [Piece(*_joined_letters(match)) for match in _LETTERS.finditer(data)] if b"', " in data or b'", ' in data else []
    if letters:
        views.append(PiecedView(view, letters, "a list of letters"))
    if b"\n" in data:
        if _BYTES_SIDE_BY_SIDE.search(data):
            views += _without(view, _PREFIX)
        if is_wrapped or _COLUMNS.search(data):
            pieces = list(_columns(data[:_LONGEST]))
            if pieces:
                views.append(PiecedView(view, pieces, "a table"))
    return views


def _without(view: View, expression: re.Pattern[bytes]) -> list[View]:
    new = expression.sub(b"", view.data)
    return [SubstitutedView(view, new, "layout", expression, lambda _: b"")] if new != view.data else []


def _joined_letters(match: re.Match[bytes]) -> tuple[bytes, Tokens]:
    letters = list(_LETTER.finditer(match.string, match.start(), match.end()))
    spans = [letter.span(2) for letter in letters for _ in letter[2]]
    return b"".join(letter[2] for letter in letters), Tokens(lambda: spans)


class _Part(NamedTuple):
    """A line of a cell: where it stands, and at which column it begins."""

    start: int
    end: int
    column: int


def _columns(data: bytes) -> Iterator[Piece]:
    """Yield the cells that go on in the next line at the same column."""
    open_cells: dict[int, list[_Part]] = {}
    position = 0
    for line in data.split(b"\n"):
        parts = {part.column: part for part in _parts(line, position)}
        position += len(line) + 1
        if not parts:
            continue
        going_on: dict[int, list[_Part]] = {}
        for column, part in parts.items():
            going_on[column] = [*open_cells.pop(column, []), part][-_LONGEST_CELL:]
        yield from _pieces(data, open_cells)
        open_cells = going_on
    yield from _pieces(data, open_cells)


_LONGEST_CELL = 4096


def _parts(line: bytes, offset: int) -> Iterator[_Part]:
    """Yield the cells of a line. Columns are counted in characters: a border is three bytes in UTF-8, and one character."""
    start = 0
    for stop in [*[match.span() for match in _BORDER.finditer(line)], (len(line), len(line))]:
        for cell in _CELL.finditer(line, start, stop[0]):
            column = len(line[: cell.start()].decode("utf-8", "replace"))
            yield _Part(offset + cell.start(), offset + cell.end(), column)
        start = stop[1]


def _pieces(data: bytes, cells: dict[int, list[_Part]]) -> Iterator[Piece]:
    for parts in cells.values():
        if len(parts) > 1:
            yield Piece(b"".join(data[part.start : part.end] for part in parts), partial(_locate, parts))


def _locate(parts: list[_Part], start: int, end: int) -> list[Span]:
    spans = []
    position = 0
    for part in parts:
        length = part.end - part.start
        if position < end and position + length > start:
            spans.append((part.start + max(0, start - position), part.start + min(length, end - position)))
        position += length
    return spans
