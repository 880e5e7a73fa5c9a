"""The ``memory`` backend: secrets in the memory of this process, for tests and experiments."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from zensecrets_jupyter.core.managers.backend import Backend
from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions, SecretRecord, SecretSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_secrets_by_manager: dict[str, dict[str, SecretRecord]] = {}
"""The secrets of each manager, by ID of the manager and name of the secret."""
_lock = threading.Lock()


class MemoryOptions(ManagerOptions):
    """Options of the ``memory`` backend, which has none."""


class MemoryBackend(Backend):
    """The backend in the memory of this process. All instances with one manager ID share their secrets."""

    FLAVOR: ClassVar[str] = "memory"
    options_model: ClassVar[type[ManagerOptions]] = MemoryOptions
    is_local: ClassVar[bool] = True
    parallel_reads: ClassVar[int] = 1

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        self._secrets = _secrets_by_manager.setdefault(self.id, {})

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        return {"kept in": "the memory of this process", "protected by": "nothing: secrets are lost when the process ends"}

    def read(self, name: str) -> SecretRecord:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.read`."""
        with _lock:
            if name not in self._secrets:
                raise self.missing_error(name)
            return self._secrets[name]

    def list(self) -> Iterable[SecretSummary]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.list`."""
        with _lock:
            return [SecretSummary(name) for name in self._secrets]

    def create(self, name: str, record: SecretRecord) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.create`."""
        with _lock:
            if name in self._secrets:
                raise self.exists_error(name)
            self._secrets[name] = record

    def replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.replace`."""
        with _lock:
            if name not in self._secrets:
                raise self.missing_error(name)
            self._secrets[name] = change(self._secrets[name])

    def delete(self, name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.delete`."""
        with _lock:
            if self._secrets.pop(name, None) is None:
                raise self.missing_error(name)

    def delete_all(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Clearable.delete_all`."""
        with _lock:
            self._secrets.clear()
