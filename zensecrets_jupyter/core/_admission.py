"""What may be registered, and what is: the checks that come before anything is written to the workspace."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core import reference
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
from zensecrets_jupyter.core.names import LONGEST_NAME, did_you_mean
from zensecrets_jupyter.core.stack import ComponentType, get_flavor

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from zensecrets_jupyter.core._registrations import ComponentRecord, StackRecord, State
    from zensecrets_jupyter.core.schemas import BaseSecretSchema


REQUIRED_TYPES = frozenset({ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE})
"""The types of component that every stack needs."""


class Present(NamedTuple):
    """The attributes that a component has already, and the names of those that are stored in clear."""

    attributes: Mapping[str, Any] = MappingProxyType({})
    clear: Collection[str] = ()


def component_in(state: State, component_type: ComponentType, name: str) -> ComponentRecord:
    """Return the registration of a component.

    Raises:
        ComponentNotFoundError: If there is none; it names near misses.
    """
    of_type = {record.name: record for record in state.components.values() if record.type is component_type}
    if name in of_type:
        return of_type[name]
    message = f"There is no {component_type.words} {name!r}."
    hint = did_you_mean(name, of_type) or f"See what there is: %zen {component_type.command} list"
    raise ComponentNotFoundError(message, hint=hint)


def stack_in(state: State, name: str | None) -> StackRecord:
    """Return the registration of a stack, the active one where no name is given.

    Raises:
        StackNotFoundError: If there is none; it names near misses.
    """
    name = state.active if name is None else name
    if name in state.stacks:
        return state.stacks[name]
    message = f"There is no stack {name!r}."
    raise StackNotFoundError(message, stack=name, hint=did_you_mean(name, state.stacks) or "See what there is: %stack list")


def refuse_taken(state: State, component_type: ComponentType, name: str) -> None:
    """Raise ComponentExistsError if there is a component of that type and name."""
    if any((record.type, record.name) == (component_type, name) for record in state.components.values()):
        message = f"There is {component_type.article} {name!r} already; it was not changed."
        raise ComponentExistsError(message, hint=f"To change it: %zen {component_type.command} update {name}")


def refuse_taken_stack(state: State, name: str) -> None:
    """Raise StackExistsError if there is a stack of that name."""
    if name in state.stacks:
        message = f"There is a stack {name!r} already; it was not changed."
        raise StackExistsError(message, stack=name, hint=f"To change it: %stack update {name}")


def check_components(state: State, components: Mapping[ComponentType, str]) -> None:
    """Raise ComponentNotFoundError if one of the components is not registered."""
    for component_type, name in components.items():
        component_in(state, component_type, name)


def way_out_of(stack: str, component_type: ComponentType) -> str:
    """Return what a person does so that a stack no longer has its component of a type."""
    if component_type in REQUIRED_TYPES:
        return f"Put another one in its place: %stack update {stack} --{component_type.command} NAME"
    return f"Take it out first: %stack remove-component {stack} --{component_type.command}"


def remaining_components(record: StackRecord, removed: Iterable[ComponentType]) -> dict[ComponentType, str]:
    """Return the components of a stack without those of some types.

    Raises:
        InvalidStackError: If it has no component of one of the types, or no stack can do without one.
    """
    kept = dict(record.components)
    for component_type in removed:
        if component_type in REQUIRED_TYPES and component_type in kept:
            message = f"Stack {record.name!r} can't do without its {component_type.words}; nothing was changed."
            raise InvalidStackError(message, hint=way_out_of(record.name, component_type))
        if kept.pop(component_type, None) is None:
            message = f"Stack {record.name!r} has no {component_type.words} to remove."
            raise InvalidStackError(message, hint=f"See what it has: %stack describe {record.name}")
    return kept


def check_label(what: str, name: str) -> None:
    """Raise InvalidReferenceError, InvalidStackError or InvalidComponentError if ``what`` can't be called ``name``."""
    if reference.has_reference(name) or reference.near_miss(name):
        message = f"The name of {what} can't be a reference to a secret."
        raise InvalidReferenceError(message, text=name, hint="Choose a plain name.")
    bad = not name or len(name) > LONGEST_NAME or name.startswith("-") or not name.isprintable() or name != name.strip()
    if bad:
        message = f"{name[:20]!r} can't be the name of {what}."
        error = InvalidStackError if what == "a stack" else InvalidComponentError
        raise error(message, hint=f"Use 1 to {LONGEST_NAME} printable characters, not starting with '-' or a space.")


