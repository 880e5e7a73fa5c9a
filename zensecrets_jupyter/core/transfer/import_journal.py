"""What an import is about to write, kept until it is done, so that one that was stopped half way is taken back by the next command.

It is for secrets managers that write one secret at a time. The journal is a file under ``ZENSECRETS_HOME``, sealed with the workspace's
data key; while its import runs it is locked, and the system takes the lock away when the process ends, however it ends.
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
from zensecrets_jupyter.core.system.atomic_write import describe_os_error, try_lock, write_atomically
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_FOLDER = "imports"
_LARGEST = 64 * 1024 * 1024


class Change(NamedTuple):
    """What an import makes of a secret: what was there before, ``None`` for nothing, and what is there then."""

    before: SecretRecord | None
    after: SecretRecord


@contextmanager
def write_journal(manager: SecretsManager, changes: Mapping[str, Change]) -> Iterator[None]:
    """Keep a journal of ``changes`` while the block runs; whatever the block raises, it has to leave nothing half done.

    Raises:
        UnwritableFileError: If the journal can't be written; nothing was changed then.
        ManagerLockedError: If the workspace's data key is sealed and nobody gives what opens it.
    """
    # One secret is written wholly or not at all by every flavor; and nobody could find again what is not registered.
    if len(changes) <= 1 or manager.context.origin is None:
        yield
        return
    path, descriptor = _written(manager, changes)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def undo_stopped_imports(manager: SecretsManager) -> list[str]:
    """Take back what imports into ``manager`` wrote before they were stopped, and return the names of those secrets.

    What somebody else has changed since then stays as it is. What can't be taken back now is left for the next time.
    """
    taken_back: list[str] = []
    for path in _journals(manager):
        with suppress(ZenSecretsError, OSError):
            taken_back += _taken_back(manager, path)
    return taken_back


def _journals(manager: SecretsManager) -> Sequence[Path]:
    folder = home() / _FOLDER
    try:
        names = os.listdir(folder)  # noqa: PTH208 - mostly there is no such folder, and this is the quickest way to see it
    except OSError:
        return []
    return [folder / name for name in sorted(names) if name.startswith(f"{manager.id}.") and name.endswith(".json")]


def _written(manager: SecretsManager, changes: Mapping[str, Change]) -> tuple[Path, int]:
    """Return a new journal, and what keeps it locked."""
    content = {name: [_plain(change.before), _plain(change.after)] for name, change in changes.items()}
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
                # Another command may have taken it for one that was left behind, before it was locked.
                if try_lock(descriptor) and path.exists():
                    return path, descriptor
                os.close(descriptor)
    except OSError as error:
        reason = describe_os_error(error)
    message = f"The journal of the import can't be written to {path.parent}, since {reason}; nothing was imported."
    raise UnwritableFileError(message, hint=f"Mend that, or set {HOME_VARIABLE} to another folder.")


def _taken_back(manager: SecretsManager, path: Path) -> list[str]:
    descriptor = os.open(path, os.O_RDWR)
    try:
        if not try_lock(descriptor):
            return []
        with path.open("rb") as file:
            changes = _parsed(file.read(_LARGEST))
        taken_back = [name for name, change in changes.items() if _take_back(manager, name, change)]
        path.unlink()
        return taken_back
    finally:
        os.close(descriptor)


def _take_back(manager: SecretsManager, name: str, change: Change) -> bool:
    """Make a secret what it was before, if it is what the import made of it; return whether that was so."""
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


def _parsed(data: bytes) -> dict[str, Change]:
    try:
        document = json.loads(data)
        content = json.loads(get_workspace().unseal(int(document["generation"]), base64.b64decode(document["sealed"])))
        return {name: Change(_record(before), SecretRecord(*after)) for name, (before, after) in content.items()}
    except (ValueError, KeyError, TypeError, ManagerCorruptedError):
        # A damaged one says nothing of what was written.
        return {}


def _plain(record: SecretRecord | None) -> list[Any] | None:
    return None if record is None else [record.schema, dict(record.content)]


def _record(plain: list[Any] | None) -> SecretRecord | None:
    return None if plain is None else SecretRecord(*plain)
