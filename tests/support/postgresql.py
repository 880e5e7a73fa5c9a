"""A PostgreSQL server on the loopback interface with password authentication, for one test."""

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
    """The address and the credentials of a running server."""

    host: str
    port: int
    user: str
    password: str


@contextmanager
def running_postgresql(user: str, password: str) -> Iterator[Server]:
    """Run a server with a new data folder and one role.

    Afterwards, the server is stopped and the folder is deleted.

    Args:
        user: The role.
        password: Its password, checked by SCRAM.
    """
    with tempfile.TemporaryDirectory(prefix="zs-postgresql-") as name:
        folder = Path(name)
        password_file = folder / "password"
        password_file.write_text(password)
        data_folder = folder / "data"
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root. Debian's package creates this user.
            account = pwd.getpwnam("postgres")
            for path in (folder, password_file):
                os.chown(path, account.pw_uid, account.pw_gid)
        _run("initdb", "-D", data_folder, "-U", user, "-A", "scram-sha-256", f"--pwfile={password_file}", "--no-sync", "-E", "UTF8")
        password_file.unlink()
        port = _start(data_folder, folder)
        try:
            yield Server("127.0.0.1", port, user, password)
        finally:
            _run("pg_ctl", "-D", data_folder, "-m", "immediate", "-w", "stop")


def _start(data_folder: Path, folder: Path) -> int:
    """Start the server and return its port.

    The start is retried, because another process may bind the chosen port first.
    """
    for attempt in range(10):
        port = _free_port()
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
        log = folder / f"log{attempt}"
        try:
            _run("pg_ctl", "-D", data_folder, "-o", options, "-l", log, "-w", "start")
        except subprocess.CalledProcessError:
            if "Address already in use" not in log.read_text(encoding="utf-8", errors="replace"):
                raise
        else:
            return port
    message = "Other processes have bound all ten chosen ports."
    raise RuntimeError(message)


def _run(program: str, *arguments: object) -> None:
    command = [_find(program), *map(str, arguments)]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")


def _find(program: str) -> str:
    # Debian installs the programs of each version into a folder outside of PATH, such as /usr/lib/postgresql/16/bin. The newest is used.
    program_paths = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda program_path: int(program_path.parts[4]))
    path = str(program_paths[-1]) if program_paths else shutil.which(program)
    assert path, f"There is no {program} here: run tests/install-system-packages."
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
