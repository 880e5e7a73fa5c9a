"""Database row of a data key: creation, checks, and decryption of the data key.

The row contains the data key in encrypted form. A wrapping key encrypts it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, Integer, MetaData, String, Table

from zensecrets_jupyter.core.errors import ManagerCorruptedError
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.databases.interface import SealedColumn

if TYPE_CHECKING:
    from zensecrets_jupyter.core.sealing.key_protections.interface import KeyParameters

_FINGERPRINT = "data_key"
"""Name of the parameter that stores a fingerprint of the data key. The key cannot be computed from its fingerprint."""


@dataclass(frozen=True)
class DataKey:
    """A data key and its generation.

    The generation is a number that a rotation increments. Each sealed row stores the generation of its data key.
    """

    generation: int
    key: bytes = field(repr=False)


class DataKeyRow(NamedTuple):
    """Row of the table of data keys.

    Attributes:
        generation: The generation of the data key.
        kind: The name of the key protection.
        parameters: The parameters of the wrapping key as JSON, in the column ``place``.
        wrapped: The data key, sealed with the wrapping key.
        checksum: A checksum over the other columns.
    """

    generation: int
    kind: str
    parameters: str
    wrapped: bytes
    checksum: bytes

    def key_parameters(self) -> KeyParameters:
        """Return the parameters of the wrapping key, or an empty mapping for malformed JSON.

        A protection raises ManagerCorruptedError for an empty mapping.
        """
        try:
            parameters = json.loads(self.parameters)
        except ValueError:
            parameters = None
        return parameters if isinstance(parameters, dict) else {}


def data_keys_table(tables: MetaData) -> Table:
    """Add the table of data keys to ``tables`` and return it."""
    return Table(
        "data_keys",
        tables,
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("kind", String, nullable=False),
        # The column is called "place" in existing databases. SQLAlchemy's ``key`` is the column's name in Python.
        Column("place", String, key="parameters", nullable=False),
        Column("wrapped", SealedColumn, nullable=False),
        Column("checksum", SealedColumn, nullable=False),
    )


def wrap_key(data_key: DataKey, kind: str, parameters: KeyParameters, wrapping_key: bytes) -> DataKeyRow:
    """Return the row of a data key.

    Args:
        data_key: The data key.
        kind: The name of the key protection.
        parameters: The parameters of the wrapping key.
        wrapping_key: The wrapping key.
    """
    parameters_json = json.dumps({**parameters, _FINGERPRINT: _fingerprint(data_key)}, sort_keys=True)
    # The wrapped key is authenticated with the columns before it. The checksum covers all other columns, so it is computed last.
    row = DataKeyRow(data_key.generation, kind, parameters_json, b"", b"")
    row = row._replace(wrapped=cipher.seal(wrapping_key, data_key.key, _context(row)))
    return row._replace(checksum=_checksum(row))


def unwrap_key(row: DataKeyRow, wrapping_key: bytes) -> DataKey:
    """Return the data key of a row.

    Raises:
        ManagerCorruptedError: If ``wrapping_key`` is not the key that encrypts the data key.
    """
    return DataKey(row.generation, cipher.unseal(wrapping_key, row.wrapped, _context(row)))


def is_wrapping_key(row: DataKeyRow, key: bytes) -> bool:
    """Return whether ``key`` is the wrapping key of a row."""
    try:
        unwrap_key(row, key)
    except ManagerCorruptedError:
        return False
    return True


def is_intact(row: DataKeyRow) -> bool:
    """Return whether a row has values of the right types, and the right checksum."""
    # SQLite allows a value of any type in any column (https://sqlite.org/flextypegood.html).
    types = (int, str, str, bytes, bytes)
    has_right_types = all(isinstance(value, expected_type) for value, expected_type in zip(row, types, strict=True))
    return has_right_types and row.checksum == _checksum(row)


def holds_key(row: DataKeyRow, data_key: DataKey) -> bool:
    """Return whether a row contains ``data_key``. Fingerprints are compared, so no wrapping key is needed."""
    return row.generation == data_key.generation and row.key_parameters().get(_FINGERPRINT) == _fingerprint(data_key)


def _fingerprint(data_key: DataKey) -> str:
    # The text is constant, so the fingerprint depends only on the key.
    return cipher.fingerprint(data_key.key, "data key")


def _context(row: DataKeyRow) -> tuple[str, ...]:
    """Return the context with which the data key is sealed: the columns before ``wrapped``."""
    return ("data key", str(row.generation), row.kind, row.parameters)


def _checksum(row: DataKeyRow) -> bytes:
    # The checksum distinguishes a damaged row from a wrong passphrase.
    return cipher.checksum((str(row.generation), row.kind, row.parameters, row.wrapped.hex()))
