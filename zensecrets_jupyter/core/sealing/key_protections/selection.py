"""Selection of a database's key protection, with a default for a new database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import InteractionUnavailableError, InvalidOptionsError, ManagerCorruptedError, ManagerLockedError
from zensecrets_jupyter.core.sealing.key_protections.interface import PROTECTIONS
from zensecrets_jupyter.core.sealing.key_protections.key_file import KeyFileProtection, has_key_files
from zensecrets_jupyter.core.sealing.key_protections.keyring import KeyringProtection
from zensecrets_jupyter.core.sealing.key_protections.passphrase import (
    PassphraseProtection,
    ask_new_passphrase,
    has_declined,
    known_passphrase,
)

if TYPE_CHECKING:
    from pathlib import Path

    from zensecrets_jupyter.core.interaction import PassphraseSource
    from zensecrets_jupyter.core.sealing.key_protections.interface import KeyParameters, KeyProtection


class KeyProtections:
    """The protections that one database can use, with its label, passphrase source and key folder."""

    def __init__(self, label: str, ask: PassphraseSource | None, key_folder: Path, protection: str | None = None) -> None:
        """Prepare the protections.

        Args:
            label: The name of the database in prompts and errors, such as ``secrets manager 'default'``.
            ask: Asks the user for a passphrase; ``None`` if the session can't ask.
            key_folder: The folder of key files.
            protection: The name of the protection for a new database; by default :meth:`create_default_key` selects one.
        """
        self._required_protection = protection
        self._label = label
        self._ask = ask
        self._key_folder = key_folder

    def get(self, name: str, *, passphrase: str | None = None) -> KeyProtection:
        """Return the protection with this name.

        Args:
            name: One of :data:`PROTECTIONS`.
            passphrase: The passphrase of a new key; for an existing key it is tried first.

        Raises:
            InvalidOptionsError: If no protection has this name.
        """
        if name == "keyring":
            return KeyringProtection(self._label)
        if name == "passphrase":
            return PassphraseProtection(self._label, self._ask, passphrase)
        if name == "keyfile":
            return KeyFileProtection(self._label, self._key_folder)
        message = f"There is no protection {name!r} for {self._label}."
        raise InvalidOptionsError(message, hint=f"Choose one of {', '.join(PROTECTIONS)}.")

    def get_stored(self, name: object) -> KeyProtection:
        """Return the protection that a row of the database names.

        Raises:
            ManagerCorruptedError: If no protection has this name.
        """
        if isinstance(name, str) and name in PROTECTIONS:
            return self.get(name)
        raise ManagerCorruptedError(f"The key of {self._label} has an unknown protection.", hint="Restore it from a copy.")

    def create_default_key(self) -> tuple[str, KeyParameters, bytes]:
        """Create the wrapping key of a new database.

        The constructor's protection is used. If it got none, the first available one is used: the OS keyring, then a passphrase, then a key
        file. The passphrase is the one in the environment, the one that this process used last, or one that the user types now.

        Returns:
            The name of the protection, the parameters of the key, and the key.

        Raises:
            ManagerLockedError: If the OS keyring is locked, and it is required or no passphrase is known.
            InteractionUnavailableError: If a passphrase is required, none is known, and the session can't ask for one.
            WrongPassphraseError: If the user typed two different texts in each attempt, or typed no passphrase although it is required.
        """
        passphrase = known_passphrase()
        if self._required_protection:
            return self._create(self._required_protection, passphrase)
        if KeyringProtection.exists():
            try:
                return self._create("keyring")
            except ManagerLockedError:
                # A known passphrase, for example from ZENSECRETS_PASSPHRASE, is used instead of a locked keyring.
                if passphrase is None:
                    raise
        if passphrase is None and self._ask is not None and self._may_ask_for_new_passphrase():
            try:
                passphrase = ask_new_passphrase(self._label, self._ask)
            except InteractionUnavailableError:
                passphrase = None
        if passphrase is not None:
            return self._create("passphrase", passphrase)
        return self._create("keyfile")

    def asks_for_new_passphrase(self) -> bool:
        """Return whether :meth:`create_default_key` would ask the user for a new passphrase."""
        if known_passphrase() is not None or self._ask is None:
            return False
        if self._required_protection:
            return self._required_protection == "passphrase"
        return self._may_ask_for_new_passphrase() and not KeyringProtection.exists()

    def _may_ask_for_new_passphrase(self) -> bool:
        # The user is asked at most once. If a key file exists, an earlier store, maybe in an earlier process, got one: the user declined to
        # type a passphrase, could not be asked, or chose key files.
        return not has_declined() and not has_key_files(self._key_folder)

    def _create(self, name: str, passphrase: str | None = None) -> tuple[str, KeyParameters, bytes]:
        return (name, *self.get(name, passphrase=passphrase).create_key())
