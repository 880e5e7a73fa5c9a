"""Tests of open stores whose files are deleted, replaced, restored, or owned by other users."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.managers.stores import content_of, open_store, secret
from zensecrets_jupyter import (
    Client,
    KeyLostError,
    ManagerAccessError,
    ManagerUnreachableError,
    NoSecretsManagerError,
    SecretNotFoundError,
)
from zensecrets_jupyter.core.sealing import file_access
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.workspace import Workspace, get_workspace
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.

ALERTER, MANAGER = ComponentType.ALERTER, ComponentType.SECRETS_MANAGER


def _delete(home: Path, _copy: Path) -> None:
    """Delete the home."""
    shutil.rmtree(home)


def _recreate(home: Path, _copy: Path) -> None:
    """Replace the home by a new one with other data, as another process does."""
    shutil.rmtree(home)
    new_workspace = Workspace(home)
    new_workspace.register_component(ALERTER, "theirs", "slack", {"slack_token": canary("theirs")})
    new_workspace.open_manager("default").register_secret(secret("theirs", key=canary("theirs")))


def _restore(home: Path, copy: Path) -> None:
    """Replace the home by an older copy of it."""
    shutil.rmtree(home)
    shutil.copytree(copy, home)


REPLACEMENTS = [_delete, _recreate, _restore]


@pytest.mark.parametrize("replace", REPLACEMENTS)
def test_acknowledged_data_of_a_replaced_workspace_can_be_read(replace: Callable[[Path, Path], None], home: Path, tmp_path: Path) -> None:
    """If files of an open workspace are replaced, data that it stores afterwards is readable.

    Other processes can read this data.
    """
    open_workspace = get_workspace()
    open_workspace.register_component(ALERTER, "first", "slack", {"slack_token": canary("first")})
    open_workspace.open_manager("default").register_secret(secret("first", key=canary("first")))
    shutil.copytree(home, tmp_path / "copy")
    open_workspace.register_component(ALERTER, "second", "slack", {"slack_token": canary("second")})
    replace(home, tmp_path / "copy")

    values = [canary(f"value {number}") for number in range(4)]
    open_workspace.register_component(ALERTER, "new", "slack", {"slack_token": values[0]})
    assert Workspace(home).open_component(ALERTER, "new").slack_token == values[0]
    open_workspace.update_component(ALERTER, "new", {"slack_token": values[1]})
    Client().active_stack.secrets_manager.register_secret(secret("new", key=values[2]))
    generation, sealed = open_workspace.seal(values[3].encode())
    # A new object reads the files as another process does.
    new_workspace = Workspace(home)
    assert new_workspace.open_component(ALERTER, "new").slack_token == values[1]
    assert new_workspace.open_manager("default").get_secret("new").content == {"key": values[2]}
    assert new_workspace.unseal(generation, sealed) == values[3].encode()


def test_a_restored_store_with_the_same_generation_uses_its_own_key(home: Path, tmp_path: Path) -> None:
    """An open secrets manager uses the data key of the restored store.

    The key that this object has decrypted before has the same generation, a number that each rotation increases. The key is rotated before
    and after the store is restored.
    """
    open_manager = open_store(home)
    open_manager.register_secret(secret("first", key="1"))
    shutil.copytree(home, tmp_path / "copy")
    open_manager.rotate_key()
    _restore(home, tmp_path / "copy")
    other = open_store(home)
    other.rotate_key()
    other.register_secret(secret("theirs", key="2"))
    assert content_of(open_manager, "theirs") == {"key": "2"}
    open_manager.register_secret(secret("new", key="3"))
    open_manager.merge_secret("first", {"key": "4"})
    new_manager = open_store(home)
    assert [content_of(new_manager, name) for name in ("new", "first")] == [{"key": "3"}, {"key": "4"}]


def test_a_changed_protection_needs_no_prompt_for_an_open_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has decrypted the data key needs no passphrase that is set later."""
    open_manager = open_store(home)
    open_manager.register_secret(secret("first", key="1"))
    # Another process protects the data key with a passphrase. The test sets the passphrase only for the last read.
    open_store(home).rewrap("passphrase", passphrase="a passphrase")
    open_manager.register_secret(secret("second", key="2"))
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "a passphrase")
    assert content_of(open_store(home), "second") == {"key": "2"}


