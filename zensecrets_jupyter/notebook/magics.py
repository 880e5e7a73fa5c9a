"""The magics: ``%zen``, ``%secret``, ``%stack`` and ``%%with_secrets``; each hands its words to the command tree."""

from __future__ import annotations

import shlex
from functools import wraps
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand
from IPython.display import display

from zensecrets_jupyter.commands.magic_names import GROUPS
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.interaction import InterruptedWork
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.notebook import with_secrets
from zensecrets_jupyter.notebook.askers import asker
from zensecrets_jupyter.notebook.guard import guard_of, selftest_of
from zensecrets_jupyter.notebook.progress import progress_in
from zensecrets_jupyter.notebook.sources.prompts import command_prompts
from zensecrets_jupyter.notebook.waiting import WAIT, awaited
from zensecrets_jupyter.notebook.with_secrets import ENTER, NAME, CellEnvironment, cell_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.asking.form_request import Asker


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Give ``shell`` the magics; ``undo`` takes them back and restores what had their names."""
    for name, words in GROUPS.items():
        _replace(shell, "line", name, _command(shell, words), undo)
        _replace(shell, "line", awaited(name), _awaited_command(shell, words), undo)
    environment = CellEnvironment()
    _replace(shell, "line", ENTER, _entering(environment), undo)
    _replace(shell, "cell", NAME, _with_secrets(shell), undo)
    with_secrets.register(shell, environment, undo)


def _replace(shell: InteractiveShell, kind: str, name: str, magic: Callable[..., Any], undo: ExitStack) -> None:
    registered = shell.magics_manager.magics[kind]
    if name in registered:
        undo.callback(registered.__setitem__, name, registered[name])
    else:
        undo.callback(registered.pop, name, None)
    # IPython would turn {{a.b}} into {a.b}, and $x into what x is, before a magic sees the line.
    shell.register_magic_function(no_var_expand(magic), kind, name)


def in_one_line(magic: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``magic`` with our own errors shown by IPython as one line, without a traceback.

    IPython does so for exactly ``UsageError``, not for its subclasses.
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
        raise UsageError(text)

    return run


def _command(shell: InteractiveShell, group: list[str]) -> Callable[[str], Any]:
    @in_one_line
    def command(line: str) -> Any:
        return _run(shell, group, line)[0]

    name = group[0] if group else "zen"
    command.__doc__ = f"Run `zensecrets {' '.join([*group, 'WORDS…'])}`; `%{name} --help` lists the commands."
    return command


def _awaited_command(shell: InteractiveShell, group: list[str]) -> Callable[[str], Awaitable[Any]]:
    async def command(line: str) -> Any:
        """Run a command with --wait: it is not done before its form is."""
        __tracebackhide__ = True
        value, asked = in_one_line(_run)(shell, group, line, is_awaited=True)
        form = getattr(asked, "form", None)
        if form is None:
            return value
        try:
            return await form
        except ZenSecretsError as error:
            text = str(error)
        raise UsageError(text)

    return command


def _run(shell: InteractiveShell, group: list[str], line: str, *, is_awaited: bool = False) -> tuple[Any, Asker]:
    """Run a line, show what came of it, and return its value and who was asked."""
    from zensecrets_jupyter.commands import tree
    from zensecrets_jupyter.commands.front_end import FrontEndCapabilities

    words = words_of(line)
    asked = asker(shell, waits=WAIT in words, is_awaited=is_awaited)
    capabilities = FrontEndCapabilities(guard=guard_of(shell), selftest=selftest_of(shell), **progress_in(shell))
    with command_prompts(the_redactor()):
        outcome = tree.run([*group, *words], asked, capabilities)
    if outcome.message:
        print(outcome.message)  # noqa: T201 - what the command says to the person who typed it
    if outcome.value is None and outcome.view is not None:
        display(outcome.view)
    # What returns something, as `stack validate` its report, says with it what a terminal's exit code says.
    if outcome.exit_code and outcome.value is None:
        raise UsageError(outcome.line)
    return outcome.value, asked


def words_of(line: str) -> list[str]:
    """Return the words of a magic's line, quotes and comments handled as a shell does.

    Raises:
        UsageError: If a quote is not closed.
    """
    from zensecrets_jupyter.commands.framework.line_comments import strip_comment

    try:
        return shlex.split(strip_comment(line))
    except ValueError as error:
        problem = str(error).rstrip(".").lower()
    message = f"The line can't be read: {problem}. Close the quote, or put a backslash before it."
    raise UsageError(message)


def _with_secrets(shell: InteractiveShell) -> Callable[[str, str], None]:
    def run(line: str, cell: str) -> None:
        """%%with_secrets NAME… [--prefix P_] [--as KEY=NAME]: run the cell with secrets' keys as environment variables."""
        # A cell that a person runs does not come here: its first line has become a call by then.
        shell.run_cell(cell_of(line, cell)).raise_error()

    return run


def _entering(environment: CellEnvironment) -> Callable[[str], None]:
    @in_one_line
    def enter(line: str) -> None:
        from zensecrets_jupyter.commands.secrets.environment import chosen_on_line

        environment.enter(chosen_on_line(words_of(line), f"%%{NAME}").environment())

    enter.__doc__ = "Set the keys of secrets as environment variables until the cell ends; `%%with_secrets` calls this."
    return enter
