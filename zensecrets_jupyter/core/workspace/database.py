"""Database of the workspace: one SQLite file with the components and stacks, in which sensitive attributes are encrypted."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from zensecrets_jupyter.core.errors import ManagerCorruptedError
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.data_keys import DataKeys
from zensecrets_jupyter.core.sealing.databases.sqlite import SqliteFile
from zensecrets_jupyter.core.workspace.tables import DATA_KEYS, FORMAT, METADATA, WORKSPACE, create_defaults, has_sealed_values, load_state
from zensecrets_jupyter.core.workspace.writer import SealingWriter, Writer, component_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from zensecrets_jupyter.core.interaction import PassphraseSource, RequiredPassphrase
    from zensecrets_jupyter.core.sealing.data_key_row import DataKey
    from zensecrets_jupyter.core.workspace.records import ComponentRecord, State

_Result = TypeVar("_Result")

POLL_INTERVAL = 0.05
"""Seconds between two checks for changes by other processes."""
_DATA_CONTEXT = ("data",)
"""Authenticated context of the data that :meth:`WorkspaceDatabase.seal` encrypts; decryption with another context fails."""


class WorkspaceDatabase:
    """The registered components and stacks of one folder; the first use creates the default stack."""

    def __init__(self, folder: Path, ask_passphrase: PassphraseSource) -> None:
        """Use the file ``workspace.db`` in ``folder``; nothing is created before the first use."""
        self._database = SqliteFile(folder / "workspace.db", METADATA, kind="workspace", version=FORMAT)
        self._keys = DataKeys(
            self._database,
            DATA_KEYS,
            label="the workspace",
            has_sealed_rows=has_sealed_values,
            ask=ask_passphrase,
            key_folder=folder / "keys",
        )
        self._cached_state: State | None = None
        self._cached_file_identity: object = None
        self._checked_at = 0.0
        self._lock = threading.RLock()

    def state(self, *, refresh: bool = False) -> State:
        """Return the current records.

        A change by another process is visible after at most ``POLL_INTERVAL``, or immediately with ``refresh``.
        """
        now = time.monotonic()
        state = self._cached_state
        if state is not None and now - self._checked_at < POLL_INTERVAL and not refresh:
            return state
        with self._lock:
            state = self._read(self._cached_state) or self._create()
            self._cached_state, self._checked_at, self._cached_file_identity = state, now, self._database.identity
            return state

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """Open a write transaction and yield its writer; an error in the block undoes the transaction."""
        with self._lock, self._database.write() as connection:
            create_defaults(connection)
            yield Writer(connection, self._load(connection))
            self._cached_state = None

    def write_sealed(self, work: Callable[[SealingWriter], _Result]) -> _Result:
        """Call ``work`` in a write transaction, with a writer that can encrypt, and return its result.

        A passphrase prompt happens before the transaction. If another process changes the data key, ``work`` is called again.

        Raises:
            ManagerLockedError: If the data key can't be opened.
        """

        def write(connection: sa.Connection, key: DataKey) -> _Result:
            create_defaults(connection)
            return work(SealingWriter(connection, self._load(connection), key))

        # This call prompts for the passphrase if it is needed.
        self._keys.current()
        with self._lock:
            result = self._keys.write(write)
            self._cached_state = None
            return result

    def attributes(self, record: ComponentRecord) -> dict[str, Any]:
        """Return the attributes of a component with its sealed values in clear text.

        Raises:
            ManagerLockedError: If there are sealed values and the data key can't be opened.
            ManagerCorruptedError: If the data key is gone, or the sealed values were altered.
        """
        if record.sealed is None:
            return dict(record.attributes)
        key = self._keys.key_of(record.sealed.generation)
        if key is None:
            message = f"The sealed attributes of {record.type.label} {record.name!r} can't be read, because their key is gone."
            raise ManagerCorruptedError(message, hint=f"Set them again: %zen {record.type.command} update {record.name}")
        values = json.loads(cipher.unseal(key.key, record.sealed.sealed, component_context(record.id)))
        return {**record.attributes, **values}

    def seal(self, data: bytes) -> tuple[int, bytes]:
        """Return the generation of the data key, and ``data`` encrypted with it.

        Raises:
            ManagerLockedError: If the data key can't be opened.
        """
        key = self._keys.current()
        return key.generation, cipher.seal(key.key, data, _DATA_CONTEXT)

    def unseal(self, generation: int, sealed: bytes) -> bytes:
        """Return the data that :meth:`seal` encrypted.

        Raises:
            ManagerLockedError: If the data key can't be opened.
            ManagerCorruptedError: If the key is gone, or the data was altered or encrypted in another workspace.
        """
        key = self._keys.key_of(generation)
        if key is None:
            raise ManagerCorruptedError("The key of the sealed data is gone.", hint="Restore the workspace from a copy.")
        return cipher.unseal(key.key, sealed, _DATA_CONTEXT)

    @property
    def required_passphrase(self) -> RequiredPassphrase | None:
        """Description of the passphrase prompt that access to a sensitive attribute will show.

        It is ``None`` if no prompt is needed.
        """
        return self._keys.required_passphrase

    def fingerprint(self, text: str) -> str:
        """Return a digest of ``text``, keyed with the data key.

        Raises:
            ManagerLockedError: If the data key can't be opened.
        """
        return cipher.fingerprint(self._keys.current().key, text)

    def _read(self, cached: State | None) -> State | None:
        """Return the current records, or ``None`` if the workspace is empty. If ``cached`` is up to date, the result is ``cached``."""
        with self._database.read() as connection:
            if connection is None:
                return None
            # One transaction reads all tables. Otherwise, a commit by another process between two statements would be visible in part.
            connection.exec_driver_sql("BEGIN")
            revision = connection.execute(sa.select(WORKSPACE.c.revision)).scalar()
            if revision is None:
                return None
            # The identity of the file is compared too, because the file may have been replaced by another one with the same revision.
            is_current = cached is not None and cached.revision == revision and self._cached_file_identity == self._database.identity
            return cached if is_current else self._load(connection)

    def _create(self) -> State:
        with self._database.write() as connection:
            create_defaults(connection)
            return self._load(connection)

    def _load(self, connection: sa.Connection) -> State:
        try:
            return load_state(connection)
        except (AttributeError, LookupError, TypeError, ValueError):
            # A row is damaged. Errors of SQL statements have other classes, because the database translates them.
            problem = ManagerCorruptedError(f"{self._database.path} holds a row that is damaged.", hint="Restore it from a copy.")
        raise problem
