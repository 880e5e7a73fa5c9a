"""Faults that a fake server injects into its responses."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

UNLIMITED = 10**9
"""A number of faulty requests that no test reaches."""


class Fault(NamedTuple):
    """How the response to one request differs from a normal response.

    Attributes:
        code: The error code of the service: an HTTP status or a gRPC code.
        reason: A second code or a text, for services whose error responses have one.
        retry_after: Seconds that the response asks the client to wait before the next attempt.
        delay: Seconds before the response is sent.
        closes_connection: Whether the connection is closed without a response.
        is_foreign_response: Whether the response is a page of another service, such as the page on which a network asks to log in.
        request_is_executed: Whether the server executes the request before the fault occurs.
    """

    code: str = ""
    reason: str = ""
    retry_after: float = 0
    delay: float = 0
    closes_connection: bool = False
    is_foreign_response: bool = False
    request_is_executed: bool = False


@dataclass
class _PlannedFault:
    fault: Fault
    remaining_requests: int
    label_pattern: str


class FaultInjector:
    """The faults of a fake server, which calls :meth:`fault_for` for each request.

    Attributes:
        requests: The label of each request so far, such as ``GET /secrets``.
        latency: Seconds that the fake server waits before each response, also without a fault.
    """

    def __init__(self) -> None:
        """Inject no fault until a fault is added."""
        self.requests: list[str] = []
        self.latency = 0.0
        self._planned_faults: list[_PlannedFault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault, *, times: int = 1, only: str = "") -> None:
        """Inject a fault into the next requests.

        Args:
            fault: The fault.
            times: The number of requests that fail.
            only: A regular expression. Only requests with a label that contains a match fail.
        """
        with self._lock:
            self._planned_faults.append(_PlannedFault(fault, times, only))

    @contextmanager
    def inject(self, fault: Fault, *, times: int = UNLIMITED, only: str = "") -> Iterator[None]:
        """Inject a fault while the block runs.

        The arguments are those of :meth:`add`, but by default every request fails. After the block, all faults are removed, including those
        of earlier calls of :meth:`add`.
        """
        self.add(fault, times=times, only=only)
        try:
            yield
        finally:
            self.clear()

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._planned_faults.clear()

    def fault_for(self, label: str) -> Fault | None:
        """Record a request and return its fault, or ``None``."""
        with self._lock:
            self.requests.append(label)
            for planned_fault in self._planned_faults:
                if planned_fault.remaining_requests > 0 and re.search(planned_fault.label_pattern, label):
                    planned_fault.remaining_requests -= 1
                    return planned_fault.fault
        return None
