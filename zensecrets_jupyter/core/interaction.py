"""Interaction of the core with the user: passphrases, notices, open forms and Ctrl-C.

The running front end sets the source of passphrases, and announces the secrets that an open form asks for.
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
"""A function that returns the passphrase which the user types at a prompt.

Its argument is the text of the prompt. The function raises InteractionUnavailableError if the session can't ask.
"""


class InterruptedWork(KeyboardInterrupt):
    """Ctrl-C during work that can be continued.

    The text of the exception states the completed part of the work, and how to continue.
    """


class RequiredPassphrase(NamedTuple):
    """A passphrase that the next access to a store needs.

    Attributes:
        label: The name of the store in prompts, such as ``secrets manager 'default'``.
        is_new: Whether the user chooses a new passphrase. If so, an empty answer means that the store gets no passphrase.
    """

    label: str
    is_new: bool


class NonInteractivePassphraseSource:
    """A passphrase source for sessions without a user."""

    def __call__(self, prompt: str) -> NoReturn:
        """Raise an error instead of asking.

        Raises:
            InteractionUnavailableError: Always; the hint names the environment variable.
        """
        message = f"A passphrase is needed ({prompt.strip().rstrip(':')}), and this session can't ask for it."
        raise InteractionUnavailableError(message, hint=f"Set {PASSPHRASE_VARIABLE}.")


_process_source: PassphraseSource | None = None
"""The passphrase source of the process. The source of a context has priority over it."""
_context_source: ContextVar[PassphraseSource | None] = ContextVar("zensecrets_passphrase_source", default=None)
_non_interactive_source = NonInteractivePassphraseSource()

_pending_secrets: dict[tuple[str, str], list[str]] = {}
"""The descriptions of the open forms for each secret, by manager ID and secret name."""
_lock = threading.Lock()


def set_passphrase_source(source: PassphraseSource | None) -> PassphraseSource | None:
    """Set the passphrase source of the process, and return the previous one."""
    global _process_source
    previous, _process_source = _process_source, source
    return previous


@contextmanager
def use_passphrase_source(source: PassphraseSource) -> Iterator[None]:
    """Use ``source`` for passphrases during the block, only in the current :mod:`contextvars` context."""
    token = _context_source.set(source)
    try:
        yield
    finally:
        _context_source.reset(token)


def ask_passphrase(prompt: str) -> str:
    """Return the passphrase from the source of this context, or else of the process.

    Raises:
        InteractionUnavailableError: If there is no source, or the source can't ask.
    """
    return (_context_source.get() or _process_source or _non_interactive_source)(prompt)


def print_notice(line: str) -> None:
    """Print a line to standard error; a kernel shows it below the running cell."""
    with suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - a notice about a long wait has to appear before the command returns


def announce_pending_secrets(manager: str, names: Iterable[str], form: str) -> Callable[[], None]:
    """Announce that a form asks for secrets, and return a function that ends the announcement.

    Args:
        manager: The ID of the secrets manager that will store the secrets.
        names: The names of the secrets.
        form: The description of the form, as the start of a sentence, such as ``The form of cell [3]``.
    """
    pending = [(manager, name) for name in names]
    with _lock:
        for secret in pending:
            _pending_secrets.setdefault(secret, []).append(form)

    def withdraw() -> None:
        with _lock:
            for secret in pending:
                forms = _pending_secrets.get(secret, [])
                if form in forms:
                    forms.remove(form)
                if not forms:
                    _pending_secrets.pop(secret, None)

    return withdraw


def pending_secret_hint(manager: str, name: str) -> str:
    """Return a hint if an open form asks for the secret, or an empty text. ``manager`` is the ID of the secrets manager."""
    forms = _pending_secrets.get((manager, name))
    return f"{forms[-1]} is waiting for its values: fill it in, then run this again." if forms else ""
