"""Files that are written wholly or not at all, also by a process that is killed, and what it leaves behind."""

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

KILLED = """
import os, sys
os.fsync = lambda descriptor: os.kill(os.getpid(), 9)
from tests.support.command_lines import run
run(sys.argv[1])
"""
"""A command that is killed when its file is written and not yet in its place."""


def kill(line: str, folder: Path) -> None:
    """Run a line in a process that is killed while it writes a file."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", KILLED, line], cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("line", ["fingerprints export out.json", "secret export shop out.json --plaintext"])
def test_an_export_that_is_killed_leaves_no_half_file(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no file in its place, and the next export removes what is left beside it."""
    monkeypatch.chdir(tmp_path)
    run("secret register shop --key=?", canary("shop"))
    kill(line, tmp_path)
    (left,) = [path.name for path in tmp_path.iterdir() if path.is_file()]
    assert is_leftover(left)
    run(line)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.json"]


def test_a_clean_that_is_killed_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is as it was; the next run cleans it and removes what was left behind, also beside a file that needs no cleaning."""
    monkeypatch.chdir(tmp_path)
    value = canary("shop")
    run("secret register shop --key=?", value)
    (tmp_path / "a.txt").write_text(value)
    kill("clean a.txt --no-backup", tmp_path)
    assert (tmp_path / "a.txt").read_text() == value
    (tmp_path / ".gone.ipynb.zs-0123abcd.tmp").write_text("of another file")
    assert sorted(is_leftover(path.name) for path in tmp_path.iterdir() if path.is_file()) == [False, True, True]
    assert run("clean . --no-backup").exit_code == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.txt"]
    assert not find_canary(tmp_path / "a.txt")


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    """`secret export NAME /dev/null --force` by root would take it away from every program; a pipe stands for it here."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link", "."):
        with pytest.raises(UnwritableFileError, match="is not replaced"):
            write_text(tmp_path / name, "text", replace=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe"]
    assert (tmp_path / "link").is_symlink()


def test_what_is_still_being_written_stays(tmp_path: Path) -> None:
    """Two that write one file at the same time don't take each other's away."""

    def write_another(scratch: Path) -> None:
        write_atomically(tmp_path / "file", b"other")
        assert scratch.exists()

    write_atomically(tmp_path / "file", b"mine", prepare=write_another)
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new file is written there as elsewhere, and one that is there is left alone."""

    def refuse(*_arguments: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    write_atomically(tmp_path / "file", b"new", replace=False)
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "file", b"newer", replace=False)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_name_of_any_length(tmp_path: Path) -> None:
    """A name may have 255 bytes, and what is written beside it has no longer one."""
    name = "é" * 127
    write_atomically(tmp_path / name, b"content")
    assert (tmp_path / name).read_bytes() == b"content"
