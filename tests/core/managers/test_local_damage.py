"""The local store with a damaged or altered file.

An operation on the store raises an error of this package. It never returns wrong content, and it does not overwrite damaged data.
"""

from __future__ import annotations

import gc
import random
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.managers.stores import content_of, open_store, run_sql, secret
from zensecrets_jupyter.core.errors import (
    ManagerCorruptedError,
    ManagerError,
    SecretExistsError,
    SecretNotFoundError,
    StoreTooNewError,
    ZenSecretsError,
)
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.managers.backends.sealed.local import LocalBackend

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.


@pytest.fixture
def store(home: Path) -> SecretsManager[LocalBackend]:
    """Return a store with two secrets, one of which has two earlier versions."""
    store = open_store(home)
    store.register_secret(secret("one", k="one's first"))
    store.merge_secret("one", {"k": "one's second"})
    store.merge_secret("one", {"k": "one's third"})
    store.register_secret(secret("two", k="two's first"))
    return store


def _damaged_copies(blob: bytes) -> Iterator[bytes]:
    """Yield damaged copies of ``blob``.

    In each copy, the lowest or the highest bit of one byte is flipped, or the copy is too short, is too long, or has only zeros.
    """
    for index in range(len(blob)):
        for bit in (0x01, 0x80):
            yield blob[:index] + bytes([blob[index] ^ bit]) + blob[index + 1 :]
    # The format byte and the nonce together have 25 bytes, so this copy of 25 bytes has no encrypted text.
    yield from (b"", blob[:1], blob[:25], blob[:-1], blob + b"\0", bytes(len(blob)))


def test_flipped_bit_of_a_row_is_detected(store: SecretsManager[LocalBackend]) -> None:
    """If the encrypted content has a flipped bit, or missing or additional bytes, a read raises ManagerCorruptedError."""
    [(blob,)] = run_sql(store.backend.path, "SELECT sealed FROM secrets WHERE name = 'one'")
    for damaged in _damaged_copies(blob):
        run_sql(store.backend.path, ("UPDATE secrets SET sealed = ? WHERE name = 'one'", (damaged,)))
        with pytest.raises(ManagerCorruptedError, match=r"'one' \(version 3\) is damaged, was altered or was swapped"):
            content_of(store, "one")
    run_sql(store.backend.path, ("UPDATE secrets SET sealed = ? WHERE name = 'one'", (blob,)))
    assert content_of(store, "one") == {"k": "one's third"}


def test_flipped_bit_of_an_earlier_version_is_detected(store: SecretsManager[LocalBackend]) -> None:
    """A rollback to a damaged version raises an error and writes nothing."""
    [(blob,)] = run_sql(store.backend.path, "SELECT sealed FROM earlier_versions WHERE number = 2")
    # The test of the current version uses all damaged copies, so every ninth copy is enough here.
    for damaged in list(_damaged_copies(blob))[::9]:
        run_sql(store.backend.path, ("UPDATE earlier_versions SET sealed = ? WHERE number = 2", (damaged,)))
        with pytest.raises(ManagerCorruptedError):
            store.rollback("one", 2)
    assert content_of(store, "one") == {"k": "one's third"}
    assert [version.number for version in store.history("one")] == [3, 2, 1]


@pytest.mark.parametrize(
    "alteration",
    [
        "schema = 'aws'",
        "schema = ''",
        "schema = 7",
        "number = 2",
        "number = 'three'",
        "number = 3.5",
        "written = written + 1",
        "written = 'now'",
        "generation = generation + 1",
        "generation = 'g'",
        "sealed = CAST(sealed AS TEXT)",
        "sealed = (SELECT sealed FROM secrets WHERE name = 'two')",
        "sealed = (SELECT sealed FROM earlier_versions WHERE number = 2)",
        "(number, schema, written, sealed) = (SELECT number, schema, written, sealed FROM earlier_versions WHERE number = 2)",
        "name = 'three'",
        "manager = 'another-id'",
    ],
)
def test_altered_column_is_detected(store: SecretsManager[LocalBackend], home: Path, alteration: str) -> None:
    """If a column of a row is altered, reading and changing the secret raise ManagerCorruptedError.

    If the name or the manager is altered, the secret is missing under its old name. Under an altered name, it is unreadable. In all cases,
    the key rotation fails, because it has to read every row, and the other secret is readable.
    """
    before = run_sql(store.backend.path, "SELECT * FROM earlier_versions ORDER BY number")
    run_sql(store.backend.path, f"UPDATE secrets SET {alteration} WHERE name = 'one'")  # noqa: S608 - the SQL consists of constants of this test
    if alteration.startswith(("name", "manager")):
        with pytest.raises(SecretNotFoundError):
            content_of(store, "one")
    else:
        with pytest.raises(ManagerCorruptedError):
            content_of(store, "one")
        with pytest.raises(ManagerCorruptedError):
            store.merge_secret("one", {"k": canary()})
    if alteration == "name = 'three'":
        with pytest.raises(ManagerCorruptedError):
            content_of(store, "three")
    with pytest.raises(ManagerCorruptedError):
        store.rotate_key()
    assert content_of(open_store(home), "two") == {"k": "two's first"}
    assert run_sql(store.backend.path, "SELECT * FROM earlier_versions ORDER BY number") == before


