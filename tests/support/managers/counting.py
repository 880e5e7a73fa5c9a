"""A backend that stores secrets in a dict and counts requests."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

from zensecrets_jupyter.core.managers import Backend, ManagerContext, ManagerOptions, SecretRecord, SecretSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class CountingBackend(Backend):
    """A backend that counts its reads and lists.

    Attributes:
        stored: The records by name.
        reads: The names of all reads so far.
        lists: The number of lists so far.
        seconds: Seconds that each read takes.
        during_read: Called with the name while a read runs, if it is set.
        token: The change token.
    """

    FLAVOR: ClassVar[str] = "counting"

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """Start empty."""
        super().__init__(options, context=context)
        self.stored: dict[str, SecretRecord] = {}
        self.reads: list[str] = []
        self.lists = 0
        self.seconds = 0.0
        self.during_read: Callable[[str], object] | None = None
        self.token: object = None
        self._counting = threading.Lock()

    def put(self, name: str, **content: str) -> None:
        """Store a secret without the manager, as another machine would."""
        self.stored[name] = SecretRecord("arbitrary", content)

    def read(self, name: str) -> SecretRecord:
        """Count the read, wait, and return the record."""
        with self._counting:
            self.reads.append(name)
        record = self.stored.get(name)
        time.sleep(self.seconds)
        if self.during_read is not None:
            self.during_read(name)
        if record is None:
            raise self.missing_error(name)
        return record

    def list(self) -> Iterable[SecretSummary]:
        """Count the list and return the summaries."""
        with self._counting:
            self.lists += 1
        return [SecretSummary(name) for name in self.stored]

    def create(self, name: str, record: SecretRecord) -> None:
        """Store a record."""
        if name in self.stored:
            raise self.exists_error(name)
        self.stored[name] = record

    def replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        """Change a record."""
        if name not in self.stored:
            raise self.missing_error(name)
        self.stored[name] = change(self.stored[name])

    def delete(self, name: str) -> None:
        """Delete a record."""
        if self.stored.pop(name, None) is None:
            raise self.missing_error(name)

    def change_token(self) -> object:
        """Return the token that the test has set."""
        return self.token
