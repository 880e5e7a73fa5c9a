"""Secrets that are environment variables of this process, as CI systems and containers give them.

Needs nothing. It only reads, keeps no versions, and every child of this process inherits the same variables.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from zensecrets_jupyter.core.managers._variables import VariablesOptions, VariablesSecretsManager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.core.managers.records import ManagerOptions


class EnvOptions(VariablesOptions):
    """Which variables are secrets."""


class EnvSecretsManager(VariablesSecretsManager):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""

    FLAVOR: ClassVar[str] = "env"
    options_model: ClassVar[type[ManagerOptions]] = EnvOptions

    def _variables(self) -> Mapping[str, str]:
        return os.environ

    def _where(self) -> str:
        return "the environment of this process"

    def _change_token(self) -> object:
        return hash(frozenset(os.environ.items()))
