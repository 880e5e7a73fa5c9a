"""A text stream of Python that passes the guard, where nothing below Python can be guarded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.output import RedactedText

if TYPE_CHECKING:
    from zensecrets_jupyter.notebook.guard.guard import Guard


class GuardedText(RedactedText):
    """Text stream that masks values while the guard is on."""

    def __init__(self, inner: Any, guard: Guard, *, at_exit: bool = False) -> None:
        """Write to ``inner``; ``at_exit`` says that the process ends and nothing can wait any more."""
        super().__init__(inner, guard.redactor, is_on=lambda: guard.is_on, at_exit=at_exit)
        self._guard = guard

    def write(self, text: str) -> int:
        """Write ``text`` and return its length, as streams do."""
        if self._guard.is_on:
            self._guard.get_ready()
        return super().write(text)