def test_swapped_names_are_detected(store: SecretsManager[LocalBackend]) -> None:
    """If the names of two secrets are swapped, reading each of them raises ManagerCorruptedError."""
    run_sql(
        store.backend.path,
        "UPDATE secrets SET name = 'none' WHERE name = 'one'",
        "UPDATE secrets SET name = 'one' WHERE name = 'two'",
        "UPDATE secrets SET name = 'two' WHERE name = 'none'",
    )
    for name in ("one", "two"):
        with pytest.raises(ManagerCorruptedError):
            content_of(store, name)


@pytest.mark.parametrize("number", [1, 2])
def test_swapped_versions_are_detected(store: SecretsManager[LocalBackend], number: int) -> None:
    """A rollback to one of two swapped versions raises ManagerCorruptedError."""
    run_sql(
        store.backend.path,
        "UPDATE earlier_versions SET number = 9 WHERE number = 1",
        "UPDATE earlier_versions SET number = 1 WHERE number = 2",
        "UPDATE earlier_versions SET number = 2 WHERE number = 9",
    )
    with pytest.raises(ManagerCorruptedError):
        store.rollback("one", number)
    assert content_of(store, "one") == {"k": "one's third"}


# The column "kind" is the type of key protection, and "place" has its parameters. The values have wrong types or wrong contents.
@pytest.mark.parametrize("column", ["generation", "kind", "place", "wrapped", "checksum"])
@pytest.mark.parametrize("value", [None, "", b"", 7, "x", b"x", "keyring", "passphrase", "{}", "[]"])
def test_altered_key_row_is_detected(store: SecretsManager[LocalBackend], home: Path, column: str, value: Any) -> None:
    """If the row of the data key is altered, every operation that needs the key raises ManagerCorruptedError.

    No new key is created, and the row is not changed.
    """
    # The first statements remove the constraints of the table, which would refuse some of the values.
    run_sql(
        store.backend.path,
        "CREATE TABLE unconstrained AS SELECT * FROM data_keys",
        "DROP TABLE data_keys",
        "ALTER TABLE unconstrained RENAME TO data_keys",
        (f"UPDATE data_keys SET {column} = ?", (value,)),  # noqa: S608 - the SQL consists of constants of this test
    )
    before = run_sql(store.backend.path, "SELECT * FROM data_keys")
    reopened = open_store(home)
    for operation in _operations(reopened):
        with pytest.raises(ManagerCorruptedError):
            operation()
    assert run_sql(store.backend.path, "SELECT * FROM data_keys") == before
    assert reopened.list_secrets() == ["one", "two"]


def test_lost_key_row_is_not_replaced(store: SecretsManager[LocalBackend], home: Path) -> None:
    """If the row of the data key is missing, every operation that needs the key raises ManagerCorruptedError.

    No new key is created.
    """
    run_sql(store.backend.path, "DELETE FROM data_keys")
    for operation in _operations(open_store(home)):
        with pytest.raises(ManagerCorruptedError):
            operation()
    assert run_sql(store.backend.path, "SELECT count(*) FROM data_keys") == [(0,)]


def _operations(store: SecretsManager[LocalBackend]) -> tuple[Callable[[], object], ...]:
    """Return the operations that need the data key."""
    return (
        lambda: store.get_secret("one"),
        lambda: store.register_secret(secret("three", k=canary())),
        lambda: store.merge_secret("one", {"k": canary()}),
        lambda: store.rollback("one", 1),
        lambda: store.rename_secret("one", "three"),
        store.rotate_key,
        lambda: store.rewrap("keyfile"),
    )


@pytest.mark.parametrize(
    "content",
    [b"this file is not a database, but text" * 100, b"SQLite format 3\0" + bytes(84), b"\0" * 4096, b"x"],
    ids=["text", "header only", "zeros", "one byte"],
)
def test_file_that_is_not_a_database(home: Path, content: bytes) -> None:
    """If the file is not a database, every operation raises ManagerCorruptedError, and the file is not changed."""
    store = open_store(home)
    store.backend.path.parent.mkdir(parents=True)
    store.backend.path.write_bytes(content)
    for operation in (store.list_secrets, store.describe, store.summaries, store.delete_all_secrets, *_operations(store)):
        with pytest.raises(ManagerCorruptedError):
            operation()
    assert store.backend.path.read_bytes() == content


