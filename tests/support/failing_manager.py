"""A backend whose connection fails after a number of writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import ManagerUnreachableError
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers import SecretRecord


class FailingBackend(MemoryBackend):
    """A memory backend that fails after ``writes_left`` writes, until a test sets another number."""

    FLAVOR = "failing"
    writes_left = 10**6

    def create(self, name: str, record: SecretRecord) -> None:
        """Store a secret, or fail if no writes are left."""
        if type(self).writes_left <= 0:
            raise ManagerUnreachableError("The connection broke.", flavor=self.FLAVOR)
        type(self).writes_left -= 1
        super().create(name, record)
