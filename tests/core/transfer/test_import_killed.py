"""Tests of imports whose process is killed between two secrets."""

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

BEFORE, AFTER, OTHER = canary("before"), canary("after"), canary("other")

KILLED_PROGRAM = """
import os, sys
from zensecrets_jupyter.core.managers.backends.sealed import backend
from zensecrets_jupyter.core.sealing import data_keys
from tests.plugins.zensecrets_folder.zensecrets_folder import FolderBackend
from tests.support.command_lines import run

def kill_after(function, calls):
    def counting(*arguments, **named):
        nonlocal calls
        calls -= 1
        if calls < 0:
            os.kill(os.getpid(), 9)
        return function(*arguments, **named)
    return counting

written = int(sys.argv[1])
backend._columns = kill_after(backend._columns, written)
FolderBackend._write = kill_after(FolderBackend._write, written)
run(sys.argv[2])
"""
"""A program that imports secrets, and is killed after it has written some of them."""


@pytest.mark.parametrize(("flavor", "written"), [("local", 1), ("folder", 2)])
def test_the_next_command_undoes_a_killed_import(flavor: str, written: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next command after a killed import deletes new secrets and restores replaced ones."""
    from tests.plugins.zensecrets_folder.zensecrets_folder import FolderBackend

    assert FolderBackend.FLAVOR == "folder"
    monkeypatch.chdir(tmp_path)
    if flavor == "folder":
        run("secrets-manager register shared --flavor=folder --path=?", str(tmp_path / "shared"))
        run("stack update default -x shared")
    run("secret register old --key=?", BEFORE)
    secrets = {name: {"key": AFTER} for name in ("new", "old", "newer")}
    (tmp_path / "s.json").write_text(json.dumps(secrets))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED_PROGRAM, str(written), "secret import s.json --overwrite"]
    completed = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert completed.returncode == -signal.SIGKILL, completed.stderr
    assert not find_canary(tmp_path / "home")
    assert active_manager().list_secrets() == ["old"]
    assert active_content_of("old") == {"key": BEFORE}
    assert ("an import was interrupted" in take_notes()) == (flavor == "folder")
    run("secret import s.json --overwrite")
    assert {name: active_content_of(name) for name in active_manager().list_secrets()} == secrets
    assert not list((tmp_path / "home").glob("imports/*"))


def test_later_changes_and_running_imports_are_not_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets that were changed after the killed import stay, and a running import is not undone."""
    from zensecrets_jupyter.core.managers import SecretRecord
    from zensecrets_jupyter.core.transfer import import_journal

    monkeypatch.chdir(tmp_path)
    run("secrets-manager register m --flavor=memory")
    run("stack update default -x m")
    manager = active_manager()
    changes = {name: import_journal.Change(None, SecretRecord("arbitrary", {"key": AFTER})) for name in ("mine", "changed")}
    path, descriptor = import_journal._create_journal(manager, changes)
    for name, change in changes.items():
        manager.register_record(name, change.after)
    assert active_manager().list_secrets() == ["changed", "mine"]
    run("secret update changed --key=?", OTHER)
    os.close(descriptor)
    assert active_manager().list_secrets() == ["changed"]
    assert active_content_of("changed") == {"key": OTHER}
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no flock.")
def test_an_import_on_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without file locks, an import has a journal too. It is undone only if its journal is more than a day old."""
    import fcntl

    from zensecrets_jupyter.core.managers import SecretRecord
    from zensecrets_jupyter.core.transfer import import_journal

    attempts: list[int] = []

    def refuse(descriptor: int, _operation: int) -> None:
        attempts.append(descriptor)
        assert len(attempts) < 100, "the import tries to lock its journal forever"
        raise OSError(errno.ENOLCK, "no locks here")

    monkeypatch.chdir(tmp_path)
    run("secrets-manager register m --flavor=memory")
    run("stack update default -x m")
    manager = active_manager()
    monkeypatch.setattr(fcntl, "flock", refuse)
    changes = {name: import_journal.Change(None, SecretRecord("arbitrary", {"key": AFTER})) for name in ("a", "b")}
    with import_journal.write_journal(manager, changes):
        for name, change in changes.items():
            manager.register_record(name, change.after)
        assert active_manager().list_secrets() == ["a", "b"]
        (journal,) = (tmp_path / "home").glob("imports/*")
        os.utime(journal, (0, 0))
        assert active_manager().list_secrets() == []
    assert attempts
    assert not list((tmp_path / "home").glob("imports/*"))


def test_a_conflicting_name_undoes_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that another writer registers during the import undoes the import, and the error states that."""
    from zensecrets_jupyter.core.errors import SecretExistsError
    from zensecrets_jupyter.core.transfer.secret_files import plan_import, read_secrets, run_import

    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.json").write_text(json.dumps({name: {"key": AFTER} for name in ("a", "b")}))
    plan = plan_import(active_manager(), read_secrets("s.json", lambda _prompt: ""))
    run("secret register b --key=?", OTHER)
    with pytest.raises(SecretExistsError, match=r"'b' exists already .*nothing was imported"):
        run_import(active_manager(), plan)
    assert active_manager().list_secrets() == ["b"]
