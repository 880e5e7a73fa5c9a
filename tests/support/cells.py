"""Execution of code in a namespace like that of a notebook cell."""

from __future__ import annotations

from typing import Any


def run_cell(source: str) -> dict[str, Any]:
    """Run ``source`` with the module name and file name that IPython gives a cell, and return its namespace."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, "<ipython-input-1>", "exec"), namespace)  # noqa: S102 - a cell is executed in this way
    return namespace
