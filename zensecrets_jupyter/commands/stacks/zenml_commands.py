"""Commands of ZenML 0.20 that do nothing here.

Each command except ``explain`` checks the name in its arguments, and prints in one line why it does nothing. It succeeds, so that scripts
for ZenML continue. The command ``explain`` takes no name, and prints the purpose of a component type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.click_extensions import Command
from zensecrets_jupyter.commands.framework.help_texts import COMPONENT_PURPOSES, SINGLE_USER
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.core.text import sentence
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.commands.framework.command_groups import Group
    from zensecrets_jupyter.core.stack import ComponentType

# The help has only the first sentence of the explanation.
_share = click.option("--share", is_flag=True, help=f"Accepted for ZenML, without effect: {SINGLE_USER.partition('.')[0]}.")
_just_mine = click.option("--just-mine", "-m", is_flag=True, expose_value=False, help="Accepted for ZenML, without effect: all are yours.")


def share_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flag ``--share``; the function gets it as ``share``."""
    return _share(function)


def just_mine_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ZenML's flag ``--just-mine``, which the function does not get."""
    return _just_mine(function)


def share_note(*, is_set: bool) -> tuple[str, ...]:
    """Return the note that ``--share`` has no effect, if the flag is set."""
    return (f"Note: --share has no effect: {SINGLE_USER}",) if is_set else ()


def add_stack_commands(group: Group) -> None:
    """Add ZenML's ``share``, ``up`` and ``down`` to the group of stacks."""
    name = click.argument("name", metavar="[NAME]", required=False, shell_complete=completion.completer(completion.stack_names))

    @group.command("share", cls=Command, help="Explain how to share a stack.")
    @name
    def share(name: str | None) -> Outcome:
        record = get_workspace().stack_record(name)
        return Outcome(text=f"Stack {record.name!r} was not changed: {SINGLE_USER}")

    @group.command("up", cls=Command, help="Explain why a stack needs no start.")
    @name
    def up(name: str | None) -> Outcome:
        record = get_workspace().stack_record(name)
        return Outcome(
            text=f"There is nothing to start: stack {record.name!r} refers to services and runs none. To check it: %stack validate"
        )

    @group.command("down", cls=Command, help="Explain why a stack needs no stop.")
    @name
    @click.option("-y", "--yes", is_flag=True, expose_value=False, help="Accepted for ZenML, without effect.")
    @click.option("--force", "-f", is_flag=True, expose_value=False, hidden=True)
    def down(name: str | None) -> Outcome:
        record = get_workspace().stack_record(name)
        return Outcome(text=f"There is nothing to stop: stack {record.name!r} refers to services and runs none.")


def add_component_commands(group: Group, component_type: ComponentType, active_name: Callable[[ComponentType], str]) -> None:
    """Add ``share``, ``up``, ``down``, ``logs`` and ``explain`` to a component type's group.

    Args:
        group: The group.
        component_type: The type.
        active_name: Returns the name of the active stack's component of the type.
    """
    type_label = component_type.label
    names = completion.completer(completion.component_names(component_type))
    optional_name = click.argument("name", metavar="[NAME]", required=False, shell_complete=names)

    def component_label(name: str | None) -> str:
        return f"{type_label} {get_workspace().component(component_type, name or active_name(component_type)).name!r}"

    @group.command("share", cls=Command, help=f"Explain how to share {component_type.label_with_article}.")
    @optional_name
    def share(name: str | None) -> Outcome:
        return Outcome(text=f"The {component_label(name)} was not changed: {SINGLE_USER}")

    @group.command("up", cls=Command, help=f"Explain why {component_type.label_with_article} needs no start.")
    @optional_name
    def up(name: str | None) -> Outcome:
        return Outcome(
            text=f"There is nothing to start: the {component_label(name)} is a registration of a service that runs without this package."
        )

    @group.command("down", cls=Command, help=f"Explain why {component_type.label_with_article} needs no stop.")
    @optional_name
    @click.option("-y", "--yes", is_flag=True, expose_value=False, help="Accepted for ZenML, without effect.")
    @click.option("--force", "-f", is_flag=True, expose_value=False, hidden=True)
    def down(name: str | None) -> Outcome:
        return Outcome(
            text=f"There is nothing to stop: the {component_label(name)} is a registration of a service that runs without this package."
        )

    @group.command("logs", cls=Command, help=f"Explain where the logs of {component_type.label_with_article} are.")
    @optional_name
    @click.option("--follow", "-f", is_flag=True, expose_value=False, help="Accepted for ZenML, without effect.")
    def logs(name: str | None) -> Outcome:
        return Outcome(text=f"There are no logs here: the {component_label(name)} is a registration of a service that has its own logs.")

    @group.command("explain", cls=Command, help=f"Explain what {component_type.label_with_article} does.")
    def explain() -> Outcome:
        flavors = f"%zen {component_type.command} flavor list"
        purpose = f"{sentence(component_type.plural)} {COMPONENT_PURPOSES[component_type.command]}."
        return Outcome(text=f"{purpose} To list their flavors with their attributes: {flavors}")
