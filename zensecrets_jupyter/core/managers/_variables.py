"""Secrets that are variables: which variable is which key of which secret, for places that only hold a flat list of them.

A variable is found by its name, ``PREFIXNAME__KEY`` in capitals, or by a mapping that says for each key which variable holds it. Nothing is
written; a name that no variable can stand for is not there, unless the mapping has it.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError, SecretNotFoundError
from zensecrets_jupyter.core.managers.interface import SecretsManager
from zensecrets_jupyter.core.managers.records import Capability, ManagerOptions, SecretRecord, SecretSummary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BETWEEN = "__"
"""What stands between the name and the key in a variable's name."""

_CANONICAL = re.compile(r"[A-Z0-9_]+")


class VariablesOptions(ManagerOptions):
    """Which variables are secrets."""

    prefix: str = "SECRET_"
    """What the variables of secrets begin with: ``SECRET_DB__PASSWORD`` is the key ``password`` of the secret ``db``."""
    mapping: dict[str, dict[str, str]] = Field(default_factory=dict)
    """For a secret whose variables have other names: its keys, and the variable of each. It then has no others."""
    schemas: dict[str, str] = Field(default_factory=dict)
    """For a secret that is more than keys and values: the type of its schema, such as ``aws``."""


class VariablesSecretsManager(SecretsManager):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`; a subclass brings the variables."""

    capabilities: ClassVar[Capability] = Capability.READ | Capability.LIST
    options_model: ClassVar[type[ManagerOptions]] = VariablesOptions
    is_local: ClassVar[bool] = True
    parallel_reads: ClassVar[int] = 1

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.interface.SecretsManager.describe`."""
        chosen = self._chosen
        return {
            "kept in": self._where(),
            "protected by": "nothing: whoever can read that can read them",
            "variables": f"{chosen.prefix}NAME{BETWEEN}KEY, in capitals",
            "mapped secrets": ", ".join(sorted(chosen.mapping)) or "none",
        }

    @property
    def _chosen(self) -> VariablesOptions:
        return cast("VariablesOptions", self.options)

    def _read(self, name: str) -> SecretRecord:
        content = self._contents().get(name)
        if content is None:
            raise SecretNotFoundError(f"no {name!r}", name=name)
        return SecretRecord(self._schema_of(name), content)

    def _list(self) -> Iterable[str]:
        return list(self._contents())

    def _summaries(self) -> Iterable[SecretSummary]:
        return [SecretSummary(name, self._schema_of(name)) for name in self._contents()]

    def _schema_of(self, name: str) -> str:
        return self._chosen.schemas.get(name, "arbitrary")

    def _contents(self) -> dict[str, dict[str, str]]:
        variables = self._variables()
        contents: dict[str, dict[str, str]] = {}
        for variable, value in variables.items():
            name, key = self._named(variable)
            if name and name not in self._chosen.mapping:
                contents.setdefault(name, {})[key] = value
        for name, keys in self._chosen.mapping.items():
            content = {key: variables[variable] for key, variable in keys.items() if variable in variables}
            if content:
                contents[name] = content
        return contents

    def _named(self, variable: str) -> tuple[str, str]:
        """Return the name and the key that ``variable`` stands for; empty ones if it stands for none."""
        prefix = self._chosen.prefix
        if variable.startswith(prefix):
            name, between, key = variable[len(prefix) :].partition(BETWEEN)
            # Small letters have no variable of their own: a name in them would be two variables' at once.
            if between and _CANONICAL.fullmatch(name) and _CANONICAL.fullmatch(key):
                with suppress(InvalidSecretError):
                    return names.check_name(name.lower()), names.check_key(key.lower())
        return "", ""

    # What a flavor implements.

    @abstractmethod
    def _variables(self) -> Mapping[str, str]:
        """Return all variables there are."""

    @abstractmethod
    def _where(self) -> str:
        """Return in a few words where they are."""
