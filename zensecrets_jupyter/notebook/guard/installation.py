"""Installation of the guard into a shell, and the choice of its channels."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from zensecrets_jupyter.core.redaction import protect_environment, the_redactor
from zensecrets_jupyter.core.settings import CHILD_VARIABLE
from zensecrets_jupyter.core.system.process_globals import process_global
from zensecrets_jupyter.notebook.guard.guard import Channel, Guard
from zensecrets_jupyter.notebook.value_sources import environment, password_prompts
from zensecrets_jupyter.notebook.value_sources.stored_values import StoredValues

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.front_end import ChannelResult


class _Installation(NamedTuple):
    """The guard of a shell and its installed channels."""

    guard: Guard
    channels: list[Channel]


def install(shell: InteractiveShell, undo: ExitStack) -> Guard:
    """Install the guard into every output channel of ``shell``, and protect secrets in the environment.

    Args:
        shell: The shell whose output is redacted.
        undo: Gets the callbacks that remove the guard. After the removal, the redactor still has the protected values.

    Returns:
        The guard, which is on.
    """
    guard = Guard(the_redactor(), StoredValues())
    environment.install(guard.redactor, undo)
    protect_environment(os.environ)
    password_prompts.install(shell, guard.redactor, undo)
    if getattr(shell, "kernel", None) is not None:
        # Child processes inherit this variable. It tells the program `zensecrets` that its output becomes output of a cell.
        os.environ[CHILD_VARIABLE] = "1"
        undo.callback(os.environ.pop, CHILD_VARIABLE, None)
    channels = _channels_of(shell, guard)
    for channel in channels:
        guard.add_flush_hook(channel.flush)
        channel.install(undo)
    guard.stored_values.install(shell, undo)
    _installations()[shell] = _Installation(guard, channels)
    undo.callback(_installations().pop, shell, None)
    # The last callback runs first, so held-back text is written while the channels are still installed.
    undo.callback(guard.turn_off)
    return guard


def guard_of(shell: InteractiveShell) -> Guard | None:
    """Return the guard of ``shell``, or ``None`` if the extension is not loaded."""
    installation = _installations().get(shell)
    return installation.guard if installation is not None else None


def selftest_of(shell: InteractiveShell) -> Callable[[], list[ChannelResult]] | None:
    """Return the self-test of ``shell``, or ``None`` if the extension is not loaded."""
    installation = _installations().get(shell)
    if installation is None:
        return None

    def run_selftest() -> list[ChannelResult]:
        from zensecrets_jupyter.notebook.guard.selftest import run

        return run(shell, installation.guard.redactor, installation.channels)

    return run_selftest


def _installations() -> WeakKeyDictionary[InteractiveShell, _Installation]:
    return process_global("guards", WeakKeyDictionary)


def _channels_of(shell: InteractiveShell, guard: Guard) -> list[Channel]:
    from zensecrets_jupyter.notebook.guard.python_output import LogChannel

    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return [*_kernel_channels(kernel, guard), LogChannel(guard)]
    from zensecrets_jupyter.notebook.guard.terminal import terminal_channels

    return [*terminal_channels(shell, guard), LogChannel(guard)]


def _kernel_channels(kernel: Any, guard: Guard) -> list[Channel]:
    from zensecrets_jupyter.notebook.guard.messages.comms import CommChannel
    from zensecrets_jupyter.notebook.guard.messages.session import SessionChannel

    session = SessionChannel(kernel.session, guard)
    channels: list[Channel] = [session, CommChannel(kernel, session.comm_texts)]
    numbers = [number for number in (_own_descriptor(sys.stdout, 1), _own_descriptor(sys.stderr, 2)) if number is not None]
    if os.name == "posix" and numbers:
        from zensecrets_jupyter.notebook.guard.descriptors import descriptor_channels

        channels += descriptor_channels(numbers, guard)
    return channels


def _own_descriptor(stream: Any, number: int) -> int | None:
    """Return the descriptor of the terminal or log of the kernel process itself, if it has one.

    ipykernel replaces descriptors 1 and 2 by a pipe, and sends messages with the output that it reads from the pipe. It also copies that
    output to a duplicate of the original descriptor. If this feature of ipykernel is disabled, 1 and 2 are the original descriptors.
    """
    copy = getattr(stream, "_original_stdstream_copy", None)
    if copy is not None:
        return int(copy)
    # Only an output stream of ipykernel has the attribute `_should_watch`. A kernel embedded in another program does not own that program's
    # descriptors.
    return number if hasattr(stream, "_should_watch") and _is_open(number) else None


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
