"""The row that holds a data key, wrapped by a key that is kept elsewhere: how it is made, checked and recognized."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, Integer, MetaData, String, Table

from zensecrets_jupyter.core.errors import ManagerCorruptedError
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.database import Sealed

if TYPE_CHECKING:
    from zensecrets_jupyter.core.sealing.protection import Place

_FINGERPRINT = "data_key"
"""What tells, in the description of a wrapping key, which data key it wraps: a keyed fingerprint, from which nothing can be learned."""


@dataclass(frozen=True)
class DataKey:
    """A data key, with the generation that the rows it seals name."""

    generation: int
    key: bytes = field(repr=False)


class Row(NamedTuple):
    """The row of the table: the generation of the data key, what wraps it and where that is, the wrapped key, and a checksum of it all."""

    generation: int
    kind: str
    place: str
    wrapped: bytes
    checksum: bytes

    def parsed_place(self) -> Place:
        """Return where the wrapping key is; of text that is no place an empty one, in which no protection finds its key."""
        try:
            place = json.loads(self.place)
        except ValueError:
            place = None
        return place if isinstance(place, dict) else {}


def data_keys_table(tables: MetaData) -> Table:
    """Return the table for the data key, as one of ``tables``."""
    return Table(
        "data_keys",
        tables,
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("kind", String, nullable=False),
        Column("place", String, nullable=False),
        Column("wrapped", Sealed, nullable=False),
        Column("checksum", Sealed, nullable=False),
    )


def wrap(key: DataKey, kind: str, place: Place, wrapping_key: bytes) -> Row:
    """Return the row that holds ``key``, wrapped by a key of that kind which is at that place."""
    text = json.dumps({**place, _FINGERPRINT: _fingerprint(key)}, sort_keys=True)
    row = Row(key.generation, kind, text, b"", b"")
    row = row._replace(wrapped=cipher.seal(wrapping_key, key.key, _binding(row)))
    return row._replace(checksum=_checksum(row))


def unwrap(row: Row, wrapping_key: bytes) -> DataKey:
    """Return the data key in ``row``.

    Raises:
        ManagerCorruptedError: If it is wrapped by another key.
    """
    return DataKey(row.generation, cipher.unseal(wrapping_key, row.wrapped, _binding(row)))


def opens(row: Row, wrapping_key: bytes) -> bool:
    """Tell whether ``wrapping_key`` is the one that wraps the data key in ``row``."""
    try:
        unwrap(row, wrapping_key)
    except ManagerCorruptedError:
        return False
    return True


def is_whole(row: Row) -> bool:
    """Tell whether ``row`` is as it was written; SQLite keeps any type in any column."""
    types = (int, str, str, bytes, bytes)
    return all(isinstance(value, of) for value, of in zip(row, types, strict=True)) and row.checksum == _checksum(row)


def holds(row: Row, key: DataKey) -> bool:
    """Tell whether ``row`` surely holds ``key``, whatever wraps it there."""
    return row.generation == key.generation and row.parsed_place().get(_FINGERPRINT) == _fingerprint(key)


def _fingerprint(key: DataKey) -> str:
    return cipher.fingerprint(key.key, "data key")


def _binding(row: Row) -> tuple[str, ...]:
    return ("data key", str(row.generation), row.kind, row.place)


def _checksum(row: Row) -> bytes:
    # A damaged row must not look like a wrong passphrase.
    return cipher.checksum((str(row.generation), row.kind, row.place, row.wrapped.hex()))
