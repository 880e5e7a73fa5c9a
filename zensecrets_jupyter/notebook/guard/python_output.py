"""The channels of Python: text streams such as ``sys.stdout``, and log records."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.output.log_handlers import mask_logging
from zensecrets_jupyter.core.output.text_stream import RedactingText

if TYPE_CHECKING:
    from contextlib import ExitStack

    from zensecrets_jupyter.notebook.guard.guard import Guard


class GuardedText(RedactingText):
    """A text stream that masks values while the guard is on."""

    def __init__(self, stream: Any, guard: Guard, *, is_exiting: bool = False) -> None:
        """Wrap ``stream``; with ``is_exiting`` no text is held back, because the process ends."""
        super().__init__(stream, guard.redactor, is_on=lambda: guard.is_on, is_exiting=is_exiting)
        self._guard = guard

    def write(self, text: str) -> int:
        """Write ``text`` and return its length."""
        if self._guard.is_on:
            # A thread may still be loading values that must be masked.
            self._guard.stored_values.wait()
        return super().write(text)


class StreamChannel:
    """The channel of ``sys.stdout`` or ``sys.stderr``.

    It is used where the guard does not replace descriptors 1 and 2: on Windows, if one of them is closed, and in a program that embeds an
    IPython shell, because the descriptors belong to that program.
    """

    def __init__(self, name: str, guard: Guard) -> None:
        """Create the channel of the stream ``name`` of module ``sys``."""
        self._name = name
        self._guard = guard
        self._stream: GuardedText | None = None

    def install(self, undo: ExitStack) -> None:
        """Replace the stream by a stream that redacts; ``undo`` restores it."""
        original = getattr(sys, self._name)
        if original is None:
            # A program without a console, such as pythonw on Windows, has no streams.
            return
        wrapped = self._stream = GuardedText(original, self._guard)
        setattr(sys, self._name, wrapped)

        def restore() -> None:
            self.flush()
            if getattr(sys, self._name) is wrapped:
                setattr(sys, self._name, original)

        undo.callback(restore)

    def flush(self) -> None:
        """Write the held-back text, masked."""
        if self._stream is not None:
            self._stream.release()


class LogChannel:
    """The channel of log records, in all existing and future handlers."""

    def __init__(self, guard: Guard) -> None:
        """Create the channel."""
        self._guard = guard

    def install(self, undo: ExitStack) -> None:
        """Start masking log records; ``undo`` stops it."""
        guard = self._guard
        mask_logging(guard.redactor, undo, is_on=lambda: guard.is_on)

    def flush(self) -> None:
        """Do nothing, because no part of a log record is held back."""
