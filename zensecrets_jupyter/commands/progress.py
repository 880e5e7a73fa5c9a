"""How far long work is, once it has taken a second: a bar at a terminal, one line that changes in a notebook, elsewhere nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.progress import Progress, TaskID
    from typing_extensions import Self

    from zensecrets_jupyter.commands.front_end import FrontEndCapabilities

PATIENCE = 1.0
"""Seconds that pass before anything is shown: most work ends before there is anything to show."""
PAUSE = 0.2
"""Seconds between two changes of the line at least; each is a message to the browser."""


class ProgressDisplay:
    """Shows how far work is while its block runs; a terminal's bar is gone afterwards, a notebook's line says how far it got."""

    def __init__(self, capabilities: FrontEndCapabilities, work: str, *, unit: str = "") -> None:
        """Show ``work``, in a few words, where the face can; it is counted in bytes, or in ``unit``, such as "secrets"."""
        self._capabilities = capabilities
        self._work = work
        self._unit = unit
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._line = ""
        self._written = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._written and self._capabilities.show_line is not None:
            self._capabilities.show_line(self._line)

    @property
    def tell(self) -> Callable[[int, int], None] | None:
        """What the work calls as it goes on, with what is done and the whole; ``None`` where nobody would see it."""
        if self._capabilities.show_line is not None:
            return self._tell_line
        return None if self._capabilities.progress_on is None else self._tell_bar

    def _tell_line(self, done: int, whole: int) -> None:
        now = time.monotonic()
        counted = f"{done} of {whole} {self._unit}" if self._unit else f"{done / 1e6:.1f} of {whole / 1e6:.1f} MB"
        self._line = f"{self._work}: {counted}"
        show = self._capabilities.show_line
        if show is not None and now - self._started >= PATIENCE and now - self._written >= PAUSE:
            self._written = now
            show(self._line)

    def _tell_bar(self, done: int, whole: int) -> None:
        if self._bar is None:
            if time.monotonic() - self._started < PATIENCE:
                return
            from rich.console import Console  # noqa: PLC0415 - most work ends before there is anything to show
            from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TimeRemainingColumn  # noqa: PLC0415 - likewise

            count = MofNCompleteColumn() if self._unit else DownloadColumn()
            terminal = Console(file=self._capabilities.progress_on)
            self._bar = Progress(BarColumn(), count, TimeRemainingColumn(), console=terminal, transient=True)
            self._task = self._bar.add_task(self._work, total=whole)
            self._bar.start()
        if self._task is not None:
            self._bar.update(self._task, completed=done)
