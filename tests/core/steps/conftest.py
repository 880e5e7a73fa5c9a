"""Fixtures for tests of steps: a client, secrets with canary values, and a check for leaks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def client(home: Path) -> Client:
    """Return the client of a fresh workspace."""
    return Client()


@pytest.fixture
def set_new_value(client: Client) -> Callable[..., str]:
    """Return a function that sets a key of a secret to a new canary, and returns the canary.

    The function creates the secret if it does not exist. A second call for the same key changes the value.
    """

    def set_key(name: str, key: str = "key") -> str:
        value = canary(name)
        manager = client.secrets_manager
        if name in manager.list_secrets():
            manager.merge_secret(name, {key: value})
        else:
            manager.register_secret(ArbitrarySecretSchema(name=name, arbitrary_kv_pairs={key: value}))
        return value

    return set_key


@pytest.fixture(autouse=True)
def _check_for_leaks(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Check after each test that home folder, environment and output contain no canary."""
    yield
    assert not home.exists() or find_canary(home) == []
    assert find_canary("\n".join(f"{name}={value}" for name, value in os.environ.items())) == []
    printed = capsys.readouterr()
    assert find_canary(printed.out + printed.err) == []
