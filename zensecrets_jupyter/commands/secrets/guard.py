"""``secret guard``: show the guard, turn it on or off, and choose protected environment variables."""

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
from zensecrets_jupyter.core.redaction.environment import PREFIX as ENVIRONMENT_PREFIX
from zensecrets_jupyter.core.redaction.environment import protect_variable
from zensecrets_jupyter.core.redaction.recognition.choices import read_choices, write_choices
from zensecrets_jupyter.core.redaction.recognition.reasons import the_protection_reasons
from zensecrets_jupyter.core.text import counted

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.front_end import Call, GuardControl
    from zensecrets_jupyter.core.redaction import Redactor
    from zensecrets_jupyter.core.redaction.recognition.choices import VariableChoices

_ACTIONS = ("status", "on", "off", "ignore", "protect")


@click.command("guard", cls=Command)
@click.argument("action", metavar="[status|on|off|ignore|protect]", type=click.Choice(_ACTIONS), default="status")
@click.argument("variables", metavar="[VARIABLE]...", nargs=-1)
@click.option(
    "--all", "everything", is_flag=True, help="Protect every secret in the active secrets manager. The command reads each secret once."
)
@click.pass_obj
def guard(call: Call, action: str, *, variables: tuple[str, ...], everything: bool) -> Outcome:
    """Show the protected values, turn the guard on or off, or choose protected environment variables.

    The guard masks protected values in all outputs of a notebook's kernel or of IPython in a terminal, and in the history. It protects the
    values that the session registers, reads or asks for at a password prompt, and environment variables that look like secrets. With
    --all, it also protects every value in the active secrets manager.

    `guard ignore VARIABLE` stops the protection of an environment variable, and `guard protect VARIABLE` starts it. Both take effect at
    once, and in later sessions.
    """
    _check_variables(action, variables, everything=everything)
    if action in {"ignore", "protect"}:
        return _save_choice(call.capabilities.guard, action, [variable.removeprefix(ENVIRONMENT_PREFIX) for variable in variables])
    session_guard = call.capabilities.guard
    if session_guard is None:
        message = "A terminal has no guard: the guard works only in the kernel of a notebook and in IPython."
        raise UsageProblem(message, hint="In a notebook, run %load_ext zensecrets_jupyter and then %secret guard.")
    if everything and action == "off":
        raise UsageProblem("--all and off contradict each other.", hint="Write: %secret guard on --all")
    if action == "off":
        session_guard.turn_off()
        text = "The guard is off: outputs and the history contain plain values. To turn it on: %secret guard on"
        return Outcome(text=text)
    lines: list[str] = []
    warnings: tuple[str, ...] = ()
    if action == "on":
        session_guard.turn_on()
        lines.append(f"The guard is on, and protects {counted(session_guard.redactor.size, 'value')}.")
    if everything:
        line, warnings = _protect_all_secrets(session_guard.redactor)
        lines.append(line)
    if lines:
        return Outcome(text="\n".join(lines), warnings=warnings)
    table = _status_table(session_guard)
    return Outcome(value=table, view=table)


def _check_variables(action: str, variables: tuple[str, ...], *, everything: bool) -> None:
    """Raise UsageProblem if the variables do not fit the action.

    The actions ``ignore`` and ``protect`` need variables with valid names. The other actions take none.
    """
    if action in {"ignore", "protect"}:
        if not variables or everything:
            raise UsageProblem("The name of a variable is missing.", hint=f"Write: %secret guard {action} VARIABLE [VARIABLE …]")
        for variable in variables:
            name = variable.removeprefix(ENVIRONMENT_PREFIX)
            # A name with a dot is a key of a secret, such as `db.user` in the table of `guard status`.
            if not name or "=" in name or "." in name or name.isspace():
                message = f"{name.partition('=')[0]!r} is not the name of an environment variable."
                raise UsageProblem(message, hint="To show a key of an external secret: %zen secrets-manager update NAME --clear KEY")
    elif variables:
        raise UsageProblem(f"{action} takes no variable: {variables[0]!r}.", hint=f"Write: %secret guard {action}")


