"""Log records without values."""

from __future__ import annotations

import logging

from zensecrets_jupyter.core.redaction.marks import FAILED
from zensecrets_jupyter.core.redaction.redactor import Redactor, the_redactor

# What every record has; all else was given by ``extra=`` or by another filter.
_OWN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


class RedactingFilter(logging.Filter):
    """Masks values in every record that it sees: in the message, the traceback, the stack and what ``extra`` gave. It keeps every record.

    On a handler it sees all that the handler writes; on a logger only what is logged there. A record without a value stays as it is.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        """Mask what ``redactor`` protects; :func:`the_redactor` if none is given."""
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact ``record`` in place, and return that it is to be logged."""
        try:
            self._redact(record, self._redactor or the_redactor())
        except Exception:  # noqa: BLE001 - whatever it is, the record must not go out as it is
            record.msg, record.args, record.exc_info, record.exc_text, record.stack_info = FAILED, None, None, None, None
            for name in set(vars(record)) - _OWN:
                setattr(record, name, FAILED)
        return True

    def _redact(self, record: logging.LogRecord, redactor: Redactor) -> None:
        message = record.getMessage()
        redacted = redactor.redact(message)
        if redacted is not message or (record.args and redactor.redact_tree(record.args) is not record.args):
            record.msg, record.args = redacted, None
        if record.exc_info and not record.exc_text:
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        if record.exc_text:
            shown = redactor.redact(record.exc_text)
            if shown is not record.exc_text:
                # With exc_info, the next handler would write the traceback anew.
                record.exc_text, record.exc_info = shown, None
        if record.stack_info:
            record.stack_info = redactor.redact(record.stack_info)
        for name in set(vars(record)) - _OWN:
            setattr(record, name, redactor.redact_tree(getattr(record, name)))


_FORMATTER = logging.Formatter()
