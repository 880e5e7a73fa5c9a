"""Desktop session with its own bus, unlocked gnome-keyring and home folder.

A separate program runs in it, or this process joins it.
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

_UNLOCKED = 'eval "$(printf %s session-password | gnome-keyring-daemon --unlock --components=secrets --daemonize)" && exec "$@"'

_DAEMON_RESTARTED = "Activating service name='org.freedesktop.secrets'"
"""Message of the bus when it starts a new keyring daemon after the daemon of the session has crashed."""


@contextmanager
def session_folder() -> Iterator[Path]:
    """Create a folder for all files of a session.

    Its path is short because of the limit for socket paths.
    """
    folder = Path(tempfile.mkdtemp(prefix="zs-"))
    try:
        for name in ("home", "runtime", "data", "config"):
            (folder / name).mkdir(mode=0o700)
        yield folder
    finally:
        # The session removes its sockets when it ends, and may not have finished yet.
        shutil.rmtree(folder, ignore_errors=True)


def run_in_session(session: Path, module: str, *arguments: str, **environment: str) -> str:
    """Run a module in the session from the root of the repository.

    Return its output; a failure fails the test.
    """
    program = shutil.which("dbus-run-session")
    assert program, "dbus-run-session is missing: run tests/install-system-packages."
    settings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
        "HOME": str(session / "home"),
        "XDG_RUNTIME_DIR": str(session / "runtime"),
        "XDG_DATA_HOME": str(session / "data"),
        "XDG_CONFIG_HOME": str(session / "config"),
        "ZENSECRETS_HOME": str(session / "home" / "zensecrets"),
        **environment,
    }
    command = [program, "--", "bash", "-c", _UNLOCKED, "bash", sys.executable, "-W", "error", "-m", module, *arguments]
    working_folder = ROOT if module == "pytest" else session
    process = subprocess.run(command, env=settings, cwd=working_folder, check=False, capture_output=True, text=True, timeout=180)
    if process.returncode and _DAEMON_RESTARTED in process.stderr:
        # GNOME's daemon crashes occasionally. The bus then starts another one, which is locked, so the run is repeated.
        process = subprocess.run(command, env=settings, cwd=working_folder, check=False, capture_output=True, text=True, timeout=180)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@contextmanager
def joined_session() -> Iterator[None]:
    """Connect this process to a new session; the keyring's password is ``session-password``."""
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
