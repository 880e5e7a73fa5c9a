"""How the workspace's registrations are kept: rows of one SQLite file, changed in transactions, with sensitive attributes sealed."""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import sqlalchemy as sa

from zensecrets_jupyter.core.errors import ManagerCorruptedError
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.data_key_row import DataKey, data_keys_table
from zensecrets_jupyter.core.sealing.data_keys import DataKeys
from zensecrets_jupyter.core.sealing.sqlite import SqliteFile
from zensecrets_jupyter.core.stack import ComponentType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from zensecrets_jupyter.core.interaction import PassphraseSource, PassphraseWanted

_Outcome = TypeVar("_Outcome")

FORMAT = 1
"""The version of the tables below; a file with a higher one was written by a newer version of this package."""

_GLANCE = 0.05
# Seconds between two looks at whether another process changed something; see managers/_cache.py.

_metadata = sa.MetaData()
_data_keys = data_keys_table(_metadata)
_workspace = sa.Table(
    "workspace",
    _metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("active", sa.String, nullable=False),
)
_components = sa.Table(
    "components",
    _metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("type", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("flavor", sa.String, nullable=False),
    sa.Column("attributes", sa.JSON, nullable=False),
    sa.Column("sealed", sa.JSON, nullable=False),
    sa.Column("sealed_key", sa.Integer),
    sa.Column("sealed_values", sa.LargeBinary),
    sa.Column("created", sa.String, nullable=False),
    sa.Column("updated", sa.String, nullable=False),
    sa.UniqueConstraint("type", "name"),
)
_stacks = sa.Table(
    "stacks",
    _metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    # The components' identities by type, in the order in which they were added.
    sa.Column("components", sa.JSON, nullable=False),
)


class SealedValues(NamedTuple):
    """Sensitive attributes as they are stored: their names, the generation of the data key, and their sealed values."""

    names: tuple[str, ...]
    generation: int
    sealed: bytes


class ComponentRecord(NamedTuple):
    """The registration of a component.

    ``attributes`` are those that were given, with references as their text; a sensitive one that was given as a plain value shows as a
    mark here, and its name is in ``sealed.names``.
    """

    id: str
    type: ComponentType
    name: str
    flavor: str
    attributes: dict[str, Any]
    sealed: SealedValues | None
    created: datetime
    updated: datetime


class StackRecord(NamedTuple):
    """The registration of a stack: the names of its components by type, secrets manager included, in the order they were added."""

    id: str
    name: str
    components: dict[ComponentType, str]
    active: bool


class State(NamedTuple):
    """Everything that is registered at one moment: components by identity, stacks by name, and the active stack's name."""

    revision: int
    id: str
    active: str
    components: dict[str, ComponentRecord]
    stacks: dict[str, StackRecord]


class Registrations:
    """The registrations under one folder; created with the default stack on first use."""

    def __init__(self, home: Path, ask_passphrase: PassphraseSource) -> None:
        """Use the file ``workspace.db`` in ``home``; nothing is created before the first use."""
        self._database = SqliteFile(home / "workspace.db", _metadata, kind="workspace", version=FORMAT)
        self._keys = DataKeys(
            self._database,
            _data_keys,
            label="the workspace",
            in_use=_seals_something,
            ask=ask_passphrase,
            key_folder=home / "keys",
        )
        self._known: State | None = None
        self._known_in: object = None
        self._looked = 0.0
        self._lock = threading.RLock()

    def state(self, *, refresh: bool = False) -> State:
        """Return what is registered now; a change by another process is seen after a twentieth of a second, with ``refresh`` at once."""
        now = time.monotonic()
        known = self._known
        if known is not None and now - self._looked < _GLANCE and not refresh:
            return known
        with self._lock:
            known = self._read(self._known) or self._create()
            self._known, self._looked, self._known_in = known, now, self._database.identity
            return known

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Yield a writer that sees what is registered, with every other writer waiting; what it does is done wholly or not at all."""
        with self._lock, self._database.write() as connection:
            _create_defaults(connection)
            yield Writer(connection, self._load(connection))
            self._known = None

    def seal(self, work: Callable[[SealingWriter], _Outcome]) -> _Outcome:
        """Return what ``work`` returns, called with a writer as :meth:`writing` yields it, which also seals.

        Nobody is asked for anything while other writers wait. ``work`` may be called again if another process changed the data key.

        Raises:
            ManagerLockedError: If the data key is sealed and nobody gives what opens it.
        """

        def write(connection: sa.Connection, key: DataKey) -> _Outcome:
            _create_defaults(connection)
            return work(SealingWriter(connection, self._load(connection), key))

        self._keys.current()
        with self._lock:
            outcome = self._keys.write(write)
            self._known = None
            return outcome

    def attributes(self, record: ComponentRecord) -> dict[str, Any]:
        """Return the attributes of a component with its sealed values in clear.

        Raises:
            ManagerLockedError: If there are sealed ones and the data key can't be opened.
            ManagerCorruptedError: If they were altered.
        """
        if record.sealed is None:
            return dict(record.attributes)
        key = self._keys.key_of(record.sealed.generation)
        if key is None:
            message = f"The sealed attributes of {record.type.words} {record.name!r} need a key that is gone."
            raise ManagerCorruptedError(message, hint=f"Set them again: %zen {record.type.command} update {record.name}")
        values = json.loads(cipher.unseal(key.key, record.sealed.sealed, _bound_to(record.id)))
        return {**record.attributes, **values}

    def seal_data(self, data: bytes) -> tuple[int, bytes]:
        """See :meth:`Workspace.seal`."""
        key = self._keys.current()
        return key.generation, cipher.seal(key.key, data, _BOUND_TO_DATA)

    def unseal_data(self, generation: int, sealed: bytes) -> bytes:
        """See :meth:`Workspace.unseal`."""
        key = self._keys.key_of(generation)
        if key is None:
            raise ManagerCorruptedError("What is sealed needs a key that is gone.", hint="Restore the workspace from a copy.")
        return cipher.unseal(key.key, sealed, _BOUND_TO_DATA)

    @property
    def passphrase_wanted(self) -> PassphraseWanted | None:
        """See :attr:`Workspace.passphrase_wanted`."""
        return self._keys.passphrase_wanted

    def fingerprint(self, text: str) -> str:
        """See :meth:`Workspace.fingerprint`."""
        return cipher.fingerprint(self._keys.current().key, text)

    def _read(self, known: State | None) -> State | None:
        with self._database.read() as connection:
            if connection is None:
                return None
            # The tables belong together: what another process commits between two of the statements must not be seen by the second only.
            connection.exec_driver_sql("BEGIN")
            revision = connection.execute(sa.select(_workspace.c.revision)).scalar()
            if revision is None:
                return None
            # Another file that was put in this one's place may have come to the same number.
            is_known = known is not None and known.revision == revision and self._known_in == self._database.identity
            return known if is_known else self._load(connection)

    def _create(self) -> State:
        with self._database.write() as connection:
            _create_defaults(connection)
            return self._load(connection)

    def _load(self, connection: sa.Connection) -> State:
        try:
            return _load(connection)
        except (AttributeError, LookupError, TypeError, ValueError):
            # Not from the statements, whose errors are told by the database: from rows that we never wrote.
            problem = ManagerCorruptedError(f"{self._database.path} holds a row that is damaged.", hint="Restore it from a copy.")
        raise problem


class Writer:
    """Changes the registrations inside one transaction; ``state`` is what was there when it began."""

    def __init__(self, connection: sa.Connection, state: State) -> None:
        """Write through ``connection``."""
        self._connection = connection
        self.state = state

    def add_component(  # noqa: PLR0913, PLR0917 - one row of the table, column by column
        self,
        identity: str,
        component_type: ComponentType,
        name: str,
        flavor: str,
        clear: Mapping[str, Any],
        sealed: SealedValues | None,
    ) -> ComponentRecord:
        """Add a component and return its record."""
        row = {"id": identity, "type": component_type.value, "name": name, "flavor": flavor, "created": _now(), "updated": _now()}
        self._run(sa.insert(_components).values(**row, **_columns(clear, sealed)))
        return self._component(identity)

    def change_component(self, record: ComponentRecord, clear: Mapping[str, Any], sealed: SealedValues | None) -> ComponentRecord:
        """Replace the attributes of a component and return its record."""
        columns = _columns(clear, sealed)
        self._run(sa.update(_components).where(_components.c.id == record.id).values(updated=_now(), **columns))
        return self._component(record.id)

    def rename_component(self, record: ComponentRecord, name: str) -> ComponentRecord:
        """Give a component another name and return its record."""
        self._run(sa.update(_components).where(_components.c.id == record.id).values(name=name, updated=_now()))
        return self._component(record.id)

    def delete_component(self, record: ComponentRecord) -> None:
        """Delete a component."""
        self._run(sa.delete(_components).where(_components.c.id == record.id))

    def add_stack(self, name: str, components: Mapping[ComponentType, str]) -> StackRecord:
        """Add a stack and return its record."""
        row = {"id": str(uuid.uuid4()), "name": name, "components": self._identities(components)}
        self._run(sa.insert(_stacks).values(**row))
        return self._stack(name)

    def change_stack(self, record: StackRecord, components: Mapping[ComponentType, str]) -> StackRecord:
        """Replace the components of a stack and return its record."""
        self._run(sa.update(_stacks).where(_stacks.c.id == record.id).values(components=self._identities(components)))
        return self._stack(record.name)

    def rename_stack(self, record: StackRecord, name: str) -> StackRecord:
        """Give a stack another name and return its record."""
        self._run(sa.update(_stacks).where(_stacks.c.id == record.id).values(name=name))
        if record.active:
            self._run(sa.update(_workspace).values(active=name))
        return self._stack(name)

    def delete_stack(self, record: StackRecord) -> None:
        """Delete a stack."""
        self._run(sa.delete(_stacks).where(_stacks.c.id == record.id))

    def set_active(self, name: str) -> StackRecord:
        """Make a stack the active one and return its record."""
        self._run(sa.update(_workspace).values(active=name))
        return self._stack(name)

    def _run(self, statement: sa.UpdateBase) -> None:
        self._connection.execute(statement)
        self._connection.execute(sa.update(_workspace).values(revision=_workspace.c.revision + 1))

    def _component(self, identity: str) -> ComponentRecord:
        return _load(self._connection).components[identity]

    def _stack(self, name: str) -> StackRecord:
        return _load(self._connection).stacks[name]

    def _identities(self, components: Mapping[ComponentType, str]) -> dict[str, str]:
        known = {(record.type, record.name): record.id for record in self.state.components.values()}
        return {component_type.value: known[component_type, name] for component_type, name in components.items()}


class SealingWriter(Writer):
    """A writer that holds the data key that is current in its transaction."""

    def __init__(self, connection: sa.Connection, state: State, key: DataKey) -> None:
        """Write through ``connection`` and seal with ``key``."""
        super().__init__(connection, state)
        self._key = key

    def sealed(self, identity: str, sensitive: Mapping[str, Any]) -> SealedValues:
        """Return sensitive attributes as they are stored, bound to the component's identity."""
        text = json.dumps(dict(sensitive)).encode()
        return SealedValues(tuple(sensitive), self._key.generation, cipher.seal(self._key.key, text, _bound_to(identity)))


def _columns(clear: Mapping[str, Any], sealed: SealedValues | None) -> dict[str, Any]:
    columns: dict[str, Any] = {"attributes": dict(clear), "sealed": [], "sealed_key": None, "sealed_values": None}
    if sealed is not None:
        columns |= {"sealed": list(sealed.names), "sealed_key": sealed.generation, "sealed_values": sealed.sealed}
    return columns


def _seals_something(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(_components.c.id).where(_components.c.sealed_key.is_not(None))).first() is not None


_BOUND_TO_DATA = ("data",)


def _bound_to(identity: str) -> tuple[str, ...]:
    return "component", identity


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()


def _load(connection: sa.Connection) -> State:
    head = connection.execute(sa.select(_workspace)).one()
    components = {row.id: _component_of(row) for row in connection.execute(sa.select(_components))}
    stacks = {
        row.name: StackRecord(
            row.id,
            row.name,
            {ComponentType(kind): components[identity].name for kind, identity in row.components.items()},
            row.name == head.active,
        )
        for row in connection.execute(sa.select(_stacks))
    }
    return State(head.revision, head.id, head.active, components, stacks)


def _component_of(row: Any) -> ComponentRecord:
    masked = {name: f"‹secret:{name}›" for name in row.sealed}
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


def _create_defaults(connection: sa.Connection) -> None:
    """Write what is there on first use, a stack ``default`` of local components, unless anything is there."""
    if connection.execute(sa.select(_workspace.c.id)).first() is not None:
        return
    now, identities = _now(), {}
    for component_type in (ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE, ComponentType.SECRETS_MANAGER):
        identity = identities[component_type.value] = str(uuid.uuid4())
        row = {"id": identity, "type": component_type.value, "name": "default", "flavor": "local", "attributes": {}, "sealed": []}
        connection.execute(sa.insert(_components).values(**row, created=now, updated=now))
    connection.execute(sa.insert(_stacks).values(id=str(uuid.uuid4()), name="default", components=identities))
    connection.execute(sa.insert(_workspace).values(id=str(uuid.uuid4()), revision=1, active="default"))
