"""The `local` backend: contents, versions, and the protection of its files."""

from __future__ import annotations

import gc
import logging
import stat
import threading
import traceback
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.support.managers.stores import content_of, open_store, run_sql, secret
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    InvalidSecretError,
    ManagerCorruptedError,
    SecretExistsError,
    SecretKeyNotFoundError,
    SecretNotFoundError,
)
from zensecrets_jupyter.core.managers import SecretsManager
from zensecrets_jupyter.core.managers.backends.sealed.local import LocalBackend
from zensecrets_jupyter.core.managers.records import Capability, ManagerContext
from zensecrets_jupyter.core.schemas import BaseSecretSchema, get_schema
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path


def test_registered_secret_is_read_by_another_instance(home: Path) -> None:
    """A new manager object reads a registered secret from the file, with its keys, values and schema."""
    value = canary("registered")
    open_store(home).register_secret(get_schema("aws").from_content("s3", {"aws_access_key_id": "id", "aws_secret_access_key": value}))
    reread = open_store(home).get_secret("s3")
    assert reread.TYPE == "aws"
    assert reread.content == {"aws_access_key_id": "id", "aws_secret_access_key": value}


@pytest.mark.parametrize(
    "value",
    ["", " ", "\n", "\0", "é", "e\u0301", "日本語", "\u202e", "\ud800", "😀" * 100, "'\"\\{{a.b}}", "a" * 64 * 1024],
    ids=["empty", "blank", "newline", "NUL", "composed", "combining", "Japanese", "direction", "surrogate", "emoji", "quotes", "64 KiB"],
)
def test_awkward_values_are_unchanged(home: Path, value: str) -> None:
    """Any text that is stored as a value is read unchanged."""
    open_store(home).register_secret(secret("awkward", one=value, two=canary("another value")))
    assert content_of(open_store(home), "awkward")["one"] == value


@pytest.mark.parametrize("name", ["a", "Ä", "名前", "a/b", "a'b", 'a"b', "%", "a_b-c", "x" * 255, "😀"])
def test_awkward_names_stay_distinct(home: Path, name: str) -> None:
    """A name in any alphabet is stored unchanged.

    Names that differ only in case are distinct.
    """
    store = open_store(home)
    store.register_secret(secret(name, k="1"))
    if name.swapcase() != name:
        store.register_secret(secret(name.swapcase(), k="2"))
    assert content_of(store, name) == {"k": "1"}
    assert name in store.list_secrets()


def test_name_with_a_lone_surrogate_is_refused(home: Path) -> None:
    """A name with a lone surrogate is refused at a registration and at a rename.

    Reading a secret with this name raises SecretNotFoundError.
    """
    store = open_store(home)
    with pytest.raises(InvalidSecretError, match="half of a surrogate pair"):
        store.register_secret(secret("a\ud800", k="v"))
    store.register_secret(secret("b", k="v"))
    with pytest.raises(SecretNotFoundError):
        store.get_secret("a\ud800")
    with pytest.raises(InvalidSecretError):
        store.rename_secret("b", "a\ud800")
    assert store.list_secrets() == ["b"]


def test_large_content_is_refused(home: Path) -> None:
    """Content over the limit is refused before a write, and the error states the limit."""
    # The limit is 64 MiB for the whole content. The value alone has this size, so the content with its key is larger.
    value = canary("large").ljust(64 * 1024 * 1024, "x")
    store = open_store(home)
    with pytest.raises(InvalidSecretError, match="67108864 are allowed") as caught:
        store.register_secret(secret("large", k=value))
    assert not find_canary(str(caught.value))
    assert store.list_secrets() == []


def test_only_registering_creates_a_file(home: Path) -> None:
    """Listing, describing, reading, updating, deleting and renaming in a new store create no file and no folder."""
    store = open_store(home)
    assert store.list_secrets() == []
    assert store.summaries() == []
    assert store.describe()["secrets"] == "0"
    assert "the first secret creates the key" in store.describe()["protected by"]
    for operation in (store.get_secret, store.delete_secret, store.history):
        with pytest.raises(SecretNotFoundError):
            operation("nothing")
    with pytest.raises(SecretNotFoundError):
        store.rename_secret("nothing", "something")
    with pytest.raises(SecretNotFoundError):
        store.rollback("nothing", 1)
    with pytest.raises(SecretNotFoundError):
        store.update_secret(secret("nothing", k=canary()))
    store.delete_all_secrets()
    assert not home.exists()


