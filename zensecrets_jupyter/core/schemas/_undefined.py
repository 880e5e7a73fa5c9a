"""The schema of a secret whose class is not defined in this process: any keys, all sensitive, and the type kept."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from zensecrets_jupyter.core.errors import SchemaError
from zensecrets_jupyter.core.schemas import _registry
from zensecrets_jupyter.core.schemas.interface import ArbitrarySecretSchema, BaseSecretSchema


class UndefinedSecretSchema(ArbitrarySecretSchema):
    """A secret that was registered with a schema which this process does not know; subclasses carry its type."""

    TYPE: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Stay out of the registry: the type belongs to the class that is missing."""


@cache
def undefined(schema_type: str) -> type[UndefinedSecretSchema]:
    """Return the stand-in for the schema of that type."""
    return type("UndefinedSecretSchema", (UndefinedSecretSchema,), {"TYPE": schema_type, "__module__": __name__})


def schema_or_stand_in(schema_type: str) -> type[BaseSecretSchema]:
    """Return the schema of that type, or where it is not defined here a stand-in that keeps the type."""
    try:
        return _registry.get_schema(schema_type)
    except SchemaError:
        return undefined(schema_type)
