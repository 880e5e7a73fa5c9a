"""The flavor keyring: the suite in a session with a real one, and what it says where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.counting import secret
from tests.support.sealing.sessions import run_in_session, session_folder
from zensecrets_jupyter.core.errors import ManagerLockedError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager, availability
from zensecrets_jupyter.core.managers.backends.keyring import KeyringBackend
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once


def test_it_passes_the_suite_on_a_real_keyring() -> None:
    """In a session with gnome-keyring everything holds that the suite asks for, and what a locked one says."""
    with session_folder() as session:
        # keyring leaves its connection to the bus open where the collection is locked.
        theirs = "ignore::pytest.PytestUnraisableExceptionWarning"
        suite = "tests/support/managers/keyring_suite.py"
        said = run_in_session(session, "pytest", "-q", "-p", "no:cacheprovider", "-W", theirs, suite)
    assert " passed in " in said


def test_without_a_keyring_it_is_not_available(home: Path) -> None:
    """Where there is none the flavor says so, and whoever uses it all the same gets the same error; no file is made."""
    found = availability("keyring")
    assert not found.ok
    assert "needs the OS keyring" in found.reason
    manager = SecretsManager(KeyringBackend(context=ManagerContext(name="mine", folder=home / "mine")))
    assert manager.list_secrets() == []
    with pytest.raises(ManagerLockedError, match="needs the OS keyring") as caught:
        manager.register_secret(secret("a", key=canary()))
    assert is_one_line(caught.value)
    assert not find_canary(error_details(caught.value))
    assert not (home / "mine").exists()
    assert manager.describe()["kept in"] == "the OS keyring, which can't be reached now"
