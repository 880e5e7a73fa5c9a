"""Key protection by the keyring of the operating system.

The ``keyring`` library is imported on first use. It supports Secret Service (GNOME, KDE), KWallet, the macOS keychain and the Windows
credential locker. If none of them runs, the library silently selects any other installed keyring, even one that writes plain text to a
file. This module therefore checks the class of the keyring. The library calls a keyring a backend; here, it is not the backend of a flavor.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import KeyLostError, ManagerLockedError
from zensecrets_jupyter.core.sealing.cipher import new_key
from zensecrets_jupyter.core.sealing.key_protections.stored_key import decode_key, encode_key, get_key_id, new_key_id
from zensecrets_jupyter.core.system.related_errors import raise_without_context
from zensecrets_jupyter.core.text import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from keyring.backend import KeyringBackend

    from zensecrets_jupyter.core.sealing.key_protections.interface import KeyParameters

SERVICE = "zensecrets"
"""The service name of this package's keyring entries; the user name of an entry is the id of its key."""

# Prefixes of the full class names of OS keyrings. A keyring of any other class is not used, because it may store plain text.
_SYSTEM_BACKENDS = (
    "keyring.backends.SecretService.",
    "keyring.backends.libsecret.",
    "keyring.backends.kwallet.",
    "keyring.backends.macOS.",
    "keyring.backends.Windows.",
)
_HINT = "Unlock it, or start Jupyter in your desktop's session; a new store of flavor local takes ZENSECRETS_PASSPHRASE instead."


class KeyringProtection:
    """Protection that stores the wrapping key in the OS keyring.

    It implements :class:`~zensecrets_jupyter.core.sealing.key_protections.interface.KeyProtection`.
    """

    def __init__(self, label: str) -> None:
        """Protect the database with this label."""
        self._label = label

    @staticmethod
    def exists() -> bool:
        """Return whether this process can reach the OS keyring, locked or not."""
        try:
            system_keyring()
        except ManagerLockedError:
            return False
        return True

    def create_key(self) -> tuple[KeyParameters, bytes]:
        """Store a new key in the keyring, and return its parameters and the key.

        The parameters are the id of the key, and the name of the keyring.
        """
        keyring = system_keyring()
        key = new_key()
        text = encode_key(key)
        parameters = {"id": new_key_id(), "keyring": keyring.name}
        stored_text = None
        try:
            keyring.set_password(SERVICE, parameters["id"], text)
            # A keyring may drop an entry without an error, so the entry is read again and compared below.
            stored_text = keyring.get_password(SERVICE, parameters["id"])
        except Exception as error:  # noqa: BLE001 - each keyring backend raises its own error classes
            raise_without_context(translate_keyring_error(keyring, error, self._label))
        if stored_text != text:
            raise ManagerLockedError(f"The OS keyring ({keyring.name}) did not store the key of {self._label}.", hint=_HINT)
        return parameters, key

    def load_key(self, parameters: KeyParameters, is_right_key: Callable[[bytes], bool]) -> bytes:
        """Return the key from the keyring.

        Raises:
            ManagerLockedError: If the keyring is locked or missing.
            KeyLostError: If the entry is missing or holds another key.
        """
        key_id = get_key_id(parameters, self._label)
        keyring = system_keyring(self._label)
        try:
            text = keyring.get_password(SERVICE, key_id)
        except Exception as error:  # noqa: BLE001 - each keyring backend raises its own error classes
            raise_without_context(translate_keyring_error(keyring, error, self._label))
        location = f"in the OS keyring ({keyring.name}) under {SERVICE!r}, {key_id}"
        if text is None:
            message = f"The key of {self._label} is gone; it was expected {location}."
            raise KeyLostError(message, hint="Restore the keyring from a copy; the store itself is intact.")
        key = decode_key(text)
        if key and is_right_key(key):
            return key
        message = f"The entry {location} is not the key of {self._label}."
        raise KeyLostError(message, hint="Restore the keyring from a copy; the store itself is intact.")

    def check_key(self, parameters: KeyParameters, is_right_key: Callable[[bytes], bool]) -> None:
        """Do nothing, because a locked keyring would prompt for its password."""

    def delete_key(self, parameters: KeyParameters) -> None:
        """Delete the entry; a missing entry is not an error.

        Raises:
            ManagerLockedError: If the keyring is locked or missing.
        """
        keyring = system_keyring(self._label)
        key_id = get_key_id(parameters, self._label)
        try:
            if keyring.get_password(SERVICE, key_id) is not None:
                keyring.delete_password(SERVICE, key_id)
        except Exception as error:  # noqa: BLE001 - each keyring backend raises its own error classes
            raise_without_context(translate_keyring_error(keyring, error, self._label))

    def describe(self, parameters: KeyParameters) -> str:
        """Return the name of the keyring."""
        return f"a key in the OS keyring ({parameters.get('keyring', 'unknown')})"


