"""The guard of a kernel: its messages, and the terminal or log of its process."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.settings import CHILD_VARIABLE
from zensecrets_jupyter.notebook.guard.messages import GuardedSession

if TYPE_CHECKING:
    from contextlib import ExitStack

    from zensecrets_jupyter.notebook.guard.guard import Guard


def install(kernel: Any, guard: Guard, undo: ExitStack) -> None:
    """Guard the messages and descriptors of ``kernel``; ``undo`` stops it."""
    os.environ[CHILD_VARIABLE] = "1"
    undo.callback(os.environ.pop, CHILD_VARIABLE, None)
    guard.session = GuardedSession(kernel.session, guard)
    guard.session.install()
    undo.callback(guard.session.uninstall)
    guard.session.comms.install(kernel, undo)
    numbers = [number for number in (_own_output(sys.stdout, 1), _own_output(sys.stderr, 2)) if number is not None]
    if os.name != "posix" or not numbers:
        return
    from zensecrets_jupyter.notebook.guard.descriptors import guarded  # noqa: PLC0415 - its modules are not everywhere

    guard.descriptors = guarded(numbers, guard)
    for descriptors in guard.descriptors:
        undo.callback(descriptors.close)


def _own_output(stream: Any, number: int) -> int | None:
    """Return the descriptor that leads to the kernel's own terminal or log.

    ipykernel makes messages of what is written to descriptors 1 and 2, writes it to a copy of the original one too, and gives that copy to
    whoever asks a stream for its number. Where it was told not to, 1 and 2 still lead there.
    """
    copy = getattr(stream, "_original_stdstream_copy", None)
    if copy is not None:
        return int(copy)
    # A kernel inside of another program writes nothing of its own.
    return number if hasattr(stream, "_should_watch") and _is_open(number) else None


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
