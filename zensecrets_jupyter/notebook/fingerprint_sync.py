"""What this kernel comes to know is recognised when a server saves a notebook: its fingerprints are kept, never its values."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import PackageChangedError

if TYPE_CHECKING:
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Keep the fingerprints of new values after each cell of ``shell``; ``undo`` stops it."""
    shell.events.register("post_run_cell", _remember)
    undo.callback(shell.events.unregister, "post_run_cell", _remember)


def _remember(_result: object = None) -> None:
    # After an update of this package, what the next command says; not below each cell.
    with suppress(PackageChangedError):
        from zensecrets_jupyter.commands.files.fingerprint_sync import sync_fingerprints
        from zensecrets_jupyter.commands.framework.active_manager import take_notes

        for note in (take_notes(), sync_fingerprints()):
            if note:
                print(note, file=sys.stderr)  # noqa: T201 - what a person at the notebook is told