def system_keyring(label: str = "the store") -> KeyringBackend:
    """Return the keyring of the operating system, never one that stores plain text.

    Args:
        label: The name of the store in errors.

    Raises:
        ManagerLockedError: If this process can't reach the keyring.
    """
    problem = "none is running that this session can reach"
    try:
        import keyring

        for backend in _list_backends(keyring.get_keyring()):
            if full_name(backend).startswith(_SYSTEM_BACKENDS):
                return backend
            problem = f"{full_name(backend)} is not an OS keyring"
    except Exception as error:  # noqa: BLE001 - the library imports a configured backend, which can raise any exception
        problem = f"the look-up raised {type(error).__name__}"
    raise ManagerLockedError(f"{sentence(label)} needs the OS keyring: {problem}.", hint=_HINT)


def is_unlocked() -> bool:
    """Return whether the OS keyring can be read without a prompt; ``False`` if unknown.

    It is unknown for the keyrings of macOS and KWallet.
    """
    try:
        name = full_name(system_keyring())
        if name.startswith("keyring.backends.Windows."):
            return True
        if not name.startswith(("keyring.backends.SecretService.", "keyring.backends.libsecret.")):
            return False
        import secretstorage

        with closing(secretstorage.dbus_init()) as bus:
            # get_default_collection would create a missing collection, and prompt for its password.
            return not secretstorage.Collection(bus, "/org/freedesktop/secrets/aliases/default").is_locked()
    except Exception:  # noqa: BLE001 - each keyring backend raises its own error classes, and the answer is the same for all
        return False


def translate_keyring_error(keyring: KeyringBackend, error: Exception, label: str = "the store") -> ManagerLockedError:
    """Return the error of this package for an error of the keyring.

    The message contains the class of the keyring's error, and not its text.
    """
    problem = "is locked" if type(error).__name__ == "KeyringLocked" else f"could not be used ({type(error).__name__})"
    return ManagerLockedError(f"The OS keyring ({keyring.name}) {problem}, so {label} stays sealed.", hint=_HINT)


def _list_backends(keyring: KeyringBackend) -> Iterator[KeyringBackend]:
    # The library can return a chain of several keyrings. A chain stores a key in its first keyring that accepts
    # the key, even in plain text. So the chain itself is not used, and each of its keyrings is checked.
    if full_name(keyring).startswith("keyring.backends.chainer."):
        chained_backends: Iterable[KeyringBackend] = getattr(keyring, "backends", ())
        for backend in chained_backends:
            yield from _list_backends(backend)
    else:
        yield keyring


def full_name(keyring: KeyringBackend) -> str:
    """Return the module and class of a keyring backend, such as ``keyring.backends.fail.Keyring``."""
    # The class identifies the backend, because its `name` attribute can be any text.
    return f"{type(keyring).__module__}.{type(keyring).__qualname__}"
