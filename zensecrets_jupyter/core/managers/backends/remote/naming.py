"""Conversion of secret names to keys of a shared service, below a path for the scope, and back.

A character that the service does not allow, and the escape character itself, becomes the escape character with two hexadecimal digits for
each byte of its UTF-8. No two names give one key, and a key that no name gives belongs to another program. Keys that would be too long are
refused, never cut.
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
"""First part of every key but those of scope ``none``; ZenML's own."""

_LOWER = string.ascii_lowercase + string.digits
_ANY_CASE = string.ascii_letters + string.digits


@dataclass(frozen=True)
class NameEncoding:
    """The characters that a service allows in a key, and how others are escaped.

    Attributes:
        service: Name of the service, for messages.
        letters: Characters of a name that are not escaped, without the separator's; empty if nothing is escaped.
        max_length: Maximum number of characters in a key.
        escape_mark: Text that begins an escape: one character, or the same twice if names often have it. A single one is then kept.
        separator: Text between the parts of a path. No escaped part contains it.
        upper: Whether keys have capitals only: a small letter is written as a capital, and a capital is escaped.
        first: Characters that a key may begin with; empty if any.
        reserved: Prefixes that no key may have.
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
        """Return ``part`` in the characters of the service."""
        if not self.letters:
            return part
        start = 1 if part and (part.startswith(self.reserved) or (self.first and part[0] not in self.first)) else 0
        pieces = [self._escaped(letter) for letter in part[:start]]
        for number, letter in enumerate(part[start:], start):
            pieces.append(letter if self._stands(letter, part[number + 1 : number + 2]) else self._escaped(letter))
        text = "".join(pieces)
        return text.upper() if self.upper else text

    def unescape(self, text: str) -> str | None:
        """Return the part that :meth:`escape` converts to ``text``, or ``None``."""
        if not self.letters:
            return text
        folded = text.lower() if self.upper else text
        part = None
        with suppress(ValueError):
            pieces = re.split(f"((?:{re.escape(self.escape_mark)}[0-9a-f]{{2}})+)", folded)
            # Each second piece is a run of escapes: a character of several bytes is one run.
            part = "".join(
                bytes.fromhex(piece.replace(self.escape_mark, "")).decode("utf-8", "surrogatepass") if number % 2 else piece
                for number, piece in enumerate(pieces)
            )
        return part if part is not None and self.escape(part) == text else None

    def _stands(self, letter: str, following: str) -> bool:
        if letter != self.escape_mark[0]:
            return letter in self.letters
        return len(self.escape_mark) > 1 and bool(following) and following != letter and following in self.letters

    def _escaped(self, letter: str) -> str:
        return "".join(f"{self.escape_mark}{byte:02x}" for byte in letter.encode("utf-8", "surrogatepass"))


ENCODINGS = {
    # "Secret name" in CreateSecret: letters, digits and /_+=.@- , 512 characters.
    "aws": NameEncoding("AWS Secrets Manager", f"{_ANY_CASE}_-+@", 512),
    # secretId of projects.secrets.create: letters in both cases, digits, hyphens and underscores, 255 characters.
    "gcp": NameEncoding("Google Cloud Secret Manager", f"{_ANY_CASE}_-", 255, escape_mark="--", separator="---"),
    # "Object names" of Key Vault: letters, digits and hyphens, in either case the same, 127 characters.
    "azure": NameEncoding("Azure Key Vault", f"{_LOWER}-", 127, escape_mark="--", separator="---"),
    # A path of Vault may hold nearly anything; 512 bytes is Consul's limit on the key in which Vault keeps it, with what Vault adds.
    "vault": NameEncoding("Vault", f"{_ANY_CASE}_-", 360),
    # "Naming your secrets" of GitHub Actions: capitals, digits and underscores, no digit first, not GITHUB_. No length is documented.
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
    # The name of a secret of a ZenML server: any text of 255 characters. What pipelines call a secret is its name here.
    "zenml": NameEncoding("ZenML", "", 255),
}
"""The encodings of the built-in services, by flavor."""


class Scope(str, Enum):
    """Users of a secret: every program, all secrets managers, one secrets manager, or those with one namespace."""

    NONE = "none"
    GLOBAL = "global"
    COMPONENT = "component"
    NAMESPACE = "namespace"


class ScopedOptions(ManagerOptions):
    """Attributes of every flavor whose backend is shared."""

    scope: Scope = Scope.COMPONENT
    """Users of the secrets: ``component`` this secrets manager, ``namespace`` those with the same namespace, ``global`` all
    secrets managers with that scope, ``none`` every user of the service, by bare names."""
    namespace: str | None = Field(default=None, validate_default=True, max_length=100)
    """The namespace; with scope ``namespace`` only."""

    @field_validator("namespace")
    @classmethod
    def _belong_to_the_scope(cls, namespace: str | None, info: ValidationInfo) -> str | None:
        # Only the type of an error is shown, so that no text of it can quote the value.
        wanted = info.data.get("scope") is Scope.NAMESPACE
        if wanted and not namespace:
            raise PydanticCustomError("missing, scope=namespace needs it", "missing")
        if namespace and not wanted and "scope" in info.data:
            raise PydanticCustomError("given without scope=namespace", "unexpected")
        if namespace and not re.fullmatch(r"[^\s/.{}\x00-\x1f\x7f\ud800-\udfff]+", namespace):
            raise PydanticCustomError("holds white space, a slash, a dot or a brace", "malformed")
        return namespace


class RemoteKeys:
    """The keys of one secrets manager in a shared service.

    Attributes:
        scope: Scope of the secrets manager.
        prefix: Prefix of each key; empty for scope ``none``.
    """

    def __init__(self, encoding: NameEncoding, options: ScopedOptions, identity: str) -> None:
        """Use the scope of ``options``; ``identity`` is the secrets manager's."""
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
        self._others = root if options.scope is Scope.NONE else ""

    def key_for(self, name: str) -> str:
        """Return the key of the secret called ``name``.

        Raises:
            InvalidSecretError: If the key would be too long for the service, or belong to another scope.
        """
        key = self.prefix + self._encoding.escape(name)
        if self._others and key.startswith(self._others):
            message = f"Without a scope no secret can be called {name!r}: what begins so belongs to the scopes."
            raise InvalidSecretError(message, name=name, hint="Choose another name.")
        if len(key) > self._encoding.max_length:
            message = f"The name {name[:20]!r}… is too long for {self._encoding.service}: written in its alphabet and with its scope it has"
            message = f"{message} {len(key)} characters; {self._encoding.max_length} are allowed, {len(self.prefix)} of them for the scope."
            raise InvalidSecretError(message, name=name, hint="Choose a shorter name, of small letters and digits.")
        return key

    def name_for(self, key: str) -> str | None:
        """Return the name of the secret with that key; ``None`` if the key has another scope or no name gives it."""
        if not key.startswith(self.prefix) or (self._others and key.startswith(self._others)):
            return None
        name = self._encoding.unescape(key[len(self.prefix) :])
        with suppress(InvalidSecretError):
            return None if name is None else names.check_name(name)
        return None

    def names_in(self, keys: Iterable[str]) -> list[str]:
        """Return the names of those of the ``keys`` that are this secrets manager's."""
        return [name for name in map(self.name_for, keys) if name is not None]
