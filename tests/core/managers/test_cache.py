"""The cache of a secrets manager.

Concurrent callers share one read. A cached secret is not returned after a write or after its time to live.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.support.managers.counting import CountingBackend
from tests.support.managers.stores import secret
from zensecrets_jupyter import ManagerUnreachableError, SecretNotFoundError
from zensecrets_jupyter.core.managers import SecretsManager
from zensecrets_jupyter.core.managers.cache import ReadCache
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.managers import SecretRecord

WAIT = 30
"""Seconds after which a blocked thread fails the test."""


@pytest.fixture
def manager() -> SecretsManager[CountingBackend]:
    """Return a counting manager with one secret."""
    manager = SecretsManager(CountingBackend())
    manager.backend.put("mine", key="first")
    return manager


class Gate:
    """Blocks a read until the test opens the gate.

    Attributes:
        reached: An event that a read sets when it is blocked.
        opened: An event that the test sets to continue the read.
    """

    def __init__(self) -> None:
        """Start closed."""
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _name: str) -> None:
        """Block the read."""
        self.reached.set()
        assert self.opened.wait(WAIT)


def _count_waiting_threads(manager: SecretsManager[CountingBackend]) -> int:
    """Return how many threads wait for another thread that reads the secret ``mine``.

    A shared read is a "flight" in the cache. Its waiting threads are in a private attribute of the standard library. The alternative, to
    look at the stacks of the threads, can block Python 3.11 forever (https://github.com/python/cpython/issues/106883).
    """
    flight = manager._cache._flights.get("mine")
    return len(flight._condition._waiters) if flight is not None else 0  # type: ignore[attr-defined]  # the attribute of the standard library is private


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        # Nothing sets this event, so the thread sleeps for a millisecond.
        threading.Event().wait(0.001)


def test_a_thousand_reads_are_one(manager: SecretsManager[CountingBackend]) -> None:
    """A secret is read once, and each call returns the same object."""
    assert len({id(manager.get_secret("mine")) for _ in range(1000)}) == 1
    assert manager.backend.reads == ["mine"]


def test_thirty_two_threads_share_one_read(manager: SecretsManager[CountingBackend]) -> None:
    """While one thread reads, thirty-one threads wait for its result."""
    gate = manager.backend.during_read = Gate()
    results: list[object] = []
    threads = [threading.Thread(target=lambda: results.append(manager.get_secret("mine"))) for _ in range(32)]
    threads[0].start()
    assert gate.reached.wait(WAIT)
    for thread in threads[1:]:
        thread.start()
    _wait_until(lambda: _count_waiting_threads(manager) == 31)
    gate.opened.set()
    for thread in threads:
        thread.join(WAIT)
    assert len(results) == 32
    assert len({id(result) for result in results}) == 1
    assert manager.backend.reads == ["mine"]


def test_error_is_shared_and_not_cached() -> None:
    """All waiting threads get the error of the read, and the next call reads again."""

    class FailingBackend(CountingBackend):
        is_broken = True

        def read(self, name: str) -> SecretRecord:
            record = super().read(name)
            if self.is_broken:
                raise ManagerUnreachableError("it does not answer")
            return record

    manager = SecretsManager(FailingBackend())
    manager.backend.put("mine", key="value")
    gate = manager.backend.during_read = Gate()
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(manager.get_secret, "mine")]
        assert gate.reached.wait(WAIT)
        futures += [pool.submit(manager.get_secret, "mine") for _ in range(7)]
        _wait_until(lambda: _count_waiting_threads(manager) == 7)
        gate.opened.set()
        assert [type(future.exception(WAIT)) for future in futures] == [ManagerUnreachableError] * 8
    assert manager.backend.reads == ["mine"]
    manager.backend.is_broken = False
    assert manager.get_secret("mine").content == {"key": "value"}


def test_ctrl_c_interrupts_only_the_reading_thread(manager: SecretsManager[CountingBackend]) -> None:
    """If the reading thread is interrupted, a waiting thread reads the secret."""
    gate = Gate()
    is_interrupted = threading.Event()

    def interrupt_first_read(name: str) -> None:
        if not is_interrupted.is_set():
            gate(name)
            is_interrupted.set()
            raise KeyboardInterrupt

    manager.backend.during_read = interrupt_first_read
    results: list[object] = []

    def read() -> None:
        try:
            results.append(manager.get_secret("mine").content)
        except KeyboardInterrupt:
            results.append("interrupted")

    threads = [threading.Thread(target=read) for _ in range(4)]
    threads[0].start()
    assert gate.reached.wait(WAIT)
    for thread in threads[1:]:
        thread.start()
    _wait_until(lambda: _count_waiting_threads(manager) == 3)
    gate.opened.set()
    for thread in threads:
        thread.join(WAIT)
    assert sorted(map(str, results)) == ["interrupted", *["{'key': 'first'}"] * 3]
    assert manager.backend.reads == ["mine", "mine"]


def test_write_is_seen_by_the_next_read(manager: SecretsManager[CountingBackend]) -> None:
    """After each kind of write, the next read returns the new content, or reports that the secret is missing."""
    writes: list[tuple[Callable[[], None], dict[str, str] | None]] = [
        (lambda: manager.update_secret(secret("mine", key="second")), {"key": "second"}),
        (lambda: manager.merge_secret("mine", {"key": "third"}), {"key": "third"}),
        (lambda: manager.delete_secret("mine"), None),
        (lambda: manager.register_secret(secret("mine", key="fourth")), {"key": "fourth"}),
        (manager.delete_all_secrets, None),
        # Another machine registers "other".
        (lambda: manager.backend.put("other", key="fifth"), None),
        (lambda: manager.rename_secret("other", "mine"), {"key": "fifth"}),
    ]
    content: dict[str, str] | None
    for write, expected in writes:
        write()
        try:
            content = manager.get_secret("mine").content
        except SecretNotFoundError:
            content = None
        assert content == expected


def test_failed_write_removes_the_cached_secret(manager: SecretsManager[CountingBackend]) -> None:
    """After a failed write the stored content is unknown, so the secret is read again. Here the name exists already."""
    manager.get_secret("mine")
    with pytest.raises(ValueError, match="exists already"):
        manager.register_secret(secret("mine", key="second"))
    manager.get_secret("mine")
    assert manager.backend.reads == ["mine", "mine"]


def test_read_from_before_a_write_is_not_cached(manager: SecretsManager[CountingBackend]) -> None:
    """The result of a read that began before a write is returned to its caller and not cached."""
    text = canary("second")
    gate = manager.backend.during_read = Gate()
    with ThreadPoolExecutor(1) as pool:
        read_before_write = pool.submit(manager.get_secret, "mine")
        assert gate.reached.wait(WAIT)
        # Only the first read is blocked.
        manager.backend.during_read = None
        manager.update_secret(secret("mine", key=text))
        secret_after_write = manager.get_secret("mine")
        gate.opened.set()
        assert read_before_write.result(WAIT).content == {"key": "first"}
    assert secret_after_write.content == {"key": text}
    assert manager.get_secret("mine").content == {"key": text}
    assert manager.backend.reads == ["mine", "mine"]


def test_refresh_ignores_the_cache(manager: SecretsManager[CountingBackend]) -> None:
    """With refresh the secret is read, and the result is cached."""
    manager.get_secret("mine")
    manager.backend.put("mine", key="second")
    assert manager.get_secret("mine").content == {"key": "first"}
    assert manager.get_secret("mine", refresh=True).content == {"key": "second"}
    assert manager.get_secret("mine").content == {"key": "second"}
    assert manager.backend.reads == ["mine", "mine"]


def test_time_to_live_of_zero() -> None:
    """With a time to live of zero, every call reads the secret."""

    class UncachedBackend(CountingBackend):
        time_to_live: ClassVar[float] = 0.0

    manager = SecretsManager(UncachedBackend())
    manager.backend.put("mine", key="value")
    for _ in range(3):
        manager.get_secret("mine")
    assert manager.backend.reads == ["mine"] * 3


def test_change_token_invalidates_the_cache(manager: SecretsManager[CountingBackend]) -> None:
    """A new change token causes a new read before the time to live has passed."""
    manager.backend.token = 1
    assert manager.get_secret("mine").content == {"key": "first"}
    manager.backend.put("mine", key="second")
    manager.backend.token = 2
    # The cache reuses the last token for a short time, so the new content appears only after it.
    _wait_until(lambda: manager.get_secret("mine").content == {"key": "second"})
    assert manager.backend.reads == ["mine", "mine"]


def test_change_token_is_read_before_the_secret() -> None:
    """If another machine writes during a read, the result of the read is not returned again.

    The cache reads the token before the secret, so the token of the cached secret is older than the write.
    """
    # The token changes from 1 to 2 during the first fetch.
    tokens = iter([1, 2, 2])
    cache = ReadCache(60.0, lambda: next(tokens))
    mine = secret("mine", key="first")
    assert cache.fetch("mine", lambda _: mine) is mine
    # The cache reads the token again only after a short time since the last read. A last read at time zero is long ago.
    cache._token_time = 0.0
    assert cache.get_fresh("mine") is None
    assert cache.fetch("mine", lambda _: mine) is mine


def test_missing_secret_is_not_cached(manager: SecretsManager[CountingBackend]) -> None:
    """After a read has reported a missing secret and another machine has registered it, the next read returns it."""
    with pytest.raises(SecretNotFoundError):
        manager.get_secret("other")
    manager.backend.put("other", key="new")
    assert manager.get_secret("other").content == {"key": "new"}


def test_late_caller_uses_the_result_of_another_read() -> None:
    """A caller that finds no cached secret gets the result of another read that ends before the caller's own read begins."""
    cache = ReadCache(60.0, None)
    first = secret("mine", key="first")
    assert cache.get_fresh("mine") is None, "the caller finds no cached secret"
    assert cache.fetch("mine", lambda _: first) is first
    assert cache.fetch("mine", lambda _: secret("mine", key="second")) is first


def test_write_invalidates_all_caches_of_a_flavor() -> None:
    """A write removes secrets from all caches of the same flavor, and from no cache of another flavor.

    A write through a cache without a flavor removes secrets from this cache only.
    """
    writer, reader, other = (ReadCache(60.0, None, flavor=flavor) for flavor in ("tested", "tested", "another"))
    without_flavor = [ReadCache(60.0, None) for _ in range(2)]
    for cache in (writer, reader, other, *without_flavor):
        for name in ("one", "two"):
            cache.fetch(name, lambda name: secret(name, key="stored"))
    writer.drop_everywhere("one")
    assert [cache.get_fresh("one") is None for cache in (writer, reader, other)] == [True, True, False]
    assert [cache.get_fresh("two") is None for cache in (writer, reader, other)] == [False, False, False]
    writer.drop_everywhere()
    assert [cache.get_fresh("two") is None for cache in (writer, reader, other)] == [True, True, False]
    without_flavor[0].drop_everywhere("one")
    assert [cache.get_fresh("one") is None for cache in without_flavor] == [True, False]


def test_read_of_another_instance_from_before_a_write_is_not_cached() -> None:
    """A read of one instance is not cached if another instance writes during this read."""
    records: dict[str, SecretRecord] = {}
    writer, reader = SecretsManager(CountingBackend()), SecretsManager(CountingBackend())
    # Both instances have the same flavor and the same stored secrets.
    writer.backend.records = reader.backend.records = records
    writer.backend.put("mine", key="first")
    gate = reader.backend.during_read = Gate()
    with ThreadPoolExecutor(1) as pool:
        read_before_write = pool.submit(reader.get_secret, "mine")
        assert gate.reached.wait(WAIT)
        writer.update_secret(secret("mine", key="second"))
        gate.opened.set()
        assert read_before_write.result(WAIT).content == {"key": "first"}
    assert reader.get_secret("mine").content == {"key": "second"}
