"""Tests of secret imports that are killed, fail, or run during other commands."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import active_content_of, run
from zensecrets_jupyter.commands.framework.active_manager import active_manager, take_notes
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

OLD_VALUE, NEW_VALUE, OTHER_VALUE = canary("before"), canary("after"), canary("other")

KILLED_PROGRAM = """
import os, sys
from zensecrets_jupyter.core.managers.backends.sealed import backend
from zensecrets_jupyter.core.sealing import data_keys
from tests.plugins.zensecrets_folder.zensecrets_folder import FolderBackend
from tests.support.command_lines import run

def kill_after(function, call_count):
    def count_and_call(*arguments, **named_arguments):
        nonlocal call_count
        call_count -= 1
        if call_count < 0:
            os.kill(os.getpid(), 9)
        return function(*arguments, **named_arguments)
    return count_and_call

write_count = int(sys.argv[1])
backend._columns = kill_after(backend._columns, write_count)
FolderBackend._write = kill_after(FolderBackend._write, write_count)
run(sys.argv[2])
"""
"""A program that runs an import, and is killed after it has written a number of secrets.

Each new secret is one call of ``_columns``, which encrypts it for a row of the flavor ``local``, or one call of ``FolderBackend._write``,
which writes its file. The program kills itself at the next call.
"""


# The import has three secrets, so it is killed after one or two of them.
@pytest.mark.parametrize(("flavor", "write_count"), [("local", 1), ("folder", 2)])
def test_the_next_command_undoes_a_killed_import(flavor: str, write_count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next command after a killed import deletes the secrets that were new, and restores those that were replaced."""
    # The definition of this class registers the flavor ``folder``, so it is enough to import the Python module.
    from tests.plugins.zensecrets_folder.zensecrets_folder import FolderBackend

    assert FolderBackend.FLAVOR == "folder"
    monkeypatch.chdir(tmp_path)
    if flavor == "folder":
        run("secrets-manager register shared --flavor=folder --path=?", str(tmp_path / "shared"))
        run("stack update default -x shared")
    run("secret register old --key=?", OLD_VALUE)
    secrets = {name: {"key": NEW_VALUE} for name in ("new", "old", "newer")}
    (tmp_path / "s.json").write_text(json.dumps(secrets))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED_PROGRAM, str(write_count), "secret import s.json --overwrite"]
    completed = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert completed.returncode == -signal.SIGKILL, completed.stderr
    assert not find_canary(tmp_path / "home")
    # ``active_manager`` undoes interrupted imports. Commands call it first.
    assert active_manager().list_secrets() == ["old"]
    assert active_content_of("old") == {"key": OLD_VALUE}
    # The local flavor imports in one transaction, so its database has no part of the import to undo.
    # ``take_notes`` returns the notes since its last call. A note says that an interrupted import was undone.
    assert ("an import was interrupted" in take_notes()) == (flavor == "folder")
    run("secret import s.json --overwrite")
    assert {name: active_content_of(name) for name in active_manager().list_secrets()} == secrets
    assert not list((tmp_path / "home").glob("imports/*"))


def test_later_changes_and_running_imports_are_not_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import is undone only after its process has ended.

    Secrets that were changed after the import wrote them are kept.
    """
    from zensecrets_jupyter.core.managers import SecretRecord
    from zensecrets_jupyter.core.transfer import import_journal

    monkeypatch.chdir(tmp_path)
    run("secrets-manager register m --flavor=memory")
    run("stack update default -x m")
    manager = active_manager()
    # A change has the record before the import, here ``None`` because the secret is new, and the record after it.
    changes = {name: import_journal.Change(None, SecretRecord("arbitrary", {"key": NEW_VALUE})) for name in ("mine", "changed")}
    # The journal is the file that lists the changes of an import. The process of the import locks it until the process ends.
    path, descriptor = import_journal._create_journal(manager, changes)
    for name, change in changes.items():
        manager.register_record(name, change.after)
    assert active_manager().list_secrets() == ["changed", "mine"]
    run("secret update changed --key=?", OTHER_VALUE)
    # Closing the file releases the lock, as the end of the process does.
    os.close(descriptor)
    assert active_manager().list_secrets() == ["changed"]
    assert active_content_of("changed") == {"key": OTHER_VALUE}
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no flock.")
def test_an_import_on_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system without locks, an import is undone only if its journal is more than a day old.

    The journal is the file that lists the changes of an import.
    """
    import fcntl

    from zensecrets_jupyter.core.managers import SecretRecord
    from zensecrets_jupyter.core.transfer import import_journal

    attempts: list[int] = []

    def refuse(descriptor: int, _operation: int) -> None:
        """Raise the error of a file system without locks."""
        attempts.append(descriptor)
        assert len(attempts) < 100, "the import tries to lock its journal forever"
        raise OSError(errno.ENOLCK, "no locks here")

    monkeypatch.chdir(tmp_path)
    run("secrets-manager register m --flavor=memory")
    run("stack update default -x m")
    manager = active_manager()
    monkeypatch.setattr(fcntl, "flock", refuse)
    changes = {name: import_journal.Change(None, SecretRecord("arbitrary", {"key": NEW_VALUE})) for name in ("a", "b")}
    with import_journal.write_journal(manager, changes):
        for name, change in changes.items():
            manager.register_record(name, change.after)
        assert active_manager().list_secrets() == ["a", "b"]
        (journal,) = (tmp_path / "home").glob("imports/*")
        # The times of the file are now in 1970, so the journal is more than a day old.
        os.utime(journal, (0, 0))
        assert active_manager().list_secrets() == []
    # The import has tried to lock its journal.
    assert attempts
    assert not list((tmp_path / "home").glob("imports/*"))


def test_a_conflicting_name_undoes_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If another writer registers one of the import's secrets, the import is undone.

    The error says so. The other writer registers the secret after the import is planned and before the first write.
    """
    from zensecrets_jupyter.core.errors import SecretExistsError
    from zensecrets_jupyter.core.transfer.secret_files import plan_import, read_secrets, run_import

    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.json").write_text(json.dumps({name: {"key": NEW_VALUE} for name in ("a", "b")}))
    plan = plan_import(active_manager(), read_secrets("s.json", lambda _prompt: ""))
    run("secret register b --key=?", OTHER_VALUE)
    with pytest.raises(SecretExistsError, match=r"'b' exists already .*nothing was imported"):
        run_import(active_manager(), plan)
    assert active_manager().list_secrets() == ["b"]
