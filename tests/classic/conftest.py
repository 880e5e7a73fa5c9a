"""Fixtures for tests of the steps and pipelines of ZenML 0.20."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.testing.canary import find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def client() -> Client:
    """Return the client of a fresh workspace."""
    return Client()


@pytest.fixture(autouse=True)
def _check_for_leaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Check after each test that files and output contain no canary."""
    yield
    assert find_canary(tmp_path) == []
    printed = capsys.readouterr()
    assert find_canary(printed.out + printed.err) == []
