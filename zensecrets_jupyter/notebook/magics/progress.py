"""Progress of long commands: a line in a notebook, a progress bar in a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from IPython.display import display

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell


def progress_options(shell: InteractiveShell) -> dict[str, Any]:
    """Return the arguments of ``FrontEndCapabilities`` that say how ``shell`` displays progress."""
    if getattr(shell, "kernel", None) is not None:
        return {"show_line": _make_progress_line()}
    # The guard redirects stderr to a pipe, so only stdout can be a terminal.
    return {"progress_terminal": sys.stdout if sys.stdout is not None and sys.stdout.isatty() else None}


def _make_progress_line() -> Callable[[str], None]:
    """Return a function that displays a line; each further call replaces the displayed line."""
    # Empty until the first call; then the display handle of the line.
    handles: list[Any] = []

    def show(line: str) -> None:
        bundle = {"text/plain": line}
        if handles:
            handles[0].update(bundle, raw=True)
        else:
            handles.append(display(bundle, raw=True, display_id=True))

    return show
