"""The `memory` backend: instances of one manager share secrets, and no file is written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.managers.stores import secret
from zensecrets_jupyter import InvalidOptionsError, SecretExistsError, SecretNotFoundError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager, get_flavor
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path


def _open(identity: str) -> SecretsManager[MemoryBackend]:
    """Open a new instance of the manager with this ID. Each instance has the name ``mine``."""
    return SecretsManager(MemoryBackend(context=ManagerContext(name="mine", id=identity)))


def test_flavor_takes_no_options() -> None:
    """The flavor is registered, local and available, and refuses every option."""
    assert get_flavor("memory") is MemoryBackend
    assert MemoryBackend.is_local
    assert MemoryBackend.availability().ok
    with pytest.raises(InvalidOptionsError, match="Its attributes are none"):
        MemoryBackend.make_options({"path": "/tmp/x"})  # noqa: S108 - the option is refused, so no file is created


def test_instances_of_one_manager_share_secrets() -> None:
    """Instances with the same ID share secrets, and instances with different IDs do not."""
    text = canary("shared")
    _open("one").register_secret(secret("mine", key=text))
    assert _open("one").get_secret("mine").content == {"key": text}
    assert _open("two").list_secrets() == []
    _open("one").delete_all_secrets()
    assert _open("one").list_secrets() == []


def test_unregistered_managers_share_nothing() -> None:
    """Two managers without a context do not share secrets, because a manager gets its ID from its context."""
    first, second = SecretsManager(MemoryBackend()), SecretsManager(MemoryBackend())
    first.register_secret(secret("mine", key="1"))
    assert second.list_secrets() == []


def test_concurrent_writers_lose_nothing() -> None:
    """Eight threads that register, merge and delete lose nothing.

    If all threads try to register the same name, exactly one thread succeeds.
    """
    manager = _open("busy")

    def write(number: int) -> int:
        refused_count = 0
        for turn in range(20):
            manager.register_secret(secret(f"own-{number}-{turn}", key="1"))
            manager.merge_secret(f"own-{number}-{turn}", {"other": "2"})
            try:
                manager.register_secret(secret(f"shared-{turn}", key=str(number)))
            except SecretExistsError:
                refused_count += 1
        manager.delete_secret(f"own-{number}-0")
        return refused_count

    with ThreadPoolExecutor(8) as pool:
        refused_count = sum(pool.map(write, range(8)))
    assert refused_count == 7 * 20, "seven threads are refused in each turn"
    own_names = [name for name in manager.list_secrets() if name.startswith("own-")]
    assert len(own_names) == 8 * 19, "each thread has deleted one of its twenty secrets"
    assert len(manager.list_secrets()) == len(own_names) + 20
    assert all(manager.get_secret(name).content == {"key": "1", "other": "2"} for name in own_names)


def test_missing_secret_raises_an_error() -> None:
    """Reading, updating and deleting a missing secret raise SecretNotFoundError."""
    manager = _open("empty")
    for call in (manager.get_secret, manager.delete_secret, lambda name: manager.update_secret(secret(name))):
        with pytest.raises(SecretNotFoundError):
            call("mine")


def test_no_file_and_no_value(tmp_path: Path) -> None:
    """The backend writes no file, and neither repr nor description shows a value."""
    manager = _open("quiet")
    manager.register_secret(secret("mine", key=canary("quiet")))
    assert find_canary(repr(manager) + str(manager.describe())) == []
    # The home folder of the test would be in this folder.
    assert list(tmp_path.iterdir()) == []
    assert "memory" in manager.describe()["kept in"]
