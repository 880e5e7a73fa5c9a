"""Secrets in this process's memory, gone when it ends.

Needs nothing. It keeps no versions, and another process sees nothing of it: it is for tests and for trying things out.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from zensecrets_jupyter.core.errors import SecretNotFoundError
from zensecrets_jupyter.core.managers.interface import SecretsManager
from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions, SecretRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_kept: dict[str, dict[str, SecretRecord]] = {}
_lock = threading.Lock()


class MemoryOptions(ManagerOptions):
    """It takes no attributes."""


class MemorySecretsManager(SecretsManager):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`; instances of one registered manager share their secrets."""

    FLAVOR: ClassVar[str] = "memory"
    options_model: ClassVar[type[ManagerOptions]] = MemoryOptions
    is_local: ClassVar[bool] = True
    parallel_reads: ClassVar[int] = 1

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""
        super().__init__(options, context=context)
        self._secrets = _kept.setdefault(self.id, {})

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.interface.SecretsManager.describe`."""
        return {"kept in": "the memory of this process", "protected by": "nothing: it is gone when the process ends"}

    def _read(self, name: str) -> SecretRecord:
        with _lock:
            if name not in self._secrets:
                raise SecretNotFoundError(f"no {name!r}", name=name)
            return self._secrets[name]

    def _list(self) -> Iterable[str]:
        with _lock:
            return list(self._secrets)

    def _register(self, name: str, record: SecretRecord) -> None:
        with _lock:
            if name in self._secrets:
                raise self.exists(name)
            self._secrets[name] = record

    def _update(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        with _lock:
            if name not in self._secrets:
                raise SecretNotFoundError(f"no {name!r}", name=name)
            self._secrets[name] = change(self._secrets[name])

    def _delete(self, name: str) -> None:
        with _lock:
            if self._secrets.pop(name, None) is None:
                raise SecretNotFoundError(f"no {name!r}", name=name)

    def _delete_all(self) -> None:
        with _lock:
            self._secrets.clear()
