"""Which schemas are known: the built-in ones, those of installed packages, and classes defined in this process.

Built-in schemas are a table, so that listing them imports nothing. Their types are reserved.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import SchemaError
from zensecrets_jupyter.core.names import did_you_mean

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

_defined: dict[str, type[BaseSecretSchema]] = {}


@cache
def _plugins() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=ENTRY_POINTS):
        if point.name in BUILT_IN:
            raise _clash(point.name, "zensecrets-jupyter", point)
        if point.name in found and found[point.name].value != point.value:
            raise _clash(point.name, _distribution(found[point.name]), point)
        found[point.name] = point
    return found


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _clash(schema_type: str, first: str, point: EntryPoint) -> SchemaError:
    message = f"The schema type {schema_type!r} is claimed by {first!r} and by {_distribution(point)!r}."
    return SchemaError(message, hint="Uninstall one of the two.")


def add(schema: type[BaseSecretSchema]) -> None:
    """Make a class known under its ``TYPE``; a class of the same name, defined again in a cell, replaces the earlier one.

    Raises:
        SchemaError: If the type belongs to a built-in schema or to another class.
    """
    built_in = BUILT_IN.get(schema.TYPE)
    if built_in and built_in != (schema.__module__, schema.__qualname__):
        message = f"The schema type {schema.TYPE!r} of {schema.__qualname__} is built in."
        raise SchemaError(message, hint="Give the class another TYPE.")
    present = _defined.get(schema.TYPE)
    if present and (present.__module__, present.__qualname__) != (schema.__module__, schema.__qualname__):
        message = f"The schema type {schema.TYPE!r} belongs to {present.__module__}.{present.__qualname__} already."
        raise SchemaError(message, hint=f"Give {schema.__qualname__} another TYPE.")
    _defined[schema.TYPE] = schema


def schema_types() -> list[str]:
    """Return every type that is known here, sorted; nothing is imported for it.

    Raises:
        SchemaError: If two installed packages claim one type.
    """
    return sorted({*BUILT_IN, *_plugins(), *_defined})


def get_schema(schema_type: str) -> type[BaseSecretSchema]:
    """Return the schema of that type.

    Raises:
        SchemaError: If none is known, or its package can't be imported.
    """
    if schema_type in _defined:
        return _defined[schema_type]
    if schema_type in BUILT_IN:
        module, name = BUILT_IN[schema_type]
        built_in: type[BaseSecretSchema] = getattr(importlib.import_module(module), name)
        return built_in
    plugin = _plugins().get(schema_type)
    if plugin is None:
        message = f"No schema is called {schema_type!r}."
        hint = f"{did_you_mean(schema_type, schema_types())} The schemas are {', '.join(schema_types())}."
        raise SchemaError(message, hint=hint.strip())
    return _load(plugin)


def _load(plugin: EntryPoint) -> type[BaseSecretSchema]:
    from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema  # noqa: PLC0415 - it imports this module

    loaded: Any = None
    problem = "it is no subclass of BaseSecretSchema with that TYPE"
    try:
        loaded = plugin.load()
    except Exception as error:  # noqa: BLE001 - a plug-in's import can raise anything, and is told as our own error below
        problem = f"{type(error).__name__}: {error}"
    if isinstance(loaded, type) and issubclass(loaded, BaseSecretSchema) and plugin.name == loaded.TYPE:
        return loaded
    message = f"The schema {plugin.name!r} of {_distribution(plugin)!r} can't be used: {problem}."
    raise SchemaError(message, hint="Update or uninstall that package.")
