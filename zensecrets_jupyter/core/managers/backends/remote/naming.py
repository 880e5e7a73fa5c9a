"""Conversion of secret names to keys of a shared service and back. A key begins with a path for the scope.

A character outside the alphabet of the service, and the escape character itself, are escaped. An escape is the escape character and two
hexadecimal digits, for each byte of the character in UTF-8. Different names have different keys. A key that belongs to no name is a key
of another program. A name whose key would be too long is refused, and the key is never shortened.
"""

from __future__ import annotations

import re
import string
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError
from zensecrets_jupyter.core.managers.records import ManagerOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = "zenml"
"""First part of every key, except for scope ``none``. ZenML uses the same text."""

_LOWER = string.ascii_lowercase + string.digits
_ANY_CASE = string.ascii_letters + string.digits


@dataclass(frozen=True)
class NameEncoding:
    """The alphabet of keys in a service, and how other characters are escaped.

    Attributes:
        service: Name of the service, for messages.
        letters: Characters that are not escaped. If it is empty, nothing is escaped. The characters of the separator are not included.
        max_length: Maximum number of characters in a key.
        escape_mark: Text that begins an escape: one character, or the same character twice. If it is twice the character, the character
            alone is not escaped.
        separator: Text between the parts of a path. An escaped part never contains it.
        upper: Whether keys have upper-case letters only. Lower case is converted, and upper case is escaped.
        first: Characters that a key may begin with. If it is empty, a key may begin with any character.
        reserved: Prefixes that a key must not have.
    """

    service: str
    letters: str
    max_length: int
    escape_mark: str = "="
    separator: str = "/"
    upper: bool = False
    first: str = ""
    reserved: tuple[str, ...] = ()

    def escape(self, part: str) -> str:
        """Return one part of a key in the alphabet of the service."""
        if not self.letters:
            return part
        # An escaped first character avoids a reserved prefix, or a first character that the service does not allow.
        start = 1 if part and (part.startswith(self.reserved) or (self.first and part[0] not in self.first)) else 0
        pieces = [self._escape_letter(letter) for letter in part[:start]]
        for number, letter in enumerate(part[start:], start):
            pieces.append(letter if self._is_unescaped(letter, part[number + 1 : number + 2]) else self._escape_letter(letter))
        text = "".join(pieces)
        return text.upper() if self.upper else text

    def unescape(self, text: str) -> str | None:
        """Return the part that :meth:`escape` converts to ``text``, or ``None`` if there is none."""
        if not self.letters:
            return text
        folded = text.lower() if self.upper else text
        part = None
        with suppress(ValueError):
            pieces = re.split(f"((?:{re.escape(self.escape_mark)}[0-9a-f]{{2}})+)", folded)
            # Every second piece is a sequence of escapes, because a character may have several bytes.
            part = "".join(
                bytes.fromhex(piece.replace(self.escape_mark, "")).decode("utf-8", "surrogatepass") if number % 2 else piece
                for number, piece in enumerate(pieces)
            )
        return part if part is not None and self.escape(part) == text else None

    def _is_unescaped(self, letter: str, following: str) -> bool:
        """Return whether a character before ``following`` is not escaped."""
        if letter != self.escape_mark[0]:
            return letter in self.letters
        return len(self.escape_mark) > 1 and bool(following) and following != letter and following in self.letters

    def _escape_letter(self, letter: str) -> str:
        """Return the escape of a character."""
        return "".join(f"{self.escape_mark}{byte:02x}" for byte in letter.encode("utf-8", "surrogatepass"))


ENCODINGS = {
    # CreateSecret allows letters, digits and /_+=.@- and 512 characters ("Secret name").
    "aws": NameEncoding("AWS Secrets Manager", f"{_ANY_CASE}_-+@", 512),
    # projects.secrets.create allows letters, digits, hyphens and underscores, and 255 characters ("secretId").
    "gcp": NameEncoding("Google Cloud Secret Manager", f"{_ANY_CASE}_-", 255, escape_mark="--", separator="---"),
    # Key Vault allows letters without case, digits and hyphens, and 127 characters ("Object names").
    "azure": NameEncoding("Azure Key Vault", f"{_LOWER}-", 127, escape_mark="--", separator="---"),
    # Vault allows nearly all characters in a path. Its Consul storage allows 512 bytes for a key, including a prefix of Vault.
    "vault": NameEncoding("Vault", f"{_ANY_CASE}_-", 360),
    # GitHub allows upper-case letters, digits and underscores, no digit at the start, and no prefix GITHUB_ ("Naming your secrets").
    # It documents no length.
    "github": NameEncoding(
        "GitHub",
        f"{_LOWER}_",
        255,
        escape_mark="__",
        separator="___",
        upper=True,
        first=f"{string.ascii_lowercase}_",
        reserved=("github_",),
    ),
    # A ZenML server allows any text of 255 characters. Pipelines use the same name, so nothing is escaped.
    "zenml": NameEncoding("ZenML", "", 255),
}
"""The encodings of the built-in services, by flavor."""


