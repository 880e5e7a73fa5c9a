"""Python code in a separate process, like code of another notebook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT = 60
"""Timeout of a process in seconds."""


def run_python(code: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    """Run ``code`` in a new process, and return the JSON value that it prints. Warnings are errors."""
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env={**os.environ, **(environment or {})},
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)
