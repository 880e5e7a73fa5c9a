"""Earlier versions of secrets in a shared place that keeps them itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from zensecrets_jupyter.core.errors import SecretNotFoundError
from zensecrets_jupyter.core.managers._external import ExternalSecretsManager
from zensecrets_jupyter.core.managers._requests import ClientT, OptionsT
from zensecrets_jupyter.core.managers.records import ALL_BUT_VERSIONS, Capability, SecretVersion

if TYPE_CHECKING:
    from datetime import datetime

    from zensecrets_jupyter.core.managers._document import Document


class Kept(NamedTuple):
    """One version that a place keeps: its number, from 1 and growing, when it was written (UTC), what it is, whether it is current."""

    number: int
    created: datetime
    document: Document
    current: bool


class VersionedSecretsManager(ExternalSecretsManager[ClientT, OptionsT]):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`.

    A rollback is a write like another: checked against what is there, with a number of its own.
    """

    capabilities: ClassVar[Capability] = ALL_BUT_VERSIONS | Capability.VERSIONS

    def _history(self, name: str) -> list[SecretVersion]:
        return [SecretVersion(one.number, one.document.schema, one.created, one.current) for one in self._kept(name)]

    def _rollback(self, name: str, number: int) -> SecretVersion:
        kept = self._kept_or_not_found(name)
        wanted = next((one.document for one in kept if one.number == number), None)
        if wanted is None:
            message = f"There is no version {number} of secret {name!r} in secrets manager {self.name!r}."
            hint = f"Kept are the versions {', '.join(str(one.number) for one in kept)}."
            raise SecretNotFoundError(message, name=name, manager=self.name, hint=hint)
        record = self._record_in(wanted, name)
        self._update(name, lambda _present: record)
        return self._history(name)[0]

    def _kept_or_not_found(self, name: str) -> list[Kept]:
        try:
            return self._kept(name)
        except SecretNotFoundError:
            pass
        raise self.not_found(name)

    def _kept(self, name: str) -> list[Kept]:
        key = self.key_of(name)
        return self.ask("read", lambda client: self._get_versions(client, key), name=name)

    # What a flavor implements.

    @abstractmethod
    def _get_versions(self, client: ClientT, key: str) -> list[Kept]:
        """Return what is kept under ``key`` in all its versions, the newest first; the outcome is MISSING if there is nothing now."""
