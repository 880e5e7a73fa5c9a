"""A log of the secrets that a step reads, for the step cache."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.schemas import BaseSecretSchema


class LoggedManager(Protocol):
    """The attributes of a secrets manager that the log needs."""

    @property
    def name(self) -> str:
        """Name under which the manager is registered."""

    @property
    def id(self) -> str:
        """ID of the manager."""


class SecretRead(NamedTuple):
    """The reads of one secret.

    Attributes:
        manager: The secrets manager of the secret.
        seen: The different states in which the secret was read. The list is empty if the read failed.
    """

    manager: LoggedManager
    seen: list[BaseSecretSchema]


Reads: TypeAlias = "dict[tuple[str, str], SecretRead]"
"""The reads, by the ID of the manager and the name of the secret."""

active: tuple[Reads, ...] = ()
"""The logs to which reads are added now."""
_lock = threading.Lock()


def note(manager: LoggedManager, name: str, secret: BaseSecretSchema | None) -> None:
    """Add a read to the active logs.

    Args:
        manager: The secrets manager.
        name: The name of the secret.
        secret: The secret, or ``None`` before the read.
    """
    for log in active:
        read = log.setdefault((manager.id, name), SecretRead(manager, []))
        if secret is not None and (not read.seen or (read.seen[-1] is not secret and read.seen[-1] != secret)):
            read.seen.append(secret)


@contextmanager
def recorded_reads() -> Iterator[Reads]:
    """Yield a log of the reads of all threads while the block runs.

    Reads of other threads are added, because a step may start threads. A read of an unrelated thread costs at most one cache miss.
    """
    global active  # noqa: PLW0603 - the logs belong to the process
    log: Reads = {}
    with _lock:
        active = (*active, log)
    try:
        yield log
    finally:
        with _lock:
            active = tuple(other for other in active if other is not log)
