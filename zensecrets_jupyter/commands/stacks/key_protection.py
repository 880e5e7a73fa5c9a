"""``secrets-manager rewrap`` and ``rotate-key``: change the key protection or the key of a sealed store."""

from __future__ import annotations

import click

from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.click_extensions import Command
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.workspace import get_workspace

_manager_names = completion.component_names(ComponentType.SECRETS_MANAGER)
_name = click.argument("name", metavar="NAME", shell_complete=completion.completer(_manager_names))


@click.command("rewrap", cls=Command)
@_name
@click.option("--to", "protection", type=click.Choice(["keyring", "passphrase", "keyfile"]), required=True, help="The new key protection.")
def rewrap(name: str, protection: str) -> Outcome:
    """Change the key protection of a local secrets manager: the OS keyring, a passphrase or a key file."""
    manager = get_workspace().open_manager(name)
    manager.rewrap(protection)
    return Outcome(text=f"Secrets manager {name!r} is protected by {manager.describe().get('protected by', protection)}.")


@click.command("rotate-key", cls=Command)
@_name
def rotate_key(name: str) -> Outcome:
    """Seal a local secrets manager with a new key; its values do not change."""
    manager = get_workspace().open_manager(name)
    manager.rotate_key()
    return Outcome(text=f"Secrets manager {name!r} is sealed with a new key.")
