"""Code that is run as a notebook runs a cell."""

from __future__ import annotations

from typing import Any


def cell(source: str) -> dict[str, Any]:
    """Run ``source`` as IPython runs a cell, and return the names that it leaves."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, "<ipython-input-1>", "exec"), names)  # noqa: S102 - it is what a cell is
    return names
