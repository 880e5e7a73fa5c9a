"""The guard of a shell: its redactor, its switch, and the interface of a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from zensecrets_jupyter.core.redaction import FAILED
from zensecrets_jupyter.notebook.value_sources.stored_values import StoredValues

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from zensecrets_jupyter.core.redaction import Redactor


class Channel(Protocol):
    """A way by which output leaves the process."""

    def install(self, undo: ExitStack) -> None:
        """Redact the channel from now on; ``undo`` restores it."""

    def flush(self) -> None:
        """Write the text that the channel holds back, masked."""


class Guard:
    """Masks known values in the output of a shell.

    Attributes:
        redactor: Finds and masks values.
        is_on: Whether values are masked. Channels stay installed while it is off, and pass output unchanged.
        stored_values: Loads the active stack's values in the background.
    """

    def __init__(self, redactor: Redactor, stored_values: StoredValues | None = None) -> None:
        """Create a guard that is on and has no channels yet."""
        self.redactor = redactor
        self.is_on = True
        self.stored_values = stored_values or StoredValues()
        self._flush_hooks: list[Callable[[], None]] = []

    def turn_on(self) -> None:
        """Mask from now on."""
        self.is_on = True

    def turn_off(self) -> None:
        """Stop masking, after held-back text has been written masked."""
        for flush in self._flush_hooks:
            flush()
        self.is_on = False

    def add_flush_hook(self, flush: Callable[[], None]) -> None:
        """Call ``flush``, which writes held-back text, before the guard is turned off."""
        self._flush_hooks.append(flush)

    def mask_fingerprinted(self, text: str) -> str:
        """Mask the values that only fingerprints identify; return the same object if there are none."""
        fingerprints = self.stored_values.fingerprints
        if fingerprints is None or not text or self.redactor.is_allowed(text):
            return text
        try:
            return fingerprints.mask(text)
        except Exception:  # noqa: BLE001 - text that could not be searched must not be shown, whatever the error is
            return FAILED
