"""A small encrypted store with one text, for tests of data keys and their protections."""

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
"""The table of the data keys."""
TEXTS = Table("texts", TABLES, Column("id", Integer, primary_key=True), Column("generation", Integer), Column("ciphertext", LargeBinary))
"""The table of the text, in one row. ``generation`` is the number of the data key that encrypts it."""


class TextStore:
    """A SQLite file with one encrypted text. A new instance opens the file again, like a new process."""

    def __init__(self, path: Path, ask: Callable[[str], str] | None = None) -> None:
        """Use the file at ``path``, which the first access opens.

        ``ask`` asks the user for a passphrase; None means that there is no user.
        """
        self.file = SqliteFile(path, TABLES, kind="test", version=1)
        self.keys = DataKeys(self.file, KEYS, label="the test's store", has_sealed_rows=_has_text, ask=ask)

    def put(self, text: str) -> None:
        """Store ``text`` encrypted, and replace an earlier text."""

        def write_row(connection: Connection, key: DataKey) -> None:
            # The context ``("row",)`` is authenticated together with the text. Any constant would do.
            row = {"generation": key.generation, "ciphertext": cipher.seal(key.key, text.encode(), ("row",))}
            if not connection.execute(update(TEXTS).values(**row)).rowcount:
                connection.execute(insert(TEXTS).values(id=1, **row))

        self.keys.write(write_row)

    def get(self) -> str:
        """Return the text."""
        with self.file.read() as connection:
            assert connection is not None
            generation, ciphertext = connection.execute(select(TEXTS.c.generation, TEXTS.c.ciphertext)).one()
        key = self.keys.key_of(generation)
        assert key is not None
        return cipher.unseal(key.key, ciphertext, ("row",)).decode()

    def rotate(self) -> None:
        """Replace the data key, and encrypt the text with the new one."""
        self.keys.rotate(_encrypt_again)


class ScriptedPassphrases:
    """A user who types prepared passphrases in order. ``prompts`` has the texts of the prompts so far."""

    def __init__(self, *passphrases: str) -> None:
        """Set the passphrases. If none is left, a prompt raises the error of a session without a user."""
        self._passphrases = list(passphrases)
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> str:
        """Return the next passphrase."""
        self.prompts.append(prompt)
        if not self._passphrases:
            raise InteractionUnavailableError("There is no interactive session.")
        return self._passphrases.pop(0)


def _has_text(connection: Connection) -> bool:
    return connection.execute(select(TEXTS.c.id)).first() is not None


def _encrypt_again(connection: Connection, *, old: DataKey, new: DataKey) -> None:
    ciphertext = connection.execute(select(TEXTS.c.ciphertext)).scalar_one()
    plaintext = cipher.unseal(old.key, ciphertext, ("row",))
    connection.execute(update(TEXTS).values(generation=new.generation, ciphertext=cipher.seal(new.key, plaintext, ("row",))))
