"""Secrets of a shared place that another program keeps there: under a name here they are read, and never written.

``external`` says which: for each name the path in the place as the place knows it, and after a ``#`` one of the keys. A JSON object gives
its keys, any other text is one key.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError, SecretNotFoundError, UnsupportedOperationError, ZenSecretsError
from zensecrets_jupyter.core.managers._document import Document
from zensecrets_jupyter.core.managers._remote import RemoteSecretsManager
from zensecrets_jupyter.core.managers._requests import ClientT, OptionsT, RemoteOptions
from zensecrets_jupyter.core.managers.records import SecretRecord, SecretSummary
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema, clear_keys_of, external_schema, schema_or_stand_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions
    from zensecrets_jupyter.core.schemas import BaseSecretSchema

ONLY_KEY = "value"
"""The key of a text that is no JSON object, where none is named."""


class External(NamedTuple):
    """Where another program keeps a secret: the ``path`` as the place knows it, and the ``key`` that is wanted, empty for all."""

    path: str
    key: str

    @classmethod
    def of(cls, text: str) -> External:
        """Return what ``PATH#KEY``, or ``PATH`` alone, says. The last ``#`` ends the path, so that one of its own needs one behind it."""
        path, mark, key = text.rpartition("#")
        return cls(path, key) if mark else cls(text, "")


class ExternalOptions(RemoteOptions):
    """What every remote flavor takes that can read."""

    external: dict[str, str] = Field(default_factory=dict)
    """Secrets that other programs keep in the place, to be read only: for each name ``PATH`` or ``PATH#KEY``."""
    clear: tuple[str, ...] = ()
    """Keys of external secrets that are shown as they are, besides those that are recognised: ``KEY``, or ``NAME.KEY`` of one secret."""

    @field_validator("clear")
    @classmethod
    def _name_keys(cls, clear: tuple[str, ...]) -> tuple[str, ...]:
        if any(not key.strip() for key in clear):
            raise PydanticCustomError("an empty key", "malformed")
        return tuple(key.strip() for key in clear)

    @field_validator("external")
    @classmethod
    def _name_paths(cls, external: dict[str, str]) -> dict[str, str]:
        # Only the type of an error is shown, so that no text of it can quote what was given.
        for name, text in external.items():
            wrong = False
            try:
                names.check_name(name)
            except InvalidSecretError:
                wrong = True
            if wrong:
                raise PydanticCustomError("no name of a secret before the '='", "malformed")
            if not External.of(text).path.strip():
                raise PydanticCustomError("no path after the '='", "malformed")
        return external