def initial_secrets(
    component_type: ComponentType, flavor: str, attributes: Mapping[str, Any]
) -> tuple[Mapping[str, Any], list[BaseSecretSchema]]:
    """Return the attributes to register, and the secrets that a secrets manager takes over from a file that one of them names.

    Raises:
        UnknownFlavorError, FlavorUnavailableError: If the flavor is not known or not usable here.
        UnreadableFileError, InvalidSecretError: If the file can't be taken over.
    """
    if component_type is not ComponentType.SECRETS_MANAGER:
        return attributes, []
    return get_manager_flavor(flavor).initial_secrets(attributes)


def stored_names(record: ComponentRecord, attributes: Iterable[str]) -> list[str]:
    """Return the names of attributes as they are stored, where ZenML has another one."""
    known = get_manager_flavor(record.flavor).options_model.OTHER_NAMES if record.type is ComponentType.SECRETS_MANAGER else {}
    return [known.get(attribute, attribute) for attribute in attributes]


def checked_attributes(
    component_type: ComponentType,
    flavor: str,
    attributes: Mapping[str, Any],
    present: Present,
    names_secret: Callable[[str], bool],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the attributes over those ``present`` as they are stored: those in clear, and the sensitive plain values.

    Args:
        component_type: The type of the component.
        flavor: Its flavor.
        attributes: What is given.
        present: What is registered already.
        names_secret: Tells whether a text is the name of a secret: that is no value, whatever the attribute is called.

    Raises:
        UnknownFlavorError, FlavorUnavailableError: If the flavor is not known or not usable here.
        InvalidComponentError, InvalidOptionsError, InvalidReferenceError: If an attribute is not acceptable.
    """
    if component_type is ComponentType.SECRETS_MANAGER:
        return _checked_options(flavor, present.attributes, attributes)
    config_class = get_flavor(component_type.value, flavor)
    config = config_class.merged(present.attributes, attributes)
    stored = config.stored()

    def is_name(attribute: str) -> bool:
        field, value = config_class.model_fields.get(attribute), stored[attribute]
        if (field is not None and is_secret_field(field)) or not isinstance(value, str):
            return False
        return names_secret(value) if attribute in attributes else attribute in present.clear

    sensitive = [name for name in config.plain_sensitive_fields() if name in stored and not is_name(name)]
    return stored, {name: stored.pop(name) for name in sensitive}


def _checked_options(flavor: str, present: Mapping[str, Any], attributes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    for name, value in attributes.items():
        if reference.has_reference(value):
            message = f"Attribute {name!r} of a secrets manager takes no reference: there is nothing yet that could resolve it."
            found = " ".join(map(str, reference.find_references(value)))
            raise InvalidReferenceError(message, text=found, hint="Give the value itself; a sensitive one is sealed.")
    manager = get_manager_flavor(flavor)
    # What is given goes before what is present, also where it is given under ZenML's name.
    replaced = {ours for theirs, ours in manager.options_model.OTHER_NAMES.items() if theirs in attributes}
    options = manager.make_options({**{name: value for name, value in present.items() if name not in replaced}, **attributes})
    given = options.model_dump(mode="json", exclude_unset=True)
    chosen = [name for name, value in given.items() if value is not None and options.is_sensitive(name, value)]
    return given, {name: str(given.pop(name)) for name in chosen}
