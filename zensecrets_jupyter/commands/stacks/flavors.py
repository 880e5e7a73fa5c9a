"""The commands of ``flavor``: list and describe the flavors of a component type."""

from __future__ import annotations

import importlib
import sys
from inspect import isclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.click_extensions import Command, Group
from zensecrets_jupyter.commands.framework.component_fields import accepted_fields_of, fields_of
from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.commands.framework.render import Table
from zensecrets_jupyter.core import managers
from zensecrets_jupyter.core.errors import FlavorUnavailableError
from zensecrets_jupyter.core.fields import is_secret_field
from zensecrets_jupyter.core.managers import Backend
from zensecrets_jupyter.core.stack import ComponentType, StackComponentConfig, flavor_names
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.front_end import Call


def flavor_group(component_type: ComponentType) -> Group:
    """Return the group ``flavor`` for a component type."""
    flavor = Group("flavor", help=f"Manage flavors of {component_type.plural}.")
    name = click.argument("name", metavar="NAME", shell_complete=completion.completer(completion.flavors_of(component_type)))

    @flavor.command("list", cls=Command, help=f"List the flavors of {component_type.plural}.")
    def list_flavors() -> Outcome:
        table = Table(["flavor", "attributes", ""], _flavor_rows(component_type), title=f"Flavors of {component_type.plural}")
        return Outcome(table, view=table)

    @flavor.command("describe", cls=Command, help="Show the attributes of a flavor.")
    @name
    def describe(name: str) -> Outcome:
        fields = accepted_fields_of(component_type, name)
        own = fields_of(component_type, name)
        rows = [
            (
                key,
                "required" if field.is_required() else "",
                "sealed" if is_secret_field(field) else "",
                "" if key in own else f"ZenML's name of {_own_name(own, field)}",
            )
            for key, field in fields.items()
        ]
        note = "It takes any attributes." if name == "custom" else "" if rows else "It takes no attributes."
        table = Table(["attribute", "", "at rest", "about"], rows, title=f"Flavor {name!r} of {component_type.plural}", note=note)
        return Outcome(table, view=table)

    @flavor.command("register", cls=Command, help="Register your own flavor by its class, MODULE.CLASS.")
    @click.argument("source", metavar="SOURCE")
    @click.pass_obj
    def register(call: Call, source: str) -> Outcome:
        name = _register_flavor(component_type, source)
        known = "in this session" if call.capabilities.keeps_environment else "while this process runs, which ends now"
        point = f"zensecrets_jupyter.{'secrets_managers.v2' if component_type is ComponentType.SECRETS_MANAGER else 'flavors.v1'}"
        return Outcome(text=f"Flavor {name!r} of {component_type.plural} is known {known}. For every process: entry point {point}")

    @flavor.command("delete", cls=Command, help="Say how to delete a flavor: with the class that defines it.")
    @name
    def delete(name: str) -> Outcome:
        fields_of(component_type, name)
        users = [record.name for record in get_workspace().components(component_type) if record.flavor == name]
        used = f" {', '.join(map(repr, users))} use it." if users else ""
        return Outcome(text=f"Nothing was deleted: the flavor {name!r} belongs to the code that defines its class, and goes with it.{used}")

    return flavor


def _own_name(own: Any, field: Any) -> str:
    return next(repr(name) for name, found in own.items() if found is field)


def _register_flavor(component_type: ComponentType, source: str) -> str:
    """Import a flavor's class and return the name of the flavor.

    Raises:
        UsageProblem: If the class does not exist, can't be imported, or is no flavor of the type.
    """
    module, _, name = source.replace(":", ".").rpartition(".")
    is_manager = component_type is ComponentType.SECRETS_MANAGER
    wanted = "subclass of Backend" if is_manager else f"StackComponentConfig of TYPE {component_type.value!r}"
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    problem = ""
    found: Any = None
    try:
        found = getattr(importlib.import_module(module), name) if module else None
    except Exception as error:  # noqa: BLE001 - an import can raise any error, which becomes a UsageProblem below
        problem = f"can't be imported ({type(error).__name__})"
    finally:
        if added:
            sys.path.remove(here)
    # A Flavor of ZenML refers to the class of the attributes.
    config = getattr(found() if isclass(found) and hasattr(found, "config_class") else found, "config_class", found)
    base = Backend if is_manager else StackComponentConfig
    if (
        not problem
        and isclass(config)
        and issubclass(config, base)
        and config.FLAVOR
        and (is_manager or _type_of(config) == component_type.value)
    ):
        return str(config.FLAVOR)
    raise UsageProblem(f"The class {source!r} {problem or f'is no {wanted} with a FLAVOR'}.", hint="Write: flavor register MODULE.CLASS")


def _type_of(config: Any) -> str:
    return str(getattr(config.TYPE, "value", config.TYPE))


def _flavor_rows(component_type: ComponentType) -> list[tuple[str, str, str]]:
    is_manager = component_type is ComponentType.SECRETS_MANAGER
    rows = []
    for flavor in managers.flavor_names() if is_manager else flavor_names(component_type.value):
        try:
            fields = fields_of(component_type, flavor)
        except FlavorUnavailableError as error:
            rows.append((flavor, "", str(error)))
            continue
        required = ", ".join(name for name, field in fields.items() if field.is_required())
        optional = ", ".join(name for name, field in fields.items() if not field.is_required())
        attributes = "; ".join(filter(None, [required, optional and f"optional: {optional}"]))
        usable = managers.availability(flavor) if is_manager else None
        about = "" if usable is None else managers.summary(flavor) if usable.ok else usable.reason
        rows.append((flavor, "any" if flavor == "custom" else attributes or "none", about))
    return rows
