"""Encryption of secrets as rows, and detection of rows that were altered, damaged or swapped."""

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


class RowBinding(NamedTuple):
    """The facts that encrypted content is bound to. In another row it can't be decrypted."""

    manager: str
    name: str
    role: str
    number: int
    schema: str
    written: int

    def associated_data(self) -> tuple[str, ...]:
        """Return the facts as the cipher takes them."""
        return ("secret", *map(str, self))


def seal_record(key: DataKey, binding: RowBinding, record: SecretRecord) -> bytes:
    """Return the keys and values of ``record`` encrypted for ``binding``.

    Raises:
        InvalidSecretError: If they are larger than :data:`LARGEST_CONTENT`.
    """
    plaintext = json.dumps(dict(record.content), separators=(",", ":")).encode("ascii")
    if len(plaintext) <= LARGEST_CONTENT:
        return cipher.seal(key.key, plaintext, binding.associated_data())
    message = f"The content of secret {binding.name!r} has {len(plaintext)} bytes; {LARGEST_CONTENT} are allowed."
    raise InvalidSecretError(message, name=binding.name, hint="Keep large files elsewhere, and the key that opens them here.")


def unseal_record(key: DataKey | None, binding: RowBinding, sealed: Any) -> SecretRecord:
    """Return the secret that was encrypted for ``binding``.

    Raises:
        ManagerCorruptedError: If it is damaged, was altered or belongs elsewhere, or if its key is not there.
    """
    plaintext = None
    if key is not None and isinstance(sealed, bytes):
        try:
            plaintext = cipher.unseal(key.key, sealed, binding.associated_data())
        except ManagerCorruptedError:
            plaintext = None
    if plaintext is None:
        message = f"What is stored of secret {binding.name!r} (version {binding.number!r}) is damaged, was altered or was swapped."
        hint = f"It was left as it is: restore the store from a copy, or delete the secret: %secret delete {binding.name}"
        raise ManagerCorruptedError(message, hint=hint)
    return SecretRecord(binding.schema, json.loads(plaintext))
