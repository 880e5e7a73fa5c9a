"""Conversion of secret names to keys of a shared service and back.

A key is the name under which the service stores a secret. It begins with a path for the scope, for example ``zenml/global/``. With scope
``none`` it has no path.

A character outside the alphabet of the service, and the escape character itself, are escaped. An escape is the escape character and two
hexadecimal digits, for each byte of the character in UTF-8. For example, ``=`` is escaped as ``=3d``. Different names have different keys.
A key that belongs to no name is a key of another program. A name whose key would be too long is refused, because a shortened key could
belong to two names.
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
"""First segment of every key, except for scope ``none``. ZenML uses the same text."""

_LOWER = string.ascii_lowercase + string.digits
_ANY_CASE = string.ascii_letters + string.digits


@dataclass(frozen=True)
class NameEncoding:
    """The alphabet of keys in a service, and how other characters are escaped.

    Attributes:
        service: Name of the service, for messages.
        letters: Characters that are not escaped, also digits and punctuation. The attributes below have exceptions. If this text is
            empty, no character is escaped.
        max_length: Maximum number of characters in a key.
        escape_mark: Text that begins an escape: one character, or the same character twice. With ``--``, the name ``a-b``
            has no escape, and ``a--b`` becomes ``a--2d-b``.
        separator: Text between the segments of a key. An escaped segment never contains it.
        has_upper_case: Whether keys have upper-case letters only. Lower case is converted, and upper case is escaped.
        first_letters: Characters that a segment may begin with. If this text is empty, it may begin with any character.
        reserved_prefixes: Prefixes that a segment must not have, in lower case.
    """

    service: str
    letters: str
    max_length: int
    escape_mark: str = "="
    separator: str = "/"
    has_upper_case: bool = False
    first_letters: str = ""
    reserved_prefixes: tuple[str, ...] = ()

    def escape(self, segment: str) -> str:
        """Return one segment of a key in the alphabet of the service."""
        if not self.letters:
            return segment
        is_first_letter_allowed = not self.first_letters or segment[:1] in self.first_letters
        # If the first character is escaped, the segment has no reserved prefix, and begins with a character that the service allows.
        must_escape_first = bool(segment) and (segment.startswith(self.reserved_prefixes) or not is_first_letter_allowed)
        escaped = ""
        for index, letter in enumerate(segment):
            is_escaped = (must_escape_first and index == 0) or self._needs_escape(letter, segment[index + 1 : index + 2])
            escaped += self._escape_letter(letter) if is_escaped else letter
        return escaped.upper() if self.has_upper_case else escaped

    def unescape(self, text: str) -> str | None:
        """Return the segment that :meth:`escape` converts to ``text``, or ``None`` if there is none."""
        if not self.letters:
            return text
        escaped = text.lower() if self.has_upper_case else text
        segment = None
        with suppress(ValueError):
            # A sequence of escapes is decoded as a whole, because a character may have several bytes.
            segment = re.sub(f"(?:{re.escape(self.escape_mark)}[0-9a-f]{{2}})+", self._decode_escapes, escaped)
        # A text that :meth:`escape` never returns is a key of another program.
        return segment if segment is not None and self.escape(segment) == text else None

    def _decode_escapes(self, escapes: re.Match[str]) -> str:
        """Return the characters of a sequence of escapes."""
        return bytes.fromhex(escapes[0].replace(self.escape_mark, "")).decode("utf-8", "surrogatepass")

    def _needs_escape(self, letter: str, next_letter: str) -> bool:
        """Return whether a character has to be escaped. ``next_letter`` is empty at the end of the segment."""
        if letter != self.escape_mark[0]:
            return letter not in self.letters
        # The letter is the character of the mark. With a mark of one character, it is always escaped. With a doubled mark, it is escaped
        # only before the same character, before a character that is escaped, and at the end.
        return not (len(self.escape_mark) > 1 and bool(next_letter) and next_letter != letter and next_letter in self.letters)

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
    # Vault allows nearly all characters in a path. Its Consul storage allows 512 bytes for a key, including a prefix of Vault,
    # so 360 leaves room for this prefix.
    "vault": NameEncoding("Vault", f"{_ANY_CASE}_-", 360),
    # GitHub allows upper-case letters, digits and underscores, no digit at the start, and no prefix GITHUB_ ("Naming your secrets").
    # It documents no maximum length, so 255 is our choice.
    "github": NameEncoding(
        "GitHub",
        f"{_LOWER}_",
        255,
        escape_mark="__",
        separator="___",
        has_upper_case=True,
        first_letters=f"{string.ascii_lowercase}_",
        reserved_prefixes=("github_",),
    ),
    # A ZenML server allows any text of 255 characters. Pipelines use the same name, so nothing is escaped.
    "zenml": NameEncoding("ZenML", "", 255),
}
"""The encodings of the built-in services, by flavor."""


class Scope(str, Enum):
    """Which secrets managers share their secrets. :attr:`ScopedOptions.scope` explains the values."""

    NONE = "none"
    GLOBAL = "global"
    COMPONENT = "component"
    NAMESPACE = "namespace"


class ScopedOptions(ManagerOptions):
    """Options of every flavor with a service or database that several secrets managers can share."""

    scope: Scope = Scope.COMPONENT
    """Which managers share the secrets. With ``component`` only this manager has them, with ``namespace`` all managers with the same
    namespace, and with ``global`` all managers with this scope. With ``none`` all programs share them, and the keys have no prefix."""
    namespace: str | None = Field(default=None, validate_default=True, max_length=100)
    """The namespace, for scope ``namespace`` only. The default is validated too, so that this scope without a namespace is an error."""

    @field_validator("namespace")
    @classmethod
    def _require_scope_namespace(cls, namespace: str | None, info: ValidationInfo) -> str | None:
        # Users see only the type of this error, the first argument, so that no text can quote the value.
        needs_namespace = info.data.get("scope") is Scope.NAMESPACE
        if needs_namespace and not namespace:
            raise PydanticCustomError("missing, scope=namespace needs it", "missing")
        # An invalid scope is not in the data, and has its own error.
        if namespace and not needs_namespace and "scope" in info.data:
            raise PydanticCustomError("given without scope=namespace", "unexpected")
        # Control characters and lone surrogates are refused too.
        if namespace and not re.fullmatch(r"[^\s/.{}\x00-\x1f\x7f\ud800-\udfff]+", namespace):
            raise PydanticCustomError("holds white space, a slash, a dot or a brace", "malformed")
        return namespace


class RemoteKeys:
    """The keys of one secrets manager in a shared service.

    Attributes:
        scope: Scope of the secrets manager.
        prefix: Prefix of each key. It is empty for scope ``none``.
    """

    def __init__(self, encoding: NameEncoding, options: ScopedOptions, manager_id: str) -> None:
        """Use the scope of ``options``, for the manager with the ID ``manager_id``."""
        self._encoding = encoding
        segments = {
            Scope.NONE: [],
            Scope.GLOBAL: [ROOT, "global"],
            Scope.COMPONENT: [ROOT, "component", manager_id],
            Scope.NAMESPACE: [ROOT, "namespace", options.namespace or ""],
        }
        self.scope = options.scope
        self.prefix = "".join(encoding.escape(segment) + encoding.separator for segment in segments[options.scope])
        # Without a scope, names must not collide with the keys of other scopes.
        self._reserved_prefix = encoding.escape(ROOT) + encoding.separator if options.scope is Scope.NONE else ""

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
            message = (
                f"The name {name[:20]!r}… is too long for {self._encoding.service}: its key has {len(key)} characters, "
                f"{len(self.prefix)} of them for the scope. At most {self._encoding.max_length} are allowed."
            )
            raise InvalidSecretError(message, name=name, hint="Choose a shorter name with lower-case letters and digits only.")
        return key

    def name_for(self, key: str) -> str | None:
        """Return the name whose key is ``key``, or ``None`` if the key has another scope or belongs to no name."""
        if not key.startswith(self.prefix) or (self._reserved_prefix and key.startswith(self._reserved_prefix)):
            return None
        name = self._encoding.unescape(key[len(self.prefix) :])
        with suppress(InvalidSecretError):
            return None if name is None else names.check_name(name)
        return None

    def names_of(self, keys: Iterable[str]) -> list[str]:
        """Return the names of the keys that belong to this secrets manager."""
        return [name for name in map(self.name_for, keys) if name is not None]
