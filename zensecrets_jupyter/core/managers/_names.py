"""Names of secrets as the keys of a place that others share: in its alphabet, under a path of their scope, and back.

A character that a place does not take, and the mark of an escape itself, becomes the mark with two hexadecimal digits for each byte of its
UTF-8. No two names give one key, and a key that no name gives belongs to somebody else. What would be too long is refused, never cut.
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
class Alphabet:
    """What a place takes as a key.

    Attributes:
        place: What messages call the place.
        letters: The characters of a name that stand for themselves, never the separator's; empty if all do, and nothing is escaped.
        longest: Characters in a key at most.
        mark: What an escape begins with: one character, or the same twice where it is frequent in names. Once, it then stands for itself.
        separator: What stands between the parts of a path. No escaped part contains it.
        upper: Whether the place knows capitals only: a small letter is written as a capital, and a capital escaped.
        first: The characters that a key may begin with; empty if any.
        reserved: What no key may begin with.
    """

    place: str
    letters: str
    longest: int
    mark: str = "="
    separator: str = "/"
    upper: bool = False
    first: str = ""
    reserved: tuple[str, ...] = ()

    def escape(self, part: str) -> str:
        """Return ``part`` in the letters of the place."""
        if not self.letters:
            return part
        start = 1 if part and (part.startswith(self.reserved) or (self.first and part[0] not in self.first)) else 0
        pieces = [self._escaped(letter) for letter in part[:start]]
        for number, letter in enumerate(part[start:], start):
            pieces.append(letter if self._stands(letter, part[number + 1 : number + 2]) else self._escaped(letter))
        text = "".join(pieces)
        return text.upper() if self.upper else text

    def unescape(self, text: str) -> str | None:
        """Return the part that :meth:`escape` makes ``text`` of; ``None`` if there is none."""
        if not self.letters:
            return text
        folded = text.lower() if self.upper else text
        part = None
        with suppress(ValueError):
            pieces = re.split(f"((?:{re.escape(self.mark)}[0-9a-f]{{2}})+)", folded)
            # Each second piece is a run of escapes: a character of several bytes is one run.
            part = "".join(
                bytes.fromhex(piece.replace(self.mark, "")).decode("utf-8", "surrogatepass") if number % 2 else piece
                for number, piece in enumerate(pieces)
            )
        return part if part is not None and self.escape(part) == text else None

    def _stands(self, letter: str, following: str) -> bool:
        if letter != self.mark[0]:
            return letter in self.letters
        return len(self.mark) > 1 and bool(following) and following != letter and following in self.letters

    def _escaped(self, letter: str) -> str:
        return "".join(f"{self.mark}{byte:02x}" for byte in letter.encode("utf-8", "surrogatepass"))


ALPHABETS = {
    # "Secret name" of CreateSecret: letters, digits and /_+=.@- , 512 characters.
    "aws": Alphabet("AWS Secrets Manager", f"{_ANY_CASE}_-+@", 512),
    # secretId of projects.secrets.create: letters in both cases, digits, hyphens and underscores, 255 characters.
    "gcp": Alphabet("Google Cloud Secret Manager", f"{_ANY_CASE}_-", 255, mark="--", separator="---"),
    # "Object names" of Key Vault: letters, digits and hyphens, in either case the same, 127 characters.
    "azure": Alphabet("Azure Key Vault", f"{_LOWER}-", 127, mark="--", separator="---"),
    # A path of Vault may hold nearly anything; 512 bytes is Consul's limit on the key in which Vault keeps it, with what Vault adds.
    "vault": Alphabet("Vault", f"{_ANY_CASE}_-", 360),
    # "Naming your secrets" of GitHub Actions: capitals, digits and underscores, no digit first, not GITHUB_. No length is documented.
    "github": Alphabet(
        "GitHub",
        f"{_LOWER}_",
        255,
        mark="__",
        separator="___",
        upper=True,
        first=f"{string.ascii_lowercase}_",
        reserved=("github_",),
    ),
    # The name of a secret of a ZenML server: any text of 255 characters. What pipelines call a secret is its name here.
    "zenml": Alphabet("ZenML", "", 255),
}
"""The alphabets of the places that we know, by flavor."""


class Scope(str, Enum):
    """Who shares the secrets of a place: everybody and everything, all of ours, one secrets manager, or who names one namespace."""

    NONE = "none"
    GLOBAL = "global"
    COMPONENT = "component"
    NAMESPACE = "namespace"


class ScopedOptions(ManagerOptions):
    """What every flavor takes whose place is shared."""

    scope: Scope = Scope.COMPONENT
    """Who shares the secrets: ``component`` nobody, ``namespace`` who gives the same namespace, ``global`` all secrets managers with that
    scope, ``none`` whoever uses the place, by bare names."""
    namespace: str | None = Field(default=None, validate_default=True, max_length=100)
    """The namespace; with scope ``namespace`` only."""

    @field_validator("namespace")
    @classmethod
    def _belong_to_the_scope(cls, namespace: str | None, info: ValidationInfo) -> str | None:
        # Only the type of an error is shown, so that no text of it can quote what was given.
        wanted = info.data.get("scope") is Scope.NAMESPACE
        if wanted and not namespace:
            raise PydanticCustomError("missing, scope=namespace needs it", "missing")
        if namespace and not wanted and "scope" in info.data:
            raise PydanticCustomError("given without scope=namespace", "unexpected")
        if namespace and not re.fullmatch(r"[^\s/.{}\x00-\x1f\x7f\ud800-\udfff]+", namespace):
            raise PydanticCustomError("holds white space, a slash, a dot or a brace", "malformed")
        return namespace


class Keys:
    """The keys under which one secrets manager keeps its secrets in a shared place.

    ``prefix`` is what each of them begins with; empty for scope ``none``.
    """

    def __init__(self, alphabet: Alphabet, options: ScopedOptions, identity: str) -> None:
        """Use the scope of ``options``; ``identity`` is the secrets manager's."""
        self._alphabet = alphabet
        parts = {
            Scope.NONE: [],
            Scope.GLOBAL: [ROOT, "global"],
            Scope.COMPONENT: [ROOT, "component", identity],
            Scope.NAMESPACE: [ROOT, "namespace", options.namespace or ""],
        }
        self.scope = options.scope
        self.prefix = "".join(alphabet.escape(part) + alphabet.separator for part in parts[options.scope])
        root = alphabet.escape(ROOT) + alphabet.separator
        self._others = root if options.scope is Scope.NONE else ""

    def of(self, name: str) -> str:
        """Return the key of the secret called ``name``.

        Raises:
            InvalidSecretError: If the key would be too long for the place, or one of another scope.
        """
        key = self.prefix + self._alphabet.escape(name)
        if self._others and key.startswith(self._others):
            message = f"Without a scope no secret can be called {name!r}: what begins so belongs to the scopes."
            raise InvalidSecretError(message, name=name, hint="Choose another name.")
        if len(key) > self._alphabet.longest:
            message = f"The name {name[:20]!r}… is too long for {self._alphabet.place}: written in its alphabet and with its scope it has"
            message = f"{message} {len(key)} characters; {self._alphabet.longest} are allowed, {len(self.prefix)} of them for the scope."
            raise InvalidSecretError(message, name=name, hint="Choose a shorter name, of small letters and digits.")
        return key

    def name_of(self, key: str) -> str | None:
        """Return the name of the secret with that key; ``None`` if the key is of another scope or nobody's name."""
        if not key.startswith(self.prefix) or (self._others and key.startswith(self._others)):
            return None
        name = self._alphabet.unescape(key[len(self.prefix) :])
        with suppress(InvalidSecretError):
            return None if name is None else names.check_name(name)
        return None

    def names_in(self, keys: Iterable[str]) -> list[str]:
        """Return the names of those of the ``keys`` that are this secrets manager's."""
        return [name for name in map(self.name_of, keys) if name is not None]
