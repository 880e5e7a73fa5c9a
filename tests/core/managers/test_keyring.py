"""The `keyring` backend: the conformance suite with a real keyring, and errors without a keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.stores import secret
from tests.support.sealing.sessions import run_in_session, session_folder
from zensecrets_jupyter.core.errors import ManagerLockedError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager, availability
from zensecrets_jupyter.core.managers.backends.keyring import KeyringBackend
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.


def test_suite_passes_with_a_real_keyring() -> None:
    """The conformance suite passes in a session with gnome-keyring."""
    with session_folder() as session:
        # The package keyring does not close its connection to D-Bus if the collection is locked.
        ignored_warning = "ignore::pytest.PytestUnraisableExceptionWarning"
        suite = "tests/support/managers/keyring_suite.py"
        output = run_in_session(session, "pytest", "-q", "-p", "no:cacheprovider", "-W", ignored_warning, suite)
    assert " passed in " in output


def test_missing_keyring(home: Path) -> None:
    """Without an OS keyring, the flavor is unavailable. Registering raises ManagerLockedError, and no file is created."""
    # The fixtures of all tests select a keyring backend that always fails.
    result = availability("keyring")
    assert not result.ok
    assert "needs the OS keyring" in result.reason
    manager = SecretsManager(KeyringBackend(context=ManagerContext(name="mine", folder=home / "mine")))
    assert manager.list_secrets() == []
    with pytest.raises(ManagerLockedError, match="needs the OS keyring") as caught:
        manager.register_secret(secret("a", key=canary()))
    assert is_one_line(caught.value)
    assert not find_canary(error_details(caught.value))
    assert not (home / "mine").exists()
    assert manager.describe()["kept in"] == "the OS keyring, which can't be reached now"
