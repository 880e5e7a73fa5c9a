"""A wrapping key made from a passphrase by Argon2id.

A passphrase that was given once is remembered in the memory of this process: it is tried first for other stores and protects new ones,
so that a person is asked once and not once a store.
"""

from __future__ import annotations

import os
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from zensecrets_jupyter.core.errors import (
    InteractionUnavailableError,
    ManagerCorruptedError,
    ManagerLockedError,
    WrongPassphraseError,
)
from zensecrets_jupyter.core.sealing.cipher import KEY_SIZE
from zensecrets_jupyter.core.settings import NEW_PASSPHRASE_VARIABLE, PASSPHRASE_VARIABLE
from zensecrets_jupyter.core.system_text import from_system

Asker = Callable[[str], str]
"""Asks a person for a passphrase, given what to say; raises InteractionUnavailableError where nobody is there."""

TRIES = 3
"""How often a person is asked before we give up."""


class Profile(NamedTuple):
    """A named set of Argon2id's parameters; ``memory`` is in KiB."""

    name: str
    time: int
    memory: int
    lanes: int


RFC_9106_SECOND = Profile("RFC 9106 second recommended option", time=3, memory=65536, lanes=4)
"""RFC 9106, section 4, the second recommended option (64 MiB), with a salt of 128 bits and a key of 256."""

_SALT_SIZE = 16
_LARGEST = Profile("", time=12, memory=256 * 1024, lanes=16)
"""An altered store, or an export from elsewhere, could ask for all memory there is, and for hours."""
_MOST_WORK = 4 * RFC_9106_SECOND.time * RFC_9106_SECOND.memory
"""Passes times memory: four times what we write ourselves, which takes half a second."""

LIMIT = f"{_LARGEST.time} passes of Argon2 over {RFC_9106_SECOND.memory // 1024} MiB of memory"
"""What is too much, as the end of a sentence."""

_HINT = f"Set {PASSPHRASE_VARIABLE}, or run where a person can be asked."

_given: list[str] = []
_declined = False
_asking = threading.RLock()


def _release_in_child() -> None:
    global _asking  # noqa: PLW0603 - a thread of the parent may have held it, and does not exist in the child
    _asking = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_in_child)


def given() -> str | None:
    """Return the passphrase for new stores: that of the environment, else the last one that opened or made a store; or ``None``."""
    return os.environ.get(PASSPHRASE_VARIABLE) or (_given[-1] if _given else None)


def forget() -> None:
    """Forget every passphrase that was given in this process, and that a person wanted none; keys that are open stay open."""
    global _declined  # noqa: PLW0603 - one person, one process
    with _asking:
        _given.clear()
        _declined = False


def has_declined() -> bool:
    """Tell whether a person was asked in this process for a new passphrase and wanted none."""
    return _declined


def new_from_person(label: str, ask: Asker) -> str | None:
    """Return the passphrase that a person chose, typed twice; ``None`` if an empty answer said that there shall be none.

    Of several threads only one asks; the others get the same answer.

    Raises:
        InteractionUnavailableError: If nobody is there.
        WrongPassphraseError: If the two differed each time.
    """
    global _declined  # noqa: PLW0603 - one person, one process
    with _asking:
        if _declined:
            return None
        if _given:
            return _given[-1]
        chosen = _ask_twice(label, ask, "empty: keep the key in a file that only you can read")
        _declined = not chosen
        if chosen:
            _remember(chosen)
        return chosen or None


