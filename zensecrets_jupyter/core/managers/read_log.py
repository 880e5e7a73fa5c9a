"""A log of the secrets that are read while a step runs, for the step cache."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.managers.interface import SecretsManager
    from zensecrets_jupyter.core.schemas import BaseSecretSchema


class SecretRead(NamedTuple):
    """A read secret: its manager, and each state in which it was read; none if it could not be read."""

    manager: SecretsManager
    seen: list[BaseSecretSchema]


Reads: TypeAlias = "dict[tuple[str, str], SecretRead]"
"""Reads by the manager's identity and the secret's name."""

active: tuple[Reads, ...] = ()
"""The logs that are being written."""
_lock = threading.Lock()


def note(manager: SecretsManager, name: str, secret: BaseSecretSchema | None) -> None:
    """Log that ``secret`` was read; ``None`` if it was requested and may not have been read."""
    for record in active:
        read = record.setdefault((manager.id, name), SecretRead(manager, []))
        if secret is not None and (not read.seen or (read.seen[-1] is not secret and read.seen[-1] != secret)):
            read.seen.append(secret)


@contextmanager
def recorded_reads() -> Iterator[Reads]:
    """Yield a dict, and add each secret that any thread reads meanwhile.

    Reads of other threads count, since a step may start threads; a foreign read costs one cache miss at worst.
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
