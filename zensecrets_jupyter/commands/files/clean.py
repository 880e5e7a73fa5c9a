"""``clean``: replace values of secrets in files, and restore files from a backup."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.files.scan_reports import UNREAD_EXIT_CODE
from zensecrets_jupyter.commands.files.values_to_find import fingerprints_option, read_values_to_find
from zensecrets_jupyter.commands.framework.click_extensions import FILE, Command
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.commands.tables.table import Table
from zensecrets_jupyter.core.errors import UnwritableFileError
from zensecrets_jupyter.core.settings import PASSPHRASE_VARIABLE, home, make_private_folder
from zensecrets_jupyter.core.system.atomic_write import is_leftover, remove_leftover
from zensecrets_jupyter.core.transfer.text_files import refuse_existing, unwritable_error
from zensecrets_jupyter.scan.backup import restore as restore_files
from zensecrets_jupyter.scan.backup import write_backup
from zensecrets_jupyter.scan.cleaner import Cleaner, CleaningResult
from zensecrets_jupyter.scan.file_walk import files_under, shorten_path
from zensecrets_jupyter.scan.findings import ScanReport
from zensecrets_jupyter.scan.formats.databases import SIDE_FILE_SUFFIXES
from zensecrets_jupyter.scan.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.front_end import Call


@click.command("clean", cls=Command)
@click.argument("paths", metavar="PATH...", nargs=-1, type=FILE)
@fingerprints_option
@click.option("--dry-run", is_flag=True, help="Show which files would be cleaned, and change nothing.")
@click.option("--backup", metavar="FILE", default=None, help="The backup file; by default a new file under ZENSECRETS_HOME.")
@click.option("--no-backup", is_flag=True, help="Write no backup.")
@click.option("--restore", metavar="FILE", default=None, help="Restore the files of a backup that are below PATH.")
@click.pass_obj
def clean(  # noqa: PLR0913 - one parameter for each option
    call: Call, paths: Sequence[str], fingerprints: str | None, backup: str | None, restore: str | None, *, dry_run: bool, no_backup: bool
) -> Outcome:
    """Replace values of secrets in notebooks, scripts and databases.

    In source code the reference {{name.key}} replaces a value, and elsewhere the mask ‹secret:name.key›. Nothing else in a file changes.
    The command first writes the original files to a backup, which it seals with a passphrase. The passphrase comes from
    ZENSECRETS_PASSPHRASE, or the command asks for it. --restore restores the files below PATH, or below the current folder.
    """
    _check_options(paths, backup, restore, dry_run=dry_run, no_backup=no_backup)
    if restore is not None:
        restored_paths = restore_files(
            restore, lambda prompt: os.environ.get(PASSPHRASE_VARIABLE) or call.asker.ask_passphrase(prompt), paths or ["."]
        )
        return Outcome(text=f"Restored {', '.join(map(str, restored_paths))}.")
    values_to_find = read_values_to_find(fingerprints)
    report = ScanReport()
    # A dict keeps the order of the files, and drops duplicates.
    files_to_clean: dict[Path, None] = {}
    scanner = Scanner(values_to_find.matcher)
    for path in files_under(paths, report.skipped_files):
        # A write that was interrupted leaves a temporary file, which may contain values.
        if is_leftover(path.name) and not dry_run and remove_leftover(path):
            continue
        file_report = scanner.scan([str(path)])
        if file_report.findings:
            files_to_clean[_database_of(path)] = None
        report.include(file_report)
    cleaner = Cleaner(values_to_find.matcher)
    contents, uncleanable_files = cleaner.read(files_to_clean)
    if dry_run:
        action = f"would be cleaned{'' if no_backup else ', after a backup'}"
        return _outcome(report, CleaningResult(list(contents), uncleanable_files), action)
    backup_path = _write_backup(call, backup, contents) if contents and not no_backup else None
    result = cleaner.clean(contents)
    result.uncleaned_files = [*uncleanable_files, *result.uncleaned_files]
    outcome = _outcome(report, result, "cleaned", backup_path, paths)
    if result.uncleaned_files:
        return outcome._replace(exit_code=1)
    return outcome._replace(exit_code=UNREAD_EXIT_CODE if report.skipped_files else 0)


def _check_options(paths: Sequence[str], backup: str | None, restore: str | None, *, dry_run: bool, no_backup: bool) -> None:
    """Raise UsageProblem if no path is given, or if options contradict each other."""
    if not paths and restore is None:
        raise UsageProblem("The path is missing.", hint="Write: %zen clean PATH...")
    if restore is not None and (backup or dry_run or no_backup):
        raise UsageProblem("--restore takes no other option.", hint="Write: %zen clean --restore FILE [PATH...]")
    if backup is not None and no_backup:
        raise UsageProblem("--backup and --no-backup contradict each other.", hint="Write one of the two.")


def _database_of(path: Path) -> Path:
    """Return the database to which a file such as ``history.sqlite-wal`` belongs; for any other file, its path."""
    for suffix in SIDE_FILE_SUFFIXES:
        if path.name.endswith(suffix) and (database := path.with_name(path.name.removesuffix(suffix))).exists():
            return database
    return path


def _write_backup(call: Call, backup: str | None, contents: dict[Path, bytes]) -> str:
    """Write the backup, and return its path."""
    if backup is None:
        folder = home() / "backups"
        try:
            make_private_folder(folder)
        except OSError as error:
            raise unwritable_error(folder, error) from None
        backup = str(folder / f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S%f}.sealed")
    refuse_existing(backup)
    passphrase = os.environ.get(PASSPHRASE_VARIABLE) or call.asker.ask_passphrase(f"New passphrase for the backup {backup}: ", confirm=True)
    if not passphrase:
        raise UsageProblem("A backup needs a passphrase. Nothing was changed.", hint="Type a passphrase, or add --no-backup.")
    try:
        write_backup(backup, contents, passphrase)
    except UnwritableFileError as error:
        error.message = f"{error.message} Nothing was cleaned."
        error.hint = "Choose another file for the backup: --backup FILE"
        raise
    return backup


def _outcome(report: ScanReport, result: CleaningResult, action: str, backup: str | None = None, paths: Sequence[str] = ()) -> Outcome:
    """Return the outcome: a table of the files, notes about skipped files and the backup, and the secrets to rotate.

    Args:
        report: The findings in the files.
        result: The files that were cleaned, or would be cleaned in a dry run, and the files that can't be cleaned.
        action: The text in the row of a cleaned file: "cleaned", or "would be cleaned" in a dry run.
        backup: The path of the backup; ``None`` without a backup.
        paths: The paths in the command line.
    """
    # The rows show the paths of the findings, because values in these paths are masked.
    counts = Counter(finding.path for finding in report.findings)
    reasons = {file.path: file.reason for file in result.uncleaned_files}
    rows = [(path, str(count), f"not cleaned: {reasons[path]}" if path in reasons else action) for path, count in counts.items()]
    # A finding may be in a side file of SQLite, and not in the database that could not be cleaned.
    rows += [(file.path, "", f"not cleaned: {file.reason}") for file in result.uncleaned_files if file.path not in counts]
    notes = [f"Not read: {shorten_path(unread.path)}: {unread.reason}." for unread in report.skipped_files]
    if report.names:
        notes.append(f"Rotate these secrets, because they were in a file: {', '.join(report.names)}.")
    if backup:
        # By default, --restore writes only below the current folder. If a path is outside, the command must name the paths.
        are_all_below = all(Path(os.path.realpath(path)).is_relative_to(os.path.realpath(".")) for path in paths)
        command = shlex.join(["clean", "--restore", backup, *([] if are_all_below else paths)])
        notes.append(f"The original files are in {backup}, sealed with the passphrase. To restore them: %zen {command}")
    table = Table(["file", "values", ""], rows, title="" if rows else "No file contains a value.", note="\n".join(notes))
    return Outcome(value=table, view=table)
