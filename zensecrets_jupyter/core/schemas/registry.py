"""Registry of the schemas, by their ``TYPE``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import SchemaError
from zensecrets_jupyter.core.names import did_you_mean, quote_untrusted
from zensecrets_jupyter.core.registry import Registry

if TYPE_CHECKING:
    from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema

ENTRY_POINTS = "zensecrets_jupyter.schemas.v1"
"""The entry-point group of schemas in other packages. An entry has the form ``TYPE = "module:Class"``."""

_PACKAGE = "zensecrets_jupyter.core.schemas"
BUILT_IN: dict[str, tuple[str, str]] = {
    "arbitrary": (f"{_PACKAGE}.arbitrary", "ArbitrarySecretSchema"),
    "aws": (f"{_PACKAGE}.built_in.aws", "AWSSecretSchema"),
    "azure": (f"{_PACKAGE}.built_in.azure", "AzureSecretSchema"),
    "basic_auth": (f"{_PACKAGE}.built_in.basic_auth", "BasicAuthSecretSchema"),
    "gcp": (f"{_PACKAGE}.built_in.gcp", "GCPSecretSchema"),
    "huggingface": (f"{_PACKAGE}.built_in.huggingface", "HuggingFaceSecretSchema"),
    "kserve_az": (f"{_PACKAGE}.built_in.kserve", "KServeAzureSecretSchema"),
    "kserve_gs": (f"{_PACKAGE}.built_in.kserve", "KServeGSSecretSchema"),
    "kserve_s3": (f"{_PACKAGE}.built_in.kserve", "KServeS3SecretSchema"),
    "label_studio": (f"{_PACKAGE}.built_in.label_studio", "LabelStudioSecretSchema"),
    "mysql": (f"{_PACKAGE}.built_in.mysql", "MySQLSecretSchema"),
    "openai": (f"{_PACKAGE}.built_in.openai", "OpenAISecretSchema"),
    "postgresql": (f"{_PACKAGE}.built_in.postgresql", "PostgreSQLSecretSchema"),
    "seldon_az": (f"{_PACKAGE}.built_in.seldon", "SeldonAzureSecretSchema"),
    "seldon_gs": (f"{_PACKAGE}.built_in.seldon", "SeldonGSSecretSchema"),
    "seldon_s3": (f"{_PACKAGE}.built_in.seldon", "SeldonS3SecretSchema"),
    "slack": (f"{_PACKAGE}.built_in.slack", "SlackSecretSchema"),
    "whylabs": (f"{_PACKAGE}.built_in.whylabs", "WhylabsSecretSchema"),
}
"""Module and class name of each built-in schema, by type."""


def _error(_name: str, message: str, hint: str) -> SchemaError:
    """Return the error for a type that is registered twice, and for a schema that can't be imported."""
    return SchemaError(message, hint=hint)


_registry: Registry[BaseSecretSchema] = Registry("schema", ENTRY_POINTS, BUILT_IN, clash_error=_error, unavailable_error=_error)


def add(schema: type[BaseSecretSchema]) -> None:
    """Register a class under its ``TYPE``.

    A class that is defined again replaces the earlier one.

    Raises:
        SchemaError: If the type belongs to a built-in class, to a class of an installed package, or to another class of this process.
    """
    _registry.add(schema.TYPE, schema)


def schema_types() -> list[str]:
    """Return the registered types, sorted, without importing their modules.

    Raises:
        SchemaError: If two packages register the same type.
    """
    return _registry.names()


def get_schema(schema_type: str) -> type[BaseSecretSchema]:
    """Return the schema of a type.

    Raises:
        SchemaError: If no class has that type, two packages register the type, or the package of the class can't be imported.
    """
    schema = _registry.find(schema_type)
    if schema is not None:
        return schema
    message = f"No schema is called {quote_untrusted(schema_type)}."
    hint = f"{did_you_mean(schema_type, schema_types())} The schemas are {', '.join(schema_types())}."
    raise SchemaError(message, hint=hint.strip())
