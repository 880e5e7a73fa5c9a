"""The channel of logs: files, sockets and screens that handlers write to, also those that are made later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.logs import mask_logging

if TYPE_CHECKING:
    from contextlib import ExitStack

    from zensecrets_jupyter.notebook.guard.guard import Guard


def install(guard: Guard, undo: ExitStack) -> None:
    """Mask log records while ``guard`` is on; ``undo`` stops it."""
    mask_logging(guard.redactor, undo, is_on=lambda: guard.is_on)
