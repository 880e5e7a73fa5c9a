"""``scan``: where known values stand in files."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.call import Call, Outcome
from zensecrets_jupyter.commands.grammar import Command
from zensecrets_jupyter.commands.looking import from_fingerprints, known_by
from zensecrets_jupyter.commands.scan_reports import FORMATS, as_json, as_sarif, as_table
from zensecrets_jupyter.core.scan.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from rich.progress import Progress, TaskID
    from typing_extensions import Self

    from zensecrets_jupyter.core.scan.findings import Report


@click.command("scan", cls=Command)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path())
@from_fingerprints
@click.option("--unknown", is_flag=True, help="Look too for what only looks like a secret, with the detectors of detect-secrets.")
@click.option("--format", "report_format", type=click.Choice(FORMATS), default="text", help="How to report; sarif is for code hosts.")
@click.pass_obj
def scan(call: Call, paths: Sequence[str], fingerprints: str | None, report_format: str, *, unknown: bool) -> Outcome:
    """Find known values in notebooks, scripts, databases and other files, in every form.

    It looks for all values that the active stack's secrets manager holds, in files and in all that is in folders, and tells where they
    are, never what they are. It ends with 1 if it found any.
    """
    looked = known_by(fingerprints, may_be_none=unknown)
    further = None
    if unknown:
        from zensecrets_jupyter.commands.unknown import Detectors  # noqa: PLC0415 - it needs a package of its own

        further = Detectors(looked.known).find
    scanner = Scanner(looked.known, further)
    with _Bar(shown=call.abilities.shows_progress) as bar:
        report = scanner.scan(paths, bar.tell)
    return outcome_of(report, report_format, looked.note)


def outcome_of(report: Report, report_format: str, note: str = "") -> Outcome:
    """Return a report as an outcome, in one of FORMATS."""
    code = 1 if report.findings else 0
    if report_format == "text":
        table = as_table(report, note)
        return Outcome(table, view=table, exit_code=code)
    text = as_json(report) if report_format == "json" else as_sarif(report)
    return Outcome(text, view=text, exit_code=code)


class _Bar:
    """A bar at a terminal, once a scan has taken a second."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def tell(self) -> Callable[[int, int], None] | None:
        """What a scan calls as it goes on; ``None`` where there is no terminal to show it."""
        return self._tell if self._shown else None

    def _tell(self, done: int, whole: int) -> None:
        if self._bar is None:
            if time.monotonic() - self._started < 1:
                return
            from rich.console import Console  # noqa: PLC0415 - most scans end before there is anything to show
            from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn  # noqa: PLC0415 - likewise

            self._bar = Progress(BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("scan", total=whole)
            self._bar.start()
        if self._task is not None:
            self._bar.update(self._task, completed=done)
