"""``secret guard``: what keeps known values in a session, its state, and on and off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.active import manager_of, place_of
from zensecrets_jupyter.commands.call import Call, Outcome
from zensecrets_jupyter.commands.errors import UsageProblem
from zensecrets_jupyter.commands.grammar import Command
from zensecrets_jupyter.commands.render import Table
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.managers import Capability

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.commands.call import Guard
    from zensecrets_jupyter.core.redaction import Redactor

_STATES = ("status", "on", "off")


@click.command("guard", cls=Command)
@click.argument("state", metavar="[status|on|off]", type=click.Choice(_STATES), default="status")
@click.option("--all", "everything", is_flag=True, help="Protect every secret that the active secrets manager holds, by reading each once.")
@click.pass_obj
def guard(call: Call, state: str, *, everything: bool) -> Outcome:
    """Show what the guard protects, and what it masked in this session; or turn it on or off.

    The guard masks known values in whatever a notebook's kernel, or IPython in a terminal, shows, and keeps them out of the history. Known
    is what was registered, typed or read in the session, and what stands in the environment under a name that says secret, token, key or
    password; with --all, whatever the active secrets manager holds.
    """
    found = call.abilities.guard
    if found is None:
        message = "There is no guard here: it lives in a notebook's kernel or in IPython, for as long as that runs."
        raise UsageProblem(message, hint="There, after %load_ext zensecrets_jupyter, the magic of that name shows it.")
    if everything and state == "off":
        raise UsageProblem("Nothing is protected by a guard that is off.", hint="Write: %secret guard on --all")
    if state == "off":
        found.turn_off()
        text = "The guard is off: values are shown, saved with outputs and kept in the history as they are. To turn it on: %secret guard on"
        return Outcome(text=text)
    lines = []
    if state == "on":
        found.turn_on()
        lines.append(f"The guard is on, and knows {_values(found.redactor.size)}.")
    if everything:
        lines.append(_protect_everything(found.redactor))
    if lines:
        return Outcome(text="\n".join(lines))
    table = _status(found)
    return Outcome(table, view=table)


def _protect_everything(redactor: Redactor) -> str:
    manager = manager_of()
    if Capability.READ not in manager.capabilities:
        message = f"Secrets manager {place_of(manager)} gives no values out, so there is nothing of it to protect here."
        raise UsageProblem(message)
    before = redactor.size
    # Values are protected from the moment they are read.
    secrets = manager.get_secrets(manager.list_secrets())
    unread = [name for name, secret in secrets.items() if isinstance(secret, ZenSecretsError)]
    new = redactor.size - before
    text = f"Read {_secrets(len(secrets) - len(unread))} of {place_of(manager)}: {_values(new) if new else 'nothing'} new to the guard."
    return f"{text}\nWarning: these can't be read, and are not protected: {', '.join(unread)}." if unread else text


def _status(found: Guard) -> Table:
    redactor = found.redactor
    counts, unprotected = redactor.counts, redactor.unprotected
    rows = [(name, "protected", str(counts.get(name, 0))) for name in redactor.names]
    # One key may have had several values, of which some can be masked.
    rows += [(name, f"can't be masked: {reason}", "") for name, reason in sorted(unprotected.items())]
    masked = sum(counts.values())
    title = f"The guard is {'on' if found.is_on else 'off'}: {_values(redactor.size)} protected, masked {_times(masked)} in this session"
    return Table(["value of", "", "masked"], rows, title=title, note=_note(found, unprotected))


def _note(found: Guard, unprotected: Iterable[str]) -> str:
    notes = [] if found.is_on else ["To turn it on: %secret guard on"]
    if list(unprotected):
        notes.append("What can't be masked is too short or too common: half of every output would be marks. Choose longer values.")
    notes.append("Known is what was registered, typed or read here; all of the active secrets manager: %secret guard --all")
    return " ".join(notes)


def _values(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}"


def _times(count: int) -> str:
    return f"{count} time{'' if count == 1 else 's'}"


def _secrets(count: int) -> str:
    return f"{count} secret{'' if count == 1 else 's'}"
