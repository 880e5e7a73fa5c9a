"""Data key of a database. It encrypts the rows; a wrapping key encrypts the data key.

The table of data keys has one row. One transaction changes both this row and the rows that the data key encrypts. If the process is killed,
the database contains either the old key with the old rows, or the new key with the new rows. At worst an unused wrapping key remains.
"""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, Table, delete, insert, select

from zensecrets_jupyter.core import settings
from zensecrets_jupyter.core.errors import ManagerCorruptedError, ManagerError, ManagerUnreachableError
from zensecrets_jupyter.core.interaction import PassphraseSource, RequiredPassphrase
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.data_key_row import DataKey, DataKeyRow, holds_key, is_intact, is_wrapping_key, unwrap_key, wrap_key
from zensecrets_jupyter.core.sealing.key_protections.keyring import is_unlocked
from zensecrets_jupyter.core.sealing.key_protections.passphrase import PassphraseProtection, known_passphrase
from zensecrets_jupyter.core.sealing.key_protections.selection import KeyProtections

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zensecrets_jupyter.core.sealing.databases.interface import Database
    from zensecrets_jupyter.core.sealing.key_protections.interface import KeyParameters

_Result = TypeVar("_Result")

_MAX_ATTEMPTS = 100
"""Maximum number of attempts of an operation. An operation is attempted again only if another process has changed the key meanwhile."""


class Reseal(Protocol):
    """Function that encrypts every row of a database again, in a transaction."""

    def __call__(self, connection: Connection, *, old: DataKey, new: DataKey) -> None:
        """Decrypt each row with the key ``old``, and encrypt it with the key ``new``."""


class _OpenKey(NamedTuple):
    """A decrypted data key, its row, and the identity of its database."""

    row: DataKeyRow
    key: DataKey
    database_identity: object