class ExternalSecretsManager(RemoteSecretsManager[ClientT, OptionsT]):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`.

    An external secret comes before one of ours of the same name, which is then neither read nor listed, and stays as it is.
    """

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""
        super().__init__(options, context=context)
        given = self.options.external if isinstance(self.options, ExternalOptions) else {}
        self._externals = {name: External.of(text) for name, text in given.items()}
        self._clear = self.options.clear if isinstance(self.options, ExternalOptions) else ()
        self._read_only = {name: f"{external.path!r} in {self.alphabet.place}" for name, external in self._externals.items()}

    @property
    def read_only(self) -> Mapping[str, str]:
        """See :attr:`~zensecrets_jupyter.core.managers.interface.SecretsManager.read_only`."""
        return self._read_only

    def key_of(self, name: str) -> str:
        """See :meth:`RemoteSecretsManager.key_of`.

        Raises:
            UnsupportedOperationError: If the secret is external: it has no key of ours.
        """
        self.check_change(name)
        return super().key_of(name)

    def not_found(self, secret_name: str) -> SecretNotFoundError:
        """Return the error that says that there is no such secret; of an external one it names the path."""
        external = self._externals.get(secret_name)
        return super().not_found(secret_name) if external is None else self._no_path(secret_name, external)

    def _not_found(self, secret_name: str, known: Collection[str]) -> SecretNotFoundError:
        external = self._externals.get(secret_name)
        return super()._not_found(secret_name, known) if external is None else self._no_path(secret_name, external)

    def _no_path(self, name: str, external: External) -> SecretNotFoundError:
        message = f"There is nothing under {external.path!r} in {self.alphabet.place}, which is secret {name!r} of {self.name!r}."
        hint = f"Check the path: %zen secrets-manager describe {self.name}; or ask whoever keeps it there."
        return SecretNotFoundError(message, name=name, manager=self.name, hint=hint)

    def _read(self, name: str) -> SecretRecord:
        external = self._externals.get(name)
        return super()._read(name) if external is None else self._read_external(name, external)

    def _read_batch(self, secret_names: Sequence[str]) -> dict[str, SecretRecord | ZenSecretsError]:
        theirs = [name for name in secret_names if name in self._externals]
        ours = [name for name in secret_names if name not in self._externals]
        found = super()._read_batch(ours) if ours else {}
        if theirs:
            with ThreadPoolExecutor(min(self.parallel_reads, len(theirs)), thread_name_prefix="zensecrets-external") as pool:
                found |= dict(zip(theirs, pool.map(self._read_or_error, theirs), strict=True))
        return found

    def _read_or_error(self, name: str) -> SecretRecord | ZenSecretsError:
        try:
            return self._read(name)
        except ZenSecretsError as error:
            return error

    def _read_external(self, name: str, external: External) -> SecretRecord:
        text = self.ask("read", lambda client: self._get_external(client, external.path), name=name)
        content, clear_keys = self._content_in(text, name, external)
        return SecretRecord(ArbitrarySecretSchema.TYPE, content, clear_keys)

    def secret_of(self, name: str, record: SecretRecord) -> BaseSecretSchema:
        """Return the secret that ``record`` holds; of another program's only what is sensitive is masked."""
        if name not in self._externals:
            return super().secret_of(name, record)
        # A key may hold a dot itself.
        chosen = {*self._clear, *(key.removeprefix(f"{name}.") for key in self._clear if key.startswith(f"{name}."))}
        return external_schema(record.clear_keys | frozenset(chosen)).from_content(name, record.content, self.context.origin)

    def _content_in(self, found: str | bytes, name: str, external: External) -> tuple[dict[str, str], frozenset[str]]:
        """Return the keys and values that another program's text means, and which of the keys are harmless.

        Raises:
            InvalidSecretError: If it is no text, lacks the key, or has a key that no secret may have.
        """
        problem, hint = "is binary", "Only texts can be read."
        with suppress(UnicodeDecodeError):
            content, clear = self._content_of(found.decode("utf-8") if isinstance(found, bytes) else found, name, external.key)
            if external.key and external.key not in content:
                problem, hint = f"has no key {external.key!r}", f"Its keys are {', '.join(sorted(content)) or 'none'}."
            else:
                wanted = {external.key: content[external.key]} if external.key else content
                return {self._checked(key, name, external): value for key, value in wanted.items()}, clear
        message = f"What {self.alphabet.place} holds under {external.path!r}, which is secret {name!r} of {self.name!r}, {problem}."
        raise InvalidSecretError(message, name=name, manager=self.name, hint=hint)

    def _content_of(self, text: str, name: str, key: str) -> tuple[dict[str, str], frozenset[str]]:
        """Return the content of a text and its harmless keys; ``key`` names the only one of what is no JSON object."""
        document = Document(text)
        if document.is_ours:
            # Of another secrets manager of this package: its content is meant, not the form in which it is kept.
            record = self._record_in(document, name)
            schema = schema_or_stand_in(record.schema)
            return dict(record.content), frozenset(key for key in record.content if not schema.is_sensitive(key))
        with suppress(ValueError, RecursionError):
            found = json.loads(text)
            if isinstance(found, dict):
                content = {one: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for one, value in found.items()}
                return content, clear_keys_of(content)
        return {key or ONLY_KEY: text}, frozenset()

    def _checked(self, key: str, name: str, external: External) -> str:
        try:
            return names.check_key(key, name=name)
        except InvalidSecretError as error:
            problem = error
        problem.hint = f"Name the keys that you need, each as a secret of its own: --external {name}={external.path}#KEY"
        raise problem

    def _summaries(self) -> Iterable[SecretSummary]:
        ours = [summary for summary in super()._summaries() if summary.name not in self._externals]
        return [*ours, *(SecretSummary(name, ArbitrarySecretSchema.TYPE) for name in self._externals)]

    def _delete_if_ours(self, name: str) -> None:
        with suppress(UnsupportedOperationError):
            super()._delete_if_ours(name)

    # What a flavor implements.

    def _get_external(self, client: ClientT, path: str) -> str | bytes:
        """Return what the place keeps under a path of its own now; the outcome is MISSING if there is nothing."""
        return self._get(client, path).text
