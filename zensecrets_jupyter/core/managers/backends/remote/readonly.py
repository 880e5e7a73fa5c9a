"""Read-only access to secrets that other programs keep in the same service.

The option ``external`` maps names to paths in the service: ``PATH``, or ``PATH#KEY`` for one key. A JSON object is a secret with its keys.
Any other text is a secret with one key: ``KEY``, or ``value`` if the option has no ``KEY``.
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
"""The key of a text that is not a JSON object, if the option does not name a key."""


class ExternalPath(NamedTuple):
    """The location of an external secret: a path, and one key. An empty key means all keys."""

    path: str
    key: str

    @classmethod
    def parse(cls, text: str) -> ExternalPath:
        """Parse ``PATH#KEY`` or ``PATH``.

        The last ``#`` ends the path, so the path ``a#b`` is written ``a#b#``.
        """
        path, separator, key = text.rpartition("#")
        return cls(path, key) if separator else cls(text, "")


class ExternalOptions(RemoteOptions):
    """Options of remote flavors that can read secrets of other programs."""

    external: dict[str, str] = Field(default_factory=dict)
    """Secrets of other programs, which are read-only: ``PATH`` or ``PATH#KEY`` for each name."""
    clear: tuple[str, ...] = ()
    """Keys of external secrets whose values are clear text, which is not masked: ``KEY``, or ``NAME.KEY`` for one secret. This package also
    recognizes some harmless keys without this option, such as a user name."""

    @field_validator("clear")
    @classmethod
    def _check_clear_keys(cls, clear: tuple[str, ...]) -> tuple[str, ...]:
        if any(not key.strip() for key in clear):
            raise PydanticCustomError("an empty key", "malformed")
        return tuple(key.strip() for key in clear)

    @field_validator("external")
    @classmethod
    def _check_external_paths(cls, external: dict[str, str]) -> dict[str, str]:
        # Users see only the type of this error, the first argument, so that no text can quote the value.
        for name, text in external.items():
            # Our error is raised after the ``except`` block, so that it has no other error as its context.
            is_valid = True
            try:
                names.check_name(name)
            except InvalidSecretError:
                is_valid = False
            if not is_valid:
                raise PydanticCustomError("no name of a secret before the '='", "malformed")
            if not ExternalPath.parse(text).path.strip():
                raise PydanticCustomError("no path after the '='", "malformed")
        return external


class ExternalSecrets:
    """Reader of external secrets, the secrets of other programs.

    If a secret of the manager has the same name as an external secret, only the external secret is read and listed.

    Attributes:
        paths: The path of each secret, by name.
        locations: The location of each secret as a text for messages, by name.
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
        """Prepare to read the secrets that ``options`` name. No request is sent.

        Args:
            options: Options of the backend, or ``None`` if its flavor cannot read external secrets.
            fetch: Returns the text of a secret, or its bytes. The arguments are the name and the path of the secret.
            codec: Decodes an envelope that another secrets manager of this package wrote.
            service: Name of the service, for messages.
            manager: Name of the secrets manager, for messages.
        """
        self.paths = {name: ExternalPath.parse(text) for name, text in options.external.items()} if options else {}
        self.locations = {name: f"{external_path.path!r} in {service}" for name, external_path in self.paths.items()}
        self._clear_keys = options.clear if options else ()
        self._fetch = fetch
        self._codec = codec
        self._service = service
        self._manager = manager

    def read(self, name: str) -> SecretRecord:
        """Return the record of a secret. The record contains the keys that need no mask.

        Raises:
            InvalidSecretError: If the payload is binary, lacks the selected key, or has an invalid key.
        """
        external_path = self.paths[name]
        content, clear_keys = self._select_content(self._fetch(name, external_path.path), name, external_path)
        # "A.B" in the option ``clear`` is both a key with a dot, and the key "B" of the secret "A".
        clear_keys |= {*self._clear_keys, *(key.removeprefix(f"{name}.") for key in self._clear_keys if key.startswith(f"{name}."))}
        return SecretRecord(ArbitrarySecretSchema.TYPE, content, clear_keys)

    def read_or_error(self, name: str) -> SecretRecord | ZenSecretsError:
        """Return the record of a secret, or the error."""
        try:
            return self.read(name)
        except ZenSecretsError as error:
            return error

    def summaries(self) -> list[SecretSummary]:
        """Return a summary of each external secret. No request is sent."""
        return [SecretSummary(name, ArbitrarySecretSchema.TYPE) for name in self.paths]

    def missing_error(self, name: str) -> SecretNotFoundError:
        """Return the error for a path without a payload."""
        message = f"There is nothing under {self.paths[name].path!r} in {self._service}, the path of secret {name!r} of {self._manager!r}."
        hint = f"Check the path: %zen secrets-manager describe {self._manager}; or ask the owner of the secret."
        return SecretNotFoundError(message, name=name, manager=self._manager, hint=hint)

    def _select_content(self, payload: str | bytes, name: str, external_path: ExternalPath) -> tuple[dict[str, str], frozenset[str]]:
        """Return the keys and values of a payload that ``external_path`` selects, and the keys that need no mask."""
        # This is the problem if the decoding below fails.
        problem, hint = "is binary", "Only text can be read."
        with suppress(UnicodeDecodeError):
            text = payload.decode("utf-8") if isinstance(payload, bytes) else payload
            content, clear_keys = self._parse_content(text, name, external_path.key)
            if external_path.key and external_path.key not in content:
                problem, hint = f"has no key {external_path.key!r}", f"Its keys are {', '.join(sorted(content)) or 'none'}."
            else:
                selected_content = {external_path.key: content[external_path.key]} if external_path.key else content
                return {self._check_key(key, name, external_path): value for key, value in selected_content.items()}, clear_keys
        message = f"The payload under {external_path.path!r} in {self._service}, for secret {name!r} of {self._manager!r}, {problem}."
        raise InvalidSecretError(message, name=name, manager=self._manager, hint=hint)

    def _parse_content(self, text: str, name: str, key: str) -> tuple[dict[str, str], frozenset[str]]:
        """Return the content of a text, and the keys that need no mask.

        If the text is not a JSON object, the whole text is the value of ``key``, or of :data:`DEFAULT_KEY` if ``key`` is empty.
        """
        envelope = SecretEnvelope(text)
        if envelope.is_ours:
            # Another secrets manager of this package wrote the text.
            record = self._codec.decode(envelope, name=name, service=self._service, manager=self._manager)
            schema = schema_or_fallback(record.schema)
            return dict(record.content), frozenset(content_key for content_key in record.content if not schema.is_sensitive(content_key))
        with suppress(ValueError, RecursionError):
            parsed = json.loads(text)
            if isinstance(parsed, dict):
                content = {
                    json_key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                    for json_key, value in parsed.items()
                }
                return content, clear_keys_of(content)
        return {key or DEFAULT_KEY: text}, frozenset()

    def _check_key(self, key: str, name: str, external_path: ExternalPath) -> str:
        """Return ``key`` if it is valid. The hint for an invalid key explains how to read single keys of the payload."""
        try:
            return names.check_key(key, name=name)
        except InvalidSecretError as error:
            problem = error
        problem.hint = f"Name each key that you need as a separate secret: --external {name}={external_path.path}#KEY"
        raise problem
