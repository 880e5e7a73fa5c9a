"""Schemas of secrets and their registry, with ZenML's import path."""

from zensecrets_jupyter.classic.schemas import SecretSchemaClassRegistry, register_secret_schema_class
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema, BaseSecretSchema

__all__ = ["ArbitrarySecretSchema", "BaseSecretSchema", "SecretSchemaClassRegistry", "register_secret_schema_class"]
