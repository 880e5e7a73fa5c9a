"""Secrets that were read a moment ago: one read a secret, not one an access."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakSet

from zensecrets_jupyter.core.errors import ZenSecretsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zensecrets_jupyter.core.schemas import BaseSecretSchema

GLANCE = 0.05
"""Seconds between two looks at a place's change token: a person does not notice, and a loop of reads costs one look."""


_open: dict[str, WeakSet[ReadCache]] = {}
"""The caches of this process, by the kind of place that they keep secrets of."""
_opening = threading.Lock()


class _Entry(NamedTuple):
    secret: BaseSecretSchema
    token: object
    expires: float


class ReadCache:
    """Keeps secrets by name for a time to live; a place with a change token has its entries dropped as soon as it changes.

    Several threads that want one secret at once share one read (single flight). A read that began before a write does not outlive it:
    the write takes the flight out, so that its outcome is handed to those who waited and kept for nobody.

    Two caches of one ``kind`` may hold the same secret of the same place, and only the place knows: a write by either is told to both.
    """

    def __init__(self, time_to_live: float, change_token: Callable[[], object], *, kind: str = "") -> None:
        """Keep entries for ``time_to_live`` seconds.

        Args:
            time_to_live: Seconds.
            change_token: What differs after any write by anybody; it returns ``None`` where the place can't tell of changes.
            kind: The kind of place; without one, nobody is told of a write.
        """
        self._time_to_live = time_to_live
        self._change_token = change_token
        self._entries: dict[str, _Entry] = {}
        self._flights: dict[str, Future[BaseSecretSchema]] = {}
        self._lock = threading.Lock()
        self._token: object = None
        self._looked = 0.0
        self._kind = kind
        if kind:
            with _opening:
                _open.setdefault(kind, WeakSet()).add(self)

    def fresh(self, name: str) -> BaseSecretSchema | None:
        """Return the kept secret, or ``None`` if it has to be read."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        secret, token, expires = entry
        now = time.monotonic()
        current = self._token if now - self._looked < GLANCE else self._look(now)
        # Whoever was given it may have assigned other content to it.
        return secret if now < expires and token == current and not secret.is_changed else None

    def fetch(self, name: str, read: Callable[[str], BaseSecretSchema]) -> BaseSecretSchema:
        """Return what ``read(name)`` returns and keep it; of several callers at once only one reads, and none if it is kept by now.

        Raises:
            ZenSecretsError: What ``read`` raises, to each caller.
        """
        while True:
            with self._lock:
                flight = self._flights.get(name)
                if flight is None:
                    kept = self.fresh(name)
                    if kept is not None:
                        # Another's read ended after this caller had looked.
                        return kept
                    flight = self._flights[name] = Future()
                    break
            with suppress(CancelledError):
                return flight.result()
        try:
            token = self._look(time.monotonic())
            secret = read(name)
        except Exception as error:
            self._land(name, flight, None)
            flight.set_exception(error)
            raise
        except BaseException:
            # Ctrl-C is for the thread that reads; one of those that wait for it reads in its place.
            self._land(name, flight, None)
            flight.cancel()
            raise
        self._land(name, flight, _Entry(secret, token, time.monotonic() + self._time_to_live))
        flight.set_result(secret)
        return secret

    def fetch_many(
        self, names: Iterable[str], read: Callable[[list[str]], Mapping[str, BaseSecretSchema | ZenSecretsError]]
    ) -> dict[str, BaseSecretSchema | ZenSecretsError]:
        """Return for each name what is kept, what another's read of it brings, or what one call of ``read`` with all others returns for it.

        Raises:
            ZenSecretsError: What ``read`` raises.
        """
        found: dict[str, BaseSecretSchema | ZenSecretsError] = {}
        mine: dict[str, Future[BaseSecretSchema]] = {}
        theirs: list[str] = []
        with self._lock:
            for name in names:
                kept = self.fresh(name)
                if kept is not None:
                    found[name] = kept
                elif name in self._flights:
                    theirs.append(name)
                else:
                    mine[name] = self._flights[name] = Future()
        if mine:
            found.update(self._read_flights(mine, read))
        for name in theirs:
            found[name] = self._fetch_or_error(name, lambda wanted: _secret_in(read([wanted]), wanted))
        return found

    def _fetch_or_error(self, name: str, read: Callable[[str], BaseSecretSchema]) -> BaseSecretSchema | ZenSecretsError:
        try:
            return self.fetch(name, read)
        except ZenSecretsError as error:
            return error

    def _read_flights(
        self,
        flights: Mapping[str, Future[BaseSecretSchema]],
        read: Callable[[list[str]], Mapping[str, BaseSecretSchema | ZenSecretsError]],
    ) -> Mapping[str, BaseSecretSchema | ZenSecretsError]:
        try:
            token = self._look(time.monotonic())
            found = read(list(flights))
        except BaseException:
            # Those who wait for one of them read it in its place.
            for name, flight in flights.items():
                self._land(name, flight, None)
                flight.cancel()
            raise
        expires = time.monotonic() + self._time_to_live
        for name, flight in flights.items():
            secret = found[name]
            if isinstance(secret, ZenSecretsError):
                self._land(name, flight, None)
                flight.set_exception(secret)
            else:
                self._land(name, flight, _Entry(secret, token, expires))
                flight.set_result(secret)
        return found

    def drop(self, name: str) -> None:
        """Forget one secret, here, also where a read of it is under way."""
        with self._lock:
            self._entries.pop(name, None)
            self._flights.pop(name, None)

    def drop_everywhere(self, *names: str) -> None:
        """Forget these secrets, which were written, here and in every cache of this kind; all secrets if none is named."""
        with _opening:
            told = list(_open[self._kind]) if self._kind else [self]
        for cache in told:
            for name in names:
                cache.drop(name)
            if not names:
                cache.clear()

    def clear(self) -> None:
        """Forget everything, here."""
        with self._lock:
            self._entries.clear()
            self._flights.clear()

    def _land(self, name: str, flight: Future[BaseSecretSchema], entry: _Entry | None) -> None:
        with self._lock:
            if self._flights.get(name) is flight:
                del self._flights[name]
                if entry is not None:
                    self._entries[name] = entry

    def _look(self, now: float) -> object:
        self._token = self._change_token()
        self._looked = now
        return self._token


def _secret_in(found: Mapping[str, BaseSecretSchema | ZenSecretsError], name: str) -> BaseSecretSchema:
    secret = found[name]
    if isinstance(secret, ZenSecretsError):
        raise secret
    return secret
