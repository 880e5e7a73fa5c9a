"""Text split by its layout: wrapped table cells, adjacent literals, overstruck letters."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.decoding.excerpts import excerpt
from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, PiecedView, SubstitutedView, TextView, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.decoding.views import Span

_STRUCK_OVER = re.compile(rb"[\x00-\x7f]\x08|[\xc2-\xf4][\x80-\xbf]{1,3}\x08")
_PREFIX = re.compile(rb"(?<=[\s(])[bBrRuUfF]{1,2}(?=['\"])")
_PREFIX_BELOW = re.compile(rb"\n\s*[bBrRuUfF]{1,2}['\"]")
_BYTES_SIDE_BY_SIDE = re.compile(rb"['\"][ \t\\+]*\r?\n\s*[bBrRuUfF]{1,2}['\"]")
_LETTERS = re.compile(
    rb"(?:(['\"])(?:\\?[^'\"\n]|[\xc2-\xf4][\x80-\xbf]{1,3})\1,\s{0,12}[bu]?){5,}(['\"])(?:\\?[^'\"\n]|[\xc2-\xf4][\x80-\xbf]{1,3})\2"
)
# Two of them side by side, with each quote: what a text with no list of letters is searched for. It begins with what is rare.
_SIDE_BY_SIDE = tuple(
    re.compile(quote + rb",\s{0,12}[bu]?" + quote + rb"(?:\\?[^'\"\n]|[\xc2-\xf4][\x80-\xbf]{1,3})" + quote + rb",\s{0,12}[bu]?['\"]")
    for quote in (b"'", b'"')
)
_LONGEST_LETTER = 6
"""Bytes of a letter with the quote before it."""
_LETTER = re.compile(rb"(['\"])(\\?[^'\"\n]|[\xc2-\xf4][\x80-\xbf]{1,3})\1")
_BORDER = re.compile(rb"[|\xe2](?:(?<=\|)|(?<=\xe2)[\x94\x95][\x80-\xbf])")
_BORDER_BELOW = re.compile(rb"\n[^\n|\xe2]{0,500}(?:\||\xe2[\x94\x95][\x80-\xbf])")
_WIDEST = 500
"""Bytes of a line behind its last border."""
_CELL = re.compile(rb"\S+(?: \S+)*")
_LONGEST = 1 << 18
"""Bytes of a text in which tables are read by column, from its start."""


def layout_views(view: TextView, *, is_wrapped: bool) -> list[TextView]:
    """Return views of ``view`` with its split texts joined.

    Args:
        view: The view to look through.
        is_wrapped: Whether a part of a value was found, so that the rest may stand in another line.
    """
    data = view.data
    views: list[TextView] = []
    if b"\b" in data:
        views += _without(view, _STRUCK_OVER, _STRUCK_OVER)
    letters = [DecodedPiece(*_joined_letters(match)) for match in _lists_of_letters(data)]
    if letters:
        views.append(PiecedView(view, letters, "a list of letters"))
    if b"\n" in data:
        if _PREFIX_BELOW.search(data) and _BYTES_SIDE_BY_SIDE.search(data):
            views += _without(view, _PREFIX, _PREFIX_BELOW)
        table = view if is_wrapped else excerpt(view, _has_columns)
        if is_wrapped or _has_columns(table.data):
            pieces = list(_columns(table.data[:_LONGEST]))
            if pieces:
                views.append(PiecedView(table, pieces, "a table"))
    return views


def _without(view: TextView, expression: re.Pattern[bytes], around: re.Pattern[bytes]) -> list[TextView]:
    part = excerpt(view, lambda data: around.search(data) is not None)
    new = expression.sub(b"", part.data)
    return [SubstitutedView(part, new, "layout", expression, lambda _: b"")] if new != part.data else []


def _lists_of_letters(data: bytes) -> list[re.Match[bytes]]:
    found: dict[int, re.Match[bytes]] = {}
    for expression in _SIDE_BY_SIDE:
        position = 0
        for letter in expression.finditer(data):
            if letter.start() < position:
                continue
            # It begins with the letter before, or with this one if that is a quote.
            starts = range(max(position, letter.start() - _LONGEST_LETTER), letter.end())
            letters = next((match for start in starts if (match := _LETTERS.match(data, start))), None)
            if letters:
                found[letters.start()] = letters
                position = letters.end()
    return list(found.values())


def _joined_letters(match: re.Match[bytes]) -> tuple[bytes, Tokens]:
    letters = list(_LETTER.finditer(match.string, match.start(), match.end()))
    spans = [letter.span(2) for letter in letters for _ in letter[2]]
    return b"".join(letter[2] for letter in letters), Tokens(lambda: spans)


class _Part(NamedTuple):
    """A line of a cell: where it stands, at which column it begins, and whether a border comes behind it."""

    start: int
    end: int
    column: int
    has_border: bool


def _has_columns(data: bytes) -> bool:
    """Tell whether there are borders in two lines, one below the other."""
    return any(
        _BORDER.search(data, max(data.rfind(b"\n", 0, border.start()) + 1, border.start() - _WIDEST), border.start())
        for border in _BORDER_BELOW.finditer(data)
    )


def _columns(data: bytes) -> Iterator[DecodedPiece]:
    """Yield the cells that go on in the next line at the same column, and have a border on their right in both or in none."""
    open_cells: dict[tuple[int, bool], list[_Part]] = {}
    position = 0
    for line in data.split(b"\n"):
        parts = {(part.column, part.has_border): part for part in _parts(line, position)}
        position += len(line) + 1
        if not parts:
            continue
        going_on: dict[tuple[int, bool], list[_Part]] = {}
        for cell, part in parts.items():
            going_on[cell] = [*open_cells.pop(cell, []), part][-_LONGEST_CELL:]
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
            yield _Part(offset + cell.start(), offset + cell.end(), column, stop[0] < len(line))
        start = stop[1]


def _pieces(data: bytes, cells: dict[tuple[int, bool], list[_Part]]) -> Iterator[DecodedPiece]:
    for parts in cells.values():
        if len(parts) > 1:
            yield DecodedPiece(b"".join(data[part.start : part.end] for part in parts), partial(_locate, parts))


def _locate(parts: list[_Part], start: int, end: int) -> list[Span]:
    spans = []
    position = 0
    for part in parts:
        length = part.end - part.start
        if position < end and position + length > start:
            spans.append((part.start + max(0, start - position), part.start + min(length, end - position)))
        position += length
    return spans
