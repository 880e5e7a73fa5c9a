"""Cache of secrets that were read, with one read for concurrent callers."""

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

POLL_INTERVAL = 0.05
"""Minimum seconds between two reads of a change token, so that a loop of reads costs one."""


_open: dict[str, WeakSet[ReadCache]] = {}
"""The caches of this process, by flavor."""
_opening = threading.Lock()


class _Entry(NamedTuple):
    secret: BaseSecretSchema
    token: object
    expires: float


class ReadCache:
    """Keeps secrets by name for a time to live. If the backend has a change token, entries are dropped as soon as it changes.

    Threads that want the same secret at once share one read (single flight). A read that began before a write is not cached: the write
    removes the flight, so that its result only goes to the threads that waited.

    Two caches of one ``kind`` may hold the same secret of the same backend, so a write by either drops it from both.
    """

    def __init__(self, time_to_live: float, change_token: Callable[[], object], *, kind: str = "") -> None:
        """Keep entries for ``time_to_live`` seconds.

        Args:
            time_to_live: Seconds.
            change_token: Returns a value that differs after any write by any process, or ``None`` if the backend has none.
            kind: The flavor; without one, writes drop secrets from this cache only.
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
        current = self._token if now - self._looked < POLL_INTERVAL else self._look(now)
        # A caller may have assigned other content to the cached object.
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
                        # Another read ended after this caller had looked.
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
            # Ctrl-C is for the reading thread; one of the waiting threads reads instead.
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
            # Threads that wait for one of them read it themselves.
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
        """Drop one secret from this cache, and its read in progress."""
        with self._lock:
            self._entries.pop(name, None)
            self._flights.pop(name, None)

    def drop_everywhere(self, *names: str) -> None:
        """Drop secrets that were written from every cache of this kind; all secrets if none is named."""
        with _opening:
            told = list(_open[self._kind]) if self._kind else [self]
        for cache in told:
            for name in names:
                cache.drop(name)
            if not names:
                cache.clear()

    def clear(self) -> None:
        """Drop everything from this cache."""
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
