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
        generation: The generation of the data key that encrypted them.
        sealed: The encrypted JSON object of names and values.
    """

    names: tuple[str, ...]
    generation: int
    sealed: bytes


class ComponentRecord(NamedTuple):
    """The registration of a component.

    ``attributes`` are the attributes that were set. References are unresolved, and a mask replaces each sensitive value that is not a
    reference. ``sealed`` has the names and the encrypted values of the masked attributes, and is ``None`` if no attribute is masked.
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

    ``components`` maps the type of each component, including the secrets manager, to its name. The components are in the order in which
    they were added.
    """

    id: str
    name: str
    components: dict[ComponentType, str]
    is_active: bool


class State(NamedTuple):
    """All registrations at one moment.

    Attributes:
        revision: A number that each change increases.
        id: The id of the workspace.
        active_stack: The name of the active stack.
        components: The components by id.
        stacks: The stacks by name.
    """

    revision: int
    id: str
    active_stack: str
    components: dict[str, ComponentRecord]
    stacks: dict[str, StackRecord]


class ExistingAttributes(NamedTuple):
    """The attributes of a component that an update keeps or replaces; empty for a new component.

    Attributes:
        attributes: The values of the attributes by name, decrypted.
        clear_names: The names of the attributes that are stored in clear text.
    """

    attributes: Mapping[str, Any] = MappingProxyType({})
    clear_names: Collection[str] = ()
