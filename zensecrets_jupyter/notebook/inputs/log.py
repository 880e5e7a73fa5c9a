"""The file of ``%logstart``: what is written to it is cleaned, and what becomes known later is masked in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.patching import patch

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.core.redaction import Redactor
    from zensecrets_jupyter.notebook.inputs.cleaner import Cleaner


class CleanLog:
    """The log of a shell."""

    def __init__(self, shell: InteractiveShell, cleaner: Cleaner) -> None:
        """Clean the log of ``shell``."""
        self._shell = shell
        self._cleaner = cleaner
        self._logger: Any = None
        self._log: Callable[[str, str], None]
        self._write: Callable[..., None]
        self._file: tuple[Any, Path] | None = None

    def install(self, undo: ExitStack) -> None:
        """Have the log cleaned from now on; ``undo`` stops it. Again it changes nothing."""
        if self._logger is None:
            self._logger = self._shell.logger
            self._log, self._write = self._logger.log, self._logger.log_write
            patch(self._logger, "log", self._clean_cell, undo)
            patch(self._logger, "log_write", self._clean_text, undo)

    def sweep(self, new: Redactor) -> None:
        """Mask the values of ``new`` in what was written before they were known.

        Raises:
            OSError: If the file can't be changed.
        """
        file = self._logger.logfile if self._logger is not None else None
        if file is None or self._file is None or self._file[0] is not file:
            return
        file.flush()
        path = self._file[1]
        data = path.read_bytes()
        clean = self._cleaner.masked_bytes(data, new)
        if clean is not data:
            with path.open("r+b") as written:
                written.write(clean)
                written.truncate()
            file.seek(0, os.SEEK_END)

    def _clean_cell(self, line_mod: str, line_ori: str) -> None:
        self._log(self._cleaner.cleaned_code(line_mod, line_ori), self._cleaner.cleaned(line_ori))

    def _clean_text(self, data: str, kind: str = "input") -> None:
        file = self._logger.logfile
        if file is not None and (self._file is None or self._file[0] is not file):
            # It was opened just now; later, its name may be relative to another folder.
            self._file = (file, Path(file.name).absolute())
        self._write(self._cleaner.masked(data), kind)
