"""Commands in a terminal if the file system has no file locks, the disk fails, or another process holds the lock of the store."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.broken_stores import store_file
from tests.support.refused_calls import CALLS
from tests.support.terminal import ZENSECRETS, run_zensecrets
from zensecrets_jupyter.testing.canary import canary, find_canary

ROOT = Path(__file__).parents[1]

needs_seccomp = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in CALLS,
    reason="The filter that refuses system calls needs Linux and a processor whose system calls it knows.",
)


def _run_with_refused_call(call: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ``zensecrets`` while Linux refuses ``call``, which ``tests.support.refused_calls`` explains."""
    command = [sys.executable, "-m", "tests.support.refused_calls", call, *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL, check=False, timeout=60)


@needs_seccomp
@pytest.mark.parametrize("store_exists", [True, False])
def test_a_file_system_without_locks_is_an_error_at_once(store_exists: bool, tmp_path: Path) -> None:  # noqa: FBT001 - pytest passes the parameter by its name
    """The error of a read and of a write is one line with the reason and the solution."""
    value = canary()
    if store_exists:
        assert run_zensecrets("secret", "register", "stored", f"--key={value}").returncode == 0
    start_time = time.monotonic()
    for words in (["secret", "get", "stored"], ["secret", "register", "new", f"--key={value}"]):
        process = _run_with_refused_call("fcntl-lock", *words)
        assert process.returncode == 1
        assert process.stderr.count("\n") == 1
        assert f"Error: {tmp_path / 'home'} is on a file system without file locks" in process.stderr
        assert "Set ZENSECRETS_HOME to a folder on a disk of this machine." in process.stderr
    # A command takes about two seconds, and longer on a busy machine. If it waited for a lock, it would take a minute.
    assert time.monotonic() - start_time < 30
    if store_exists:
        # The table has one row for each secret, with the schema "arbitrary".
        assert run_zensecrets("secret", "list").stdout.count("arbitrary") == 1
    assert find_canary(tmp_path) == []


@needs_seccomp
@pytest.mark.skipif(sys.version_info < (3, 11), reason="Before Python 3.11 sqlite3 does not say which call failed.")
def test_if_the_disk_fails_at_the_end_of_a_change_the_error_says_that_it_may_be_stored(tmp_path: Path) -> None:
    """The command has written the change, but the system could not flush it to the disk.

    So the command does not know whether the change is stored.
    """
    value = canary()
    assert run_zensecrets("secret", "register", "stored", f"--key={value}").returncode == 0
    process = _run_with_refused_call("fdatasync", "secret", "update", "stored", f"--key={canary('new')}")
    assert process.returncode == 1
    assert "which may have been stored. Check whether the change exists before you try again, and check the disk." in process.stderr
    assert process.stderr.count("\n") == 1
    assert run_zensecrets("secret", "get", "stored").returncode == 0
    assert find_canary(tmp_path) == []


def test_a_waiting_writer_names_the_process_with_the_lock(tmp_path: Path) -> None:
    """After a second, the writer describes the process. It continues when the lock is free."""
    assert run_zensecrets("secret", "register", "stored", "--key=some-value").returncode == 0
    with closing(sqlite3.connect(store_file(), isolation_level=None)) as connection:
        # This transaction holds the lock of the database until its rollback, so the process of the test is the one that the writer names.
        connection.execute("BEGIN IMMEDIATE")
        writer = subprocess.Popen(
            [ZENSECRETS, "secret", "register", "new", "--key=some-value"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert writer.stderr is not None
        message = writer.stderr.readline().decode()
        connection.execute("ROLLBACK")
        remaining_errors = writer.communicate()[1].decode()
    assert writer.returncode == 0, remaining_errors
    assert message.startswith("Waiting up to 60 s for another process (")
    assert str(tmp_path) in message
    assert "Waiting" not in remaining_errors
    if sys.platform == "linux":
        assert f"({os.getpid()}, " in message
