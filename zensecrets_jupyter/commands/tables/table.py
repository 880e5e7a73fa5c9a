"""Tables of masked values, as plain text and as HTML in JupyterLab's style."""

from __future__ import annotations

import html
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, overload

from zensecrets_jupyter.core.reference import RawText
from zensecrets_jupyter.core.value import MaskedText

if TYPE_CHECKING:
    from datetime import datetime

# JupyterLab sets these CSS variables for its light and dark themes; other pages use their own colors.
_TEXT_STYLE = "color: var(--jp-ui-font-color1, inherit); font-family: var(--jp-ui-font-family, sans-serif);"
_FONT_SIZE_STYLE = "font-size: var(--jp-ui-font-size1, 13px);"
# A cell has a short style, because the kernel keeps every output in memory. JupyterLab itself styles the rows.
_CELL_STYLE = "text-align: left;"
_PREFORMATTED_STYLE = "vertical-align: top; white-space: pre-wrap;"
_FAINT_STYLE = "color: var(--jp-ui-font-color2, inherit);"
_MAX_ROWS = 2_000
"""The maximum number of rows in HTML. In plain text, a table with more rows is not folded."""
_UNLIMITED_WIDTH = 10_000
"""A width in columns that no table exceeds, so that piped output is not folded."""
_COLUMN_GAP = "   "


