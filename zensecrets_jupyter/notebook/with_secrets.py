"""``%%with_secrets``: a cell that IPython runs as any other, while secrets are environment variables.

The magic's line becomes a call in front of the cell's own code, before IPython compiles the cell. So everything that IPython does with a
cell holds for it: what is displayed, ``await``, comments, tracebacks. The variables are taken back when IPython says that the cell ended.
"""

from __future__ import annotations

import re
import threading
from contextlib import ExitStack
from textwrap import dedent
from typing import TYPE_CHECKING

from IPython.core.inputtransformer2 import cell_magic, classic_prompt, ipython_prompt

from zensecrets_jupyter.commands.magic_names import WITH_SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from IPython.core.interactiveshell import InteractiveShell

NAME = WITH_SECRETS
"""The magic."""

ENTER = f"{NAME}.entered"
"""The line magic that sets the variables until the end of the cell that runs."""

_MAGIC = re.compile(rf"%%{NAME}(?![\w?])(?P<line>.*)")
_FUTURE = re.compile(r"from\s+__future__\s+import\b")


class CellEnvironment:
    """The environment variables of the cells that run: each thread has its own, and a cell may run another."""

    def __init__(self) -> None:
        """Begin without any cell."""
        self._running = threading.local()

    def enter(self, variables: AbstractContextManager[object]) -> None:
        """Set variables until the innermost cell of this thread ends."""
        if not self._cells():
            self.begin()
        self._cells()[-1].enter_context(variables)

    def begin(self) -> None:
        """Note that a cell begins; IPython calls this."""
        self._cells().append(ExitStack())

    def end(self) -> None:
        """Take back what was set for the cell that ends; IPython calls this, whatever became of the cell."""
        if self._cells():
            self._cells().pop().close()

    def _cells(self) -> list[ExitStack]:
        cells: list[ExitStack] = vars(self._running).setdefault("cells", [])
        return cells


def register(shell: InteractiveShell, environment: CellEnvironment, undo: ExitStack) -> None:
    """Have cells under the magic run in ``shell`` with the variables that ``environment`` holds; ``undo`` stops it."""
    transformers = shell.input_transformer_manager.line_transforms
    # Before IPython makes a call of any cell magic.
    transformers.insert(0, _as_call)
    undo.callback(_remove, transformers)
    for event, callback in (("pre_execute", environment.begin), ("post_execute", environment.end)):
        shell.events.register(event, callback)
        undo.callback(shell.events.unregister, event, callback)
    # When the extension is unloaded in such a cell, nothing is told of its end.
    undo.callback(environment.end)


def cell_of(line: str, cell: str) -> str:
    """Return the source of a cell with the magic."""
    return f"%%{NAME} {line}\n{cell}"


def _as_call(lines: list[str]) -> list[str]:
    found = _MAGIC.match(lines[0]) if lines else None
    if found is None:
        return lines
    body = lines[1:]
    for clean in _CLEANERS:
        body = clean(body) if body else body
    body = _as_call(body)
    if body and body[0].startswith("%%"):
        body = cell_magic(body)
    call = f"get_ipython().run_line_magic({ENTER!r}, {found['line'].strip()!r})\n"
    # Python wants these imports before everything else.
    first = max((number for number, line in enumerate(body, 1) if _FUTURE.match(line)), default=0)
    return [*body[:first], call, *body[first:]]


def _dedented(lines: list[str]) -> list[str]:
    """Return the lines without the indent that they have in common. IPython 8's own looks at the first line only, which may be empty."""
    return dedent("".join(lines)).splitlines(keepends=True)


_CLEANERS: tuple[Callable[[list[str]], list[str]], ...] = (_dedented, classic_prompt, ipython_prompt)


def _remove(transformers: list[object]) -> None:
    if _as_call in transformers:
        transformers.remove(_as_call)
