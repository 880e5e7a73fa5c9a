"""The registry of schemas with ZenML's import path."""

from zensecrets_jupyter.classic.schemas import SecretSchemaClassRegistry, register_secret_schema_class

__all__ = ["SecretSchemaClassRegistry", "register_secret_schema_class"]
