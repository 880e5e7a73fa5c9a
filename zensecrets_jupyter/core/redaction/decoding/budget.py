"""Budgets: how many bytes of a text may go through a decoder that is slow."""

from __future__ import annotations

_LEAST = 64


class Budget:
    """A number of bytes that is spent piece by piece."""

    def __init__(self, size: int) -> None:
        """Allow ``size`` bytes."""
        self._left = size

    def spend(self, size: int) -> bool:
        """Spend ``size`` bytes if so many are left, and tell whether they were."""
        if size > self._left:
            return False
        self._left -= size
        return True

    @property
    def is_spent(self) -> bool:
        """Whether too little is left for anything."""
        return self._left < _LEAST
