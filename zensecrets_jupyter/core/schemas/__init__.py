"""Schemas of secrets: base class, registry, and schemas for secrets without a class."""

from zensecrets_jupyter.core.schemas.arbitrary import ArbitrarySecretSchema
from zensecrets_jupyter.core.schemas.external import clear_keys_of, external_schema
from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema
from zensecrets_jupyter.core.schemas.refused_content import texts_in
from zensecrets_jupyter.core.schemas.registry import get_schema, schema_types
from zensecrets_jupyter.core.schemas.undefined import UndefinedSecretSchema, schema_or_fallback

__all__ = [
    "ArbitrarySecretSchema",
    "BaseSecretSchema",
    "UndefinedSecretSchema",
    "clear_keys_of",
    "external_schema",
    "get_schema",
    "schema_or_fallback",
    "schema_types",
    "texts_in",
]
