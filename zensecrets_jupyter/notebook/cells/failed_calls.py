"""Mask the inline secrets of failed calls of this package's Python API in tracebacks.

A traceback also shows the lines around the statement that failed, so the whole cell or file is searched.
"""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from collections import ChainMap
from contextlib import suppress
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.system.patching import patch
from zensecrets_jupyter.core.system.related_errors import related_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.notebook.cells.cleaner import CellCleaner

_MAX_ERRORS = 50
"""The maximum number of errors to search: the error, its causes, and the members of exception groups."""
_MAX_CODE_LENGTH = 1_000_000
"""The maximum number of characters of code that is searched. Longer code is not searched at all."""
_MAX_CAUGHT_ERRORS = 200
"""The maximum number of caught errors to search for each cell.

A loop may catch any number of errors.
"""
_LIBRARY_FOLDERS = ("site-packages", "dist-packages")
"""Folders of installed packages. A virtual environment in the working directory contains them too."""


class FailedCallProtection:
    """Protection of the inline secrets in failed code, before a traceback shows the code."""

    def __init__(self, shell: InteractiveShell, cleaner: CellCleaner) -> None:
        """Create the protection for the errors of ``shell``."""
        self._shell = shell
        self._cleaner = cleaner
        self._cell = ""
        self._caught_count = 0

    def install(self, undo: ExitStack) -> None:
        """Start to search each error before it is shown; ``undo`` stops it."""
        for name in ("showtraceback", "showsyntaxerror"):
            self._patch_shell(name, undo)
        # The modules `traceback` and `logging` show caught errors with the class `TracebackException`.
        original = traceback.TracebackException.__init__

        @wraps(original)
        def init(traceback_exception: Any, exc_type: Any, exc_value: Any, exc_traceback: Any, *args: Any, **kwargs: Any) -> None:
            # The class passes `_seen` when it creates an object for a cause or a member of an error. The search for the error itself
            # has already included its causes and members.
            if isinstance(exc_value, BaseException) and "_seen" not in kwargs and self._caught_count < _MAX_CAUGHT_ERRORS:
                self._caught_count += 1
                self._search(exc_value, exc_traceback)
            original(traceback_exception, exc_type, exc_value, exc_traceback, *args, **kwargs)

        patch(traceback.TracebackException, "__init__", init, undo)

    def begin_cell(self, cell: str) -> None:
        """Record the source of the next cell, and reset the count of caught errors."""
        self._cell = cell
        self._caught_count = 0

    def _patch_shell(self, name: str, undo: ExitStack) -> None:
        show = getattr(self._shell, name)

        @wraps(show)
        def search_and_show(*args: Any, **kwargs: Any) -> Any:
            # A caller may pass the result of `sys.exc_info()`. Without a current error, as for `%tb`, IPython shows `sys.last_value`.
            candidates = (*args, kwargs.get("exc_tuple"))
            exc_info = next((item for item in candidates if isinstance(item, tuple) and len(item) == 3), sys.exc_info())  # noqa: PLR2004 - the length of the tuple that sys.exc_info returns
            self._search(exc_info[1] or getattr(sys, "last_value", None), exc_info[2], self._cell)
            return show(*args, **kwargs)

        patch(self._shell, name, search_and_show, undo)

    def _search(self, error: BaseException | None, error_traceback: Any, cell: str = "") -> None:
        if not self._cleaner.is_on:
            return
        # An error in this search must not hide the user's error.
        with suppress(Exception):
            sources: list[tuple[str, Mapping[str, Any]]] = [(cell, self._shell.user_ns)] if cell else []
            sources += _sources_of(error, error_traceback, self._shell.user_ns)
            searched = set()
            for code, variables in sources:
                if len(code) <= _MAX_CODE_LENGTH and (code, id(variables)) not in searched:
                    searched.add((code, id(variables)))
                    self._protect(code, variables)

    def _protect(self, code: str, variables: Mapping[str, Any]) -> None:
        from zensecrets_jupyter.notebook.cells.calls.malformed_code import find_secrets_in_malformed_code
        from zensecrets_jupyter.notebook.cells.calls.parsed_code import find_secrets_in_code

        # Every call has a parenthesis, and every assignment of a value an equals sign.
        if "(" not in code and "=" not in code:
            return
        try:
            values = find_secrets_in_code(self._shell.transform_cell(code), variables)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            values = find_secrets_in_malformed_code(code, variables)
        for value in values:
            # The failed call may not have stored the value in a secret. So the mask names no secret: `‹secret:refused.value›`.
            self._cleaner.redactor.protect(value, "refused.value")


def _sources_of(
    error: BaseException | None, error_traceback: Any, user_variables: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Find the user's own code in the frames of an error, its causes and the members of groups.

    Args:
        error: The error.
        error_traceback: The traceback of the error, if it is known.
        user_variables: The variables of the notebook, for a line with a syntax error.

    Yields:
        The code and the variables of each frame, and the line of each syntax error with ``user_variables``.
    """
    if error is None:
        return
    for current_error in islice(related_errors(error), _MAX_ERRORS):
        current_traceback = error_traceback if current_error is error else None
        # Code with a syntax error does not run, so no frame contains it, and the error itself holds the line.
        if isinstance(current_error, SyntaxError) and current_error.text and not current_traceback:
            yield current_error.text, user_variables
        traceback_entry = current_traceback or current_error.__traceback__
        while traceback_entry is not None:
            frame = traceback_entry.tb_frame
            if code := _user_code(frame.f_code.co_filename):
                yield code, ChainMap(frame.f_locals, frame.f_globals)
            traceback_entry = traceback_entry.tb_next


def _user_code(filename: str) -> str:
    """Return the source of a cell or of a file in the working directory.

    The result is an empty string for every other file, such as the code of a library.
    """
    cache_entry = linecache.cache.get(filename)
    # IPython adds cells to `linecache` without a modification time.
    is_cell = cache_entry is not None and len(cache_entry) == 4 and cache_entry[1] is None  # noqa: PLR2004 - the length of a complete entry of linecache
    if not is_cell and (not filename.startswith(f"{Path.cwd()}{os.sep}") or any(folder in filename for folder in _LIBRARY_FOLDERS)):
        return ""
    return "".join(linecache.getlines(filename))
