"""The commands of ``flavor``: list, describe and register the flavors of a component type."""

from __future__ import annotations

import importlib
import sys
from inspect import isclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.click_extensions import Command
from zensecrets_jupyter.commands.framework.command_groups import Group
from zensecrets_jupyter.commands.framework.component_flavors import accepted_fields_of_flavor, fields_of_flavor, flavor_names
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.commands.tables.table import Table
from zensecrets_jupyter.core import managers
from zensecrets_jupyter.core.errors import FlavorUnavailableError
from zensecrets_jupyter.core.fields import is_secret_field
from zensecrets_jupyter.core.managers import Backend
from zensecrets_jupyter.core.stack import ComponentType, StackComponentConfig
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

    from zensecrets_jupyter.commands.front_end import Call


def flavor_group(component_type: ComponentType) -> Group:
    """Return the group ``flavor`` for a component type."""
    flavor = Group("flavor", help=f"Manage flavors of {component_type.plural}.")
    name_argument = click.argument("name", metavar="NAME", shell_complete=completion.completer(completion.flavors(component_type)))

    @flavor.command("list", cls=Command, help=f"List the flavors of {component_type.plural}.")
    def list_flavors() -> Outcome:
        table = Table(["flavor", "attributes", ""], _flavor_rows(component_type), title=f"Flavors of {component_type.plural}")
        return Outcome(value=table, view=table)

    @flavor.command("describe", cls=Command, help="Show the attributes of a flavor.")
    @name_argument
    def describe(name: str) -> Outcome:
        fields = accepted_fields_of_flavor(component_type, name)
        # The accepted fields are our own fields, and the same fields by ZenML's names.
        own_fields = fields_of_flavor(component_type, name)
        rows = [
            (
                key,
                "required" if field.is_required() else "",
                "sealed" if is_secret_field(field) else "",
                "" if key in own_fields else f"ZenML's name of {_own_name(own_fields, field)}",
            )
            for key, field in fields.items()
        ]
        table = Table(
            ["attribute", "", "at rest", "about"],
            rows,
            title=f"Flavor {name!r} of {component_type.plural}",
            note=_attributes_note(name, len(rows)),
        )
        return Outcome(value=table, view=table)

    @flavor.command("register", cls=Command, help="Register a flavor by its class, MODULE.CLASS.")
    @click.argument("source", metavar="SOURCE")
    @click.pass_obj
    def register(call: Call, source: str) -> Outcome:
        name = _register_flavor(component_type, source)
        scope = "this session" if call.capabilities.keeps_environment else "this process, which ends now"
        entry_point_group = (
            f"zensecrets_jupyter.{'secrets_managers.v2' if component_type is ComponentType.SECRETS_MANAGER else 'flavors.v1'}"
        )
        return Outcome(
            text=f"Registered flavor {name!r} of {component_type.plural} for {scope}."
            f" For every process, use the entry point group {entry_point_group}"
        )

    @flavor.command("delete", cls=Command, help="Explain how to delete a flavor.")
    @name_argument
    def delete(name: str) -> Outcome:
        # This call raises an error if the flavor is unknown.
        fields_of_flavor(component_type, name)
        component_names = [record.name for record in get_workspace().components(component_type) if record.flavor == name]
        usage_note = f" {', '.join(map(repr, component_names))} use it." if component_names else ""
        return Outcome(text=f"Nothing was deleted. To delete the flavor {name!r}, delete the code that defines its class.{usage_note}")

    return flavor


def _attributes_note(flavor: str, attribute_count: int) -> str:
    if flavor == "custom":
        return "It takes any attributes."
    return "" if attribute_count else "It takes no attributes."


def _own_name(own_fields: Mapping[str, FieldInfo], field: FieldInfo) -> str:
    """Return our name, in quotes, of a field that ZenML calls by another name."""
    return next(repr(name) for name, own_field in own_fields.items() if own_field is field)


def _register_flavor(component_type: ComponentType, source: str) -> str:
    """Import a flavor's class, and return the name of the flavor.

    The class registers the flavor when Python defines the class.

    Args:
        component_type: The type of component that the flavor must have.
        source: The class as ``MODULE.CLASS`` or ``MODULE:CLASS``.

    Raises:
        UsageProblem: If the class does not exist, can't be imported, or is not a flavor of the type.
    """
    module, _, name = source.replace(":", ".").rpartition(".")
    is_manager = component_type is ComponentType.SECRETS_MANAGER
    required_class = "subclass of Backend" if is_manager else f"StackComponentConfig of TYPE {component_type.value!r}"
    folder = str(Path.cwd())
    # The module may be in the current folder, which an installed program does not search.
    adds_folder = folder not in sys.path
    if adds_folder:
        sys.path.insert(0, folder)
    problem = ""
    imported_class: Any = None
    try:
        imported_class = getattr(importlib.import_module(module), name) if module else None
    except Exception as error:  # noqa: BLE001 - an import can raise any error, which becomes a UsageProblem below
        problem = f"can't be imported ({type(error).__name__})"
    finally:
        if adds_folder:
            sys.path.remove(folder)
    # A Flavor class of ZenML refers to the class of the attributes in its config_class. This may be a property, which needs an object.
    has_config_class = isclass(imported_class) and hasattr(imported_class, "config_class")
    config = getattr(imported_class() if has_config_class else imported_class, "config_class", imported_class)
    base_class = Backend if is_manager else StackComponentConfig
    if (
        not problem
        and isclass(config)
        and issubclass(config, base_class)
        and config.FLAVOR
        and (is_manager or _component_type_of(config) == component_type.value)
    ):
        return str(config.FLAVOR)
    raise UsageProblem(
        f"The class {source!r} {problem or f'is not a {required_class} with a FLAVOR'}.", hint="Write: flavor register MODULE.CLASS"
    )


def _component_type_of(config: Any) -> str:
    """Return the type of a component's class; ``TYPE`` is a :class:`ComponentType` or its text."""
    return str(getattr(config.TYPE, "value", config.TYPE))


def _flavor_rows(component_type: ComponentType) -> list[tuple[str, str, str]]:
    is_manager = component_type is ComponentType.SECRETS_MANAGER
    rows = []
    for flavor in flavor_names(component_type):
        try:
            fields = fields_of_flavor(component_type, flavor)
        except FlavorUnavailableError as error:
            rows.append((flavor, "", str(error)))
            continue
        required = ", ".join(name for name, field in fields.items() if field.is_required())
        optional = ", ".join(name for name, field in fields.items() if not field.is_required())
        attributes = "; ".join(filter(None, [required, optional and f"optional: {optional}"]))
        description = _manager_description(flavor) if is_manager else ""
        rows.append((flavor, "any" if flavor == "custom" else attributes or "none", description))
    return rows


def _manager_description(flavor: str) -> str:
    """Return the summary of a flavor of secrets managers; if the flavor can't be used here, return the reason."""
    availability = managers.availability(flavor)
    return managers.summary(flavor) if availability.ok else availability.reason
