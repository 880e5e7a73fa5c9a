"""Escape sequences of a terminal."""

from __future__ import annotations

import re

ESCAPE = b"\x1b"
# ECMA-48, 5.3 to 5.6, and ECMA-35: control sequences, control strings, designations of character sets.
_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-Z\\`-~])")


def sequences_in(data: bytes) -> bytes:
    """Return the escape sequences in ``data`` without the text between them."""
    return b"".join(_SEQUENCE.findall(data))
