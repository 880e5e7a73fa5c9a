"""Which secrets are read while something runs: the cache of steps needs to know."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers.interface import SecretsManager

_active: tuple[dict[tuple[str, str], SecretsManager], ...] = ()
_lock = threading.Lock()


def note(manager: SecretsManager, name: str) -> None:
    """Say that the secret ``name`` of ``manager`` is being read."""
    for record in _active:
        record[manager.id, name] = manager


@contextmanager
def recorded_reads() -> Iterator[dict[tuple[str, str], SecretsManager]]:
    """Fill the dict that it yields: for each secret read meanwhile, by any thread, ``(manager's id, name)`` to the manager.

    Reads of other threads count as well: a step may read from threads of its own, and one read too many is a cache miss too many at
    worst.
    """
    global _active  # noqa: PLW0603 - one process, one record of its reads
    record: dict[tuple[str, str], SecretsManager] = {}
    with _lock:
        _active = (*_active, record)
    try:
        yield record
    finally:
        with _lock:
            _active = tuple(other for other in _active if other is not record)
