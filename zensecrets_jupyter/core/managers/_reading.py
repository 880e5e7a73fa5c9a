"""How secrets are read: through the cache, many in few requests, with near misses where one is not there, and noted for who asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError, SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.interaction import awaited_hint
from zensecrets_jupyter.core.managers import _reads
from zensecrets_jupyter.core.managers._calls import checked_name
from zensecrets_jupyter.core.managers._flavor import Flavor
from zensecrets_jupyter.core.managers.records import Capability, SecretRecord
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema, schema_or_stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from zensecrets_jupyter.core.managers.records import SecretSummary, SecretVersion
    from zensecrets_jupyter.core.schemas import BaseSecretSchema

_PartT = TypeVar("_PartT")


class ReadingManager(Flavor):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`; the part of it that reads."""

    def get_secret(self, secret_name: str, *, refresh: bool = False) -> BaseSecretSchema:
        """Return the secret called ``secret_name``; with ``refresh`` it is read even where the cache holds it.

        Raises:
            SecretNotFoundError: If there is none; it names near misses.
        """
        if not refresh:
            # The common case: kept short, it is run at every access to an attribute.
            cached = self._cache.fresh(secret_name)
            if cached is not None:
                if _reads.active:
                    _reads.note(self, secret_name, cached)
                return cached
        if refresh:
            self._cache.drop(secret_name)
        with suppress(SecretNotFoundError):
            return self._fetch(secret_name)
        raise self.not_found(secret_name)

    def get_secrets(self, secret_names: Iterable[str], *, refresh: bool = False) -> dict[str, BaseSecretSchema | ZenSecretsError]:
        """Return for each name its secret, or the error that reading it ended with; each is read once, several at a time.

        With ``refresh`` each is read even where the cache holds it.
        """
        wanted = list(dict.fromkeys(secret_names))
        for name in wanted if refresh else ():
            self._cache.drop(name)
        found = {name: secret for part in self._in_batches(wanted, self._get_batch) for name, secret in part.items()}
        missing = [name for name, secret in found.items() if isinstance(secret, SecretNotFoundError)]
        known = self._known_names() if missing else []
        return {**found, **{name: self._not_found(name, known) for name in missing}}

    def get_records(self, secret_names: Iterable[str]) -> dict[str, SecretRecord | ZenSecretsError]:
        """Return for each name what is kept under it just now, past the cache, or the error that reading it ended with."""
        self.require(Capability.READ, "read")
        wanted = list(dict.fromkeys(secret_names))
        return {name: record for part in self._in_batches(wanted, self._read_records) for name, record in part.items()}

    def list_secrets(self) -> list[str]:
        """Return the names of all secrets, sorted; no value is read."""
        self.require(Capability.LIST, "list")
        return sorted(self._list())

    def get_all_secret_keys(self) -> list[str]:
        """Return what :meth:`list_secrets` returns, under ZenML's old name for it."""
        return self.list_secrets()

    def summaries(self) -> list[SecretSummary]:
        """Return one line about each secret, sorted by name; no value is read."""
        self.require(Capability.LIST, "list")
        return sorted(self._summaries())

    def history(self, secret_name: str) -> list[SecretVersion]:
        """Return the kept versions of a secret, the newest first.

        Raises:
            SecretNotFoundError: If there is none of that name.
        """
        self.require(Capability.VERSIONS, "keep versions of")
        try:
            return self._history(secret_name)
        except SecretNotFoundError:
            pass
        raise self.not_found(secret_name)

    def not_found(self, secret_name: str) -> SecretNotFoundError:
        """Return the error that says that there is no such secret, with near misses where the manager lists."""
        return self._not_found(secret_name, self._known_names())

    def secret_of(self, name: str, record: SecretRecord) -> BaseSecretSchema:
        """Return the secret that ``record`` holds.

        A record that no longer follows its schema, say after the class was changed in a cell, is still readable: it comes with any keys.
        """
        with suppress(InvalidSecretError):
            return schema_or_stand_in(record.schema).from_content(name, record.content, self.context.origin)
        return ArbitrarySecretSchema.from_content(name, record.content, self.context.origin)

    def _known_names(self) -> list[str]:
        if Capability.LIST in self.capabilities:
            with suppress(ZenSecretsError):
                return list(self._list())
        return []

    def _not_found(self, secret_name: str, known: Collection[str]) -> SecretNotFoundError:
        message = f"There is no secret {secret_name!r} in secrets manager {self.name!r}."
        hint = awaited_hint(self.id, secret_name) or names.part_meant(secret_name, known) or names.did_you_mean(secret_name, known)
        # No secret can be called so, and it could not be registered.
        no_name = "A secret's name holds no dot: name the secret alone, without a key." if "." in secret_name else ""
        no_name = no_name if secret_name else "Give the name of a secret; %secret list shows them, and so does Client().list_secrets()."
        hint = hint or no_name or f"Register it: %secret register {secret_name}"
        return SecretNotFoundError(message, name=secret_name, manager=self.name, hint=hint)

    def _fetch(self, name: str) -> BaseSecretSchema:
        name = checked_name(name)
        _reads.note(self, name, None)
        self.require(Capability.READ, "read")
        secret = self._cache.fetch(name, self._load)
        _reads.note(self, name, secret)
        return secret

    def _load(self, name: str) -> BaseSecretSchema:
        return self.secret_of(name, self._read(name))

    def _in_batches(self, wanted: list[str], read: Callable[[list[str]], _PartT]) -> list[_PartT]:
        """Return what ``read`` returns of each batch, several at a time."""
        batches = [wanted[start : start + self.batch_reads] for start in range(0, len(wanted), self.batch_reads)]
        workers = min(self.parallel_reads, len(batches))
        if workers <= 1:
            return [read(batch) for batch in batches]
        with ThreadPoolExecutor(workers, thread_name_prefix="zensecrets-read") as pool:
            return list(pool.map(read, batches))

    def _read_records(self, batch: list[str]) -> dict[str, SecretRecord | ZenSecretsError]:
        found: Mapping[str, SecretRecord | ZenSecretsError]
        try:
            found = {batch[0]: self._read(batch[0])} if len(batch) == 1 else self._read_batch(batch)
        except ZenSecretsError as error:
            found = dict.fromkeys(batch, error)
        return {name: self._known(name, one) if isinstance(one, SecretRecord) else one for name, one in found.items()}

    def _known(self, name: str, record: SecretRecord) -> SecretRecord | ZenSecretsError:
        try:
            # What is read is known to the redactor from then on, in whichever form it is wanted.
            secret = self.secret_of(name, record)
        except InvalidSecretError as error:
            return error
        _reads.note(self, name, secret)
        return record

    def _get_batch(self, batch: list[str]) -> dict[str, BaseSecretSchema | ZenSecretsError]:
        if len(batch) == 1:
            return {batch[0]: self._get_or_error(batch[0])}
        for name in batch:
            _reads.note(self, name, None)
        try:
            self.require(Capability.READ, "read")
            found = self._cache.fetch_many(batch, self._load_batch)
        except ZenSecretsError as error:
            return dict.fromkeys(batch, error)
        for name, secret in found.items():
            if not isinstance(secret, ZenSecretsError):
                _reads.note(self, name, secret)
        return found

    def _load_batch(self, batch: list[str]) -> dict[str, BaseSecretSchema | ZenSecretsError]:
        found = self._read_batch(batch)
        return {name: one if isinstance(one, ZenSecretsError) else self.secret_of(name, one) for name, one in found.items()}

    def _get_or_error(self, name: str) -> BaseSecretSchema | ZenSecretsError:
        cached = self._cache.fresh(name)
        if cached is not None:
            _reads.note(self, name, cached)
            return cached
        try:
            return self._fetch(name)
        except ZenSecretsError as error:
            return error
