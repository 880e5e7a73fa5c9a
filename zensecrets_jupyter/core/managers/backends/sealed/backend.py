"""Base class of backends that store encrypted rows in a SQL database, with earlier versions.

Keys and values are encrypted. Names, schema types, version numbers and times are not encrypted, so that a list needs no data key. They are
authenticated with the encrypted content, so that a read detects a change of them. The statements are portable SQL, because a subclass uses
SQLite or a database server.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.exc import IntegrityError

from zensecrets_jupyter.core.errors import (
    InteractionCancelledError,
    ManagerCorruptedError,
    ManagerLockedError,
    SecretNotFoundError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers.backend import Backend
from zensecrets_jupyter.core.managers.backends.sealed import tables
from zensecrets_jupyter.core.managers.backends.sealed.rows import CURRENT, EARLIER, RowBinding, seal_record, unseal_record
from zensecrets_jupyter.core.managers.records import SecretRecord, SecretSummary, SecretVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from zensecrets_jupyter.core.interaction import RequiredPassphrase
    from zensecrets_jupyter.core.sealing.data_key_row import DataKey
    from zensecrets_jupyter.core.sealing.data_keys import DataKeys
    from zensecrets_jupyter.core.sealing.databases.interface import Database


class _VersionRow(NamedTuple):
    """A row of one version, without the names of the manager and the secret. The fields have the order of the columns.

    Attributes:
        secret_id: ID of the secret in the database.
        number: Number of the version.
        schema: Type of the schema.
        write_time: Time of the write, in microseconds (UTC).
        generation: Number of the data key that encrypted the content.
        sealed: The encrypted content.
    """

    secret_id: int
    number: int
    schema: str
    write_time: int
    generation: int
    sealed: bytes


class SealedBackend(Backend):
    """A backend with encrypted rows. A subclass sets the four attributes that begin with an underscore."""

    batch_size: int = 1
    """Maximum number of names in one :meth:`read_batch`."""

    _database: Database
    """The database."""
    _keys: DataKeys
    """The data key of the database."""
    _owner: str
    """The owner of the rows, for example the ID of the manager. The content of a row cannot be decrypted under another owner."""
    _versions_kept: int
    """Number of versions that are kept of each secret, including the current one. It is at least 1."""

    def rewrap(self, protection: str, *, passphrase: str | None = None) -> None:
        """Change the protection of the data key of this store. No secret is encrypted again.

        Args:
            protection: "keyring", "passphrase" or "keyfile". If the store has this protection already, it gets another passphrase, or
                another wrapping key in the keyring or in a file.
            passphrase: The new passphrase. The default is ``ZENSECRETS_NEW_PASSPHRASE``, or ``ZENSECRETS_PASSPHRASE`` if the store had
                no passphrase before. Without these variables the user is asked.

        Raises:
            InvalidOptionsError: If the protection does not exist.
            InteractionUnavailableError: If a new passphrase is needed and no user can be asked.
            ManagerLockedError: If the store cannot be opened, or the keyring is locked or missing. The old protection stays.
        """
        self._keys.rewrap(protection, passphrase=passphrase)

    def rotate_key(self) -> None:
        """Encrypt every secret and every earlier version with a new data key, in one transaction.

        The kind of protection stays the same.

        Raises:
            ManagerLockedError: If the store cannot be opened.
            ManagerCorruptedError: If a row is damaged. Then nothing is changed.
        """
        self._keys.rotate(_reseal_all)

    @property
    def opens_without_keyring(self) -> bool:
        """See :attr:`~zensecrets_jupyter.core.managers.backend.Backend.opens_without_keyring`."""
        return self._keys.opens_without_keyring

    @property
    def opens_without_prompt(self) -> bool:
        """See :attr:`~zensecrets_jupyter.core.managers.backend.Backend.opens_without_prompt`."""
        return self._keys.opens_without_prompt

    @property
    def keeps_key_in_file(self) -> bool:
        """See :attr:`~zensecrets_jupyter.core.managers.backend.Backend.keeps_key_in_file`."""
        return self._keys.is_in_key_file

    @property
    def required_passphrase(self) -> RequiredPassphrase | None:
        """See :attr:`~zensecrets_jupyter.core.managers.backend.Backend.required_passphrase`."""
        return self._keys.required_passphrase

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`. This method needs no data key."""
        with self._database.read() as connection:
            secret_count = connection.execute(tables.SECRET_COUNT, {"of_manager": self._owner}).scalar() if connection is not None else 0
        return {"protected by": self._keys.describe(), "secrets": str(secret_count), "versions kept": str(self._versions_kept)}

    def read(self, name: str) -> SecretRecord:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.read`."""
        row = self._find_row(name)
        key = self._keys.key_of(row.generation)
        while key is None:
            # The data key of the row is unknown. Another process may have rotated the data key and encrypted the row again, so the row is
            # read again. If its generation is still the same, the row is damaged, and unseal_record raises the error for the missing key.
            missing_generation = row.generation
            row = self._find_row(name)
            if row.generation == missing_generation:
                break
            key = self._keys.key_of(row.generation)
        return unseal_record(key, self._binding(name, CURRENT, row), row.sealed)

    def read_batch(self, names: Sequence[str]) -> Mapping[str, SecretRecord | ZenSecretsError]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.BatchReads.read_batch`."""
        results: dict[str, SecretRecord | ZenSecretsError] = {name: self.missing_error(name) for name in names}
        parameters = {"of_manager": self._owner, "of_names": [name for name in names if _is_storable(name)]}
        with self._database.read() as connection:
            rows = [] if connection is None else connection.execute(tables.CURRENT_ROWS, parameters).all()
        locked_error: ZenSecretsError | None = None
        for name, *columns in rows:
            result = results[name] = locked_error or self._record_or_error(name, columns)
            if isinstance(result, (InteractionCancelledError, ManagerLockedError)):
                # The store cannot be opened. The remaining secrets get the same error, so that the user is not asked again for each secret.
                locked_error = result
        return results

    def _record_or_error(self, name: str, columns: Iterable[Any]) -> SecretRecord | ZenSecretsError:
        """Return the record of the columns of a row, or the error."""
        try:
            row = _row_of(columns)
            key = self._keys.key_of(row.generation)
            # If the data key is unknown, another process may have encrypted the row again, so the secret is read again.
            return self.read(name) if key is None else unseal_record(key, self._binding(name, CURRENT, row), row.sealed)
        except ZenSecretsError as error:
            return error

    def names(self) -> Iterable[str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.names`."""
        with self._database.read() as connection:
            names = [] if connection is None else [*connection.execute(tables.ALL_NAMES, {"of_manager": self._owner}).scalars()]
        _check_types(str, names)
        return names

    def list(self) -> Iterable[SecretSummary]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.list`."""
        summaries: Sequence[SecretSummary] | None = []
        with self._database.read() as connection:
            if connection is not None:
                # The cursor of the driver is read directly, because SQLAlchemy's rows would double the time of a list of 10,000 secrets.
                summaries = _summaries_from(connection.execute(tables.ALL_SUMMARIES, {"of_manager": self._owner}).cursor)
        if summaries is None:
            raise _damaged_error()
        # The columns are the names, the schemas, the numbers and the times. The times were checked by their conversion.
        columns = zip(*summaries, strict=True)
        for expected_type, values in zip((str, str, int), columns, strict=False):
            _check_types(expected_type, values)
        return summaries

    def create(self, name: str, record: SecretRecord) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.create`."""
        self.write_batch({name: record}, {})

    def write_batch(self, new_records: Mapping[str, SecretRecord], replacements: Mapping[str, SecretRecord]) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.BatchWrites.write_batch`."""

        def transaction(connection: Connection, key: DataKey) -> None:
            for name, record in new_records.items():
                self._add_secret(connection, key, name, record)
            for name, record in replacements.items():
                self._write_version(connection, key, name, self._find_row_in(connection, name), record)

        self._keys.write(transaction)

    def _add_secret(self, connection: Connection, key: DataKey, name: str, record: SecretRecord) -> None:
        """Add the first version of a secret.

        Raises:
            SecretExistsError: If the name exists already.
        """
        binding = RowBinding(self._owner, name, CURRENT, 1, record.schema, _now())
        try:
            connection.execute(tables.INSERT_SECRET, {"manager": self._owner, "name": name, **_columns(key, binding, record)})
        except IntegrityError:
            already_exists = True
        else:
            already_exists = False
        if already_exists:
            # The error is raised here, so that the error of the database, which contains the row, is not its context. This error also rolls
            # back the other writes of the transaction.
            raise self.exists_error(name)

    def replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.replace`."""
        self._find_row(name)

        def transaction(connection: Connection, key: DataKey) -> None:
            self._write_version(connection, key, name, self._find_row_in(connection, name), change)

        self._keys.write(transaction)

    def rollback(self, name: str, number: int) -> SecretVersion:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Versioned.rollback`."""
        self._find_row(name)

        def transaction(connection: Connection, key: DataKey) -> SecretVersion:
            row = self._find_row_in(connection, name)
            earlier_record = None
            if number != row.number:
                earlier_rows = {earlier_row.number: earlier_row for earlier_row in self._earlier_rows(connection, row)}
                if number not in earlier_rows:
                    numbers = ", ".join(map(str, sorted([*earlier_rows, row.number], reverse=True)))
                    message = f"There is no version {number} of secret {name!r} in secrets manager {self.name!r}."
                    raise SecretNotFoundError(message, name=name, manager=self.name, hint=f"The versions are {numbers}.")
                earlier_record = self._unseal(key, self._binding(name, EARLIER, earlier_rows[number]), earlier_rows[number])
            # If ``number`` is the current version, there is no earlier record, and the current content becomes the new version.
            binding = self._write_version(connection, key, name, row, lambda current: earlier_record or current)
            return SecretVersion(binding.number, binding.schema, _time_of(binding.write_time), current=True)

        return self._keys.write(transaction)

    def delete(self, name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.delete`."""
        self._find_row(name)
        with self._database.write() as connection:
            if not connection.execute(tables.DELETE_SECRET, {"of_manager": self._owner, "of_name": name}).rowcount:
                raise self.missing_error(name)

    def delete_all(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Clearable.delete_all`."""
        # Without secrets there is no write, because a write would create the database.
        if [*self.names()]:
            with self._database.write() as connection:
                connection.execute(tables.DELETE_ALL_SECRETS, {"of_manager": self._owner})

    def rename(self, name: str, new_name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Renamable.rename`."""
        self._find_row(name)

        def transaction(connection: Connection, key: DataKey) -> bool:
            row = self._find_row_in(connection, name)
            if connection.execute(tables.CURRENT_ROW, {"of_manager": self._owner, "of_name": new_name}).first() is not None:
                return False
            # The name is authenticated with the content, so every version is encrypted again with the new name.
            for earlier_row in self._earlier_rows(connection, row):
                record = self._unseal(key, self._binding(name, EARLIER, earlier_row), earlier_row)
                sealed = seal_record(key, self._binding(new_name, EARLIER, earlier_row), record)
                connection.execute(tables.UPDATE_EARLIER, {"of_secret": row.secret_id, "of_number": earlier_row.number, "sealed": sealed})
            record = self._unseal(key, self._binding(name, CURRENT, row), row)
            sealed = seal_record(key, self._binding(new_name, CURRENT, row), record)
            connection.execute(tables.UPDATE_SECRET, {"of_secret": row.secret_id, "name": new_name, "sealed": sealed})
            return True

        if not self._keys.write(transaction):
            raise self.exists_error(new_name)

    def history(self, name: str) -> Sequence[SecretVersion]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Versioned.history`."""
        with self._database.read() as connection:
            row = self._find_row_in(connection, name)
            earlier_rows = [] if connection is None else self._earlier_rows(connection, row)
        try:
            return [
                SecretVersion(version_row.number, version_row.schema, _time_of(version_row.write_time), current=version_row is row)
                for version_row in (row, *earlier_rows)
            ]
        except (ValueError, OverflowError, OSError):
            pass
        raise _damaged_error()

    def _write_version(
        self,
        connection: Connection,
        key: DataKey,
        name: str,
        row: _VersionRow,
        change: SecretRecord | Callable[[SecretRecord], SecretRecord],
    ) -> RowBinding:
        """Store a new current version, and keep the version that was current as an earlier version.

        Args:
            connection: The connection.
            key: The data key.
            name: Name of the secret.
            row: The row of the current version.
            change: The new record, or a function that returns it for the current record.

        Returns:
            The facts about the new version.
        """
        current = self._unseal(key, self._binding(name, CURRENT, row), row)
        record = change if isinstance(change, SecretRecord) else change(current)
        earlier_binding = self._binding(name, EARLIER, row)
        connection.execute(
            tables.INSERT_EARLIER, {"secret": row.secret_id, "number": row.number, **_columns(key, earlier_binding, current)}
        )
        binding = RowBinding(self._owner, name, CURRENT, row.number + 1, record.schema, _now())
        connection.execute(tables.UPDATE_SECRET, {"of_secret": row.secret_id, **_columns(key, binding, record)})
        connection.execute(tables.DELETE_OLD_VERSIONS, {"of_secret": row.secret_id, "up_to": binding.number - self._versions_kept})
        return binding

    def _find_row(self, name: str) -> _VersionRow:
        """Return the row of the current version.

        A method that changes a secret calls this method first. Without this call, a change of a missing secret would create a data key or
        ask for a passphrase.

        Raises:
            SecretNotFoundError: If the secret does not exist.
        """
        with self._database.read() as connection:
            return self._find_row_in(connection, name)

    def _find_row_in(self, connection: Connection | None, name: str) -> _VersionRow:
        """Return the row of the current version, in the transaction of ``connection``.

        If ``connection`` is ``None``, there is no database.
        """
        columns = None
        if connection is not None and _is_storable(name):
            columns = connection.execute(tables.CURRENT_ROW, {"of_manager": self._owner, "of_name": name}).first()
        if columns is None:
            raise self.missing_error(name)
        return _row_of(columns)

    def _earlier_rows(self, connection: Connection, row: _VersionRow) -> Sequence[_VersionRow]:
        """Return the rows of the earlier versions of a secret, the newest first."""
        return [_row_of(columns) for columns in connection.execute(tables.EARLIER_ROWS, {"of_secret": row.secret_id})]

    def _binding(self, name: str, role: str, row: _VersionRow) -> RowBinding:
        """Return the facts that are authenticated with the content of a row. ``role`` is ``CURRENT`` or ``EARLIER``."""
        return RowBinding(self._owner, name, role, row.number, row.schema, row.write_time)

    def _unseal(self, key: DataKey, binding: RowBinding, row: _VersionRow) -> SecretRecord:
        """Return the record of a row."""
        # If another data key encrypted the row, ``None`` is passed, and unseal_record raises an error.
        return unseal_record(key if row.generation == key.generation else None, binding, row.sealed)


def holds_secrets(connection: Connection) -> bool:
    """Return whether the table of secrets has a row."""
    return connection.execute(tables.ANY_SECRET_ID).first() is not None


def _reseal_all(connection: Connection, *, old: DataKey, new: DataKey) -> None:
    """Encrypt each row of each manager in the database with a new data key."""
    managers_and_names: dict[int, tuple[str, str]] = {}
    for manager, name, *columns in connection.execute(tables.EVERY_CURRENT_ROW).all():
        row = _row_of(columns)
        managers_and_names[row.secret_id] = (manager, name)
        binding = RowBinding(manager, name, CURRENT, row.number, row.schema, row.write_time)
        connection.execute(tables.UPDATE_SECRET, {"of_secret": row.secret_id, **_reseal_columns(old, new, binding, row)})
    for earlier_columns in connection.execute(tables.EVERY_EARLIER_ROW).all():
        row = _row_of(earlier_columns)
        if row.secret_id not in managers_and_names:
            # The earlier version belongs to no secret.
            raise _damaged_error()
        binding = RowBinding(*managers_and_names[row.secret_id], EARLIER, row.number, row.schema, row.write_time)
        connection.execute(
            tables.UPDATE_EARLIER, {"of_secret": row.secret_id, "of_number": row.number, **_reseal_columns(old, new, binding, row)}
        )


def _reseal_columns(old: DataKey, new: DataKey, binding: RowBinding, row: _VersionRow) -> dict[str, Any]:
    """Encrypt the content of a row with the new data key, and return the changed columns."""
    record = unseal_record(old if row.generation == old.generation else None, binding, row.sealed)
    return {"generation": new.generation, "sealed": seal_record(new, binding, record)}


def _summaries_from(rows: Any) -> list[SecretSummary] | None:
    """Return the summaries of the driver's rows, or ``None`` if a time is invalid."""
    # In a loop over 10,000 rows, local variables are faster than attributes.
    make, to_time, utc = SecretSummary._make, datetime.fromtimestamp, timezone.utc
    try:
        return [make((name, schema, number, to_time(write_time / 1e6, utc))) for name, schema, number, write_time in rows]
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _check_types(expected_type: type, values: Iterable[Any]) -> None:
    """Raise ManagerCorruptedError if a value does not have the expected type."""
    if not set(map(type, values)) <= {expected_type}:
        raise _damaged_error()


def _row_of(columns: Iterable[Any]) -> _VersionRow:
    """Return the row of database columns.

    Raises:
        ManagerCorruptedError: If a column has a value of another type.
    """
    # SQLite stores values of any type in any column, so a damaged row may have a number in a text column.
    row = _VersionRow._make(columns)
    # These are the types of the fields of _VersionRow.
    types = (int, int, str, int, int, bytes)
    if all(type(value) is expected_type for value, expected_type in zip(row, types, strict=True)):
        return row
    raise _damaged_error()


def _damaged_error() -> ManagerCorruptedError:
    """Return the error for a damaged row."""
    return ManagerCorruptedError("A row of the store is damaged.", hint="It was not changed. Restore the store from a backup.")


def _columns(key: DataKey, binding: RowBinding, record: SecretRecord) -> dict[str, Any]:
    """Return the columns of a version, with the encrypted content."""
    return {
        "schema": binding.schema,
        "number": binding.number,
        "written": binding.write_time,
        "generation": key.generation,
        "sealed": seal_record(key, binding, record),
    }


def _now() -> int:
    """Return the current time in microseconds since 1970 (UTC)."""
    return time.time_ns() // 1000


def _time_of(microseconds: int) -> datetime:
    """Return the time in UTC for a number of microseconds since 1970."""
    return datetime.fromtimestamp(microseconds / 1e6, timezone.utc)


def _is_storable(name: str) -> bool:
    """Return whether a name can be stored. A secret with any other name does not exist."""
    # A user may ask for a secret with any name. The driver raises an error for a name that it cannot encode: sqlite3 for a lone surrogate,
    # psycopg also for a NUL.
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in name
