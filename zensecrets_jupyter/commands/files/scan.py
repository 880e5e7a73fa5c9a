"""``scan``: find values of secrets in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.files.scan_reports import FORMATS, UNREAD_EXIT_CODE, as_json, as_sarif, as_table
from zensecrets_jupyter.commands.files.values_to_find import fingerprints_option, read_values_to_find
from zensecrets_jupyter.commands.framework.click_extensions import FILE, Command
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.commands.progress import ProgressDisplay
from zensecrets_jupyter.scan.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.scan.findings import ScanReport

STANDARD_INPUT = "-"
"""The path argument by which a user selects standard input."""


@click.command("scan", cls=Command)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=FILE)
@fingerprints_option
@click.option("--unknown", is_flag=True, help="Also report texts that look like secrets, found by detect-secrets.")
@click.option(
    "--format", "report_format", type=click.Choice(FORMATS), default="text", help="The format of the report; sarif is for code hosts."
)
@click.pass_obj
def scan(call: Call, paths: Sequence[str], fingerprints: str | None, report_format: str, *, unknown: bool) -> Outcome:
    """Find values of secrets in notebooks, scripts, databases and other files.

    The command searches files and folders for every value in the active stack's secrets manager, in all usual encodings. It reports
    locations and never values. `-` is standard input, as in `git diff | zensecrets scan -`. The exit code is 1 if the command finds a
    value, and 2 if it finds none but can't read a file.
    """
    values_to_find = read_values_to_find(fingerprints, may_be_empty=unknown)
    heuristic = None
    if unknown:
        from zensecrets_jupyter.commands.files.heuristic_scan import HeuristicScan

        heuristic = HeuristicScan(values_to_find.matcher).find
    scanner = Scanner(values_to_find.matcher, heuristic)
    file_paths = [path for path in paths if path != STANDARD_INPUT]
    with ProgressDisplay(call.capabilities, "Scanning") as progress:
        report = scanner.scan(file_paths, progress.callback)
    if len(file_paths) < len(paths):
        if call.capabilities.piped_input is None:
            message = "`scan -` reads piped input, but standard input is not a pipe."
            raise UsageProblem(message, hint="Pipe the output of a program into it, as in git diff | zensecrets scan -")
        report.include(scanner.scan_stream(call.capabilities.piped_input, "standard input"))
    return _outcome(report, report_format, values_to_find.note)


def _outcome(report: ScanReport, report_format: str, note: str) -> Outcome:
    """Return the outcome of a scan, with the report in one of FORMATS.

    Only the format ``text`` contains ``note``, which names the values that the scan did not search for.
    """
    exit_code = _exit_code(report)
    if report_format == "text":
        table = as_table(report, note)
        return Outcome(value=table, view=table, exit_code=exit_code)
    text = as_json(report) if report_format == "json" else as_sarif(report)
    return Outcome(value=text, view=text, exit_code=exit_code)


def _exit_code(report: ScanReport) -> int:
    if report.findings:
        return 1
    return UNREAD_EXIT_CODE if report.skipped_files else 0
