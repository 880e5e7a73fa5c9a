"""A desktop session with its own D-Bus, its own home folder and an unlocked gnome-keyring.

:func:`run_in_session` runs a separate program in a new session. :func:`joined_session` connects this process to a new session.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]

_UNLOCK_AND_RUN = 'eval "$(printf %s session-password | gnome-keyring-daemon --unlock --components=secrets --daemonize)" && exec "$@"'
"""A shell script that starts and unlocks gnome-keyring, and runs the command in its arguments.

``eval`` sets the environment variables that gnome-keyring prints.
"""

_DAEMON_RESTARTED = "Activating service name='org.freedesktop.secrets'"
"""The message of D-Bus when it starts a new keyring daemon, because the first one has crashed."""


@contextmanager
def session_folder() -> Iterator[Path]:
    """Create a folder for all files of a session.

    Its path is short, because the path of a socket may have about 100 bytes.
    """
    folder = Path(tempfile.mkdtemp(prefix="zs-"))
    try:
        for name in ("home", "runtime", "data", "config"):
            (folder / name).mkdir(mode=0o700)
        yield folder
    finally:
        # The programs of the session remove their sockets when they end. They may still do so now, so a missing file is no error.
        shutil.rmtree(folder, ignore_errors=True)


def run_in_session(session: Path, module: str, *arguments: str, **environment: str) -> str:
    """Run a Python module in the session and return its output. If the module fails, the test fails.

    Args:
        session: The folder of the session.
        module: The name of the module. Pytest runs in the root of the repository, and other modules in the folder of the session.
        arguments: The arguments of the module.
        environment: Additional environment variables.
    """
    program = shutil.which("dbus-run-session")
    assert program, "dbus-run-session is missing: run tests/install-system-packages."
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
        "HOME": str(session / "home"),
        "XDG_RUNTIME_DIR": str(session / "runtime"),
        "XDG_DATA_HOME": str(session / "data"),
        "XDG_CONFIG_HOME": str(session / "config"),
        "ZENSECRETS_HOME": str(session / "home" / "zensecrets"),
        **environment,
    }
    command = [program, "--", "bash", "-c", _UNLOCK_AND_RUN, "bash", sys.executable, "-W", "error", "-m", module, *arguments]
    working_folder = ROOT if module == "pytest" else session
    process = subprocess.run(command, env=variables, cwd=working_folder, check=False, capture_output=True, text=True, timeout=180)
    if process.returncode and _DAEMON_RESTARTED in process.stderr:
        # GNOME's daemon crashes occasionally. D-Bus then starts another one, whose keyring is locked, so the module is run once more.
        process = subprocess.run(command, env=variables, cwd=working_folder, check=False, capture_output=True, text=True, timeout=180)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@contextmanager
def joined_session() -> Iterator[None]:
    """Connect this process to a new session while the block runs."""
    with session_folder() as folder, pytest.MonkeyPatch.context() as patch, ExitStack() as cleanup:
        for variable, name in {"HOME": "home", "XDG_RUNTIME_DIR": "runtime", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config"}.items():
            patch.setenv(variable, str(folder / name))
        bus = cleanup.enter_context(_running_process("dbus-daemon", "--session", "--print-address", "--nofork"))
        assert bus.stdout
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.stdout.readline().strip())
        daemon = cleanup.enter_context(_running_process("gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"))
        assert daemon.stdin
        assert daemon.stdout
        daemon.stdin.write("session-password")
        daemon.stdin.close()
        # The daemon prints a line when it is ready.
        daemon.stdout.readline()
        yield


@contextmanager
def _running_process(name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    program = shutil.which(name)
    assert program, f"{name} is missing: run tests/install-system-packages."
    with subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
