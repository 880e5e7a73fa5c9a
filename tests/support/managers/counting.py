"""A backend that stores secrets in a dict and counts ``read`` and ``list`` calls."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

from zensecrets_jupyter.core.managers import Backend, ManagerContext, ManagerOptions, SecretRecord, SecretSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class CountingBackend(Backend):
    """The backend.

    Attributes:
        records: The stored secrets by name.
        reads: The name that each call of :meth:`read` so far has read, in order.
        list_count: The number of calls of :meth:`list` so far.
        seconds: Seconds that each call of :meth:`read` waits.
        during_read: Called with the name while a read runs, if it is set.
        token: The change token. A test sets another one to report that the stored secrets have changed.
    """

    FLAVOR: ClassVar[str] = "counting"

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """Start empty."""
        super().__init__(options, context=context)
        self.records: dict[str, SecretRecord] = {}
        self.reads: list[str] = []
        self.list_count = 0
        self.seconds = 0.0
        self.during_read: Callable[[str], object] | None = None
        self.token: object = None
        self._lock = threading.Lock()

    def put(self, name: str, **content: str) -> None:
        """Store a secret without the manager, as another machine would."""
        self.records[name] = SecretRecord("arbitrary", content)

    def read(self, name: str) -> SecretRecord:
        """Count the call, look up the record, wait, and then return the record."""
        with self._lock:
            self.reads.append(name)
        record = self.records.get(name)
        time.sleep(self.seconds)
        if self.during_read is not None:
            self.during_read(name)
        if record is None:
            raise self.missing_error(name)
        return record

    def list(self) -> Iterable[SecretSummary]:
        """Count the call and return the summaries."""
        with self._lock:
            self.list_count += 1
        return [SecretSummary(name) for name in self.records]

    def create(self, name: str, record: SecretRecord) -> None:
        """Store a record."""
        if name in self.records:
            raise self.exists_error(name)
        self.records[name] = record

    def replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        """Change a record."""
        if name not in self.records:
            raise self.missing_error(name)
        self.records[name] = change(self.records[name])

    def delete(self, name: str) -> None:
        """Delete a record."""
        if self.records.pop(name, None) is None:
            raise self.missing_error(name)

    def change_token(self) -> object:
        """Return the token that the test has set."""
        return self.token
