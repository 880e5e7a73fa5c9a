"""ZenML's registry of schemas; here a schema is known as soon as its class is defined."""

from __future__ import annotations

from typing import TypeVar

from zensecrets_jupyter.core.schemas import BaseSecretSchema, get_schema

_SchemaT = TypeVar("_SchemaT", bound=type[BaseSecretSchema])


class SecretSchemaClassRegistry:
    """The known schemas."""

    @staticmethod
    def get_class(secret_schema: str) -> type[BaseSecretSchema]:
        """Return the schema of that ``TYPE``.

        Raises:
            SchemaError: If there is none; it names near misses.
        """
        return get_schema(secret_schema)

    @staticmethod
    def register_class(secret: type[BaseSecretSchema]) -> None:
        """Do nothing: the class is known since it was defined."""


def register_secret_schema_class(secret: _SchemaT) -> _SchemaT:
    """Return the class: it is known since it was defined."""
    return secret