def test_existing_name_is_refused(home: Path) -> None:
    """Registering or renaming to an existing name raises an error, and both secrets stay unchanged."""
    store = open_store(home)
    store.register_secret(secret("a", k="1"))
    store.register_secret(secret("b", k="2"))
    with pytest.raises(SecretExistsError, match="not changed"):
        store.register_secret(secret("a", k=canary()))
    with pytest.raises(SecretExistsError, match="not changed"):
        store.rename_secret("a", "b")
    with pytest.raises(SecretExistsError):
        store.rename_secret("a", "a")
    assert (content_of(store, "a"), content_of(store, "b")) == ({"k": "1"}, {"k": "2"})
    assert [len(store.history(name)) for name in ("a", "b")] == [1, 1]


def test_merge_keeps_other_keys(home: Path) -> None:
    """A merge sets and removes the given keys.

    If a removed key is missing, nothing is written.
    """
    store = open_store(home)
    store.register_secret(secret("a", one="1", two="2"))
    store.merge_secret("a", {"two": "3", "three": "4"}, remove=["one"])
    assert content_of(store, "a") == {"two": "3", "three": "4"}
    with pytest.raises(SecretKeyNotFoundError, match="no key 'one'"):
        store.merge_secret("a", {"two": "5"}, remove=["one"])
    assert content_of(store, "a") == {"two": "3", "three": "4"}
    assert len(store.history("a")) == 2


def test_two_managers_in_one_file_are_isolated(home: Path, tmp_path: Path) -> None:
    """Two managers that share one file can have secrets with the same name.

    If one manager rotates the data key or deletes all its secrets, the secrets of the other manager stay readable.
    """
    shared = tmp_path / "shared.db"
    first, second = (
        SecretsManager(LocalBackend(LocalBackend.make_options({"path": str(shared)}), context=ManagerContext(name=name, id=name)))
        for name in ("first", "second")
    )
    first.register_secret(secret("a", k="1"))
    second.register_secret(secret("a", k="2"))
    assert (content_of(first, "a"), content_of(second, "a")) == ({"k": "1"}, {"k": "2"})
    first.rotate_key()
    first.delete_all_secrets()
    assert first.list_secrets() == []
    assert content_of(second, "a") == {"k": "2"}
    assert first.describe()["kept in"] == str(shared)