class Table(Sequence[dict[str, str]]):
    """Rows of texts with named columns. Each row is a dict.

    The table is displayed as HTML in a notebook, and as plain text elsewhere.
    """

    def __init__(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", note: str = "") -> None:
        """Create a table.

        Args:
            columns: The names of the columns.
            rows: The values of each row. A masked text is displayed as its mask.
            title: The title above the rows.
            note: A text below the rows, or instead of them if there are none.
        """
        self.columns = tuple(columns)
        self.title = title
        self.note = note
        # IPython keeps every output in Out. Interned texts need less memory, because several tables share them.
        self._rows = [tuple(sys.intern(display_text(value)) for value in row) for row in rows]

    @overload
    def __getitem__(self, index: int) -> dict[str, str]: ...

    @overload
    def __getitem__(self, index: slice) -> list[dict[str, str]]: ...

    def __getitem__(self, index: int | slice) -> dict[str, str] | list[dict[str, str]]:
        """Return a row, or several rows for a slice."""
        if isinstance(index, slice):
            return [self._as_dict(row) for row in self._rows[index]]
        return self._as_dict(self._rows[index])

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def __repr__(self) -> str:
        """Return the table as plain text, fitted to the terminal."""
        # The size (100, 24) is the fallback without a terminal.
        return self.plain(shutil.get_terminal_size((100, 24)).columns)

    def __str__(self) -> str:
        """Return the table as plain text, fitted to the terminal."""
        return repr(self)

    def plain(self, width: int | None = None) -> str:
        """Return the table as plain text, at most ``width`` columns wide; unlimited by default."""
        parts = [_printable(self.title)] if self.title else []
        if self._rows:
            rows = [[column.upper() for column in self.columns], *([_printable(text) for text in row] for row in self._rows)]
            lines = _layout(rows)
            # Folding takes minutes for a hundred thousand rows, so a large table is not folded.
            # The second line is the rule below the header, which is as wide as the table.
            needs_folding = len(rows) <= _MAX_ROWS and _width_of(lines[1]) > (width or _UNLIMITED_WIDTH)
            parts += [line.rstrip() for line in (_folded_layout(rows, width or _UNLIMITED_WIDTH) if needs_folding else lines)]
        return "\n".join([*parts, *([_printable(self.note)] if self.note else [])])

    def _repr_html_(self) -> str:
        """Return the table as HTML, with all texts escaped."""
        parts = [f'<div class="zensecrets-table" style="{_TEXT_STYLE} {_FONT_SIZE_STYLE}">']
        if self.title:
            parts.append(f'<div style="padding: 4px 0; font-weight: 600;">{_escaped(self.title)}</div>')
        if self._rows:
            header = "".join(f'<th style="{_CELL_STYLE}">{_escaped(column.capitalize())}</th>' for column in self.columns)
            rows = "".join(_html_row(row) for row in self._rows[:_MAX_ROWS])
            parts.append(f'<table><thead><tr style="{_FAINT_STYLE}">{header}</tr></thead><tbody>{rows}</tbody></table>')
        if len(self._rows) > _MAX_ROWS:
            # A browser takes minutes to draw a hundred thousand rows.
            note = f"{len(self._rows) - _MAX_ROWS:,} more rows are not shown here: print the table, or take a slice of it."
            parts.append(f'<div style="padding: 4px 0; {_FAINT_STYLE}">{note}</div>')
        if self.note:
            parts.append(f'<div style="padding: 4px 0; white-space: pre-wrap; {_FAINT_STYLE}">{_escaped(self.note)}</div>')
        return "".join([*parts, "</div>"])

    def _as_dict(self, row: tuple[str, ...]) -> dict[str, str]:
        return dict(zip(self.columns, row, strict=True))


def display_text(value: Any) -> str:
    """Return the text that a table shows for a value.

    The text is empty for ``None``, and the mask for a masked text.
    """
    if isinstance(value, MaskedText):
        return repr(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    # The workspace stores a raw text as this mapping.
    if isinstance(value, Mapping) and value.keys() == {"$literal"}:
        return f"{value['$literal']} (literal)"
    if isinstance(value, RawText):
        return f"{value} (literal)"
    return "" if value is None else value if type(value) is str else str(value)


def local_time(moment: datetime) -> str:
    """Return a time in the local time zone, as text."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _layout(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table without folding, with a rule below the first row.

    If no cell is too wide, the lines equal those of :func:`_folded_layout`, which takes twenty times as long.
    """
    # Each cell is a list of lines. A row has as many output lines as its tallest cell.
    cells = [[text.split("\n") for text in row] for row in rows]
    widths = [max(_width_of(line) for cell in column for line in cell) for column in zip(*cells, strict=True)]
    lines = [
        _COLUMN_GAP.join(text + " " * (width - _width_of(text)) for text, width in zip(texts, widths, strict=True))
        for row in cells
        for texts in zip_longest(*row, fillvalue="")
    ]
    # The header has one line.
    lines.insert(1, _rule_character() * (sum(widths) + len(_COLUMN_GAP) * (len(widths) - 1)))
    return lines


def _folded_layout(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the lines of a table with wide cells folded, drawn by rich."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    # The third of the eight lines is the rule below the header. All other borders are spaces.
    rules = box.Box(f"    \n    \n {_rule_character() * 2} \n    \n    \n    \n    \n    \n")
    table = RichTable(box=rules, safe_box=False, pad_edge=False, show_edge=False)
    for column in rows[0]:
        table.add_column(Text(column), overflow="fold")
    for row in rows[1:]:
        # In the class Text, rich does not interpret markup.
        table.add_row(*map(Text, row))
    file = StringIO()
    # Without force_jupyter=False, rich would display the text as an additional output of the cell.
    console = Console(file=file, width=width, color_system=None, force_terminal=False, force_jupyter=False, emoji=False, highlight=False)
    console.print(table)
    return file.getvalue().rstrip().splitlines()


def _rule_character() -> str:
    """Return the character for a rule.

    A rule is a horizontal line. It consists of box-drawing characters if stdout can encode them, and otherwise of hyphens.
    """
    try:
        "\u2500".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return "-"
    return "\u2500"


def _width_of(text: str) -> int:
    """Return the width of a text in terminal columns."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _printable(text: str) -> str:
    # Three categories of characters are escaped. Control characters (Cc) are commands to a terminal, the directional characters of Unicode
    # (in Cf) reorder the text, and surrogates (Cs) can't be encoded.
    return "".join(
        character if character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs"} else repr(character)[1:-1]
        for character in text
    )


def _escaped(text: str) -> str:
    # IPython keeps every output in memory. A text with one character outside Latin-1 needs at least twice as much memory.
    # Therefore each character outside ASCII is written as an HTML reference such as &#233;.
    return html.escape(_printable(text)).encode("ascii", "xmlcharrefreplace").decode("ascii")


def _html_row(row: Sequence[str]) -> str:
    # HTML joins line ends and several spaces into one space. Only a row with these characters needs the longer style.
    style = f"{_CELL_STYLE} {_PREFORMATTED_STYLE}" if any("\n" in text or "  " in text for text in row) else _CELL_STYLE
    cells = "".join(f'<td style="{style}">{_escaped(text)}</td>' for text in row)
    return f"<tr>{cells}</tr>"
