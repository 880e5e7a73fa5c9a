"""A cell that waits for its form: a magic with ``--wait`` is awaited, which lets the kernel deal with what the form sends.

IPython runs a line magic as a call, and while a call runs the kernel hears nothing from a form. A cell that awaits something lets other
messages through, so the call is written with ``await`` in front before IPython compiles the cell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.magic_names import LINE_MAGICS
from zensecrets_jupyter.notebook.front_end import can_await_forms

if TYPE_CHECKING:
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

WAIT = "--wait"
"""The option, as in ``commands.grammar``, which takes longer to import than loading the extension may."""

# How IPython writes a magic that begins a line; inside of a function there is nothing to await in.
_CALL = re.compile(rf"^(?P<target>\w+ = )?get_ipython\(\)\.run_line_magic\('(?P<name>{LINE_MAGICS})', (?P<line>'.*')\)\s*$")


def awaited(name: str) -> str:
    """Return the name under which a magic is called that is awaited."""
    return f"{name}.awaited"


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Have magics with --wait awaited in ``shell``, where it can; ``undo`` stops it."""
    if not can_await_forms(shell):
        return
    transformers = shell.input_transformers_post

    def await_forms(lines: list[str]) -> list[str]:
        return [_with_await(line) for line in lines] if shell.autoawait else lines

    transformers.append(await_forms)
    undo.callback(_remove, transformers, await_forms)


def _with_await(line: str) -> str:
    found = _CALL.match(line)
    if found is None or WAIT not in found["line"].strip("'").split():
        return line
    end = line[len(line.rstrip()) :]
    return f"{found['target'] or ''}await get_ipython().run_line_magic({awaited(found['name'])!r}, {found['line']}){end}"


def _remove(transformers: list[object], transformer: object) -> None:
    if transformer in transformers:
        transformers.remove(transformer)
