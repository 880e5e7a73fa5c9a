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
"""For each class, the function of ``commands.render`` that makes its table."""


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Show the core's objects as tables in ``shell``; ``undo`` stops it."""
    formatter = shell.display_formatter.formatters["text/html"]
    for (module, name), function in _VIEWS.items():
        before = formatter.for_type_by_name(module, name, _html(function))
        undo.callback(_restore, formatter, module, name, before)


def _html(function: str) -> Callable[[Any], str]:
    def show(thing: Any) -> str:
        from zensecrets_jupyter.commands import render  # noqa: PLC0415 - loading the extension stays fast

        html: str = getattr(render, function)(thing)._repr_html_()
        return html

    return show


def _restore(formatter: Any, module: str, name: str, before: Any) -> None:
    # A name stays deferred until an object of the class is shown; then it moves to the types.
    formatter.deferred_printers.pop((module, name), None)
    for known in [known for known in formatter.type_printers if (known.__module__, known.__name__) == (module, name)]:
        del formatter.type_printers[known]
    if before is not None:
        formatter.for_type_by_name(module, name, before)
