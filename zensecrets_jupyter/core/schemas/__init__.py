"""Schemas of secrets: what a secret is (`interface`), which schemas are known, and one file for each built-in schema."""

from zensecrets_jupyter.core.schemas._external import clear_keys_of, external_schema
from zensecrets_jupyter.core.schemas._refusals import texts_in
from zensecrets_jupyter.core.schemas._registry import get_schema, schema_types
from zensecrets_jupyter.core.schemas._undefined import UndefinedSecretSchema, schema_or_stand_in
from zensecrets_jupyter.core.schemas.interface import ArbitrarySecretSchema, BaseSecretSchema

__all__ = [
    "ArbitrarySecretSchema",
    "BaseSecretSchema",
    "UndefinedSecretSchema",
    "clear_keys_of",
    "external_schema",
    "get_schema",
    "schema_or_stand_in",
    "schema_types",
    "texts_in",
]
