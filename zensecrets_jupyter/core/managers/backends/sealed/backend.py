"""Base class of the backends that store encrypted rows in a SQL database, with earlier versions.

Keys and values are encrypted. Names, schema types, numbers and times are in clear, so that listing needs no key; they are bound to the
content, so that reading detects whether they were altered. The statements are portable SQL.
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


class _Row(NamedTuple):
    secret: int
    number: int
    schema: str
    written: int
    generation: int
    sealed: bytes


class SealedBackend(Backend):
    """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`; a subclass sets the following attributes."""

    batch_size: int = 1
    """Maximum number of names in one :meth:`read_batch`."""

    _database: Database
    """The database."""
    _keys: DataKeys
    """The data keys."""
    _owner: str
    """Owner of the rows; content is bound to it."""
    _versions_kept: int
    """Number of versions kept of each secret, the current one included; at least 1."""

    def rewrap(self, protection: str, *, passphrase: str | None = None) -> None:
        """Change what protects the key of this store; no secret is written anew.

        Args:
            protection: "keyring", "passphrase" or "keyfile". The protection that is there already is renewed: another passphrase, or
                another key in the keyring or in a file.
            passphrase: The new passphrase. Without it ``ZENSECRETS_NEW_PASSPHRASE`` is taken, or ``ZENSECRETS_PASSPHRASE`` where the
                store had no passphrase before, and else a person is asked.

        Raises:
            InvalidOptionsError: If there is no such protection.
            InteractionUnavailableError: If a new passphrase is needed and nobody is there to choose it.
            ManagerLockedError: If the store can't be opened, or the keyring is locked or absent; the old protection then holds.
        """
        self._keys.rewrap(protection, passphrase=passphrase)

    def rotate_key(self) -> None:
        """Seal every secret and every earlier version with a new key, in one step; what protects it stays of the same kind.

        Raises:
            ManagerLockedError: If the store can't be opened.
            ManagerCorruptedError: If a row is damaged; then nothing is changed.
        """
        self._keys.rotate(_reseal_everything)

    @property
    def opens_unasked(self) -> bool:
        """See :attr:`~zensecrets_jupyter.core.managers.backend.Backend.opens_unasked`."""
        return self._keys.opens_noninteractively

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
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`; it needs no key."""
        with self._database.read() as connection:
            count = connection.execute(tables.COUNT, {"of_manager": self._owner}).scalar() if connection is not None else 0
        return {"protected by": self._keys.describe(), "secrets": str(count), "versions kept": str(self._versions_kept)}

    def read(self, name: str) -> SecretRecord:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.read`."""
        row = self._find(name)
        key = self._keys.key_of(row.generation)
        while key is None:
            # Another process may have changed the key since the row was read, and the row with it; if not, it is damaged.
            seen, row = row.generation, self._find(name)
            if row.generation == seen:
                break
            key = self._keys.key_of(row.generation)
        return unseal_record(key, self._binding(name, CURRENT, row), row.sealed)

    def read_batch(self, names: Sequence[str]) -> Mapping[str, SecretRecord | ZenSecretsError]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.BatchReads.read_batch`."""
        results: dict[str, SecretRecord | ZenSecretsError] = {name: self.missing(name) for name in names}
        wanted = {"of_manager": self._owner, "of_names": [name for name in names if _is_storable(name)]}
        with self._database.read() as connection:
            found = [] if connection is None else connection.execute(tables.CURRENT_ROWS, wanted).all()
        locked: ZenSecretsError | None = None
        for name, *columns in found:
            one = results[name] = locked or self._record_or_error(name, columns)
            if isinstance(one, (InteractionCancelledError, ManagerLockedError)):
                # Nobody is asked again for the next one.
                locked = one
        return results

    def _record_or_error(self, name: str, columns: Iterable[Any]) -> SecretRecord | ZenSecretsError:
        try:
            row = _row_of(columns)
            key = self._keys.key_of(row.generation)
            # Where there is none the row may have been sealed anew since; one that is read alone is read again then.
            return self.read(name) if key is None else unseal_record(key, self._binding(name, CURRENT, row), row.sealed)
        except ZenSecretsError as error:
            return error

    def names(self) -> Iterable[str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.names`."""
        with self._database.read() as connection:
            found = [] if connection is None else [*connection.execute(tables.ALL_NAMES, {"of_manager": self._owner}).scalars()]
        _refuse_if_other_than(str, found)
        return found

    def list(self) -> Iterable[SecretSummary]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.list`."""
        found: Sequence[SecretSummary] | None = []
        with self._database.read() as connection:
            if connection is not None:
                # Straight from the driver's cursor: SQLAlchemy's own rows would double the time that a list of 10,000 takes.
                found = _summaries_from(connection.execute(tables.ALL_SUMMARIES, {"of_manager": self._owner}).cursor)
        if found is None:
            raise _damaged()
        for of, values in zip((str, str, int), zip(*found, strict=True), strict=False):
            _refuse_if_other_than(of, values)
        return found

    def create(self, name: str, record: SecretRecord) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.create`."""
        self.write_batch({name: record}, {})

    def write_batch(self, new: Mapping[str, SecretRecord], replaced: Mapping[str, SecretRecord]) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.BatchWrites.write_batch`."""

        def work(connection: Connection, key: DataKey) -> None:
            for name, record in new.items():
                self._add(connection, key, name, record)
            for name, record in replaced.items():
                self._write_version(connection, key, name, self._first(connection, name), record)

        self._keys.write(work)

    def _add(self, connection: Connection, key: DataKey, name: str, record: SecretRecord) -> None:
        binding = RowBinding(self._owner, name, CURRENT, 1, record.schema, _now())
        try:
            connection.execute(tables.ADD, {"manager": self._owner, "name": name, **_columns(key, binding, record)})
        except IntegrityError:
            taken = True
        else:
            taken = False
        if taken:
            # The transaction is undone, and what it wrote before with it.
            raise self.exists(name)

    def replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.replace`."""
        self._find(name)

        def work(connection: Connection, key: DataKey) -> None:
            self._write_version(connection, key, name, self._first(connection, name), change)

        self._keys.write(work)

    def rollback(self, name: str, number: int) -> SecretVersion:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Versioned.rollback`."""
        self._find(name)

        def work(connection: Connection, key: DataKey) -> SecretVersion:
            row = self._first(connection, name)
            wanted = None
            if number != row.number:
                earlier = {one.number: one for one in self._earlier(connection, row)}
                if number not in earlier:
                    kept = ", ".join(str(one) for one in sorted([*earlier, row.number], reverse=True))
                    message = f"There is no version {number} of secret {name!r} in secrets manager {self.name!r}."
                    raise SecretNotFoundError(message, name=name, manager=self.name, hint=f"Kept are the versions {kept}.")
                wanted = self._unsealed(key, self._binding(name, EARLIER, earlier[number]), earlier[number])
            binding = self._write_version(connection, key, name, row, lambda present: wanted or present)
            return SecretVersion(binding.number, binding.schema, _when(binding.written), current=True)

        return self._keys.write(work)

    def delete(self, name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.delete`."""
        self._find(name)
        with self._database.write() as connection:
            if not connection.execute(tables.DROP, {"of_manager": self._owner, "of_name": name}).rowcount:
                raise self.missing(name)

    def delete_all(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Clearable.delete_all`."""
        if [*self.names()]:
            with self._database.write() as connection:
                connection.execute(tables.DROP_ALL, {"of_manager": self._owner})

    def rename(self, name: str, new_name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Renamable.rename`."""
        self._find(name)

        def work(connection: Connection, key: DataKey) -> bool:
            row = self._first(connection, name)
            if connection.execute(tables.CURRENT_ROW, {"of_manager": self._owner, "of_name": new_name}).first() is not None:
                return False
            for one in self._earlier(connection, row):
                record = self._unsealed(key, self._binding(name, EARLIER, one), one)
                sealed = seal_record(key, self._binding(new_name, EARLIER, one), record)
                connection.execute(tables.REWRITE_EARLIER, {"of_secret": row.secret, "of_number": one.number, "sealed": sealed})
            record = self._unsealed(key, self._binding(name, CURRENT, row), row)
            sealed = seal_record(key, self._binding(new_name, CURRENT, row), record)
            connection.execute(tables.REWRITE, {"of_secret": row.secret, "name": new_name, "sealed": sealed})
            return True

        if not self._keys.write(work):
            raise self.exists(new_name)

    def history(self, name: str) -> Sequence[SecretVersion]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Versioned.history`."""
        with self._database.read() as connection:
            row = self._first(connection, name)
            earlier = [] if connection is None else self._earlier(connection, row)
        try:
            return [SecretVersion(one.number, one.schema, _when(one.written), current=one is row) for one in (row, *earlier)]
        except (ValueError, OverflowError, OSError):
            pass
        raise _damaged()

    def _write_version(
        self, connection: Connection, key: DataKey, name: str, row: _Row, change: SecretRecord | Callable[[SecretRecord], SecretRecord]
    ) -> RowBinding:
        """Make ``change``, or what it returns of ``row``, the current version, keep the one before it, and return the new binding."""
        present = self._unsealed(key, self._binding(name, CURRENT, row), row)
        record = change if isinstance(change, SecretRecord) else change(present)
        kept = self._binding(name, EARLIER, row)
        connection.execute(tables.ADD_EARLIER, {"secret": row.secret, "number": row.number, **_columns(key, kept, present)})
        binding = RowBinding(self._owner, name, CURRENT, row.number + 1, record.schema, _now())
        connection.execute(tables.REWRITE, {"of_secret": row.secret, **_columns(key, binding, record)})
        connection.execute(tables.PRUNE, {"of_secret": row.secret, "up_to": binding.number - self._versions_kept})
        return binding

    def _find(self, name: str) -> _Row:
        with self._database.read() as connection:
            return self._first(connection, name)

    def _first(self, connection: Connection | None, name: str) -> _Row:
        found = None
        if connection is not None and _is_storable(name):
            found = connection.execute(tables.CURRENT_ROW, {"of_manager": self._owner, "of_name": name}).first()
        if found is None:
            raise self.missing(name)
        return _row_of(found)

    def _earlier(self, connection: Connection, row: _Row) -> Sequence[_Row]:
        return [_row_of(found) for found in connection.execute(tables.EARLIER_ROWS, {"of_secret": row.secret})]

    def _binding(self, name: str, role: str, row: _Row) -> RowBinding:
        return RowBinding(self._owner, name, role, row.number, row.schema, row.written)

    def _unsealed(self, key: DataKey, binding: RowBinding, row: _Row) -> SecretRecord:
        return unseal_record(key if row.generation == key.generation else None, binding, row.sealed)


def holds_secrets(connection: Connection) -> bool:
    """Tell whether a sealed row is there."""
    return connection.execute(tables.ANY).first() is not None


def _reseal_everything(connection: Connection, *, old: DataKey, new: DataKey) -> None:
    """Seal each row of each manager in the database anew."""
    owners: dict[int, tuple[str, str]] = {}
    for manager, name, *found in connection.execute(tables.EVERYTHING).all():
        row = _row_of(found)
        owners[row.secret] = (manager, name)
        binding = RowBinding(manager, name, CURRENT, row.number, row.schema, row.written)
        connection.execute(tables.REWRITE, {"of_secret": row.secret, **_resealed(old, new, binding, row)})
    for earlier in connection.execute(tables.EVERYTHING_EARLIER).all():
        row = _row_of(earlier)
        if row.secret not in owners:
            raise _damaged()
        binding = RowBinding(*owners[row.secret], EARLIER, row.number, row.schema, row.written)
        connection.execute(tables.REWRITE_EARLIER, {"of_secret": row.secret, "of_number": row.number, **_resealed(old, new, binding, row)})


def _resealed(old: DataKey, new: DataKey, binding: RowBinding, row: _Row) -> dict[str, Any]:
    record = unseal_record(old if row.generation == old.generation else None, binding, row.sealed)
    return {"generation": new.generation, "sealed": seal_record(new, binding, record)}


def _summaries_from(rows: Any) -> list[SecretSummary] | None:
    """Return what the driver found as summaries; ``None`` if a time of writing is none."""
    make, when, utc = SecretSummary._make, datetime.fromtimestamp, timezone.utc
    try:
        return [make((name, schema, number, when(written / 1e6, utc))) for name, schema, number, written in rows]
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _refuse_if_other_than(of: type, values: Iterable[Any]) -> None:
    if not set(map(type, values)) <= {of}:
        raise _damaged()


def _row_of(found: Iterable[Any]) -> _Row:
    # SQLite keeps any type in any column, so damage shows as a number where a text was.
    row = _Row._make(found)
    if all(type(value) is of for value, of in zip(row, (int, int, str, int, int, bytes), strict=True)):
        return row
    raise _damaged()


def _damaged() -> ManagerCorruptedError:
    return ManagerCorruptedError("A row of the store is damaged.", hint="It was left as it is: restore the store from a copy.")


def _columns(key: DataKey, binding: RowBinding, record: SecretRecord) -> dict[str, Any]:
    return {
        "schema": binding.schema,
        "number": binding.number,
        "written": binding.written,
        "generation": key.generation,
        "sealed": seal_record(key, binding, record),
    }


def _now() -> int:
    return time.time_ns() // 1000


def _when(written: int) -> datetime:
    return datetime.fromtimestamp(written / 1e6, timezone.utc)


def _is_storable(name: str) -> bool:
    # No secret may be called so, but anything may be asked for, and a driver raises where it can't encode a parameter: sqlite3 half a
    # character, psycopg a NUL too.
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in name
