"""What passes between a person and the core: a store's passphrase, what takes long, the secrets whose values are being typed, and Ctrl-C.

The face that is running sets here whom passphrases are asked of, and says which secrets an open form is waiting for.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import NamedTuple, NoReturn

from zensecrets_jupyter.core.errors import InteractionUnavailableError
from zensecrets_jupyter.core.settings import PASSPHRASE_VARIABLE

PassphraseSource = Callable[[str], str]
"""Asks a person for a passphrase, given what to say; raises InteractionUnavailableError where nobody is there."""


class InterruptedWork(KeyboardInterrupt):
    """Ctrl-C in work that can be gone on with; its text says how far it got, and how to go on."""


class PassphraseWanted(NamedTuple):
    """A passphrase that a store will ask for as soon as something is read or written.

    Attributes:
        label: What the store is called for a person, such as ``secrets manager 'default'``.
        is_new: Whether a person chooses it now; an empty answer then means that there shall be none.
    """

    label: str
    is_new: bool


_source: PassphraseSource | None = None
_here: ContextVar[PassphraseSource | None] = ContextVar("zensecrets_passphrase_source", default=None)

_awaited: dict[tuple[str, str], list[str]] = {}
_lock = threading.Lock()


def set_passphrase_source(source: PassphraseSource | None) -> PassphraseSource | None:
    """Have passphrases asked through ``source`` from now on, and return what was set before."""
    global _source  # one process has one face that asks
    before, _source = _source, source
    return before


@contextmanager
def passphrases_from(source: PassphraseSource) -> Iterator[None]:
    """Have passphrases asked through ``source`` while the block runs."""
    token = _here.set(source)
    try:
        yield
    finally:
        _here.reset(token)


def nobody(prompt: str) -> NoReturn:
    """Be the source of passphrases where nobody is there.

    Raises:
        InteractionUnavailableError: Always.
    """
    message = f"A passphrase is needed ({prompt.strip().rstrip(':')}), and nobody is there to be asked."
    raise InteractionUnavailableError(message, hint=f"Set {PASSPHRASE_VARIABLE}.")


def ask_passphrase(prompt: str) -> str:
    """Return the passphrase that a person gives.

    Raises:
        InteractionUnavailableError: If nobody is there to be asked.
    """
    return (_here.get() or _source or nobody)(prompt)


def tell(line: str) -> None:
    """Show a line to the person while work goes on: on standard error, which in a kernel is the output of the cell."""
    with suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - see above


def await_secrets(manager: str, names: Iterable[str], where: str) -> Callable[[], None]:
    """Say that a person is being asked for secrets, and return what takes that back.

    Args:
        manager: The identity of the secrets manager that will keep them.
        names: What they are called.
        where: What asks, as a sentence begins with it: "The form of cell [3]".
    """
    keys = [(manager, name) for name in names]
    with _lock:
        for key in keys:
            _awaited.setdefault(key, []).append(where)

    def take_back() -> None:
        with _lock:
            for key in keys:
                places = _awaited.get(key, [])
                if where in places:
                    places.remove(where)
                if not places:
                    _awaited.pop(key, None)

    return take_back


def awaited_hint(manager: str, name: str) -> str:
    """Return what to do about a secret that is missing because a person is still being asked for it; nothing if nobody is."""
    places = _awaited.get((manager, name))
    return f"{places[-1]} is waiting for its values: fill it in, then run this again." if places else ""
