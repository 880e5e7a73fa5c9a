"""The ``keyring`` backend: the keyring of the operating system.

Examples are Secret Service, KWallet and the macOS keychain. A keyring cannot list its entries, so the names of the secrets are in an
encrypted index file, whose encryption key is in the same keyring. An entry of the index has the name of the secret's entry in the
keyring. A keyring that stores plain text is refused. With some keyrings, every program of the user can read the entries.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import field_validator

from zensecrets_jupyter.core.errors import InvalidSecretError, ManagerLockedError
from zensecrets_jupyter.core.managers.backend import Backend
from zensecrets_jupyter.core.managers.backends.remote.envelope import EnvelopeCodec, SecretEnvelope
from zensecrets_jupyter.core.managers.backends.sealed import index
from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions, SecretRecord, SecretSummary
from zensecrets_jupyter.core.managers.registry import Availability
from zensecrets_jupyter.core.sealing.data_keys import DataKeys
from zensecrets_jupyter.core.sealing.databases.sqlite import SqliteFile
from zensecrets_jupyter.core.sealing.key_protections.keyring import SERVICE, full_name, system_keyring, translate_keyring_error
from zensecrets_jupyter.core.settings import absolute_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from keyring.backend import KeyringBackend as SystemKeyring
    from sqlalchemy import Connection

    from zensecrets_jupyter.core.managers.backends.sealed.index import IndexEntry
    from zensecrets_jupyter.core.sealing.data_key_row import DataKey

FORMAT = 1
"""Version of the index. An index with a higher version is neither read nor changed."""

# The limit of Windows is CRED_MAX_CREDENTIAL_BLOB_SIZE in wincred.h, for text in UTF-16.
_MAX_SIZES = {"keyring.backends.Windows.": 2560}
"""Maximum number of bytes of a secret, by the prefix of the keyring's class name."""


class KeyringOptions(ManagerOptions):
    """Options of the ``keyring`` backend."""

    path: Path | None = None
    """The index file. The default is ``index.db`` in the folder of the manager. A relative path is made absolute at registration."""

    @field_validator("path")
    @classmethod
    def _make_absolute(cls, path: Path | None) -> Path | None:
        return path and absolute_path(path)


