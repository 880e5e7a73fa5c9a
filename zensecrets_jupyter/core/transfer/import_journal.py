"""Journal of a running import of secrets, with which the next command undoes a killed import.

The journal is for secrets managers that write one secret at a time. It is a file under ``ZENSECRETS_HOME``, encrypted with the workspace's
data key. The file is locked during the import, and the system releases the lock when the process ends. So a journal without a lock is from
a killed import.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.errors import ManagerCorruptedError, SecretNotFoundError, UnwritableFileError, ZenSecretsError
from zensecrets_jupyter.core.managers import Capability, SecretRecord, SecretsManager
from zensecrets_jupyter.core.settings import HOME_VARIABLE, home, make_private_folder
from zensecrets_jupyter.core.system.atomic_write import describe_os_error, try_lock_abandoned, write_atomically
from zensecrets_jupyter.core.system.file_locks import LockResult, try_lock
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_FOLDER = "imports"
_MAX_FILE_BYTES = 64 * 1024 * 1024
"""Maximum number of bytes that are read from a journal. A longer one counts as damaged."""


class Change(NamedTuple):
    """The record of a secret before and after an import; ``before`` is ``None`` for a new secret."""

    before: SecretRecord | None
    after: SecretRecord


@contextmanager
def write_journal(manager: SecretsManager, changes: Mapping[str, Change]) -> Iterator[None]:
    """Keep a journal of ``changes`` while the block makes them.

    The journal is deleted at the end of the block, also after an error. Therefore the block has to undo its own changes before it raises
    an error.

    Raises:
        UnwritableFileError: If the journal can't be written; nothing was changed.
        ManagerLockedError: If the workspace's data key can't be opened.
    """
    # A single change needs no journal, because every flavor writes a secret atomically. A manager without an origin is not registered, so
    # no later command could find its journal.
    if len(changes) <= 1 or manager.context.origin is None:
        yield
        return
    path, descriptor = _create_journal(manager, changes)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def undo_stopped_imports(manager: SecretsManager) -> list[str]:
    """Undo killed imports into ``manager`` and return the names of the restored secrets.

    A secret that another writer has changed after the import stays unchanged. Changes that can't be undone now are left for the next call.
    """
    restored_names: list[str] = []
    for path in _journal_paths(manager):
        with suppress(ZenSecretsError, OSError):
            restored_names += _undo_journal(manager, path)
    return restored_names


def _journal_paths(manager: SecretsManager) -> Sequence[Path]:
    """Return the paths of all journals of imports into ``manager``."""
    folder = home() / _FOLDER
    try:
        names = os.listdir(folder)  # noqa: PTH208 - the folder usually does not exist, and os.listdir is the fastest check
    except OSError:
        return []
    return [folder / name for name in sorted(names) if name.startswith(f"{manager.id}.") and name.endswith(".json")]


def _create_journal(manager: SecretsManager, changes: Mapping[str, Change]) -> tuple[Path, int]:
    """Write a new journal; return its path and the descriptor that locks it."""
    content = {name: [_to_json(change.before), _to_json(change.after)] for name, change in changes.items()}
    # The generation is the number of the data key that encrypts the content.
    generation, sealed = get_workspace().seal(json.dumps(content).encode())
    document = {"generation": generation, "sealed": base64.b64encode(sealed).decode("ascii")}
    path = home() / _FOLDER / f"{manager.id}.{secrets.token_hex(8)}.json"
    reason = ""
    try:
        make_private_folder(path.parent)
        while True:
            write_atomically(path, json.dumps(document).encode())
            with suppress(FileNotFoundError):
                descriptor = os.open(path, os.O_RDWR)
                # Before the lock, another command may have treated the journal as abandoned and deleted it. Then this loop writes it again.
                # On a file system without locks, other commands do not undo the changes of a journal that is less than a day old.
                if try_lock(descriptor) is not LockResult.HELD and path.exists():
                    return path, descriptor
                os.close(descriptor)
    except OSError as error:
        reason = describe_os_error(error)
    message = f"The journal of the import can't be written to {path.parent}, because {reason}; nothing was imported."
    raise UnwritableFileError(message, hint=f"Correct that, or set {HOME_VARIABLE} to another folder.")


def _undo_journal(manager: SecretsManager, path: Path) -> list[str]:
    """Undo the changes in a journal whose import no longer runs, delete the journal, and return the names of the restored secrets."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        if not try_lock_abandoned(descriptor):
            return []
        with path.open("rb") as file:
            changes = _parse(file.read(_MAX_FILE_BYTES))
        restored_names = [name for name, change in changes.items() if _undo_change(manager, name, change)]
        path.unlink()
        return restored_names
    finally:
        os.close(descriptor)


def _undo_change(manager: SecretsManager, name: str, change: Change) -> bool:
    """Restore a secret unless it was changed since the import; return whether it was restored.

    A manager that can't read secrets can't notice a change. An import into that manager only registers new secrets, which are deleted here,
    even if another writer has changed them.
    """
    try:
        if Capability.READ in manager.capabilities:
            if manager.get_records([name])[name] != change.after:
                return False
        elif name not in manager.list_secrets():
            return False
        if change.before is None:
            manager.delete_secret(name)
        else:
            manager.replace_record(name, change.before)
    except SecretNotFoundError:
        return False
    return True


def _parse(data: bytes) -> dict[str, Change]:
    """Return the changes in the content of a journal, by name of the secret."""
    try:
        document = json.loads(data)
        content = json.loads(get_workspace().unseal(int(document["generation"]), base64.b64decode(document["sealed"])))
        return {name: Change(_from_json(before), SecretRecord(*after)) for name, (before, after) in content.items()}
    except (ValueError, KeyError, TypeError, ManagerCorruptedError):
        # The changes in a damaged journal are unknown, so they are not undone.
        return {}


def _to_json(record: SecretRecord | None) -> list[Any] | None:
    return None if record is None else [record.schema, dict(record.content)]


def _from_json(plain: list[Any] | None) -> SecretRecord | None:
    return None if plain is None else SecretRecord(*plain)
