"""The weather of a fake: which of its answers go wrong, how, and for how long."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Fault(NamedTuple):
    """One way in which an answer goes wrong.

    Attributes:
        code: What the place says, in its own words: a status, or a code of its errors.
        reason: What it says besides, where its answers carry a second code.
        wait: Seconds after which it asks to be tried again.
        delay: Seconds that it takes.
        cut: Whether the connection breaks instead of any answer.
        nonsense: Whether what answers is not the place at all.
        done: Whether what was asked for is done all the same, before the answer goes wrong.
    """

    code: str = ""
    reason: str = ""
    wait: float = 0
    delay: float = 0
    cut: bool = False
    nonsense: bool = False
    done: bool = False


class Weather:
    """What a fake looks at before and after each request; it counts them too.

    Attributes:
        requests: What was asked for so far.
        latency: Seconds that each answer takes besides.
    """

    def __init__(self) -> None:
        """Be good."""
        self.requests: list[str] = []
        self.latency = 0.0
        self._faults: list[tuple[str, Fault, list[int]]] = []
        self._lock = threading.Lock()

    def fail(self, fault: Fault, times: int = 1, on: str = "") -> None:
        """Let that many of the next requests fail so; only those whose label the expression ``on`` is found in."""
        with self._lock:
            self._faults.append((on, fault, [times]))

    @contextmanager
    def failing(self, fault: Fault, on: str = "", times: int = 10**9) -> Iterator[None]:
        """Let requests fail so for a while."""
        self.fail(fault, times, on)
        try:
            yield
        finally:
            self.clear()

    def clear(self) -> None:
        """Be good again."""
        with self._lock:
            self._faults.clear()

    def fault_for(self, label: str) -> Fault | None:
        """Note a request, and return what goes wrong with it."""
        with self._lock:
            self.requests.append(label)
            for on, fault, left in self._faults:
                if left[0] > 0 and re.search(on, label):
                    left[0] -= 1
                    return fault
        return None
