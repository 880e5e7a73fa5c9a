"""The command group ``stack``: manage stacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.click_extensions import Command, force_option, refresh_option, wait_option, yes_option
from zensecrets_jupyter.commands.framework.command_groups import Group
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.commands.framework.warnings import stack_warnings
from zensecrets_jupyter.commands.stacks.import_export import export_stack, import_stack
from zensecrets_jupyter.commands.stacks.register_secrets import register_secrets
from zensecrets_jupyter.commands.stacks.zenml_commands import add_stack_commands, just_mine_option, share_note, share_option
from zensecrets_jupyter.commands.tables.stack_tables import stack_record_table, stacks_table
from zensecrets_jupyter.core import settings
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.front_end import Call

_Function = TypeVar("_Function", bound=Callable[..., Any])

SHORT_OPTIONS = {
    ComponentType.ORCHESTRATOR: "-o",
    ComponentType.ARTIFACT_STORE: "-a",
    ComponentType.SECRETS_MANAGER: "-x",
    ComponentType.CONTAINER_REGISTRY: "-c",
    ComponentType.STEP_OPERATOR: "-s",
    ComponentType.FEATURE_STORE: "-f",
    ComponentType.MODEL_DEPLOYER: "-d",
    ComponentType.EXPERIMENT_TRACKER: "-e",
    ComponentType.ALERTER: "-al",
    ComponentType.ANNOTATOR: "-an",
    ComponentType.DATA_VALIDATOR: "-dv",
}
"""The short options of the component types, as in ZenML."""

stack = Group("stack", help="Manage stacks.")
stack.add_command(export_stack)
stack.add_command(import_stack)
add_stack_commands(stack)

_name_argument = click.argument("name", metavar="NAME", shell_complete=completion.completer(completion.stack_names))
_optional_name_argument = click.argument(
    "name", metavar="[NAME]", required=False, shell_complete=completion.completer(completion.stack_names)
)


def _name_options(function: _Function) -> _Function:
    """Add an option for each component type, which takes the name of a component.

    The decorator that is applied last is the first option in the help. Therefore the loop is reversed.
    """
    for component_type, short_option in reversed(SHORT_OPTIONS.items()):
        function = click.option(
            short_option,
            f"--{component_type.command}",
            component_type.value,
            metavar="NAME",
            shell_complete=completion.completer(completion.component_names(component_type)),
            help=f"The {component_type.label}.",
        )(function)
    return function


def _flag_options(function: _Function) -> _Function:
    """Add a flag for each component type; the flag takes no name."""
    for component_type, short_option in reversed(SHORT_OPTIONS.items()):
        option = click.option(
            short_option, f"--{component_type.command}", component_type.value, is_flag=True, help=f"The {component_type.label}."
        )
        function = option(function)
    return function


def _choose_components(options: Mapping[str, Any]) -> dict[ComponentType, Any]:
    """Return the values of the given component options, by component type.

    The value is the name of a component, or ``True`` for a flag.
    """
    return {component_type: options[component_type.value] for component_type in SHORT_OPTIONS if options[component_type.value]}


@stack.command("register", cls=Command)
@click.argument("name", metavar="NAME")
@_name_options
@click.option("--set", "make_active", is_flag=True, help="Make the new stack the active one.")
@share_option
def register(name: str, *, make_active: bool, share: bool, **components: str | None) -> Outcome:
    """Register a stack of registered components."""
    # An invalid ZENML_SECRET_VALIDATION_LEVEL raises an error before the stack changes.
    settings.validation_level()
    workspace = get_workspace()
    workspace.register_stack(name, _choose_components(components))
    if make_active:
        workspace.set_active_stack(name)
    text = f"Registered stack {name!r}{' and made it the active one' if make_active else ''}."
    return Outcome(text=text, warnings=(*stack_warnings(name), *share_note(is_set=share)))


@stack.command("update", cls=Command)
@_optional_name_argument
@_name_options
def update(name: str | None, **components: str | None) -> Outcome:
    """Replace components of a stack, by default of the active one."""
    # An invalid ZENML_SECRET_VALIDATION_LEVEL raises an error before the stack changes.
    settings.validation_level()
    chosen_components = _choose_components(components)
    if not chosen_components:
        raise UsageProblem("The line names no component.", hint="Name a component, such as -x SECRETS_MANAGER.")
    workspace = get_workspace()
    record = workspace.update_stack(workspace.stack_record(name).name, chosen_components)
    return Outcome(text=f"Updated stack {record.name!r}.", warnings=stack_warnings(record.name))


@stack.command("remove-component", cls=Command)
@_optional_name_argument
@_flag_options
def remove_component(name: str | None, **components: bool) -> Outcome:
    """Remove components from a stack, by default from the active one."""
    chosen_components = _choose_components(components)
    if not chosen_components:
        raise UsageProblem("The line names no type of component.", hint="Name a type, such as -x.")
    workspace = get_workspace()
    old_record = workspace.stack_record(name)
    record = workspace.remove_from_stack(old_record.name, chosen_components)
    text = f"Removed the {', '.join(component_type.label for component_type in chosen_components)} from stack {record.name!r}."
    if not record.is_active:
        return Outcome(text=text)
    options = " ".join(f"--{component_type.command} {old_record.components[component_type]}" for component_type in chosen_components)
    warning = f"Warning: stack {record.name!r} is the active one. To undo the change: %stack update {record.name} {options}"
    return Outcome(text=text, warnings=(warning, *stack_warnings(record.name)))


@stack.command("list", cls=Command)
@just_mine_option
def list_() -> Outcome:
    """List the stacks."""
    table = stacks_table(get_workspace().stacks())
    return Outcome(value=table, view=table)


@stack.command("describe", cls=Command)
@_optional_name_argument
def describe(name: str | None) -> Outcome:
    """Show the components of a stack, by default of the active one."""
    workspace = get_workspace()
    record = workspace.stack_record(name)
    components = {component_type: workspace.component(component_type, component) for component_type, component in record.components.items()}
    table = stack_record_table(record, components)
    return Outcome(value=table, view=table)


@stack.command("get", cls=Command)
def get() -> Outcome:
    """Return the name of the active stack."""
    name = get_workspace().active_stack_name
    return Outcome(value=name, view=name)


@stack.command("set", cls=Command)
@_name_argument
def set_(name: str) -> Outcome:
    """Set the active stack."""
    # An invalid ZENML_SECRET_VALIDATION_LEVEL raises an error before the active stack changes.
    settings.validation_level()
    get_workspace().set_active_stack(name)
    return Outcome(text=f"Stack {name!r} is the active one.", warnings=stack_warnings(name))


@stack.command("rename", cls=Command)
@_name_argument
@click.argument("new_name", metavar="NEW_NAME")
def rename(name: str, new_name: str) -> Outcome:
    """Rename a stack."""
    get_workspace().rename_stack(name, new_name)
    return Outcome(text=f"Renamed stack {name!r} to {new_name!r}.")


@stack.command("copy", cls=Command)
@_name_argument
@click.argument("new_name", metavar="NEW_NAME")
def copy(name: str, new_name: str) -> Outcome:
    """Register a stack with the components of another stack."""
    get_workspace().copy_stack(name, new_name)
    return Outcome(text=f"Registered stack {new_name!r} with the components of {name!r}.")


@stack.command("delete", cls=Command)
@_name_argument
@yes_option
@force_option
@click.pass_obj
def delete(call: Call, name: str, *, yes: bool, old_force: bool) -> Outcome:
    """Delete a stack, but not its components."""
    workspace = get_workspace()
    # An unknown stack raises an error before the question.
    workspace.stack_record(name)
    if not (yes or old_force) and not call.asker.confirm(f"Delete stack {name!r}?"):
        return Outcome(text="Nothing was deleted.")
    workspace.delete_stack(name)
    return Outcome(text=f"Deleted stack {name!r}.")


@stack.command("validate", cls=Command)
@_optional_name_argument
@refresh_option
def validate(name: str | None, *, refresh: bool) -> Outcome:
    """Show all problems of a stack, by default of the active one."""
    report = get_workspace().stack(name).validate(refresh=refresh)
    return Outcome(value=report, view=str(report), exit_code=0 if report.ok else 1)


@stack.command("register-secrets", cls=Command)
@_optional_name_argument
@click.option("--all", "everything", is_flag=True, help="Ask for existing values too. An empty answer keeps a value.")
@click.option("--skip-existing", is_flag=True, help="Ask only for missing values. This is the default.")
@refresh_option
@wait_option
@click.pass_obj
def register_secrets_(call: Call, name: str | None, *, everything: bool, skip_existing: bool, refresh: bool) -> Outcome:
    """Register the missing secrets of a stack, by default of the active one."""
    if everything and skip_existing:
        raise UsageProblem("--all and --skip-existing contradict each other.", hint="Write one of the two.")
    chosen_stack = get_workspace().stack(name)
    if refresh and chosen_stack.has_secrets_manager:
        # This call replaces the cached secrets, and register_secrets then uses the cache.
        chosen_stack.secrets_manager.get_secrets((secret.name for secret in chosen_stack.required_secrets), refresh=True)
    return register_secrets(call, chosen_stack, asks_existing_values=everything)
