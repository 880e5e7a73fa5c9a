"""Completion of commands, options, registered names, keys and references.

Completion prompts for nothing and contacts no remote backend. After an error it offers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, ShellComplete

from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.commands.framework.component_flavors import accepted_fields_of_flavor, flavor_names
from zensecrets_jupyter.core import schemas
from zensecrets_jupyter.core.interaction import NonInteractivePassphraseSource, use_passphrase_source
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.stack import ComponentType

ListNames = Callable[[click.Context], Iterable[str]]
"""A function that returns the possible values of a parameter.

Its argument is the Click context of the words before the cursor.
"""

_OPEN_REFERENCE = re.compile(r"\{\{\s*(?P<name>[^\s{}.]*)(?:\.(?P<key>[^\s{}]*))?$")
"""The beginning of a reference at the end of a word: ``{{NAME`` or ``{{NAME.KEY``."""


def complete(root: click.Command, words: Sequence[str], incomplete: str) -> list[tuple[str, str]]:
    """Return the completions of the word ``incomplete``, each with a help line."""
    try:
        with use_passphrase_source(NonInteractivePassphraseSource()):
            return _complete(root, words, incomplete)
    except Exception:  # noqa: BLE001 - a plug-in may raise any error, and pressing Tab must not interrupt typing
        return []


def _complete(root: click.Command, words: Sequence[str], incomplete: str) -> list[tuple[str, str]]:
    reference = _OPEN_REFERENCE.search(incomplete)
    if reference:
        text_before = incomplete[: reference.start()]
        return [(f"{text_before}{text}", help_line) for text, help_line in _references(reference["name"], reference["key"])]
    # Click completes only the value of --key=value, so the option is put before each completion.
    option = incomplete[: incomplete.index("=") + 1] if incomplete.startswith("-") and "=" in incomplete else ""
    # The last argument names an environment variable that is not used here.
    items = ShellComplete(root, {}, "zensecrets", "").get_completions(list(words), incomplete)
    # The other types are instructions to a shell, such as "file" to complete the names of files.
    return [(f"{option}{item.value}", item.help or "") for item in items if item.type == "plain"]


def _references(name: str, key: str | None) -> list[tuple[str, str]]:
    """Return the references that begin with a name, or with a name and the beginning of a key, each with a help line."""
    manager = _local_or_none(active_manager())
    if manager is None:
        return []
    # In an f-string, `{{{{` is the text `{{`.
    if key is None:
        return [(f"{{{{{secret}.", "secret") for secret in manager.list_secrets() if secret.startswith(name)]
    return [(f"{{{{{name}.{candidate}}}}}", "key") for candidate in _keys(manager, name) if candidate.startswith(key)]


def completer(list_names: ListNames) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]:
    """Return the callback with which Click completes a parameter from the names that ``list_names`` returns."""

    def complete_parameter(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        try:
            with use_passphrase_source(NonInteractivePassphraseSource()):
                return [CompletionItem(name) for name in list_names(context) if name.startswith(incomplete)]
        except Exception:  # noqa: BLE001 - a plug-in may raise any error, and a shell calls this function directly
            return []

    return complete_parameter


def secret_names(_context: click.Context) -> list[str]:
    """Return the names of the secrets in the active stack's secrets manager."""
    manager = _local_or_none(active_manager())
    return manager.list_secrets() if manager else []


def source_secret_names(context: click.Context) -> list[str]:
    """Return the names of the secrets in the secrets manager from which a command copies."""
    manager = _local_or_none(get_workspace().open_manager(context.params.get("source") or ""))
    return manager.list_secrets() if manager else []


def schema_types(_context: click.Context) -> list[str]:
    """Return the schema types."""
    return schemas.schema_types()


def stack_names(_context: click.Context) -> list[str]:
    """Return the names of the stacks."""
    return [record.name for record in get_workspace().stacks()]


def component_names(component_type: ComponentType) -> ListNames:
    """Return a function that lists the names of the components of a type."""
    return lambda _context: [record.name for record in get_workspace().components(component_type)]


def flavors(component_type: ComponentType) -> ListNames:
    """Return a function that lists the flavors of a component type."""
    return lambda _context: flavor_names(component_type)


def schema_keys(context: click.Context) -> list[str]:
    """Return the keys of the chosen schema."""
    return schemas.get_schema(context.params.get("schema_type") or "arbitrary").get_schema_keys()


def secret_and_schema_keys(context: click.Context) -> list[str]:
    """Return the keys of the named secret and of its schema.

    The result is empty if reading the secret could prompt, for a passphrase or to unlock the keyring.
    """
    name = context.params.get("name")
    manager = _local_or_none(active_manager())
    if not name or manager is None or not manager.opens_without_keyring:
        return []
    secret = manager.get_secret(name)
    return list(dict.fromkeys([*secret.content, *secret.get_schema_keys()]))


def secret_keys(context: click.Context) -> list[str]:
    """Return the keys of the named secret; empty if reading it could prompt."""
    manager = _local_or_none(active_manager())
    return _keys(manager, context.params.get("name") or "") if manager else []


def flavor_attributes(component_type: ComponentType) -> ListNames:
    """Return a function that lists the attributes of a flavor.

    The flavor is that of the option ``--flavor``, or of the named component.
    """

    def list_attributes(context: click.Context) -> list[str]:
        flavor = context.params.get("flavor")
        name = context.params.get("name")
        if not flavor and name:
            flavor = get_workspace().component(component_type, name).flavor
        if not flavor:
            return []
        return list(accepted_fields_of_flavor(component_type, flavor))

    return list_attributes


def _local_or_none(manager: SecretsManager) -> SecretsManager | None:
    """Return a secrets manager if it is local and can list its secrets; otherwise ``None``.

    Completion uses only local secrets managers, because it has to be fast.
    """
    return manager if manager.is_local and Capability.LIST in manager.capabilities else None


def _keys(manager: SecretsManager, name: str) -> list[str]:
    """Return the keys of a secret, sorted.

    The result is empty if reading the secret could prompt, for a passphrase or to unlock the keyring.
    """
    return sorted(manager.get_secret(name).content) if manager.opens_without_keyring else []
