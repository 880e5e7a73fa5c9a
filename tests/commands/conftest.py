"""What the tests of the commands stand on: after each, no canary is in what was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import run
from tests.support.failing_manager import FailingBackend
from zensecrets_jupyter.core.sealing.key_protections import passphrase
from zensecrets_jupyter.testing.canary import find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _nothing_kept_in_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the test in a folder of its own, and look for canaries in its home afterwards."""
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    passphrase.forget_passphrases()
    yield
    passphrase.forget_passphrases()
    home = tmp_path / "home"
    assert not home.exists() or find_canary(home) == []


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type[FailingBackend]:
    """Make a manager that can fail part of the default stack."""
    monkeypatch.setattr(FailingBackend, "writes_left", 10**6)
    run("secrets-manager register broken --flavor=failing")
    run("stack update -x broken")
    return FailingBackend
