"""What passes between a secrets manager and whoever opens or calls it: what it can do, what it keeps, and what it is made with."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict

from zensecrets_jupyter.core import settings
from zensecrets_jupyter.core.fields import is_clear_text_field, is_secret_field, looks_sensitive, secret_fragments
from zensecrets_jupyter.core.redaction import the_redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from zensecrets_jupyter.core.interaction import PassphraseSource
    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.value import Origin


class Capability(enum.Flag):
    """What a secrets manager can do."""

    READ = enum.auto()
    LIST = enum.auto()
    REGISTER = enum.auto()
    UPDATE = enum.auto()
    DELETE = enum.auto()
    VERSIONS = enum.auto()
    UNDELETE = enum.auto()
    REKEY = enum.auto()


CHANGES = Capability.REGISTER | Capability.UPDATE | Capability.DELETE | Capability.UNDELETE
"""What changes something."""

ALL_BUT_VERSIONS = Capability.READ | Capability.LIST | Capability.REGISTER | Capability.UPDATE | Capability.DELETE


@dataclass(frozen=True)
class SecretRecord:
    """What a secrets manager keeps under a name: the type of the schema, and the content as plain texts.

    ``clear_keys`` are those of another program's secret that were recognised as harmless; they are no part of what is kept.
    """

    schema: str
    content: Mapping[str, str] = field(repr=False)
    clear_keys: frozenset[str] = field(default=frozenset(), compare=False)


class SecretVersion(NamedTuple):
    """One kept state of a secret: its ``number`` (from 1, growing), schema type, time of writing (UTC), and whether it is current."""

    number: int
    schema: str
    created: datetime
    current: bool


class SecretSummary(NamedTuple):
    """What a list shows of a secret without reading a value; ``None`` where the manager does not know without reading."""

    name: str
    schema: str | None = None
    version: int | None = None
    updated: datetime | None = None


class ManagerOptions(BaseModel):
    """The attributes that a flavor takes at registration; sensitive ones are a SecretField."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    OTHER_NAMES: ClassVar[dict[str, str]] = {}
    """ZenML's name of an attribute, and ours; what is stored and shown has ours."""

    ONCE: ClassVar[frozenset[str]] = frozenset()
    """Attributes that say what to do at registration, and are not kept."""

    @classmethod
    def translated(cls, name: str, value: Any) -> Any:  # noqa: ARG003 - that of options with other units looks at the name
        """Return what the attribute of our name is for the ``value`` of the one that ZenML calls ``name``; ``None`` drops it."""
        return value

    @classmethod
    def in_our_names(cls, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the attributes under our names.

        Raises:
            ValueError: If one is given under both of its names; the error's text is safe to show.
        """
        found = dict(attributes)
        for theirs, ours in cls.OTHER_NAMES.items():
            if theirs not in found:
                continue
            if ours in found:
                message = f"{theirs} and {ours} are two names of one attribute; give it once"
                raise ValueError(message)
            value = cls.translated(theirs, found.pop(theirs))
            if value is not None:
                found[ours] = value
        return found

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Return what ``repr`` shows: sensitive options as marks."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return [(name, f"‹secret:{name}›" if self.is_sensitive(name, value) else value) for name, value in values.items()]

    @classmethod
    def is_sensitive(cls, name: str, value: Any) -> bool:
        """Tell whether an attribute is sealed at rest and masked: a SecretField, and a text that looks like a secret."""
        field = cls.model_fields.get(cls.OTHER_NAMES.get(name, name))
        if field is not None and (is_secret_field(field) or is_clear_text_field(field)):
            return is_secret_field(field)
        return isinstance(value, str) and looks_sensitive(name, value)

    @classmethod
    def protect(cls, attributes: Mapping[str, Any]) -> None:
        """Have the guard mask the sensitive ones among the attributes, which need not be acceptable."""
        for name, value in attributes.items():
            if isinstance(value, str) and value and cls.is_sensitive(name, value):
                for text in (value, *secret_fragments(name, value)):
                    the_redactor().protect(text, name)


def _registered() -> None:
    """Find nothing wrong: of a manager that was never registered."""


@dataclass(frozen=True)
class ManagerContext:
    """What the workspace tells a secrets manager about itself when it opens it.

    Attributes:
        name: What the user called it.
        id: Its identity, which stays when it is renamed; sealed content is bound to it.
        folder: A folder of its own for files that it keeps; it need not exist yet.
        origin: Where its values can be resolved again when they are unpickled; ``None`` for one that nobody registered.
        ask_passphrase: Asks a person for the passphrase of a store; ``None`` where nobody can be asked.
        check_registered: Raises NoSecretsManagerError if the manager was deleted meanwhile, perhaps by another process.
    """

    name: str = "unregistered"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    folder: Path = field(default_factory=lambda: settings.home() / "secrets_managers" / "unregistered")
    origin: Origin | None = None
    ask_passphrase: PassphraseSource | None = None
    check_registered: Callable[[], None] = _registered


def record_of(secret: BaseSecretSchema) -> SecretRecord:
    """Return what is stored of ``secret``: its type, and its content as exact ``str``."""
    return SecretRecord(secret.TYPE, {key: str.__str__(value) for key, value in secret.content.items()})
