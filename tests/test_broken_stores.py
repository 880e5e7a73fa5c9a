"""Unusable stores in a terminal and in a notebook.

The error is one line with the reason, and no secret is lost.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.support.broken_stores import BROKEN_STORES, PASSPHRASE, VALUE, BrokenStore, store_file
from tests.support.kernels import running_kernel
from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.testing.canary import find_canary

if TYPE_CHECKING:
    from pathlib import Path


def _register(tmp_path: Path) -> Path:
    # The secret is registered in another process, because a process stores the passphrases that it reads.
    (tmp_path / "key").write_text(VALUE)
    process = run_zensecrets(
        "secret", "register", "stored", "--key=@key", folder=tmp_path, environment={"ZENSECRETS_PASSPHRASE": PASSPHRASE}
    )
    assert process.returncode == 0, process.stderr
    (tmp_path / "key").unlink()
    return store_file()


def _check(case: BrokenStore, line: str, tmp_path: Path) -> None:
    assert [part for part in case.error if part not in line] == [], line
    assert not find_canary(line)
    assert not find_canary(tmp_path)


def _is_stored(tmp_path: Path) -> bool:
    words = ("secret", "get", "stored", "--key", "key", "--reveal")
    result = run_zensecrets(*words, folder=tmp_path, environment={"ZENSECRETS_PASSPHRASE": PASSPHRASE})
    return result.stdout.strip() == VALUE


@pytest.mark.parametrize("case", BROKEN_STORES, ids=lambda case: case.id)
def test_a_terminal_reports_a_broken_store_in_one_line(case: BrokenStore, tmp_path: Path) -> None:
    """The error is one line, and the exit code is 1. After the repair, the secret exists again."""
    repair = case.damage(_register(tmp_path))
    result = run_zensecrets(*case.words, folder=tmp_path, environment=dict(case.environment))
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("Error: ")
    _check(case, line, tmp_path)
    repair()
    assert _is_stored(tmp_path)


@pytest.mark.parametrize("case", BROKEN_STORES, ids=lambda case: case.id)
def test_a_notebook_reports_a_broken_store_in_one_line(case: BrokenStore, tmp_path: Path) -> None:
    """The error is one line without a traceback. After the repair, the secret exists again."""
    repair = case.damage(_register(tmp_path))
    with running_kernel(tmp_path, {"ZENSECRETS_HOME": str(tmp_path / "home"), **dict(case.environment)}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        result = kernel.run(f"%zen {shlex.join(case.words)}", allow_stdin=False)
    assert not result.ok
    # The warning about a typed value is not part of the error.
    (line,) = (line for line in result.error.strip().splitlines() if not line.startswith("Warning: "))
    assert line.startswith("UsageError: ")
    _check(case, line, tmp_path)
    repair()
    assert _is_stored(tmp_path)
