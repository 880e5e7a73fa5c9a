"""Inline secrets: sensitive values that are typed as arguments of a command.

Detection prompts for nothing and reads no stored value. If it can't determine whether a value is sensitive, the value counts as sensitive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.commands.framework.argument_values import VALUES, is_variable
from zensecrets_jupyter.commands.framework.component_flavors import accepted_fields_of_flavor
from zensecrets_jupyter.commands.framework.free_options import matching_name
from zensecrets_jupyter.core import managers, schemas
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.fields import is_secret_field, looks_sensitive
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.reference import has_reference, only_reference
from zensecrets_jupyter.core.stack import ComponentType, flavor_names
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from zensecrets_jupyter.commands.framework.free_options import Argument
    from zensecrets_jupyter.core.managers.records import SecretSummary
    from zensecrets_jupyter.core.schemas import BaseSecretSchema


class InlineSecret(NamedTuple):
    """An inline secret: its ``name`` as in a mask, ``secret.key``, and its ``value``."""

    name: str
    value: str

    def __repr__(self) -> str:
        """Return the representation without the value."""
        return f"InlineSecret({self.name!r})"


def from_register(context: click.Context, given: Argument) -> InlineSecret | None:
    """Return the inline secret in an argument of ``secret register``; ``None`` if there is none."""
    return _of_secret(context, given, _schema(context.params.get("schema_type")))


def from_update(context: click.Context, given: Argument) -> InlineSecret | None:
    """Return the inline secret in an argument of ``secret update``; ``None`` if there is none."""
    return _of_secret(context, given, _schema(_schema_of(str(context.params.get("name")))))


def from_component(component_type: ComponentType) -> Callable[[click.Context, Argument], InlineSecret | None]:
    """Return a function that finds the inline secret in an argument for a component of a type."""

    def of_attribute(context: click.Context, given: Argument) -> InlineSecret | None:
        value = _value_in(context, given)
        if value is None or (has_reference(value) and not context.params.get("literal")):
            return None
        name = context.params.get("name") or _active(component_type)
        sensitive = _sensitive_attributes(component_type, context.params.get("flavor") or _flavor_of(component_type, name))
        key = matching_name(given.key, sensitive)
        if key in sensitive:
            return InlineSecret(f"{name}.{key}", value)
        if not looks_sensitive(key, value) or value in _secret_names():
            return None
        return InlineSecret(f"{name}.{key}", value)

    return of_attribute


def _of_secret(context: click.Context, given: Argument, schema: type[BaseSecretSchema] | None) -> InlineSecret | None:
    value = _value_in(context, given)
    if value is None or only_reference(value) is not None:
        return None
    # The line may lack a name.
    name = context.params.get("name") or "secret"
    if given.key == VALUES:
        return InlineSecret(f"{name}.{VALUES}", value)
    key = matching_name(given.key, schema.get_schema_keys()) if schema is not None else given.key
    return InlineSecret(f"{name}.{key}", value) if schema is None or schema.is_sensitive(key) else None


def _value_in(context: click.Context, given: Argument) -> str | None:
    """Return the value that the argument itself contains; ``None`` for a file, piped input, a variable, or an empty text."""
    text = given.text or ""
    if text.startswith("@@"):
        return text[1:]
    if not text or text.startswith("@") or (is_variable(text) and not context.params.get("literal")):
        return None
    return text


def _schema(schema_type: str | None) -> type[BaseSecretSchema] | None:
    try:
        return schemas.get_schema(schema_type) if schema_type else None
    except ZenSecretsError:
        return None


def _schema_of(name: str) -> str | None:
    return next((one.schema for one in _summaries() if one.name == name), None)


def _secret_names() -> set[str]:
    return {one.name for one in _summaries()}


def _summaries() -> list[SecretSummary]:
    try:
        manager = active_manager()
        return manager.summaries() if Capability.LIST in manager.capabilities else []
    except ZenSecretsError:
        return []


def _active(component_type: ComponentType) -> str:
    """Return the name of the active stack's component of a type; the type itself if there is none."""
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
    """Return a flavor's sensitive attributes; for an unknown flavor, those of all flavors of the type."""
    is_manager = component_type is ComponentType.SECRETS_MANAGER
    known = managers.flavor_names() if is_manager else flavor_names(component_type.value)
    chosen = [flavor] if flavor in known else known
    return {name for one in chosen for name in _sensitive_fields(component_type, str(one))}


def _sensitive_fields(component_type: ComponentType, flavor: str) -> list[str]:
    try:
        fields = accepted_fields_of_flavor(component_type, flavor)
    except ZenSecretsError:
        return []
    return [name for name, field in fields.items() if is_secret_field(field)]
