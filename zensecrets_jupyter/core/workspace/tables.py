"""The tables of the workspace's database, and the conversion of rows to records."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from zensecrets_jupyter.core import redaction
from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.sealing.data_key_row import data_keys_table
from zensecrets_jupyter.core.workspace.records import ComponentRecord, SealedValues, StackRecord, State

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
"""The version number of the tables; a newer version of this package may use a higher number."""

METADATA = sa.MetaData()
DATA_KEYS = data_keys_table(METADATA)
# This table has one row.
WORKSPACE = sa.Table(
    "workspace",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    # The name of the active stack.
    sa.Column("active", sa.String, nullable=False),
)
COMPONENTS = sa.Table(
    "components",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("type", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("flavor", sa.String, nullable=False),
    sa.Column("attributes", sa.JSON, nullable=False),
    # "sealed" has the names of the encrypted attributes, and "sealed_values" has their values. "sealed_key" is the generation of the data
    # key that encrypted the values.
    sa.Column("sealed", sa.JSON, nullable=False),
    sa.Column("sealed_key", sa.Integer),
    sa.Column("sealed_values", sa.LargeBinary),
    sa.Column("created", sa.String, nullable=False),
    sa.Column("updated", sa.String, nullable=False),
    sa.UniqueConstraint("type", "name"),
)
STACKS = sa.Table(
    "stacks",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    # The ids of the components by type, in the order of their addition.
    sa.Column("components", sa.JSON, nullable=False),
)


def attribute_columns(clear_attributes: Mapping[str, Any], sealed: SealedValues | None) -> dict[str, Any]:
    """Return the values of the columns for a component's attributes."""
    columns: dict[str, Any] = {"attributes": dict(clear_attributes), "sealed": [], "sealed_key": None, "sealed_values": None}
    if sealed is not None:
        columns |= {"sealed": list(sealed.names), "sealed_key": sealed.generation, "sealed_values": sealed.sealed}
    return columns


def has_sealed_values(connection: sa.Connection) -> bool:
    """Return whether any component has sealed attributes."""
    return connection.execute(sa.select(COMPONENTS.c.id).where(COMPONENTS.c.sealed_key.is_not(None))).first() is not None


def timestamp() -> str:
    """Return the current UTC time in ISO format."""
    return datetime.now(timezone.utc).isoformat()


def load_state(connection: sa.Connection) -> State:
    """Return the records of all components and stacks.

    Raises:
        AttributeError, LookupError, TypeError, ValueError: If a row is damaged.
    """
    workspace_row = connection.execute(sa.select(WORKSPACE)).one()
    components = {row.id: _component_record(row) for row in connection.execute(sa.select(COMPONENTS))}
    stacks = {
        row.name: StackRecord(
            row.id,
            row.name,
            {ComponentType(component_type): components[component_id].name for component_type, component_id in row.components.items()},
            row.name == workspace_row.active,
        )
        for row in connection.execute(sa.select(STACKS))
    }
    return State(workspace_row.revision, workspace_row.id, workspace_row.active, components, stacks)


def _component_record(row: Any) -> ComponentRecord:
    # The mask of an attribute contains its name instead of its value.
    masked = {name: redaction.mask_text(name) for name in row.sealed}
    return ComponentRecord(
        id=row.id,
        type=ComponentType(row.type),
        name=row.name,
        flavor=row.flavor,
        attributes={**row.attributes, **masked},
        sealed=None if row.sealed_values is None else SealedValues(tuple(row.sealed), row.sealed_key, row.sealed_values),
        created=datetime.fromisoformat(row.created),
        updated=datetime.fromisoformat(row.updated),
    )


def create_defaults(connection: sa.Connection) -> None:
    """Create the stack ``default`` with local components if the workspace is empty."""
    if connection.execute(sa.select(WORKSPACE.c.id)).first() is not None:
        return
    now, ids = timestamp(), {}
    for component_type in (ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE, ComponentType.SECRETS_MANAGER):
        component_id = ids[component_type.value] = str(uuid.uuid4())
        row = {"id": component_id, "type": component_type.value, "name": "default", "flavor": "local", "attributes": {}, "sealed": []}
        connection.execute(sa.insert(COMPONENTS).values(**row, created=now, updated=now))
    connection.execute(sa.insert(STACKS).values(id=str(uuid.uuid4()), name="default", components=ids))
    connection.execute(sa.insert(WORKSPACE).values(id=str(uuid.uuid4()), revision=1, active="default"))
