"""A database with a data key and nothing else, for the tests of what protects it."""

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
    """One sealed text in a file of its own, opened as a process does that has just started."""

    def __init__(self, path: Path, ask: Callable[[str], str] | None = None) -> None:
        """Prepare it; nothing is opened."""
        self.file = SqliteFile(path, TABLES, kind="test", version=1)
        self.keys = DataKeys(self.file, KEYS, label="the test's store", in_use=_in_use, ask=ask)

    def put(self, text: str) -> None:
        """Seal ``text`` in place of what was there."""

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
        """Change the data key."""
        self.keys.rotate(_reseal)


class ScriptedUser:
    """Somebody who answers with the given passphrases, one after the other; ``prompts`` are what was asked."""

    def __init__(self, *answers: str) -> None:
        """Prepare the answers; when they are used up nobody is there."""
        self._answers = list(answers)
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> str:
        """Answer."""
        self.prompts.append(prompt)
        if not self._answers:
            raise InteractionUnavailableError("Nobody is there.")
        return self._answers.pop(0)


def _in_use(connection: Connection) -> bool:
    return connection.execute(select(SEALED.c.id)).first() is not None


def _reseal(connection: Connection, *, old: DataKey, new: DataKey) -> None:
    sealed = connection.execute(select(SEALED.c.sealed)).scalar_one()
    plaintext = cipher.unseal(old.key, sealed, ("row",))
    connection.execute(update(SEALED).values(generation=new.generation, sealed=cipher.seal(new.key, plaintext, ("row",))))
