"""An encrypted index of the secrets in a keyring, because a keyring cannot list its entries.

Each row contains the name of a secret, the name of its entry in the keyring, and its schema, all encrypted. A row is found by a fingerprint
of the secret's name, a hash that cannot be computed without the data key.
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
"""The table with the data key."""

# ``generation`` is the number of the data key that encrypted the row. ``written`` is the time of the write in microseconds.
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
        keyring_entry: Name of the secret's entry in the keyring.
        schema: Type of the schema.
        write_time: Time of the last write, in microseconds (UTC).
    """

    name: str
    keyring_entry: str
    schema: str
    write_time: int


def find(connection: Connection, key: DataKey, name: str) -> IndexEntry | None:
    """Return the index entry of a secret, or ``None`` if the index does not contain the secret.

    Raises:
        ManagerCorruptedError: If the row is damaged.
    """
    row = connection.execute(select(_entries).where(_entries.c.fingerprint == _fingerprint(key, name))).first()
    return None if row is None else _unseal(key, tuple(row))


def all_entries(connection: Connection, key: DataKey) -> Iterator[IndexEntry]:
    """Yield the index entry of every secret.

    Raises:
        ManagerCorruptedError: If a row is damaged.
    """
    for row in connection.execute(select(_entries)).all():
        yield _unseal(key, tuple(row))


def add(connection: Connection, key: DataKey, entry: IndexEntry) -> None:
    """Add the index entry of a new secret."""
    connection.execute(insert(_entries).values(_seal(key, entry)))


def replace(connection: Connection, key: DataKey, name: str, entry: IndexEntry) -> None:
    """Replace the entry of the secret ``name`` by ``entry``, which may have another name."""
    connection.execute(update(_entries).where(_entries.c.fingerprint == _fingerprint(key, name)).values(_seal(key, entry)))


def remove(connection: Connection, key: DataKey, name: str) -> None:
    """Remove the index entry of a secret. Its keyring entry stays unchanged."""
    connection.execute(delete(_entries).where(_entries.c.fingerprint == _fingerprint(key, name)))


def has_entries(connection: Connection) -> bool:
    """Return whether the index has at least one entry."""
    return connection.execute(select(_entries.c.fingerprint).limit(1)).first() is not None


def key_generation(connection: Connection) -> object:
    """Return the generation of the data key that encrypted the entries, or ``None`` if there is no entry.

    One data key encrypts all entries, so one row is read. In a damaged file, the result may be of any type.
    """
    return connection.execute(select(_entries.c.generation).limit(1)).scalar()


def _seal(key: DataKey, entry: IndexEntry) -> dict[str, Any]:
    """Return the columns of the row of an entry."""
    fingerprint = _fingerprint(key, entry.name)
    plaintext = json.dumps([entry.name, entry.keyring_entry, entry.schema]).encode("ascii")
    sealed = cipher.seal(key.key, plaintext, _associated_data(fingerprint, entry.write_time))
    return {"fingerprint": fingerprint, "generation": key.generation, "written": entry.write_time, "sealed": sealed}


def _unseal(key: DataKey, row: tuple[Any, ...]) -> IndexEntry:
    """Return the decrypted entry of a row.

    Raises:
        ManagerCorruptedError: If the row is damaged.
    """
    fingerprint, generation, write_time, sealed = row
    sealed_fields = None
    if generation == key.generation and isinstance(sealed, bytes) and isinstance(write_time, int):
        try:
            sealed_fields = json.loads(cipher.unseal(key.key, sealed, _associated_data(str(fingerprint), write_time)))
        except ManagerCorruptedError:
            # The error below replaces the error of the cipher, which does not know that the data is a row of the index.
            sealed_fields = None
    if sealed_fields is None:
        raise ManagerCorruptedError("A row of the index of secrets is damaged.", hint="It was not changed. Restore it from a backup.")
    name, keyring_entry, schema = sealed_fields
    return IndexEntry(name, keyring_entry, schema, write_time)


def _fingerprint(key: DataKey, name: str) -> str:
    """Return the keyed fingerprint of a name."""
    return cipher.fingerprint(key.key, name)


def _associated_data(fingerprint: str, write_time: int) -> tuple[str, ...]:
    """Return the data that is authenticated with an encrypted entry, so that a changed or swapped row cannot be decrypted."""
    return ("entry", fingerprint, str(write_time))
