"""A backend whose connection fails after a number of new secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import ManagerUnreachableError
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers import SecretRecord


class FailingBackend(MemoryBackend):
    """A memory backend that can create only a number of secrets. Changing and deleting secrets never fails.

    Attributes:
        writes_left: How many more secrets can be created. It is an attribute of the class, so a test can change it at any time. With the
            initial number, no test fails.
    """

    FLAVOR = "failing"
    writes_left = 10**6

    def create(self, name: str, record: SecretRecord) -> None:
        """Store a new secret, or fail if ``writes_left`` is 0."""
        if type(self).writes_left <= 0:
            raise ManagerUnreachableError("The connection broke.", flavor=self.FLAVOR)
        type(self).writes_left -= 1
        super().create(name, record)
