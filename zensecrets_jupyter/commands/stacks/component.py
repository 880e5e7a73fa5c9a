"""The command groups of the eleven component types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zensecrets_jupyter.commands.framework import completion, inline_secrets
from zensecrets_jupyter.commands.framework.click_extensions import Command, FreeCommand, Group, own_options, wait
from zensecrets_jupyter.commands.framework.component_fields import accepted_fields_of
from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.commands.framework.free_options import Argument, check_typos, matching_name
from zensecrets_jupyter.commands.framework.help_texts import GROUP_TEXTS
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.commands.framework.render import component_table, components_table
from zensecrets_jupyter.commands.framework.warnings import attribute_warnings
from zensecrets_jupyter.commands.secrets.secret import secret
from zensecrets_jupyter.commands.stacks import zenml_commands
from zensecrets_jupyter.commands.stacks.attributes import ComponentLabel, ask_attributes
from zensecrets_jupyter.commands.stacks.flavors import flavor_group
from zensecrets_jupyter.commands.stacks.key_protection import rewrap, rotate_key
from zensecrets_jupyter.commands.stacks.manager_copy import copy as copy_secrets
from zensecrets_jupyter.core import managers
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.stack import ComponentType, flavor_names
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.core.workspace import ComponentRecord

_Function = TypeVar("_Function", bound=Callable[..., Any])

_literal = click.option("--literal", is_flag=True, help="Take texts literally, even if they look like a reference.")


def _group(component_type: ComponentType) -> Group:
    group = Group(
        component_type.command,
        help=f"Manage {component_type.plural}.",
        zenml_texts=GROUP_TEXTS.get(component_type.command),
    )
    _add_changing(group, component_type)
    _add_naming(group, component_type)
    _add_copying(group, component_type)
    _add_showing(group, component_type)
    zenml_commands.add_to_components(group, component_type, _active)
    return group


def _name(component_type: ComponentType, *, required: bool = True) -> Callable[[_Function], _Function]:
    names = completion.completer(completion.component_names(component_type))
    return click.argument("name", metavar="NAME" if required else "[NAME]", required=required, shell_complete=names)


def _add_changing(group: Group, component_type: ComponentType) -> None:
    """Add ``register``, ``update`` and ``remove-attribute``."""
    what = component_type.article
    free: dict[str, Any] = {
        "cls": FreeCommand,
        "word": "ATTRIBUTE",
        "keys": completion.attributes_of_flavor(component_type),
        "inline_secret": inline_secrets.from_component(component_type),
    }

    @group.command("register", **free, help=f"Register {what}.\n\n{_ATTRIBUTES}")
    @click.argument("name", metavar="NAME")
    @click.option(
        "-f",
        "--flavor",
        metavar="FLAVOR",
        shell_complete=completion.completer(completion.flavors_of(component_type)),
        help="The flavor; `flavor list` lists them.",
    )
    @zenml_commands.share_option
    @_literal
    @wait
    @click.pass_obj
    def register(  # noqa: PLR0913 - its options
        call: Call, name: str, flavor: str | None, *, share: bool, literal: bool, given: Sequence[Argument]
    ) -> Outcome:
        if not flavor:
            check_typos((one.key for one in given), own_options(), ())
            known = managers.flavor_names() if component_type is ComponentType.SECRETS_MANAGER else flavor_names(component_type.value)
            message = f"The {component_type.words} {name!r} needs a flavor."
            raise UsageProblem(message, hint=f"Add --flavor=FLAVOR, one of {', '.join(known)}.")
        subject = ComponentLabel(component_type, name, flavor)

        def then(attributes: dict[str, Any]) -> Outcome:
            record = get_workspace().register_component(component_type, name, flavor, attributes)
            warnings = (*attribute_warnings(record, attributes), *zenml_commands.share_note(wanted=share))
            return Outcome(text=f"Registered {subject}.", line=f"registered {subject}", warnings=warnings)

        return ask_attributes(call, subject, given, then, verb="Register", literal=literal)

    @group.command("update", **free, help=f"Update attributes of {what}; by default of the active stack's one.\n\n{_ATTRIBUTES}")
    @_name(component_type, required=False)
    @_literal
    @wait
    @click.pass_obj
    def update(call: Call, name: str | None, *, literal: bool, given: Sequence[Argument]) -> Outcome:
        workspace = get_workspace()
        name = name or _active(component_type)
        record = workspace.component(component_type, name)
        if not given:
            raise UsageProblem(f"There is nothing to change in {component_type.words} {name!r}.", hint="Add --ATTRIBUTE=VALUE.")
        subject = ComponentLabel(component_type, name, record.flavor)

        def then(attributes: dict[str, Any]) -> Outcome:
            changed = workspace.update_component(component_type, name, attributes)
            warnings = attribute_warnings(changed, attributes)
            return Outcome(text=f"Updated {subject}.", line=f"updated {subject}", warnings=warnings)

        return ask_attributes(call, subject, given, then, verb="Update", literal=literal)

    @group.command(
        "remove-attribute",
        cls=FreeCommand,
        names=None,
        word="ATTRIBUTE",
        help=f"Remove attributes of {what}, which restores their defaults.",
    )
    @_name(component_type)
    @click.argument("attributes", metavar="ATTRIBUTE...", nargs=-1)
    def remove_attribute(name: str, attributes: Sequence[str], given: Sequence[Argument]) -> Outcome:
        wanted = [*attributes, *(one.key for one in given)]
        if not wanted or any(one.text is not None for one in given):
            raise UsageProblem("Name the attributes to drop, without values.", hint="Write: remove-attribute NAME ATTRIBUTE...")
        workspace = get_workspace()
        record = workspace.component(component_type, name)
        known = {**record.attributes, **accepted_fields_of(component_type, record.flavor)}
        removed = list(dict.fromkeys(matching_name(attribute, known) for attribute in wanted))
        workspace.update_component(component_type, name, {}, remove=removed)
        return Outcome(text=f"Dropped {', '.join(removed)} of {component_type.words} {name!r}.")


def _add_naming(group: Group, component_type: ComponentType) -> None:
    """Add ``rename`` and ``delete``."""
    what = component_type.article

    @group.command("rename", cls=Command, help=f"Rename {what}; stacks keep it.")
    @_name(component_type)
    @click.argument("new_name", metavar="NEW_NAME")
    def rename(name: str, new_name: str) -> Outcome:
        get_workspace().rename_component(component_type, name, new_name)
        return Outcome(text=f"Renamed {component_type.words} {name!r} to {new_name!r}.")

    @group.command("delete", cls=Command, help=f"Delete {what} that no stack uses.")
    @_name(component_type)
    @click.option("-y", "--yes", is_flag=True, help="Without effect, since nothing is asked; accepted for scripts.")
    def delete(name: str, *, yes: bool) -> Outcome:
        del yes
        get_workspace().delete_component(component_type, name)
        return Outcome(text=f"Deleted {component_type.words} {name!r}.")


def _add_copying(group: Group, component_type: ComponentType) -> None:
    """Add ``copy``, which registers a component like another; for secrets managers it also copies secrets."""
    if component_type is ComponentType.SECRETS_MANAGER:
        group.add_command(copy_secrets)
        return

    @group.command("copy", cls=Command, help=f"Register {component_type.article} like another one.")
    @_name(component_type)
    @click.argument("new_name", metavar="NEW_NAME")
    def copy(name: str, new_name: str) -> Outcome:
        get_workspace().copy_component(component_type, name, new_name)
        return Outcome(text=f"Registered {component_type.words} {new_name!r} like {name!r}.")


def _add_showing(group: Group, component_type: ComponentType) -> None:
    """Add ``list``, ``describe``, ``get`` and ``flavor``."""
    words = component_type.words

    @group.command("list", cls=Command, help=f"List the {component_type.plural}.")
    def list_() -> Outcome:
        workspace = get_workspace()
        active = workspace.stack_record().components.get(component_type)
        table = components_table(workspace.components(component_type), active, component_type)
        return Outcome(table, view=table)

    @group.command(
        "describe", cls=Command, help=f"Show {component_type.article}, references unresolved; by default the active stack's one."
    )
    @_name(component_type, required=False)
    def describe(name: str | None) -> Outcome:
        record = get_workspace().component(component_type, name or _active(component_type))
        table = component_table(record, _facts(record))
        return Outcome(table, view=table)

    @group.command("get", cls=Command, help=f"Return the name of the active stack's {words}.")
    def get() -> Outcome:
        name = _active(component_type)
        return Outcome(name, view=name)

    group.add_command(flavor_group(component_type))


def _active(component_type: ComponentType) -> str:
    stack = get_workspace().stack_record()
    name = stack.components.get(component_type)
    if name is None:
        message = f"The active stack {stack.name!r} has no {component_type.words}."
        raise UsageProblem(message, hint=f"Add one: %stack update {stack.name} --{component_type.command} NAME")
    return name


def _facts(record: ComponentRecord) -> dict[str, str]:
    if record.type is not ComponentType.SECRETS_MANAGER:
        return {}
    try:
        return get_workspace().open_manager(record.name).describe()
    except ZenSecretsError as error:
        return {"not usable": str(error)}


_ATTRIBUTES = (
    "An attribute may hold references to secrets: --ATTRIBUTE={{SECRET_NAME.KEY}}. Lists and mappings are given as JSON. "
    "--ATTRIBUTE=@FILE takes the text from a file, and a bare --ATTRIBUTE asks for it."
)

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

secrets_manager.add_command(secret)
secrets_manager.add_command(rewrap)
secrets_manager.add_command(rotate_key)
