"""Keep values out of IPython's history.

The history consists of the variables ``In`` and ``_i``, the file ``history.sqlite``, and stored outputs. A source is cleaned before IPython
stores it. If a value is protected later, it is masked in the stored copies: in memory, in rows that IPython's thread has not written yet,
and in this session's rows of the file.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.system.patching import patch

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.core.redaction import Redactor
    from zensecrets_jupyter.notebook.cells.cleaner import CellCleaner

_CELLS_PER_STEP = 32
"""The number of cells that a sweep searches before it checks the time."""


class Sweep:
    """A search for newly protected values in the cells that were stored before.

    Attributes:
        redactor: The redactor with the new values.
        cell_count: The number of cells at the start of the sweep.
        remaining_count: The number of cells that are not searched yet; -1 before the start. The sweep begins with the newest cell.
        has_unsearched_files: Whether the log and the debugger's files are not searched yet.
    """

    def __init__(self, redactor: Redactor) -> None:
        """Create a sweep for the values of ``redactor``."""
        self.redactor = redactor
        self.cell_count = 0
        self.remaining_count = -1
        self.has_unsearched_files = True

    @property
    def is_waiting(self) -> bool:
        """Whether the full search has not begun.

        The quick search for unencoded values may have run.
        """
        return self.remaining_count < 0 or self.remaining_count == self.cell_count

    def restart(self) -> None:
        """Search all cells and files again, after a value was added."""
        self.remaining_count = -1
        self.has_unsearched_files = True


class HistoryCleaner:
    """Cleaner for the history of a shell."""

    def __init__(self, shell: InteractiveShell, cleaner: CellCleaner) -> None:
        """Create a cleaner for the history of ``shell``."""
        self._shell = shell
        self._history: Any = shell.history_manager
        self._cleaner = cleaner
        self._original_store_inputs: Callable[..., None] = self._history.store_inputs
        self._original_store_output: Callable[[int], None] = self._history.store_output
        self._original_write: Callable[..., None] = self._history.writeout_cache

    def install(self, undo: ExitStack) -> None:
        """Start to clean the history; ``undo`` stops it."""
        patch(self._history, "store_inputs", self._store_inputs, undo)
        patch(self._history, "store_output", self._store_output, undo)
        patch(self._history, "writeout_cache", self._write, undo)

    def sweep(self, sweep: Sweep, deadline: float | None) -> dict[int, list[str]]:
        """Mask the values of a sweep in the cells of this session, until a deadline.

        Args:
            sweep: The sweep, which records its progress for the next call.
            deadline: The deadline by ``time.monotonic``, or ``None`` for only the quick search for unencoded values.

        Returns:
            The names of the masked values, by the number of the cell.

        Raises:
            sqlite3.Error: If the file can't be changed now. The copies in memory are already clean.
        """
        names: dict[int, list[str]] = {}
        inputs = self._history.input_hist_raw
        if sweep.remaining_count < 0:
            sweep.remaining_count = sweep.cell_count = len(inputs)
            self._mask_latest(sweep.redactor)
            # Unencoded values are masked at once in all cells, because that search is fast.
            for number in reversed(range(sweep.cell_count)):
                may_contain = sweep.redactor.may_contain_plain_value
                if may_contain(inputs[number]) or may_contain(self._history.input_hist_parsed[number]):
                    names.update(self._mask_cells(sweep, number, number + 1))
        while sweep.remaining_count and deadline is not None:
            begin = max(0, sweep.remaining_count - _CELLS_PER_STEP)
            names.update(self._mask_cells(sweep, begin, sweep.remaining_count))
            sweep.remaining_count = begin
            if time.monotonic() > deadline:
                break
        if names or not sweep.remaining_count:
            self._reload_prompt_history()
        return names

    def mask_stored_outputs(self) -> None:
        """Mask the values in the outputs that IPython stores for ``%notebook``."""
        redactor = self._cleaner.redactor
        for attribute in ("outputs", "exceptions"):
            # IPython 8 has neither attribute. IPython 9 stores a list of outputs for a cell, and a dictionary for an exception.
            for number, stored in list(getattr(self._history, attribute, {}).items()):
                if isinstance(stored, dict):
                    getattr(self._history, attribute)[number] = redactor.redact_tree(stored)
                    continue
                for output in stored:
                    output.bundle = redactor.redact_tree(output.bundle)
        for number, text in list(self._history.output_hist_reprs.items()):
            self._history.output_hist_reprs[number] = self._cleaner.mask(text)

    def _store_inputs(self, line_num: int, source: str, source_raw: str | None = None) -> None:
        cell = source if source_raw is None else source_raw
        self._original_store_inputs(line_num, self._cleaner.clean_transformed(source, cell), self._cleaner.clean(cell))

    def _store_output(self, line_num: int) -> None:
        outputs = self._history.output_hist_reprs
        if self._history.db_log_output and line_num in outputs:
            outputs[line_num] = self._cleaner.mask(outputs[line_num])
        self._original_store_output(line_num)

    def _write(self, conn: sqlite3.Connection | None = None) -> None:
        """Mask the waiting rows and write them.

        IPython calls this method in its writing thread with the connection of that thread, and elsewhere without a connection.
        """
        if self._cleaner.is_on:
            self._mask_waiting_rows()
            database = self._history.db if conn is None else conn
            with suppress(sqlite3.Error, AttributeError):
                # By default SQLite leaves deleted content in the file: https://sqlite.org/pragma.html#pragma_secure_delete
                database.execute("PRAGMA secure_delete = ON")
        self._original_write(conn)

    def _mask_waiting_rows(self) -> None:
        mask = self._cleaner.mask
        with self._history.db_input_cache_lock:
            rows = self._history.db_input_cache
            self._history.db_input_cache = [(line, mask(source), mask(raw)) for line, source, raw in rows]
        with self._history.db_output_cache_lock:
            self._history.db_output_cache = [(line, mask(output)) for line, output in self._history.db_output_cache]

    def _mask_latest(self, redactor: Redactor) -> None:
        """Mask new values in the variables ``_i``, ``_ii`` and ``_iii``, which contain the latest cells."""
        # `_i00` is the newest cell. IPython moves it to `_i` when it stores the next cell.
        for name in ("_i00", "_i", "_ii", "_iii"):
            setattr(self._history, name, self._cleaner.mask(getattr(self._history, name), redactor))
        # The user's namespace has copies of these attributes. User code may have assigned other objects to them.
        namespace = self._shell.user_ns
        for name in ("_i", "_ii", "_iii"):
            if type(namespace.get(name)) is str:
                namespace[name] = self._cleaner.mask(namespace[name], redactor)

    def _mask_cells(self, sweep: Sweep, begin: int, end: int) -> dict[int, list[str]]:
        """Mask the values of a sweep in the cells from ``begin`` to before ``end``.

        Returns:
            The names of the masked values, by the number of the cell.
        """

        # IPython stores up to five copies of a cell, and the cache prevents a search of each copy.
        @cache
        def mask(text: str) -> str:
            return self._cleaner.mask(text, sweep.redactor)

        names: dict[int, dict[str, None]] = {}
        namespace = self._shell.user_ns
        for number in range(begin, end):
            for inputs in (self._history.input_hist_parsed, self._history.input_hist_raw):
                text = inputs[number]
                clean = mask(text)
                if clean != text:
                    names.setdefault(number, {}).update(dict.fromkeys(match.name for match in sweep.redactor.find(text)))
                    inputs[number] = clean
            if type(namespace.get(f"_i{number}")) is str:
                namespace[f"_i{number}"] = mask(namespace[f"_i{number}"])
        if getattr(self._history, "enabled", False):
            # The file may have rows of cells that are no longer in memory, with smaller or larger numbers. So the range of the first cells
            # has no lower limit (-1), and the range of the last cells has no upper limit.
            self._mask_file(begin or -1, end if end < sweep.cell_count else sys.maxsize, mask)
        return {number: list(names[number]) for number in sorted(names)}

    def _reload_prompt_history(self) -> None:
        """Make the prompt of a terminal load the history again.

        The arrow keys of a terminal show a copy of the history in memory.
        """
        prompt_history = getattr(getattr(self._shell, "pt_app", None), "history", None)
        if prompt_history is not None:
            prompt_history._loaded = False  # noqa: SLF001 - prompt_toolkit has no public method that discards the loaded history

    def _mask_file(self, begin: int, end: int, mask: Callable[[str], str]) -> None:
        """Mask this session's rows in the history file, and all waiting rows.

        Args:
            begin: The number of the first cell to mask in the file.
            end: The number of the cell after the last one.
            mask: Returns a text with its values masked.
        """
        self._mask_waiting_rows()
        # IPython's thread starts no write while this lock is held, because it writes the inputs first.
        with self._history.db_input_cache_lock:
            database = self._history.db
            database.execute("PRAGMA secure_delete = ON")
            changed = self._mask_rows(database, "history", ("source", "source_raw"), (begin, end), mask)
            changed += self._mask_rows(database, "output_history", ("output",), (begin, end), mask)
            if changed:
                self._remove_old_pages(database)

    def _mask_rows(
        self, database: sqlite3.Connection, table: str, columns: tuple[str, ...], line_range: tuple[int, int], mask: Callable[[str], str]
    ) -> int:
        """Mask this session's rows in a table, and return the number of changed rows."""
        column_list, session = ", ".join(columns), self._history.session_number
        select = f"SELECT rowid, {column_list} FROM {table} WHERE session = ? AND line >= ? AND line < ?"  # noqa: S608 - the names are constants of this module
        rows = database.execute(select, (session, *line_range)).fetchall()
        changes = []
        for row_id, *texts in rows:
            clean = [text if text is None else mask(text) for text in texts]
            if clean != texts:
                changes.append((*clean, row_id))
        assignments = ", ".join(f"{column} = ?" for column in columns)
        with database:
            database.executemany(f"UPDATE {table} SET {assignments} WHERE rowid = ?", changes)  # noqa: S608 - the names are constants of this module
        return len(changes)

    def _remove_old_pages(self, database: sqlite3.Connection) -> None:
        """Remove the replaced text from free pages of the file and from the write-ahead log."""
        # Before secure_delete was on, SQLite may have moved rows and left the old copies in the file.
        with suppress(sqlite3.OperationalError):
            # Another process that uses the file prevents VACUUM. The rows themselves are already masked.
            database.execute("VACUUM")
        if database.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
