"""Faults that a fake server injects into its responses."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Fault(NamedTuple):
    """One fault of a response.

    Attributes:
        code: The error code of the service: an HTTP status or a gRPC code.
        reason: A second code, for services whose error responses have one.
        wait: Seconds that the response asks the client to wait before the next attempt.
        delay: Seconds before the response is sent.
        cut: Whether the connection is closed without a response.
        foreign_response: Whether the response is a page of another service.
        executed_first: Whether the server executes the request before the fault occurs.
    """

    code: str = ""
    reason: str = ""
    wait: float = 0
    delay: float = 0
    cut: bool = False
    foreign_response: bool = False
    executed_first: bool = False


class FaultInjector:
    """The faults of a fake server. The server asks it about each request.

    Attributes:
        requests: The labels of all requests so far.
        latency: Seconds that are added to each response.
    """

    def __init__(self) -> None:
        """Inject no fault until a fault is added."""
        self.requests: list[str] = []
        self.latency = 0.0
        self._faults: list[tuple[str, Fault, list[int]]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault, times: int = 1, on: str = "") -> None:
        """Inject a fault into the next requests.

        Args:
            fault: The fault.
            times: The number of requests that fail.
            on: A regular expression. Only requests with a label that contains a match fail.
        """
        with self._lock:
            self._faults.append((on, fault, [times]))

    @contextmanager
    def inject(self, fault: Fault, on: str = "", times: int = 10**9) -> Iterator[None]:
        """Inject a fault while the block runs. The arguments are those of :meth:`add`."""
        self.add(fault, times, on)
        try:
            yield
        finally:
            self.clear()

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def fault_for(self, label: str) -> Fault | None:
        """Record a request and return its fault, or ``None``."""
        with self._lock:
            self.requests.append(label)
            for on, fault, remaining in self._faults:
                if remaining[0] > 0 and re.search(on, label):
                    remaining[0] -= 1
                    return fault
        return None
