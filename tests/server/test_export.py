"""Exports by nbconvert with the preprocessor, which masks values."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import run
from tests.support.scan_files import LOCATIONS, write_notebook
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

PREPROCESSOR = "--Exporter.preprocessors=zensecrets_jupyter.server.export.RedactPreprocessor"


def _convert(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Convert the notebook ``a.ipynb`` in a folder with nbconvert."""
    command = [sys.executable, "-m", "nbconvert", *options, "a.ipynb"]
    # Jupyter and IPython write their own files into these folders, and not into the home of the developer.
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder / "config"), "IPYTHONDIR": str(folder / "ipython")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("export_format", ["html", "markdown", "script", "notebook"])
def test_an_export_contains_no_value(export_format: str, tmp_path: Path) -> None:
    """The preprocessor masks the values of the store in each export format.

    The second value is too short for a fingerprint, and is masked too.
    """
    folder = tmp_path / "folder"
    folder.mkdir()
    value, short_value = canary("export"), "hunter2x"
    run("secret register db --password=? --pin=?", value, short_value)
    write_notebook(folder / "a.ipynb", **{location: f"{value} {short_value}" for location in LOCATIONS if location != "key"})
    # Without the preprocessor, the export contains the value.
    _convert(folder, "--to", export_format, "--output", "clear")
    assert any(find_canary(path) for path in folder.glob("clear*"))
    process = _convert(folder, "--to", export_format, "--output", "masked", PREPROCESSOR)
    # All files and folders of the export are searched, because nbconvert may write an attachment to a separate file.
    assert [find_canary(path) for path in folder.glob("masked*") if find_canary(path)] == []
    (masked,) = [path for path in folder.glob("masked*") if path.is_file()]
    assert short_value not in masked.read_text(encoding="utf-8")
    assert "zensecrets masked ‹secret:db.password›, ‹secret:db.pin› in the export." in process.stderr
    assert find_canary(process.stdout + process.stderr) == []


def test_fingerprints_are_used_if_the_store_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the store is locked, values with a fingerprint are masked without a prompt."""
    from zensecrets_jupyter.scan.fingerprints.store import save_fingerprints

    folder = tmp_path / "folder"
    folder.mkdir()
    value = canary("locked")
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "open")
    run("secret register locked --password=?", value)
    # Reading the value protects it in this process, so the value gets a fingerprint.
    run("secret get locked")
    save_fingerprints()
    monkeypatch.delenv("ZENSECRETS_PASSPHRASE")
    write_notebook(folder / "a.ipynb", code=value, html=value)
    process = _convert(folder, "--to", "html", PREPROCESSOR)
    assert find_canary(folder / "a.html") == []
    assert find_canary(process.stderr) == []
