"""A log of the secrets that a step reads. The step cache runs a step again if one of these secrets has changed."""

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


class SecretReads(NamedTuple):
    """The reads of one secret.

    Attributes:
        manager: The secrets manager of the secret.
        states: The secret as each read returned it, without repetitions: several states if it changed between reads, none if every
            read failed.
    """

    manager: LoggedManager
    states: list[BaseSecretSchema]


ReadLog: TypeAlias = "dict[tuple[str, str], SecretReads]"
"""The reads, by the ID of the manager and the name of the secret."""

active_logs: tuple[ReadLog, ...] = ()
"""The logs to which reads are added now."""
_lock = threading.Lock()
"""Protects the assignments to ``active_logs``."""


def note(manager: LoggedManager, name: str, secret: BaseSecretSchema | None) -> None:
    """Add a read to the active logs.

    Args:
        manager: The secrets manager.
        name: The name of the secret.
        secret: The secret, or ``None`` at the start of a read. A read that fails is thus in the log too.
    """
    for log in active_logs:
        states = log.setdefault((manager.id, name), SecretReads(manager, [])).states
        if secret is None:
            continue
        # Most reads return the same object from the cache. The comparison by identity avoids a comparison of all values.
        if not states or (states[-1] is not secret and states[-1] != secret):
            states.append(secret)


@contextmanager
def record_reads() -> Iterator[ReadLog]:
    """Yield a log to which the reads of all threads are added while the block runs.

    The log also contains the reads of other threads, because a step may start threads. If such a thread does not belong to the step, its
    reads can only cause an unnecessary run of the step.
    """
    global active_logs  # noqa: PLW0603 - the logs belong to the process
    log: ReadLog = {}
    with _lock:
        active_logs = (*active_logs, log)
    try:
        yield log
    finally:
        with _lock:
            active_logs = tuple(active_log for active_log in active_logs if active_log is not log)
