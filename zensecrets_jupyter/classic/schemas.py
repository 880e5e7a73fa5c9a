"""ZenML's registry of schemas. In this package, a schema is registered by its class definition."""

from __future__ import annotations

from typing import TypeVar

from zensecrets_jupyter.core.schemas import BaseSecretSchema, get_schema

_SchemaT = TypeVar("_SchemaT", bound=type[BaseSecretSchema])


class SecretSchemaClassRegistry:
    """The registered schemas."""

    @staticmethod
    def get_class(secret_schema: str) -> type[BaseSecretSchema]:
        """Return the schema with that ``TYPE``.

        Raises:
            SchemaError: If it does not exist; the error suggests similar names.
        """
        return get_schema(secret_schema)

    @staticmethod
    def register_class(secret: type[BaseSecretSchema]) -> None:
        """Do nothing: the definition of the class has registered it."""


def register_secret_schema_class(secret: _SchemaT) -> _SchemaT:
    """Return the class: its definition has registered it."""
    return secret
