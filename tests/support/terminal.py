"""Programs in separate processes: the installed script, and programs at a pseudo-terminal."""

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
"""The path of the installed script."""


def run_zensecrets(
    *words: str, stdin: bytes | None = None, folder: Path | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the installed script without a terminal, and return its exit code and output.

    Args:
        words: The arguments of the script.
        stdin: The standard input; by default it is empty.
        folder: The working directory; by default that of the tests.
        environment: Environment variables that are added to those of the tests.
    """
    process = subprocess.run(
        [ZENSECRETS, *words], input=stdin or b"", capture_output=True, cwd=folder, env={**os.environ, **(environment or {})}, check=False
    )
    return subprocess.CompletedProcess(process.args, process.returncode, process.stdout.decode(), process.stderr.decode())


def spawn_in_terminal(  # noqa: PLR0913 - each parameter is an option of the process or of its terminal
    program: str,
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    folder: Path | None = None,
    seconds: int = 60,
    size: tuple[int, int] = (40, 200),
) -> pexpect.spawn[str]:
    """Start a program at a pseudo-terminal.

    Args:
        program: The path of the program.
        words: The arguments.
        environment: Environment variables that are added to those of the tests.
        folder: The working directory; by default that of the tests.
        seconds: The timeout for expected output.
        size: The rows and columns of the terminal.
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
        preexec_fn=_restore_sigint,
    )


def _restore_sigint() -> None:
    # A shell script starts background processes with SIGINT ignored. If the tests are one of them, the program inherits this, and Ctrl-C
    # would have no effect.
    signal.signal(signal.SIGINT, signal.default_int_handler)
