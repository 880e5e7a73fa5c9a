"""A store under the OS keyring: a real gnome-keyring in a session of its own, a locked one, an absent one, and what only looks like one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from tests.support.managers.stores import raw
from tests.support.sealing.sessions import ROOT, run_in_session, session_folder
from tests.support.sealing.stores import Sealed
from zensecrets_jupyter.core.errors import ManagerLockedError
from zensecrets_jupyter.core.sealing import cipher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def session() -> Iterator[Path]:
    """Return the folder of a session."""
    with session_folder() as folder:
        yield folder


def _in_session(session: Path, scene: str, **environment: str) -> None:
    run_in_session(session, "tests.support.sealing.keyring_scenes", scene, str(session / "home" / "zensecrets"), **environment)


@pytest.mark.parametrize("scene", ["keeps", "loses", "locked"])
def test_a_real_keyring(session: Path, scene: str) -> None:
    """In a session with gnome-keyring a store has its key there; gone or locked, each is an error of its own."""
    _in_session(session, scene)


LOOKALIKE = '''
import os
from keyring.backend import KeyringBackend
from keyring.backends.SecretService import Keyring as SecretService


class PlaintextLookalike(KeyringBackend):
    """Keeps plain text in a file, and wants to be asked first."""

    priority = 9

    def get_password(self, service, username):
        return None

    def set_password(self, service, username, password):
        with open(os.environ["ZENSECRETS_HOME"] + "/plain.txt", "a") as file:
            file.write(password)
'''


def test_of_a_chain_only_the_systems_keyring_is_used(session: Path) -> None:
    """Where a chain puts a keyring of plain text before the system's, the key goes to the system's."""
    (session / "data" / "python_keyring").mkdir()
    (session / "lookalike").mkdir()
    (session / "lookalike" / "lookalike.py").write_text(LOOKALIKE)
    (session / "lookalike" / "lookalike-1.dist-info").mkdir()
    (session / "lookalike" / "lookalike-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: lookalike\nVersion: 1\n")
    (session / "lookalike" / "lookalike-1.dist-info" / "entry_points.txt").write_text("[keyring.backends]\nlookalike = lookalike\n")
    path = os.pathsep.join([str(session / "lookalike"), str(ROOT), *filter(None, sys.path)])
    _in_session(session, "chained", PYTHONPATH=path)


@pytest.fixture
def set_keyring() -> Iterator[None]:
    """Give the process its keyring back after a test has set another."""
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


class Plaintext(KeyringBackend):
    """Looks like keyrings.alt's, which keeps base64 in a file."""

    __module__ = "keyrings.alt.file"
    priority = 1
    kept: ClassVar[dict[tuple[str, str], str]] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """Return what was set."""
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it in plain text."""
        self.kept[service, username] = password


@pytest.mark.usefixtures("set_keyring")
@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring, Plaintext])
def test_what_is_no_keyring_of_the_system_is_refused(home: Path, backend: type[KeyringBackend]) -> None:
    """A keyring that fails, forgets or keeps plain text gets no key: a new store has a key file, and a change to it is refused."""
    found = backend()
    keyring.set_keyring(found)
    sealed = Sealed(home / "a.db")
    sealed.put("text")
    assert sealed.keys.describe().startswith("a key file (")
    with pytest.raises(ManagerLockedError, match=f"{backend.__module__}.{backend.__qualname__} is none"):
        sealed.keys.rewrap("keyring")
    assert getattr(found, "kept", {}) == {}
    assert Sealed(home / "a.db").get() == "text"


def test_a_keyring_that_is_absent_by_now_is_locked(home: Path) -> None:
    """A store whose key is in a keyring, opened where none is running, is ManagerLockedError and not a lost key."""
    sealed = Sealed(home / "a.db")
    sealed.put("text")
    [(generation, wrapped)] = raw(sealed.file.path, "SELECT generation, wrapped FROM data_keys")
    place = '{"id": "0123", "keyring": "SecretService Keyring"}'
    checksum = cipher.checksum((str(generation), "keyring", place, wrapped.hex()))
    raw(sealed.file.path, ("UPDATE data_keys SET kind = 'keyring', place = ?, checksum = ?", (place, checksum)))
    again = Sealed(home / "a.db")
    with pytest.raises(ManagerLockedError, match="needs the OS keyring") as caught:
        again.get()
    assert type(caught.value) is ManagerLockedError
    assert again.keys.describe() == "a key in the OS keyring (SecretService Keyring)"


def test_a_configured_keyring_that_does_not_exist_is_none(home: Path) -> None:
    """A configuration that names a keyring which can't be imported is as good as none."""
    program = (
        "from pathlib import Path\n"
        "from tests.support.sealing.stores import Sealed\n"
        f"sealed = Sealed(Path({str(home / 'a.db')!r}))\n"
        "sealed.put('text')\n"
        "print(sealed.keys.describe())\n"
    )
    environment = {
        **os.environ,
        "PYTHON_KEYRING_BACKEND": "no.such.Keyring",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
    }
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert ended.stdout.startswith("a key file (")