class PassphraseProtection:
    """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""

    def __init__(self, label: str, ask: Asker | None, passphrase: str | None = None) -> None:
        """Prepare it for the database that ``label`` names; ``passphrase`` is the one for a new key, else a person is asked."""
        self._label = label
        self._ask = ask
        self._passphrase = passphrase
        self.opened_with: str | None = None
        """The passphrase that :meth:`find` found to be right."""

    def make(self) -> tuple[Mapping[str, str | int], bytes]:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`.

        Raises:
            InteractionUnavailableError: If a passphrase was not given and nobody is there to choose one.
            WrongPassphraseError: If what was typed the second time differed each time, or nothing was typed.
        """
        passphrase = self._passphrase
        if not passphrase:
            passphrase = self._chosen()
        if not passphrase:
            raise WrongPassphraseError(f"No new passphrase was given for {self._label}; nothing was changed.", hint="Type one, twice.")
        place = new_place()
        key = derive(passphrase, place, self._label)
        _remember(passphrase)
        return place, key

    def _chosen(self) -> str:
        if self._ask is not None:
            with _asking, suppress(InteractionUnavailableError):
                return _ask_twice(self._label, self._ask)
        # The variable that holds the present passphrase is no answer.
        hint = f"Set {NEW_PASSPHRASE_VARIABLE} to it, or run where a person can be asked." if PASSPHRASE_VARIABLE in os.environ else _HINT
        raise InteractionUnavailableError(f"Nobody is there to choose a new passphrase for {self._label}.", hint=hint)

    def find(self, place: Mapping[str, str | int], opens: Callable[[bytes], bool]) -> bytes:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`.

        Tried are the passphrase given here, those that opened a store before, that of the environment, and what a person types.
        """
        with _asking:
            for passphrase in self._candidates():
                key = derive(passphrase, place, self._label)
                if opens(key):
                    self.opened_with = passphrase
                    _remember(passphrase)
                    return key
        raise WrongPassphraseError(f"The passphrase does not open {self._label}.", hint="The store is whole: try another one.")

    def check(self, place: Mapping[str, str | int], opens: Callable[[bytes], bool]) -> None:
        """Do nothing: a passphrase is kept nowhere."""

    def drop(self, place: Mapping[str, str | int]) -> None:
        """Do nothing: a passphrase is kept nowhere."""

    def describe(self, place: Mapping[str, str | int]) -> str:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""
        return f"a passphrase (Argon2id, {place.get('profile', 'unknown parameters')})"

    def _candidates(self) -> Iterator[str]:
        in_environment = os.environ.get(PASSPHRASE_VARIABLE)
        known = [self._passphrase, *reversed(_given), in_environment]
        yield from dict.fromkeys(passphrase for passphrase in known if passphrase)
        if self._ask is None:
            if not in_environment and not self._passphrase:
                raise self._locked()
            return
        prompt = f"Passphrase of {self._label}: "
        for _ in range(TRIES):
            try:
                typed = self._ask(prompt)
            except InteractionUnavailableError:
                if in_environment or self._passphrase:
                    return
                raise self._locked() from None
            if typed:
                yield typed
            prompt = f"That does not open it. Passphrase of {self._label}: "

    def _locked(self) -> ManagerLockedError:
        return ManagerLockedError(f"{self._label[:1].upper()}{self._label[1:]} is sealed with a passphrase that nobody gave.", hint=_HINT)


def _remember(passphrase: str) -> None:
    if passphrase in _given:
        _given.remove(passphrase)
    _given.append(passphrase)


def _ask_twice(label: str, ask: Asker, empty: str = "") -> str:
    prompt = f"New passphrase for {label}{f' ({empty})' if empty else ''}: "
    for _ in range(TRIES):
        first = ask(prompt)
        if not first or ask("The same passphrase again: ") == first:
            return first
        prompt = f"The two differ. New passphrase for {label}: "
    raise WrongPassphraseError(f"The two passphrases for {label} differed {TRIES} times; nothing was changed.", hint="Try again.")


def new_place() -> dict[str, str | int]:
    """Return what a key is made from besides a passphrase: the parameters of Argon2id, and a salt drawn at random."""
    profile = RFC_9106_SECOND
    return {
        "profile": profile.name,
        "time": profile.time,
        "memory": profile.memory,
        "lanes": profile.lanes,
        "salt": secrets.token_hex(_SALT_SIZE),
    }


def is_over_limit(place: Mapping[str, object]) -> bool:
    """Tell whether making a key with ``place`` takes more time or memory than :data:`LIMIT` says."""
    time, memory, lanes = (number if isinstance(number := place.get(name), int) else 0 for name in ("time", "memory", "lanes"))
    return time > _LARGEST.time or memory > _LARGEST.memory or lanes > _LARGEST.lanes or time * memory > _MOST_WORK


def derive(passphrase: str, place: Mapping[str, str | int], label: str) -> bytes:
    """Return the key that the passphrase makes with ``place``; ``label`` is what errors call that which it opens.

    Raises:
        ManagerCorruptedError: If ``place`` makes no sense, or goes over :data:`LIMIT`.
    """
    from argon2.exceptions import HashingError
    from argon2.low_level import Type, hash_secret_raw

    if is_over_limit(place):
        message = f"Opening {label} with its passphrase would take more than {LIMIT}."
        raise ManagerCorruptedError(message, hint="This package writes nothing like that: take another copy of it.")
    numbers = [place.get(name) for name in ("time", "memory", "lanes")]
    time, memory, lanes = (number if isinstance(number, int) and number > 0 else 0 for number in numbers)
    # One text has several spellings in Unicode, and keyboards differ in which they give (RFC 8265 takes NFC for passwords).
    text = unicodedata.normalize("NFC", from_system(passphrase)).encode("utf-8", "surrogatepass")
    try:
        salt = bytes.fromhex(str(place.get("salt")))
        return hash_secret_raw(text, salt, time, memory, lanes, KEY_SIZE, Type.ID)
    except (HashingError, ValueError):
        pass
    message = f"The parameters of the passphrase of {label} can't be read."
    raise ManagerCorruptedError(message, hint="Restore it from a copy.")
