"""The command groups of the eleven component types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zensecrets_jupyter.commands.framework import completion, inline_secrets
from zensecrets_jupyter.commands.framework.click_extensions import Command, FreeOptionsCommand, declared_options, wait_option
from zensecrets_jupyter.commands.framework.command_groups import Group
from zensecrets_jupyter.commands.framework.component_flavors import accepted_fields_of_flavor, flavor_names
from zensecrets_jupyter.commands.framework.free_options import Argument, check_typos, matching_name
from zensecrets_jupyter.commands.framework.help_texts import GROUP_TEXTS
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.commands.framework.warnings import attribute_warnings
from zensecrets_jupyter.commands.secrets.secret import secret
from zensecrets_jupyter.commands.stacks import zenml_commands
from zensecrets_jupyter.commands.stacks.attributes import ComponentLabel, ask_attributes
from zensecrets_jupyter.commands.stacks.flavors import flavor_group
from zensecrets_jupyter.commands.stacks.manager_commands import copy_secrets, rewrap, rotate_key
from zensecrets_jupyter.commands.tables.stack_tables import component_table, components_table
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.core.workspace import ComponentRecord

_Function = TypeVar("_Function", bound=Callable[..., Any])

_literal_option = click.option("--literal", is_flag=True, help="Take texts literally, even if they look like a reference.")


def _group(component_type: ComponentType) -> Group:
    group = Group(
        component_type.command,
        help=f"Manage {component_type.plural}.",
        zenml_texts=GROUP_TEXTS.get(component_type.command),
    )
    _add_editing_commands(group, component_type)
    _add_naming_commands(group, component_type)
    _add_copy_command(group, component_type)
    _add_display_commands(group, component_type)
    zenml_commands.add_component_commands(group, component_type, _active_name)
    return group


def _name_argument(component_type: ComponentType, *, required: bool = True) -> Callable[[_Function], _Function]:
    names = completion.completer(completion.component_names(component_type))
    return click.argument("name", metavar="NAME" if required else "[NAME]", required=required, shell_complete=names)


def _add_editing_commands(group: Group, component_type: ComponentType) -> None:
    """Add ``register``, ``update`` and ``remove-attribute``."""
    # A label such as "an annotator".
    a_component = component_type.label_with_article
    command_settings: dict[str, Any] = {
        "cls": FreeOptionsCommand,
        "placeholder": "ATTRIBUTE",
        "list_keys": completion.flavor_attributes(component_type),
        "find_inline_secret": inline_secrets.make_component_finder(component_type),
    }

    @group.command("register", **command_settings, help=f"Register {a_component}.\n\n{_ATTRIBUTES_HELP}")
    @click.argument("name", metavar="NAME")
    @click.option(
        "-f",
        "--flavor",
        metavar="FLAVOR",
        shell_complete=completion.completer(completion.flavors(component_type)),
        help="The flavor; `flavor list` lists them.",
    )
    @zenml_commands.share_option
    @_literal_option
    @wait_option
    @click.pass_obj
    def register(  # noqa: PLR0913 - one parameter for each option
        call: Call, name: str, flavor: str | None, *, share: bool, literal: bool, arguments: Sequence[Argument]
    ) -> Outcome:
        if not flavor:
            # If --flavor itself is mistyped, the error names the typing error.
            check_typos((argument.key for argument in arguments), declared_options(), ())
            message = f"The {component_type.label} {name!r} needs a flavor."
            raise UsageProblem(message, hint=f"Add --flavor=FLAVOR, one of {', '.join(flavor_names(component_type))}.")
        subject = ComponentLabel(component_type, name, flavor)

        def apply_attributes(attributes: dict[str, Any]) -> Outcome:
            record = get_workspace().register_component(component_type, name, flavor, attributes)
            warnings = (*attribute_warnings(record, attributes), *zenml_commands.share_note(is_set=share))
            return Outcome(text=f"Registered {subject}.", summary=f"registered {subject}", warnings=warnings)

        return ask_attributes(call, subject, arguments, apply_attributes, verb="Register", literal=literal)

    @group.command(
        "update",
        **command_settings,
        help=f"Update attributes of {a_component}; by default of the one in the active stack.\n\n{_ATTRIBUTES_HELP}",
    )
    @_name_argument(component_type, required=False)
    @_literal_option
    @wait_option
    @click.pass_obj
    def update(call: Call, name: str | None, *, literal: bool, arguments: Sequence[Argument]) -> Outcome:
        workspace = get_workspace()
        name = name or _active_name(component_type)
        record = workspace.component(component_type, name)
        if not arguments:
            raise UsageProblem(f"The line names no attribute of {component_type.label} {name!r}.", hint="Add --ATTRIBUTE=VALUE.")
        subject = ComponentLabel(component_type, name, record.flavor)

        def apply_attributes(attributes: dict[str, Any]) -> Outcome:
            updated = workspace.update_component(component_type, name, attributes)
            warnings = attribute_warnings(updated, attributes)
            return Outcome(text=f"Updated {subject}.", summary=f"updated {subject}", warnings=warnings)

        return ask_attributes(call, subject, arguments, apply_attributes, verb="Update", literal=literal)

    @group.command(
        "remove-attribute",
        cls=FreeOptionsCommand,
        positional_count=None,
        placeholder="ATTRIBUTE",
        help=f"Remove attributes of {a_component}, so that their defaults apply.",
    )
    @_name_argument(component_type)
    @click.argument("attributes", metavar="ATTRIBUTE...", nargs=-1)
    def remove_attribute(name: str, attributes: Sequence[str], arguments: Sequence[Argument]) -> Outcome:
        # An attribute may be written as ATTRIBUTE or as --ATTRIBUTE.
        keys = [*attributes, *(argument.key for argument in arguments)]
        if not keys or any(argument.text is not None for argument in arguments):
            raise UsageProblem(
                "The command takes the names of attributes, without values.", hint="Write: remove-attribute NAME ATTRIBUTE..."
            )
        workspace = get_workspace()
        record = workspace.component(component_type, name)
        known_attributes = {**record.attributes, **accepted_fields_of_flavor(component_type, record.flavor)}
        removed_attributes = list(dict.fromkeys(matching_name(key, known_attributes) for key in keys))
        workspace.update_component(component_type, name, {}, remove=removed_attributes)
        return Outcome(text=f"Removed {', '.join(removed_attributes)} from {component_type.label} {name!r}.")


def _add_naming_commands(group: Group, component_type: ComponentType) -> None:
    """Add ``rename`` and ``delete``."""
    a_component = component_type.label_with_article

    @group.command("rename", cls=Command, help=f"Rename {a_component}, also in the stacks that use it.")
    @_name_argument(component_type)
    @click.argument("new_name", metavar="NEW_NAME")
    def rename(name: str, new_name: str) -> Outcome:
        get_workspace().rename_component(component_type, name, new_name)
        return Outcome(text=f"Renamed {component_type.label} {name!r} to {new_name!r}.")

    @group.command("delete", cls=Command, help=f"Delete {a_component} that no stack uses.")
    @_name_argument(component_type)
    @click.option("-y", "--yes", is_flag=True, help="Has no effect, because the command asks nothing; accepted for scripts.")
    def delete(name: str, *, yes: bool) -> Outcome:
        del yes
        get_workspace().delete_component(component_type, name)
        return Outcome(text=f"Deleted {component_type.label} {name!r}.")


def _add_copy_command(group: Group, component_type: ComponentType) -> None:
    """Add ``copy``. For secrets managers, the command can also copy secrets."""
    if component_type is ComponentType.SECRETS_MANAGER:
        group.add_command(copy_secrets)
        return

    @group.command("copy", cls=Command, help=f"Register {component_type.label_with_article} with the attributes of another one.")
    @_name_argument(component_type)
    @click.argument("new_name", metavar="NEW_NAME")
    def copy(name: str, new_name: str) -> Outcome:
        get_workspace().copy_component(component_type, name, new_name)
        return Outcome(text=f"Registered {component_type.label} {new_name!r} with the attributes of {name!r}.")


def _add_display_commands(group: Group, component_type: ComponentType) -> None:
    """Add ``list``, ``describe``, ``get`` and ``flavor``."""
    label = component_type.label

    @group.command("list", cls=Command, help=f"List the {component_type.plural}.")
    def list_() -> Outcome:
        workspace = get_workspace()
        active_name = workspace.stack_record().components.get(component_type)
        table = components_table(workspace.components(component_type), active_name, component_type)
        return Outcome(value=table, view=table)

    @group.command(
        "describe",
        cls=Command,
        help=f"Show the attributes of {component_type.label_with_article}; by default of the one in the active stack.",
    )
    @_name_argument(component_type, required=False)
    def describe(name: str | None) -> Outcome:
        record = get_workspace().component(component_type, name or _active_name(component_type))
        table = component_table(record, _manager_facts(record))
        return Outcome(value=table, view=table)

    @group.command("get", cls=Command, help=f"Return the name of the {label} in the active stack.")
    def get() -> Outcome:
        name = _active_name(component_type)
        return Outcome(value=name, view=name)

    group.add_command(flavor_group(component_type))


def _active_name(component_type: ComponentType) -> str:
    stack = get_workspace().stack_record()
    name = stack.components.get(component_type)
    if name is None:
        message = f"The active stack {stack.name!r} has no {component_type.label}."
        raise UsageProblem(message, hint=f"Add one: %stack update {stack.name} --{component_type.command} NAME")
    return name


def _manager_facts(record: ComponentRecord) -> dict[str, str]:
    """Return the description of a secrets manager, or why it can't be used.

    The result is empty for the other types of components.
    """
    if record.type is not ComponentType.SECRETS_MANAGER:
        return {}
    try:
        return get_workspace().open_manager(record.name).describe()
    except ZenSecretsError as error:
        return {"not usable": str(error)}


_ATTRIBUTES_HELP = (
    "An attribute may contain references to secrets: --ATTRIBUTE={{SECRET_NAME.KEY}}. Lists and mappings are written as JSON. "
    "--ATTRIBUTE=@FILE reads the text from a file, and a bare --ATTRIBUTE asks for it."
)

# The root of the command tree imports each group by its name below.
alerter = _group(ComponentType.ALERTER)
annotator = _group(ComponentType.ANNOTATOR)
artifact_store = _group(ComponentType.ARTIFACT_STORE)
container_registry = _group(ComponentType.CONTAINER_REGISTRY)
data_validator = _group(ComponentType.DATA_VALIDATOR)
experiment_tracker = _group(ComponentType.EXPERIMENT_TRACKER)
feature_store = _group(ComponentType.FEATURE_STORE)
model_deployer = _group(ComponentType.MODEL_DEPLOYER)
orchestrator = _group(ComponentType.ORCHESTRATOR)
secrets_manager = _group(ComponentType.SECRETS_MANAGER)
step_operator = _group(ComponentType.STEP_OPERATOR)

# `%zen secrets-manager secret` is the group `%secret`.
secrets_manager.add_command(secret)
secrets_manager.add_command(rewrap)
secrets_manager.add_command(rotate_key)
