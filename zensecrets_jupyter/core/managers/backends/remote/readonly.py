"""Read-only access to secrets that other programs keep in the same service.

The option ``external`` maps names to paths of the service: ``PATH``, or ``PATH#KEY`` for one key. A JSON object gives its keys; any other
text is one key.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError, SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.managers.backends.remote.envelope import EnvelopeCodec, SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.runner import RemoteOptions
from zensecrets_jupyter.core.managers.records import SecretRecord, SecretSummary
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema, clear_keys_of, schema_or_fallback

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_KEY = "value"
"""The key of a text that is no JSON object, if the option names none."""


class ExternalPath(NamedTuple):
    """Where another program stores a secret: ``path`` in the service, and the wanted ``key``, or an empty text for all keys."""

    path: str
    key: str

    @classmethod
    def parse(cls, text: str) -> ExternalPath:
        """Parse ``PATH#KEY`` or ``PATH``. The last ``#`` ends the path, so a path that contains one needs another behind it."""
        path, separator, key = text.rpartition("#")
        return cls(path, key) if separator else cls(text, "")


class ExternalOptions(RemoteOptions):
    """Attributes of remote flavors that can read secrets of other programs."""

    external: dict[str, str] = Field(default_factory=dict)
    """Secrets that other programs keep in the service, to be read only: for each name ``PATH`` or ``PATH#KEY``."""
    clear: tuple[str, ...] = ()
    """Further keys of external secrets that are shown as they are: ``KEY``, or ``NAME.KEY`` of one secret."""

    @field_validator("clear")
    @classmethod
    def _name_keys(cls, clear: tuple[str, ...]) -> tuple[str, ...]:
        if any(not key.strip() for key in clear):
            raise PydanticCustomError("an empty key", "malformed")
        return tuple(key.strip() for key in clear)

    @field_validator("external")
    @classmethod
    def _name_paths(cls, external: dict[str, str]) -> dict[str, str]:
        # Only the type of an error is shown, so that no text of it can quote the value.
        for name, text in external.items():
            wrong = False
            try:
                names.check_name(name)
            except InvalidSecretError:
                wrong = True
            if wrong:
                raise PydanticCustomError("no name of a secret before the '='", "malformed")
            if not ExternalPath.parse(text).path.strip():
                raise PydanticCustomError("no path after the '='", "malformed")
        return external


class ExternalSecrets:
    """Reads the secrets of other programs that the options name.

    An external secret hides one of ours with the same name, which is then neither read nor listed.

    Attributes:
        paths: The path of each secret, by name.
        locations: Text for messages on where each secret is stored, by name.
    """

    def __init__(
        self,
        options: ExternalOptions | None,
        fetch: Callable[[str, str], str | bytes],
        *,
        codec: EnvelopeCodec,
        service: str,
        manager: str,
    ) -> None:
        """Read what ``options`` name.

        Args:
            options: Options of the backend; ``None`` if its flavor reads no external secrets.
            fetch: Returns the text of a secret, given its name and its path.
            codec: Decodes a text that another secrets manager of this package wrote.
            service: Name of the service, for messages.
            manager: Name of the secrets manager, for messages.
        """
        self.paths = {name: ExternalPath.parse(text) for name, text in options.external.items()} if options else {}
        self.locations = {name: f"{external.path!r} in {service}" for name, external in self.paths.items()}
        self._clear = options.clear if options else ()
        self._fetch = fetch
        self._codec = codec
        self._service = service
        self._manager = manager

    def read(self, name: str) -> SecretRecord:
        """Return the secret called ``name``, with the keys that need no masking.

        Raises:
            InvalidSecretError: If it is no text, lacks the key, or has a key that no secret may have.
        """
        external = self.paths[name]
        content, clear_keys = self._content_in(self._fetch(name, external.path), name, external)
        # A key may hold a dot itself, so NAME.KEY is compared as a whole.
        chosen = {*self._clear, *(key.removeprefix(f"{name}.") for key in self._clear if key.startswith(f"{name}."))}
        return SecretRecord(ArbitrarySecretSchema.TYPE, content, clear_keys | frozenset(chosen))

    def read_or_error(self, name: str) -> SecretRecord | ZenSecretsError:
        """Return the secret, or the error of reading it."""
        try:
            return self.read(name)
        except ZenSecretsError as error:
            return error

    def summaries(self) -> list[SecretSummary]:
        """Return a summary of each external secret, without a request."""
        return [SecretSummary(name, ArbitrarySecretSchema.TYPE) for name in self.paths]

    def missing(self, name: str) -> SecretNotFoundError:
        """Return the error for a path that holds nothing."""
        message = f"There is nothing under {self.paths[name].path!r} in {self._service}, which is secret {name!r} of {self._manager!r}."
        hint = f"Check the path: %zen secrets-manager describe {self._manager}; or ask whoever keeps it there."
        return SecretNotFoundError(message, name=name, manager=self._manager, hint=hint)

    def _content_in(self, text: str | bytes, name: str, external: ExternalPath) -> tuple[dict[str, str], frozenset[str]]:
        problem, hint = "is binary", "Only texts can be read."
        with suppress(UnicodeDecodeError):
            content, clear = self._content_of(text.decode("utf-8") if isinstance(text, bytes) else text, name, external.key)
            if external.key and external.key not in content:
                problem, hint = f"has no key {external.key!r}", f"Its keys are {', '.join(sorted(content)) or 'none'}."
            else:
                wanted = {external.key: content[external.key]} if external.key else content
                return {self._checked(key, name, external): value for key, value in wanted.items()}, clear
        message = f"What {self._service} holds under {external.path!r}, which is secret {name!r} of {self._manager!r}, {problem}."
        raise InvalidSecretError(message, name=name, manager=self._manager, hint=hint)

    def _content_of(self, text: str, name: str, key: str) -> tuple[dict[str, str], frozenset[str]]:
        """Return the content of a text, and its keys that need no masking; ``key`` is that of a text that is no JSON object."""
        envelope = SecretEnvelope(text)
        if envelope.is_ours:
            # Another secrets manager of this package wrote it: its content is wanted, not the envelope.
            record = self._codec.decode(envelope, name=name, service=self._service, manager=self._manager)
            schema = schema_or_fallback(record.schema)
            return dict(record.content), frozenset(key for key in record.content if not schema.is_sensitive(key))
        with suppress(ValueError, RecursionError):
            parsed = json.loads(text)
            if isinstance(parsed, dict):
                content = {one: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for one, value in parsed.items()}
                return content, clear_keys_of(content)
        return {key or DEFAULT_KEY: text}, frozenset()

    def _checked(self, key: str, name: str, external: ExternalPath) -> str:
        try:
            return names.check_key(key, name=name)
        except InvalidSecretError as error:
            problem = error
        problem.hint = f"Name the keys that you need, each as a secret of its own: --external {name}={external.path}#KEY"
        raise problem
