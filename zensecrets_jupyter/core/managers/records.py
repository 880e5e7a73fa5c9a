"""Data types of secrets managers: capabilities, records, summaries, versions, options and context."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict

from zensecrets_jupyter.core import settings
from zensecrets_jupyter.core.fields import is_clear_text_field, is_secret_field, looks_sensitive, secret_fragments
from zensecrets_jupyter.core.redaction import mask_text, the_redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from zensecrets_jupyter.core.interaction import PassphraseSource
    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.value import Origin


class Capability(enum.Flag):
    """The operations that a secrets manager supports."""

    READ = enum.auto()
    LIST = enum.auto()
    REGISTER = enum.auto()
    UPDATE = enum.auto()
    DELETE = enum.auto()
    VERSIONS = enum.auto()
    """Keep earlier versions, and roll back to them."""
    UNDELETE = enum.auto()
    """Restore deleted secrets."""
    REKEY = enum.auto()
    """Change the key of an encrypted store, or its protection."""


CHANGES = Capability.REGISTER | Capability.UPDATE | Capability.DELETE | Capability.UNDELETE
"""The capabilities that change secrets."""

READ_AND_WRITE = Capability.READ | Capability.LIST | Capability.REGISTER | Capability.UPDATE | Capability.DELETE
"""The capabilities of a backend that can read and write secrets, and has no optional capability."""


@dataclass(frozen=True)
class SecretRecord:
    """The stored data of a secret.

    Attributes:
        schema: Type of the schema, such as ``aws``.
        content: The keys and values, as plain texts.
        clear_keys: The keys whose values need no mask. Only a secret of another program has such keys. The set is
            not stored.
    """

    schema: str
    content: Mapping[str, str] = field(repr=False)
    clear_keys: frozenset[str] = field(default=frozenset(), compare=False)


class SecretVersion(NamedTuple):
    """A version of a secret.

    Attributes:
        number: Number of the version. The first version has number 1.
        schema: Type of the schema.
        created: Time of the write, in UTC.
        current: Whether this version is the current one.
    """

    number: int
    schema: str
    created: datetime
    current: bool


class SecretSummary(NamedTuple):
    """Facts about a secret in a list of secrets. A field is ``None`` if the backend's list does not contain the fact."""

    name: str
    schema: str | None = None
    version: int | None = None
    updated: datetime | None = None


class ManagerOptions(BaseModel):
    """Base class of the options of a flavor, which a user sets at registration. A sensitive option is declared with SecretField."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    ZENML_NAMES: ClassVar[dict[str, str]] = {}
    """Maps ZenML's name of an option to our name, where they differ: ``{"project_id": "project"}``. Our name is stored and shown."""

    REGISTRATION_ONLY: ClassVar[frozenset[str]] = frozenset()
    """The options that only affect the registration, and are not stored."""

    @classmethod
    def translate_value(cls, name: str, value: Any) -> Any:  # noqa: ARG003 - overrides use the name
        """Return our option's value for ``value``, the value of ZenML's option ``name``. ``None`` omits the option."""
        return value

    @classmethod
    def with_our_names(cls, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options with ZenML's names replaced by our names.

        Raises:
            ValueError: If an option has a value under both names. The error does not contain a value.
        """
        options = dict(attributes)
        for zenml_name, our_name in cls.ZENML_NAMES.items():
            if zenml_name not in options:
                continue
            if our_name in options:
                message = f"{zenml_name} and {our_name} are two names of one attribute; give it once"
                raise ValueError(message)
            value = cls.translate_value(zenml_name, options.pop(zenml_name))
            if value is not None:
                options[our_name] = value
        return options

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Return the options for ``repr``, with masks in place of sensitive values."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return [(name, mask_text(name) if self.is_sensitive(name, value) else value) for name, value in values.items()]

    @classmethod
    def is_sensitive(cls, name: str, value: Any) -> bool:
        """Return whether an option is encrypted at rest and masked. ``name`` is ZenML's name or our name.

        An option is sensitive if it is declared with SecretField. If it is declared neither as secret nor as clear text, it is sensitive if
        its value looks like a secret.
        """
        field = cls.model_fields.get(cls.ZENML_NAMES.get(name, name))
        if field is not None and (is_secret_field(field) or is_clear_text_field(field)):
            return is_secret_field(field)
        return isinstance(value, str) and looks_sensitive(name, value)

    @classmethod
    def protect(cls, attributes: Mapping[str, Any]) -> None:
        """Add the sensitive values to the redactor. The attributes may be invalid options."""
        for name, value in attributes.items():
            if isinstance(value, str) and value and cls.is_sensitive(name, value):
                # A fragment is a secret part of the value, such as the password in a URL.
                for text in (value, *secret_fragments(name, value)):
                    the_redactor().protect(text, name)


def _accept_unregistered() -> None:
    """Do nothing: a manager that was never registered cannot be deleted."""


@dataclass(frozen=True)
class ManagerContext:
    """Facts about a registered secrets manager, which the workspace passes to its backend.

    Attributes:
        name: Name under which the manager is registered.
        id: ID of the manager. It does not change when the manager is renamed, because encrypted content can only be decrypted with the
            same ID.
        folder: The manager's folder for files. It may not exist yet.
        origin: Reads a value again when its pickle is loaded, because the pickle contains only a reference. It is
            ``None`` if the manager is not registered.
        ask_passphrase: Asks the user for the passphrase of a store, or ``None`` if no user can be asked.
        check_registered: Raises NoSecretsManagerError if the manager was deleted since it was opened.
    """

    name: str = "unregistered"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    folder: Path = field(default_factory=lambda: settings.home() / "secrets_managers" / "unregistered")
    origin: Origin | None = None
    ask_passphrase: PassphraseSource | None = None
    check_registered: Callable[[], None] = _accept_unregistered


def record_of(secret: BaseSecretSchema) -> SecretRecord:
    """Return the record of a secret, with values of the exact type ``str``."""
    return SecretRecord(secret.TYPE, {key: str.__str__(value) for key, value in secret.content.items()})
