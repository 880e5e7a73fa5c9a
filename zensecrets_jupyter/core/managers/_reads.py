"""Which secrets are read while something runs, and what they were: the cache of steps needs to know."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.managers._flavor import Flavor
    from zensecrets_jupyter.core.schemas import BaseSecretSchema


class Read(NamedTuple):
    """A secret that was asked of ``manager``, and each state in which it was seen: none if it could not be read at all."""

    manager: Flavor
    seen: list[BaseSecretSchema]


Reads: TypeAlias = "dict[tuple[str, str], Read]"
"""What was read, by the manager's identity and the secret's name."""

active: tuple[Reads, ...] = ()
"""What is recorded into just now."""
_lock = threading.Lock()


def note(manager: Flavor, name: str, secret: BaseSecretSchema | None) -> None:
    """Say that ``secret`` was read from ``manager``; ``None`` if it was asked for and may not have come."""
    for record in active:
        read = record.setdefault((manager.id, name), Read(manager, []))
        if secret is not None and (not read.seen or (read.seen[-1] is not secret and read.seen[-1] != secret)):
            read.seen.append(secret)


@contextmanager
def recorded_reads() -> Iterator[Reads]:
    """Fill the dict that it yields with each secret read meanwhile, by any thread.

    Reads of other threads count as well: a step may read from threads of its own, and one read too many is a cache miss too many at
    worst.
    """
    global active  # noqa: PLW0603 - one process, one record of its reads
    record: Reads = {}
    with _lock:
        active = (*active, record)
    try:
        yield record
    finally:
        with _lock:
            active = tuple(other for other in active if other is not record)
