"""Records of the registered components and stacks."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from zensecrets_jupyter.core.component_types import ComponentType


class SealedValues(NamedTuple):
    """Sensitive attributes as the database stores them.

    Attributes:
        names: The names of the attributes.
        generation: The generation of the data key that sealed them.
        sealed: The sealed JSON object of names and values.
    """

    names: tuple[str, ...]
    generation: int
    sealed: bytes


class ComponentRecord(NamedTuple):
    """The registration of a component.

    ``attributes`` are the given attributes, with references unresolved. They contain a mask instead of each sensitive plain value;
    ``sealed.names`` are the names of these attributes.
    """

    id: str
    type: ComponentType
    name: str
    flavor: str
    attributes: dict[str, Any]
    sealed: SealedValues | None
    created: datetime
    updated: datetime

    @property
    def clear_names(self) -> list[str]:
        """The names of the attributes that are stored in clear text."""
        return [name for name in self.attributes if not self.sealed or name not in self.sealed.names]


class StackRecord(NamedTuple):
    """The registration of a stack.

    ``components`` maps types to names of components in the order of their addition, including the secrets manager.
    """

    id: str
    name: str
    components: dict[ComponentType, str]
    active: bool


class State(NamedTuple):
    """All registrations at one moment.

    Attributes:
        revision: A number that each change increases.
        id: The id of the workspace.
        active: The name of the active stack.
        components: The components by id.
        stacks: The stacks by name.
    """

    revision: int
    id: str
    active: str
    components: dict[str, ComponentRecord]
    stacks: dict[str, StackRecord]


class ExistingAttributes(NamedTuple):
    """The attributes of a component before an update.

    Attributes:
        attributes: The attributes by name.
        clear: The names of the attributes that are stored in clear text.
    """

    attributes: Mapping[str, Any] = MappingProxyType({})
    clear: Collection[str] = ()
