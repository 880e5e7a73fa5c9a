"""Calls of our API that failed, or never ran because their cell failed: what was typed as values in them is masked in the traceback."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from collections import ChainMap
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.patching import patch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.notebook.inputs.cleaner import Cleaner

_MOST_ERRORS = 20
"""Errors that are looked at in a chain of causes."""
_LONGEST = 1_000_000
"""Characters of code that is looked at."""
_MOST_CAUGHT = 200
"""Errors that code catches and shows, of which each cell's are looked at: a loop may have any number of them."""
_LIBRARIES = ("site-packages", "dist-packages")


class FailedCalls:
    """Protects the values of calls that failed, before anything shows their lines."""

    def __init__(self, shell: InteractiveShell, cleaner: Cleaner) -> None:
        """Look at the errors of ``shell`` while its guard is on."""
        self._shell = shell
        self._cleaner = cleaner
        self._cell = ""
        self._caught = 0

    def install(self, undo: ExitStack) -> None:
        """Look at each error before it is shown, from now on; ``undo`` stops it."""
        for name in ("showtraceback", "showsyntaxerror"):
            self._look_before(name, undo)
        # What code catches is shown by `traceback` and by `logging`, which use this.
        shown = traceback.TracebackException.__init__

        @wraps(shown)
        def init(own: Any, exc_type: Any, exc_value: Any, exc_traceback: Any, *args: Any, **kwargs: Any) -> None:
            if isinstance(exc_value, BaseException) and "_seen" not in kwargs and self._caught < _MOST_CAUGHT:
                self._caught += 1
                self._look(exc_value, exc_traceback)
            shown(own, exc_type, exc_value, exc_traceback, *args, **kwargs)

        patch(traceback.TracebackException, "__init__", init, undo)

    def begin(self, cell: str) -> None:
        """Take note of the cell that runs now."""
        self._cell = cell
        self._caught = 0

    def _look_before(self, name: str, undo: ExitStack) -> None:
        show = getattr(self._shell, name)

        @wraps(show)
        def look_and_show(*args: Any, **kwargs: Any) -> Any:
            given = next((one for one in (*args, kwargs.get("exc_tuple")) if isinstance(one, tuple) and len(one) == 3), sys.exc_info())  # noqa: PLR2004 - as sys.exc_info has it
            self._look(given[1] or getattr(sys, "last_value", None), given[2], self._cell)
            return show(*args, **kwargs)

        patch(self._shell, name, look_and_show, undo)

    def _look(self, error: BaseException | None, last: Any, cell: str = "") -> None:
        if not self._cleaner.is_on:
            return
        # An error of ours must not keep theirs from being shown.
        with suppress(Exception):
            codes: list[tuple[str, Mapping[str, Any]]] = [(cell, self._shell.user_ns)] if cell else []
            codes += _codes(error, last, self._shell.user_ns)
            seen = set()
            for code, names in codes:
                if len(code) <= _LONGEST and (code, id(names)) not in seen:
                    seen.add((code, id(names)))
                    self._protect(code, names)

    def _protect(self, code: str, names: Mapping[str, Any]) -> None:
        from zensecrets_jupyter.notebook.inputs.call_literals import literals_in
        from zensecrets_jupyter.notebook.inputs.unreadable_calls import literals_in_unreadable

        if "(" not in code and "=" not in code:
            return
        try:
            found = literals_in(self._shell.transform_cell(code), names, literals_in_unreadable)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            found = literals_in_unreadable(code, names)
        for text in found:
            self._cleaner.redactor.protect(text, "refused.value")


def _codes(error: BaseException | None, last: Any, names: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the person's own code that an error and its causes lead through, and the variables that it saw.

    ``names`` are what a line sees that never ran.
    """
    seen: set[int] = set()
    waiting = [(error, last)]
    while waiting and len(seen) < _MOST_ERRORS:
        current, frames = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, SyntaxError) and current.text and not frames:
            yield current.text, names
        step = frames or current.__traceback__
        while step is not None:
            frame = step.tb_frame
            if code := _own_code(frame.f_code.co_filename):
                yield code, ChainMap(frame.f_locals, frame.f_globals)
            step = step.tb_next
        waiting += [(current.__cause__, None), (current.__context__, None)]


def _own_code(file: str) -> str:
    """Return the source of a cell, or of a file of the person's own; nothing for the file of a library."""
    entry = linecache.cache.get(file)
    # IPython keeps cells there without a time.
    is_cell = entry is not None and len(entry) == 4 and entry[1] is None  # noqa: PLR2004 - as linecache has it
    if not is_cell and (not file.startswith(f"{Path.cwd()}{os.sep}") or any(name in file for name in _LIBRARIES)):
        return ""
    return "".join(linecache.getlines(file))
