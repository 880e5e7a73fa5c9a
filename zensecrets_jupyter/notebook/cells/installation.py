"""Install the cleaning of cells into a shell, and remove it."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.system.patching import patch
from zensecrets_jupyter.notebook.cells.cell_files import DebuggerFileCleaner, LogCleaner
from zensecrets_jupyter.notebook.cells.cleaner import CellCleaner
from zensecrets_jupyter.notebook.cells.failed_calls import FailedCallProtection
from zensecrets_jupyter.notebook.cells.front_end_comm import FrontEndComm
from zensecrets_jupyter.notebook.cells.history import HistoryCleaner
from zensecrets_jupyter.notebook.cells.post_run import PostRunCheck
from zensecrets_jupyter.notebook.front_end import can_prompt
from zensecrets_jupyter.notebook.save_check import SaveCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.contract.guard import StatusMessage
    from zensecrets_jupyter.notebook.guard import Guard


def install(shell: InteractiveShell, guard: Guard, undo: ExitStack) -> None:
    """Remove values from the cells of a shell and from their copies while the guard is on.

    Args:
        shell: The shell.
        guard: The guard of the shell.
        undo: The stack that removes the cleaning when it is closed.
    """
    cleaner = CellCleaner(shell, guard)
    history, log = HistoryCleaner(shell, cleaner), LogCleaner(shell, cleaner)
    history.install(undo)
    # The log cleaner is installed later, when the first cell runs. Closing `undo` closes this stack too.
    undo_log = undo.enter_context(ExitStack())
    kernel = getattr(shell, "kernel", None)
    comm = None
    if kernel is not None:
        comm = _open_comm(shell, kernel, guard, undo)
        _clean_echo(kernel, cleaner, undo)
    debugger_files = DebuggerFileCleaner(kernel, cleaner)
    debugger_files.install(undo)
    failed_calls = FailedCallProtection(shell, cleaner)
    failed_calls.install(undo)
    post_run_check = PostRunCheck(shell, cleaner, (history, log, debugger_files), comm)
    atexit.register(post_run_check.finish)
    undo.callback(atexit.unregister, post_run_check.finish)
    undo.callback(post_run_check.finish)

    def before_cell(info: Any) -> None:
        cell = info.raw_cell or ""
        # IPython creates its logger with the first cell. The calls for later cells have no effect.
        log.install(undo_log)
        failed_calls.begin_cell(cell)
        if cleaner.is_on:
            # The inline secrets have to be protected before the cell runs.
            cleaner.remove_inline_secrets(cell)
            if "notebook" in cell:
                # %notebook writes the stored outputs to a file. Masking all of them after every cell would be too slow.
                history.mask_stored_outputs()

    for event, callback in (("pre_run_cell", before_cell), ("post_run_cell", post_run_check.check)):
        shell.events.register(event, callback)
        undo.callback(shell.events.unregister, event, callback)


def status_of(guard: Guard) -> StatusMessage:
    """Return the status of a guard for the status bar; it contains no name or value."""
    redactor = guard.redactor
    return {"kind": "status", "is_on": guard.is_on, "value_count": redactor.size, "mask_count": sum(redactor.counts.values())}


def _open_comm(shell: InteractiveShell, kernel: Any, guard: Guard, undo: ExitStack) -> FrontEndComm:
    save_check = SaveCheck(kernel, guard, undo)

    def redact(output: Any) -> Any:
        return guard.redactor.redact_tree(output) if guard.is_on else output

    comm = FrontEndComm(lambda: status_of(guard), lambda: can_prompt(shell), save_check.start, redact)
    comm.open()
    undo.callback(comm.close)
    return comm


def _clean_echo(kernel: Any, cleaner: CellCleaner, undo: ExitStack) -> None:
    """Clean the ``execute_input`` message of each cell.

    In this message the kernel sends the source of a cell to all its clients.
    """
    original = kernel._publish_execute_input  # noqa: SLF001 - ipykernel has no public hook between a request and its echo

    def publish(code: Any, parent: Mapping[str, Any], execution_count: int) -> None:
        original(cleaner.clean(code) if isinstance(code, str) else code, parent, execution_count)

    patch(kernel, "_publish_execute_input", publish, undo)
