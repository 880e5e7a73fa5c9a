"""Which schemas are known, by their ``TYPE``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import SchemaError
from zensecrets_jupyter.core.names import did_you_mean, told
from zensecrets_jupyter.core.registry import Registry

if TYPE_CHECKING:
    from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema

ENTRY_POINTS = "zensecrets_jupyter.schemas.v1"
"""The group in which a package names its schemas: ``type = "module:Class"``."""

_HERE = "zensecrets_jupyter.core.schemas"
BUILT_IN: dict[str, tuple[str, str]] = {
    "arbitrary": (f"{_HERE}.interface", "ArbitrarySecretSchema"),
    "aws": (f"{_HERE}.aws", "AWSSecretSchema"),
    "azure": (f"{_HERE}.azure", "AzureSecretSchema"),
    "basic_auth": (f"{_HERE}.basic_auth", "BasicAuthSecretSchema"),
    "gcp": (f"{_HERE}.gcp", "GCPSecretSchema"),
    "huggingface": (f"{_HERE}.huggingface", "HuggingFaceSecretSchema"),
    "kserve_az": (f"{_HERE}.kserve", "KServeAzureSecretSchema"),
    "kserve_gs": (f"{_HERE}.kserve", "KServeGSSecretSchema"),
    "kserve_s3": (f"{_HERE}.kserve", "KServeS3SecretSchema"),
    "label_studio": (f"{_HERE}.label_studio", "LabelStudioSecretSchema"),
    "mysql": (f"{_HERE}.mysql", "MySQLSecretSchema"),
    "openai": (f"{_HERE}.openai", "OpenAISecretSchema"),
    "postgresql": (f"{_HERE}.postgresql", "PostgreSQLSecretSchema"),
    "seldon_az": (f"{_HERE}.seldon", "SeldonAzureSecretSchema"),
    "seldon_gs": (f"{_HERE}.seldon", "SeldonGSSecretSchema"),
    "seldon_s3": (f"{_HERE}.seldon", "SeldonS3SecretSchema"),
    "slack": (f"{_HERE}.slack", "SlackSecretSchema"),
    "whylabs": (f"{_HERE}.whylabs", "WhylabsSecretSchema"),
}


def _error(_name: str, message: str, hint: str) -> SchemaError:
    return SchemaError(message, hint=hint)


_registry: Registry[BaseSecretSchema] = Registry("schema", ENTRY_POINTS, BUILT_IN, clash=_error, unavailable=_error)


def add(schema: type[BaseSecretSchema]) -> None:
    """Make a class known under its ``TYPE``; a class of the same name, defined again in a cell, replaces the earlier one.

    Raises:
        SchemaError: If the type belongs to a built-in schema, to an installed one, or to another class.
    """
    _registry.add(schema.TYPE, schema)


def schema_types() -> list[str]:
    """Return every type that is known here, sorted; nothing is imported for it.

    Raises:
        SchemaError: If a type is claimed twice.
    """
    return _registry.names()


def get_schema(schema_type: str) -> type[BaseSecretSchema]:
    """Return the schema of that type.

    Raises:
        SchemaError: If none is known, it is claimed twice, or its package can't be imported.
    """
    found = _registry.find(schema_type)
    if found is not None:
        return found
    message = f"No schema is called {told(schema_type)}."
    hint = f"{did_you_mean(schema_type, schema_types())} The schemas are {', '.join(schema_types())}."
    raise SchemaError(message, hint=hint.strip())
