"""What this kernel comes to know is recognised when a server saves a notebook: its fingerprints are kept, never its values."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import ZenSecretsError

if TYPE_CHECKING:
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Keep the fingerprints of new values after each cell of ``shell``; ``undo`` stops it."""
    shell.events.register("post_run_cell", _remember)
    undo.callback(shell.events.unregister, "post_run_cell", _remember)


def _remember(_result: object = None) -> None:
    from zensecrets_jupyter.core.scan.store import remember  # noqa: PLC0415 - loading the extension stays fast

    # It is the second net: a cell's output does not wait for it, and a full disk is told by what needs it more.
    with suppress(OSError, ZenSecretsError):
        remember()
