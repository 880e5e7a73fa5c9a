"""The mask: the text that replaces a value."""

from __future__ import annotations

FAILED = "‹redaction failed›"
"""Replacement of a text that could not be searched."""


def mask_text(name: str) -> str:
    """Return the mask of the value called ``name``, which is ``secret.key``."""
    return f"‹secret:{name}›"
