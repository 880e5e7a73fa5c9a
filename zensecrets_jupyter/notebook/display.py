"""How the core's objects look in a notebook: masked tables, made by the commands' own renderer.

The formatters are registered by the names of classes, so that loading the extension imports none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

_CORE = "zensecrets_jupyter.core"
_VIEWS = {
    (f"{_CORE}.schemas.interface", "BaseSecretSchema"): "secret_table",
    (f"{_CORE}.stack.stack", "Stack"): "stack_table",
    (f"{_CORE}.stack.validation", "Report"): "report_table",
    (f"{_CORE}.steps.run", "PipelineRun"): "run_table",
}
"""For each class, the function of ``commands.tables`` that makes its table."""


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Show the core's objects as tables in ``shell``, as HTML and as plain text; ``undo`` stops it."""
    formatters = shell.display_formatter.formatters
    for (module, name), function in _VIEWS.items():
        for mime, show in (("text/html", _html(function)), ("text/plain", _plain(function))):
            formatter = formatters[mime]
            before = formatter.for_type_by_name(module, name, show)
            undo.callback(_restore, formatter, module, name, before)


def _table(function: str, thing: Any) -> Any:
    from zensecrets_jupyter.commands.tables import secret_tables, stack_tables

    return getattr(secret_tables if function == "secret_table" else stack_tables, function)(thing)


def _html(function: str) -> Callable[[Any], str]:
    return lambda thing: str(_table(function, thing)._repr_html_())


def _plain(function: str) -> Callable[[Any, Any, bool], None]:
    def show(thing: Any, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - how IPython calls a printer
        inside = len(printer.stack) > 1
        printer.text(repr(thing) if inside else str(_table(function, thing)))

    return show


def _restore(formatter: Any, module: str, name: str, before: Any) -> None:
    # A name stays deferred until an object of the class is shown; then it moves to the types.
    formatter.deferred_printers.pop((module, name), None)
    for known in [known for known in formatter.type_printers if (known.__module__, known.__name__) == (module, name)]:
        del formatter.type_printers[known]
    if before is not None:
        formatter.for_type_by_name(module, name, before)
