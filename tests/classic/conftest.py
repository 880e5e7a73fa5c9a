"""Fixtures for tests of steps and pipelines in the style of ZenML 0.20.

The folder is called ``classic`` because of this older style.
"""

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
    """Return the client of a workspace that has only the default components and stack."""
    return Client()


@pytest.fixture(autouse=True)
def _check_for_leaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Check after each test that its files and its output contain no canary."""
    yield
    assert find_canary(tmp_path) == []
    printed = capsys.readouterr()
    assert find_canary(printed.out + printed.err) == []
