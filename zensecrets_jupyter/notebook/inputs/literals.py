"""The values that were typed on our own command lines of a cell, and the cell without them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.notebook.inputs.command_lines import command_lines, may_hold_magic

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.framework.inline_secrets import InlineSecret
    from zensecrets_jupyter.commands.line_cleaning import Edit

_NAME = re.compile(r"""(?:zen|secrets?|stack|zensecrets|zenml)(?:['"]|[ \t]+(?:[^\W\d]|-)|[ \t]*\\)""")
_SIGNS = ("-", "=", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212", "register", "create", "update")
"""What a cell holds if there may be a value on a command line of ours."""


class Repaired(NamedTuple):
    """A cell without the values that were typed on our magic lines.

    Attributes:
        source: The cell; the same object if there were none.
        literals: The values.
        kept: The parts of the cell as it was typed before, between and behind what was taken out.
        is_clear: Whether all of them are gone from ``source``.
    """

    source: str
    literals: tuple[InlineSecret, ...] = ()
    is_clear: bool = True
    kept: tuple[str, ...] = ()


def without_literals(cell: str, *, automagic: bool = False) -> Repaired:
    """Return a cell without the values of sensitive arguments on our own command lines; nothing else of it changes.

    Args:
        cell: The source of a cell, as it was typed.
        automagic: Whether a line may be a magic of ours without its ``%``.
    """
    if not any(sign in cell for sign in _SIGNS) or (_NAME.search(cell) is None and not may_hold_magic(cell)):
        return Repaired(cell)
    lines = list(command_lines(cell, automagic=automagic))
    if not lines:
        return Repaired(cell)
    from zensecrets_jupyter.commands import line_cleaning

    found: list[InlineSecret] = []
    edits: list[line_cleaning.Edit] = []
    is_clear = True
    for command in lines:
        inside = line_cleaning.find_inline_secrets(command.group, command.line.text, expands=command.expands)
        found += inside.inline_secrets
        is_clear = is_clear and inside.is_clear
        for edit in inside.edits:
            placed = line_cleaning.Edit(*command.line.place(edit.start, edit.end), edit.text)
            # A line may be found twice, as the argument of another magic and of a shell.
            if not any(placed.start < other.end and other.start < placed.end for other in edits):
                edits.append(placed)
    return Repaired(line_cleaning.apply_edits(cell, edits) if edits else cell, tuple(found), is_clear, _kept(cell, edits))


def _kept(cell: str, edits: list[Edit]) -> tuple[str, ...]:
    parts = []
    position = 0
    for edit in sorted(edits):
        parts.append(cell[position : edit.start])
        position = edit.end
    return (*parts, cell[position:])
