"""The data key of a database: the one that seals its rows, itself sealed by a wrapping key that is kept elsewhere.

The table has one row. Whoever changes it does so in one transaction with the rows that depend on it: a process that ends in between
leaves the old key with the old rows, or the new one with the new. At worst a wrapping key is left over that opens nothing.
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
from zensecrets_jupyter.core.interaction import PassphraseWanted
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.data_key_row import DataKey, Row, holds, is_whole, opens, unwrap, wrap
from zensecrets_jupyter.core.sealing.keyring import is_unlocked
from zensecrets_jupyter.core.sealing.passphrase import Asker, PassphraseProtection, given
from zensecrets_jupyter.core.sealing.protection import Place, Protections

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zensecrets_jupyter.core.sealing.database import Database

_Outcome = TypeVar("_Outcome")

_RACES = 100
"""How often we begin again because another process changed the key just then; each time it must have won a whole change."""


class Reseal(Protocol):
    """Seals every row of a database anew, in the transaction that it is given."""

    def __call__(self, connection: Connection, *, old: DataKey, new: DataKey) -> None:
        """Unseal each row with ``old`` and seal it with ``new``."""


class _Opened(NamedTuple):
    """A data key that is open: the row that it was in, and the state of the database that this row is of."""

    row: Row
    key: DataKey
    database: object


class DataKeys:
    """The data key of one database, opened when it is first needed and then held in memory.

    Every method may be called from several threads, and raises what :class:`~zensecrets_jupyter.core.sealing.database.Database` does.
    """

    def __init__(  # noqa: PLR0913 - all but the first two are named
        self,
        database: Database,
        table: Table,
        *,
        label: str,
        in_use: Callable[[Connection], bool],
        ask: Asker | None = None,
        key_folder: Path | None = None,
        protection: str | None = None,
    ) -> None:
        """Prepare it; nothing is opened.

        Args:
            database: Where the table is.
            table: What :func:`data_keys_table` returned.
            label: What the database is called for a person: "secrets manager 'default'".
            in_use: Tells whether a sealed row is there; no second key is made beside one that sealed rows need and that was lost.
            ask: Asks a person for a passphrase.
            key_folder: Where key files are; by default a folder of their own under ``ZENSECRETS_HOME``.
            protection: What protects a new key; by default the best that this machine has.
        """
        self._database = database
        self._table = table
        self._label = label
        self._in_use = in_use
        self._protections = Protections(label, ask, key_folder or settings.home() / "keys", protection)
        self._select = select(*(table.c[name] for name in Row._fields)).order_by(table.c.generation.desc())
        self._current: _Opened | None = None
        self._passphrase: str | None = None
        self._lock = threading.RLock()

    def key_of(self, generation: object) -> DataKey | None:
        """Return the data key of that generation; ``None`` if there is no such generation, perhaps no longer.

        Raises:
            ManagerLockedError: If nobody gives what opens it.
            WrongPassphraseError: If the passphrase is wrong.
            KeyLostError: If the wrapping key is gone.
            ManagerCorruptedError: If the table is damaged.
        """
        current = self._current
        if current is None or current.key.generation != generation or current.database != self._database.identity:
            with self._lock:
                row = self._load()
                if row is None or row.generation != generation:
                    return None
                current = self._open(row)
        # What was opened is the next one already, if the row was replaced meanwhile.
        return current.key if current.key.generation == generation else None

    def current(self) -> DataKey:
        """Return the data key that is in the table now, made if this is the first.

        Raises:
            ManagerError: As from :meth:`key_of`, or if a new key can't be kept.
        """
        return self._open_or_make().key

    def write(self, work: Callable[[Connection, DataKey], _Outcome]) -> _Outcome:
        """Return what ``work`` returns, called in a transaction with the data key that is current in it, made if this is the first.

        Nobody is asked for anything during the transaction. ``work`` may be called again if another process changed the key.

        Raises:
            ManagerError: As from :meth:`key_of`, or if a new key can't be kept.
        """
        for _ in range(_RACES):
            current = self._current or self._open_or_make()
            with self._database.write() as connection:
                # The files may have been replaced since the key was opened: what is sealed with another key than theirs opens never again.
                row = self._first(connection)
                if row is not None and (row == current.row or holds(row, current.key)):
                    self._protections.known(row.kind).check(row.parsed_place(), partial(opens, row))
                    return work(connection, current.key)
            self._current = None
        raise self._overtaken()

    @property
    def opens_unasked(self) -> bool:
        """Whether the data key is open, or opens without a person being asked; a keyring may ask, so it counts as one that does."""
        if self._current is not None:
            return True
        row = self._load()
        return row is None or row.kind == "keyfile" or (row.kind == "passphrase" and given() is not None)

    @property
    def opens_without_prompt(self) -> bool:
        """Whether :attr:`opens_unasked` holds, or the key is in a keyring that is unlocked."""
        if self.opens_unasked:
            return True
        row = self._load()
        return row is not None and row.kind == "keyring" and is_unlocked()

    @property
    def is_in_file(self) -> bool:
        """Whether a file beside the store is all that it takes to open the data key; of a store without a key it is not yet."""
        row = self._load()
        return row is not None and row.kind == "keyfile"

    @property
    def passphrase_wanted(self) -> PassphraseWanted | None:
        """The passphrase that a person will be asked for when something is read or written; ``None`` if none will be."""
        if self._current is not None:
            return None
        row = self._load()
        if row is None:
            return PassphraseWanted(self._label, is_new=True) if self._protections.asks_for_new() else None
        return PassphraseWanted(self._label, is_new=False) if row.kind == "passphrase" and given() is None else None

    def describe(self) -> str:
        """Return in a few words what protects the data key; it need not be openable."""
        row = self._load()
        if row is None:
            return "nothing yet: the key is made with the first secret"
        return self._protections.known(row.kind).describe(row.parsed_place())

    def rewrap(self, to: str, *, passphrase: str | None = None) -> None:
        """Protect the data key by ``to``: "keyring", "passphrase" or "keyfile"; also by a new one of the same kind.

        Args:
            to: The protection.
            passphrase: The new passphrase; without it a person is asked.

        Raises:
            InvalidOptionsError: If there is no such protection.
            InteractionUnavailableError: If a new passphrase is needed and nobody is there.
            ManagerError: As from :meth:`key_of`; the old protection then holds.
        """
        self._protections.get(to)
        self._replace(to, passphrase, None)

    def rotate(self, reseal: Reseal) -> None:
        """Make a new data key under a new wrapping key of the same kind.

        ``reseal`` is called in the transaction; if it raises, nothing changes.

        Raises:
            ManagerError: As from :meth:`key_of`; the old key then holds.
        """
        self._replace(None, None, reseal)

    def _replace(self, to: str | None, passphrase: str | None, reseal: Reseal | None) -> None:
        with self._lock:
            for _ in range(_RACES):
                old_row, old, _ = self._open_or_make()
                kind = to or old_row.kind
                chosen = passphrase or (self._known_passphrase(old_row, to) if kind == "passphrase" else None)
                place, wrapping_key = self._protections.get(kind, passphrase=chosen).make()
                new = DataKey(old.generation + 1, cipher.new_key()) if reseal else old
                row = wrap(new, kind, place, wrapping_key)

                change = partial(self._change, old_row, row, partial(reseal, old=old, new=new) if reseal else None)
                if self._store(change, kind, place):
                    self._hold(row, new)
                    self._passphrase = chosen
                    # The change is made: an old key that can't be taken away just now opens nothing that is left.
                    with suppress(ManagerError):
                        self._protections.known(old_row.kind).drop(old_row.parsed_place())
                    with suppress(ManagerError):
                        self._database.scrub()
                    return
            raise self._overtaken()

    def _change(self, old: Row, new: Row, reseal: Callable[[Connection], None] | None, connection: Connection) -> bool:
        """Put ``new`` in the place of ``old``; return whether that was still there."""
        if self._first(connection) != old:
            return False
        if reseal:
            reseal(connection)
        connection.execute(delete(self._table))
        connection.execute(insert(self._table).values(new._asdict()))
        return True

    def _known_passphrase(self, row: Row, to: str | None) -> str | None:
        """Return the passphrase that need not be asked for; of a store that has one, a change means another one."""
        if to is not None:
            new = os.environ.get(settings.NEW_PASSPHRASE_VARIABLE)
            return new or (os.environ.get(settings.PASSPHRASE_VARIABLE) if row.kind != "passphrase" else None)
        if self._passphrase is None:
            self._unwrap(row)
        return self._passphrase

    def _store(self, change: Callable[[Connection], bool], kind: str, place: Place) -> bool:
        """Return what ``change`` returns in a transaction; the wrapping key at ``place`` is dropped if it surely is not needed."""
        changed = undone = False
        try:
            with self._database.write() as connection:
                undone = True
                changed = change(connection)
                # What fails from here on is the commit itself, of which nobody can tell whether it will be found after a power cut.
                undone = not changed
        finally:
            if undone:
                with suppress(ManagerError):
                    self._protections.known(kind).drop(place)
        return changed

    def _open_or_make(self) -> _Opened:
        with self._lock:
            row = self._load()
            return self._open(row) if row else self._make()

    def _open(self, row: Row) -> _Opened:
        """Return the opened data key of ``row``, or of what stands there by now if it was replaced meanwhile."""
        for _ in range(_RACES):
            current = self._current
            if current and (current.row == row or holds(row, current.key)):
                return self._hold(row, current.key)
            try:
                return self._unwrap(row)
            except ManagerError:
                # Whoever replaces the protection drops the old one at once: it is lost only if it is still what the table names.
                present = self._load()
                if present is None or present == row:
                    raise
                row = present
        raise self._overtaken()

    def _unwrap(self, row: Row) -> _Opened:
        protection = self._protections.known(row.kind)
        key = unwrap(row, protection.find(row.parsed_place(), partial(opens, row)))
        if isinstance(protection, PassphraseProtection):
            self._passphrase = protection.opened_with
        return self._hold(row, key)

    def _make(self) -> _Opened:
        with self._database.read() as connection:
            self._refuse_if_in_use(connection)
        new = DataKey(_first_generation(), cipher.new_key())
        kind, place, wrapping_key = self._protections.make_default()
        row = wrap(new, kind, place, wrapping_key)

        def change(connection: Connection) -> bool:
            if self._first(connection) is not None:
                return False
            self._refuse_if_in_use(connection)
            connection.execute(insert(self._table).values(row._asdict()))
            return True

        if self._store(change, kind, place):
            return self._hold(row, new)
        return self._open_or_make()

    def _hold(self, row: Row, key: DataKey) -> _Opened:
        self._current = current = _Opened(row, key, self._database.identity)
        return current

    def _refuse_if_in_use(self, connection: Connection | None) -> None:
        # In this order: somebody else may make the key and write with it at any moment, also between two questions.
        if connection is not None and self._in_use(connection) and self._first(connection) is None:
            raise self._damaged()

    def _load(self) -> Row | None:
        with self._database.read() as connection:
            return None if connection is None else self._first(connection)

    def _first(self, connection: Connection) -> Row | None:
        found = connection.execute(self._select).first()
        return None if found is None else self._checked(tuple(found))

    def _checked(self, found: tuple[Any, ...]) -> Row:
        row = Row(*found)
        if not is_whole(row):
            raise self._damaged()
        return row

    def _damaged(self) -> ManagerCorruptedError:
        return ManagerCorruptedError(f"The row with the key of {self._label} is damaged or gone.", hint="Restore it from a copy.")

    def _overtaken(self) -> ManagerUnreachableError:
        message = f"Other processes keep changing the key of {self._label}."
        return ManagerUnreachableError(message, hint="Wait until they have ended, and try again.")


def _first_generation() -> int:
    # Not 1: a process that still holds the key of a database that was deleted and made anew must not take it for the new one's.
    return 1 + secrets.randbelow(2**30)
