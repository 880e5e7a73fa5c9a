"""What is logged: to a file, a socket or a screen, by whatever handler, also one that is made later."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction import RedactingFilter

if TYPE_CHECKING:
    from contextlib import ExitStack

    from zensecrets_jupyter.notebook.guard.guard import Guard


class _Filter(RedactingFilter):
    """Masks while the guard is on."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard.redactor)
        self._guard = guard

    def filter(self, record: logging.LogRecord) -> bool:
        return super().filter(record) if self._guard.is_on else True


def install(guard: Guard, undo: ExitStack) -> None:
    """Redact log records as they are made, and on the handlers of the root logger what ``extra`` added afterwards; ``undo`` stops it."""
    redacting = _Filter(guard)
    make = logging.getLogRecordFactory()

    def redacted_record(*args: Any, **options: Any) -> logging.LogRecord:
        record = make(*args, **options)
        redacting.filter(record)
        return record

    def restore() -> None:
        # Whoever set a factory after us calls ours, or has replaced it.
        if logging.getLogRecordFactory() is redacted_record:
            logging.setLogRecordFactory(make)

    logging.setLogRecordFactory(redacted_record)
    undo.callback(restore)
    for handler in logging.getLogger().handlers:
        handler.addFilter(redacting)
        undo.callback(handler.removeFilter, redacting)
