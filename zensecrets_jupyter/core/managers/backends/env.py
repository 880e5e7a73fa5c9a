"""The read-only ``env`` backend: environment variables of this process, as CI systems and containers set them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from zensecrets_jupyter.core.managers.backends.variables import VariablesBackend, VariablesOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.core.managers.records import ManagerOptions


class EnvOptions(VariablesOptions):
    """Options of the ``env`` backend, which adds none."""


class EnvBackend(VariablesBackend):
    """The backend that reads environment variables of this process."""

    FLAVOR: ClassVar[str] = "env"
    options_model: ClassVar[type[ManagerOptions]] = EnvOptions

    def variables(self) -> Mapping[str, str]:
        """See :meth:`VariablesBackend.variables`."""
        return os.environ

    def location(self) -> str:
        """See :meth:`VariablesBackend.location`."""
        return "the environment of this process"

    def change_token(self) -> object:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.ChangeTracking.change_token`."""
        return hash(frozenset(os.environ.items()))
