"""The ways to protect a data key: what each of them can do, and which one a new store gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from zensecrets_jupyter.core.errors import InteractionUnavailableError, InvalidOptionsError, ManagerCorruptedError, ManagerLockedError
from zensecrets_jupyter.core.sealing.key_file import KeyFileProtection, keeps_keys
from zensecrets_jupyter.core.sealing.keyring import KeyringProtection
from zensecrets_jupyter.core.sealing.passphrase import Asker, PassphraseProtection, given, has_declined, new_from_person

if TYPE_CHECKING:
    from pathlib import Path

PROTECTIONS = ("keyring", "passphrase", "keyfile")
"""What a store can be protected by: the OS keyring, a passphrase, or a file that only its owner can read."""

Place = Mapping[str, str | int]
"""Where the wrapping key is found, or what it is made from; never the key itself. It is stored in clear beside the wrapped data key."""


class Protection(Protocol):
    """A way to keep the wrapping key, the one that seals the data key of a database."""

    def make(self) -> tuple[Place, bytes]:
        """Return a new wrapping key, kept already, and its place.

        Raises:
            ManagerLockedError: If what keeps it is locked.
            ManagerAccessError: If this user may not write there.
            StoreFullError: If there is no room.
        """

    def find(self, place: Place, opens: Callable[[bytes], bool]) -> bytes:
        """Return the wrapping key that was kept at ``place``; ``opens`` tells whether a key is the right one.

        Raises:
            ManagerLockedError: If nobody gives what unlocks it.
            WrongPassphraseError: If what was given is wrong.
            KeyLostError: If it is no longer there, or another key is.
            ManagerCorruptedError: If ``place`` makes no sense.
        """

    def check(self, place: Place, opens: Callable[[bytes], bool]) -> None:
        """See that the wrapping key is still there, where that takes little and nobody has to be asked.

        Raises:
            KeyLostError: If it is no longer there, or another key is.
        """

    def drop(self, place: Place) -> None:
        """Forget the wrapping key at ``place``; nothing happens if it is gone already."""

    def describe(self, place: Place) -> str:
        """Return in a few words where the wrapping key is."""


class Protections:
    """The protections of one database: they share its label, whom to ask, and the folder of the key files."""

    def __init__(self, label: str, ask: Asker | None, key_folder: Path, preferred: str | None = None) -> None:
        """Prepare them; ``label`` names the database for a person, as in "secrets manager 'default'".

        A new database gets the ``preferred`` protection where one is given, and else the best that this machine has.
        """
        self._preferred = preferred
        self._label = label
        self._ask = ask
        self._key_folder = key_folder

    def get(self, kind: str, *, passphrase: str | None = None) -> Protection:
        """Return the protection called ``kind``; a given ``passphrase`` is used for a new key and tried first for a present one.

        Raises:
            InvalidOptionsError: If there is no such protection.
        """
        if kind == "keyring":
            return KeyringProtection(self._label)
        if kind == "passphrase":
            return PassphraseProtection(self._label, self._ask, passphrase)
        if kind == "keyfile":
            return KeyFileProtection(self._label, self._key_folder)
        message = f"There is no protection {kind!r} for {self._label}."
        raise InvalidOptionsError(message, hint=f"Choose one of {', '.join(PROTECTIONS)}.")

    def known(self, kind: object) -> Protection:
        """Return the protection that a stored row names.

        Raises:
            ManagerCorruptedError: If there is no such protection.
        """
        if isinstance(kind, str) and kind in PROTECTIONS:
            return self.get(kind)
        raise ManagerCorruptedError(f"The key of {self._label} is protected by something unknown.", hint="Restore it from a copy.")

    def make_default(self) -> tuple[str, Place, bytes]:
        """Return the kind, the place and the wrapping key for a new database: the preferred one, or the best that this machine has.

        The best is the OS keyring where one really exists, else a passphrase that was given already or that a person chooses now, else a
        key file.

        Raises:
            ManagerLockedError: If there is a keyring, it is locked, and no passphrase was given.
            InteractionUnavailableError: If a passphrase is preferred, and nobody is there to choose one.
        """
        passphrase = given()
        if self._preferred:
            return self._made(self._preferred, passphrase)
        if KeyringProtection.exists():
            try:
                return self._made("keyring")
            except ManagerLockedError:
                # Somebody who sets ZENSECRETS_PASSPHRASE has said what to do where the keyring can't be had.
                if passphrase is None:
                    raise
        if passphrase is None and self._ask is not None and self._may_ask_for_new():
            try:
                passphrase = new_from_person(self._label, self._ask)
            except InteractionUnavailableError:
                passphrase = None
        if passphrase is not None:
            return self._made("passphrase", passphrase)
        return self._made("keyfile")

    def asks_for_new(self) -> bool:
        """Tell whether :meth:`make_default` would ask a person to choose a passphrase."""
        if self._preferred:
            return self._preferred == "passphrase" and given() is None and self._ask is not None
        return given() is None and self._ask is not None and self._may_ask_for_new() and not KeyringProtection.exists()

    def _may_ask_for_new(self) -> bool:
        # Whoever keeps a key in that folder already was asked before, or there was nobody to ask: one question a person, not one a store.
        return not has_declined() and not keeps_keys(self._key_folder)

    def _made(self, kind: str, passphrase: str | None = None) -> tuple[str, Place, bytes]:
        return (kind, *self.get(kind, passphrase=passphrase).make())
