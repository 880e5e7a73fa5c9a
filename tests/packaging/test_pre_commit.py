"""Tests of the hook `zensecrets-scan`.

The tool pre-commit installs the hook from a Git repository of this project.
"""

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
    """Yield a Git repository with a file of fingerprints, of one value.

    The secret itself is deleted, as on a CI machine that has only the fingerprints.

    The folder ``hook`` next to the repository is a clone of this project, from which pre-commit installs the hook.
    """
    hook_source, repository = tmp_path / "hook", tmp_path / "repository"
    _copy_project(hook_source)
    repository.mkdir()
    monkeypatch.chdir(repository)
    # The hook needs no labextension, whose build takes a minute.
    monkeypatch.setenv("HATCH_JUPYTER_BUILDER_SKIP_NPM", "1")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    # VALUE is the answer to the prompt that `?` causes.
    run("secret register db --password=?", VALUE)
    run("fingerprints export .zensecrets-fingerprints")
    run("secret cleanup -y")
    _git(repository, "init", "--quiet")
    yield repository
    shutil.rmtree(tmp_path / "pre-commit", ignore_errors=True)


def _copy_project(target: Path) -> None:
    """Create a Git repository with the current files of this project, including changes that are not committed."""
    output = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    for name in filter(None, output.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    _git(target, "init", "--quiet")
    _git(target, "add", "--all")
    _git(target, "commit", "--quiet", "--message=Copy")


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Example", "-c", "user.email=example@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


def _run_pre_commit(folder: Path) -> subprocess.CompletedProcess[str]:
    """Stage all files, and run the hooks on all of them. Nothing is committed."""
    _git(folder, "add", "--all")
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--verbose", "--color=never"]
    environment = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    return subprocess.run(command, cwd=folder, env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_the_hook_stops_a_commit_with_a_value(repository: Path) -> None:
    """The hook accepts a notebook without a value.

    It refuses the notebook after a value is added in hexadecimal digits.

    The report shows the location and not the value.
    """
    hook_source = repository.parent / "hook"
    command = ["git", "rev-parse", "HEAD"]
    revision = subprocess.run(command, cwd=hook_source, check=True, capture_output=True, text=True).stdout.strip()
    config = f"""
repos:
  - repo: {hook_source}
    rev: {revision}
    hooks:
      - id: zensecrets-scan
        args: [--fingerprints, .zensecrets-fingerprints]
"""
    (repository / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    write_notebook(repository / "a.ipynb", code="x = 1")
    process = _run_pre_commit(repository)
    assert process.returncode == 0, process.stdout
    write_notebook(repository / "a.ipynb", html=VALUE.encode().hex())
    process = _run_pre_commit(repository)
    assert process.returncode == 1, process.stdout
    assert "cell 1, output 2, text/html" in process.stdout
    assert "db.password" in process.stdout
    assert find_canary(process.stdout) == []
