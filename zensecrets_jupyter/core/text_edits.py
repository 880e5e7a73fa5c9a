"""Replace several parts of a text at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Edit(NamedTuple):
    """The replacement of ``text[start:end]`` by ``new``; an insertion if ``start`` and ``end`` are equal."""

    start: int
    end: int
    new: str

    def overlaps(self, other: Edit) -> bool:
        """Return whether both edits replace at least one common character."""
        return self.start < other.end and other.start < self.end


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return ``text`` with the edits applied; edits must not overlap."""
    edited_parts = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        edited_parts += [text[position : edit.start], edit.new]
        position = edit.end
    return "".join([*edited_parts, text[position:]])


def unchanged_parts(text: str, edits: Iterable[Edit]) -> list[str]:
    """Return the parts of ``text`` before, between and after the edits, which must not overlap."""
    parts = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts.append(text[position : edit.start])
        position = edit.end
    return [*parts, text[position:]]
