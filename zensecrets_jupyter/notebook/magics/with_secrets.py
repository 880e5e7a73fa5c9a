"""The cell magic ``%%with_secrets``: a cell runs with secrets as environment variables.

Before IPython compiles the cell, the line of the magic is replaced by a call in front of the code of the cell. IPython then runs the cell
like any other, so displayed results, ``await``, comments and tracebacks work as usual. When IPython reports the end of the cell, the
variables are restored.
"""

from __future__ import annotations

import re
import threading
from contextlib import ExitStack
from textwrap import dedent
from typing import TYPE_CHECKING

from IPython.core.inputtransformer2 import cell_magic, classic_prompt, ipython_prompt

from zensecrets_jupyter.commands.magic_lines import WITH_SECRETS
from zensecrets_jupyter.notebook.magics.line_magics import convert_errors, replace_magic, split_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from IPython.core.interactiveshell import InteractiveShell

ENTER = f"{WITH_SECRETS}.enter"
"""Name of the line magic that sets the variables until the cell ends."""

# The lookahead excludes longer names, and IPython's help: `%%with_secrets?`.
_MAGIC = re.compile(rf"%%{WITH_SECRETS}(?![\w?])(?P<line>.*)")
_FUTURE_IMPORT = re.compile(r"from\s+__future__\s+import\b")


class CellEnvironment:
    """Environment variables of the running cells.

    A cell may run another cell, so each thread has a list of its running cells. The innermost cell is the last one.
    """

    def __init__(self) -> None:
        """Create an environment without cells."""
        self._threads = threading.local()

    def enter(self, variables: AbstractContextManager[object]) -> None:
        """Set variables until the innermost running cell of this thread ends."""
        if not self._cells():
            # IPython has not called `begin` for this cell, for example because the cell itself has loaded the extension.
            self.begin()
        self._cells()[-1].enter_context(variables)

    def begin(self) -> None:
        """Add a cell to the list; IPython calls this method before each cell."""
        self._cells().append(ExitStack())

    def end(self) -> None:
        """Remove the innermost cell from the list, and restore its variables.

        IPython calls this method after each cell, even after an error.
        """
        if self._cells():
            self._cells().pop().close()

    def _cells(self) -> list[ExitStack]:
        cells: list[ExitStack] = vars(self._threads).setdefault("cells", [])
        return cells


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Register the cell magic in ``shell``; ``undo`` removes it."""
    environment = CellEnvironment()
    replace_magic(shell, "line", ENTER, _make_enter_magic(environment), undo)
    replace_magic(shell, "cell", WITH_SECRETS, _make_cell_magic(shell), undo)
    transformers = shell.input_transformer_manager.line_transforms
    # Our transformer has to be the first one, because IPython's own transformer turns the cell into a string in a call of the magic.
    transformers.insert(0, _replace_magic_line)
    undo.callback(_remove, transformers)
    for event, callback in (("pre_execute", environment.begin), ("post_execute", environment.end)):
        shell.events.register(event, callback)
        undo.callback(shell.events.unregister, event, callback)
    # A cell with the magic may unload the extension. Then no event reports the end of that cell, so the variables are
    # restored here.
    undo.callback(environment.end)


def _make_cell_magic(shell: InteractiveShell) -> Callable[[str, str], None]:
    def run(line: str, cell: str) -> None:
        """%%with_secrets NAME… [--prefix P_] [--as KEY=NAME]: run the cell with secrets' keys as environment variables."""
        # Only code that calls `run_cell_magic` gets here. In a cell, the transformer has already replaced the line of the magic.
        shell.run_cell(f"%%{WITH_SECRETS} {line}\n{cell}").raise_error()

    return run


def _make_enter_magic(environment: CellEnvironment) -> Callable[[str], None]:
    @convert_errors
    def enter(line: str) -> None:
        from zensecrets_jupyter.commands.secrets.environment import parse_variables

        environment.enter(parse_variables(split_line(line), f"%%{WITH_SECRETS}").environment())

    enter.__doc__ = "Set the keys of secrets as environment variables until the cell ends; `%%with_secrets` calls this."
    return enter


def _replace_magic_line(lines: list[str]) -> list[str]:
    """Replace the cell magic of a cell by a call of :data:`ENTER`."""
    match = _MAGIC.match(lines[0]) if lines else None
    if match is None:
        return lines
    code_lines = lines[1:]
    # IPython decides by the first line of a cell whether to remove an indent and prompts. Here the first line is the line of the magic,
    # so this function removes the indent and the prompts of the code.
    for clean in _CLEANERS:
        code_lines = clean(code_lines) if code_lines else code_lines
    # The next line may be another cell magic: `%%with_secrets` again, or a magic such as `%%bash`.
    code_lines = _replace_magic_line(code_lines)
    if code_lines and code_lines[0].startswith("%%"):
        code_lines = cell_magic(code_lines)
    call = f"get_ipython().run_line_magic({ENTER!r}, {match['line'].strip()!r})\n"
    # Python requires imports from __future__ before all other code, so the call is inserted after the last of them.
    call_index = max((number for number, line in enumerate(code_lines, 1) if _FUTURE_IMPORT.match(line)), default=0)
    return [*code_lines[:call_index], call, *code_lines[call_index:]]


def _remove_indent(lines: list[str]) -> list[str]:
    """Return the lines without their common indent.

    IPython's own transformer ``leading_indent`` is not used, because in IPython 8 it fails if the first line is empty.
    """
    return dedent("".join(lines)).splitlines(keepends=True)


_CLEANERS: tuple[Callable[[list[str]], list[str]], ...] = (_remove_indent, classic_prompt, ipython_prompt)


def _remove(transformers: list[object]) -> None:
    if _replace_magic_line in transformers:
        transformers.remove(_replace_magic_line)
