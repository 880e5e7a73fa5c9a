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
        """Start redacting the channel; ``undo`` stops it."""

    def flush(self) -> None:
        """Write the held-back text of the channel, masked.

        A channel holds back text that may be the beginning of a value.
        """


class Guard:
    """The guard of a shell, which masks protected values in its output.

    Attributes:
        redactor: The redactor of protected values.
        is_on: Whether values are masked. Channels stay installed while the guard is off, and pass output unchanged.
        stored_values: The loader of the active stack's values, which works in the background.
    """

    def __init__(self, redactor: Redactor, stored_values: StoredValues | None = None) -> None:
        """Create a guard that is on and has no channels."""
        self.redactor = redactor
        self.is_on = True
        self.stored_values = stored_values or StoredValues()
        self._flush_hooks: list[Callable[[], None]] = []

    def turn_on(self) -> None:
        """Start masking values."""
        self.is_on = True

    def turn_off(self) -> None:
        """Write the held-back text masked, and stop masking values."""
        for flush in self._flush_hooks:
            flush()
        self.is_on = False

    def add_flush_hook(self, flush: Callable[[], None]) -> None:
        """Add a function that writes held-back text; :meth:`turn_off` calls it."""
        self._flush_hooks.append(flush)

    def mask_fingerprinted(self, text: str) -> str:
        """Mask values of which this process has only the fingerprints, and not the plaintext.

        Returns:
            The masked text; the same object if it contains no such value.
        """
        fingerprints = self.stored_values.fingerprints
        # Allowed texts, such as the script of a form, are exempt from redaction.
        if fingerprints is None or not text or self.redactor.is_allowed(text):
            return text
        try:
            return fingerprints.mask(text)
        except Exception:  # noqa: BLE001 - after any error the text must not be shown
            return FAILED
