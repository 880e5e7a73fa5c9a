"""ZenML's registry of schemas. In this package, the definition of a schema class registers it.

As in ZenML, the parameters ``secret`` are schema classes, and not secrets.
"""

from __future__ import annotations

from typing import TypeVar

from zensecrets_jupyter.core.schemas import BaseSecretSchema, get_schema

_SchemaT = TypeVar("_SchemaT", bound=type[BaseSecretSchema])


class SecretSchemaClassRegistry:
    """The registered schemas."""

    @staticmethod
    def get_class(secret_schema: str) -> type[BaseSecretSchema]:
        """Return the schema class whose ``TYPE`` is ``secret_schema``, such as ``aws``.

        Raises:
            SchemaError: If the schema does not exist; the error suggests similar names.
        """
        return get_schema(secret_schema)

    @staticmethod
    def register_class(secret: type[BaseSecretSchema]) -> None:
        """Do nothing: the definition of the class has registered it."""


def register_secret_schema_class(secret: _SchemaT) -> _SchemaT:
    """Return the class: its definition has registered it."""
    return secret
