"""The local store when writes fail: on a full disk, in a read-only folder or file, or while another process writes."""

from __future__ import annotations

import gc
import os
import resource
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.error_texts import is_one_line
from tests.support.managers.stores import FORK_SERVER, content_of, open_in_child, open_store, secret
from zensecrets_jupyter.core.errors import ManagerAccessError, ManagerError, StoreFullError, ZenSecretsError
from zensecrets_jupyter.core.sealing.databases import sqlite_connections
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.managers.backends.sealed.local import LocalBackend

NOBODY = 65534
"""The ID of the user ``nobody``. A test that runs as root switches to this user, because file modes do not restrict root."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """Yield a folder on a disk of 400 KiB.

    The fixture yields ``None`` if the user is not allowed to mount a disk.
    """
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    is_mounted = (
        mount
        and not subprocess.run([mount, "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)], check=False, capture_output=True).returncode
    )
    try:
        yield folder if is_mounted else None
    finally:
        if is_mounted:
            subprocess.run([shutil.which("umount") or "umount", "--lazy", str(folder)], check=True)


def test_full_disk_keeps_stored_secrets(small_disk: Path | None, tmp_path: Path) -> None:
    """A write to a full disk raises StoreFullError, and stored secrets stay.

    With more space, writing works again. If the user is not allowed to mount a small disk, the test limits the size of files.
    """
    home = small_disk or tmp_path / "small" / "home"
    process = FORK_SERVER.Process(target=_fill_disk, args=(home, small_disk is None))
    process.start()
    process.join()
    assert process.exitcode == 0


def _fill_disk(home: Path, limit_file_size: bool) -> None:  # noqa: FBT001 - a process gets its arguments by position
    """Test the store on a full disk, in a child process, because a limit of the file size applies to a whole process."""
    store = open_in_child(home)
    store.register_secret(secret("first", key="first"))
    if limit_file_size:
        # A file cannot grow beyond this size. SQLite reports the same error as for a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    value = canary("full")
    # Register secrets until one is refused.
    registered_count = next(number for number in range(1000) if not _try_to_register(store, f"n{number}", value * 100))
    assert registered_count > 5, "the disk has space for some secrets"
    # A merge of a large value and a change of the data key need more space than the disk has left.
    for operation in (partial(store.merge_secret, "first", {"key": value * 500}), store.rotate_key):
        with pytest.raises(StoreFullError):
            operation()
    reopened = open_store(home)
    assert len(reopened.list_secrets()) == registered_count + 1
    assert content_of(reopened, "first") == {"key": "first"}
    assert all(content_of(reopened, f"n{number}") == {"key": value * 100} for number in range(registered_count))
    if limit_file_size:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        subprocess.run([shutil.which("mount") or "mount", "-o", "remount,size=4m", str(home)], check=True)
    store.merge_secret("first", {"key": "second"})
    assert content_of(reopened, "first") == {"key": "second"}


def _try_to_register(store: SecretsManager[LocalBackend], name: str, value: str) -> bool:
    """Register a secret, and return whether the disk had enough space."""
    try:
        store.register_secret(secret(name, key=value))
    except StoreFullError as error:
        error_text = f"{error!r} {error}"
    else:
        return True
    assert not find_canary(error_text)
    return False


def test_no_space_for_the_first_secret(tmp_path: Path) -> None:
    """If the disk is full before the first secret, registering raises StoreFullError and leaves no key file.

    The test limits the size of files to zero bytes. SQLite reports the same error as for a full disk.
    """
    process = FORK_SERVER.Process(target=_register_on_full_disk, args=(tmp_path / "home",))
    process.start()
    process.join()
    assert process.exitcode == 0


def _register_on_full_disk(home: Path) -> None:
    store = open_in_child(home)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    with pytest.raises(StoreFullError):
        store.register_secret(secret("first", key=canary()))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert not (home / "keys").exists() or not list((home / "keys").iterdir())
    store.register_secret(secret("first", key="1"))
    assert content_of(store, "first") == {"key": "1"}


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Yield a folder that every user can access. The temporary folders of pytest are private."""
    folder = Path(tempfile.mkdtemp(prefix="zensecrets-"))
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        # A folder without permissions cannot be deleted, so its owner gets them back.
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
        shutil.rmtree(folder)


def _run_as_nobody(function: Callable[[Path], None], folder: Path) -> None:
    """Call ``function(folder)`` in another process.

    If the tests run as root, the other process runs as user ``nobody``. Otherwise, both processes have the same user.
    """
    process = FORK_SERVER.Process(target=_switch_user_and_call, args=(function, folder))
    process.start()
    process.join()
    assert process.exitcode == 0


def _switch_user_and_call(function: Callable[[Path], None], folder: Path) -> None:
    # A store imports some modules at its first use. They are imported now, because the user "nobody" may have no permission to read the
    # virtual environment of root.
    first_store = open_in_child(folder / "first")
    first_store.register_secret(secret("a", key="1"))
    content_of(first_store, "a")
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    function(folder)


def test_folder_without_permission(public_folder: Path) -> None:
    """If the folder of a new store has no write permission, registering a secret raises ManagerAccessError with the path.

    If the folder has no read permission either, listing, describing and reading raise ManagerAccessError too.
    """
    _run_as_nobody(_write_to_forbidden_folder, public_folder)


