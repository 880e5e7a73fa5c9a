"""A text assembled from parts of a cell, with the offset in the cell of each character."""

from __future__ import annotations

from typing import NamedTuple


class MappedText(NamedTuple):
    """A text assembled from parts of a cell.

    Attributes:
        text: The text.
        origins: For each character of the text, the start and end offset in the cell of the characters that it came from.
    """

    text: str
    origins: list[tuple[int, int]]

    @classmethod
    def from_cell(cls, cell: str, start: int, end: int) -> MappedText:
        """Return a part of a cell, with its continued lines joined.

        One space replaces each backslash with the line break after it.
        """
        characters = []
        origins = []
        position = start
        while position < end:
            # The length in the cell: 2 for a backslash and a line break, which one space replaces.
            length = 2 if cell.startswith("\\\n", position) and position + 1 < end else 1
            characters.append(" " if length > 1 else cell[position])
            origins.append((position, position + length))
            position += length
        return cls("".join(characters), origins)

    @classmethod
    def rest_of_line(cls, cell: str, start: int) -> MappedText:
        """Return the part of a cell from ``start`` to the end of the line.

        A backslash at the end of a line continues it.
        """
        end = cell.find("\n", start)
        while end > start and cell[end - 1] == "\\":
            end = cell.find("\n", end + 1)
        return cls.from_cell(cell, start, end if end >= 0 else len(cell))

    @property
    def end(self) -> int:
        """The offset in the cell at which the text ends; 0 for an empty text."""
        return self.origins[-1][1] if self.origins else 0

    def part(self, start: int, end: int | None = None) -> MappedText:
        """Return the part of the text from ``start`` to before ``end``."""
        return MappedText(self.text[start:end], self.origins[start:end])

    def join(self, other: MappedText, *, with_space: bool) -> MappedText:
        """Return this text and another text as one text.

        Args:
            other: The second text.
            with_space: Whether a space replaces the characters between both texts in the cell. Otherwise these characters are omitted.
        """
        space_origins = [(self.end, other.origins[0][0])] if with_space and other.origins else []
        return MappedText(self.text + " " * len(space_origins) + other.text, [*self.origins, *space_origins, *other.origins])

    def range_in_cell(self, start: int, end: int) -> tuple[int, int]:
        """Return the start and end offset in the cell of a part of the text."""
        # An empty part has no character, so it starts at the end of the character before it.
        cell_start = self.origins[start][0] if start < end else self.origins[start - 1][1]
        return cell_start, self.origins[end - 1][1]
