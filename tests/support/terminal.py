"""Programs as processes of their own: the console script, and what a person starts at a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


def at_a_terminal(  # noqa: PLR0913 - what a terminal is like
    program: str,
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    folder: Path | None = None,
    seconds: int = 60,
    size: tuple[int, int] = (40, 200),
) -> pexpect.spawn[str]:
    """Start a program as a person at a terminal does.

    Args:
        program: Its path.
        words: Its arguments.
        environment: What it has in its environment beside that of the tests.
        folder: Where it is started; by default where the tests are.
        seconds: How long to wait for what it is expected to show.
        size: The terminal's rows and columns.
    """
    return pexpect.spawn(
        program,
        list(words),
        env={**os.environ, **environment},
        cwd=None if folder is None else str(folder),
        encoding="utf-8",
        timeout=seconds,
        dimensions=size,
        use_poll=True,
        preexec_fn=_heed_interrupts,
    )


def _heed_interrupts() -> None:
    # Tests that a script runs in the background ignore Ctrl-C, and what they start would as well; what a person starts does not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
