"""Base class of read-only backends for variables: environment variables, or those of a ``.env`` file.

The key ``password`` of the secret ``db`` is in the variable ``SECRET_DB__PASSWORD``: a prefix, the name, two underscores and the key. The
option ``mapping`` makes secrets from variables with other names.
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

SEPARATOR = "__"
"""Separator of name and key in the name of a variable."""

_UPPER_CASE = re.compile(r"[A-Z0-9_]+")
"""Pattern that the name and the key both match in the name of a variable."""


class VariablesOptions(ManagerOptions):
    """Options that select the variables with secrets."""

    prefix: str = "SECRET_"
    """Prefix of the variables. ``SECRET_DB__PASSWORD`` is the key ``password`` of the secret ``db``."""
    mapping: dict[str, dict[str, str]] = Field(default_factory=dict)
    """The variable of each key, for each secret whose variables have other names, such as ``{"db": {"password": "DB_PASS"}}``. A secret in
    this mapping has no other keys, so its variables with the prefix are ignored."""
    schemas: dict[str, str] = Field(default_factory=dict)
    """The schema of each secret whose schema is not ``arbitrary``, such as ``{"cloud": "aws"}``."""


class VariablesBackend(Backend):
    """The base class of backends that read variables. A subclass implements :meth:`variables` and :meth:`location`."""

    options_model: ClassVar[type[ManagerOptions]] = VariablesOptions
    is_local: ClassVar[bool] = True
    parallel_reads: ClassVar[int] = 1

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        options = self._variables_options
        return {
            "kept in": self.location(),
            "protected by": "nothing: every program that can read this location can read the secrets",
            "variables": f"{options.prefix}NAME{SEPARATOR}KEY, in upper case",
            "mapped secrets": ", ".join(sorted(options.mapping)) or "none",
        }

    @property
    def _variables_options(self) -> VariablesOptions:
        """The same object as ``options``, with its type for mypy."""
        return cast("VariablesOptions", self.options)

    def read(self, name: str) -> SecretRecord:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.read`."""
        content = self._contents().get(name)
        if content is None:
            raise self.missing_error(name)
        return SecretRecord(self._schema_of(name), content)

    def list(self) -> Iterable[SecretSummary]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.list`."""
        return [SecretSummary(name, self._schema_of(name)) for name in self._contents()]

    def _schema_of(self, name: str) -> str:
        return self._variables_options.schemas.get(name, "arbitrary")

    def _contents(self) -> dict[str, dict[str, str]]:
        """Return the contents of all secrets, by name."""
        variables = self.variables()
        contents: dict[str, dict[str, str]] = {}
        for variable, value in variables.items():
            name, key = self._parse_variable(variable)
            if name and name not in self._variables_options.mapping:
                contents.setdefault(name, {})[key] = value
        for name, keys in self._variables_options.mapping.items():
            content = {key: variables[variable] for key, variable in keys.items() if variable in variables}
            if content:
                contents[name] = content
        return contents

    def _parse_variable(self, variable: str) -> tuple[str, str]:
        """Return the name and the key of a variable, or two empty texts if it is not a variable of a secret."""
        prefix = self._variables_options.prefix
        if variable.startswith(prefix):
            name, separator, key = variable[len(prefix) :].partition(SEPARATOR)
            # Lower case is not accepted, because otherwise SECRET_DB__KEY and SECRET_db__KEY would be the same key of one secret.
            if separator and _UPPER_CASE.fullmatch(name) and _UPPER_CASE.fullmatch(key):
                with suppress(InvalidSecretError):
                    return names.check_name(name.lower()), names.check_key(key.lower())
        return "", ""

    # Methods that a subclass implements.

    @abstractmethod
    def variables(self) -> Mapping[str, str]:
        """Return all variables, with their values."""

    @abstractmethod
    def location(self) -> str:
        """Return the location of the variables, as a short text for users."""
