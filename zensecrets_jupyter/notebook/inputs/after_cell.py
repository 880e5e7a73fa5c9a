"""What is done about a cell after it ran: what it held is taken out of where it was kept, out of the cell too if that can be, or told."""

from __future__ import annotations

import math
import sqlite3
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction import Redactor
from zensecrets_jupyter.notebook.inputs.front_ends import Request
from zensecrets_jupyter.notebook.inputs.history import Sweep

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.notebook.inputs.cleaner import Cleaner
    from zensecrets_jupyter.notebook.inputs.debugger import CleanDumps
    from zensecrets_jupyter.notebook.inputs.front_ends import FrontEnds
    from zensecrets_jupyter.notebook.inputs.history import CleanHistory
    from zensecrets_jupyter.notebook.inputs.literals import Repaired
    from zensecrets_jupyter.notebook.inputs.log import CleanLog

_REMEMBERED = 1000
"""Cells of which it is remembered which run was theirs."""
_PATIENCE = 0.02
"""Seconds that the next cell waits while earlier ones are looked through."""


class AfterCell:
    """Looks at each cell of a shell after it ran."""

    def __init__(
        self,
        shell: InteractiveShell,
        cleaner: Cleaner,
        kept: tuple[CleanHistory, CleanLog, CleanDumps],
        front_ends: FrontEnds | None = None,
    ) -> None:
        """Look at the cells of ``shell``; without front ends none of them can be repaired."""
        self._shell = shell
        self._cleaner = cleaner
        self._history, self._log, self._dumps = kept
        self._front_ends = front_ends
        self._known = cleaner.redactor.added_since(0)[0]
        self._swept = 0
        self._sweeps: list[Sweep] = []
        self._cells: dict[int, str] = {}

    def look(self, result: Any) -> None:
        """Deal with the cell that ``result`` is of; IPython calls this."""
        info = result.info
        if self._front_ends is not None:
            self._front_ends.open()
        if self._cleaner.is_on and info is not None and info.store_history and info.raw_cell:
            line = self._shell.execution_count - 1 if result.execution_count is None else result.execution_count
            self._remember(line, info.cell_id)
            repaired = self._cleaner.repaired(info.raw_cell)
            self._deal_with(repaired, info.cell_id)
            self._sweep(line)
            self._cleaner.forget()
        if not self._cleaner.is_on:
            # What is typed meanwhile is kept, and is looked for once the guard is on again.
            self._known = -1
            self._swept = 0
            self._sweeps.clear()
        if self._front_ends is not None:
            # What was printed is masked, and counted, when it is sent.
            for stream in (sys.stdout, sys.stderr):
                # Code may have put a stream of its own there, or none.
                with suppress(AttributeError, OSError, ValueError):
                    stream.flush()
            self._front_ends.tell()

    def _remember(self, line: int, cell: str | None) -> None:
        if cell:
            self._cells[line] = cell
            if len(self._cells) > _REMEMBERED:
                del self._cells[next(iter(self._cells))]

    def _deal_with(self, repaired: Repaired, cell: str | None) -> None:
        taken_out = _names(literal.name for literal in repaired.literals) if repaired.is_clear else []
        left = _names(found.name for found in self._cleaner.redactor.find(repaired.source))
        if not repaired.is_clear:
            left = _names([*(literal.name for literal in repaired.literals), *left])
        if taken_out:
            self._repair(cell, repaired, taken_out)
        if left:
            self._offer(cell, self._cleaner.masked(repaired.source), left)

    def _repair(self, cell: str | None, repaired: Repaired, names: list[str]) -> None:
        """Have a cell become the repaired source in the front end, as it is in the history; or say that it can't."""
        if self._front_ends is None:
            self._say(
                f"Warning: {_values(names)} typed in clear. No history keeps {_it(names)}, but this screen may still show {_it(names)}:"
                " next time write the key without a value, and change what somebody may have seen."
            )
        elif cell and self._front_ends.can_repair:
            request = Request(self._parent(), lambda parent, done: self._say_repaired(parent, names, done=done))
            self._front_ends.repair(cell, repaired.source, repaired.kept, request)
        else:
            self._say_repaired(None, names, done=False)

    def _offer(self, cell: str | None, source: str, names: list[str]) -> None:
        """Say that a cell holds values, and have its person asked whether they are to be masked in it."""
        text = f"Warning: this cell holds {_of(names)}."
        if cell and self._front_ends is not None and self._front_ends.can_repair:
            self._front_ends.offer(cell, source, names, Request(self._parent(), lambda parent, _done: self._say_masked(parent, names)))
            self._say(f"{text} Replace {_it(names)} where the notebook offers it, or take {_it(names)} out and rotate the secret.")
        else:
            self._say(f"{text} Take {_it(names)} out, and rotate the secret: what was saved or shared may hold {_it(names)}.")

    def _sweep(self, current: int) -> None:
        """Take out of everything that was stored before what is known only since this cell.

        Only new values are looked for, and in a session of thousands of cells not in all of them before the next one may run.
        """
        known, values = self._cleaner.redactor.added_since(self._swept)
        if known == self._known and not self._sweeps:
            return
        if known != self._known:
            self._begin(values)
            self._swept = self._known = known
        try:
            self._go_on(time.monotonic() + _PATIENCE, current)
        except (sqlite3.Error, OSError) as error:
            self._say(f"Warning: a value that was typed before is still in a file of IPython, which can't be changed now ({error}).")

    def _begin(self, values: list[tuple[str, str]]) -> None:
        """Begin to look for new values, together with those that still wait to be looked for."""
        if len(self._sweeps) <= 1 or not self._sweeps[-1].is_waiting:
            self._sweeps.append(Sweep(Redactor()))
        last = self._sweeps[-1]
        last.left, last.has_files = -1, True
        for value, name in values:
            last.new.protect(value, name)

    def _go_on(self, until: float, current: int) -> None:
        # One that has to wait begins all the same: what stands in a cell as it is does not wait.
        for sweep in list(self._sweeps):
            for line, names in self._history.sweep(sweep, until).items():
                if line != current:
                    self._tell_of_earlier(line, names)
            if sweep.has_files:
                self._log.sweep(sweep.new)
                self._dumps.sweep(sweep.new)
                sweep.has_files = False
            if not sweep.left:
                self._sweeps.remove(sweep)

    def finish(self) -> None:
        """Look through what is left of the history, at the end of the session."""
        with suppress(sqlite3.Error, OSError):
            for sweep in self._sweeps:
                self._history.sweep(sweep, math.inf)
            self._sweeps.clear()

    def _tell_of_earlier(self, line: int, names: list[str]) -> None:
        text = f"Warning: cell [{line}] holds {_of(names)}."
        cell = self._cells.get(line)
        if cell is not None and self._front_ends is not None and self._front_ends.can_repair:
            source = self._shell.history_manager.input_hist_raw[line]
            self._front_ends.offer(cell, source, names, Request(self._parent(), lambda parent, _done: self._say_masked(parent, names)))
            self._say(f"{text} Replace {_it(names)} where the notebook offers it, or take {_it(names)} out and rotate the secret.")
        else:
            self._say(f"{text} Take {_it(names)} out there, and rotate the secret.")

    def _say_repaired(self, parent: Mapping[str, Any] | None, names: list[str], *, done: bool) -> None:
        if done:
            self._say(f"✔ T{_values(names)[1:]} taken out of this cell and of the history.", parent, stream="stdout")
            return
        self._say(
            f"Warning: {_values(names)} typed in this cell, and {_are(names)} still there: only the history is clean. Take"
            f" {_it(names)} out, and rotate the secret: what was saved or shared may hold {_it(names)}.",
            parent,
        )

    def _say_masked(self, parent: Mapping[str, Any], names: list[str]) -> None:
        self._say(f"✔ T{_values(names)[1:]} replaced in the cell.", parent, stream="stdout")

    def _parent(self) -> Mapping[str, Any]:
        found = self._shell.kernel.get_parent("shell")
        return found if isinstance(found, Mapping) else {}

    def _say(self, text: str, parent: Mapping[str, Any] | None = None, *, stream: str = "stderr") -> None:
        """Write a line below the cell that ran, or the cell of the request ``parent``, which may have ended."""
        if parent is None:
            print(text, file=getattr(sys, stream))
            return
        kernel = self._shell.kernel
        content = {"name": stream, "text": f"{text}\n"}
        kernel.session.send(kernel.iopub_socket, "stream", content, parent=parent, ident=f"stream.{stream}".encode())


def _names(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _of(names: list[str]) -> str:
    return f"the value{'s' if len(names) > 1 else ''} of {', '.join(names)}"


def _values(names: list[str]) -> str:
    return f"{_of(names)} {'were' if len(names) > 1 else 'was'}"


def _it(names: list[str]) -> str:
    return "them" if len(names) > 1 else "it"


def _are(names: list[str]) -> str:
    return "are" if len(names) > 1 else "is"
