"""Where a shell shows how far long work is: one output of the cell that changes, or a bar at the terminal that IPython runs in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from IPython.display import display

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell


def progress_in(shell: InteractiveShell) -> dict[str, Any]:
    """Return what a command may know of how ``shell`` shows progress, as arguments of FrontEndCapabilities."""
    if getattr(shell, "kernel", None) is not None:
        return {"show_line": _line()}
    # The guard leaves a terminal of stdout only.
    return {"progress_on": sys.stdout if sys.stdout is not None and sys.stdout.isatty() else None}


def _line() -> Callable[[str], None]:
    """Return what shows a line, and the next time another one in its place."""
    handles: list[Any] = []

    def show(line: str) -> None:
        bundle = {"text/plain": line}
        if handles:
            handles[0].update(bundle, raw=True)
        else:
            handles.append(display(bundle, raw=True, display_id=True))

    return show