class KeyringBackend(Backend):
    """The backend in the keyring of the operating system."""

    FLAVOR: ClassVar[str] = "keyring"
    options_model: ClassVar[type[ManagerOptions]] = KeyringOptions
    is_local: ClassVar[bool] = True
    parallel_reads: ClassVar[int] = 1

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        custom_path = cast("KeyringOptions", self.options).path
        path = custom_path or self.context.folder / "index.db"
        self._label = f"secrets manager {self.name!r}"
        self._service = f"{SERVICE} {self.id}"
        self._file = SqliteFile(path, index.TABLES, kind="index", version=FORMAT, is_folder_private=custom_path is None)
        self._keys = DataKeys(self._file, index.DATA_KEYS, label=self._label, has_sealed_rows=index.has_entries, protection="keyring")

    @classmethod
    def availability(cls) -> Availability:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.availability`."""
        try:
            system_keyring(f"flavor {cls.FLAVOR!r}")
        except ManagerLockedError as error:
            return Availability(ok=False, reason=str(error))
        return Availability(ok=True)

    @property
    def opens_without_keyring(self) -> bool:
        """See :attr:`~zensecrets_jupyter.core.managers.backend.Backend.opens_without_keyring`.

        A locked keyring asks the user to unlock it, so this is false while the index has a key that this process has not read.
        """
        return self._keys.opens_without_keyring

    @property
    def opens_without_prompt(self) -> bool:
        """See :attr:`~zensecrets_jupyter.core.managers.backend.Backend.opens_without_prompt`."""
        return self._keys.opens_without_prompt

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        try:
            location = f"the OS keyring ({system_keyring().name})"
        except ManagerLockedError:
            location = "the OS keyring, which can't be reached now"
        return {"kept in": location, "index in": str(self._file.path), "index protected by": self._keys.describe()}

    def read(self, name: str) -> SecretRecord:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.read`."""
        return self._read_entry(self._find_entry(name))

    def list(self) -> Iterable[SecretSummary]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.list`."""
        return [
            SecretSummary(entry.name, entry.schema, updated=datetime.fromtimestamp(entry.write_time / 1e6, timezone.utc))
            for entry in self._index_entries()
        ]

    def check(self, name: str, record: SecretRecord) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.check`."""
        self._envelope_for(name, record)

    def create(self, name: str, record: SecretRecord) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.create`."""
        # Each registration uses a random name for its entry in the keyring. An entry that a killed process left can't have this name.
        entry = index.IndexEntry(name, uuid.uuid4().hex, record.schema, _now())
        envelope = self._envelope_for(name, record)

        def transaction(connection: Connection, key: DataKey) -> bool:
            if index.find(connection, key, name) is not None:
                return False
            self._use_keyring(lambda keyring: keyring.set_password(self._service, entry.keyring_entry, envelope.text))
            index.add(connection, key, entry)
            return True

        is_added = False
        try:
            is_added = self._keys.write(transaction)
        finally:
            # The entry of the keyring is unused if the name exists already, or after an error.
            if not is_added:
                self._try_delete_keyring_entry(entry.keyring_entry)
        if not is_added:
            raise self.exists_error(name)

    def replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.replace`."""
        self._find_entry(name)

        def transaction(connection: Connection, key: DataKey) -> None:
            entry = self._find_in_transaction(connection, key, name)
            record = change(self._read_entry(entry))
            envelope = self._envelope_for(name, record)
            self._use_keyring(lambda keyring: keyring.set_password(self._service, entry.keyring_entry, envelope.text))
            index.replace(connection, key, name, entry._replace(schema=record.schema, write_time=_now()))

        self._keys.write(transaction)

    def delete(self, name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.delete`."""
        self._find_entry(name)

        def transaction(connection: Connection, key: DataKey) -> None:
            entry = self._find_in_transaction(connection, key, name)
            self._delete_keyring_entry(entry.keyring_entry)
            index.remove(connection, key, name)

        self._keys.write(transaction)

    def delete_all(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Clearable.delete_all`."""

        def transaction(connection: Connection, key: DataKey) -> None:
            # The list is complete before the loop removes rows.
            for entry in [*index.all_entries(connection, key)]:
                self._delete_keyring_entry(entry.keyring_entry)
                index.remove(connection, key, entry.name)

        # If there are no secrets, nothing is written, because a write would create an encryption key and an index.
        if [*self.list()]:
            self._keys.write(transaction)

    def rename(self, name: str, new_name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Renamable.rename`."""
        self._find_entry(name)

        def transaction(connection: Connection, key: DataKey) -> bool:
            entry = self._find_in_transaction(connection, key, name)
            if index.find(connection, key, new_name) is not None:
                return False
            # The entry in the keyring keeps its name, which does not contain the name of the secret.
            index.replace(connection, key, name, entry._replace(name=new_name))
            return True

        if not self._keys.write(transaction):
            raise self.exists_error(new_name)

    def change_token(self) -> object:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.ChangeTracking.change_token`."""
        return self._file.change_token()

    def _index_key(self) -> DataKey | None:
        """Return the data key of the index, or ``None`` if the index is empty. The generation identifies the key."""
        with self._file.read() as connection:
            generation = None if connection is None else index.key_generation(connection)
        return None if generation is None else self._keys.key_of(generation)

    def _index_entries(self) -> Sequence[IndexEntry]:
        """Return all entries of the index."""
        key = self._index_key()
        with self._file.read() as connection:
            return [] if key is None or connection is None else [*index.all_entries(connection, key)]

    def _find_entry(self, name: str) -> IndexEntry:
        """Return the index entry of a secret.

        A write calls this method first. Otherwise a write of a missing secret would create an encryption key and an index.

        Raises:
            SecretNotFoundError: If the secret does not exist.
        """
        key = self._index_key()
        with self._file.read() as connection:
            if key is not None and connection is not None:
                return self._find_in_transaction(connection, key, name)
        raise self.missing_error(name)

    def _find_in_transaction(self, connection: Connection, key: DataKey, name: str) -> IndexEntry:
        """Return the index entry of a secret, in the transaction of ``connection``."""
        entry = index.find(connection, key, name)
        if entry is None:
            raise self.missing_error(name)
        return entry

    def _read_entry(self, entry: IndexEntry) -> SecretRecord:
        """Return the record of an index entry from the keyring."""
        text = self._use_keyring(lambda keyring: keyring.get_password(self._service, entry.keyring_entry))
        if text is None:
            raise self.missing_error(entry.name)
        return EnvelopeCodec().decode(SecretEnvelope(text), name=entry.name, service="the OS keyring", manager=self.name)

    def _envelope_for(self, name: str, record: SecretRecord) -> SecretEnvelope:
        """Return the text that is stored for a secret.

        Raises:
            InvalidSecretError: If the text is too large for the keyring.
        """
        envelope = EnvelopeCodec().encode(record)
        class_name = full_name(system_keyring(self._label))
        # A maximum size of 0 means that there is no limit.
        max_size = next((limit for prefix, limit in _MAX_SIZES.items() if class_name.startswith(prefix)), 0)
        size = len(envelope.text.encode("utf-16-le", "surrogatepass"))
        if not max_size or size <= max_size:
            return envelope
        message = f"Secret {name!r} needs {size} bytes in the OS keyring; {max_size} are allowed."
        raise InvalidSecretError(message, name=name, manager=self.name, hint="Use a secrets manager of flavor local for it.")

    def _delete_keyring_entry(self, keyring_entry: str) -> None:
        """Delete an entry of the keyring, if it exists."""

        def delete(keyring: SystemKeyring) -> None:
            if keyring.get_password(self._service, keyring_entry) is not None:
                keyring.delete_password(self._service, keyring_entry)

        self._use_keyring(delete)

    def _try_delete_keyring_entry(self, keyring_entry: str) -> None:
        """Delete an unused entry of the keyring. An error of the keyring is ignored, because an unused entry does no harm."""
        with suppress(ManagerLockedError):
            self._delete_keyring_entry(keyring_entry)

    def _use_keyring(self, operation: Callable[[SystemKeyring], str | None]) -> str | None:
        """Return the result of an operation on the keyring.

        Raises:
            ManagerLockedError: If the keyring is missing or locked, or the operation failed.
        """
        keyring = system_keyring(self._label)
        try:
            return operation(keyring)
        except Exception as error:  # noqa: BLE001 - each keyring raises its own error classes
            # The error is raised outside the handler, so that the keyring's own error, which may quote values, is not chained.
            problem = translate_keyring_error(keyring, error, self._label)
        raise problem


def _now() -> int:
    """Return the microseconds since 1970 (UTC)."""
    return time.time_ns() // 1000
