"""Storing of fingerprints of new values after each cell.

A Jupyter server recognises values in saved files by the fingerprints of the values.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import PackageChangedError

if TYPE_CHECKING:
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Store fingerprints of new values after each cell of ``shell``; ``undo`` stops it."""
    shell.events.register("post_run_cell", store_fingerprints)
    undo.callback(shell.events.unregister, "post_run_cell", store_fingerprints)


def store_fingerprints(_result: object = None) -> None:
    """Store fingerprints of new values, and print notes.

    A note says, for example, that an interrupted import of secrets was undone, or that the fingerprint file can't be written.
    """
    # After an update of the package, the next command reports `PackageChangedError`, so it is not shown below each cell too.
    with suppress(PackageChangedError):
        from zensecrets_jupyter.commands.files.fingerprint_sync import sync_fingerprints
        from zensecrets_jupyter.commands.framework.active_manager import take_notes

        for note in (take_notes(), sync_fingerprints()):
            if note:
                print(note, file=sys.stderr)  # noqa: T201 - the note belongs to the cell's output
