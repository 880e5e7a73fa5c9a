"""``secret env``: set the keys of secrets as environment variables, for the session or for one program."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.active_manager import manager_of
from zensecrets_jupyter.commands.framework.click_extensions import SETTINGS, Command, usage_problem_from
from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.core.environment import secret_environment, variables_of
from zensecrets_jupyter.core.errors import SecretNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.schemas import BaseSecretSchema

_session = ExitStack()
"""Restores the environment variables of the session."""


class _WithProgram(Command):
    """A command that passes the words after ``--`` to another program."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments up to ``--``."""
        own, program = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        rest = super().parse_args(ctx, own)
        ctx.params["program"] = program
        return rest

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the parts of the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- PROGRAM ARGUMENTS...]"]


_names = click.argument("names", metavar="NAME...", nargs=-1, shell_complete=completion.completer(completion.secret_names))
_prefix = click.option("--prefix", default="", help="The prefix of the variables' names.")
_renamed = click.option("--as", "renamed", metavar="KEY=NAME", multiple=True, help="The variable of a key; may be repeated.")


@click.command("env", cls=_WithProgram)
@_names
@_prefix
@_renamed
@click.option("--unset", is_flag=True, help="Restore the variables that were set.")
@click.pass_obj
def env(  # noqa: PLR0913 - one for each option
    call: Call, names: Sequence[str], prefix: str, renamed: Sequence[str], *, unset: bool, program: Sequence[str]
) -> Outcome:
    """Set the keys of secrets as environment variables.

    A variable is named like its key, in upper case, with _ for characters other than letters and digits. A variable such as PATH is
    replaced only if --as names it. In a notebook the variables are set for the session, and programs started from it inherit them. In a
    terminal they are set for one program: `env NAME -- PROGRAM ARGUMENTS`.
    """
    if unset:
        _session.close()
        return Outcome(text="The variables that were set for this session are what they were before.")
    if not names:
        raise UsageProblem("Which secrets?", hint=f"Write: {call.capabilities.program} secret env NAME.")
    chosen = _chosen(names, prefix, renamed)
    run = call.capabilities.run_program
    if program and run is None:
        raise UsageProblem("Here the variables are set for the session.", hint="Leave out '--' and what follows, and run the program then.")
    if not program and not call.capabilities.keeps_environment:
        message = "Variables that were set here would be gone at once."
        raise UsageProblem(
            message, hint=f"Say which program gets them: {call.capabilities.program} secret env {' '.join(names)} -- PROGRAM"
        )
    if run is not None and program:
        return Outcome(exit_code=run(program, chosen.variables()))
    variables = _session.enter_context(chosen.environment())
    text = f"Set for this session: {', '.join(variables)}. What is started from here inherits them; to undo it: %secret env --unset"
    return Outcome(text=text)


class ChosenVariables(NamedTuple):
    """The secrets to set as environment variables, and the names of the variables.

    Attributes:
        secrets: The names of the secrets.
        prefix: The prefix of the variables' names.
        names: Names of variables, by key.
    """

    secrets: tuple[str, ...]
    prefix: str
    names: dict[str, str]

    def variables(self) -> dict[str, str]:
        """Return the variables by name."""
        return variables_of(self._read(), prefix=self.prefix, names=self.names)

    def environment(self) -> AbstractContextManager[dict[str, str]]:
        """Return a context manager that sets the variables."""
        return secret_environment(self._read(), prefix=self.prefix, names=self.names)

    def _read(self) -> list[BaseSecretSchema]:
        manager = manager_of()
        return [secret for name in dict.fromkeys(self.secrets) for secret in _named(manager, name)]


def _named(manager: SecretsManager, name: str) -> list[BaseSecretSchema]:
    """Return the named secret; if there is none, the secrets whose names are joined by commas in ``name``."""
    try:
        return [manager.get_secret(name)]
    except SecretNotFoundError:
        if "," not in name:
            raise
    return [manager.get_secret(part) for part in name.split(",") if part]


def chosen_on_line(words: Sequence[str], program: str) -> ChosenVariables:
    """Return the choice on the line of a cell magic.

    Args:
        words: The words after the magic.
        program: The magic, such as ``%%with_secrets``.

    Raises:
        UsageProblem: If the words can't be parsed, or name no secret.
    """
    command = Command(program, params=[_parameter(_names), _parameter(_prefix), _parameter(_renamed)])
    try:
        options = command.make_context(program, list(words), **{**SETTINGS, "help_option_names": []}).params
    except click.UsageError as error:
        problem = usage_problem_from(error)
    else:
        return _chosen(options["names"], options["prefix"], options["renamed"], usage=f"{program} NAME [NAME …]")
    raise problem


def _parameter(decorate: Callable[..., Any]) -> click.Parameter:
    """Return the parameter that a decorator of Click adds."""

    def nothing() -> None:
        """Do nothing."""

    decorate(nothing)
    parameter: click.Parameter = vars(nothing)["__click_params__"][0]
    return parameter


def _chosen(names: Sequence[str], prefix: str, renamed: Sequence[str], *, usage: str = "") -> ChosenVariables:
    if not names:
        raise UsageProblem("Which secrets?", hint=f"Write {usage} on the first line of the cell.")
    if prefix and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", prefix):
        raise UsageProblem(f"No variable's name can start with {prefix!r}.", hint="Use letters, digits and '_'.")
    chosen: dict[str, str] = {}
    for one in renamed:
        key, equals, name = one.partition("=")
        if not (key and equals and name):
            raise UsageProblem("--as takes a key and the name of its variable.", hint="Write --as KEY=NAME.")
        chosen[key] = name
    return ChosenVariables(tuple(names), prefix, chosen)
