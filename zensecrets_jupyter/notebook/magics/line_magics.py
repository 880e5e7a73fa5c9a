"""The line magics ``%zen``, ``%secret`` and ``%stack``, which run commands of the command tree."""

from __future__ import annotations

import shlex
from functools import wraps
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand
from IPython.display import display

from zensecrets_jupyter.commands.magic_lines import GROUPS
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.interaction import InterruptedWork
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.notebook.askers import make_asker
from zensecrets_jupyter.notebook.guard import guard_of, selftest_of
from zensecrets_jupyter.notebook.magics.awaited_magics import WAIT, awaited_name
from zensecrets_jupyter.notebook.magics.progress import progress_options
from zensecrets_jupyter.notebook.value_sources.password_prompts import deferred_protection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.asking.form_request import Asker


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Register the line magics in ``shell``; ``undo`` restores the earlier magics of these names."""
    for name, group in GROUPS.items():
        replace_magic(shell, "line", name, _make_magic(shell, group), undo)
        replace_magic(shell, "line", awaited_name(name), _make_awaited_magic(shell, group), undo)


def replace_magic(shell: InteractiveShell, kind: str, name: str, magic: Callable[..., Any], undo: ExitStack) -> None:
    """Register a magic in ``shell``; ``undo`` restores the earlier magic of this name, if any.

    Args:
        shell: The shell.
        kind: ``line`` or ``cell``.
        name: The name of the magic.
        magic: The function that IPython calls.
        undo: Gets the callback that restores the earlier magic.
    """
    registered = shell.magics_manager.magics[kind]
    if name in registered:
        undo.callback(registered.__setitem__, name, registered[name])
    else:
        undo.callback(registered.pop, name, None)
    # Without no_var_expand, IPython turns {{a.b}} into {a.b}, and $x into the value of x.
    shell.register_magic_function(no_var_expand(magic), kind, name)


def convert_errors(magic: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``magic`` with our own errors raised as ``UsageError``.

    IPython shows a ``UsageError`` in one line without a traceback. It shows a traceback for an error of a subclass, so our errors are
    converted, instead of being subclasses.
    """

    @wraps(magic)
    def run(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        try:
            return magic(*args, **options)
        except ZenSecretsError as error:
            text = str(error)
        except InterruptedWork as interrupt:
            text = str(interrupt)
        except KeyboardInterrupt:
            text = "Interrupted: the command was stopped before it was done."
        # An error that is raised outside of the `except` blocks does not have the original error as its context.
        raise UsageError(text)

    return run


def split_line(line: str) -> list[str]:
    """Return the arguments on a magic's line; quotes and comments work as in a shell.

    Raises:
        UsageError: If a quote is not closed.
    """
    from zensecrets_jupyter.commands.magic_lines import strip_comment

    try:
        return shlex.split(strip_comment(line))
    except ValueError as error:
        problem = str(error).rstrip(".").lower()
    message = f"The line can't be read: {problem}. Close the quote, or put a backslash before it."
    raise UsageError(message)


def _make_magic(shell: InteractiveShell, group: list[str]) -> Callable[[str], Any]:
    @convert_errors
    def command(line: str) -> Any:
        return _run(shell, group, line)[0]

    name = group[0] if group else "zen"
    command.__doc__ = f"Run `zensecrets {' '.join([*group, 'WORDS…'])}`; `%{name} --help` lists the commands."
    return command


def _make_awaited_magic(shell: InteractiveShell, group: list[str]) -> Callable[[str], Awaitable[Any]]:
    async def command(line: str) -> Any:
        """Run a command with --wait, and wait until its form is submitted or cancelled."""
        __tracebackhide__ = True
        value, asker = convert_errors(_run)(shell, group, line, is_awaited=True)
        # The form is None if the command has not displayed a form.
        form = getattr(asker, "form", None)
        if form is None:
            return value
        try:
            return await form
        except ZenSecretsError as error:
            text = str(error)
        raise UsageError(text)

    return command


def _run(shell: InteractiveShell, group: list[str], line: str, *, is_awaited: bool = False) -> tuple[Any, Asker]:
    """Run a command and display its outcome; return the outcome's value and the command's asker.

    An asker asks the user for missing values, by a form or by prompts.

    Args:
        shell: The shell.
        group: The words of the command before the arguments of the magic: ``["secret"]`` for ``%secret``, an empty list for ``%zen``.
        line: The arguments of the magic.
        is_awaited: Whether the cell awaits the result.
    """
    from zensecrets_jupyter.commands import tree
    from zensecrets_jupyter.commands.front_end import FrontEndCapabilities

    arguments = split_line(line)
    asker = make_asker(shell, has_wait_option=WAIT in arguments, is_awaited=is_awaited)
    capabilities = FrontEndCapabilities(guard=guard_of(shell), selftest=selftest_of(shell), **progress_options(shell))
    with deferred_protection(the_redactor()):
        outcome = tree.run([*group, *arguments], asker, capabilities)
    if outcome.message:
        print(outcome.message)  # noqa: T201 - the output of the command belongs to the cell's output
    if outcome.value is None and outcome.view is not None:
        display(outcome.view)
    # The returned value may show the failure, for example the report of `stack validate`. Without a value, an error shows the failure.
    if outcome.exit_code and outcome.value is None:
        raise UsageError(outcome.summary)
    return outcome.value, asker
