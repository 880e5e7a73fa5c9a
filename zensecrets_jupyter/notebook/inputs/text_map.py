"""A text that was made of parts of a cell, and where each of its characters stands there."""

from __future__ import annotations

from typing import NamedTuple


class MappedText(NamedTuple):
    """A text, and for each of its characters where the cell has it: from where to where."""

    text: str
    origins: list[tuple[int, int]]

    @classmethod
    def of(cls, cell: str, start: int, end: int) -> MappedText:
        """Return a part of a cell; a backslash at the end of a line and that end become one blank."""
        characters = []
        origins = []
        position = start
        while position < end:
            length = 2 if cell.startswith("\\\n", position) and position + 1 < end else 1
            characters.append(" " if length > 1 else cell[position])
            origins.append((position, position + length))
            position += length
        return cls("".join(characters), origins)

    @classmethod
    def line(cls, cell: str, start: int) -> MappedText:
        """Return a part of a cell from ``start`` to the end of the line, which goes on behind a backslash."""
        end = cell.find("\n", start)
        while end > start and cell[end - 1] == "\\":
            end = cell.find("\n", end + 1)
        return cls.of(cell, start, end if end >= 0 else len(cell))

    @property
    def end(self) -> int:
        """Where in the cell the text ends; 0 if there is none."""
        return self.origins[-1][1] if self.origins else 0

    def part(self, start: int, end: int | None = None) -> MappedText:
        """Return a part of the text."""
        return MappedText(self.text[start:end], self.origins[start:end])

    def followed_by(self, other: MappedText, *, blank: bool) -> MappedText:
        """Return both texts as one; with ``blank`` what stands between them in the cell is a blank."""
        between = [(self.end, other.origins[0][0])] if blank and other.origins else []
        return MappedText(self.text + " " * len(between) + other.text, [*self.origins, *between, *other.origins])

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the cell that stands which is in the text from ``start`` to ``end``."""
        begins = self.origins[start][0] if start < end else self.origins[start - 1][1]
        return begins, self.origins[end - 1][1]
