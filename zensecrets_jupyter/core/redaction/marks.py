"""The mask that replaces a value."""

from __future__ import annotations

FAILED = "‹redaction failed›"
"""What is shown instead of a text that could not be looked through."""


def mark(name: str) -> str:
    """Return the mark of the value called ``name``, as ``secret.key``."""
    return f"‹secret:{name}›"
