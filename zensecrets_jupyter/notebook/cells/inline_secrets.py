"""Find and remove the inline secrets on the command lines of a cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.text_edits import Edit, apply_edits, unchanged_parts
from zensecrets_jupyter.notebook.cells.command_lines import find_command_lines, may_contain_magic

if TYPE_CHECKING:
    from collections.abc import Collection

    from zensecrets_jupyter.commands.framework.inline_secrets import InlineSecret

_COMMAND_NAME = re.compile(r"""(?:zen|secrets?|stack|zensecrets|zenml)(?:['"]|[ \t]+(?:[^\W\d]|-)|[ \t]*\\)""")
"""The name of a magic or program, and the beginning of its arguments.

Examples are ``secret register``, ``zen -``, ``["zensecrets", …]`` and a name before a backslash that continues the line.
"""
_REQUIRED_TEXTS = ("-", "=", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212", "register", "create", "update")
"""A cell with an inline secret contains at least one of these texts.

They are a hyphen, dashes (a word processor may replace a hyphen by a dash), ``=``, and commands that take values.
"""


class CleanedCell(NamedTuple):
    """A cell without its inline secrets.

    Attributes:
        source: The source without the inline secrets; the same object if there are none.
        inline_secrets: The inline secrets.
        is_clean: Whether ``source`` contains none of the inline secrets.
        unchanged: The parts of the original source before, between and after the inline secrets.
    """

    source: str
    inline_secrets: tuple[InlineSecret, ...] = ()
    is_clean: bool = True
    unchanged: tuple[str, ...] = ()


def remove_inline_secrets(cell: str, *, automagic_names: Collection[str] = ()) -> CleanedCell:
    """Return a cell without the inline secrets on this package's command lines.

    Args:
        cell: The source of a cell, as the user typed it.
        automagic_names: The names of the magics of this package that IPython accepts without ``%``.
    """
    if not any(text in cell for text in _REQUIRED_TEXTS) or (_COMMAND_NAME.search(cell) is None and not may_contain_magic(cell)):
        return CleanedCell(cell)
    lines = list(find_command_lines(cell, automagic_names=automagic_names))
    if not lines:
        return CleanedCell(cell)
    from zensecrets_jupyter.commands.line_cleaning import find_inline_secrets

    inline_secrets: list[InlineSecret] = []
    edits: list[Edit] = []
    is_clean = True
    for command in lines:
        findings = find_inline_secrets(command.group, command.line.text, expands=command.expands)
        inline_secrets += findings.inline_secrets
        is_clean = is_clean and findings.is_clean
        for edit in findings.edits:
            edit_of_cell = Edit(*command.line.range_in_cell(edit.start, edit.end), edit.new)
            # The arguments of another magic such as %time are searched twice, as a magic and as a shell command. So two edits may overlap.
            if not any(edit_of_cell.overlaps(other) for other in edits):
                edits.append(edit_of_cell)
    source = apply_edits(cell, edits) if edits else cell
    return CleanedCell(source, tuple(inline_secrets), is_clean, tuple(unchanged_parts(cell, edits)))
