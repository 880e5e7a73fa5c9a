"""Warnings that commands add to their results.

Each warning is a line that begins with "Warning:" or "Note:".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.redaction import unmaskable_reason
from zensecrets_jupyter.core.settings import absolute_path
from zensecrets_jupyter.core.stack import ComponentType, get_flavor
from zensecrets_jupyter.core.value_cleanup import list_value_warnings
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.workspace import ComponentRecord


def stack_warnings(name: str) -> tuple[str, ...]:
    """Return a warning if a stack can't run, or can't be validated.

    An incomplete stack is no error, because the user may add its components one by one.
    """
    try:
        report = get_workspace().stack(name).validate()
    except ZenSecretsError as error:
        return (f"Warning: stack {name!r} could not be validated: {error}",)
    return () if report.ok else (f"Warning: {report}",)


def attribute_warnings(record: ComponentRecord, attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the warnings about the attributes that a command set in a component."""
    sealed_names = record.sealed.names if record.sealed else ()
    texts = {attribute: text for attribute, text in attributes.items() if attribute in sealed_names and isinstance(text, str) and text}
    return (
        *plain_value_warnings(record, attributes),
        *_ignored_attributes(record, attributes),
        *_import_notes(record, attributes),
        *value_notes(record.name, texts, removal_hint=""),
    )


def _ignored_attributes(record: ComponentRecord, attributes: Iterable[str]) -> list[str]:
    """Return a note for each attribute that has no effect here.

    The flavor accepts these attributes, and does not store them.
    """
    if record.type is ComponentType.SECRETS_MANAGER:
        return []
    ignored = get_flavor(record.type.value, record.flavor).IGNORED
    return [f"Note: {attribute!r} was left out: {ignored[attribute]}." for attribute in attributes if attribute in ignored]


def _import_notes(record: ComponentRecord, attributes: Mapping[str, Any]) -> list[str]:
    """Return a note about the import of ZenML's secrets file, if ``secrets_file`` names one."""
    file = attributes.get("secrets_file")
    if not file or record.type is not ComponentType.SECRETS_MANAGER or record.flavor != "local":
        return []
    if not absolute_path(str(file)).exists():
        return [f"Note: the file {file!r} does not exist, so no secret was imported. New secrets are sealed in {record.name!r}."]
    note = f"Note: the secrets of {file!r} were imported to {record.name!r}, where they are sealed."
    return [f"{note} The file still contains them in base64, which is no protection. Delete it when ZenML no longer needs it."]


def plain_value_warnings(record: ComponentRecord, attributes: Iterable[str]) -> list[str]:
    """Return a warning for each sensitive attribute whose value is not a reference.

    The attributes of secrets managers get no warning, because they can't be references.
    """
    takes_references = record.type is not ComponentType.SECRETS_MANAGER
    sealed_names = set(record.sealed.names if record.sealed and takes_references else ())
    return [
        f"Warning: {attribute!r} is a plain value{_missing_secret_clause(attribute)}. It is stored sealed, and shown masked."
        f" To keep it in the secrets manager, write a reference: --{attribute}={{{{SECRET_NAME.KEY}}}}"
        for attribute in attributes
        if attribute in sealed_names
    ]


def _missing_secret_clause(attribute: str) -> str:
    """Return a clause about the value of ``authentication_secret``; empty for other attributes.

    In ZenML, the value of this attribute is the name of a secret.
    """
    return ", not as a reference or the name of a secret in the active stack" if attribute == "authentication_secret" else ""


def value_notes(name: str, content: Mapping[str, str], *, removal_hint: str = "; --strip removes it") -> list[str]:
    """Return notes about values that are empty, or contain white space or invisible characters.

    Args:
        name: The name of the secret or component.
        content: The values by key.
        removal_hint: The end of a note about characters that ``--strip`` removes; empty if the command has no option ``--strip``.
    """
    return [f"Note: {remark}" for remark in list_value_warnings(name, content, removal_hint=removal_hint)]


def unmaskable_warnings(schema: type[BaseSecretSchema], name: str, content: Mapping[str, str]) -> list[str]:
    """Return a warning, with the reason, for each sensitive value that can't be masked."""
    reasons = {key: unmaskable_reason(value) for key, value in content.items() if value and schema.is_sensitive(key)}
    return [
        f"Warning: the value of {name}.{key} can't be masked in outputs, because {reason}." for key, reason in reasons.items() if reason
    ]
