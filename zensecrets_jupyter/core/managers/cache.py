"""A cache of secrets. Threads that need the same secret at the same time share one read."""

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
"""Seconds for which :meth:`ReadCache.get_fresh` reuses the last change token. In a fast loop, the token is therefore rarely read."""

_caches: dict[str, WeakSet[ReadCache]] = {}
"""All caches of this process, by flavor."""
_caches_lock = threading.Lock()


class _CacheEntry(NamedTuple):
    """A cached secret, the change token before its read, and the time at which the entry becomes invalid."""

    secret: BaseSecretSchema
    token: object
    expiry_time: float


class ReadCache:
    """A cache of secrets by name, with a time to live.

    Some backends have a change token, which changes with every write. A new token makes all cached secrets invalid.

    Threads that need the same secret at the same time share one read. A read in progress is called a flight. A write removes the
    flight. The result of a read that began before the write therefore goes to the waiting threads, and not into the cache.

    Two caches of one flavor may contain the same secret of the same backend, so a write through one of them removes the secret from both.
    """

    def __init__(self, time_to_live: float, change_token: Callable[[], object] | None = None, *, flavor: str = "") -> None:
        """Create an empty cache.

        Args:
            time_to_live: Seconds for which an entry is valid.
            change_token: Returns a token that changes with every write by any process. It is ``None`` if the backend has no change token.
            flavor: The flavor. If it is empty, a write removes secrets from this cache only.
        """
        self._time_to_live = time_to_live
        self._change_token = change_token
        self._entries: dict[str, _CacheEntry] = {}
        self._flights: dict[str, Future[BaseSecretSchema]] = {}
        self._lock = threading.Lock()
        self._token: object = None
        self._token_time = 0.0
        self._flavor = flavor
        if flavor:
            with _caches_lock:
                _caches.setdefault(flavor, WeakSet()).add(self)

    def get_fresh(self, name: str) -> BaseSecretSchema | None:
        """Return the cached secret, or ``None`` if the secret has to be read from the backend."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        now = time.monotonic()
        current_token = self._token if now - self._token_time < POLL_INTERVAL else self._read_token(now)
        # A caller that got the cached object may have changed it.
        is_valid = now < entry.expiry_time and entry.token == current_token and not entry.secret.is_changed
        return entry.secret if is_valid else None

    def fetch(self, name: str, read: Callable[[str], BaseSecretSchema]) -> BaseSecretSchema:
        """Return the cached secret, or call ``read(name)`` and cache its result. Concurrent callers share one call.

        Raises:
            ZenSecretsError: If ``read`` raises it. Every waiting caller gets the error.
        """
        while True:
            with self._lock:
                flight = self._flights.get(name)
                if flight is None:
                    cached = self.get_fresh(name)
                    if cached is not None:
                        # The caller checked the cache before this call. Since then, another thread has read the secret.
                        return cached
                    # This thread reads the secret, after the loop.
                    flight = self._flights[name] = Future()
                    break
            # If the reading thread is interrupted, it cancels the flight, and this thread tries again.
            with suppress(CancelledError):
                return flight.result()
        try:
            token = self._read_token(time.monotonic())
            secret = read(name)
        except Exception as error:
            self._end_flight(name, flight, None)
            flight.set_exception(error)
            raise
        except BaseException:
            # Ctrl-C interrupts only this thread. One of the waiting threads then reads the secret.
            self._end_flight(name, flight, None)
            flight.cancel()
            raise
        self._end_flight(name, flight, _CacheEntry(secret, token, time.monotonic() + self._time_to_live))
        flight.set_result(secret)
        return secret

    def fetch_many(
        self, names: Iterable[str], read: Callable[[list[str]], Mapping[str, BaseSecretSchema | ZenSecretsError]]
    ) -> dict[str, BaseSecretSchema | ZenSecretsError]:
        """Return the secret or the error for each name.

        A cached secret is returned, and a read in progress is shared. All other names are read by one call of ``read``. If a shared
        read is interrupted, ``read`` may be called again with only that name.

        Raises:
            ZenSecretsError: If ``read`` raises it.
        """
        results: dict[str, BaseSecretSchema | ZenSecretsError] = {}
        own_flights: dict[str, Future[BaseSecretSchema]] = {}
        shared_names: list[str] = []
        with self._lock:
            for name in names:
                cached = self.get_fresh(name)
                if cached is not None:
                    results[name] = cached
                elif name in self._flights:
                    shared_names.append(name)
                else:
                    own_flights[name] = self._flights[name] = Future()
        if own_flights:
            results.update(self._read_flights(own_flights, read))
        for name in shared_names:
            results[name] = self._fetch_or_error(name, lambda read_name: _secret_in(read([read_name]), read_name))
        return results

    def _fetch_or_error(self, name: str, read: Callable[[str], BaseSecretSchema]) -> BaseSecretSchema | ZenSecretsError:
        """Return the result of :meth:`fetch`, or its error."""
        try:
            return self.fetch(name, read)
        except ZenSecretsError as error:
            return error

    def _read_flights(
        self,
        flights: Mapping[str, Future[BaseSecretSchema]],
        read: Callable[[list[str]], Mapping[str, BaseSecretSchema | ZenSecretsError]],
    ) -> Mapping[str, BaseSecretSchema | ZenSecretsError]:
        """Return the results of one call of ``read``, and end the flights with them."""
        try:
            token = self._read_token(time.monotonic())
            results = read(list(flights))
        except BaseException:
            # For each secret, one of the threads that wait for its flight then reads it.
            for name, flight in flights.items():
                self._end_flight(name, flight, None)
                flight.cancel()
            raise
        expiry_time = time.monotonic() + self._time_to_live
        for name, flight in flights.items():
            result = results[name]
            if isinstance(result, ZenSecretsError):
                self._end_flight(name, flight, None)
                flight.set_exception(result)
            else:
                self._end_flight(name, flight, _CacheEntry(result, token, expiry_time))
                flight.set_result(result)
        return results

    def drop(self, name: str) -> None:
        """Remove a secret and its read in progress from this cache."""
        with self._lock:
            self._entries.pop(name, None)
            self._flights.pop(name, None)

    def drop_everywhere(self, *names: str) -> None:
        """Remove the named secrets from every cache of this flavor. Without names, remove all secrets from these caches."""
        with _caches_lock:
            caches = list(_caches[self._flavor]) if self._flavor else [self]
        for cache in caches:
            for name in names:
                cache.drop(name)
            if not names:
                cache.clear()

    def clear(self) -> None:
        """Remove all secrets from this cache."""
        with self._lock:
            self._entries.clear()
            self._flights.clear()

    def _end_flight(self, name: str, flight: Future[BaseSecretSchema], entry: _CacheEntry | None) -> None:
        """Remove a flight and cache ``entry`` if there is one, unless a write has removed the flight already."""
        with self._lock:
            if self._flights.get(name) is flight:
                del self._flights[name]
                if entry is not None:
                    self._entries[name] = entry

    def _read_token(self, now: float) -> object:
        """Read the change token, and remember it with the time of the read."""
        self._token = self._change_token() if self._change_token else None
        self._token_time = now
        return self._token


def _secret_in(results: Mapping[str, BaseSecretSchema | ZenSecretsError], name: str) -> BaseSecretSchema:
    """Return the secret of a name, or raise the error that is its result."""
    result = results[name]
    if isinstance(result, ZenSecretsError):
        raise result
    return result
