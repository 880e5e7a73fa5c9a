"""What is told besides the outcome of a command, because it will matter later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.redaction import why_unprotected
from zensecrets_jupyter.core.settings import absolute_path
from zensecrets_jupyter.core.stack import ComponentType, get_flavor
from zensecrets_jupyter.core.unseen import remarks_on
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.workspace import ComponentRecord


def stack_warning(name: str) -> str:
    """Return, for after another text, what keeps a stack from running; nothing if nothing does. A stack may be incomplete for a while."""
    try:
        report = get_workspace().stack(name).validate()
    except ZenSecretsError as error:
        return f"\nWarning: stack {name!r} could not be validated: {error}"
    return "" if report.ok else f"\nWarning: {report}"


def attribute_notes(record: ComponentRecord, given: Mapping[str, Any]) -> str:
    """Return, for after another text, what is to be said about the attributes that a component was given; nothing if there is nothing."""
    said = f"{plain_value_warning(record, given)}{_ignored_note(record, given)}{_secrets_file_note(record, given)}"
    sealed = record.sealed.names if record.sealed else ()
    texts = {attribute: text for attribute, text in given.items() if attribute in sealed and isinstance(text, str) and text}
    return f"{said}{unseen_note(record.name, texts, strip='')}"


def _ignored_note(record: ComponentRecord, given: Iterable[str]) -> str:
    if record.type is ComponentType.SECRETS_MANAGER:
        return ""
    ignored = get_flavor(record.type.value, record.flavor).IGNORED
    return "".join(f"\nNote: {attribute!r} was left out: {ignored[attribute]}." for attribute in given if attribute in ignored)


def _secrets_file_note(record: ComponentRecord, given: Mapping[str, Any]) -> str:
    """Return what became of the secrets of ZenML's file."""
    file = given.get("secrets_file")
    if not file or record.type is not ComponentType.SECRETS_MANAGER or record.flavor != "local":
        return ""
    if not absolute_path(str(file)).exists():
        return f"\nNote: there is no file {file!r}, so no secret was taken over. New ones are sealed in {record.name!r}."
    return (
        f"\nNote: the secrets of {file!r} were taken over into {record.name!r}, where they are sealed. The file still holds them in base64,"
        " which protects nothing: delete it when ZenML no longer needs it."
    )


def plain_value_warning(record: ComponentRecord, given: Iterable[str]) -> str:
    """Return, for after another text, that sensitive attributes were given as plain values; nothing if none was.

    A secrets manager takes no references, so that there is nothing else to give.
    """
    takes_references = record.type is not ComponentType.SECRETS_MANAGER
    sealed = set(record.sealed.names if record.sealed and takes_references else ())
    return "".join(
        f"\nWarning: {attribute!r} was given as a plain value{_no_name(attribute)}. It is sealed, and masked when shown;"
        f" a reference, --{attribute}={{{{SECRET_NAME.KEY}}}}, would keep it in the secrets manager."
        for attribute in given
        if attribute in sealed
    )


def _no_name(attribute: str) -> str:
    return ", not as a reference or the name of a secret in the active stack" if attribute == "authentication_secret" else ""


def unseen_note(name: str, content: Mapping[str, str], *, strip: str = "; --strip takes it off") -> str:
    """Return, for after another text, which values are empty, or hold what nobody sees and is kept; nothing if there are none."""
    return "".join(f"\nNote: {remark}" for remark in remarks_on(name, content, strip=strip))


def unmasked_warning(schema: type[BaseSecretSchema], name: str, content: Mapping[str, str]) -> str:
    """Return, for after another text, which values of a secret's sensitive keys no output can mask, and why; nothing if there are none."""
    reasons = {key: why_unprotected(value) for key, value in content.items() if value and schema.is_sensitive(key)}
    return "".join(
        f"\nWarning: the value of {name}.{key} can't be masked in outputs, since {reason}." for key, reason in reasons.items() if reason
    )
