"""``scan``: find known values in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.files.scan_reports import FORMATS, UNREAD, as_json, as_sarif, as_table
from zensecrets_jupyter.commands.files.scan_targets import from_fingerprints, scan_targets
from zensecrets_jupyter.commands.framework.click_extensions import FILE, Command
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.commands.progress import ProgressDisplay
from zensecrets_jupyter.scan.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.scan.findings import ScanReport

PIPED = "-"
"""The path that stands for standard input."""


@click.command("scan", cls=Command)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=FILE)
@from_fingerprints
@click.option("--unknown", is_flag=True, help="Also report texts that look like secrets, with the detectors of detect-secrets.")
@click.option(
    "--format", "report_format", type=click.Choice(FORMATS), default="text", help="The format of the report; sarif is for code hosts."
)
@click.pass_obj
def scan(call: Call, paths: Sequence[str], fingerprints: str | None, report_format: str, *, unknown: bool) -> Outcome:
    """Find known values in notebooks, scripts, databases and other files, in every encoding.

    It searches files, and all files in folders, for every value in the active stack's secrets manager, and reports locations, never values.
    `-` is standard input, as in `git diff | zensecrets scan -`. The exit code is 1 if values were found, and 2 if none were found but a
    file could not be read.
    """
    targets = scan_targets(fingerprints, may_be_none=unknown)
    further = None
    if unknown:
        from zensecrets_jupyter.commands.files.heuristic_scan import Detectors

        further = Detectors(targets.known).find
    scanner = Scanner(targets.known, further)
    named = [path for path in paths if path != PIPED]
    with ProgressDisplay(call.capabilities, "Scanning") as progress:
        report = scanner.scan(named, progress.report)
    if len(named) < len(paths):
        if call.capabilities.piped is None:
            message = "`scan -` looks at what is piped in, and nothing is piped in here."
            raise UsageProblem(message, hint="Pipe something into it, as in git diff | zensecrets scan -")
        report.include(scanner.scan_stream(call.capabilities.piped, "standard input"))
    return outcome_of(report, report_format, targets.note)


def outcome_of(report: ScanReport, report_format: str, note: str = "") -> Outcome:
    """Return a report as an outcome in one of FORMATS."""
    code = 1 if report.findings else UNREAD if report.skipped else 0
    if report_format == "text":
        table = as_table(report, note)
        return Outcome(table, view=table, exit_code=code)
    text = as_json(report) if report_format == "json" else as_sarif(report)
    return Outcome(text, view=text, exit_code=code)
