"""Fallback for a schema that is not defined in this process: any keys, all sensitive."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from zensecrets_jupyter.core.errors import SchemaError
from zensecrets_jupyter.core.schemas import registry
from zensecrets_jupyter.core.schemas.arbitrary import ArbitrarySecretSchema

if TYPE_CHECKING:
    from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class UndefinedSecretSchema(ArbitrarySecretSchema):
    """A secret whose schema is not defined in this process.

    Each subclass has the type of one undefined schema.
    """

    TYPE: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Skip the registration: the type belongs to the missing class."""


@cache
def undefined_schema(schema_type: str) -> type[UndefinedSecretSchema]:
    """Return the fallback for the schema of a type."""
    return type("UndefinedSecretSchema", (UndefinedSecretSchema,), {"TYPE": schema_type, "__module__": __name__})


def schema_or_fallback(schema_type: str) -> type[BaseSecretSchema]:
    """Return a type's schema, or a fallback if the schema is missing or can't be imported."""
    try:
        return registry.get_schema(schema_type)
    except SchemaError:
        return undefined_schema(schema_type)
