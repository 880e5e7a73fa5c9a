"""Check each cell after it ran, and remove its values or warn the user.

The values are removed from the cell, from IPython's history and from IPython's files (its log and the debugger's files).
"""

from __future__ import annotations

import math
import sqlite3
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction import Redactor
from zensecrets_jupyter.core.text import plural, sentence
from zensecrets_jupyter.notebook.cells.front_end_comm import PendingRepair
from zensecrets_jupyter.notebook.cells.history import Sweep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.notebook.cells.cell_files import DebuggerFileCleaner, LogCleaner
    from zensecrets_jupyter.notebook.cells.cleaner import CellCleaner
    from zensecrets_jupyter.notebook.cells.front_end_comm import FrontEndComm
    from zensecrets_jupyter.notebook.cells.history import HistoryCleaner
    from zensecrets_jupyter.notebook.cells.inline_secrets import CleanedCell

_MAX_CELL_IDS = 1000
"""The number of executed cells whose identifiers are stored."""
_SWEEP_SECONDS = 0.02
"""Maximum number of seconds that the search of earlier cells takes after each cell."""


class PostRunCheck:
    """Check of each cell of a shell after it ran."""

    def __init__(
        self,
        shell: InteractiveShell,
        cleaner: CellCleaner,
        copy_cleaners: tuple[HistoryCleaner, LogCleaner, DebuggerFileCleaner],
        comm: FrontEndComm | None = None,
    ) -> None:
        """Create the check.

        Args:
            shell: The shell.
            cleaner: The cleaner for the shell's cells.
            copy_cleaners: The cleaners for the copies of a cell.
            comm: The comm to the front ends; without it no cell can be repaired.
        """
        self._shell = shell
        self._cleaner = cleaner
        self._history, self._log, self._debugger_files = copy_cleaners
        self._comm = comm
        # The numbers of values that the redactor had received at the last check and at the last sweep. The first sweep searches all values.
        self._checked_count = cleaner.redactor.added_since(0)[0]
        self._swept_count = 0
        self._sweeps: list[Sweep] = []
        self._cell_ids: dict[int, str] = {}

    def check(self, result: Any) -> None:
        """Check the cell of an execution result; IPython calls this as ``post_run_cell``."""
        info = result.info
        if self._comm is not None:
            self._comm.open()
        if self._cleaner.is_on and info is not None and info.store_history and info.raw_cell:
            # At this time the shell's counter is already the number of the next cell.
            number = self._shell.execution_count - 1 if result.execution_count is None else result.execution_count
            self._store_cell_id(number, info.cell_id)
            self._repair_or_warn(self._cleaner.remove_inline_secrets(info.raw_cell), info.cell_id)
            self._sweep_earlier_cells(number)
            self._cleaner.forget()
        if not self._cleaner.is_on:
            # While the guard is off, cells are stored as typed. When the guard is on again, -1
            # differs from the number of values, so a complete sweep masks these cells.
            self._checked_count = -1
            self._swept_count = 0
            self._sweeps.clear()
        if self._comm is not None:
            # The redactor masks and counts printed values when the stream is flushed, so flush before the status is sent.
            for stream in (sys.stdout, sys.stderr):
                # User code may have replaced the stream by any object, or by None.
                with suppress(AttributeError, OSError, ValueError):
                    stream.flush()
            self._comm.send_status()

    def finish(self) -> None:
        """Complete the sweeps at the end of the session."""
        with suppress(sqlite3.Error, OSError):
            for sweep in self._sweeps:
                self._history.sweep(sweep, math.inf)
            self._sweeps.clear()

    def _store_cell_id(self, number: int, cell_id: str | None) -> None:
        if cell_id:
            self._cell_ids[number] = cell_id
            if len(self._cell_ids) > _MAX_CELL_IDS:
                del self._cell_ids[next(iter(self._cell_ids))]

    def _repair_or_warn(self, cleaned: CleanedCell, cell_id: str | None) -> None:
        """Repair a cell with inline secrets, and warn of the values that remain in it."""
        inline_names = [secret.name for secret in cleaned.inline_secrets]
        remaining_names = [match.name for match in self._cleaner.redactor.find(cleaned.source)]
        if not cleaned.is_clean:
            # The cleaned source still contains an inline secret, so replacing the cell would not remove it.
            inline_names, remaining_names = [], [*inline_names, *remaining_names]
        if inline_names:
            self._repair(cell_id, cleaned, _Values(inline_names))
        if remaining_names:
            values = _Values(remaining_names)
            warning = f"Warning: this cell holds {values.phrase}."
            if not self._offer(cell_id, self._cleaner.mask(cleaned.source), values, warning):
                self._write(f"{warning} {values.advice}")

    def _repair(self, cell_id: str | None, cleaned: CleanedCell, values: _Values) -> None:
        """Replace the source of a cell in the front end, or warn the user."""
        if self._comm is None:
            self._write(
                f"Warning: {values.phrase} {values.was} typed in plain text. The history does not contain {values.it}, but this screen"
                f" may still show {values.it}. Next time type only the key, and rotate the secret."
            )
        elif cell_id and self._comm.can_repair:
            pending = PendingRepair(
                self._parent(), lambda parent, is_repaired: self._report_repair(parent, values, is_repaired=is_repaired)
            )
            self._comm.repair(cell_id, cleaned.source, cleaned.unchanged, pending)
        else:
            self._report_repair(None, values, is_repaired=False)

    def _offer(self, cell_id: str | None, source: str, values: _Values, warning: str) -> bool:
        """Offer to mask values in a cell, and write the warning.

        Returns:
            Whether the offer was sent; without a front end that can repair cells, nothing is sent or written.
        """
        if not cell_id or self._comm is None or not self._comm.can_repair:
            return False
        message = f"✔ {sentence(values.phrase)} {values.was} replaced in the cell."
        pending = PendingRepair(self._parent(), lambda parent, _is_repaired: self._write(message, parent, stream="stdout"))
        self._comm.offer(cell_id, source, values.names, pending)
        self._write(f"{warning} Accept the replacement that the notebook offers, or remove {values.it} and rotate the secret.")
        return True

    def _sweep_earlier_cells(self, current_number: int) -> None:
        """Mask new values in all earlier cells and files.

        In a long session the sweep stops after a short time, and continues after the next cell.

        Args:
            current_number: The number of the cell that ran. :meth:`_repair_or_warn` has already warned of its values.
        """
        received_count, values = self._cleaner.redactor.added_since(self._swept_count)
        if received_count == self._checked_count and not self._sweeps:
            return
        if received_count != self._checked_count:
            self._add_to_sweeps(values)
            self._swept_count = self._checked_count = received_count
        try:
            self._run_sweeps(time.monotonic() + _SWEEP_SECONDS, current_number)
        except (sqlite3.Error, OSError) as error:
            self._write(f"Warning: a file of IPython still contains a value that was typed earlier, and can't be changed now ({error}).")

    def _add_to_sweeps(self, values: list[tuple[str, str]]) -> None:
        """Add new values to a sweep.

        While one sweep runs, all new values wait together in a second one. So there are never more than two sweeps.
        """
        if not self._sweeps or not self._sweeps[-1].is_waiting:
            self._sweeps.append(Sweep(Redactor()))
        last_sweep = self._sweeps[-1]
        last_sweep.restart()
        for value, name in values:
            last_sweep.redactor.protect(value, name)

    def _run_sweeps(self, deadline: float, current_number: int) -> None:
        # Each sweep does its quick search for unencoded values, which has no deadline. Only the first sweep also does the full search.
        for sweep in list(self._sweeps):
            is_first = sweep is self._sweeps[0]
            for number, names in self._history.sweep(sweep, deadline if is_first else None).items():
                if number != current_number:
                    self._warn_of_earlier_cell(number, _Values(names))
            if sweep.has_unsearched_files:
                self._log.sweep(sweep.redactor)
                self._debugger_files.sweep(sweep.redactor)
                sweep.has_unsearched_files = False
            if not sweep.remaining_count:
                self._sweeps.remove(sweep)

    def _warn_of_earlier_cell(self, number: int, values: _Values) -> None:
        warning = f"Warning: cell [{number}] holds {values.phrase}."
        # The sweep has already masked the values in this source.
        source = self._shell.history_manager.input_hist_raw[number]
        if not self._offer(self._cell_ids.get(number), source, values, warning):
            self._write(f"{warning} {values.advice}")

    def _report_repair(self, parent: Mapping[str, Any] | None, values: _Values, *, is_repaired: bool) -> None:
        if is_repaired:
            message = f"✔ {sentence(values.phrase)} {values.was} removed from this cell and from the history."
            self._write(message, parent, stream="stdout")
        else:
            message = f"Warning: this cell still holds {values.phrase}. The history does not contain {values.it}. {values.advice}"
            self._write(message, parent)

    def _parent(self) -> Mapping[str, Any]:
        """Return the message of the request that ran the current cell."""
        parent = self._shell.kernel.get_parent("shell")
        return parent if isinstance(parent, Mapping) else {}

    def _write(self, text: str, parent: Mapping[str, Any] | None = None, *, stream: str = "stderr") -> None:
        """Write a line below a cell.

        Args:
            text: The line.
            parent: The message of the request that ran the cell; by default the line is written below the current cell.
            stream: The stream, ``stdout`` or ``stderr``.
        """
        if parent is None:
            print(text, file=getattr(sys, stream))
            return
        kernel = self._shell.kernel
        content = {"name": stream, "text": f"{text}\n"}
        kernel.session.send(kernel.iopub_socket, "stream", content, parent=parent, ident=f"stream.{stream}".encode())


class _Values:
    """Names of values, and the words that refer to the values in a message, in the singular or the plural.

    Attributes:
        names: The names without duplicates.
        phrase: A noun phrase such as "the values of a.b, c.d".
        was: The verb "was" or "were".
        it: The pronoun "it" or "them".
        advice: A sentence that tells the user what to do.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Create the words for ``names``, which may contain duplicates."""
        self.names = list(dict.fromkeys(names))
        is_one = len(self.names) == 1
        self.phrase = f"the {plural('value', len(self.names))} of {', '.join(self.names)}"
        self.was = "was" if is_one else "were"
        self.it = "it" if is_one else "them"
        self.advice = f"Remove {self.it} and rotate the secret, because saved or shared copies may contain {self.it}."
