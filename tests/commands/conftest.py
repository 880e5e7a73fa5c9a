"""Fixtures of the tests of the commands."""

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
def _no_plain_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the test in an empty folder, and check for canaries in the home.

    The home is the folder in which this package stores its files.

    A process stores its passphrases in memory, so they are removed before and after each test.
    """
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    passphrase.forget_passphrases()
    yield
    passphrase.forget_passphrases()
    home = tmp_path / "home"
    assert not home.exists() or find_canary(home) == []


@pytest.fixture
def failing_backend(monkeypatch: pytest.MonkeyPatch) -> type[FailingBackend]:
    """Give the default stack a secrets manager that can fail. Return its backend's class.

    A test sets ``writes_left`` of the class to the number of writes that succeed before one fails.
    """
    # The number is practically no limit. After the test, monkeypatch restores the number.
    monkeypatch.setattr(FailingBackend, "writes_left", 10**6)
    run("secrets-manager register broken --flavor=failing")
    run("stack update -x broken")
    return FailingBackend
