"""The values that were typed on our own magic lines of a cell, and the cell without them.

Where a magic stands in a cell is for IPython to say: its own transformers find each, so that a text which only looks like one is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from IPython.core.inputtransformer2 import (
    EscapedCommand,
    MagicAssign,
    classic_prompt,
    find_end_of_continued_line,
    ipython_prompt,
    make_tokens_by_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.commands.literals import Edit
    from zensecrets_jupyter.commands.sensitive import Literal

GROUPS: dict[str, list[str]] = {"zen": [], "secret": ["secret"], "stack": ["stack"]}
"""Our line magics, and the words of the command tree that each stands for."""

_RUN_AS_CELLS = re.compile(r"%%(?:capture|prun|time|timeit|with_secrets)\b.*\n?")
"""Cell magics that run the rest of their cell as a cell."""

_AUTOMAGIC = re.compile(r"[ \t]*(?P<name>secret|zen)[ \t]+(?![=,]|==)")
"""How a line begins that IPython takes for a magic without its '%', if the cell has no other and no variable has that name."""


class Repaired(NamedTuple):
    """A cell without the values that were typed on our magic lines.

    Attributes:
        source: The cell; the same object if there were none.
        literals: The values.
        kept: The parts of the cell as it was typed before, between and behind what was taken out.
        is_clear: Whether all of them are gone from ``source``.
    """

    source: str
    literals: tuple[Literal, ...] = ()
    is_clear: bool = True
    kept: tuple[str, ...] = ()


def without_literals(cell: str, *, automagic: bool = False) -> Repaired:
    """Return a cell without the values of sensitive arguments on our own magic lines; nothing else of it changes.

    Args:
        cell: The source of a cell, as it was typed.
        automagic: Whether a line may be a magic of ours without its ``%``.
    """
    if "--" not in cell or not any(name in cell for name in GROUPS):
        return Repaired(cell)
    from zensecrets_jupyter.commands import literals  # noqa: PLC0415 - loading the extension stays fast, and most cells hold no magic of ours

    found: list[Literal] = []
    edits: list[literals.Edit] = []
    is_clear = True
    for line in _magic_lines(cell, automagic=automagic):
        inside = literals.find_literals(GROUPS[line.name], line.text)
        found += inside.literals
        is_clear = is_clear and inside.is_clear
        edits += [literals.Edit(*line.place(edit.start, edit.end), edit.text) for edit in inside.edits]
    return Repaired(literals.applied(cell, edits) if edits else cell, tuple(found), is_clear, _kept(cell, edits))


def _kept(cell: str, edits: list[Edit]) -> tuple[str, ...]:
    parts = []
    position = 0
    for edit in sorted(edits):
        parts.append(cell[position : edit.start])
        position = edit.end
    return (*parts, cell[position:])


class _MagicLine(NamedTuple):
    """What stands after a magic's name, continued lines joined, and from where to where in the cell each of its characters stands."""

    name: str
    text: str
    origins: list[tuple[int, int]]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the cell that stands which is in the line from ``start`` to ``end``."""
        begins = self.origins[start][0] if start < end else self.origins[start - 1][1]
        return begins, self.origins[end - 1][1]


def _magic_lines(cell: str, *, automagic: bool) -> Iterator[_MagicLine]:
    offset = 0
    while (head := _RUN_AS_CELLS.match(cell, offset)) is not None:
        offset = head.end()
    body = cell[offset:]
    if body.startswith("%%"):
        return
    bare = _AUTOMAGIC.match(body) if automagic and len(body.splitlines()) == 1 else None
    if bare is not None:
        yield _MagicLine(bare["name"], body[bare.end() :], _each(offset + bare.end(), len(cell)))
        return
    yield from _escaped(_without_prompts(body.splitlines(keepends=True)), offset)


def _without_prompts(lines: list[str]) -> list[str]:
    """Return the lines with blanks in the place of prompts that were pasted along, so that everything else stays where it is."""
    first = next((line for line in lines if line.strip()), "")
    for stripper in (classic_prompt, ipython_prompt):
        if stripper.initial_re.match(first):
            return [stripper.prompt_re.sub(lambda prompt: " " * len(prompt[0]), line, count=1) for line in lines]
    return lines


def _escaped(lines: list[str], offset: int) -> Iterator[_MagicLine]:
    """Yield the magic lines of ours; ``offset`` is where the lines begin in their cell."""
    if lines and not lines[-1].endswith("\n"):
        # IPython adds it to a cell, and reads a line without it otherwise.
        lines = [*lines[:-1], f"{lines[-1]}\n"]
    starts = [offset]
    for line in lines:
        starts.append(starts[-1] + len(line))
    while True:
        tokens = make_tokens_by_line(lines)
        found = [one for one in (MagicAssign.find(tokens), EscapedCommand.find(tokens)) if one is not None]
        if not found:
            return
        first = min(found, key=lambda one: (one.start_line, one.start_col))
        last = min(find_end_of_continued_line(lines, first.start_line), len(lines) - 1)
        joined = _joined(lines, starts, (first.start_line, first.start_col), last)
        if joined is not None:
            yield joined
        # What was found is out of the way then, and everything else is still where it was.
        blank = f"{lines[first.start_line][: first.start_col]}0\n"
        lines = [*lines[: first.start_line], blank, *["\n"] * (last - first.start_line), *lines[last + 1 :]]


def _joined(lines: list[str], starts: list[int], begin: tuple[int, int], last: int) -> _MagicLine | None:
    """Return a magic line as IPython joins it; ``None`` if it is none of ours."""
    text = ""
    origins: list[tuple[int, int]] = []
    for number in range(begin[0], last + 1):
        column = begin[1] if number == begin[0] else 0
        part = lines[number][column:].rstrip()
        if number < last:
            # The backslash and the end of the line are one blank together.
            part = f"{part[:-1]} "
        text += part
        origins += _each(starts[number] + column, starts[number] + column + len(part))
        if number < last:
            origins[-1] = (origins[-1][0], starts[number + 1])
    name, space, rest = text[1:].partition(" ")
    if text[0] != "%" or name not in GROUPS:
        return None
    begins = 1 + len(name) + len(space)
    return _MagicLine(name, rest, origins[begins:])


def _each(start: int, end: int) -> list[tuple[int, int]]:
    return [(place, place + 1) for place in range(start, end)]