def _save_choice(session_guard: GuardControl | None, action: str, variables: list[str]) -> Outcome:
    """Save the choice to ignore or to protect variables, and apply it to this session.

    Args:
        session_guard: The guard of this session; ``None`` in a terminal.
        action: ``"ignore"`` or ``"protect"``.
        variables: The names of the variables.
    """
    choices = read_choices(reload=True)
    for variable in variables:
        choices = choices.with_ignored(variable) if action == "ignore" else choices.with_protected(variable)
    write_choices(choices)
    lines = []
    for variable in variables:
        # The name of the value in masks and in the table of protected values, such as `env.TOKEN`.
        name = ENVIRONMENT_PREFIX + variable
        if action == "ignore":
            was_protected = session_guard is not None and name in session_guard.redactor.names
            if session_guard is not None:
                session_guard.redactor.forget(name)
                the_protection_reasons().forget(name)
            forget_fingerprints(name)
            lines.append(f"{variable} is no longer protected{': outputs show its value again' if was_protected else ''}.")
        else:
            lines.append(_protect_in_session(session_guard, variable, choices))
    scope = "every session with this ZENSECRETS_HOME" if session_guard is not None else "sessions that load the extension from now on"
    return Outcome(text="\n".join([*lines, f"The choice applies to {scope}. Only the name is stored, not the value."]))


def _protect_in_session(session_guard: GuardControl | None, variable: str, choices: VariableChoices) -> str:
    """Protect a variable's value in this session, and return a line for the user."""
    value = os.environ.get(variable)
    if session_guard is None or value is None:
        return f"{variable} is protected in every session that has it."
    # The guard may have protected only parts of the value, or an old value. It starts again with the current value.
    session_guard.redactor.forget(ENVIRONMENT_PREFIX + variable)
    if protect_variable(variable, value, redactor=session_guard.redactor, choices=choices):
        return f"{variable} is protected from now on."
    reason = session_guard.redactor.unmaskable_reason(value)
    return f"{variable} is protected from now on, but its current value can't be masked, because {reason}."


def _protect_all_secrets(redactor: Redactor) -> tuple[str, tuple[str, ...]]:
    """Protect all secrets of the active secrets manager; return a line for the user, and warnings."""
    manager = active_manager()
    if Capability.READ not in manager.capabilities:
        message = f"Secrets manager {manager_label(manager)} can't return values, so the guard can't protect them."
        raise UsageProblem(message)
    size_before = redactor.size
    # The guard protects every value that the session reads, so this function only reads the secrets.
    secrets = manager.get_secrets(manager.list_secrets())
    unread_names = [name for name, secret in secrets.items() if isinstance(secret, ZenSecretsError)]
    added_count = redactor.size - size_before
    comparison = f"{counted(added_count, 'value')} more" if added_count else "no more values"
    read_count = counted(len(secrets) - len(unread_names), "secret")
    text = f"Read {read_count} of {manager_label(manager)}. The guard protects {comparison} than before."
    return text, (f"Warning: these secrets can't be read, and are not protected: {', '.join(unread_names)}.",) if unread_names else ()


def _status_table(session_guard: GuardControl) -> Table:
    """Return the table of the protected values and of the values that can't be masked."""
    redactor = session_guard.redactor
    counts, unmaskable_reasons = redactor.counts, redactor.unmaskable
    reasons = the_protection_reasons()
    rows = [(name, reasons.get(name), str(counts.get(name, 0))) for name in redactor.names]
    # A name may have an old and a new value. If only one of the two can be masked, the name has two rows.
    rows += [(name, f"can't be masked: {reason}", "") for name, reason in sorted(unmaskable_reasons.items())]
    mask_count = sum(counts.values())
    state = "on" if session_guard.is_on else "off"
    title = f"The guard is {state}: {counted(redactor.size, 'value')} protected, masked {counted(mask_count, 'time')} in this session"
    return Table(
        ["value of", "why", "masked"], rows, title=title, note=_status_note(session_guard, has_unmaskable_values=bool(unmaskable_reasons))
    )


def _status_note(session_guard: GuardControl, *, has_unmaskable_values: bool) -> str:
    notes = [] if session_guard.is_on else ["To turn it on: %secret guard on"]
    if has_unmaskable_values:
        notes.append("A value that can't be masked is too short or too common. Choose a longer value.")
    notes.append("To stop protecting a variable: %secret guard ignore VARIABLE. To protect a variable: %secret guard protect VARIABLE.")
    notes.append("To protect all secrets of the active secrets manager: %secret guard --all")
    return " ".join(notes)
