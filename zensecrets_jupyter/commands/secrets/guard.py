"""``secret guard``: show the state of the guard, turn it on or off, and choose protected environment variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.files.fingerprint_sync import forget_fingerprints
from zensecrets_jupyter.commands.framework.active_manager import active_manager, manager_label
from zensecrets_jupyter.commands.framework.click_extensions import Command
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.commands.tables.table import Table
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.redaction.environment import PREFIX, protect_variable
from zensecrets_jupyter.core.redaction.recognition.choices import read_choices, write_choices
from zensecrets_jupyter.core.redaction.recognition.reasons import the_reasons
from zensecrets_jupyter.core.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.commands.front_end import Call, Guard
    from zensecrets_jupyter.core.redaction import Redactor
    from zensecrets_jupyter.core.redaction.recognition.choices import VariableChoices

_STATES = ("status", "on", "off", "ignore", "protect")


@click.command("guard", cls=Command)
@click.argument("state", metavar="[status|on|off|ignore|protect]", type=click.Choice(_STATES), default="status")
@click.argument("variables", metavar="[VARIABLE]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Protect every secret in the active secrets manager, by reading each once.")
@click.pass_obj
def guard(call: Call, state: str, *, variables: tuple[str, ...], everything: bool) -> Outcome:
    """Show the protected values, turn the guard on or off, or choose protected environment variables.

    The guard masks known values in all outputs of a notebook's kernel, or of IPython in a terminal, and keeps them out of the history.
    Known values are those that were registered, read or typed at a password prompt in the session, and environment variables that are
    secrets by their name or value; with --all, also every value in the active secrets manager.

    ignore VARIABLE never protects an environment variable, protect VARIABLE always does: at once, and in later sessions.
    """
    _check_variables(state, variables, everything=everything)
    if state in {"ignore", "protect"}:
        return _choose(call.capabilities.guard, state, [variable.removeprefix(PREFIX) for variable in variables])
    found = call.capabilities.guard
    if found is None:
        message = "There is no guard here: it lives in a notebook's kernel or in IPython, for as long as that runs."
        raise UsageProblem(message, hint="There, after %load_ext zensecrets_jupyter, the magic of that name shows it.")
    if everything and state == "off":
        raise UsageProblem("Nothing is protected by a guard that is off.", hint="Write: %secret guard on --all")
    if state == "off":
        found.turn_off()
        text = "The guard is off: values are shown, saved with outputs and kept in the history as they are. To turn it on: %secret guard on"
        return Outcome(text=text)
    lines: list[str] = []
    warnings: tuple[str, ...] = ()
    if state == "on":
        found.turn_on()
        lines.append(f"The guard is on, and knows {counted(found.redactor.size, 'value')}.")
    if everything:
        line, warnings = _protect_everything(found.redactor)
        lines.append(line)
    if lines:
        return Outcome(text="\n".join(lines), warnings=warnings)
    table = _status(found)
    return Outcome(table, view=table)


def _check_variables(state: str, variables: tuple[str, ...], *, everything: bool) -> None:
    """Raise UsageProblem for words that contradict each other."""
    if state in {"ignore", "protect"}:
        if not variables or everything:
            raise UsageProblem(f"Which variable? Write: %secret guard {state} VARIABLE [VARIABLE …]")
        for variable in variables:
            name = variable.removeprefix(PREFIX)
            if not name or "=" in name or "." in name or name.isspace():
                message = f"{name.partition('=')[0]!r} is no name of an environment variable; only those can be chosen by name."
                raise UsageProblem(message, hint="For a key of an external secret: %zen secrets-manager update NAME --clear KEY")
    elif variables:
        raise UsageProblem(f"{state} takes no variable: {variables[0]!r}.", hint=f"Write: %secret guard {state}")


def _choose(guard: Guard | None, state: str, variables: list[str]) -> Outcome:
    """Save that variables are ignored or protected, and apply it to the running guard, if there is one."""
    choices = read_choices(reload=True)
    for variable in variables:
        choices = choices.with_ignored(variable) if state == "ignore" else choices.with_protected(variable)
    write_choices(choices)
    lines = []
    for variable in variables:
        name = PREFIX + variable
        if state == "ignore":
            known = guard is not None and name in guard.redactor.names
            if guard is not None:
                guard.redactor.forget(name)
                the_reasons().forget(name)
            forget_fingerprints(name)
            lines.append(f"{variable} is ignored from now on{': its value is shown again' if known else ''}.")
        else:
            lines.append(_protected_line(guard, variable, choices))
    where = "in every session with this ZENSECRETS_HOME" if guard is not None else "in sessions that load the extension from now on"
    return Outcome(text="\n".join([*lines, f"This holds {where}. Only names are kept, never values."]))


def _protected_line(guard: Guard | None, variable: str, choices: VariableChoices) -> str:
    value = os.environ.get(variable)
    if guard is None or value is None:
        return f"{variable} is protected wherever it is set."
    guard.redactor.forget(PREFIX + variable)
    if protect_variable(variable, value, redactor=guard.redactor, choices=choices):
        return f"{variable} is protected from now on."
    return f"{variable} is protected from now on, but its value now can't be masked, since {guard.redactor.unmaskable_reason(value)}."


def _protect_everything(redactor: Redactor) -> tuple[str, tuple[str, ...]]:
    manager = active_manager()
    if Capability.READ not in manager.capabilities:
        message = f"Secrets manager {manager_label(manager)} gives no values out, so there is nothing of it to protect here."
        raise UsageProblem(message)
    before = redactor.size
    # Values are protected from the moment they are read.
    secrets = manager.get_secrets(manager.list_secrets())
    unread = [name for name, secret in secrets.items() if isinstance(secret, ZenSecretsError)]
    new = redactor.size - before
    added = counted(new, "value") if new else "nothing"
    text = f"Read {counted(len(secrets) - len(unread), 'secret')} of {manager_label(manager)}: {added} new to the guard."
    return text, (f"Warning: these can't be read, and are not protected: {', '.join(unread)}.",) if unread else ()


def _status(found: Guard) -> Table:
    redactor = found.redactor
    counts, unprotected = redactor.counts, redactor.unmaskable
    reasons = the_reasons()
    rows = [(name, reasons.get(name), str(counts.get(name, 0))) for name in redactor.names]
    # A key may have had several values, some of which can be masked.
    rows += [(name, f"can't be masked: {reason}", "") for name, reason in sorted(unprotected.items())]
    masked = sum(counts.values())
    state = "on" if found.is_on else "off"
    title = f"The guard is {state}: {counted(redactor.size, 'value')} protected, masked {counted(masked, 'time')} in this session"
    return Table(["value of", "why", "masked"], rows, title=title, note=_note(found, unprotected))


def _note(found: Guard, unprotected: Iterable[str]) -> str:
    notes = [] if found.is_on else ["To turn it on: %secret guard on"]
    if list(unprotected):
        notes.append("What can't be masked is too short or too common: half of every output would be masked. Choose longer values.")
    notes.append("A variable that is no secret: %secret guard ignore VARIABLE; one that was missed: %secret guard protect VARIABLE.")
    notes.append("All of the active secrets manager: %secret guard --all")
    return " ".join(notes)
