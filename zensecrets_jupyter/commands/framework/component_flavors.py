"""The flavors of each type of component, and the attributes that a flavor takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core import managers
from zensecrets_jupyter.core.stack import ComponentType, get_flavor
from zensecrets_jupyter.core.stack import flavor_names as stack_flavor_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo


def flavor_names(component_type: ComponentType) -> list[str]:
    """Return the flavors of a type of component."""
    if component_type is ComponentType.SECRETS_MANAGER:
        return managers.flavor_names()
    return stack_flavor_names(component_type.value)


def fields_of_flavor(component_type: ComponentType, flavor: str) -> Mapping[str, FieldInfo]:
    """Return the attributes of a flavor by name, as fields of its Pydantic model.

    Raises:
        UnknownFlavorError: If the flavor is unknown.
        FlavorUnavailableError: If the flavor can't be used in this environment.
    """
    if component_type is ComponentType.SECRETS_MANAGER:
        return managers.get_flavor(flavor).options_model.model_fields
    return get_flavor(component_type.value, flavor).model_fields


def accepted_fields_of_flavor(component_type: ComponentType, flavor: str) -> Mapping[str, FieldInfo]:
    """Return the attributes of a flavor, by all names that commands accept.

    An attribute of a secrets manager may have a second name: its name in ZenML. Other components have only ZenML's names.

    Raises:
        UnknownFlavorError: If the flavor is unknown.
        FlavorUnavailableError: If the flavor can't be used in this environment.
    """
    fields = fields_of_flavor(component_type, flavor)
    if component_type is not ComponentType.SECRETS_MANAGER:
        return fields
    zenml_names = managers.get_flavor(flavor).options_model.ZENML_NAMES
    return {**fields, **{zenml_name: fields[name] for zenml_name, name in zenml_names.items()}}
