"""The guard of IPython in a terminal: output of Python, programs and libraries.

IPython's own prompt is drawn past the guard, so that a person sees what they type. What threads print meanwhile is not.
"""

from __future__ import annotations

import atexit
import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.notebook.guard.texts import GuardedText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager, ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.notebook.guard.guard import Guard

_TERMINAL = "IPython.terminal.interactiveshell"


def install(shell: InteractiveShell, guard: Guard, undo: ExitStack) -> None:
    """Guard the output of ``shell`` and its process; ``undo`` stops it."""
    module = sys.modules.get(_TERMINAL)
    if module is not None and isinstance(shell, module.TerminalInteractiveShell) and os.name == "posix" and _has_output():
        _install_in_terminal(shell, module, guard, undo)
    else:
        # Another program's shell: its process is not ours, only what Python writes in it.
        _wrap_streams(guard, undo)


def _wrap_streams(guard: Guard, undo: ExitStack) -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:
            wrapped = GuardedText(stream, guard)
            setattr(sys, name, wrapped)
            undo.callback(_unwrap, name, wrapped, stream)
            guard.holds_back(wrapped.release)


def _unwrap(name: str, wrapped: GuardedText, stream: Any) -> None:
    wrapped.release()
    if getattr(sys, name) is wrapped:
        setattr(sys, name, stream)


def _install_in_terminal(shell: Any, module: Any, guard: Guard, undo: ExitStack) -> None:
    from zensecrets_jupyter.notebook.guard.descriptors import guarded  # noqa: PLC0415 - its modules are not everywhere

    _flush()
    # Pagers read their keys from the terminal that stderr is; where it is none they open the real one.
    descriptors = guard.descriptors = [*guarded([1], guard, as_terminal=True), *guarded([2], guard)]

    def drain() -> None:
        _flush()
        for one in descriptors:
            one.drain()

    def close() -> None:
        _flush()
        for one in descriptors:
            one.close()

    def at_exit() -> None:
        # The process ends without waiting for the threads of the descriptors. What Python writes from now on is not to be lost in them;
        # what programs write still passes them.
        drain()
        for name, one in zip(("stdout", "stderr"), descriptors, strict=True):
            stream = getattr(sys, name)
            if stream is getattr(sys, f"__{name}__"):
                real = io.FileIO(one.real, "w", closefd=False)
                stream = io.TextIOWrapper(real, stream.encoding, stream.errors, newline="", write_through=True)
            setattr(sys, name, GuardedText(stream, guard, at_exit=True))

    undo.callback(close)
    _guard_prompts(shell, module, guard, drain, undo)
    shell.events.register("post_run_cell", _after_cell := lambda _result: drain())
    undo.callback(shell.events.unregister, "post_run_cell", _after_cell)
    guard.holds_back(drain)
    atexit.register(at_exit)
    undo.callback(atexit.unregister, at_exit)


def _guard_prompts(shell: Any, module: Any, guard: Guard, drain: Callable[[], None], undo: ExitStack) -> None:
    """Draw IPython's prompts on the real terminal, and guard output that is printed above them."""
    before = module.patch_stdout

    @contextmanager
    def patch_stdout(**options: Any) -> Iterator[None]:
        drain()
        above: AbstractContextManager[None] = before(**options)
        with _drawn_on(guard.descriptors[0].real, getattr(shell.pt_app, "output", None)), above:
            wrapped = sys.stdout = sys.stderr = GuardedText(sys.stdout, guard)
            try:
                yield
            finally:
                wrapped.release()

    module.patch_stdout = patch_stdout

    def restore() -> None:
        if module.patch_stdout is patch_stdout:
            module.patch_stdout = before

    undo.callback(restore)


@contextmanager
def _drawn_on(real: int, output: Any) -> Iterator[None]:
    """Send the drawing of prompt_toolkit to the real descriptor, past the substitute."""
    before = getattr(output, "stdout", None)
    if before is None:
        yield
        return
    with io.TextIOWrapper(io.FileIO(os.dup(real), "w"), before.encoding, before.errors, newline="", write_through=True) as own:
        output.stdout = own
        try:
            yield
        finally:
            output.stdout = before


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed:
            stream.flush()


def _has_output() -> bool:
    try:
        os.fstat(1)
        os.fstat(2)
    except OSError:
        return False
    return True
