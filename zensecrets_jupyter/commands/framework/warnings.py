"""Warnings that commands add to their results, each a line that begins with "Warning:" or "Note:"."""

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
    """Return what keeps a stack from running. It is no error, since a stack may be incomplete for a while."""
    try:
        report = get_workspace().stack(name).validate()
    except ZenSecretsError as error:
        return (f"Warning: stack {name!r} could not be validated: {error}",)
    return () if report.ok else (f"Warning: {report}",)


def attribute_warnings(record: ComponentRecord, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the warnings about the attributes that a component was given."""
    sealed = record.sealed.names if record.sealed else ()
    texts = {attribute: text for attribute, text in given.items() if attribute in sealed and isinstance(text, str) and text}
    return (
        *plain_value_warnings(record, given),
        *_ignored_attributes(record, given),
        *_imported_secrets_file(record, given),
        *value_notes(record.name, texts, strip=""),
    )


def _ignored_attributes(record: ComponentRecord, given: Iterable[str]) -> list[str]:
    if record.type is ComponentType.SECRETS_MANAGER:
        return []
    ignored = get_flavor(record.type.value, record.flavor).IGNORED
    return [f"Note: {attribute!r} was left out: {ignored[attribute]}." for attribute in given if attribute in ignored]


def _imported_secrets_file(record: ComponentRecord, given: Mapping[str, Any]) -> list[str]:
    """Return whether the secrets of ZenML's own file were imported."""
    file = given.get("secrets_file")
    if not file or record.type is not ComponentType.SECRETS_MANAGER or record.flavor != "local":
        return []
    if not absolute_path(str(file)).exists():
        return [f"Note: there is no file {file!r}, so no secret was taken over. New ones are sealed in {record.name!r}."]
    imported = f"Note: the secrets of {file!r} were taken over into {record.name!r}, where they are sealed."
    return [f"{imported} The file still holds them in base64, which protects nothing: delete it when ZenML no longer needs it."]


def plain_value_warnings(record: ComponentRecord, given: Iterable[str]) -> list[str]:
    """Return a warning for each sensitive attribute that was given as a plain value.

    A secrets manager takes no references, so its plain values have no alternative.
    """
    takes_references = record.type is not ComponentType.SECRETS_MANAGER
    sealed = set(record.sealed.names if record.sealed and takes_references else ())
    return [
        f"Warning: {attribute!r} was given as a plain value{_not_a_secret(attribute)}. It is sealed, and masked when shown;"
        f" a reference, --{attribute}={{{{SECRET_NAME.KEY}}}}, would keep it in the secrets manager."
        for attribute in given
        if attribute in sealed
    ]


def _not_a_secret(attribute: str) -> str:
    return ", not as a reference or the name of a secret in the active stack" if attribute == "authentication_secret" else ""


def value_notes(name: str, content: Mapping[str, str], *, strip: str = "; --strip takes it off") -> list[str]:
    """Return which values are empty, or keep white space or invisible characters."""
    return [f"Note: {remark}" for remark in list_value_warnings(name, content, strip=strip)]


def unmaskable_warnings(schema: type[BaseSecretSchema], name: str, content: Mapping[str, str]) -> list[str]:
    """Return which values of a secret's sensitive keys can't be masked in outputs, and why."""
    reasons = {key: unmaskable_reason(value) for key, value in content.items() if value and schema.is_sensitive(key)}
    return [f"Warning: the value of {name}.{key} can't be masked in outputs, since {reason}." for key, reason in reasons.items() if reason]
