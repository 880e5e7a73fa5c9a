"""Key protection by a passphrase.

The process remembers each passphrase that opened or created a store, and tries it first for other stores. A user therefore types it once
and not once per store.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import InteractionUnavailableError, ManagerLockedError, WrongPassphraseError
from zensecrets_jupyter.core.sealing.key_protections.key_derivation import derive_key, new_parameters
from zensecrets_jupyter.core.settings import NEW_PASSPHRASE_VARIABLE, PASSPHRASE_VARIABLE
from zensecrets_jupyter.core.text import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zensecrets_jupyter.core.interaction import PassphraseSource
    from zensecrets_jupyter.core.sealing.key_protections.interface import KeyParameters

MAX_ATTEMPTS = 3
"""Number of attempts that a user has to type a passphrase."""

_HINT = f"Set {PASSPHRASE_VARIABLE}, or run in a session that can ask for it."

_remembered: list[str] = []
"""Passphrases that opened or created a store in this process, the last used one at the end."""
_declined = False
"""Whether the user answered a prompt for a new passphrase with an empty text."""
_prompt_lock = threading.RLock()


def _renew_lock_in_child() -> None:
    global _prompt_lock  # noqa: PLW0603 - after a fork, a thread that exists only in the parent may hold the lock
    _prompt_lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock_in_child)


def known_passphrase() -> str | None:
    """Return the passphrase of the environment, or else the last one that this process used."""
    return os.environ.get(PASSPHRASE_VARIABLE) or (_remembered[-1] if _remembered else None)


def forget_passphrases() -> None:
    """Forget the remembered passphrases and a declined prompt; keys that are open stay open."""
    global _declined  # noqa: PLW0603 - a process has one user, so the answer is valid for the whole process
    with _prompt_lock:
        _remembered.clear()
        _declined = False


def has_declined() -> bool:
    """Return whether the user answered a prompt for a new passphrase with an empty text."""
    return _declined


def ask_new_passphrase(label: str, ask: PassphraseSource) -> str | None:
    """Return the new passphrase that the user typed twice, or ``None`` for an empty answer.

    If several threads need a new passphrase, one of them prompts, and the other threads get the same answer.

    Raises:
        InteractionUnavailableError: If the session can't ask.
        WrongPassphraseError: If the two texts differed in each attempt.
    """
    global _declined  # noqa: PLW0603 - a process has one user, so the answer is valid for the whole process
    with _prompt_lock:
        if _declined:
            return None
        if _remembered:
            return _remembered[-1]
        new_passphrase = _ask_twice(label, ask, "empty: keep the key in a file that only you can read")
        _declined = not new_passphrase
        if new_passphrase:
            _remember(new_passphrase)
        return new_passphrase or None


class PassphraseProtection:
    """Protection that derives the wrapping key from a passphrase.

    It implements :class:`~zensecrets_jupyter.core.sealing.key_protections.interface.KeyProtection`.
    """

    def __init__(self, label: str, ask: PassphraseSource | None, passphrase: str | None = None) -> None:
        """Protect the database with this label.

        Args:
            label: The name of the database in prompts and errors.
            ask: The source that asks the user.
            passphrase: The passphrase of a new key; without it the user is asked.
        """
        self._label = label
        self._ask = ask
        self._passphrase = passphrase
        self.opened_with: str | None = None
        """The passphrase with which :meth:`load_key` succeeded."""

    def create_key(self) -> tuple[KeyParameters, bytes]:
        """Derive a key from a new passphrase and return its parameters and the key.

        Raises:
            InteractionUnavailableError: If there is no passphrase and the session can't ask.
            WrongPassphraseError: If the two typed texts differed in each attempt, or were empty.
        """
        passphrase = self._passphrase or self._new_passphrase()
        if not passphrase:
            raise WrongPassphraseError(
                f"The new passphrase for {self._label} is empty; nothing was changed.", hint="Type the new passphrase twice."
            )
        parameters = new_parameters()
        key = derive_key(passphrase, parameters, self._label)
        _remember(passphrase)
        return parameters, key

    def _new_passphrase(self) -> str:
        if self._ask is not None:
            with _prompt_lock, suppress(InteractionUnavailableError):
                return _ask_twice(self._label, self._ask)
        # ZENSECRETS_PASSPHRASE holds the current passphrase, so it can't be the new one.
        has_current = PASSPHRASE_VARIABLE in os.environ
        hint = f"Set {NEW_PASSPHRASE_VARIABLE} to it, or run in a session that can ask for it." if has_current else _HINT
        raise InteractionUnavailableError(f"{sentence(self._label)} needs a new passphrase, and this session can't ask for it.", hint=hint)

    def load_key(self, parameters: KeyParameters, is_right_key: Callable[[bytes], bool]) -> bytes:
        """Return the key of the first passphrase that fits; see :class:`KeyProtection` for the arguments.

        The passphrases are tried in this order: the constructor's argument, the remembered ones, the one in the environment, and those that
        the user types.

        Raises:
            ManagerLockedError: If there is no passphrase and the session can't ask.
            WrongPassphraseError: If no passphrase fits.
        """
        with _prompt_lock:
            for passphrase in self._candidates():
                key = derive_key(passphrase, parameters, self._label)
                if is_right_key(key):
                    self.opened_with = passphrase
                    _remember(passphrase)
                    return key
        raise WrongPassphraseError(f"The passphrase does not open {self._label}.", hint="The store is intact: try another passphrase.")

    def check_key(self, parameters: KeyParameters, is_right_key: Callable[[bytes], bool]) -> None:
        """Do nothing: a passphrase is not stored."""

    def delete_key(self, parameters: KeyParameters) -> None:
        """Do nothing: a passphrase is not stored."""

    def describe(self, parameters: KeyParameters) -> str:
        """Return the key derivation and the profile of its parameters."""
        return f"a passphrase (Argon2id, {parameters.get('profile', 'unknown parameters')})"

    def _candidates(self) -> Iterator[str]:
        from_environment = os.environ.get(PASSPHRASE_VARIABLE)
        available = [self._passphrase, *reversed(_remembered), from_environment]
        yield from dict.fromkeys(passphrase for passphrase in available if passphrase)
        if self._ask is None:
            if not from_environment and not self._passphrase:
                raise self._locked_error()
            return
        prompt = f"Passphrase of {self._label}: "
        for _ in range(MAX_ATTEMPTS):
            try:
                typed = self._ask(prompt)
            except InteractionUnavailableError:
                if from_environment or self._passphrase:
                    return
                raise self._locked_error() from None
            if typed:
                yield typed
            prompt = f"That does not open it. Passphrase of {self._label}: "

    def _locked_error(self) -> ManagerLockedError:
        return ManagerLockedError(f"{sentence(self._label)} needs its passphrase, and this session can't ask for it.", hint=_HINT)


def _remember(passphrase: str) -> None:
    if passphrase in _remembered:
        _remembered.remove(passphrase)
    _remembered.append(passphrase)


def _ask_twice(label: str, ask: PassphraseSource, note: str = "") -> str:
    """Return the new passphrase that the user typed twice; the prompt shows ``note``.

    The result is an empty text if the user types nothing.
    """
    prompt = f"New passphrase for {label}{f' ({note})' if note else ''}: "
    for _ in range(MAX_ATTEMPTS):
        first = ask(prompt)
        if not first or ask("The same passphrase again: ") == first:
            return first
        prompt = f"The two differ. New passphrase for {label}: "
    raise WrongPassphraseError(f"The two passphrases for {label} differed {MAX_ATTEMPTS} times; nothing was changed.", hint="Try again.")
