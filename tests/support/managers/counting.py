"""A flavor that keeps secrets in a dict and counts what is asked of it, as an author of a plug-in would write it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

from zensecrets_jupyter.core.errors import SecretNotFoundError
from zensecrets_jupyter.core.managers import ManagerContext, ManagerOptions, SecretRecord, SecretsManager
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class CountingManager(SecretsManager):
    """Each read takes ``seconds`` and, where there is one, calls ``during_read`` with the name before it looks."""

    FLAVOR: ClassVar[str] = "counting"

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """Hold nothing yet."""
        super().__init__(options, context=context)
        self.kept: dict[str, SecretRecord] = {}
        self.reads: list[str] = []
        self.lists = 0
        self.seconds = 0.0
        self.during_read: Callable[[str], object] | None = None
        self.token: object = None
        self._counting = threading.Lock()

    def put(self, name: str, **content: str) -> None:
        """Write a secret behind the cache's back, as another machine would."""
        self.kept[name] = SecretRecord("arbitrary", content)

    def _read(self, name: str) -> SecretRecord:
        with self._counting:
            self.reads.append(name)
        record = self.kept.get(name)
        time.sleep(self.seconds)
        if self.during_read is not None:
            self.during_read(name)
        if record is None:
            raise SecretNotFoundError(f"no {name!r}", name=name)
        return record

    def _list(self) -> Iterable[str]:
        with self._counting:
            self.lists += 1
        return list(self.kept)

    def _register(self, name: str, record: SecretRecord) -> None:
        if name in self.kept:
            raise self.exists(name)
        self.kept[name] = record

    def _update(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        if name not in self.kept:
            raise SecretNotFoundError(f"no {name!r}", name=name)
        self.kept[name] = change(self.kept[name])

    def _delete(self, name: str) -> None:
        if self.kept.pop(name, None) is None:
            raise SecretNotFoundError(f"no {name!r}", name=name)

    def _change_token(self) -> object:
        return self.token


def secret(name: str, **content: str) -> ArbitrarySecretSchema:
    """Return a secret with that content."""
    return ArbitrarySecretSchema(name=name, arbitrary_kv_pairs=content)
