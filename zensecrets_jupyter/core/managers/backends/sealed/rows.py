"""Encryption of records as rows, and detection of changed, damaged or swapped rows."""

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
"""The roles of a row: the current version, or an earlier one."""

MAX_CONTENT_SIZE = 64 * 1024 * 1024
"""Maximum number of bytes of the keys and values of one secret, as JSON. SQLite and PostgreSQL allow 1 GB in a column."""


class RowBinding(NamedTuple):
    """Facts about a row that are authenticated with its encrypted content.

    The content therefore cannot be decrypted in another row.

    ``manager`` is the owner of the row: the value of the column ``manager``. ``role`` is :data:`CURRENT` or :data:`EARLIER`. ``number`` is
    the number of the version. ``write_time`` is in microseconds.
    """

    manager: str
    name: str
    role: str
    number: int
    schema: str
    write_time: int

    def associated_data(self) -> tuple[str, ...]:
        """Return the facts as associated data for the cipher."""
        return ("secret", *map(str, self))


def seal_record(key: DataKey, binding: RowBinding, record: SecretRecord) -> bytes:
    """Return the encrypted content of a record.

    Raises:
        InvalidSecretError: If the content is larger than :data:`MAX_CONTENT_SIZE`.
    """
    plaintext = json.dumps(dict(record.content), separators=(",", ":")).encode("ascii")
    if len(plaintext) <= MAX_CONTENT_SIZE:
        return cipher.seal(key.key, plaintext, binding.associated_data())
    message = f"The content of secret {binding.name!r} has {len(plaintext)} bytes; {MAX_CONTENT_SIZE} are allowed."
    raise InvalidSecretError(message, name=binding.name, hint="Store large files elsewhere, and only the key to them here.")


def unseal_record(key: DataKey | None, binding: RowBinding, sealed: Any) -> SecretRecord:
    """Return the decrypted record.

    Raises:
        ManagerCorruptedError: If the row is damaged or was changed, or if the data key is missing.
    """
    plaintext = None
    if key is not None and isinstance(sealed, bytes):
        try:
            plaintext = cipher.unseal(key.key, sealed, binding.associated_data())
        except ManagerCorruptedError:
            # The error below replaces the error of the cipher, which does not contain the name of the secret.
            plaintext = None
    if plaintext is None:
        message = f"The row of secret {binding.name!r} (version {binding.number!r}) is damaged, was altered or was swapped."
        hint = f"It was not changed. Restore the store from a backup, or delete the secret: %secret delete {binding.name}"
        raise ManagerCorruptedError(message, hint=hint)
    return SecretRecord(binding.schema, json.loads(plaintext))
