"""``secret env``: the keys of secrets as environment variables, of this session or of one program."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands import completion
from zensecrets_jupyter.commands.active import manager_of
from zensecrets_jupyter.commands.call import Call, Outcome
from zensecrets_jupyter.commands.errors import UsageProblem
from zensecrets_jupyter.commands.grammar import Command
from zensecrets_jupyter.core.environment import secret_environment, variables_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_session = ExitStack()
"""Takes back what was set for this session."""


class _WithProgram(Command):
    """A command whose words after ``--`` are another program's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments up to ``--``."""
        own, program = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        rest = super().parse_args(ctx, own)
        ctx.params["program"] = program
        return rest

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the pieces of the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- PROGRAM ARGUMENTS...]"]


@click.command("env", cls=_WithProgram)
@click.argument("names", metavar="NAME...", nargs=-1, shell_complete=completion.of(completion.secret_names))
@click.option("--prefix", default="", help="What the variables' names start with.")
@click.option("--unset", is_flag=True, help="Make the variables that were set so what they were before.")
@click.pass_obj
def env(call: Call, names: Sequence[str], prefix: str, *, unset: bool, program: Sequence[str]) -> Outcome:
    """Give the keys of secrets to programs as environment variables.

    A variable is called like its key, in upper case, with _ for what is no letter or digit. In a notebook they are set for the session:
    what is started from there inherits them. In a terminal they are set for one program: `env NAME -- PROGRAM ARGUMENTS`.
    """
    if unset:
        _session.close()
        return Outcome(text="The variables that were set for this session are what they were before.")
    if not names:
        raise UsageProblem("Which secrets?", hint=f"Write: {call.abilities.program} secret env NAME.")
    if prefix and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", prefix):
        raise UsageProblem(f"No variable's name can start with {prefix!r}.", hint="Use letters, digits and '_'.")
    run = call.abilities.run_program
    if program and run is None:
        raise UsageProblem("Here the variables are set for the session.", hint="Leave out '--' and what follows, and run the program then.")
    if not program and not call.abilities.keeps_environment:
        message = "Variables that were set here would be gone at once."
        raise UsageProblem(message, hint=f"Say which program gets them: {call.abilities.program} secret env {' '.join(names)} -- PROGRAM")
    manager = manager_of()
    secrets = [manager.get_secret(name) for name in dict.fromkeys(names)]
    if run is not None and program:
        return Outcome(exit_code=run(program, variables_of(secrets, prefix=prefix)))
    variables = _session.enter_context(secret_environment(secrets, prefix=prefix))
    text = f"Set for this session: {', '.join(variables)}. What is started from here inherits them; to undo it: %secret env --unset"
    return Outcome(text=text)
