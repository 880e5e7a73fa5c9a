"""A store that can't be used, in a terminal and in a notebook: one line that says why, and nothing lost."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.support.broken_stores import BROKEN_STORES, PASSPHRASE, VALUE, BrokenStore, store
from tests.support.kernels import running_kernel
from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.testing.canary import find_canary

if TYPE_CHECKING:
    from pathlib import Path


def _register(tmp_path: Path) -> Path:
    # In a process of its own: a process remembers the passphrases that it was given.
    (tmp_path / "key").write_text(VALUE)
    done = run_zensecrets("secret", "register", "kept", "--key=@key", folder=tmp_path, environment={"ZENSECRETS_PASSPHRASE": PASSPHRASE})
    assert done.returncode == 0, done.stderr
    (tmp_path / "key").unlink()
    return store()


def _check(case: BrokenStore, line: str, tmp_path: Path) -> None:
    assert [part for part in case.told if part not in line] == [], line
    assert not find_canary(line)
    assert not find_canary(tmp_path)


def _is_kept(tmp_path: Path) -> bool:
    words = ("secret", "get", "kept", "--key", "key", "--reveal")
    shown = run_zensecrets(*words, folder=tmp_path, environment={"ZENSECRETS_PASSPHRASE": PASSPHRASE})
    return shown.stdout.strip() == VALUE


@pytest.mark.parametrize("case", BROKEN_STORES, ids=lambda case: case.id)
def test_in_a_terminal(case: BrokenStore, tmp_path: Path) -> None:
    """The command ends with 1 and one line of its own; mended, the store gives what it held."""
    mend = case.damage(_register(tmp_path))
    ended = run_zensecrets(*case.words, folder=tmp_path, environment=dict(case.environment))
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith("Error: ")
    _check(case, line, tmp_path)
    mend()
    assert _is_kept(tmp_path)


@pytest.mark.parametrize("case", BROKEN_STORES, ids=lambda case: case.id)
def test_in_a_notebook(case: BrokenStore, tmp_path: Path) -> None:
    """The cell ends with one line and no traceback; mended, the store gives what it held."""
    mend = case.damage(_register(tmp_path))
    with running_kernel(tmp_path, {"ZENSECRETS_HOME": str(tmp_path / "home"), **dict(case.environment)}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        ran = kernel.run(f"%zen {shlex.join(case.words)}", allow_stdin=False)
    assert not ran.ok
    # What is told of a value that was typed in clear is another matter.
    (line,) = (line for line in ran.error.strip().splitlines() if not line.startswith("Warning: "))
    assert line.startswith("UsageError: ")
    _check(case, line, tmp_path)
    mend()
    assert _is_kept(tmp_path)