# The key file is deleted, is emptied, or gets another key of the right length (44 characters of base64).
@pytest.mark.parametrize("replacement", [None, b"", b"A" * 44 + b"\n"])
def test_a_missing_key_file_stops_writes(replacement: bytes | None, home: Path) -> None:
    """Without the right key file, writes are refused until ``rewrap`` creates a new one.

    The process has decrypted the data key before.
    """
    open_manager = open_store(home)
    open_manager.register_secret(secret("first", key="1"))
    for file in (home / "keys").iterdir():
        file.unlink() if replacement is None else file.write_bytes(replacement)
    with pytest.raises(KeyLostError):
        open_manager.register_secret(secret("second", key="2"))
    open_manager.rewrap("keyfile")
    open_manager.register_secret(secret("second", key="2"))
    new_manager = open_store(home)
    assert (new_manager.list_secrets(), content_of(new_manager, "second")) == (["first", "second"], {"key": "2"})


def test_a_deleted_manager_refuses_changes(home: Path) -> None:
    """An open secrets manager that another process deletes refuses changes and creates no file."""
    workspace = get_workspace()
    record = workspace.register_component(MANAGER, "other", "local", {})
    manager = workspace.open_manager("other")
    Workspace(home).delete_component(MANAGER, "other")
    changes: list[Callable[[], object]] = [
        lambda: manager.register_secret(secret("new", key="1")),
        lambda: manager.update_secret(secret("new", key="1")),
        lambda: manager.merge_secret("new", {"key": "1"}),
        lambda: manager.rename_secret("new", "newer"),
        lambda: manager.delete_secret("new"),
        manager.delete_all_secrets,
        lambda: manager.rollback("new", 1),
    ]
    for change in changes:
        with pytest.raises(NoSecretsManagerError, match="'other' was deleted"):
            change()
    assert not (home / "secrets_managers" / record.id).exists()
    with pytest.raises(SecretNotFoundError):
        manager.get_secret("new")


def test_a_file_replaced_during_a_write_raises_an_error(home: Path) -> None:
    """A write to a file that is replaced at the same time raises an error."""
    open_manager = open_store(home)
    open_manager.register_secret(secret("first", key="1"))
    # The private method opens a write transaction, and the test moves the file before the transaction ends.
    with (
        pytest.raises(ManagerUnreachableError, match="deleted or replaced during the write; nothing was stored"),
        open_manager.backend._file.write(),
    ):
        open_manager.backend.path.rename(home / "moved.db")
    (home / "moved.db").rename(open_manager.backend.path)
    assert open_manager.list_secrets() == ["first"]


def _give_to_another_user(path: Path) -> None:
    # 12345 is the ID of another user.
    shutil.chown(path, 12345)


def _let_all_users_write(path: Path) -> None:
    path.chmod(0o777)


def _let_a_group_write(path: Path) -> None:
    # 12345 is the ID of a group of other users.
    shutil.chown(path, None, 12345)
    path.chmod(0o770)


FOLDERS = ["", "keys"]
"""Folders below the home; the empty text is the home itself. The package checks their owner and their mode."""
FILES = ["workspace.db", "keys/*.key"]
"""Files in the home as glob patterns. The package checks their owner."""
CASES = [
    *((pattern, _give_to_another_user) for pattern in [*FOLDERS, *FILES]),
    *((pattern, _let_all_users_write) for pattern in FOLDERS),
    *((pattern, _let_a_group_write) for pattern in FOLDERS),
]
"""A file or folder, and the function that makes it unsafe."""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="Only root can change owners.")
@pytest.mark.parametrize(("pattern", "make_unsafe"), CASES)
def test_files_of_other_users_are_refused(pattern: str, make_unsafe: Callable[[Path], None], home: Path) -> None:
    """Files of another user, and folders that other users can write to, raise an error.

    The error suggests another folder.
    """
    workspace = get_workspace()
    workspace.register_component(ALERTER, "first", "slack", {"slack_token": canary("first")})
    path = next(iter(home.glob(pattern))) if pattern else home
    make_unsafe(path)
    with pytest.raises(ManagerAccessError) as caught:
        Workspace(home).open_component(ALERTER, "first").slack_token  # noqa: B018 - reading the attribute opens the key
    assert str(path) in str(caught.value)
    assert "another folder" in str(caught.value)


def test_a_private_group_may_write(home: Path) -> None:
    """A folder may be writable by a group whose only member is this user."""
    home.mkdir(exist_ok=True)
    home.chmod(0o770)
    file_access.check_folder(home)
