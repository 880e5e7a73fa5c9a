"""Checks of names and attributes before a change of the workspace, and look-ups by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core import reference
from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.errors import (
    ComponentExistsError,
    ComponentNotFoundError,
    InvalidComponentError,
    InvalidReferenceError,
    InvalidStackError,
    StackExistsError,
    StackNotFoundError,
)
from zensecrets_jupyter.core.fields import is_secret_field
from zensecrets_jupyter.core.managers import get_flavor as get_manager_flavor
from zensecrets_jupyter.core.names import MAX_NAME_LENGTH, did_you_mean
from zensecrets_jupyter.core.stack import get_flavor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.workspace.records import ComponentRecord, ExistingAttributes, StackRecord, State


REQUIRED_TYPES = frozenset({ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE})
"""The component types that every stack needs."""


def get_component(state: State, component_type: ComponentType, name: str) -> ComponentRecord:
    """Return the record of a component.

    Raises:
        ComponentNotFoundError: If no component has that type and name; the hint suggests similar names.
    """
    same_type = {record.name: record for record in state.components.values() if record.type is component_type}
    if name in same_type:
        return same_type[name]
    message = f"There is no {component_type.label} {name!r}."
    hint = did_you_mean(name, same_type) or f"List them: %zen {component_type.command} list"
    raise ComponentNotFoundError(message, hint=hint)


def get_stack(state: State, name: str | None) -> StackRecord:
    """Return the record of a stack, by default of the active one.

    Raises:
        StackNotFoundError: If no stack has that name; the hint suggests similar names.
    """
    name = state.active_stack if name is None else name
    if name in state.stacks:
        return state.stacks[name]
    message = f"There is no stack {name!r}."
    raise StackNotFoundError(message, stack=name, hint=did_you_mean(name, state.stacks) or "List them: %stack list")


def refuse_duplicate(state: State, component_type: ComponentType, name: str) -> None:
    """Raise ComponentExistsError if a component has that type and name."""
    if any((record.type, record.name) == (component_type, name) for record in state.components.values()):
        message = f"There is {component_type.label_with_article} {name!r} already; it was not changed."
        raise ComponentExistsError(message, hint=f"To change it: %zen {component_type.command} update {name}")


def refuse_duplicate_stack(state: State, name: str) -> None:
    """Raise StackExistsError if a stack has that name."""
    if name in state.stacks:
        message = f"There is a stack {name!r} already; it was not changed."
        raise StackExistsError(message, stack=name, hint=f"To change it: %stack update {name}")


def check_components(state: State, components: Mapping[ComponentType, str]) -> None:
    """Raise ComponentNotFoundError if one of the components is not registered."""
    for component_type, name in components.items():
        get_component(state, component_type, name)


def removal_hint(stack: str, component_type: ComponentType) -> str:
    """Return the hint to remove the component of one type from a stack.

    A component of a required type can only be replaced, so the hint says that.
    """
    if component_type in REQUIRED_TYPES:
        return f"Replace it: %stack update {stack} --{component_type.command} NAME"
    return f"Remove it first: %stack remove-component {stack} --{component_type.command}"


def remaining_components(record: StackRecord, removed_types: Iterable[ComponentType]) -> dict[ComponentType, str]:
    """Return the components of a stack without those of ``removed_types``.

    Raises:
        InvalidStackError: If the stack has no component of one of the types, or one of the types is required.
    """
    components = dict(record.components)
    for component_type in removed_types:
        if component_type in REQUIRED_TYPES and component_type in components:
            message = f"Stack {record.name!r} needs its {component_type.label}; nothing was changed."
            raise InvalidStackError(message, hint=removal_hint(record.name, component_type))
        if components.pop(component_type, None) is None:
            message = f"Stack {record.name!r} has no {component_type.label} to remove."
            raise InvalidStackError(message, hint=f"Show its components: %stack describe {record.name}")
    return components


def check_registration_name(label: str, name: str) -> None:
    """Check the name of a new stack or component.

    Args:
        label: ``a stack``, or the label of a component type with its article, such as ``an orchestrator``. ``a stack`` selects
            InvalidStackError.
        name: The name.

    Raises:
        InvalidReferenceError: If the name contains a reference, or a text that is almost one.
        InvalidStackError, InvalidComponentError: If the name is not acceptable.
    """
    if reference.has_reference(name) or reference.find_reference_error(name):
        message = f"The name of {label} can't be a reference to a secret."
        raise InvalidReferenceError(message, text=name, hint="Choose a plain name.")
    is_invalid = not name or len(name) > MAX_NAME_LENGTH or name.startswith("-") or not name.isprintable() or name != name.strip()
    if is_invalid:
        message = f"{name[:20]!r} can't be the name of {label}."
        error_class = InvalidStackError if label == "a stack" else InvalidComponentError
        raise error_class(message, hint=f"Use 1 to {MAX_NAME_LENGTH} printable characters, not starting with '-' or a space.")


def initial_secrets(
    component_type: ComponentType, flavor: str, attributes: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Sequence[BaseSecretSchema]]:
    """Return the attributes to register, and the secrets to import into a secrets manager.

    For example, the attribute ``secrets_file`` names a file with secrets to import, and is not registered. Only secrets managers import
    secrets; for other components, the attributes are returned unchanged.

    Raises:
        UnknownFlavorError, FlavorUnavailableError: If the flavor does not exist or is not usable here.
        UnreadableFileError, InvalidSecretError: If the file can't be imported.
    """
    if component_type is not ComponentType.SECRETS_MANAGER:
        return attributes, []
    return get_manager_flavor(flavor).initial_secrets(attributes)


def stored_names(record: ComponentRecord, attributes: Iterable[str]) -> list[str]:
    """Return the names under which attributes are stored.

    ``attributes`` may contain ZenML's names. For some options of secrets managers, the stored name is another one: ``project`` is stored
    for ZenML's ``project_id``.
    """
    our_names = get_manager_flavor(record.flavor).options_model.ZENML_NAMES if record.type is ComponentType.SECRETS_MANAGER else {}
    return [our_names.get(attribute, attribute) for attribute in attributes]


def check_attributes(
    component_type: ComponentType,
    flavor: str,
    attributes: Mapping[str, Any],
    existing: ExistingAttributes,
    is_secret_name: Callable[[str], bool],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check attributes, and return those to store in clear text and those to encrypt.

    Args:
        component_type: The type of the component.
        flavor: Its flavor.
        attributes: The attributes to set.
        existing: The registered attributes of the component.
        is_secret_name: Returns whether a text is the name of a secret. A sensitive attribute with this text is stored in clear text.

    Raises:
        UnknownFlavorError, FlavorUnavailableError: If the flavor does not exist or is not usable here.
        InvalidComponentError, InvalidOptionsError, InvalidReferenceError: If an attribute is not acceptable.
    """
    if component_type is ComponentType.SECRETS_MANAGER:
        return _check_options(flavor, existing.attributes, attributes)
    config_class = get_flavor(component_type.value, flavor)
    config = config_class.from_changes(existing.attributes, attributes)
    clear_attributes = config.to_storage()

    def holds_secret_name(attribute: str) -> bool:
        # A field that is defined as a secret is always encrypted, also if its value is the name of a secret.
        field, value = config_class.model_fields.get(attribute), clear_attributes[attribute]
        if (field is not None and is_secret_field(field)) or not isinstance(value, str):
            return False
        # An attribute that the update does not set stays in clear text or encrypted, as it was.
        return is_secret_name(value) if attribute in attributes else attribute in existing.clear_names

    sensitive_names = [name for name in config.plain_sensitive_fields() if name in clear_attributes and not holds_secret_name(name)]
    sensitive_attributes = {name: clear_attributes.pop(name) for name in sensitive_names}
    return clear_attributes, sensitive_attributes


def _check_options(flavor: str, existing: Mapping[str, Any], attributes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check the options of a secrets manager; arguments and result are like those of :func:`check_attributes`."""
    for name, value in attributes.items():
        if reference.has_reference(value):
            message = f"Attribute {name!r} of a secrets manager accepts no reference: no secrets manager could resolve it."
            references = " ".join(map(str, reference.find_references(value)))
            raise InvalidReferenceError(message, text=references, hint="Write the value itself; a sensitive one is encrypted.")
    backend_class = get_manager_flavor(flavor)
    # A new option replaces the existing one, even if the new one has ZenML's name.
    replaced_names = {our_name for zenml_name, our_name in backend_class.options_model.ZENML_NAMES.items() if zenml_name in attributes}
    kept_options = {name: value for name, value in existing.items() if name not in replaced_names}
    options = backend_class.make_options({**kept_options, **attributes})
    clear_options = options.model_dump(mode="json", exclude_unset=True)
    sensitive_names = [name for name, value in clear_options.items() if value is not None and options.is_sensitive(name, value)]
    sensitive_options = {name: str(clear_options.pop(name)) for name in sensitive_names}
    return clear_options, sensitive_options
