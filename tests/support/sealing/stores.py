"""Database with a data key and one encrypted text, for tests of key protections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, insert, select, update

from zensecrets_jupyter.core.errors import InteractionUnavailableError
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.data_key_row import DataKey, data_keys_table
from zensecrets_jupyter.core.sealing.data_keys import DataKeys
from zensecrets_jupyter.core.sealing.databases.sqlite import SqliteFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

TABLES = MetaData()
KEYS = data_keys_table(TABLES)
SEALED = Table("sealed", TABLES, Column("id", Integer, primary_key=True), Column("generation", Integer), Column("sealed", LargeBinary))


class Sealed:
    """An encrypted text in a file, opened as by a new process."""

    def __init__(self, path: Path, ask: Callable[[str], str] | None = None) -> None:
        """Use the file at ``path``; nothing is opened."""
        self.file = SqliteFile(path, TABLES, kind="test", version=1)
        self.keys = DataKeys(self.file, KEYS, label="the test's store", has_sealed_rows=_has_sealed_rows, ask=ask)

    def put(self, text: str) -> None:
        """Encrypt ``text`` in place of the earlier text."""

        def work(connection: Connection, key: DataKey) -> None:
            row = {"generation": key.generation, "sealed": cipher.seal(key.key, text.encode(), ("row",))}
            if not connection.execute(update(SEALED).values(**row)).rowcount:
                connection.execute(insert(SEALED).values(id=1, **row))

        self.keys.write(work)

    def get(self) -> str:
        """Return the text."""
        with self.file.read() as connection:
            assert connection is not None
            generation, sealed = connection.execute(select(SEALED.c.generation, SEALED.c.sealed)).one()
        key = self.keys.key_of(generation)
        assert key is not None
        return cipher.unseal(key.key, sealed, ("row",)).decode()

    def rotate(self) -> None:
        """Replace the data key."""
        self.keys.rotate(_reseal)


class ScriptedPassphrases:
    """Passphrase prompt that returns prepared passphrases in order, and records the prompts in ``prompts``."""

    def __init__(self, *passphrases: str) -> None:
        """Set the passphrases. A prompt after the last passphrase fails, as without an interactive session."""
        self._passphrases = list(passphrases)
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> str:
        """Return the next passphrase."""
        self.prompts.append(prompt)
        if not self._passphrases:
            raise InteractionUnavailableError("There is no interactive session.")
        return self._passphrases.pop(0)


def _has_sealed_rows(connection: Connection) -> bool:
    return connection.execute(select(SEALED.c.id)).first() is not None


def _reseal(connection: Connection, *, old: DataKey, new: DataKey) -> None:
    sealed = connection.execute(select(SEALED.c.sealed)).scalar_one()
    plaintext = cipher.unseal(old.key, sealed, ("row",))
    connection.execute(update(SEALED).values(generation=new.generation, sealed=cipher.seal(new.key, plaintext, ("row",))))
