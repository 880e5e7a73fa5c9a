"""Commands with an unusable store, in a terminal and in a notebook.

The store has, for example, a damaged file or another passphrase. The error is one line with the reason, and no secret is lost.
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


def _register_secret(tmp_path: Path) -> Path:
    """Register the secret ``stored``, and return the file of the store."""
    # The secret is registered in another process, because a process remembers a passphrase that it has used.
    (tmp_path / "key").write_text(VALUE)
    process = run_zensecrets(
        "secret", "register", "stored", "--key=@key", folder=tmp_path, environment={"ZENSECRETS_PASSPHRASE": PASSPHRASE}
    )
    assert process.returncode == 0, process.stderr
    # The test searches the folder for values later, so the plain value is deleted.
    (tmp_path / "key").unlink()
    return store_file()


def _check_error(case: BrokenStore, line: str, tmp_path: Path) -> None:
    """Check that the error contains the texts of the case, and that no value is in it or in a file."""
    assert [text for text in case.error if text not in line] == [], line
    assert not find_canary(line)
    assert not find_canary(tmp_path)


def _secret_is_readable(tmp_path: Path) -> bool:
    words = ("secret", "get", "stored", "--key", "key", "--reveal")
    result = run_zensecrets(*words, folder=tmp_path, environment={"ZENSECRETS_PASSPHRASE": PASSPHRASE})
    return result.stdout.strip() == VALUE


@pytest.mark.parametrize("case", BROKEN_STORES, ids=lambda case: case.id)
def test_a_terminal_reports_a_broken_store_in_one_line(case: BrokenStore, tmp_path: Path) -> None:
    """The error is one line, and the exit code is 1. After the repair, the secret is readable again."""
    repair = case.damage(_register_secret(tmp_path))
    result = run_zensecrets(*case.words, folder=tmp_path, environment=dict(case.environment))
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("Error: ")
    _check_error(case, line, tmp_path)
    repair()
    assert _secret_is_readable(tmp_path)


@pytest.mark.parametrize("case", BROKEN_STORES, ids=lambda case: case.id)
def test_a_notebook_reports_a_broken_store_in_one_line(case: BrokenStore, tmp_path: Path) -> None:
    """The error is one line without a traceback. After the repair, the secret is readable again."""
    repair = case.damage(_register_secret(tmp_path))
    with running_kernel(tmp_path, {"ZENSECRETS_HOME": str(tmp_path / "home"), **dict(case.environment)}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        result = kernel.run(f"%zen {shlex.join(case.words)}", allow_stdin=False)
    assert not result.ok
    # Some commands contain a value, such as `--k=value`. In a notebook, a warning about this value is printed before the error.
    (line,) = (line for line in result.error.strip().splitlines() if not line.startswith("Warning: "))
    assert line.startswith("UsageError: ")
    _check_error(case, line, tmp_path)
    repair()
    assert _secret_is_readable(tmp_path)
