"""How the core asks a person for the passphrase of a store: through whatever the face that is running has set here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from zensecrets_jupyter.core.errors import InteractionUnavailableError
from zensecrets_jupyter.core.settings import PASSPHRASE_VARIABLE

PassphraseSource = Callable[[str], str]
"""Asks a person for a passphrase, given what to say; raises InteractionUnavailableError where nobody is there."""

_source: PassphraseSource | None = None
_silent: ContextVar[bool] = ContextVar("zensecrets_nobody_is_asked", default=False)


def set_passphrase_source(source: PassphraseSource | None) -> PassphraseSource | None:
    """Have passphrases asked through ``source`` from now on, and return what was set before."""
    global _source  # one process has one face that asks
    before, _source = _source, source
    return before


@contextmanager
def nobody_is_asked() -> Iterator[None]:
    """Have no passphrase asked for while the block runs; what needs one fails as if nobody were there."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def ask_passphrase(prompt: str) -> str:
    """Return the passphrase that a person gives.

    Raises:
        InteractionUnavailableError: If nobody is there to be asked.
    """
    if _source is None or _silent.get():
        message = "A passphrase is needed and nobody is there to be asked."
        raise InteractionUnavailableError(message, hint=f"Set {PASSPHRASE_VARIABLE}.")
    return _source(prompt)
