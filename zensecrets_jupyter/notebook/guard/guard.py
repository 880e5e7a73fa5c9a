"""The guard of a shell: installed, switched on and off, and removed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from zensecrets_jupyter.core.process import process_wide
from zensecrets_jupyter.core.redaction import FAILED, protect_environment, the_redactor
from zensecrets_jupyter.notebook.sources import environment, prompts, stored_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.front_end import ChannelResult
    from zensecrets_jupyter.core.redaction import Redactor
    from zensecrets_jupyter.notebook.guard.descriptors import GuardedDescriptors
    from zensecrets_jupyter.notebook.guard.messages import GuardedSession
    from zensecrets_jupyter.scan.matchers import Matcher


class Guard:
    """Keeps known values inside a shell.

    Attributes:
        redactor: What finds and masks them.
        is_on: Whether it is used; what is installed stays in place while it is not, and lets everything pass.
        session: The kernel's session, where there is a kernel.
        descriptors: What the process writes to, past Python and past messages.
        before_output: Called before something is shown, while values are still being loaded.
        fingerprints: What recognises values of the store that this process could not load.
    """

    def __init__(self, redactor: Redactor) -> None:
        """Make a guard that is on, and that nothing passes yet."""
        self.redactor = redactor
        self.is_on = True
        self.session: GuardedSession | None = None
        self.descriptors: list[GuardedDescriptors] = []
        self.before_output: Callable[[], None] | None = None
        self.fingerprints: Matcher | None = None
        self._releases: list[Callable[[], None]] = []

    def turn_on(self) -> None:
        """Mask from now on."""
        self.is_on = True

    def turn_off(self) -> None:
        """Stop masking; held-back text is written masked."""
        for release in self._releases:
            release()
        self.is_on = False

    def get_ready(self) -> None:
        """Wait for values that are being loaded; called before something is shown."""
        wait = self.before_output
        if wait is not None:
            wait()

    def masked_by_fingerprints(self, text: str) -> str:
        """Return ``text`` with a mask in place of each value that only the fingerprints know: the same object if there is none."""
        known = self.fingerprints
        if known is None or not text or self.redactor.is_allowed(text):
            return text
        try:
            return known.mask(text)
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            return FAILED

    def holds_back(self, release: Callable[[], None]) -> None:
        """Call ``release``, which writes held-back text, before the guard is turned off."""
        self._releases.append(release)


def guard_of(shell: InteractiveShell) -> Guard | None:
    """Return the guard of ``shell``, or ``None`` where the extension is not loaded."""
    return _guards().get(shell)


def _guards() -> WeakKeyDictionary[InteractiveShell, Guard]:
    return process_wide("guards", WeakKeyDictionary)


def selftest_of(shell: InteractiveShell) -> Callable[[], list[ChannelResult]] | None:
    """Return the self-test of ``shell``, or ``None`` where the extension is not loaded."""
    guard = guard_of(shell)
    if guard is None:
        return None

    def selftest() -> list[ChannelResult]:
        from zensecrets_jupyter.notebook.guard.selftest import probe  # noqa: PLC0415 - only for who asks for it

        return probe(shell, guard)

    return selftest


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Guard ``shell``, and protect the secrets in the environment; ``undo`` removes the guard and keeps the protected values."""
    guard = Guard(the_redactor())
    environment.register(guard.redactor, undo)
    protect_environment(os.environ)
    prompts.register(shell, guard.redactor, undo)
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        from zensecrets_jupyter.notebook.guard import kernel as place  # noqa: PLC0415 - a terminal has no use for it

        place.install(kernel, guard, undo)
    else:
        from zensecrets_jupyter.notebook.guard import terminal  # noqa: PLC0415 - a kernel has no use for it

        terminal.install(shell, guard, undo)
    from zensecrets_jupyter.notebook.guard import logs  # noqa: PLC0415 - a session without a guard needs no log masking

    logs.install(guard, undo)
    stored_values.register(shell, guard, undo)
    _guards()[shell] = guard
    undo.callback(_guards().pop, shell, None)
    undo.callback(guard.turn_off)
