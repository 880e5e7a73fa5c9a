"""``fingerprints export``: write keyed hashes of values to a file. A scan with the file finds the values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.files.values_to_find import sensitive_values
from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.commands.framework.click_extensions import FILE, Command
from zensecrets_jupyter.commands.framework.command_groups import Group
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.core.text import counted
from zensecrets_jupyter.core.transfer.text_files import refuse_existing, write_text
from zensecrets_jupyter.scan.fingerprints.file_format import export

if TYPE_CHECKING:
    from collections.abc import Sequence

fingerprints = Group("fingerprints", help="Export keyed fingerprints for scans without the values.")


@fingerprints.command("export", cls=Command)
@click.argument("file", metavar="FILE", type=FILE)
@click.argument("names", metavar="[NAME...]", nargs=-1, shell_complete=completion.completer(completion.secret_names))
@click.option("--force", is_flag=True, help="Replace an existing file.")
def export_fingerprints(file: str, names: Sequence[str], *, force: bool) -> Outcome:
    """Write keyed fingerprints of all or some secrets, for `scan --fingerprints FILE`.

    The file shows its readers whether a text contains one of the values, the names of the secrets, and the length of each value. A reader
    could find a value that is easy to guess by trying. Therefore the command leaves out such values, and lists them.
    """
    if not force:
        refuse_existing(file)
    manager = active_manager()
    values = sensitive_values(manager, names or manager.list_secrets())
    # The reasons are those of the values that are easy to guess, and therefore get no fingerprint.
    text, reasons_by_name = export(values)
    reasons = "; ".join(f"{name}: {reason}" for name, reason in reasons_by_name.items())
    exported_count = len(values) - len(reasons_by_name)
    if not exported_count:
        message = f"No value can have a fingerprint{f' ({reasons})' if reasons else ''}. Nothing was written."
        raise UsageProblem(message, hint="Register a value of at least 12 characters that is hard to guess.")
    write_text(file, text, replace=force, private=True)
    lines = [f"Wrote the fingerprints of {counted(exported_count, 'value')} to {file}."]
    lines += [f"Left out, because a reader of the file could guess them: {reasons}."] if reasons else []
    return Outcome(text="\n".join(lines))