def test_empty_file_is_an_empty_store(home: Path) -> None:
    """An empty file, which a killed process may leave, is an empty store."""
    store = open_store(home)
    store.backend.path.parent.mkdir(parents=True)
    store.backend.path.touch()
    assert store.list_secrets() == []
    store.register_secret(secret("a", k="1"))
    assert content_of(open_store(home), "a") == {"k": "1"}


def test_database_of_another_program(home: Path) -> None:
    """A SQLite database of another program is refused and not changed.

    This one has a table with the name ``secrets`` too.
    """
    store = open_store(home)
    store.backend.path.parent.mkdir(parents=True)
    run_sql(store.backend.path, "CREATE TABLE secrets (id, name)", "INSERT INTO secrets VALUES (1, 'a')")
    before = store.backend.path.read_bytes()
    for operation in (store.list_secrets, lambda: store.register_secret(secret("a", k=canary()))):
        with pytest.raises(ManagerCorruptedError, match="not a store of this package"):
            operation()
    assert store.backend.path.read_bytes() == before


def test_store_of_a_newer_version(store: SecretsManager[LocalBackend], home: Path) -> None:
    """If a newer version of this package has changed the format of the store, StoreTooNewError is raised.

    The store is not changed. A manager that was open before the format changed raises the same error.
    """
    run_sql(store.backend.path, "UPDATE meta SET value = 'secrets 2' WHERE name = 'format'")
    before = run_sql(store.backend.path, "SELECT * FROM secrets")
    reopened = open_store(home)
    for operation in (reopened.list_secrets, reopened.describe, reopened.delete_all_secrets, *_operations(reopened)):
        with pytest.raises(StoreTooNewError, match="pip install --upgrade"):
            operation()
    with pytest.raises(StoreTooNewError):
        store.merge_secret("one", {"k": canary()})
    assert run_sql(store.backend.path, "SELECT * FROM secrets") == before


def test_flipped_bit_never_returns_wrong_content(home: Path) -> None:
    """A store with one flipped bit never returns wrong content.

    Each secret has its right content, is missing, or raises an error of this package.
    """
    store = open_store(home)
    expected_contents = {f"name{number}": {f"key{number}": canary(str(number))} for number in range(6)}
    for name, content in expected_contents.items():
        store.register_secret(secret(name, **content))
        # The update creates an earlier version.
        store.update_secret(secret(name, **content))
    path = store.backend.path
    # The garbage collection closes the database, so that all data is in the file and none in the write-ahead log.
    del store
    gc.collect()
    original = path.read_bytes()
    rng = random.Random(2)  # noqa: S311 - the random numbers select bits to flip and protect nothing
    nonzero_offsets = [offset for offset in range(len(original)) if original[offset]]
    # These are the header of SQLite (100 bytes), 300 bytes that are not zero, and 50 random bytes, most of which are unused.
    offsets = sorted({*range(100), *rng.sample(nonzero_offsets, 300), *rng.sample(range(len(original)), 50)})
    # The number of reads for each result of ``_outcome_of_read``.
    outcome_counts = dict.fromkeys(("right", "not found", "error"), 0)
    for number, offset in enumerate(offsets):
        damaged = bytearray(original)
        damaged[offset] ^= 1 << rng.randrange(8)
        for file in path.parent.iterdir():
            file.unlink()
        path.write_bytes(damaged)
        reopened = open_store(home)
        for name, content in expected_contents.items():
            outcome_counts[_outcome_of_read(reopened, name, content)] += 1
        for operation in (reopened.list_secrets, reopened.summaries, reopened.describe, partial(reopened.history, "name3")):
            # An operation may raise an error of this package, but no other error.
            _raised_error(operation)
        # Writes are slow, so the test writes only to every fifth store.
        if number % 5 == 0:
            _raised_error(partial(reopened.merge_secret, "name5", {"k": canary()}))
            _raised_error(partial(reopened.register_secret, secret("new", k=canary())))
            assert not find_canary(path.parent)
        if number % 50 == 0:
            # The garbage collection closes the files of the earlier stores.
            gc.collect()
    assert outcome_counts["right"] > outcome_counts["error"] > 0, outcome_counts


def _outcome_of_read(store: SecretsManager[LocalBackend], name: str, expected_content: dict[str, str]) -> str:
    """Read a secret and return ``right``, ``not found`` or ``error``. Wrong content fails the test."""
    content: dict[str, str] = {}
    error = _raised_error(lambda: content.update(content_of(store, name)))
    if error is not None:
        return "not found" if isinstance(error, SecretNotFoundError) else "error"
    assert content == expected_content
    return "right"


def _raised_error(operation: Callable[[], object]) -> ZenSecretsError | None:
    """Return the error of this package that ``operation`` raises, or ``None``.

    Any other error fails the test.
    """
    try:
        operation()
    except (SecretNotFoundError, SecretExistsError, ManagerError) as error:
        raised_error = error
    else:
        return None
    assert not find_canary(f"{raised_error!r} {raised_error}")
    return raised_error
