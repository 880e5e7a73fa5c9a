"""Tests of the pre-commit hook, which pre-commit installs from this repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import run
from tests.support.scan_files import write_notebook
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
VALUE = canary("commit")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a Git repository with a fingerprint file.

    The committing user does not have the secret of the fingerprints.
    """
    hook_source, repository = tmp_path / "hook", tmp_path / "repository"
    _clone(hook_source)
    repository.mkdir()
    monkeypatch.chdir(repository)
    # The hook needs no labextension, whose build takes a minute.
    monkeypatch.setenv("HATCH_JUPYTER_BUILDER_SKIP_NPM", "1")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    run("secret register db --password=?", VALUE)
    run("fingerprints export .zensecrets-fingerprints")
    run("secret cleanup -y")
    _git(repository, "init", "--quiet")
    yield repository
    shutil.rmtree(tmp_path / "pre-commit", ignore_errors=True)


def _clone(target: Path) -> None:
    """Create a repository of the files in this clone, committed or not."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    _git(target, "init", "--quiet")
    _git(target, "add", "--all")
    _git(target, "commit", "--quiet", "--message=Copy")


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Example", "-c", "user.email=example@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


def _pre_commit(folder: Path) -> subprocess.CompletedProcess[str]:
    _git(folder, "add", "--all")
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--verbose", "--color=never"]
    environment = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    return subprocess.run(command, cwd=folder, env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_the_hook_stops_a_commit_with_a_value(repository: Path) -> None:
    """The hook accepts a file without a value, and refuses one with a value.

    The report shows the location and not the value.
    """
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository.parent / "hook", check=True, capture_output=True, text=True)
    config = f"""
repos:
  - repo: {repository.parent / "hook"}
    rev: {head.stdout.strip()}
    hooks:
      - id: zensecrets-scan
        args: [--fingerprints, .zensecrets-fingerprints]
"""
    (repository / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    write_notebook(repository / "a.ipynb", code="x = 1")
    passed = _pre_commit(repository)
    assert passed.returncode == 0, passed.stdout
    write_notebook(repository / "a.ipynb", html=VALUE.encode().hex())
    stopped = _pre_commit(repository)
    assert stopped.returncode == 1, stopped.stdout
    assert "cell 1, output 2, text/html" in stopped.stdout
    assert "db.password" in stopped.stdout
    assert find_canary(stopped.stdout) == []