def _write_to_forbidden_folder(folder: Path) -> None:
    home = folder / "mine"
    home.mkdir()
    home.chmod(0o500)
    store = open_in_child(home)
    assert store.list_secrets() == []
    with pytest.raises(ManagerAccessError, match="owner and mode") as caught:
        store.register_secret(secret("a", key=canary()))
    assert str(home) in str(caught.value)
    assert list(home.iterdir()) == []
    home.chmod(0o000)
    for operation in (store.list_secrets, store.describe, partial(store.get_secret, "a")):
        with pytest.raises(ManagerAccessError):
            operation()


def test_read_only_folder(public_folder: Path) -> None:
    """A store whose folder and file are read-only can be listed and read. Each write raises ManagerAccessError."""
    _run_as_nobody(_use_read_only_folder, public_folder)


def _use_read_only_folder(folder: Path) -> None:
    home = folder / "mine"
    _create_closed_store(home)
    (home / "default").chmod(0o500)
    (home / "default" / "secrets.db").chmod(0o400)
    _check_read_only_store(open_store(home))


def test_read_only_file(public_folder: Path) -> None:
    """A store whose file is read-only, in a writable folder, can be listed and read. Each write raises ManagerAccessError."""
    _run_as_nobody(_use_read_only_file, public_folder)


def _use_read_only_file(folder: Path) -> None:
    home = folder / "mine"
    _create_closed_store(home)
    (home / "default" / "secrets.db").chmod(0o400)
    _check_read_only_store(open_store(home))


def _create_closed_store(home: Path) -> None:
    """Create a store and close its connections, so that SQLite deletes its additional files.

    SQLite creates the files ``secrets.db-wal`` and ``secrets.db-shm`` when a store is used.
    """
    store = open_in_child(home)
    store.register_secret(secret("a", key="1"))
    del store
    gc.collect()
    assert [file.name for file in (home / "default").iterdir()] == ["secrets.db"]


def _check_read_only_store(store: SecretsManager[LocalBackend]) -> None:
    before = store.backend.path.read_bytes()
    assert store.list_secrets() == ["a"]
    assert content_of(store, "a") == {"key": "1"}
    for operation in (
        partial(store.register_secret, secret("b", key=canary())),
        partial(store.merge_secret, "a", {"key": canary()}),
        partial(store.rename_secret, "a", "b"),
        partial(store.delete_secret, "a"),
        store.delete_all_secrets,
        store.rotate_key,
        partial(store.rewrap, "keyfile"),
    ):
        with pytest.raises(ManagerAccessError):
            operation()
    assert content_of(store, "a") == {"key": "1"}
    assert store.backend.path.read_bytes() == before


def test_unreadable_file(public_folder: Path) -> None:
    """If the user has no permission to read the file of the store, each operation raises ManagerAccessError.

    If the tests run as root, root owns the file, and the user ``nobody`` tries to read it. Otherwise, the test removes all permissions of
    the file.
    """
    if os.geteuid() == 0:
        open_store(public_folder / "theirs").register_secret(secret("a", key=canary()))
        # The user "nobody" can enter the folders, so only the file is refused.
        (public_folder / "theirs").chmod(0o755)
        (public_folder / "theirs" / "default").chmod(0o755)
    _run_as_nobody(_read_unreadable_file, public_folder)


def _read_unreadable_file(folder: Path) -> None:
    home = folder / "theirs"
    if not home.exists():
        open_store(home).register_secret(secret("a", key=canary()))
        open_store(home).backend.path.chmod(0o000)
    store = open_store(home)
    for operation in (
        store.list_secrets,
        store.describe,
        partial(store.get_secret, "a"),
        partial(store.register_secret, secret("b", k="1")),
    ):
        with pytest.raises(ManagerAccessError):
            operation()


def test_unusable_path_is_reported(home: Path, tmp_path: Path) -> None:
    """A folder, a path below a file, and a path that is too long raise ManagerAccessError with the path."""
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "secrets.db", tmp_path / ("x" * 300)):
        store = open_store(home, path=str(path))
        with pytest.raises(ManagerAccessError) as caught:
            store.register_secret(secret("a", key=canary()))
        assert str(path) in str(caught.value)


def test_locked_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another connection holds the lock for writes, a write raises an error, and reading works.

    Afterwards, a write succeeds.
    """
    store = open_store(home)
    store.register_secret(secret("a", key="1"))
    with closing(sqlite3.connect(store.backend.path, isolation_level=None)) as other_connection:
        other_connection.execute("BEGIN IMMEDIATE")
        # A store waits this number of seconds for the lock.
        monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.1)
        reopened = open_store(home)
        assert content_of(reopened, "a") == {"key": "1"}
        with pytest.raises(ManagerError, match="Another process holds") as caught:
            reopened.merge_secret("a", {"key": canary()})
        # Code without an import of this package can catch the error as one of Python's own classes.
        assert isinstance(caught.value, ConnectionError)
        other_connection.execute("ROLLBACK")
    reopened.merge_secret("a", {"key": "2"})
    assert content_of(store, "a") == {"key": "2"}


def test_error_for_a_folder_has_a_hint(home: Path, tmp_path: Path) -> None:
    """If the path of the store is a folder, the error is one line with a hint, and the folder stays."""
    store = open_store(home, path=str(tmp_path))
    with pytest.raises(ZenSecretsError) as caught:
        store.list_secrets()
    assert caught.value.hint
    assert is_one_line(caught.value)
    assert tmp_path.is_dir()
