"""Budgets that limit how many bytes slow decoders may process."""

from __future__ import annotations

_MIN_USEFUL = 64
"""Minimum number of remaining bytes for which decoding is worth it."""


class Budget:
    """A number of bytes that may be processed."""

    def __init__(self, size: int) -> None:
        """Create a budget of ``size`` bytes."""
        self._left = size

    def spend(self, size: int) -> bool:
        """Spend ``size`` bytes and return ``True``. If fewer bytes are left, spend nothing and return ``False``."""
        if size > self._left:
            return False
        self._left -= size
        return True

    @property
    def is_spent(self) -> bool:
        """Whether too few bytes are left to be useful. A few bytes may still be left."""
        return self._left < _MIN_USEFUL
