"""Tests of atomic writes.

A process that is killed during a write leaves a temporary file.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import run
from zensecrets_jupyter.core.errors import UnwritableFileError
from zensecrets_jupyter.core.system.atomic_write import is_leftover, write_atomically
from zensecrets_jupyter.core.transfer.text_files import write_text
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

KILLED_PROGRAM = """
import os, sys
os.fsync = lambda descriptor: os.kill(os.getpid(), 9)
from tests.support.command_lines import run
run(sys.argv[1])
"""
"""A program that runs a command, and kills itself before it moves the temporary file.

The package calls ``os.fsync`` after the write and before the move. The program replaces this function.
"""


def run_killed(line: str, folder: Path) -> None:
    """Run a command line in a process that is killed while it writes a file."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    completed = subprocess.run([sys.executable, "-c", KILLED_PROGRAM, line], cwd=folder, env=environment, capture_output=True, check=False)
    assert completed.returncode == -signal.SIGKILL, completed.stderr


@pytest.mark.parametrize("line", ["fingerprints export out.json", "secret export shop out.json --plaintext"])
def test_a_killed_export_leaves_no_partial_file(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed export leaves only a temporary file, which the next export removes."""
    monkeypatch.chdir(tmp_path)
    # For the value ``?``, the command asks, and the second argument is the answer.
    run("secret register shop --key=?", canary("shop"))
    run_killed(line, tmp_path)
    (leftover,) = [path.name for path in tmp_path.iterdir() if path.is_file()]
    assert is_leftover(leftover)
    run(line)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.json"]


def test_a_killed_clean_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed ``clean`` does not change the file.

    The next ``clean`` cleans the file, and removes all temporary files.
    """
    monkeypatch.chdir(tmp_path)
    value = canary("shop")
    run("secret register shop --key=?", value)
    (tmp_path / "a.txt").write_text(value)
    run_killed("clean a.txt --no-backup", tmp_path)
    assert (tmp_path / "a.txt").read_text() == value
    (tmp_path / ".gone.ipynb.zs-0123abcd.tmp").write_text("of another file")
    # There are two temporary files: that of the killed process, and the one that the test wrote.
    assert sorted(is_leftover(path.name) for path in tmp_path.iterdir() if path.is_file()) == [False, True, True]
    assert run("clean . --no-backup").exit_code == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.txt"]
    assert not find_canary(tmp_path / "a.txt")


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    """A write to a named pipe, a link to it, or a folder is refused.

    A new file would replace the pipe for all programs.
    """
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link", "."):
        with pytest.raises(UnwritableFileError, match="is not replaced"):
            write_text(tmp_path / name, "text", replace=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe"]
    assert (tmp_path / "link").is_symlink()


def test_a_temporary_file_in_use_is_not_removed(tmp_path: Path) -> None:
    """If two writers write the same file at the same time, neither removes the temporary file of the other."""

    # ``write_atomically`` calls this function before it moves its temporary file.
    def write_another(temporary: Path) -> None:
        write_atomically(tmp_path / "file", b"other")
        assert temporary.exists()

    write_atomically(tmp_path / "file", b"mine", prepare=write_another)
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without hard links, ``replace=False`` writes a new file, and leaves an existing file unchanged.

    On other file systems, this mode uses ``os.link``, which never replaces a file.
    """

    def refuse(*_arguments: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    write_atomically(tmp_path / "file", b"new", replace=False)
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "file", b"newer", replace=False)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_long_name_has_a_valid_temporary_name(tmp_path: Path) -> None:
    """If a name has 254 bytes, which is almost the limit of 255, the temporary file has a shorter name."""
    name = "é" * 127  # Each letter has two bytes.
    write_atomically(tmp_path / name, b"content")
    assert (tmp_path / name).read_bytes() == b"content"
