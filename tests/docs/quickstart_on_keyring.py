"""The quickstart on a real keyring.

The name of this file does not start with ``test_``, so pytest does not collect it. ``test_quickstart_backends`` runs it in a desktop
session that has its own keyring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.quickstarts import run_quickstart_on

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_quickstart_runs_on_the_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell runs without an error with flavor ``keyring``."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.SecretService.Keyring")
    run_quickstart_on("keyring", {}, tmp_path)
