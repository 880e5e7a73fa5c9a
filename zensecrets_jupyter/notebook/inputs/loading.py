"""What a shell is given to run, from loading the extension to unloading it."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.patching import patch
from zensecrets_jupyter.notebook.front_end import can_prompt
from zensecrets_jupyter.notebook.inputs.after_cell import AfterCell
from zensecrets_jupyter.notebook.inputs.cleaner import Cleaner
from zensecrets_jupyter.notebook.inputs.debugger import CleanDumps
from zensecrets_jupyter.notebook.inputs.failed_calls import FailedCalls
from zensecrets_jupyter.notebook.inputs.front_ends import FrontEnds
from zensecrets_jupyter.notebook.inputs.history import CleanHistory
from zensecrets_jupyter.notebook.inputs.log import CleanLog
from zensecrets_jupyter.notebook.save_check import SaveCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.contract.guard import StatusMessage
    from zensecrets_jupyter.notebook.guard import Guard


def register(shell: InteractiveShell, guard: Guard, undo: ExitStack) -> None:
    """Keep values in the cells of ``shell`` out of every history, as long as ``guard`` is on; ``undo`` stops it."""
    cleaner = Cleaner(shell, guard)
    history, log = CleanHistory(shell, cleaner), CleanLog(shell, cleaner)
    history.install(undo)
    later = undo.enter_context(ExitStack())
    kernel = getattr(shell, "kernel", None)
    front_ends = None
    if kernel is not None:
        check = SaveCheck(kernel, guard, undo)

        def masked(output: Any) -> Any:
            return guard.redactor.redact_tree(output) if guard.is_on else output

        front_ends = FrontEnds(lambda: status_of(guard), lambda: can_prompt(shell), check.start, masked)
        front_ends.open()
        undo.callback(front_ends.close)
        _publish_clean(kernel, cleaner, undo)
    dumps = CleanDumps(kernel, cleaner)
    dumps.install(undo)
    failed = FailedCalls(shell, cleaner)
    failed.install(undo)
    after = AfterCell(shell, cleaner, (history, log, dumps), front_ends)
    atexit.register(after.finish)
    undo.callback(atexit.unregister, after.finish)
    undo.callback(after.finish)

    def before_cell(info: Any) -> None:
        # IPython makes its logger when it runs a cell, so not before.
        log.install(later)
        failed.begin(info.raw_cell or "")
        if cleaner.is_on:
            # What is typed on a line of ours is protected before anything runs.
            cleaner.repaired(info.raw_cell or "")
            if "notebook" in (info.raw_cell or ""):
                # %notebook writes what is kept of outputs; looking through them all after each cell would cost too much.
                history.sweep_outputs()

    for event, callback in (("pre_run_cell", before_cell), ("post_run_cell", after.look)):
        shell.events.register(event, callback)
        undo.callback(shell.events.unregister, event, callback)


def status_of(guard: Guard) -> StatusMessage:
    """Return what a status bar shows of a guard; numbers only."""
    redactor = guard.redactor
    return {"kind": "status", "on": guard.is_on, "values": redactor.size, "masked": sum(redactor.counts.values())}


def _publish_clean(kernel: Any, cleaner: Cleaner, undo: ExitStack) -> None:
    """Have other clients hear of a cell without its values: ``kernel`` echoes it before it runs it."""
    publish = kernel._publish_execute_input  # noqa: SLF001 - ipykernel has no other place between a request and its echo

    def publish_clean(code: Any, parent: Mapping[str, Any], execution_count: int) -> None:
        publish(cleaner.cleaned(code) if isinstance(code, str) else code, parent, execution_count)

    patch(kernel, "_publish_execute_input", publish_clean, undo)
