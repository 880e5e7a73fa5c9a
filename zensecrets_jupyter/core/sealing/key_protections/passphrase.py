"""Key protection by a passphrase.

The process remembers each passphrase that opened or created a store. For another store, it tries these passphrases before it asks the user.
So the user does not have to type the same passphrase for each store.
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

_used_passphrases: list[str] = []
"""Passphrases that opened or created a store in this process, the last used one at the end."""
_has_declined = False
"""Whether the user answered a prompt for a new passphrase with an empty text."""
_prompt_lock = threading.RLock()
"""Held by the thread that asks the user, so that another thread waits for the answer and does not ask too."""


def _renew_lock_in_child() -> None:
    global _prompt_lock  # noqa: PLW0603 - after a fork, a thread that exists only in the parent may hold the lock
    _prompt_lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock_in_child)


def known_passphrase() -> str | None:
    """Return the passphrase of the environment, or else the one that this process used last."""
    return os.environ.get(PASSPHRASE_VARIABLE) or (_used_passphrases[-1] if _used_passphrases else None)


def forget_passphrases() -> None:
    """Forget the used passphrases, and that the user declined to type one. Data keys that are already decrypted stay in memory."""
    global _has_declined  # noqa: PLW0603 - a process has one user, so the answer is valid for the whole process
    with _prompt_lock:
        _used_passphrases.clear()
        _has_declined = False


def has_declined() -> bool:
    """Return whether the user answered a prompt for a new passphrase with an empty text."""
    return _has_declined


def ask_new_passphrase(label: str, ask: PassphraseSource) -> str | None:
    """Return the new passphrase that the user types twice, or ``None`` for an empty answer.

    The user answers once in a process. Later calls, and other threads that wait during the prompt, return the same answer. A passphrase
    that this process already used is also returned without a prompt.

    Raises:
        InteractionUnavailableError: If the session can't ask.
        WrongPassphraseError: If the two texts differed in each attempt.
    """
    global _has_declined  # noqa: PLW0603 - a process has one user, so the answer is valid for the whole process
    with _prompt_lock:
        if _has_declined:
            return None
        if _used_passphrases:
            return _used_passphrases[-1]
        new_passphrase = _ask_twice(label, ask, "empty: keep the key in a file that only you can read")
        _has_declined = not new_passphrase
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
            ask: Asks the user for a passphrase; ``None`` if the session can't ask.
            passphrase: The passphrase of a new key; without it the user is asked. For an existing key, it is tried first.
        """
        self._label = label
        self._ask = ask
        self._passphrase = passphrase
        self.right_passphrase: str | None = None
        """The passphrase with which :meth:`load_key` succeeded, or ``None`` before."""

    def create_key(self) -> tuple[KeyParameters, bytes]:
        """Derive a key from a new passphrase and return its parameters and the key.

        Raises:
            InteractionUnavailableError: If there is no passphrase and the session can't ask.
            WrongPassphraseError: If the two typed texts differed in each attempt, or were empty.
        """
        passphrase = self._passphrase or self._ask_for_passphrase()
        if not passphrase:
            raise WrongPassphraseError(
                f"The new passphrase for {self._label} is empty; nothing was changed.", hint="Type the new passphrase twice."
            )
        parameters = new_parameters()
        key = derive_key(passphrase, parameters, self._label)
        _remember(passphrase)
        return parameters, key

    def _ask_for_passphrase(self) -> str:
        """Return a new passphrase that the user types twice, or an empty text."""
        if self._ask is not None:
            with _prompt_lock, suppress(InteractionUnavailableError):
                return _ask_twice(self._label, self._ask)
        # If ZENSECRETS_PASSPHRASE is set, it may be the passphrase of an existing key. A new one is set with ZENSECRETS_NEW_PASSPHRASE.
        is_variable_set = PASSPHRASE_VARIABLE in os.environ
        hint = f"Set {NEW_PASSPHRASE_VARIABLE} to it, or run in a session that can ask for it." if is_variable_set else _HINT
        raise InteractionUnavailableError(f"{sentence(self._label)} needs a new passphrase, and this session can't ask for it.", hint=hint)

    def load_key(self, parameters: KeyParameters, is_right_key: Callable[[bytes], bool]) -> bytes:
        """Return the key of the first right passphrase; see :class:`KeyProtection` for the arguments.

        The passphrases are tried in this order: the constructor's argument, those that this process used before (the last used one first),
        the one in the environment, and those that the user types.

        Raises:
            ManagerLockedError: If no used passphrase is right, the constructor and the environment have none, and the session can't ask.
            WrongPassphraseError: If no passphrase is right in any other case.
            ManagerCorruptedError: If the parameters are malformed.
        """
        with _prompt_lock:
            for passphrase in self._candidates():
                key = derive_key(passphrase, parameters, self._label)
                if is_right_key(key):
                    self.right_passphrase = passphrase
                    _remember(passphrase)
                    return key
        raise WrongPassphraseError(f"The passphrase does not open {self._label}.", hint="The store is intact: try another passphrase.")

    def check_key(self, parameters: KeyParameters, is_right_key: Callable[[bytes], bool]) -> None:
        """Do nothing, because a passphrase is not stored."""

    def delete_key(self, parameters: KeyParameters) -> None:
        """Do nothing, because a passphrase is not stored."""

    def describe(self, parameters: KeyParameters) -> str:
        """Return the key derivation and the profile of its parameters."""
        return f"a passphrase (Argon2id, {parameters.get('profile', 'unknown parameters')})"

    def _candidates(self) -> Iterator[str]:
        """Yield the passphrases to try, in the order that :meth:`load_key` documents."""
        environment_passphrase = os.environ.get(PASSPHRASE_VARIABLE)
        passphrases = [self._passphrase, *reversed(_used_passphrases), environment_passphrase]
        yield from dict.fromkeys(passphrase for passphrase in passphrases if passphrase)
        if self._ask is None:
            if not environment_passphrase and not self._passphrase:
                raise self._locked_error()
            return
        prompt = f"Passphrase of {self._label}: "
        for _ in range(MAX_ATTEMPTS):
            try:
                answer = self._ask(prompt)
            except InteractionUnavailableError:
                if environment_passphrase or self._passphrase:
                    # A passphrase was set and is wrong, so the caller raises WrongPassphraseError.
                    return
                raise self._locked_error() from None
            if answer:
                yield answer
            prompt = f"That does not open it. Passphrase of {self._label}: "

    def _locked_error(self) -> ManagerLockedError:
        return ManagerLockedError(f"{sentence(self._label)} needs its passphrase, and this session can't ask for it.", hint=_HINT)


def _remember(passphrase: str) -> None:
    if passphrase in _used_passphrases:
        _used_passphrases.remove(passphrase)
    _used_passphrases.append(passphrase)


def _ask_twice(label: str, ask: PassphraseSource, note: str = "") -> str:
    """Return the new passphrase that the user types twice, or an empty text if the user types nothing. The prompt shows ``note``."""
    prompt = f"New passphrase for {label}{f' ({note})' if note else ''}: "
    for _ in range(MAX_ATTEMPTS):
        passphrase = ask(prompt)
        if not passphrase or ask("The same passphrase again: ") == passphrase:
            return passphrase
        prompt = f"The two differ. New passphrase for {label}: "
    raise WrongPassphraseError(f"The two passphrases for {label} differed {MAX_ATTEMPTS} times; nothing was changed.", hint="Try again.")