def test_options_are_checked(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A relative path and a path with ``~`` become absolute. An invalid number of versions and an unknown option are refused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store(home, path="a.db").backend.path == tmp_path / "a.db"
    assert open_store(home, path="~/b.db").backend.path == tmp_path / "b.db"
    for attributes in ({"versions_kept": 0}, {"versions_kept": "many"}, {"folder": "x"}):
        with pytest.raises(InvalidOptionsError):
            open_store(home, **attributes)


def test_versions_are_stored_and_pruned(home: Path) -> None:
    """Each write creates a version with number, schema and time.

    Beyond the limit, the oldest versions are removed.
    """
    store = open_store(home, versions_kept=3)
    assert Capability.VERSIONS in store.capabilities
    before = datetime.now(timezone.utc)
    store.register_secret(secret("a", k="1"))
    for number in range(2, 6):
        store.merge_secret("a", {"k": str(number)})
    history = store.history("a")
    assert [(version.number, version.current) for version in history] == [(5, True), (4, False), (3, False)]
    assert {version.schema for version in history} == {"arbitrary"}
    assert all(before - timedelta(seconds=1) <= version.created <= datetime.now(timezone.utc) for version in history)
    assert store.summaries() == [("a", "arbitrary", 5, history[0].created)]
    # The current version is in another table.
    assert run_sql(store.backend.path, "SELECT count(*) FROM earlier_versions") == [(2,)]


def test_smaller_limit_prunes_at_the_next_write(home: Path) -> None:
    """After the limit of versions is lowered, the next write removes the oldest versions over it.

    With the limit 1, only the current version is kept.
    """
    store = open_store(home)
    store.register_secret(secret("a", k="1"))
    for number in range(2, 6):
        store.merge_secret("a", {"k": str(number)})
    with_smaller_limit = open_store(home, versions_kept=1)
    with_smaller_limit.merge_secret("a", {"k": "6"})
    assert [version.number for version in with_smaller_limit.history("a")] == [6]
    assert content_of(with_smaller_limit, "a") == {"k": "6"}


def test_rollback_creates_a_new_version(home: Path) -> None:
    """A rollback stores an earlier version as a new version.

    The new version has the content and the schema of the earlier one. A version that a rollback created can be restored in the same way.
    """
    store = open_store(home)
    store.register_secret(get_schema("openai").from_content("a", {"api_key": "first"}))
    store.update_secret(secret("a", other="second"))
    new_version = store.rollback("a", 1)
    assert (new_version.number, new_version.schema, new_version.current) == (3, "openai", True)
    restored: BaseSecretSchema = store.get_secret("a")
    assert (restored.TYPE, restored.content) == ("openai", {"api_key": "first"})
    assert [version.number for version in store.history("a")] == [3, 2, 1]
    assert store.rollback("a", 2).number == 4
    assert content_of(store, "a") == {"other": "second"}
    assert store.rollback("a", 4).number == 5
    assert content_of(store, "a") == {"other": "second"}


def test_rollback_to_a_missing_version(home: Path) -> None:
    """A rollback to a missing version raises an error with the existing version numbers, and writes nothing."""
    store = open_store(home, versions_kept=2)
    store.register_secret(secret("a", k="1"))
    store.merge_secret("a", {"k": "2"})
    store.merge_secret("a", {"k": "3"})
    # Version 1 was removed by the limit. The last number is larger than an integer of SQLite.
    for number in (1, 0, -1, 4, 2**70):
        with pytest.raises(SecretNotFoundError, match="The versions are 3, 2"):
            store.rollback("a", number)
    assert [version.number for version in store.history("a")] == [3, 2]


def test_rename_keeps_the_history(home: Path) -> None:
    """A renamed secret keeps all its versions under the new name.

    A new secret can be registered with the old name, and begins with version 1.
    """
    store = open_store(home)
    store.register_secret(secret("old", k="1"))
    store.merge_secret("old", {"k": "2"})
    store.rename_secret("old", "new")
    assert store.list_secrets() == ["new"]
    assert [version.number for version in store.history("new")] == [2, 1]
    store.rollback("new", 1)
    assert content_of(store, "new") == {"k": "1"}
    store.register_secret(secret("old", k="another"))
    assert [version.number for version in store.history("old")] == [1]


def test_delete_removes_the_history(home: Path) -> None:
    """Deleting a secret deletes all its versions.

    A new secret with the same name begins with version 1.
    """
    store = open_store(home)
    store.register_secret(secret("a", k="1"))
    store.merge_secret("a", {"k": "2"})
    store.delete_secret("a")
    assert run_sql(store.backend.path, "SELECT count(*) FROM earlier_versions") == [(0,)]
    store.register_secret(secret("a", k="3"))
    assert [version.number for version in store.history("a")] == [1]


def test_files_contain_no_value_and_no_key(home: Path) -> None:
    """No file of a store contains a value or a key of a secret, neither while the store is open nor after it is closed.

    ``find_canary`` searches all files for the canaries in several encodings.
    """
    store = open_store(home)
    for number in range(20):
        store.register_secret(secret(f"name{number}", **{canary("key"): canary("value")}))
        store.merge_secret(f"name{number}", {canary("key"): canary("merged")})
    store.rollback("name3", 1)
    store.rename_secret("name4", "renamed")
    store.rotate_key()
    store.delete_secret("name5")
    assert {file.suffix for file in home.rglob("secrets.db*")} == {".db", ".db-wal", ".db-shm"}
    assert not find_canary(home)
    assert find_canary(home, "renamed"), "names are not encrypted, so the search must find one"
    path = store.backend.path
    # The garbage collection closes the database, and SQLite then removes its write-ahead log.
    del store
    gc.collect()
    assert [file.name for file in path.parent.iterdir()] == ["secrets.db"]
    assert not find_canary(home)


def test_files_belong_to_their_owner(home: Path) -> None:
    """The files of a store and its key file have mode 0600, and their folders have mode 0700.

    If the file of the store has another mode, the next read corrects the mode.
    """
    store = open_store(home)
    store.register_secret(secret("a", k=canary()))
    files = [file for file in home.rglob("*") if file.is_file()]
    assert len(files) == 4, "the store, its write-ahead log, the index of the log, and the key file"
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (home, *home.rglob("*")) if folder.is_dir()} == {0o700}
    store.backend.path.chmod(0o644)
    content_of(open_store(home), "a")
    assert stat.S_IMODE(store.backend.path.stat().st_mode) == 0o600


