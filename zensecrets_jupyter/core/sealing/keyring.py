"""A wrapping key in the keyring of the operating system.

Needs the ``keyring`` library, imported when it is used, and a keyring behind it: Secret Service (GNOME, KDE), KWallet, macOS's keychain
or Windows's credential locker. Where none is running, ``keyring`` silently takes what else is installed, down to files of plain text:
hence the look at the class.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import KeyLostError, ManagerCorruptedError, ManagerLockedError
from zensecrets_jupyter.core.sealing.cipher import KEY_SIZE, new_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from keyring.backend import KeyringBackend

SERVICE = "zensecrets"
"""Under which our keys stand in the keyring; the user name is the key's id."""

_OF_THE_SYSTEM = (
    "keyring.backends.SecretService.",
    "keyring.backends.libsecret.",
    "keyring.backends.kwallet.",
    "keyring.backends.macOS.",
    "keyring.backends.Windows.",
)
_HINT = "Unlock it, or start Jupyter in your desktop's session; a new store of flavor local takes ZENSECRETS_PASSPHRASE instead."


class KeyringProtection:
    """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""

    def __init__(self, label: str) -> None:
        """Prepare it for the database that ``label`` names."""
        self._label = label

    @staticmethod
    def exists() -> bool:
        """Tell whether the operating system has a keyring that this process can reach; it may be locked."""
        try:
            system_keyring()
        except ManagerLockedError:
            return False
        return True

    def make(self) -> tuple[Mapping[str, str | int], bytes]:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""
        keyring = system_keyring()
        key = new_key()
        text = base64.b64encode(key).decode("ascii")
        place = {"id": uuid.uuid4().hex, "keyring": keyring.name}
        kept = None
        try:
            keyring.set_password(SERVICE, place["id"], text)
            kept = keyring.get_password(SERVICE, place["id"])
        except Exception as error:  # noqa: BLE001 - each system's keyring raises errors of its own
            raise unusable(keyring, error, self._label) from None
        if kept != text:
            raise ManagerLockedError(f"The OS keyring ({keyring.name}) did not keep the key of {self._label}.", hint=_HINT)
        return place, key

    def find(self, place: Mapping[str, str | int], opens: Callable[[bytes], bool]) -> bytes:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""
        identity = _identity(place, self._label)
        keyring = system_keyring(self._label)
        try:
            text = keyring.get_password(SERVICE, identity)
        except Exception as error:  # noqa: BLE001 - each system's keyring raises errors of its own
            raise unusable(keyring, error, self._label) from None
        where = f"in the OS keyring ({keyring.name}) under {SERVICE!r}, {identity}"
        if text is None:
            message = f"The key of {self._label} is gone; it was expected {where}."
            raise KeyLostError(message, hint="Restore the keyring from a copy; the store itself is whole.")
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) == KEY_SIZE and opens(key):
            return key
        message = f"What stands {where} is not the key of {self._label}."
        raise KeyLostError(message, hint="Restore the keyring from a copy; the store itself is whole.")

    def check(self, place: Mapping[str, str | int], opens: Callable[[bytes], bool]) -> None:
        """Do nothing: a keyring may ask for its password."""

    def drop(self, place: Mapping[str, str | int]) -> None:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""
        keyring = system_keyring(self._label)
        identity = _identity(place, self._label)
        try:
            if keyring.get_password(SERVICE, identity) is not None:
                keyring.delete_password(SERVICE, identity)
        except Exception as error:  # noqa: BLE001 - each system's keyring raises errors of its own
            raise unusable(keyring, error, self._label) from None

    def describe(self, place: Mapping[str, str | int]) -> str:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""
        return f"a key in the OS keyring ({place.get('keyring', 'unknown')})"


def _identity(place: Mapping[str, str | int], label: str) -> str:
    identity = place.get("id")
    if isinstance(identity, str) and identity.isalnum():
        return identity
    raise ManagerCorruptedError(f"Where the key of {label} is kept can't be read.", hint="Restore it from a copy.")


def system_keyring(label: str = "the store") -> KeyringBackend:
    """Return the keyring of the operating system, and never one that keeps plain text; ``label`` says what needs it, for the error.

    Raises:
        ManagerLockedError: If there is none that this process can reach.
    """
    problem = "none is running that this session can reach"
    try:
        import keyring

        for candidate in _unchained(keyring.get_keyring()):
            if full_name(candidate).startswith(_OF_THE_SYSTEM):
                return candidate
            problem = f"{full_name(candidate)} is none"
    except Exception as error:  # noqa: BLE001 - a configured backend is imported, which can raise anything
        problem = f"{type(error).__name__} when looking for it"
    raise ManagerLockedError(f"{label[:1].upper()}{label[1:]} needs the OS keyring: {problem}.", hint=_HINT)


def is_unlocked() -> bool:
    """Tell whether the OS keyring can be read just now without a person being asked to unlock it; ``False`` where that can't be told."""
    try:
        name = full_name(system_keyring())
        if name.startswith("keyring.backends.Windows."):
            return True
        if not name.startswith(("keyring.backends.SecretService.", "keyring.backends.libsecret.")):
            return False
        import secretstorage

        with closing(secretstorage.dbus_init()) as bus:
            # Unlike get_default_collection this creates none, which would ask for a password.
            return not secretstorage.Collection(bus, "/org/freedesktop/secrets/aliases/default").is_locked()
    except Exception:  # noqa: BLE001 - each system's keyring raises errors of its own, and the answer is the same
        return False


def unusable(keyring: KeyringBackend, error: Exception, label: str = "the store") -> ManagerLockedError:
    """Return our error for what the keyring raised; its own text is not repeated."""
    what = "is locked" if type(error).__name__ == "KeyringLocked" else f"could not be used ({type(error).__name__})"
    return ManagerLockedError(f"The OS keyring ({keyring.name}) {what}, so {label} stays sealed.", hint=_HINT)


def _unchained(keyring: KeyringBackend) -> Iterator[KeyringBackend]:
    # A chain writes to whichever of its links takes the key, plain text included: the links are looked at one by one.
    if full_name(keyring).startswith("keyring.backends.chainer."):
        links: Iterable[KeyringBackend] = getattr(keyring, "backends", ())
        for link in links:
            yield from _unchained(link)
    else:
        yield keyring


def full_name(keyring: KeyringBackend) -> str:
    """Return module and class of a keyring: what it really is, whatever it calls itself."""
    return f"{type(keyring).__module__}.{type(keyring).__qualname__}"
