"""Interface of a key protection, which stores or derives the wrapping key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

PROTECTIONS = ("keyring", "passphrase", "keyfile")
"""Names of the protections: the OS keyring, a passphrase, and a file that only its owner can read."""

KeyParameters = Mapping[str, str | int]
"""Parameters with which a protection finds or derives the wrapping key. They never contain the key itself.

The database stores them in clear text beside the wrapped data key.
"""


class KeyProtection(Protocol):
    """One way to store or derive the wrapping key, which encrypts the data key."""

    def create_key(self) -> tuple[KeyParameters, bytes]:
        """Create a wrapping key, and return its parameters and the key.

        The keyring and the key file store the key. A passphrase protection derives the key and stores nothing.

        Raises:
            ManagerLockedError: If the storage of the key is locked.
            ManagerAccessError: If this user may not write to the storage.
            StoreFullError: If the disk is full.
            InteractionUnavailableError: If a new passphrase is needed, and the session can't ask for it.
            WrongPassphraseError: If the user typed no valid new passphrase.
        """

    def load_key(self, parameters: KeyParameters, is_right_key: Callable[[bytes], bool]) -> bytes:
        """Return the wrapping key that belongs to ``parameters``.

        Args:
            parameters: The stored parameters of the key.
            is_right_key: Returns whether a key unwraps the data key.

        Raises:
            ManagerLockedError: If the passphrase or the keyring's password is missing.
            WrongPassphraseError: If the passphrase is wrong.
            KeyLostError: If the key is gone, or another key is stored in its location.
            ManagerAccessError: If this user may not read the key, or if other users can read it.
            ManagerCorruptedError: If the parameters are malformed.
        """

    def check_key(self, parameters: KeyParameters, is_right_key: Callable[[bytes], bool]) -> None:
        """Check that the wrapping key still exists; do nothing if the check could prompt the user.

        Raises:
            KeyLostError: If the key is gone, or another key is stored in its location.
            ManagerAccessError: If this user may not read the key, or if other users can read it.
            ManagerCorruptedError: If the parameters are malformed.
        """

    def delete_key(self, parameters: KeyParameters) -> None:
        """Delete the wrapping key; a missing key is not an error."""

    def describe(self, parameters: KeyParameters) -> str:
        """Return a short description of where the wrapping key is."""
