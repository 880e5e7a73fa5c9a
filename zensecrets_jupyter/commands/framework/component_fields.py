"""The attributes that a flavor of a stack component takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core import managers
from zensecrets_jupyter.core.stack import ComponentType, get_flavor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo


def fields_of(component_type: ComponentType, flavor: str) -> Mapping[str, FieldInfo]:
    """Return the attributes of a flavor.

    Raises:
        UnknownFlavorError, FlavorUnavailableError: If the flavor is unknown, or can't be used in this environment.
    """
    if component_type is ComponentType.SECRETS_MANAGER:
        return managers.get_flavor(flavor).options_model.model_fields
    return get_flavor(component_type.value, flavor).model_fields


def accepted_fields_of(component_type: ComponentType, flavor: str) -> Mapping[str, FieldInfo]:
    """Return the attributes of a flavor, also by ZenML's names for them; see :func:`fields_of` for the errors."""
    fields = fields_of(component_type, flavor)
    if component_type is not ComponentType.SECRETS_MANAGER:
        return fields
    others = managers.get_flavor(flavor).options_model.OTHER_NAMES
    return {**fields, **{theirs: fields[ours] for theirs, ours in others.items()}}
