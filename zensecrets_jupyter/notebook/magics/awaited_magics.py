"""Magics with the option ``--wait``: the cell waits for the form of its command.

While a plain call of a magic runs, the kernel processes no message, so a form could not be submitted. While a cell awaits a coroutine, the
kernel processes messages. Before IPython compiles a cell, each call with the option is therefore replaced by an ``await`` expression.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.magic_lines import LINE_MAGICS
from zensecrets_jupyter.notebook.front_end import can_await_forms

if TYPE_CHECKING:
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

WAIT = "--wait"
"""The option that makes a cell wait.

The modules of the commands define this option too, but importing them here would make ``%load_ext`` slow.
"""

# IPython replaces a magic by this call, in which the line of the magic is a string literal. An indented call is not matched, because it may
# be in a function that is not a coroutine.
_CALL = re.compile(rf"^(?P<target>\w+ = )?get_ipython\(\)\.run_line_magic\('(?P<name>{LINE_MAGICS})', (?P<line>'.*')\)\s*$")


def awaited_name(name: str) -> str:
    """Return the name of the coroutine variant of the magic ``name``."""
    return f"{name}.awaited"


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Make ``shell`` await magics with ``--wait``, if its kernel supports that; ``undo`` stops it."""
    if not can_await_forms(shell):
        return
    transformers = shell.input_transformers_post

    def await_forms(lines: list[str]) -> list[str]:
        # Without `autoawait`, IPython does not accept `await` in a cell.
        return [_add_await(line) for line in lines] if shell.autoawait else lines

    transformers.append(await_forms)
    undo.callback(_remove, transformers, await_forms)


def _add_await(line: str) -> str:
    match = _CALL.match(line)
    if match is None or WAIT not in match["line"].strip("'").split():
        return line
    line_end = line[len(line.rstrip()) :]
    return f"{match['target'] or ''}await get_ipython().run_line_magic({awaited_name(match['name'])!r}, {match['line']}){line_end}"


def _remove(transformers: list[object], transformer: object) -> None:
    if transformer in transformers:
        transformers.remove(transformer)
