"""A PostgreSQL server on loopback that asks for passwords, made for a test and ended after it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Server(NamedTuple):
    """A running server, and who may log in."""

    host: str
    port: int
    user: str
    password: str


@contextmanager
def running_postgresql(user: str, password: str) -> Iterator[Server]:
    """Make a cluster whose only role is ``user`` with ``password`` (SCRAM), start its server, and remove both afterwards."""
    with tempfile.TemporaryDirectory(prefix="zs-postgresql-") as name:
        folder = Path(name)
        password_file = folder / "password"
        password_file.write_text(password)
        data = folder / "data"
        if os.geteuid() == 0:
            # The server refuses to run as root; Debian's package makes this user.
            account = pwd.getpwnam("postgres")
            for path in (folder, password_file):
                os.chown(path, account.pw_uid, account.pw_gid)
        _run("initdb", "-D", data, "-U", user, "-A", "scram-sha-256", f"--pwfile={password_file}", "--no-sync", "-E", "UTF8")
        password_file.unlink()
        port = _start(data, folder)
        try:
            yield Server("127.0.0.1", port, user, password)
        finally:
            _run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _start(data: Path, folder: Path) -> int:
    """Start the server and return its port; it can't choose one itself, and another process may take the free one before it does."""
    for turn in range(10):
        port = _free_port()
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
        log = folder / f"log{turn}"
        try:
            _run("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")
        except subprocess.CalledProcessError:
            if "Address already in use" not in log.read_text(encoding="utf-8", errors="replace"):
                raise
        else:
            return port
    message = "Ten ports in a row were taken by other processes before the server listened."
    raise RuntimeError(message)


def _run(program: str, *arguments: object) -> None:
    command = [_find(program), *map(str, arguments)]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")


def _find(program: str) -> str:
    # Debian keeps a server's programs out of PATH, one folder for each version.
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    found = str(installed[-1]) if installed else shutil.which(program)
    assert found, f"There is no {program} here: run tests/install-system-packages."
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
