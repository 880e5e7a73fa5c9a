"""Table of unusable stores, which each front end must report with one line.

A test registers the secret ``stored``, damages the store and runs a command, which must fail. After the repair, the secret must exist
unchanged.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.workspace import get_workspace
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = canary("broken store")
PASSPHRASE = canary("passphrase")
"""The passphrase of the store. It is a canary, because no error may show it."""


@dataclass(frozen=True)
class BrokenStore:
    """A store that can't be used.

    Attributes:
        id: The id of the test.
        error: Texts that the line of the error must contain.
        damage: A function that damages the file of the store, and returns a function that repairs it.
        environment: Environment variables of the command after the damage.
        words: The words of the command line.
    """

    id: str
    error: tuple[str, ...]
    damage: Callable[[Path], Callable[[], object]]
    environment: tuple[tuple[str, str], ...] = (("ZENSECRETS_PASSPHRASE", PASSPHRASE),)
    words: tuple[str, ...] = ("secret", "get", "stored")


def store_file() -> Path:
    """Return the file of the default secrets manager."""
    return Path(get_workspace().open_manager("default").describe()["kept in"])


def _no_damage(_file: Path) -> Callable[[], object]:
    """Change nothing, for stores that can't be used because of the environment of the command."""
    return lambda: None


def _overwrite(file: Path) -> Callable[[], object]:
    # The store, and SQLite's files next to it, such as "secrets.db-wal".
    files = [path for path in file.parent.iterdir() if path.name.startswith(file.name)]
    contents = {path: path.read_bytes() for path in files}
    for path in files:
        path.unlink()
    file.write_bytes(b"These are not the bytes of a store. " * 1000)
    return lambda: [path.write_bytes(content) for path, content in contents.items()]


def _flip_bits_of_rows(file: Path) -> Callable[[], object]:
    def flip() -> None:
        with closing(sqlite3.connect(file)) as connection, connection:
            for row_id, sealed in connection.execute("SELECT id, sealed FROM secrets").fetchall():
                altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
                connection.execute("UPDATE secrets SET sealed = ? WHERE id = ?", (altered, row_id))

    # Flipping the bit again repairs the row.
    flip()
    return flip


def _raise_version(file: Path) -> Callable[[], object]:
    """Increase the version of the store's format, which the table ``meta`` contains as ``secrets 1``."""

    def change(old: str, new: str) -> None:
        with closing(sqlite3.connect(file)) as connection, connection:
            row_count = connection.execute("UPDATE meta SET value = ? WHERE value = ?", (new, old)).rowcount
            assert row_count == 1

    change("secrets 1", "secrets 999")
    return lambda: change("secrets 999", "secrets 1")


BROKEN_STORES = [
    BrokenStore("file that is no store", ("secrets.db", "restore it from a copy"), _overwrite),
    BrokenStore("altered row", ("'stored'", "altered"), _flip_bits_of_rows),
    BrokenStore("newer version", ("secrets.db", "newer version", "pip install --upgrade"), _raise_version),
    BrokenStore("wrong passphrase", ("passphrase does not open", "'default'"), _no_damage, (("ZENSECRETS_PASSPHRASE", VALUE + "wrong"),)),
    BrokenStore("no passphrase", ("passphrase", "ZENSECRETS_PASSPHRASE"), _no_damage, ()),
    # No user can create a folder in /sys.
    BrokenStore(
        "read-only folder",
        ("/sys/zensecrets",),
        _no_damage,
        (("ZENSECRETS_HOME", "/sys/zensecrets"),),
        ("secret", "register", "other", "--k=value"),
    ),
]
"""All broken stores. The tests of the local manager cover a lost key and a full disk, which need more than a changed file."""
