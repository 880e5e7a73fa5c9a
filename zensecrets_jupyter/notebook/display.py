"""Display of secrets, stacks, validation reports and pipeline runs as tables.

The formatters are registered by the names of classes, because an import of the classes would make ``%load_ext`` slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

_CORE = "zensecrets_jupyter.core"
_TABLE_FUNCTIONS = {
    (f"{_CORE}.schemas.interface", "BaseSecretSchema"): "secret_table",
    (f"{_CORE}.stack.stack", "Stack"): "stack_table",
    (f"{_CORE}.stack.validation", "Report"): "report_table",
    (f"{_CORE}.steps.execution.run", "PipelineRun"): "run_table",
}
"""The name of the function in ``commands.tables`` that makes the table, by module and class."""


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Display objects of the classes in ``_TABLE_FUNCTIONS`` as tables in ``shell``, in HTML and plain text; ``undo`` stops it."""
    formatters = shell.display_formatter.formatters
    for (module, class_name), function_name in _TABLE_FUNCTIONS.items():
        for mime, printer in (("text/html", _html_printer(function_name)), ("text/plain", _plain_printer(function_name))):
            formatter = formatters[mime]
            earlier_printer = formatter.for_type_by_name(module, class_name, printer)
            undo.callback(_restore, formatter, module, class_name, earlier_printer)


def _table(function_name: str, value: Any) -> Any:
    from zensecrets_jupyter.commands.tables import secret_tables, stack_tables

    return getattr(secret_tables if function_name == "secret_table" else stack_tables, function_name)(value)


def _html_printer(function_name: str) -> Callable[[Any], str]:
    return lambda value: str(_table(function_name, value)._repr_html_())


def _plain_printer(function_name: str) -> Callable[[Any, Any, bool], None]:
    def show(value: Any, pretty_printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython calls a printer with these positional arguments
        # The stack contains the objects that IPython prints now: this object, and for example a list that contains it.
        is_nested = len(pretty_printer.stack) > 1
        pretty_printer.text(repr(value) if is_nested else str(_table(function_name, value)))

    return show


def _restore(formatter: Any, module: str, class_name: str, earlier_printer: Any) -> None:
    # Our printer may be in either of two mappings.
    # IPython moves a printer from the deferred printers to the type printers when it first displays an object of the class.
    formatter.deferred_printers.pop((module, class_name), None)
    displayed_classes = [cls for cls in formatter.type_printers if (cls.__module__, cls.__name__) == (module, class_name)]
    for cls in displayed_classes:
        del formatter.type_printers[cls]
    if earlier_printer is not None:
        formatter.for_type_by_name(module, class_name, earlier_printer)
