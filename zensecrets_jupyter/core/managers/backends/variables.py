"""Base class of backends that read secrets from a flat list of variables.

A variable is called ``PREFIXNAME__KEY`` in capitals, or a mapping names the variable of each key. Nothing is written.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError
from zensecrets_jupyter.core.managers.backend import Backend
from zensecrets_jupyter.core.managers.records import ManagerOptions, SecretRecord, SecretSummary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BETWEEN = "__"
"""Separator of name and key in the name of a variable."""

_CANONICAL = re.compile(r"[A-Z0-9_]+")


class VariablesOptions(ManagerOptions):
    """Options that say which variables are secrets."""

    prefix: str = "SECRET_"
    """What the variables of secrets begin with: ``SECRET_DB__PASSWORD`` is the key ``password`` of the secret ``db``."""
    mapping: dict[str, dict[str, str]] = Field(default_factory=dict)
    """For a secret whose variables have other names: its keys, and the variable of each. It then has no others."""
    schemas: dict[str, str] = Field(default_factory=dict)
    """For a secret that is more than keys and values: the type of its schema, such as ``aws``."""


class VariablesBackend(Backend):
    """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`; a subclass returns the variables."""

    options_model: ClassVar[type[ManagerOptions]] = VariablesOptions
    is_local: ClassVar[bool] = True
    parallel_reads: ClassVar[int] = 1

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        chosen = self._chosen
        return {
            "kept in": self.where(),
            "protected by": "nothing: whoever can read that can read them",
            "variables": f"{chosen.prefix}NAME{BETWEEN}KEY, in capitals",
            "mapped secrets": ", ".join(sorted(chosen.mapping)) or "none",
        }

    @property
    def _chosen(self) -> VariablesOptions:
        return cast("VariablesOptions", self.options)

    def read(self, name: str) -> SecretRecord:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.read`."""
        content = self._contents().get(name)
        if content is None:
            raise self.missing(name)
        return SecretRecord(self._schema_of(name), content)

    def list(self) -> Iterable[SecretSummary]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.list`."""
        return [SecretSummary(name, self._schema_of(name)) for name in self._contents()]

    def _schema_of(self, name: str) -> str:
        return self._chosen.schemas.get(name, "arbitrary")

    def _contents(self) -> dict[str, dict[str, str]]:
        variables = self.variables()
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

    # What a subclass implements.

    @abstractmethod
    def variables(self) -> Mapping[str, str]:
        """Return all variables, with their values."""

    @abstractmethod
    def where(self) -> str:
        """Return a few words on where the variables are."""
