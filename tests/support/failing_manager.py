"""A manager whose connection breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import ManagerUnreachableError
from zensecrets_jupyter.core.managers.memory import MemorySecretsManager

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers import SecretRecord


class FailingManager(MemorySecretsManager):
    """A manager whose connection breaks after some writes, until it is mended."""

    FLAVOR = "failing"
    writes_left = 10**6

    def _register(self, name: str, record: SecretRecord) -> None:
        if type(self).writes_left <= 0:
            raise ManagerUnreachableError("The connection broke.", flavor=self.FLAVOR)
        type(self).writes_left -= 1
        super()._register(name, record)
