"""How a secret becomes a sealed row, and how a row that was altered, damaged or swapped is found out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.errors import InvalidSecretError, ManagerCorruptedError
from zensecrets_jupyter.core.managers.records import SecretRecord
from zensecrets_jupyter.core.sealing import cipher

if TYPE_CHECKING:
    from zensecrets_jupyter.core.sealing.data_key_row import DataKey

CURRENT = "current"
EARLIER = "earlier"

LARGEST_CONTENT = 64 * 1024 * 1024
"""Bytes in the keys and values of one secret at most; SQLite and PostgreSQL end at 1 GB, with errors of their own."""


class Place(NamedTuple):
    """Everything that a sealed content is bound to: put anywhere else, it does not open."""

    manager: str
    name: str
    role: str
    number: int
    schema: str
    written: int

    def binding(self) -> tuple[str, ...]:
        """Return it as what the cipher binds to."""
        return ("secret", *map(str, self))


def seal_record(key: DataKey, place: Place, record: SecretRecord) -> bytes:
    """Return the keys and values of ``record`` sealed for ``place``.

    Raises:
        InvalidSecretError: If they are larger than :data:`LARGEST_CONTENT`.
    """
    plaintext = json.dumps(dict(record.content), separators=(",", ":")).encode("ascii")
    if len(plaintext) <= LARGEST_CONTENT:
        return cipher.seal(key.key, plaintext, place.binding())
    message = f"The content of secret {place.name!r} has {len(plaintext)} bytes; {LARGEST_CONTENT} are allowed."
    raise InvalidSecretError(message, name=place.name, hint="Keep large files elsewhere, and the key that opens them here.")


def unseal_record(key: DataKey | None, place: Place, sealed: Any) -> SecretRecord:
    """Return what was sealed for ``place``.

    Raises:
        ManagerCorruptedError: If it is damaged, was altered or belongs elsewhere, or if its key is not there.
    """
    plaintext = None
    if key is not None and isinstance(sealed, bytes):
        try:
            plaintext = cipher.unseal(key.key, sealed, place.binding())
        except ManagerCorruptedError:
            plaintext = None
    if plaintext is None:
        message = f"What is stored of secret {place.name!r} (version {place.number!r}) is damaged, was altered or was swapped."
        hint = f"It was left as it is: restore the store from a copy, or delete the secret: %secret delete {place.name}"
        raise ManagerCorruptedError(message, hint=hint)
    return SecretRecord(place.schema, json.loads(plaintext))
