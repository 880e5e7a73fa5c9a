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
def _named() -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=ENTRY_POINTS):
        others = found.setdefault(point.name, [])
        if point.value not in {other.value for other in others}:
            others.append(point)
    return found


def _plugin(schema_type: str) -> EntryPoint | None:
    """Return what an installed package names as the schema of that type; SchemaError if the type is claimed twice."""
    points = _named().get(schema_type, [])
    owners = ["zensecrets-jupyter"] * (schema_type in BUILT_IN) + [_distribution(point) for point in points]
    if points and len(owners) > 1:
        message = f"The schema type {schema_type!r} is claimed by {owners[0]!r} and by {owners[1]!r}."
        raise SchemaError(message, hint="Uninstall one of the two.")
    return points[0] if points else None


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def add(schema: type[BaseSecretSchema]) -> None:
    """Make a class known under its ``TYPE``; a class of the same name, defined again in a cell, replaces the earlier one.

    Raises:
        SchemaError: If the type belongs to a built-in schema, to an installed one, or to another class.
    """
    place = (schema.__module__, schema.__qualname__)
    built_in, present = BUILT_IN.get(schema.TYPE), _defined.get(schema.TYPE)
    plugin = _plugin(schema.TYPE) if built_in is None else None
    if built_in and built_in != place:
        message = f"The schema type {schema.TYPE!r} of {schema.__qualname__} is built in."
    elif plugin and (plugin.module, plugin.attr) != place:
        message = f"The schema type {schema.TYPE!r} of {schema.__qualname__} belongs to {_distribution(plugin)!r}, which is installed."
    elif present and (present.__module__, present.__qualname__) != place:
        message = f"The schema type {schema.TYPE!r} belongs to {present.__module__}.{present.__qualname__} already."
    else:
        _defined[schema.TYPE] = schema
        return
    raise SchemaError(message, hint=f"Give {schema.__qualname__} another TYPE.")


def schema_types() -> list[str]:
    """Return every type that is known here, sorted; nothing is imported for it.

    Raises:
        SchemaError: If a type is claimed twice.
    """
    return sorted({*BUILT_IN, *filter(_plugin, _named()), *_defined})


def get_schema(schema_type: str) -> type[BaseSecretSchema]:
    """Return the schema of that type.

    Raises:
        SchemaError: If none is known, it is claimed twice, or its package can't be imported.
    """
    if schema_type in _defined:
        return _defined[schema_type]
    if schema_type in BUILT_IN:
        module, name = BUILT_IN[schema_type]
        built_in: type[BaseSecretSchema] = getattr(importlib.import_module(module), name)
        return built_in
    plugin = _plugin(schema_type)
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
