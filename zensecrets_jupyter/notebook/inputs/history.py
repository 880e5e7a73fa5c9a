"""What IPython remembers of a session: ``In`` and ``_i``, the rows in ``history.sqlite``, and what they are saved from.

A source is cleaned before IPython stores it. What becomes known only later is taken out of what was stored before: in memory, in the rows
that wait for the thread that writes them, and in those of this session that are written.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.patching import patch

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.core.redaction import Redactor
    from zensecrets_jupyter.notebook.inputs.cleaner import Cleaner

_LINES = 32
"""Cells that are looked through at least before the next cell may run."""


class Sweep:
    """Values to look for in what was stored before they were known.

    Attributes:
        new: The values.
        lines: How many cells there were when it began.
        left: How many of the oldest ones are left to be looked through; -1 before it has begun.
        has_files: Whether the files beside the history are left too.
    """

    def __init__(self, new: Redactor) -> None:
        """Look for the values of ``new``."""
        self.new = new
        self.lines = 0
        self.left = -1
        self.has_files = True

    @property
    def is_waiting(self) -> bool:
        """Whether nothing was looked through yet but for what stands there as it is."""
        return self.left == self.lines


class CleanHistory:
    """The history of a shell, through which every source and every logged output goes cleaned."""

    def __init__(self, shell: InteractiveShell, cleaner: Cleaner) -> None:
        """Clean the history of ``shell``."""
        self._shell = shell
        self._history: Any = shell.history_manager
        self._cleaner = cleaner
        self._store_inputs: Callable[..., None] = self._history.store_inputs
        self._store_output: Callable[[int], None] = self._history.store_output
        self._write: Callable[..., None] = self._history.writeout_cache

    def install(self, undo: ExitStack) -> None:
        """Have the history cleaned from now on; ``undo`` stops it."""
        patch(self._history, "store_inputs", self._clean_inputs, undo)
        patch(self._history, "store_output", self._clean_output, undo)
        patch(self._history, "writeout_cache", self._write_securely, undo)

    def sweep(self, sweep: Sweep, until: float) -> dict[int, list[str]]:
        """Mask the values of a sweep in what was stored in this session before they were known.

        Args:
            sweep: The values, and how far they were looked for already.
            until: When to stop, by ``time.monotonic``; what is left is for the next call.

        Returns:
            The names of what was found, by the number of the cell.

        Raises:
            sqlite3.Error: If the file can't be changed now; what is in memory is clean then.
        """
        found: dict[int, list[str]] = {}
        inputs = self._history.input_hist_raw
        if sweep.left < 0:
            sweep.left = sweep.lines = len(inputs)
            self._sweep_latest(sweep.new)
            # What stands in a cell as it is does not wait for its turn.
            for line in reversed(range(sweep.lines)):
                may_contain = sweep.new.may_contain_plain_value
                if may_contain(inputs[line]) or may_contain(self._history.input_hist_parsed[line]):
                    found.update(self._sweep_lines(sweep, line, line + 1))
        while sweep.left:
            begin = max(0, sweep.left - _LINES)
            found.update(self._sweep_lines(sweep, begin, sweep.left))
            sweep.left = begin
            if time.monotonic() > until:
                break
        if found or not sweep.left:
            self._reload_prompt()
        return found

    def sweep_outputs(self) -> None:
        """Mask what is kept of outputs in memory, from which ``%notebook`` makes a file."""
        redactor = self._cleaner.redactor
        for kept in ("outputs", "exceptions"):
            # IPython 8 keeps texts only.
            for line, entries in list(getattr(self._history, kept, {}).items()):
                if isinstance(entries, dict):
                    getattr(self._history, kept)[line] = redactor.redact_tree(entries)
                    continue
                for entry in entries:
                    entry.bundle = redactor.redact_tree(entry.bundle)
        for line, text in list(self._history.output_hist_reprs.items()):
            self._history.output_hist_reprs[line] = self._cleaner.masked(text)

    def _clean_inputs(self, line_num: int, source: str, source_raw: str | None = None) -> None:
        cell = source if source_raw is None else source_raw
        self._store_inputs(line_num, self._cleaner.cleaned_code(source, cell), self._cleaner.cleaned(cell))

    def _clean_output(self, line_num: int) -> None:
        outputs = self._history.output_hist_reprs
        if self._history.db_log_output and line_num in outputs:
            outputs[line_num] = self._cleaner.masked(outputs[line_num])
        self._store_output(line_num)

    def _write_securely(self, conn: sqlite3.Connection | None = None) -> None:
        """Write the rows that wait, after a last look at them; this runs in the thread that writes, with that thread's connection."""
        if self._cleaner.is_on:
            self._clean_waiting()
            database = self._history.db if conn is None else conn
            with suppress(sqlite3.Error, AttributeError):
                # SQLite leaves what it deletes in the file, unless it is told to overwrite it: https://sqlite.org/pragma.html#pragma_secure_delete
                database.execute("PRAGMA secure_delete = ON")
        self._write(conn)

    def _clean_waiting(self) -> None:
        masked = self._cleaner.masked
        with self._history.db_input_cache_lock:
            waiting = self._history.db_input_cache
            self._history.db_input_cache = [(line, masked(source), masked(raw)) for line, source, raw in waiting]
        with self._history.db_output_cache_lock:
            self._history.db_output_cache = [(line, masked(output)) for line, output in self._history.db_output_cache]

    def _sweep_latest(self, new: Redactor) -> None:
        """Mask the variables that hold the last cells, whichever those are."""
        for name in ("_i00", "_i", "_ii", "_iii"):
            setattr(self._history, name, self._cleaner.masked(getattr(self._history, name), new))
        namespace = self._shell.user_ns
        for name in ("_i", "_ii", "_iii"):
            if type(namespace.get(name)) is str:
                namespace[name] = self._cleaner.masked(namespace[name], new)

    def _sweep_lines(self, sweep: Sweep, begin: int, end: int) -> dict[int, list[str]]:
        """Mask the values of a sweep in the cells from ``begin`` to before ``end``; see :meth:`sweep`."""

        # A cell is kept five times.
        @cache
        def masked(text: str) -> str:
            return self._cleaner.masked(text, sweep.new)

        names: dict[int, dict[str, None]] = {}
        namespace = self._shell.user_ns
        for line in range(begin, end):
            for inputs in (self._history.input_hist_parsed, self._history.input_hist_raw):
                text = inputs[line]
                clean = masked(text)
                if clean != text:
                    names.setdefault(line, {}).update(dict.fromkeys(one.name for one in sweep.new.find(text)))
                    inputs[line] = clean
            if type(namespace.get(f"_i{line}")) is str:
                namespace[f"_i{line}"] = masked(namespace[f"_i{line}"])
        if getattr(self._history, "enabled", False):
            # The file may have lines that are no longer in memory.
            self._sweep_file(begin or -1, end if end < sweep.lines else sys.maxsize, masked)
        return {line: list(names[line]) for line in sorted(names)}

    def _reload_prompt(self) -> None:
        """Have a terminal's prompt read the history again, of which it keeps a copy for its arrow keys."""
        prompt = getattr(getattr(self._shell, "pt_app", None), "history", None)
        if prompt is not None:
            # prompt_toolkit has no other way to say that what it has loaded is old.
            prompt._loaded = False  # noqa: SLF001 - as above

    def _sweep_file(self, begin: int, end: int, masked: Callable[[str], str]) -> None:
        """Mask this session's rows of the cells from ``begin`` to before ``end``, and all that wait to be written."""
        self._clean_waiting()
        # While this lock is held, the thread that writes does not.
        with self._history.db_input_cache_lock:
            database = self._history.db
            database.execute("PRAGMA secure_delete = ON")
            changed = self._sweep_rows(database, "history", ("source", "source_raw"), (begin, end), masked)
            changed += self._sweep_rows(database, "output_history", ("output",), (begin, end), masked)
            if changed:
                self._leave_nothing(database)

    def _sweep_rows(
        self, database: sqlite3.Connection, table: str, columns: tuple[str, ...], lines: tuple[int, int], masked: Callable[[str], str]
    ) -> int:
        names, session = ", ".join(columns), self._history.session_number
        select = f"SELECT rowid, {names} FROM {table} WHERE session = ? AND line >= ? AND line < ?"  # noqa: S608 - our own names
        rows = database.execute(select, (session, *lines)).fetchall()
        changes = []
        for row, *texts in rows:
            clean = [text if text is None else masked(text) for text in texts]
            if clean != texts:
                changes.append((*clean, row))
        assignments = ", ".join(f"{column} = ?" for column in columns)
        with database:
            database.executemany(f"UPDATE {table} SET {assignments} WHERE rowid = ?", changes)  # noqa: S608 - likewise
        return len(changes)

    def _leave_nothing(self, database: sqlite3.Connection) -> None:
        """Have nothing of what was replaced stay in the file or beside it."""
        # Before we came, rows may have been moved about in the file without overwriting them.
        with suppress(sqlite3.OperationalError):
            # Whoever else has the file open just now keeps it from being rewritten, and then it stays as tidy as it is.
            database.execute("VACUUM")
        if database.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
