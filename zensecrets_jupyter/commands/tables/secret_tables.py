"""Tables of secrets, their versions and their schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.tables.table import Table, local_time
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zensecrets_jupyter.core.managers import SecretSummary, SecretVersion
    from zensecrets_jupyter.core.schemas import BaseSecretSchema


def secret_table(secret: BaseSecretSchema) -> Table:
    """Return a table of a secret's keys and masked values.

    Values that the schema declares as clear text are not masked.
    """
    rows = [(key, value) for key, value in secret.masked_content().items()]
    return Table(["key", "value"], rows, title=f"Secret {secret.name!r} (schema {secret.TYPE})", note="" if rows else "It has no keys.")


def secrets_table(manager_name: str, secrets: Sequence[SecretSummary]) -> Table:
    """Return the secrets of a secrets manager with their metadata; no secret is read."""
    columns = ["name", "schema", "version", "updated"]
    rows = [[secret.name, _schema_text(secret.schema), secret.version, secret.updated and local_time(secret.updated)] for secret in secrets]
    # The name is always shown. Another column is left out if it has no value in any row.
    used_columns = [index for index, _ in enumerate(columns) if index == 0 or any(row[index] is not None for row in rows)]
    empty_note = "There are no secrets. To register one: %secret register NAME"
    title = f"Secrets in secrets manager {manager_name!r}"
    return Table(
        [columns[index] for index in used_columns],
        [[row[index] for index in used_columns] for row in rows],
        title=title,
        note="" if rows else empty_note,
    )


def versions_table(name: str, versions: Sequence[SecretVersion]) -> Table:
    """Return the stored versions of a secret."""
    rows = [
        (version.number, _schema_text(version.schema), local_time(version.created), "current" if version.current else "")
        for version in versions
    ]
    return Table(["version", "schema", "written", ""], rows, title=f"Versions of secret {name!r}")


def schemas_table(schemas: Iterable[tuple[str, type[BaseSecretSchema] | None]]) -> Table:
    """Return the schema types with their keys.

    Each item of ``schemas`` is a type and its schema. The schema is ``None`` if it can't be imported.
    """
    rows = [(schema_type, _keys_text(schema) if schema else "not usable here") for schema_type, schema in schemas]
    return Table(["schema", "keys"], rows, note="To show the keys of one schema: %secret schemas TYPE")


def schema_table(schema: type[BaseSecretSchema]) -> Table:
    """Return the keys of a schema."""
    rows = [
        (
            key,
            schema.model_fields[key].description,
            "required" if schema.model_fields[key].is_required() else "optional",
            "masked" if schema.is_sensitive(key) else "shown",
        )
        for key in schema.get_schema_keys()
    ]
    note = "It takes any keys; all values are masked." if schema.takes_any_key() else ""
    return Table(["key", "description", "", "value"], rows, title=f"Schema {schema.TYPE}", note=note)


def _schema_text(schema: str | None) -> str | None:
    """Return a schema type for display.

    An imported secret may have any text as its type. A text that looks like the value of a secret is hidden.
    """
    return schema if schema is None or not is_opaque(schema) else "(not shown)"


def _keys_text(schema: type[BaseSecretSchema]) -> str:
    if schema.takes_any_key():
        return "any"
    required = set(schema.required_keys())
    return ", ".join(key if key in required else f"{key} (optional)" for key in schema.get_schema_keys())
