"""What every test stands on: a home of its own, and nothing of the settings or the keyring of the person who runs it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the test a home that does not exist yet, none of our variables, and no keyring; children inherit it all."""
    for variable in list(os.environ):
        if variable.startswith(("ZENSECRETS_", "ZENML_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
