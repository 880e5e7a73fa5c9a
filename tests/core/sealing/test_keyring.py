"""Tests of a store with its wrapping key in the OS keyring.

The keyring is real, locked, missing or unsafe.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from tests.support.managers.stores import run_sql
from tests.support.sealing.sessions import ROOT, run_in_session, session_folder
from tests.support.sealing.stores import TextStore
from zensecrets_jupyter.core.errors import ManagerLockedError
from zensecrets_jupyter.core.sealing import cipher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def session() -> Iterator[Path]:
    """Yield the folder for all files of a desktop session with its own keyring."""
    with session_folder() as folder:
        yield folder


def _run_check(check: str, session: Path, **environment: str) -> None:
    """Run the function ``check`` of ``keyring_checks`` in a session."""
    run_in_session(session, "tests.support.sealing.keyring_checks", check, str(session / "home" / "zensecrets"), **environment)


@pytest.mark.parametrize("check", ["check_new_store", "check_lost_entry", "check_locked_keyring"])
def test_a_real_keyring(session: Path, check: str) -> None:
    """A real gnome-keyring stores the key, and a lost entry and a locked keyring raise different errors."""
    _run_check(check, session)


LOOKALIKE = '''
import os
from keyring.backend import KeyringBackend
from keyring.backends.SecretService import Keyring as SecretService


class PlaintextLookalike(KeyringBackend):
    """Stores plain text in a file, and has the highest priority."""

    priority = 9

    def get_password(self, service, username):
        return None

    def set_password(self, service, username, password):
        with open(os.environ["ZENSECRETS_HOME"] + "/plain.txt", "a") as file:
            file.write(password)
'''
"""A module with a plain-text keyring, which must get no wrapping key.

The module also imports the class of a system keyring. This import must not make the plain-text keyring look safe.
"""


def test_only_the_system_keyring_of_a_chain_is_used(session: Path) -> None:
    """The wrapping key is in the system keyring, even if ``keyring`` prefers another one.

    Here, ``keyring`` chains several keyrings and prefers one with plain text.
    """
    (session / "data" / "python_keyring").mkdir()
    (session / "lookalike").mkdir()
    (session / "lookalike" / "lookalike.py").write_text(LOOKALIKE)
    (session / "lookalike" / "lookalike-1.dist-info").mkdir()
    (session / "lookalike" / "lookalike-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: lookalike\nVersion: 1\n")
    (session / "lookalike" / "lookalike-1.dist-info" / "entry_points.txt").write_text("[keyring.backends]\nlookalike = lookalike\n")
    # The module search path of the new process, in which ``keyring`` finds the look-alike by its entry point.
    path = os.pathsep.join([str(session / "lookalike"), str(ROOT), *filter(None, sys.path)])
    _run_check("check_chain", session, PYTHONPATH=path)


@pytest.fixture
def restored_keyring() -> Iterator[None]:
    """Restore the keyring of the process after the test."""
    original_keyring = keyring.get_keyring()
    yield
    keyring.set_keyring(original_keyring)


class PlaintextKeyring(KeyringBackend):
    """A keyring with the module name of ``keyrings.alt``, a package with keyrings that store passwords unencrypted."""

    __module__ = "keyrings.alt.file"
    priority = 1
    passwords: ClassVar[dict[tuple[str, str], str]] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """Return the stored password."""
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store the password as plain text."""
        self.passwords[service, username] = password


@pytest.mark.usefixtures("restored_keyring")
@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring, PlaintextKeyring])
def test_unsafe_keyrings_are_refused(home: Path, backend: type[KeyringBackend]) -> None:
    """A keyring that fails, stores nothing or stores plain text gets no wrapping key.

    A new store uses a key file, and a change to the keyring is refused.
    """
    unsafe_keyring = backend()
    keyring.set_keyring(unsafe_keyring)
    store = TextStore(home / "a.db")
    store.put("text")
    assert store.keys.describe().startswith("a key file (")
    with pytest.raises(ManagerLockedError, match=f"{backend.__module__}.{backend.__qualname__} is not an OS keyring"):
        store.keys.rewrap("keyring")
    assert getattr(unsafe_keyring, "passwords", {}) == {}
    assert TextStore(home / "a.db").get() == "text"


def test_a_missing_keyring_raises_locked_error(home: Path) -> None:
    """Without the keyring that holds the key, opening raises ManagerLockedError and not KeyLostError."""
    store = TextStore(home / "a.db")
    store.put("text")
    # The forged row says that the wrapping key is in a keyring. In tests, no keyring can be used.
    [(generation, wrapped)] = run_sql(store.file.path, "SELECT generation, wrapped FROM data_keys")
    parameters = '{"id": "0123", "keyring": "SecretService Keyring"}'
    checksum = cipher.checksum((str(generation), "keyring", parameters, wrapped.hex()))
    # The column ``kind`` has the name of the protection, and ``place`` its parameters.
    run_sql(store.file.path, ("UPDATE data_keys SET kind = 'keyring', place = ?, checksum = ?", (parameters, checksum)))
    reopened = TextStore(home / "a.db")
    with pytest.raises(ManagerLockedError, match="needs the OS keyring") as caught:
        reopened.get()
    # KeyLostError is a subclass, so the exact type is compared.
    assert type(caught.value) is ManagerLockedError
    assert reopened.keys.describe() == "a key in the OS keyring (SecretService Keyring)"


def test_a_configured_keyring_that_can_not_be_imported_is_ignored(home: Path) -> None:
    """If the class in PYTHON_KEYRING_BACKEND can't be imported, a new store uses a key file, as without a keyring."""
    program = (
        "from pathlib import Path\n"
        "from tests.support.sealing.stores import TextStore\n"
        f"store = TextStore(Path({str(home / 'a.db')!r}))\n"
        "store.put('text')\n"
        "print(store.keys.describe())\n"
    )
    environment = {
        **os.environ,
        "PYTHON_KEYRING_BACKEND": "no.such.Keyring",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
    }
    completed = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert completed.stdout.startswith("a key file (")
