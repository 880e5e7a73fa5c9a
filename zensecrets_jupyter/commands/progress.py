"""Display of progress: a bar in a terminal, or a line in a notebook."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.progress import Progress, TaskID
    from typing_extensions import Self

    from zensecrets_jupyter.commands.front_end import FrontEndCapabilities

SHOW_AFTER = 1.0
"""The seconds before progress is shown. Most operations end earlier."""
UPDATE_INTERVAL = 0.2
"""The shortest time between two updates of a notebook's line, in seconds.

Each update is a message to the browser.
"""


class ProgressDisplay:
    """Context manager that shows the progress of its block.

    At the end of the block, the bar in a terminal disappears and the line in a notebook remains.
    """

    def __init__(self, capabilities: FrontEndCapabilities, operation: str, *, unit: str = "") -> None:
        """Create the display.

        Args:
            capabilities: The capabilities of the front end.
            operation: A short description of the operation, such as "Scanning".
            unit: The unit of the counts, such as "secrets"; by default bytes.
        """
        self._capabilities = capabilities
        self._operation = operation
        self._unit = unit
        self._start_time = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._line = ""
        self._last_update = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
        # The line may lack the last amount, because updates are limited. A line that was never shown is not shown at the end.
        if self._last_update and self._capabilities.show_line is not None:
            self._capabilities.show_line(self._line)

    @property
    def callback(self) -> Callable[[int, int], None] | None:
        """The function that the operation calls with the completed and the total amount.

        It is ``None`` if the front end can't show progress.
        """
        if self._capabilities.show_line is not None:
            return self._report_line
        return None if self._capabilities.progress_terminal is None else self._report_bar

    def _report_line(self, completed: int, total: int) -> None:
        now = time.monotonic()
        amount = f"{completed} of {total} {self._unit}" if self._unit else f"{completed / 1e6:.1f} of {total / 1e6:.1f} MB"
        self._line = f"{self._operation}: {amount}"
        show = self._capabilities.show_line
        if show is not None and now - self._start_time >= SHOW_AFTER and now - self._last_update >= UPDATE_INTERVAL:
            self._last_update = now
            show(self._line)

    def _report_bar(self, completed: int, total: int) -> None:
        if self._bar is None:
            if time.monotonic() - self._start_time < SHOW_AFTER:
                return
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

            amount_column = MofNCompleteColumn() if self._unit else DownloadColumn()
            terminal = Console(file=self._capabilities.progress_terminal)
            self._bar = Progress(BarColumn(), amount_column, TimeRemainingColumn(), console=terminal, transient=True)
            self._task = self._bar.add_task(self._operation, total=total)
            self._bar.start()
        if self._task is not None:
            self._bar.update(self._task, completed=completed)
