"""Changes to the workspace's tables inside one transaction."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.workspace.records import ComponentRecord, SealedValues, StackRecord, State
from zensecrets_jupyter.core.workspace.tables import COMPONENTS, STACKS, WORKSPACE, attribute_columns, load_state, timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.core.component_types import ComponentType
    from zensecrets_jupyter.core.sealing.data_key_row import DataKey


class Writer:
    """Changes records inside one transaction; ``state`` holds the records at the start of the transaction."""

    def __init__(self, connection: sa.Connection, state: State) -> None:
        """Write through ``connection``."""
        self._connection = connection
        self.state = state

    def add_component(  # noqa: PLR0913, PLR0917 - the arguments are the columns of one row
        self,
        component_id: str,
        component_type: ComponentType,
        name: str,
        flavor: str,
        clear_attributes: Mapping[str, Any],
        sealed: SealedValues | None,
    ) -> ComponentRecord:
        """Add a component and return its record."""
        now = timestamp()
        row = {"id": component_id, "type": component_type.value, "name": name, "flavor": flavor, "created": now, "updated": now}
        self._run(sa.insert(COMPONENTS).values(**row, **attribute_columns(clear_attributes, sealed)))
        return self._component(component_id)

    def change_component(
        self, record: ComponentRecord, clear_attributes: Mapping[str, Any], sealed: SealedValues | None
    ) -> ComponentRecord:
        """Replace the attributes of a component and return its record."""
        columns = attribute_columns(clear_attributes, sealed)
        self._run(sa.update(COMPONENTS).where(COMPONENTS.c.id == record.id).values(updated=timestamp(), **columns))
        return self._component(record.id)

    def rename_component(self, record: ComponentRecord, name: str) -> ComponentRecord:
        """Rename a component and return its record."""
        self._run(sa.update(COMPONENTS).where(COMPONENTS.c.id == record.id).values(name=name, updated=timestamp()))
        return self._component(record.id)

    def delete_component(self, record: ComponentRecord) -> None:
        """Delete a component."""
        self._run(sa.delete(COMPONENTS).where(COMPONENTS.c.id == record.id))

    def add_stack(self, name: str, components: Mapping[ComponentType, str]) -> StackRecord:
        """Add a stack and return its record."""
        row = {"id": str(uuid.uuid4()), "name": name, "components": self._component_ids(components)}
        self._run(sa.insert(STACKS).values(**row))
        return self._stack(name)

    def change_stack(self, record: StackRecord, components: Mapping[ComponentType, str]) -> StackRecord:
        """Replace the components of a stack and return its record."""
        self._run(sa.update(STACKS).where(STACKS.c.id == record.id).values(components=self._component_ids(components)))
        return self._stack(record.name)

    def rename_stack(self, record: StackRecord, name: str) -> StackRecord:
        """Rename a stack and return its record."""
        self._run(sa.update(STACKS).where(STACKS.c.id == record.id).values(name=name))
        if record.is_active:
            self._run(sa.update(WORKSPACE).values(active=name))
        return self._stack(name)

    def delete_stack(self, record: StackRecord) -> None:
        """Delete a stack."""
        self._run(sa.delete(STACKS).where(STACKS.c.id == record.id))

    def set_active(self, name: str) -> StackRecord:
        """Make a stack the active one and return its record."""
        self._run(sa.update(WORKSPACE).values(active=name))
        return self._stack(name)

    def _run(self, statement: sa.UpdateBase) -> None:
        """Execute a statement and increase the revision of the workspace."""
        # The table of the workspace has one row, so its updates need no condition.
        self._connection.execute(statement)
        self._connection.execute(sa.update(WORKSPACE).values(revision=WORKSPACE.c.revision + 1))

    def _component(self, component_id: str) -> ComponentRecord:
        return load_state(self._connection).components[component_id]

    def _stack(self, name: str) -> StackRecord:
        return load_state(self._connection).stacks[name]

    def _component_ids(self, components: Mapping[ComponentType, str]) -> dict[str, str]:
        """Return the ids of components by type, from their names by type."""
        ids = {(record.type, record.name): record.id for record in self.state.components.values()}
        return {component_type.value: ids[component_type, name] for component_type, name in components.items()}


class SealingWriter(Writer):
    """A writer that can also encrypt, with the current data key."""

    def __init__(self, connection: sa.Connection, state: State, key: DataKey) -> None:
        """Write through ``connection`` and encrypt with ``key``."""
        super().__init__(connection, state)
        self._key = key

    def seal_attributes(self, component_id: str, sensitive_attributes: Mapping[str, Any]) -> SealedValues:
        """Return sensitive attributes, encrypted for the component with this id; see :func:`component_context`."""
        text = json.dumps(dict(sensitive_attributes)).encode()
        sealed = cipher.seal(self._key.key, text, component_context(component_id))
        return SealedValues(tuple(sensitive_attributes), self._key.generation, sealed)


def component_context(component_id: str) -> tuple[str, ...]:
    """Return the authenticated context of a component's sealed attributes.

    The context prevents the use of the encrypted data in another component.
    """
    return "component", component_id
