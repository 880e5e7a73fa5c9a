"""An encrypted index of secrets, for a backend that cannot list.

A row maps a secret to an entry of the backend. Names are encrypted. A row is found by a keyed fingerprint of the name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, String, Table, delete, insert, select, update

from zensecrets_jupyter.core.errors import ManagerCorruptedError
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.data_key_row import DataKey, data_keys_table
from zensecrets_jupyter.core.sealing.databases.interface import SealedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = MetaData()
DATA_KEYS = data_keys_table(TABLES)

_entries = Table(
    "entries",
    TABLES,
    Column("fingerprint", String, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("written", BigInteger, nullable=False),
    Column("sealed", SealedColumn, nullable=False),
)


class IndexEntry(NamedTuple):
    """A secret in the index.

    Attributes:
        name: Name of the secret.
        entry: Entry of the secret in the backend.
        schema: Type of the schema.
        written: Time of the write, in microseconds (UTC).
    """

    name: str
    entry: str
    schema: str
    written: int


def find(connection: Connection, key: DataKey, name: str) -> IndexEntry | None:
    """Return the entry of a secret, or ``None``.

    Raises:
        ManagerCorruptedError: If the row is damaged.
    """
    row = connection.execute(select(_entries).where(_entries.c.fingerprint == _fingerprint(key, name))).first()
    return None if row is None else _unseal(key, tuple(row))


def all_entries(connection: Connection, key: DataKey) -> Iterator[IndexEntry]:
    """Yield every entry.

    Raises:
        ManagerCorruptedError: If a row is damaged.
    """
    for row in connection.execute(select(_entries)).all():
        yield _unseal(key, tuple(row))


def add(connection: Connection, key: DataKey, entry: IndexEntry) -> None:
    """Add a new secret."""
    connection.execute(insert(_entries).values(_row(key, entry)))


def replace(connection: Connection, key: DataKey, name: str, entry: IndexEntry) -> None:
    """Replace the entry of a secret."""
    connection.execute(update(_entries).where(_entries.c.fingerprint == _fingerprint(key, name)).values(_row(key, entry)))


def remove(connection: Connection, key: DataKey, name: str) -> None:
    """Remove a secret."""
    connection.execute(delete(_entries).where(_entries.c.fingerprint == _fingerprint(key, name)))


def is_in_use(connection: Connection) -> bool:
    """Return whether the index has an entry."""
    return connection.execute(select(_entries.c.fingerprint).limit(1)).first() is not None


def generation(connection: Connection) -> object:
    """Return the number of the data key that encrypted the entries, or ``None`` without entries."""
    return connection.execute(select(_entries.c.generation).limit(1)).scalar()


def _row(key: DataKey, entry: IndexEntry) -> dict[str, Any]:
    """Return the columns of an entry, with the encrypted names."""
    fingerprint = _fingerprint(key, entry.name)
    sealed = cipher.seal(key.key, json.dumps(entry[:3]).encode("ascii"), _binding(fingerprint, entry.written))
    return {"fingerprint": fingerprint, "generation": key.generation, "written": entry.written, "sealed": sealed}


def _unseal(key: DataKey, row: tuple[Any, ...]) -> IndexEntry:
    """Return the decrypted entry of a row.

    Raises:
        ManagerCorruptedError: If the row is damaged.
    """
    fingerprint, generation_of_row, written, sealed = row
    parts = None
    if generation_of_row == key.generation and isinstance(sealed, bytes) and isinstance(written, int):
        try:
            parts = json.loads(cipher.unseal(key.key, sealed, _binding(str(fingerprint), written)))
        except ManagerCorruptedError:
            parts = None
    if parts is None:
        raise ManagerCorruptedError("A row of the index of secrets is damaged.", hint="It was not changed. Restore it from a backup.")
    name, entry, schema = parts
    return IndexEntry(name, entry, schema, written)


def _fingerprint(key: DataKey, name: str) -> str:
    """Return the keyed fingerprint of a name."""
    return cipher.fingerprint(key.key, name)


def _binding(fingerprint: str, written: int) -> tuple[str, ...]:
    """Return the associated data, to which the encrypted entry is bound."""
    return ("entry", fingerprint, str(written))
