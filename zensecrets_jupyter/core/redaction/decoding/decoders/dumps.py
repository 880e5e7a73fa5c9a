"""Decoder of dumps.

A row of a dump has an address, the bytes as numbers, and often the bytes as text.

The supported layouts are those of xxd, hexdump, hexdump -C, od, curl --trace and Wireshark.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, PiecedView, TextView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.decoding.views import Span

# A row of xxd, hexdump, curl or Wireshark.
_ROW = re.compile(rb"^[ \t]*(?:0[xX])?([0-9A-Fa-f]{4,16})[:h]?[ \t]+(?=[0-9A-Fa-f]{2})([^\r\n]{2,200})", re.MULTILINE)
# A group of bytes in such a row, such as "4a2d".
_GROUP = re.compile(rb"[ \t]{0,3}-?[ \t]?((?:[0-9A-Fa-f]{2})+)(?=[ \t-]|\r?\n|\Z)")
# A row of od.
_OCTAL_ROW = re.compile(rb"^([0-7]{7})((?:[ \t]+[0-7]{6}){1,8})[ \t]*$", re.MULTILINE)
# The two bytes of one number of od.
_OCTAL_WORD = re.compile(rb"[0-7]{6}")
# A row of od -c.
_CHARACTER_ROW = re.compile(rb"^([0-7]{7})((?: {1,3}(?:\\[0abtnvfr\\]|[0-7]{3}|\*\*|[^\s\\]|(?<= {3}) )){1,16}) *$", re.MULTILINE)
# A cell of such a row: one character, or its escape sequence or octal number. A blank is written as a cell of four blanks.
_CELL = re.compile(rb" {1,3}(\\[0abtnvfr\\]|[0-7]{3}|[^\s\\]|(?<= {3}) )")
_BYTES_IN_ROW = 16
_MAX_CELL_DISTANCE = 3
"""Maximum number of blanks between two cells of a row. Two rows have an address between them, so their cells are farther apart."""
_LONGEST = 1 << 18
"""Maximum number of bytes at the start of a text that are searched for dumps."""
_CONTROLS = {
    b"\\0": b"\0",
    b"\\a": b"\a",
    b"\\b": b"\b",
    b"\\t": b"\t",
    b"\\n": b"\n",
    b"\\v": b"\v",
    b"\\f": b"\f",
    b"\\r": b"\r",
    b"\\\\": b"\\",
}
"""The escape sequences of ``od -c``, and the bytes that they encode."""


class _Cell(NamedTuple):
    """Decoded bytes of a row, and the span that encodes them.

    The bytes are a group, a word, a character or the text column.
    """

    data: bytes
    start: int
    end: int


def dump_views(view: TextView) -> list[TextView]:
    """Return views of the dumps in ``view``.

    They are the hexadecimal bytes in both byte orders, the text column, the octal words of od, and the characters of ``od -c``.
    """
    data = view.data[:_LONGEST]
    # A dump has the address 0, or else at least two rows.
    if b"0000" not in data and not _has_rows(data):
        return []
    rows = [_row(match) for match in _ROW.finditer(data)]
    octal_rows = [
        [_Cell(_octal_word(word[0]), word.start(), word.end()) for word in _OCTAL_WORD.finditer(data, match.start(2), match.end())]
        for match in _OCTAL_ROW.finditer(data)
    ]
    character_rows = [list(_characters(match)) for match in _CHARACTER_ROW.finditer(data)]
    columns = [
        ("a dump", [cell for cells, _ in rows for cell in cells]),
        ("a dump of words", [cell._replace(data=cell.data[::-1]) for cells, _ in rows for cell in cells]),
        ("the text of a dump", [text for _, text in rows if text]),
        ("a dump of octal words", [cell for cells in octal_rows for cell in cells]),
        ("a dump of characters", [cell for cells in character_rows for cell in cells]),
    ]
    return [
        PiecedView(view, [DecodedPiece(b"".join(cell.data for cell in cells), _ColumnLocator(cells))], name)
        for name, cells in columns
        if cells
    ]


def _has_rows(data: bytes) -> bool:
    """Return whether ``data`` has at least two rows. The first address may be any number."""
    first = _ROW.search(data)
    return first is not None and _ROW.search(data, first.end()) is not None


def _row(match: re.Match[bytes]) -> tuple[list[_Cell], _Cell | None]:
    """Return the bytes of a row, and its text if it has any."""
    data, position, stop = match.string, match.start(2), match.end(2)
    cells: list[_Cell] = []
    byte_count = 0
    while byte_count < _BYTES_IN_ROW and (group := _GROUP.match(data, position, stop)) is not None:
        decoded = bytes.fromhex(group[1].decode("ascii"))
        if byte_count + len(decoded) > _BYTES_IN_ROW:
            break
        byte_count += len(decoded)
        cells.append(_Cell(decoded, group.start(1), group.end(1)))
        position = group.end()
    rest = data[position:stop].lstrip(b" \t")
    # Some dumps have the text between two vertical bars, or between > and <.
    is_bordered = rest[:1] in {b"|", b">"} and rest.rstrip()[-1:] in {b"|", b"<"}
    text = rest[1:].rstrip()[:-1] if is_bordered else rest
    # A text column has at most one character for each byte. Two more bytes are tolerated.
    if not text.strip() or len(text) > _BYTES_IN_ROW + 2:
        return cells, None
    start = stop - len(rest) + (1 if is_bordered else 0)
    return cells, _Cell(text, start, start + len(text))


def _octal_word(digits: bytes) -> bytes:
    # Machines of today write the low byte first. Six octal digits may exceed two bytes, but od writes no such word.
    return int(digits, 8).to_bytes(3, "little")[:2]


def _characters(match: re.Match[bytes]) -> Iterator[_Cell]:
    """Yield the bytes of a row of ``od -c``."""
    for cell in _CELL.finditer(match[2]):
        data = cell[1]
        if data in _CONTROLS:
            data = _CONTROLS[data]
        elif len(data) == len(b"377"):
            # Three octal digits write one byte.
            data = bytes([int(data, 8) & 0xFF])
        yield _Cell(data, match.start(2) + cell.start(1), match.start(2) + cell.end(1))


class _ColumnLocator:
    """Locates the bytes of the cells of a column."""

    def __init__(self, cells: list[_Cell]) -> None:
        self._cells = cells
        self._starts = list(accumulate((len(cell.data) for cell in cells), initial=0))

    def __call__(self, start: int, end: int) -> list[Span]:
        """Return the spans of the cells that encode the bytes from ``start`` to ``end``.

        Neighboring cells share one span.
        """
        spans: list[Span] = []
        first, last = bisect_right(self._starts, start) - 1, bisect_left(self._starts, end)
        for cell in self._cells[first:last]:
            if spans and cell.start - spans[-1][1] <= _MAX_CELL_DISTANCE:
                spans[-1] = (spans[-1][0], cell.end)
            else:
                spans.append((cell.start, cell.end))
        return spans
