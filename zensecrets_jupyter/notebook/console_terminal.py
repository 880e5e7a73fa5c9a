"""The terminal of the ``jupyter console`` that started this kernel.

A console reads a prompt's answer line by line, and its terminal shows text that arrives after one line and before the console reads the
next one. So lines of a pasted private key may be shown. If the console has started the kernel, the kernel therefore reads the answer
directly from the console's terminal. A console that connects to a running kernel (``--existing``) is not found, because that console is
not the kernel's parent process.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

_PARENT_VARIABLE = "JPY_PARENT_PID"
"""Environment variable with the identifier of the process that started the kernel.

The function ``jupyter_client.launcher.launch_kernel`` sets it.
"""

_CONSOLE = re.compile(r"jupyter[-_]console")
"""Matches the command line of a console: ``jupyter-console`` or ``python -m jupyter_console``."""


def find_console_terminal() -> Path | None:
    """Return the device file of the console's terminal, or ``None``.

    The console must have started this kernel, and must have sent the cell that runs now.
    """
    process_id = os.environ.get(_PARENT_VARIABLE, "")
    if sys.platform == "win32" or not process_id.isdigit():
        return None
    import psutil

    try:
        console = psutil.Process(int(process_id))
        terminal = console.terminal() if _CONSOLE.search(" ".join(console.cmdline())) else None
    except psutil.Error:
        return None
    return Path(terminal) if terminal and _is_running_a_cell(terminal) else None


def _is_running_a_cell(terminal: str) -> bool:
    """Return whether the console waits for a cell that it has sent.

    While a user edits a cell in the console, the terminal is in raw mode. If a cell runs at that time, another front end has sent it.
    """
    import termios

    try:
        descriptor = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return False
    try:
        # Item 3 of the attributes holds the local modes.
        local_modes = termios.tcgetattr(descriptor)[3]
        # Canonical mode, in which the terminal edits lines, is the opposite of raw mode.
        return bool(local_modes & termios.ICANON)
    except termios.error:
        return False
    finally:
        os.close(descriptor)
