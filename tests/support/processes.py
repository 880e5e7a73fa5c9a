"""Code that is run in a process of its own, as another notebook or a terminal would run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 60
"""How long such a process may take before the test fails."""


def run_python(code: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    """Return what ``code`` prints as JSON in a fresh process, in which every warning is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
