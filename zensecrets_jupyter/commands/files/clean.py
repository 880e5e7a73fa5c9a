"""``clean``: replace known values in files, and restore files from a backup."""

from __future__ import annotations

import os
import shlex
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.files.scan_reports import UNREAD
from zensecrets_jupyter.commands.files.scan_targets import from_fingerprints, scan_targets
from zensecrets_jupyter.commands.framework.click_extensions import FILE, Command
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.commands.tables.table import Table
from zensecrets_jupyter.core.errors import UnwritableFileError
from zensecrets_jupyter.core.settings import PASSPHRASE_VARIABLE, home, make_private_folder
from zensecrets_jupyter.core.system.atomic_write import is_leftover, remove_leftover
from zensecrets_jupyter.core.transfer.text_files import refuse_existing, unwritable
from zensecrets_jupyter.scan.backup import restore as restore_files
from zensecrets_jupyter.scan.backup import write_backup
from zensecrets_jupyter.scan.cleaner import Cleaner, CleaningResult
from zensecrets_jupyter.scan.file_walk import files_under, shorten_path
from zensecrets_jupyter.scan.findings import ScanReport
from zensecrets_jupyter.scan.formats.databases import BESIDE
from zensecrets_jupyter.scan.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.front_end import Call


@click.command("clean", cls=Command)
@click.argument("paths", metavar="PATH...", nargs=-1, type=FILE)
@from_fingerprints
@click.option("--dry-run", is_flag=True, help="Show what would be cleaned, and change nothing.")
@click.option("--backup", metavar="FILE", default=None, help="The backup file; by default in the folder of zensecrets.")
@click.option("--no-backup", is_flag=True, help="Write no backup.")
@click.option("--restore", metavar="FILE", default=None, help="Restore the files of a backup, below PATH.")
@click.pass_obj
def clean(  # noqa: PLR0913 - one parameter an option
    call: Call, paths: Sequence[str], fingerprints: str | None, backup: str | None, restore: str | None, *, dry_run: bool, no_backup: bool
) -> Outcome:
    """Replace known values in notebooks, scripts and databases.

    In source code a value becomes the reference {{name.key}}, elsewhere the mask ‹secret:name.key›. Nothing else in a file changes. The
    original files are kept in a backup that is sealed with a passphrase, which is read from ZENSECRETS_PASSPHRASE or asked for. --restore
    restores them; it writes only below PATH, or below the current folder.
    """
    _refuse_contradictions(paths, backup, restore, dry_run=dry_run, no_backup=no_backup)
    if restore is not None:
        restored = restore_files(
            restore, lambda prompt: os.environ.get(PASSPHRASE_VARIABLE) or call.asker.ask_passphrase(prompt), paths or ["."]
        )
        return Outcome(text=f"Restored {', '.join(map(str, restored))}.")
    targets = scan_targets(fingerprints)
    report = ScanReport()
    found: list[Path] = []
    scanner = Scanner(targets.known)
    for path in files_under(paths, report.skipped):
        if is_leftover(path.name) and not dry_run and remove_leftover(path):
            continue
        one = scanner.scan([str(path)])
        if one.findings:
            found.append(_of_database(path))
        report.include(one)
    cleaner = Cleaner(targets.known)
    files, kept = cleaner.read(dict.fromkeys(found))
    if dry_run:
        return _outcome(report, CleaningResult(list(files), kept), f"would be cleaned{'' if no_backup else ', after a backup'}")
    place = _keep(call, backup, files) if files and not no_backup else None
    cleaned = cleaner.clean(files)
    cleaned.uncleaned = [*kept, *cleaned.uncleaned]
    outcome = _outcome(report, cleaned, "cleaned", place, paths)
    return outcome._replace(exit_code=1 if cleaned.uncleaned else UNREAD if report.skipped else 0)


def _refuse_contradictions(paths: Sequence[str], backup: str | None, restore: str | None, *, dry_run: bool, no_backup: bool) -> None:
    if not paths and restore is None:
        raise UsageProblem("There is nothing to clean.", hint="Write: %zen clean PATH...")
    if restore is not None and (backup or dry_run or no_backup):
        raise UsageProblem("--restore brings back all files of a backup.", hint="Write: %zen clean --restore FILE [PATH...]")
    if backup is not None and no_backup:
        raise UsageProblem("--backup and --no-backup contradict each other.", hint="Give one of the two.")


def _of_database(path: Path) -> Path:
    """Return the SQLite database to which a journal or WAL file belongs, or the file itself."""
    for end in BESIDE:
        if path.name.endswith(end) and (database := path.with_name(path.name.removesuffix(end))).exists():
            return database
    return path


def _keep(call: Call, backup: str | None, files: dict[Path, bytes]) -> str:
    """Write the backup, and return its path."""
    if backup is None:
        folder = home() / "backups"
        try:
            make_private_folder(folder)
        except OSError as error:
            raise unwritable(folder, error) from None
        backup = str(folder / f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S%f}.sealed")
    refuse_existing(backup)
    passphrase = os.environ.get(PASSPHRASE_VARIABLE) or call.asker.ask_passphrase(f"New passphrase for the backup {backup}: ", confirm=True)
    if not passphrase:
        raise UsageProblem("A backup needs a passphrase; nothing was changed.", hint="Type one, or add --no-backup to keep nothing.")
    try:
        write_backup(backup, files, passphrase)
    except UnwritableFileError as error:
        error.message = f"{error.message.rstrip('.')}; nothing was cleaned."
        error.hint = "Choose another file for the backup: --backup FILE"
        raise
    return backup


def _outcome(report: ScanReport, cleaned: CleaningResult, done: str, backup: str | None = None, paths: Sequence[str] = ()) -> Outcome:
    # Where values are, a name of a file among them, is only told as the scan tells it.
    places: dict[str, int] = {}
    for finding in report.findings:
        places[finding.path] = places.get(finding.path, 0) + 1
    kept = {one.path: one.reason for one in cleaned.uncleaned}
    rows = [(path, str(count), f"not cleaned: {kept[path]}" if path in kept else done) for path, count in places.items()]
    rows += [(one.path, "", f"not cleaned: {one.reason}") for one in cleaned.uncleaned if one.path not in places]
    notes = [f"Not read: {shorten_path(unread.path)}: {unread.reason}." for unread in report.skipped]
    if report.names:
        notes.append(f"To rotate, since they were in a file: {', '.join(report.names)}.")
    if backup:
        # Below the folder of this process it needs no name.
        named = [] if all(Path(os.path.realpath(path)).is_relative_to(os.path.realpath(".")) for path in paths) else paths
        words = shlex.join(["clean", "--restore", backup, *named])
        notes.append(f"What was replaced is in {backup}, sealed with the passphrase. To bring it back: %zen {words}")
    table = Table(["file", "places", ""], rows, title="" if rows else "There was nothing to clean.", note="\n".join(notes))
    return Outcome(table, view=table)
