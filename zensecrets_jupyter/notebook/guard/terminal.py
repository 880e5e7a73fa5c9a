"""The channels of IPython in a terminal: output of Python, programs and libraries.

IPython's prompt bypasses the redactor, so that users see what they type. Text that threads print above the prompt is redacted.
"""

from __future__ import annotations

import atexit
import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.system.patching import patch
from zensecrets_jupyter.notebook.guard.python_output import GuardedText, StreamChannel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager, ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.notebook.guard.descriptors import DescriptorChannel
    from zensecrets_jupyter.notebook.guard.guard import Channel, Guard

_TERMINAL_MODULE = "IPython.terminal.interactiveshell"
"""The module of IPython's own terminal shell. It is not imported here: a terminal shell exists only if its module is already loaded."""


def terminal_channels(shell: InteractiveShell, guard: Guard) -> list[Channel]:
    """Return the channels of a shell without a kernel.

    For IPython's own terminal shell these are descriptors 1 and 2, and the prompts. Any other shell is embedded in a program, and the
    descriptors belong to that program. For such a shell, on Windows, and if a descriptor is closed, the result is the channels of
    ``sys.stdout`` and ``sys.stderr``.
    """
    module = sys.modules.get(_TERMINAL_MODULE)
    if module is None or not isinstance(shell, module.TerminalInteractiveShell) or os.name != "posix" or not _are_stdout_and_stderr_open():
        return [StreamChannel("stdout", guard), StreamChannel("stderr", guard)]
    from zensecrets_jupyter.notebook.guard.descriptors import descriptor_channels

    output_channels = [
        *descriptor_channels([1], guard, as_terminal=True, flush_writers=_flush_streams),
        # `as_terminal` is omitted for stderr: a pager reads the keyboard from stderr if stderr is a terminal, but a pseudo-terminal gets no
        # input from the keyboard.
        # If stderr is a pipe, the pager opens the real terminal.
        *descriptor_channels([2], guard, flush_writers=_flush_streams),
    ]
    return [*output_channels, PromptChannel(shell, module, guard, output_channels)]


class PromptChannel:
    """The channel of prompts, of output above them, and of output at exit."""

    def __init__(self, shell: Any, module: Any, guard: Guard, output_channels: Sequence[DescriptorChannel]) -> None:
        """Create the channel.

        Args:
            shell: The shell.
            module: The module of the shell's class; the channel replaces its function ``patch_stdout``.
            guard: The guard.
            output_channels: The channels of stdout and stderr.
        """
        self._shell = shell
        self._module = module
        self._guard = guard
        self._output_channels = output_channels

    def install(self, undo: ExitStack) -> None:
        """Draw prompts on the real terminal, and redact all other output; ``undo`` stops it."""
        self._patch_prompts(undo)
        self._shell.events.register("post_run_cell", self._flush_after_cell)
        undo.callback(self._shell.events.unregister, "post_run_cell", self._flush_after_cell)
        atexit.register(self._at_exit)
        undo.callback(atexit.unregister, self._at_exit)

    def flush(self) -> None:
        """Wait until the terminal shows all earlier output."""
        for channel in self._output_channels:
            channel.flush()

    def _flush_after_cell(self, _result: object) -> None:
        self.flush()

    def _at_exit(self) -> None:
        """Make Python write redacted output to the real descriptors.

        The process ends without waiting for the threads of the channels, so output through the channels could be lost from now on. The
        output of programs still passes through the channels.
        """
        self.flush()
        for name, channel in zip(("stdout", "stderr"), self._output_channels, strict=True):
            stream = getattr(sys, name)
            if stream is getattr(sys, f"__{name}__"):
                # Python's original stream writes to descriptor 1 or 2, which the channel reads. It is replaced by a stream on the real
                # descriptor.
                real = io.FileIO(channel.real, "w", closefd=False)
                stream = io.TextIOWrapper(real, stream.encoding, stream.errors, newline="", write_through=True)
            setattr(sys, name, GuardedText(stream, self._guard, is_exiting=True))

    def _patch_prompts(self, undo: ExitStack) -> None:
        """Replace the function with which IPython prints the output of threads above a prompt."""
        original = self._module.patch_stdout

        @contextmanager
        def patch_stdout(**options: Any) -> Iterator[None]:
            self.flush()
            print_above_prompt: AbstractContextManager[None] = original(**options)
            with _draw_prompts_on(self._output_channels[0].real, getattr(self._shell.pt_app, "output", None)), print_above_prompt:
                # prompt_toolkit has set both streams to one stream that prints above the prompt, and restores them at the end.
                wrapped = sys.stdout = sys.stderr = GuardedText(sys.stdout, self._guard)
                try:
                    yield
                finally:
                    wrapped.release()

        patch(self._module, "patch_stdout", patch_stdout, undo)


@contextmanager
def _draw_prompts_on(real: int, output: Any) -> Iterator[None]:
    """Make prompt_toolkit draw on the descriptor ``real``, which bypasses the redactor.

    Args:
        real: The descriptor of the real terminal.
        output: The ``Output`` object of prompt_toolkit; if it has no stream, nothing changes.
    """
    original = getattr(output, "stdout", None)
    if original is None:
        yield
        return
    with io.TextIOWrapper(io.FileIO(os.dup(real), "w"), original.encoding, original.errors, newline="", write_through=True) as terminal:
        output.stdout = terminal
        try:
            yield
        finally:
            output.stdout = original


def _flush_streams() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed:
            stream.flush()


def _are_stdout_and_stderr_open() -> bool:
    try:
        os.fstat(1)
        os.fstat(2)
    except OSError:
        return False
    return True
