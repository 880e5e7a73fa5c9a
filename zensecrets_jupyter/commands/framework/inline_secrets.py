"""Find inline secrets: sensitive values that the user typed as arguments of a command.

The search prompts for nothing and reads no stored value. A value of a secret counts as sensitive, unless its schema says that the key is
not sensitive. A value of a component counts as sensitive if its flavor says so, or if it looks like a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.commands.framework.argument_values import VALUES_OPTION, is_variable
from zensecrets_jupyter.commands.framework.component_flavors import accepted_fields_of_flavor
from zensecrets_jupyter.commands.framework.free_options import matching_name
from zensecrets_jupyter.core import managers, schemas
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.fields import is_secret_field, looks_sensitive
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.reference import has_reference, single_reference
from zensecrets_jupyter.core.stack import ComponentType, flavor_names
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from zensecrets_jupyter.commands.framework.free_options import Argument
    from zensecrets_jupyter.core.managers.records import SecretSummary
    from zensecrets_jupyter.core.schemas import BaseSecretSchema


class InlineSecret(NamedTuple):
    """An inline secret: its ``name`` as in a mask, such as ``db.password``, and its ``value``."""

    name: str
    value: str

    def __repr__(self) -> str:
        """Return the representation without the value."""
        return f"InlineSecret({self.name!r})"


def find_in_register(context: click.Context, argument: Argument) -> InlineSecret | None:
    """Return the inline secret in an argument of ``secret register``; ``None`` if there is none."""
    return _find_in_secret_argument(context, argument, _schema_class(context.params.get("schema_type")))


def find_in_update(context: click.Context, argument: Argument) -> InlineSecret | None:
    """Return the inline secret in an argument of ``secret update``; ``None`` if there is none."""
    return _find_in_secret_argument(context, argument, _schema_class(_schema_type_of(str(context.params.get("name")))))


def make_component_finder(component_type: ComponentType) -> Callable[[click.Context, Argument], InlineSecret | None]:
    """Return a function that finds the inline secret in an attribute of a component."""

    def find_in_attribute(context: click.Context, argument: Argument) -> InlineSecret | None:
        value = _inline_value(context, argument)
        # With --literal, a text that looks like a reference is the value itself.
        if value is None or (has_reference(value) and not context.params.get("literal")):
            return None
        name = context.params.get("name") or _active_component(component_type)
        sensitive_attributes = _sensitive_attributes(component_type, context.params.get("flavor") or _flavor_of(component_type, name))
        key = matching_name(argument.key, sensitive_attributes)
        # In ZenML 0.20 the text of an attribute may be the name of a secret. The name of a secret is not sensitive.
        if key in sensitive_attributes or (looks_sensitive(key, value) and value not in _secret_names()):
            return InlineSecret(f"{name}.{key}", value)
        return None

    return find_in_attribute


def _find_in_secret_argument(context: click.Context, argument: Argument, schema: type[BaseSecretSchema] | None) -> InlineSecret | None:
    value = _inline_value(context, argument)
    if value is None or single_reference(value) is not None:
        return None
    # If the line lacks the name of the secret, masks show `secret` in its place.
    name = context.params.get("name") or "secret"
    if argument.key == VALUES_OPTION:
        return InlineSecret(f"{name}.{VALUES_OPTION}", value)
    key = matching_name(argument.key, schema.get_schema_keys()) if schema is not None else argument.key
    return InlineSecret(f"{name}.{key}", value) if schema is None or schema.is_sensitive(key) else None


def _inline_value(context: click.Context, argument: Argument) -> str | None:
    """Return the value in an argument; ``None`` if the argument contains no value.

    An argument contains no value if it is empty, or if it names a file, piped input or a variable. ``@@x`` is the value ``@x``.
    """
    text = argument.text or ""
    if text.startswith("@@"):
        return text[1:]
    if not text or text.startswith("@") or (is_variable(text) and not context.params.get("literal")):
        return None
    return text


def _schema_class(schema_type: str | None) -> type[BaseSecretSchema] | None:
    """Return the schema of a type; ``None`` for no type and for an unknown type."""
    try:
        return schemas.get_schema(schema_type) if schema_type else None
    except ZenSecretsError:
        return None


def _schema_type_of(name: str) -> str | None:
    """Return the schema type of a stored secret; ``None`` if it is unknown."""
    return next((summary.schema for summary in _summaries() if summary.name == name), None)


def _secret_names() -> set[str]:
    return {summary.name for summary in _summaries()}


def _summaries() -> list[SecretSummary]:
    """Return the names and schema types of the stored secrets.

    The result is empty if the backend can't list secrets, and after an error.
    """
    try:
        manager = active_manager()
        return manager.summaries() if Capability.LIST in manager.capabilities else []
    except ZenSecretsError:
        return []


def _active_component(component_type: ComponentType) -> str:
    """Return the name of the active stack's component of a type; if the stack has none, return the type."""
    try:
        return get_workspace().stack_record().components.get(component_type, component_type.value)
    except ZenSecretsError:
        return component_type.value


def _flavor_of(component_type: ComponentType, name: str) -> str | None:
    try:
        return get_workspace().component(component_type, name).flavor
    except ZenSecretsError:
        return None


def _sensitive_attributes(component_type: ComponentType, flavor: str | None) -> set[str]:
    """Return the sensitive attributes of a flavor.

    For an unknown flavor, the result contains the sensitive attributes of all flavors of the type.
    """
    is_manager = component_type is ComponentType.SECRETS_MANAGER
    flavors = managers.flavor_names() if is_manager else flavor_names(component_type.value)
    candidates = [flavor] if flavor in flavors else flavors
    return {name for candidate in candidates for name in _sensitive_fields(component_type, str(candidate))}


def _sensitive_fields(component_type: ComponentType, flavor: str) -> list[str]:
    try:
        fields = accepted_fields_of_flavor(component_type, flavor)
    except ZenSecretsError:
        return []
    return [name for name, field in fields.items() if is_secret_field(field)]
