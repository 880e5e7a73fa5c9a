"""The console script as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

ZENSECRETS = Path(sysconfig.get_path("scripts")) / "zensecrets"
"""The script as pip installed it."""


def zensecrets(
    *words: str, piped: bytes | None = None, folder: Path | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command with nobody at a terminal, ``piped`` on its stdin, and return how it ended and what it wrote."""
    process = subprocess.run(
        [ZENSECRETS, *words], input=piped or b"", capture_output=True, cwd=folder, env={**os.environ, **(environment or {})}, check=False
    )
    return subprocess.CompletedProcess(process.args, process.returncode, process.stdout.decode(), process.stderr.decode())