def test_values_are_not_shown(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No repr, log, error or traceback of the store contains a value."""
    caplog.set_level(logging.DEBUG)
    # At this level, SQLAlchemy logs statements with their parameters and rows.
    logging.getLogger("sqlalchemy").setLevel(logging.DEBUG)
    store = open_store(home)
    outputs = []
    store.register_secret(secret("a", k=canary()))
    store.merge_secret("a", {"k": canary()})
    store.get_secret("a", refresh=True)
    outputs += [repr(store), repr(store.describe()), repr(store.summaries()), repr(store.history("a")), repr(store.backend.read("a"))]
    outputs += [repr(store.backend._keys), repr(store.backend._keys.__dict__), repr(store.__dict__)]
    # This damages the encrypted content, so that the next change raises an error.
    run_sql(store.backend.path, "UPDATE secrets SET sealed = 'text'")
    with pytest.raises(ManagerCorruptedError) as corrupted:
        store.merge_secret("a", {"k": canary()})
    with pytest.raises(SecretExistsError) as exists:
        store.register_secret(secret("a", k=canary()))
    outputs += ["".join(traceback.format_exception(caught.value)) for caught in (corrupted, exists)]
    assert not find_canary("\n".join([*outputs, caplog.text]))


def test_write_of_another_instance_changes_the_token(home: Path) -> None:
    """A write of another manager object changes the change token.

    The token shows the cache that the file has changed. A read with ``refresh`` returns the new content.
    """
    reader, writer = open_store(home), open_store(home)
    writer.register_secret(secret("a", k="1"))
    assert reader.get_secret("a").content == {"k": "1"}
    token = reader.backend.change_token()
    assert reader.backend.change_token() == token
    writer.merge_secret("a", {"k": "2"})
    assert reader.backend.change_token() != token
    assert reader.get_secret("a", refresh=True).content == {"k": "2"}


def test_threads_share_one_store(home: Path) -> None:
    """Eight threads write and read with one manager object, and no secret is lost."""
    store = open_store(home)
    problems: list[BaseException] = []

    def work(thread: int) -> None:
        try:
            for number in range(10):
                store.register_secret(secret(f"t{thread}n{number}", k=f"{thread}.{number}"))
                assert content_of(store, f"t{thread}n{number}") == {"k": f"{thread}.{number}"}
                store.backend.change_token()
        except BaseException as error:  # noqa: BLE001 - the main thread checks the list of errors
            problems.append(error)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(store.list_secrets()) == 80


def test_names_are_listed_without_the_key(home: Path) -> None:
    """The names, the history and the description are available without the key file, which protects the data key."""
    store = open_store(home)
    store.register_secret(secret("a", k=canary()))
    for file in (home / "keys").iterdir():
        file.unlink()
    reopened = open_store(home)
    assert reopened.list_secrets() == ["a"]
    assert [version.number for version in reopened.history("a")] == [1]
    assert reopened.describe()["secrets"] == "1"
    assert reopened.describe()["protected by"].startswith("a key file (")