class Scope(str, Enum):
    """The kinds of groups of secrets managers that share their secrets."""

    NONE = "none"
    GLOBAL = "global"
    COMPONENT = "component"
    NAMESPACE = "namespace"


class ScopedOptions(ManagerOptions):
    """Options of every flavor with a shared service."""

    scope: Scope = Scope.COMPONENT
    """Which managers share the secrets: ``component`` this one only, ``namespace`` all with the same namespace, ``global`` all with the
    same scope. With ``none`` all programs share the secrets, and the keys have no prefix."""
    namespace: str | None = Field(default=None, validate_default=True, max_length=100)
    """The namespace, for scope ``namespace`` only."""

    @field_validator("namespace")
    @classmethod
    def _require_scope_namespace(cls, namespace: str | None, info: ValidationInfo) -> str | None:
        # Users see only the type of this error, so that no text can quote the value.
        needs_namespace = info.data.get("scope") is Scope.NAMESPACE
        if needs_namespace and not namespace:
            raise PydanticCustomError("missing, scope=namespace needs it", "missing")
        if namespace and not needs_namespace and "scope" in info.data:
            raise PydanticCustomError("given without scope=namespace", "unexpected")
        if namespace and not re.fullmatch(r"[^\s/.{}\x00-\x1f\x7f\ud800-\udfff]+", namespace):
            raise PydanticCustomError("holds white space, a slash, a dot or a brace", "malformed")
        return namespace


class RemoteKeys:
    """The keys of one secrets manager in a shared service.

    Attributes:
        scope: Scope of the secrets manager.
        prefix: Prefix of each key. It is empty for scope ``none``.
    """

    def __init__(self, encoding: NameEncoding, options: ScopedOptions, identity: str) -> None:
        """Use the scope of ``options``, for the manager with the ID ``identity``."""
        self._encoding = encoding
        parts = {
            Scope.NONE: [],
            Scope.GLOBAL: [ROOT, "global"],
            Scope.COMPONENT: [ROOT, "component", identity],
            Scope.NAMESPACE: [ROOT, "namespace", options.namespace or ""],
        }
        self.scope = options.scope
        self.prefix = "".join(encoding.escape(part) + encoding.separator for part in parts[options.scope])
        root = encoding.escape(ROOT) + encoding.separator
        self._reserved_prefix = root if options.scope is Scope.NONE else ""

    def key_for(self, name: str) -> str:
        """Return the key of a secret.

        Raises:
            InvalidSecretError: If the key would be too long for the service, or would belong to another scope.
        """
        key = self.prefix + self._encoding.escape(name)
        if self._reserved_prefix and key.startswith(self._reserved_prefix):
            message = f"Without a scope, no secret can have the name {name!r}, because its prefix is reserved for scopes."
            raise InvalidSecretError(message, name=name, hint="Choose another name.")
        if len(key) > self._encoding.max_length:
            message = f"The name {name[:20]!r}… is too long for {self._encoding.service}: its key has"
            message = f"{message} {len(key)} characters, {len(self.prefix)} of them for the scope."
            message = f"{message} At most {self._encoding.max_length} are allowed."
            raise InvalidSecretError(message, name=name, hint="Choose a shorter name with lower-case letters and digits only.")
        return key

    def name_for(self, key: str) -> str | None:
        """Return the name that belongs to a key, or ``None`` if the key has another scope or belongs to no name."""
        if not key.startswith(self.prefix) or (self._reserved_prefix and key.startswith(self._reserved_prefix)):
            return None
        name = self._encoding.unescape(key[len(self.prefix) :])
        with suppress(InvalidSecretError):
            return None if name is None else names.check_name(name)
        return None

    def names_in(self, keys: Iterable[str]) -> list[str]:
        """Return the names of the keys that belong to this secrets manager."""
        return [name for name in map(self.name_for, keys) if name is not None]
