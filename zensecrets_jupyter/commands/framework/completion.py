"""What Tab offers: commands and options as Click knows them, and the names, keys and references that are registered.

Nothing is asked of anybody for it, no place on another machine is asked either, and whatever goes wrong only means that nothing is
offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, ShellComplete

from zensecrets_jupyter.commands.framework.active_manager import manager_of
from zensecrets_jupyter.commands.framework.component_fields import accepted_fields_of
from zensecrets_jupyter.core import schemas
from zensecrets_jupyter.core.interaction import nobody, passphrases_from
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.managers import flavor_names as manager_flavors
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.stack import flavor_names as component_flavors
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers import SecretsManager

Names = Callable[[click.Context], Iterable[str]]
"""Finds what may stand somewhere, given what was typed before."""

_OPEN_REFERENCE = re.compile(r"\{\{\s*([^\s{}.]*)(?:(\.)([^\s{}]*))?$")


def complete(root: click.Command, words: Sequence[str], incomplete: str) -> list[tuple[str, str]]:
    """Return what ``incomplete`` may become, as whole words, each with a line on what it is."""
    try:
        with passphrases_from(nobody):
            return _complete(root, words, incomplete)
    except Exception:  # noqa: BLE001 - a plug-in may raise anything, and a person who pressed Tab wants to go on typing
        return []


def _complete(root: click.Command, words: Sequence[str], incomplete: str) -> list[tuple[str, str]]:
    opened = _OPEN_REFERENCE.search(incomplete)
    if opened:
        before = incomplete[: opened.start()]
        return [(f"{before}{text}", about) for text, about in _references(opened[1], opened[3] if opened[2] else None)]
    head = incomplete[: incomplete.index("=") + 1] if incomplete.startswith("-") and "=" in incomplete else ""
    found = ShellComplete(root, {}, "zensecrets", "").get_completions(list(words), incomplete)
    return [(f"{head}{item.value}", item.help or "") for item in found if item.type == "plain"]


def _references(name: str, key: str | None) -> list[tuple[str, str]]:
    manager = _near(manager_of())
    if manager is None:
        return []
    if key is None:
        return [(f"{{{{{known}.", "secret") for known in manager.list_secrets() if known.startswith(name)]
    return [(f"{{{{{name}.{known}}}}}", "key") for known in _keys(manager, name) if known.startswith(key)]


def of(names: Names) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]:
    """Return what Click calls to complete a parameter that ``names`` finds the values of."""

    def complete_parameter(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        try:
            with passphrases_from(nobody):
                return [CompletionItem(name) for name in names(context) if name.startswith(incomplete)]
        except Exception:  # noqa: BLE001 - as above; a shell calls this without coming through complete()
            return []

    return complete_parameter


def secret_names(_context: click.Context) -> list[str]:
    """Return the names of the active stack's secrets."""
    manager = _near(manager_of())
    return manager.list_secrets() if manager else []


def secret_names_of_source(context: click.Context) -> list[str]:
    """Return the names of the secrets of the secrets manager that is copied from."""
    manager = _near(get_workspace().open_manager(context.params.get("source") or ""))
    return manager.list_secrets() if manager else []


def schema_types(_context: click.Context) -> list[str]:
    """Return the types of the schemas."""
    return schemas.schema_types()


def stack_names(_context: click.Context) -> list[str]:
    """Return the names of the stacks."""
    return [record.name for record in get_workspace().stacks()]


def component_names(component_type: ComponentType) -> Names:
    """Return what finds the names of the components of a type."""
    return lambda _context: [record.name for record in get_workspace().components(component_type)]


def flavors_of(component_type: ComponentType) -> Names:
    """Return what finds the flavors of a type."""
    return lambda _context: (
        manager_flavors() if component_type is ComponentType.SECRETS_MANAGER else component_flavors(component_type.value)
    )


def keys_of_schema(context: click.Context) -> list[str]:
    """Return the keys of the schema that was chosen."""
    return schemas.get_schema(context.params.get("schema_type") or "arbitrary").get_schema_keys()


def keys_of_secret(context: click.Context) -> list[str]:
    """Return the keys of the named secret, those that its schema would allow too; none if reading it could ask somebody."""
    name = context.params.get("name")
    manager = _near(manager_of())
    if not name or manager is None or not manager.opens_unasked:
        return []
    found = manager.get_secret(name)
    return list(dict.fromkeys([*found.content, *found.get_schema_keys()]))


def keys_of_named_secret(context: click.Context) -> list[str]:
    """Return the keys that the named secret has; none if reading it could ask somebody."""
    manager = _near(manager_of())
    return _keys(manager, context.params.get("name") or "") if manager else []


def attributes_of_flavor(component_type: ComponentType) -> Names:
    """Return what finds the attributes of the chosen flavor, or of the named component's."""

    def attributes(context: click.Context) -> list[str]:
        flavor = context.params.get("flavor")
        name = context.params.get("name")
        if not flavor and name:
            flavor = get_workspace().component(component_type, name).flavor
        if not flavor:
            return []
        return list(accepted_fields_of(component_type, flavor))

    return attributes


def _near(manager: SecretsManager) -> SecretsManager | None:
    """Return the manager if it answers at once."""
    return manager if manager.is_local and Capability.LIST in manager.capabilities else None


def _keys(manager: SecretsManager, name: str) -> list[str]:
    return sorted(manager.get_secret(name).content) if manager.opens_unasked else []