class DataKeys:
    """The data key of one database, which is decrypted on first use and then kept in memory.

    All methods are thread-safe, and raise the errors of :class:`~zensecrets_jupyter.core.sealing.databases.interface.Database`.
    """

    def __init__(  # noqa: PLR0913 - all options are keyword arguments
        self,
        database: Database,
        table: Table,
        *,
        label: str,
        has_sealed_rows: Callable[[Connection], bool],
        ask: PassphraseSource | None = None,
        key_folder: Path | None = None,
        protection: str | None = None,
    ) -> None:
        """Prepare the key; nothing is opened.

        Args:
            database: The database.
            table: The table that :func:`data_keys_table` returned.
            label: The name of the database in prompts and errors, such as ``secrets manager 'default'``.
            has_sealed_rows: Returns whether the database has encrypted rows. If they exist and their key is lost, no new key is created.
            ask: Asks the user for a passphrase.
            key_folder: The folder of key files; by default ``keys`` under ``ZENSECRETS_HOME``.
            protection: The name of the protection for a new key; by default the best available one.
        """
        self._database = database
        self._table = table
        self._label = label
        self._has_sealed_rows = has_sealed_rows
        self._protections = KeyProtections(label, ask, key_folder or settings.home() / "keys", protection)
        # The table has one row. The order makes the selected row definite if a damaged table has several rows.
        self._select_statement = select(*(table.c[name] for name in DataKeyRow._fields)).order_by(table.c.generation.desc())
        self._open_key: _OpenKey | None = None
        self._passphrase: str | None = None
        self._lock = threading.RLock()

    def key_of(self, generation: object) -> DataKey | None:
        """Return the data key of a generation, or ``None`` if the database has no key or a key of another generation.

        Raises:
            ManagerLockedError: If the passphrase or the keyring's password is missing.
            WrongPassphraseError: If the passphrase is wrong.
            KeyLostError: If the wrapping key is gone.
            ManagerCorruptedError: If the table is damaged.
        """
        open_key = self._open_key
        if open_key is None or open_key.key.generation != generation or open_key.database_identity != self._database.identity:
            with self._lock:
                row = self._load_row()
                if row is None or row.generation != generation:
                    return None
                open_key = self._open(row)
        # If another process replaced the row in the meantime, the open key has another generation.
        return open_key.key if open_key.key.generation == generation else None

    def current(self) -> DataKey:
        """Return the current data key; create it on first use.

        Raises:
            ManagerError: For the errors of :meth:`key_of`, or if a new key can't be stored.
        """
        return self._open_or_create().key

    def write(self, write_rows: Callable[[Connection, DataKey], _Result]) -> _Result:
        """Call ``write_rows`` in a write transaction with the current data key, and return its result.

        The key is created on first use. The user is asked for a passphrase before the transaction begins.

        Args:
            write_rows: Writes rows that are encrypted with the data key.

        Raises:
            ManagerError: For the errors of :meth:`key_of`, or if a new key can't be stored.
        """
        for _ in range(_MAX_ATTEMPTS):
            open_key = self._open_key or self._open_or_create()
            with self._database.write() as connection:
                # Another process may have changed the key, or replaced the database files. Rows that are encrypted with the old key could
                # then never be decrypted.
                row = self._select_row(connection)
                if row is not None and (row == open_key.row or holds_key(row, open_key.key)):
                    # If the wrapping key was deleted, this check refuses to write rows that can't be decrypted later.
                    self._protections.get_stored(row.kind).check_key(row.key_parameters(), partial(is_wrapping_key, row))
                    return write_rows(connection, open_key.key)
            self._open_key = None
        raise self._conflict_error()

    @property
    def opens_without_keyring(self) -> bool:
        """Whether the data key can be decrypted with neither a prompt nor the keyring, which may prompt.

        This is also ``True`` for a store without a key, because there is nothing to decrypt.
        """
        if self._open_key is not None:
            return True
        row = self._load_row()
        return row is None or row.kind == "keyfile" or (row.kind == "passphrase" and known_passphrase() is not None)

    @property
    def opens_without_prompt(self) -> bool:
        """Whether the data key can be decrypted without a prompt, for example with a key in an unlocked keyring."""
        if self.opens_without_keyring:
            return True
        row = self._load_row()
        return row is not None and row.kind == "keyring" and is_unlocked()

    @property
    def is_in_key_file(self) -> bool:
        """Whether the wrapping key of the data key is in a key file; ``False`` for a store without a key."""
        row = self._load_row()
        return row is not None and row.kind == "keyfile"

    @property
    def required_passphrase(self) -> RequiredPassphrase | None:
        """The passphrase that the next access will ask the user for, or ``None``."""
        if self._open_key is not None:
            return None
        row = self._load_row()
        if row is None:
            return RequiredPassphrase(self._label, is_new=True) if self._protections.asks_for_new_passphrase() else None
        return RequiredPassphrase(self._label, is_new=False) if row.kind == "passphrase" and known_passphrase() is None else None

    def describe(self) -> str:
        """Return a short description of the protection, even if the data key can't be decrypted."""
        row = self._load_row()
        if row is None:
            return "nothing yet: the first secret creates the key"
        return self._protections.get_stored(row.kind).describe(row.key_parameters())

    def rewrap(self, kind: str, *, passphrase: str | None = None) -> None:
        """Protect the data key with another wrapping key, of the same or of another protection.

        Args:
            kind: The name of the protection: ``keyring``, ``passphrase`` or ``keyfile``.
            passphrase: The new passphrase; without it the user is asked.

        Raises:
            InvalidOptionsError: If there is no such protection.
            InteractionUnavailableError: If a new passphrase is needed and the session can't ask for it.
            ManagerError: For the errors of :meth:`key_of`. Then the old protection stays.
        """
        # An unknown name raises the error before the old key is opened.
        self._protections.get(kind)
        self._replace(kind, passphrase, None)

    def rotate(self, reseal: Reseal) -> None:
        """Replace the data key, with a new wrapping key of the same protection.

        Args:
            reseal: Encrypts the rows with the new key, in the same transaction. If it raises an error, nothing changes.

        Raises:
            ManagerError: For the errors of :meth:`key_of`. Then the old key stays.
        """
        self._replace(None, None, reseal)

    def _replace(self, new_kind: str | None, passphrase: str | None, reseal: Reseal | None) -> None:
        """Replace the wrapping key and, with ``reseal``, the data key. If ``new_kind`` is ``None``, the protection stays the same."""
        with self._lock:
            for _ in range(_MAX_ATTEMPTS):
                old = self._open_or_create()
                kind = new_kind or old.row.kind
                new_passphrase = passphrase or (self._passphrase_for(old.row, new_kind) if kind == "passphrase" else None)
                parameters, wrapping_key = self._protections.get(kind, passphrase=new_passphrase).create_key()
                new_key = DataKey(old.key.generation + 1, cipher.new_key()) if reseal else old.key
                new_row = wrap_key(new_key, kind, parameters, wrapping_key)
                reseal_rows = partial(reseal, old=old.key, new=new_key) if reseal else None
                if self._store(partial(self._change, old.row, new_row, reseal_rows), kind, parameters):
                    self._set_open_key(new_row, new_key)
                    self._passphrase = new_passphrase
                    # The change is committed, so a failure to delete the old wrapping key does no harm.
                    with suppress(ManagerError):
                        self._protections.get_stored(old.row.kind).delete_key(old.row.key_parameters())
                    with suppress(ManagerError):
                        self._database.scrub()
                    return
            raise self._conflict_error()

    def _change(
        self, old_row: DataKeyRow, new_row: DataKeyRow, reseal_rows: Callable[[Connection], None] | None, connection: Connection
    ) -> bool:
        """Replace ``old_row`` by ``new_row``, if the database still contains ``old_row``. Return whether it was replaced."""
        if self._select_row(connection) != old_row:
            return False
        if reseal_rows:
            reseal_rows(connection)
        connection.execute(delete(self._table))
        connection.execute(insert(self._table).values(new_row._asdict()))
        return True

    def _passphrase_for(self, old_row: DataKeyRow, new_kind: str | None) -> str | None:
        """Return the passphrase of the new wrapping key, or ``None`` to ask the user.

        A rotation, for which ``new_kind`` is ``None``, keeps the passphrase.
        """
        if new_kind is None:
            if self._passphrase is None:
                # This call also sets ``_passphrase``.
                self._unwrap(old_row)
            return self._passphrase
        new_passphrase = os.environ.get(settings.NEW_PASSPHRASE_VARIABLE)
        if new_passphrase or old_row.kind == "passphrase":
            # If a passphrase is the old protection, ZENSECRETS_PASSPHRASE contains the old passphrase, and must not become the new one.
            return new_passphrase or None
        return os.environ.get(settings.PASSPHRASE_VARIABLE)

    def _store(self, change: Callable[[Connection], bool], kind: str, parameters: KeyParameters) -> bool:
        """Call ``change`` in a write transaction and return its result.

        The new wrapping key is deleted only if it is certain that the change was not stored.

        Args:
            change: Changes the table, and returns whether it did.
            kind: The name of the new key's protection.
            parameters: The parameters of the new wrapping key.
        """
        is_changed = False
        # If the transaction can't begin, for example because another process locks the database, nothing is stored.
        may_be_stored = False
        try:
            with self._database.write() as connection:
                is_changed = change(connection)
                # After this line only the commit can fail. After a failure, for example a power cut, its result is unknown.
                may_be_stored = is_changed
        finally:
            if not may_be_stored:
                with suppress(ManagerError):
                    self._protections.get_stored(kind).delete_key(parameters)
        return is_changed

    def _open_or_create(self) -> _OpenKey:
        with self._lock:
            row = self._load_row()
            return self._open(row) if row else self._create()

    def _open(self, row: DataKeyRow) -> _OpenKey:
        """Return the decrypted data key of ``row``, or of a row that another process has written in its place."""
        for _ in range(_MAX_ATTEMPTS):
            open_key = self._open_key
            if open_key and (open_key.row == row or holds_key(row, open_key.key)):
                return self._set_open_key(row, open_key.key)
            try:
                return self._unwrap(row)
            except ManagerError:
                # Another process may have replaced the row and deleted the old wrapping key. If the row is the same, the error is real.
                latest_row = self._load_row()
                if latest_row is None or latest_row == row:
                    raise
                row = latest_row
        raise self._conflict_error()

    def _unwrap(self, row: DataKeyRow) -> _OpenKey:
        protection = self._protections.get_stored(row.kind)
        key = unwrap_key(row, protection.load_key(row.key_parameters(), partial(is_wrapping_key, row)))
        if isinstance(protection, PassphraseProtection):
            self._passphrase = protection.right_passphrase
        return self._set_open_key(row, key)

    def _create(self) -> _OpenKey:
        """Create and store a data key. If another process stores one first, open that key."""
        with self._database.read() as connection:
            self._refuse_lost_key(connection)
        data_key = DataKey(_first_generation(), cipher.new_key())
        kind, parameters, wrapping_key = self._protections.create_default_key()
        row = wrap_key(data_key, kind, parameters, wrapping_key)

        def change(connection: Connection) -> bool:
            if self._select_row(connection) is not None:
                return False
            self._refuse_lost_key(connection)
            connection.execute(insert(self._table).values(row._asdict()))
            return True

        if self._store(change, kind, parameters):
            return self._set_open_key(row, data_key)
        return self._open_or_create()

    def _set_open_key(self, row: DataKeyRow, key: DataKey) -> _OpenKey:
        self._open_key = open_key = _OpenKey(row, key, self._database.identity)
        return open_key

    def _refuse_lost_key(self, connection: Connection | None) -> None:
        """Raise an error if the database has encrypted rows, but no row with their data key."""
        # The rows are checked before the key, because another process may create the key and write rows between the two checks.
        if connection is not None and self._has_sealed_rows(connection) and self._select_row(connection) is None:
            raise self._damage_error()

    def _load_row(self) -> DataKeyRow | None:
        with self._database.read() as connection:
            return None if connection is None else self._select_row(connection)

    def _select_row(self, connection: Connection) -> DataKeyRow | None:
        columns = connection.execute(self._select_statement).first()
        return None if columns is None else self._parse_row(tuple(columns))

    def _parse_row(self, columns: tuple[Any, ...]) -> DataKeyRow:
        row = DataKeyRow(*columns)
        if not is_intact(row):
            raise self._damage_error()
        return row

    def _damage_error(self) -> ManagerCorruptedError:
        return ManagerCorruptedError(f"The row with the key of {self._label} is damaged or missing.", hint="Restore it from a copy.")

    def _conflict_error(self) -> ManagerUnreachableError:
        message = f"Other processes changed the key of {self._label} again and again."
        return ManagerUnreachableError(message, hint="Wait until they have ended, and try again.")


def _first_generation() -> int:
    # The first generation is random. If a database is deleted and created again, another process may still have the old key in its memory.
    # The different generation prevents the use of the old key for the new database.
    return 1 + secrets.randbelow(2**30)
