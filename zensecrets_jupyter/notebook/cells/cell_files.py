"""Keep values out of the files to which IPython and ipykernel write cells.

These files are the log of ``%logstart`` and the files of the debugger.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.system.patching import patch

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.core.redaction import Redactor
    from zensecrets_jupyter.notebook.cells.cleaner import CellCleaner


class LogCleaner:
    """Cleaner for the file of ``%logstart``."""

    def __init__(self, shell: InteractiveShell, cleaner: CellCleaner) -> None:
        """Create a cleaner for the log of ``shell``."""
        self._shell = shell
        self._cleaner = cleaner
        self._logger: Any = None
        self._original_log: Callable[[str, str], None]
        self._original_write: Callable[..., None]
        # The open log file, and its absolute path.
        self._file_and_path: tuple[Any, Path] | None = None

    def install(self, undo: ExitStack) -> None:
        """Start to clean the log; ``undo`` stops it. Later calls have no effect."""
        if self._logger is None:
            self._logger = self._shell.logger
            self._original_log, self._original_write = self._logger.log, self._logger.log_write
            patch(self._logger, "log", self._log_cell, undo)
            patch(self._logger, "log_write", self._write_text, undo)

    def sweep(self, redactor: Redactor) -> None:
        """Mask new values in the text that was written before the values were protected.

        Args:
            redactor: The redactor with the new values.

        Raises:
            OSError: If the file can't be changed.
        """
        file = self._logger.logfile if self._logger is not None else None
        if file is None or self._file_and_path is None or self._file_and_path[0] is not file:
            return
        file.flush()
        path = self._file_and_path[1]
        data = path.read_bytes()
        clean = self._cleaner.mask_bytes(data, redactor)
        if clean is not data:
            # The file is not replaced by a new one, because IPython has it open.
            with path.open("r+b") as log:
                log.write(clean)
                log.truncate()
            file.seek(0, os.SEEK_END)

    def _log_cell(self, line_mod: str, line_ori: str) -> None:
        # The arguments have the names of IPython: the transformed code and the original cell.
        self._original_log(self._cleaner.clean_transformed(line_mod, line_ori), self._cleaner.clean(line_ori))

    def _write_text(self, data: str, kind: str = "input") -> None:
        file = self._logger.logfile
        if file is not None and (self._file_and_path is None or self._file_and_path[0] is not file):
            # The file has just been opened. Its name may be relative, and the working directory may change later.
            self._file_and_path = (file, Path(file.name).absolute())
        self._original_write(self._cleaner.mask(data), kind)


class DebuggerFileCleaner:
    """Cleaner for the files to which ipykernel's debugger writes cells.

    Before a front end with a debugger runs a cell, ipykernel writes the cell to a file in the folder for temporary files. A breakpoint is
    a line number of that file, so a cleaned file keeps the line numbers.
    """

    def __init__(self, kernel: Any, cleaner: CellCleaner) -> None:
        """Create a cleaner for the debugger of ``kernel``."""
        debugger = getattr(kernel, "debugger", None)
        self._handlers: dict[str, Callable[..., Any]] = getattr(debugger, "started_debug_handlers", {})
        self._cleaner = cleaner

    def install(self, undo: ExitStack) -> None:
        """Start to clean the files; ``undo`` stops it."""
        # `dumpCell` is the request of a front end to write a cell to a file.
        original = self._handlers.get("dumpCell")
        if original is None:
            return

        async def dump_clean(message: Any) -> Any:
            code = message["arguments"]["code"]
            clean = keep_line_numbers(code, self._cleaner.clean(code))
            if clean is code:
                return await original(message)
            # The debugger finds the file by the hash of the original code, so the name stays the same.
            file = _debugger_file(code)
            file.write_text(clean, encoding="utf-8")
            body = {"sourcePath": str(file)}
            return {"type": "response", "request_seq": message["seq"], "success": True, "command": message["command"], "body": body}

        def uninstall() -> None:
            if self._handlers.get("dumpCell") is dump_clean:
                self._handlers["dumpCell"] = original

        self._handlers["dumpCell"] = dump_clean
        undo.callback(uninstall)

    def sweep(self, redactor: Redactor) -> None:
        """Mask new values in the files that were written before the values were protected.

        Args:
            redactor: The redactor with the new values.

        Raises:
            OSError: If a file can't be changed.
        """
        if not self._handlers:
            return
        # All files of the debugger are in one folder.
        for path in _debugger_file("").parent.glob("*.py"):
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
            clean = keep_line_numbers(text, self._cleaner.mask(text, redactor))
            if clean is not text:
                with path.open("r+", encoding="utf-8", errors="surrogateescape") as file:
                    file.write(clean)
                    file.truncate()


def keep_line_numbers(original: str, cleaned: str) -> str:
    """Insert empty lines into a cleaned text, so that each remaining line keeps its number.

    Args:
        original: The original text.
        cleaned: The cleaned text, which may have fewer lines.

    Returns:
        The cleaned text with the line numbers of the original; ``original`` itself if both texts are equal.
    """
    if original == cleaned:
        return original
    old_lines, new_lines = original.split("\n"), cleaned.split("\n")
    missing_count = len(old_lines) - len(new_lines)
    if missing_count <= 0:
        return cleaned
    # The removed lines were before the lines that are equal at the end of both texts.
    equal_count = 0
    while equal_count < len(new_lines) - 1 and old_lines[-1 - equal_count] == new_lines[-1 - equal_count]:
        equal_count += 1
    return "\n".join([*new_lines[: len(new_lines) - equal_count], *[""] * missing_count, *new_lines[len(new_lines) - equal_count :]])


def _debugger_file(code: str) -> Path:
    """Return the path of the file to which ipykernel writes a cell with this code."""
    from ipykernel.compiler import get_file_name

    return Path(get_file_name(code))
