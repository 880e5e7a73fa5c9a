"""``secret env``: set the keys of secrets as environment variables."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.commands.framework.click_extensions import CONTEXT_SETTINGS, Command, PassThroughCommand, convert_usage_error
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.core.environment import secret_environment, variables_of
from zensecrets_jupyter.core.errors import SecretNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.schemas import BaseSecretSchema

_session_variables = ExitStack()
"""The context managers of the variables that ``secret env`` set in this session.

Closing the stack restores the old variables.
"""


_names_argument = click.argument("names", metavar="NAME...", nargs=-1, shell_complete=completion.completer(completion.secret_names))
_prefix_option = click.option("--prefix", default="", help="A prefix for the names of the variables.")
_as_option = click.option("--as", "assignments", metavar="KEY=NAME", multiple=True, help="Set the variable of a key; may be repeated.")


@click.command("env", cls=PassThroughCommand, placeholder="PROGRAM ARGUMENTS...")
@_names_argument
@_prefix_option
@_as_option
@click.option("--unset", is_flag=True, help="Restore the variables that were set.")
@click.pass_obj
def env(  # noqa: PLR0913 - one parameter for each option
    call: Call, names: Sequence[str], prefix: str, assignments: Sequence[str], *, unset: bool, program_words: Sequence[str]
) -> Outcome:
    """Set the keys of secrets as environment variables.

    The name of a variable is its key in upper case, with _ for characters other than letters and digits. A variable such as PATH is
    replaced only if --as names it. In a notebook, the variables are set for the session and for programs that it starts. In a terminal,
    they are set for one program: `env NAME -- PROGRAM ARGUMENTS`.
    """
    if unset:
        _session_variables.close()
        return Outcome(text="Restored the environment variables of this session.")
    if not names:
        raise UsageProblem("The name of a secret is missing.", hint=f"Write: {call.capabilities.program} secret env NAME")
    selection = _choose_variables(names, prefix, assignments)
    run = call.capabilities.run_program
    if program_words and run is None:
        raise UsageProblem(
            "In a session, the variables are set for all programs.", hint="Leave out '--' and the program; start the program afterwards."
        )
    if not program_words and not call.capabilities.keeps_environment:
        message = "The variables would end with this process."
        raise UsageProblem(
            message, hint=f"Add the program that gets them: {call.capabilities.program} secret env {' '.join(names)} -- PROGRAM"
        )
    if run is not None and program_words:
        return Outcome(exit_code=run(program_words, selection.variables()))
    variables = _session_variables.enter_context(selection.environment())
    text = f"Set for this session and the programs that it starts: {', '.join(variables)}. To undo it: %secret env --unset"
    return Outcome(text=text)


class ChosenVariables(NamedTuple):
    """Secrets to set as environment variables, with the names of the variables.

    Attributes:
        secret_names: The names of the secrets.
        prefix: The prefix of the variables' names.
        variable_names: The names of the variables that ``--as`` sets, by key.
    """

    secret_names: tuple[str, ...]
    prefix: str
    variable_names: dict[str, str]

    def variables(self) -> dict[str, str]:
        """Return the values of the variables, by the names of the variables."""
        return variables_of(self._read(), prefix=self.prefix, names=self.variable_names)

    def environment(self) -> AbstractContextManager[dict[str, str]]:
        """Return a context manager that sets the variables."""
        return secret_environment(self._read(), prefix=self.prefix, names=self.variable_names)

    def _read(self) -> list[BaseSecretSchema]:
        manager = active_manager()
        return [secret for name in dict.fromkeys(self.secret_names) for secret in _read_secrets(manager, name)]


def _read_secrets(manager: SecretsManager, name: str) -> list[BaseSecretSchema]:
    """Return the secret with a name, or the secrets of a comma-separated list of names."""
    try:
        return [manager.get_secret(name)]
    except SecretNotFoundError:
        # The name of a stored secret may contain a comma, so a list is tried only if there is no secret with this name.
        if "," not in name:
            raise
    return [manager.get_secret(secret_name) for secret_name in name.split(",") if secret_name]


def parse_variables(words: Sequence[str], magic: str) -> ChosenVariables:
    """Return the variables that the line of a cell magic chooses.

    Args:
        words: The words after the magic.
        magic: The magic, such as ``%%with_secrets``.

    Raises:
        UsageProblem: If the words can't be parsed, or name no secret.
    """
    command = Command(magic, params=[_parameter(_names_argument), _parameter(_prefix_option), _parameter(_as_option)])
    try:
        # Without a help option, --help on the line is an error as any unknown option is.
        options = command.make_context(magic, list(words), **{**CONTEXT_SETTINGS, "help_option_names": []}).params
    except click.UsageError as error:
        # The problem is raised after this block, so that its traceback does not contain Click's error.
        problem = convert_usage_error(error)
    else:
        return _choose_variables(options["names"], options["prefix"], options["assignments"], usage=f"{magic} NAME [NAME …]")
    raise problem


def _parameter(decorate: Callable[..., Any]) -> click.Parameter:
    """Return the parameter that a decorator of Click adds to a function."""

    def function() -> None:
        """Do nothing. Click stores the parameter in an attribute of this function."""

    decorate(function)
    parameter: click.Parameter = vars(function)["__click_params__"][0]
    return parameter


def _choose_variables(names: Sequence[str], prefix: str, assignments: Sequence[str], *, usage: str = "") -> ChosenVariables:
    """Return the chosen variables.

    Args:
        names: The names of the secrets.
        prefix: The prefix of the variables' names.
        assignments: The texts ``KEY=NAME`` of the option ``--as``.
        usage: The usage of a cell magic, for the error if ``names`` is empty. The command ``env`` checks ``names`` itself.

    Raises:
        UsageProblem: If ``names`` is empty, or if the prefix or a text of ``--as`` is not valid.
    """
    if not names:
        raise UsageProblem("The name of a secret is missing.", hint=f"Write {usage} on the first line of the cell.")
    if prefix and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", prefix):
        raise UsageProblem(f"The name of a variable can't start with {prefix!r}.", hint="Use letters, digits and '_'.")
    variable_names: dict[str, str] = {}
    for text in assignments:
        key, equals, name = text.partition("=")
        if not (key and equals and name):
            raise UsageProblem("--as takes a key and the name of its variable.", hint="Write --as KEY=NAME.")
        variable_names[key] = name
    return ChosenVariables(tuple(names), prefix, variable_names)
