"""Secrets in a place that others share: one document a secret, under a key of this manager's scope, never over what is not ours.

A flavor brings its alphabet, its table of foreign errors, its limit, and the few requests at the end of the class.
"""

from __future__ import annotations

import random
import time
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError, ManagerCorruptedError, SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.managers import _document
from zensecrets_jupyter.core.managers._names import Keys
from zensecrets_jupyter.core.managers._outcomes import Outcome, Refusal
from zensecrets_jupyter.core.managers._requests import ClientT, OptionsT, RemoteRequests
from zensecrets_jupyter.core.managers.records import Capability, ManagerContext, ManagerOptions, SecretRecord, SecretSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from zensecrets_jupyter.core.managers._document import Document

_RACES = 100
"""How often a change begins again because another writer came between; each time that one must have won a whole change."""


class Listed(NamedTuple):
    """A key that the place lists, with what it tells of it unasked."""

    key: str
    schema: str | None = None
    version: int | None = None
    updated: datetime | None = None


class RemoteSecretsManager(RemoteRequests[ClientT, OptionsT]):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""

    largest: ClassVar[int] = 0
    """Bytes in the document of a secret at most; 0 where the place names no limit."""

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""
        super().__init__(options, context=context)
        self._keys = Keys(self.alphabet, self.chosen, self.id)

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.interface.SecretsManager.describe`; no request is made for it."""
        shared = {"scope": self._keys.scope.value, "names begin with": self._keys.prefix or "nothing: they are as they are"}
        return {"kept in": self.alphabet.place, "protected by": f"{self.alphabet.place} and who may use it", **shared}

    def key_of(self, name: str) -> str:
        """Return the key of a secret that is looked for.

        Raises:
            SecretNotFoundError: If no secret of that name can be there.
        """
        with suppress(InvalidSecretError):
            return self._keys.of(names.check_name(name))
        raise SecretNotFoundError(f"no {name!r}", name=name)

    # The contract's requests, by those of the flavor below.

    def _read(self, name: str) -> SecretRecord:
        return self._record_in(self._find("read", name), name)

    def _find(self, verb: str, name: str) -> Document:
        key = self.key_of(name)
        return self.ask(verb, lambda client: self._get(client, key), name=name)

    def _document_for(self, name: str, record: SecretRecord) -> Document:
        """Return what is sent.

        Raises:
            InvalidSecretError: If the place takes no such large document.
        """
        document = self._written(record)
        if not self.largest or document.size <= self.largest:
            return document
        message = f"Secret {name!r} needs {document.size} bytes in {self.alphabet.place}; {self.largest} are allowed."
        hint = "Keep large files elsewhere, and the key that opens them here."
        raise InvalidSecretError(message, name=name, manager=self.name, hint=hint)

    def _read_batch(self, secret_names: Sequence[str]) -> dict[str, SecretRecord | ZenSecretsError]:
        outcome: dict[str, SecretRecord | ZenSecretsError] = {}
        keys: dict[str, str] = {}
        for name in secret_names:
            outcome[name] = SecretNotFoundError(f"no {name!r}", name=name)
            with suppress(SecretNotFoundError):
                keys[self.key_of(name)] = name
        found = self.ask("read", lambda client: self._get_many(client, list(keys))) if keys else {}
        for key, document in found.items():
            name = keys[key]
            if isinstance(document, Refusal):
                outcome[name] = self._error(document, "read", name)
                continue
            try:
                outcome[name] = self._record_in(document, name)
            except ZenSecretsError as error:
                outcome[name] = error
        return outcome

    def _list(self) -> Iterable[str]:
        return [summary.name for summary in self._summaries()]

    def _summaries(self) -> Iterable[SecretSummary]:
        listed = self.ask("list", lambda client: list(self._list_keys(client, self._keys.prefix)))
        named = ((self._keys.name_of(one.key), one) for one in listed)
        return [SecretSummary(name, *one[1:]) for name, one in named if name is not None]

    def _check(self, name: str, record: SecretRecord) -> None:
        self._keys.of(name)
        self._document_for(name, record)

    def _register(self, name: str, record: SecretRecord) -> None:
        key = self._keys.of(name)
        document = self._document_for(name, record)
        try:
            return self._attempt(lambda client: self._create(client, key, document))
        except Refusal as refusal:
            if refusal.outcome is Outcome.EXISTS and refusal.tried_again and self._holds(key, document):
                # The answer to the first try was lost, not the write.
                return None
            problem = self._error(refusal, "register", name, writes=True)
        raise problem

    def _update(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        key = self.key_of(name)
        refused = Refusal(Outcome.CONFLICT)
        for _ in range(_RACES):
            present = self.ask("update", lambda client: self._get_to_replace(client, key), name=name)
            document = self._document_for(name, change(self._record_in(present, name)))
            refusal = self._replaced(key, document, present)
            if refusal is None:
                return
            refused = refusal
            if refused.outcome is not Outcome.CONFLICT:
                break
            time.sleep(random.uniform(0, self.first_wait))  # noqa: S311 - it only keeps two writers apart
        raise self._error(refused, "update", name, writes=True)

    def _replaced(self, key: str, document: Document, present: Document) -> Refusal | None:
        """Write ``document`` over ``present``; return why it could not be done, or ``None``."""
        try:
            self._attempt(lambda client: self._replace(client, key, document, present))
        except Refusal as refusal:
            if refusal.outcome is Outcome.CONFLICT and refusal.tried_again and self._holds(key, document):
                return None
            return refusal
        return None

    def _holds(self, key: str, document: Document) -> bool:
        """Tell whether the place has this very document, which an earlier try wrote."""
        if Capability.READ not in self.capabilities:
            return False
        with suppress(Refusal):
            # By its mark: a place that keeps JSON as JSON may give back the same text in another order.
            return self._attempt(lambda client: self._get(client, key)).write == document.write
        return False

    def _delete(self, name: str) -> None:
        key = self.key_of(name)
        if Capability.READ in self.capabilities and not self._find("delete", name).is_ours:
            raise _document.not_ours(name, self.alphabet.place)
        self._take_out(name, key)

    def _take_out(self, name: str, key: str) -> None:
        """Delete what is there, whatever it is."""
        try:
            return self._attempt(lambda client: self._remove(client, key))
        except Refusal as refusal:
            if refusal.outcome is Outcome.MISSING and refusal.tried_again:
                return None
            problem = self._error(refusal, "delete", name, writes=True)
        raise problem

    def _undelete(self, name: str) -> None:
        key = self.key_of(name)
        try:
            return self._attempt(lambda client: self._restore(client, key))
        except Refusal as refusal:
            if refusal.outcome is Outcome.EXISTS and refusal.tried_again:
                # The first try brought it back, and its answer was lost.
                return None
            problem = self._error(refusal, "bring back", name, writes=True)
        raise problem

    def _rename(self, name: str, new_name: str) -> None:
        record = self._read(name)
        self._register(new_name, record)
        try:
            self._delete(name)
        except SecretNotFoundError:
            # Another user deleted it just now: then neither name has it.
            self._delete(new_name)
            raise
        except ZenSecretsError as error:
            problem = error
        else:
            return
        with suppress(ZenSecretsError):
            self._delete(new_name)
        raise problem

    def _delete_all(self) -> None:
        present = list(self._list())
        if present:
            with ThreadPoolExecutor(min(self.parallel_reads, len(present)), thread_name_prefix="zensecrets-delete") as pool:
                list(pool.map(self._delete_if_ours, present))

    def _delete_if_ours(self, name: str) -> None:
        # What another program keeps, or another user has deleted just now, is no reason to keep the rest.
        with suppress(SecretNotFoundError, ManagerCorruptedError):
            self._delete(name)

    # What a place keeps of a secret, and back. A flavor whose place has a form of its own for secrets overrides both.

    def _written(self, record: SecretRecord) -> Document:
        """Return the document for ``record``."""
        return _document.written(record)

    def _record_in(self, document: Document, name: str) -> SecretRecord:
        """Return what ``document`` holds, found as the secret ``name``; raise ManagerCorruptedError if it is none of ours."""
        return _document.read(document, name=name, place=self.alphabet.place)

    # What a flavor implements. Each raises what its library raises, or Refusal; keys are those of the place.

    @abstractmethod
    def _get(self, client: ClientT, key: str) -> Document:
        """Return what is kept under ``key`` now."""

    def _get_to_replace(self, client: ClientT, key: str) -> Document:
        """Return the same with the token that :meth:`_replace` needs, where that takes another request."""
        return self._get(client, key)

    def _get_many(self, client: ClientT, keys: list[str]) -> Mapping[str, Document | Refusal]:  # noqa: ARG002 - a hook
        """Return what is kept under each of at most ``batch_reads`` keys, where that is over 1; what is not there is left out."""
        raise Refusal(Outcome.UNSUPPORTED)

    @abstractmethod
    def _list_keys(self, client: ClientT, prefix: str) -> Iterable[Listed]:
        """Return every key that begins with ``prefix``, over all pages; others that come along are sorted out."""

    @abstractmethod
    def _create(self, client: ClientT, key: str, document: Document) -> None:
        """Keep ``document`` under a new key; the outcome is EXISTS if there is something already, which stays."""

    @abstractmethod
    def _replace(self, client: ClientT, key: str, document: Document, present: Document) -> None:
        """Keep ``document`` instead of ``present``; the outcome is CONFLICT if something else is there by now, where the place can tell."""

    @abstractmethod
    def _remove(self, client: ClientT, key: str) -> None:
        """Delete what is kept under ``key``; the outcome is MISSING if there is nothing."""

    def _restore(self, client: ClientT, key: str) -> None:  # noqa: ARG002 - a hook
        """Bring back what was deleted under ``key``; the outcome is EXISTS if there is something, MISSING if nothing was. With UNDELETE."""
        raise Refusal(Outcome.UNSUPPORTED)
