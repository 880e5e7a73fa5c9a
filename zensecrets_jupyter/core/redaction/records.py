"""Redaction of log records."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction.masks import FAILED
from zensecrets_jupyter.core.redaction.objects import display_texts, format_exception, mask_exception, mask_object
from zensecrets_jupyter.core.redaction.redactor import Redactor, the_redactor

if TYPE_CHECKING:
    from collections.abc import Iterator

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}
"""The attributes that logging itself sets; others come from ``extra=``, a filter or a record factory."""

_TEXTS = ("name", "pathname", "module", "funcName", "threadName", "processName", "taskName", "message", "exc_text", "stack_info")
"""Standard attributes that hold text, besides the message."""


class RedactingFilter(logging.Filter):
    """Masks values in log records: message, traceback, stack and ``extra``. It drops no record.

    On a handler it sees all that the handler writes; on a logger only what is logged there. A record without a value stays as it is.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        """Mask the values of ``redactor``, by default :func:`the_redactor`."""
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact ``record`` in place, and return that it is to be logged."""
        masked = mask_record(record, self._redactor or the_redactor())
        if masked is not record:
            vars(record).update(vars(masked))
        return True


def mask_record(record: logging.LogRecord, redactor: Redactor) -> logging.LogRecord:
    """Return a copy of ``record`` in which values are masked, or ``record`` itself if there are none.

    The copy keeps ``exc_info``, with a masked copy of the exception. A message that does not fit its arguments still does not fit them, so
    that logging reports that mistake itself.
    """
    try:
        # One search in everything is much faster than one for each attribute, and most records hold no value.
        if not redactor.size or not redactor.find("\n\n".join(_texts(record))):
            return record
        changes = _changes(record, redactor)
    except Exception:  # noqa: BLE001 - an unreadable record must not go out as it is, whatever the reason
        changes = {"msg": FAILED, "args": None, "message": FAILED, "exc_info": None, "exc_text": None, "stack_info": None}
        changes |= dict.fromkeys(vars(record).keys() - _STANDARD, FAILED)
    masked = copy.copy(record)
    vars(masked).update(changes)
    return masked


def _texts(record: logging.LogRecord) -> Iterator[str]:
    attributes = vars(record)
    yield _message(record) or ""
    if record.args or not isinstance(record.msg, str):
        yield from (str(record.msg), f"{record.msg!r}\n\n{record.args!r}")
    yield from (str(attributes[name]) for name in _TEXTS if attributes.get(name))
    for name in attributes.keys() - _STANDARD:
        yield from (name, *display_texts(attributes[name]))
    error = _error(record)
    if error is not None:
        yield format_exception(error)


def _changes(record: logging.LogRecord, redactor: Redactor) -> dict[str, Any]:
    attributes = vars(record)
    changes: dict[str, Any] = {name: redactor.redact(str(attributes[name])) for name in _TEXTS if attributes.get(name)}
    message = _message(record)
    if message is None:
        changes |= {"msg": mask_object(record.msg, redactor), "args": mask_object(record.args, redactor)}
    elif isinstance(record.msg, (dict, list, tuple)) and not record.args:
        changes["msg"] = mask_object(record.msg, redactor)
    elif redactor.find(f"{message}\n\n{record.msg!r}\n\n{record.args!r}"):
        changes |= {"msg": redactor.redact(message), "args": None}
    changes |= {name: mask_object(attributes[name], redactor) for name in attributes.keys() - _STANDARD}
    error = _error(record)
    if error is not None:
        masked = mask_exception(error, redactor)
        changes["exc_info"] = None if masked is None else (type(masked), masked, masked.__traceback__)
        if masked is None or (masked.__traceback__ is None and error.__traceback__ is not None):
            # What a formatter would make of the exception, of which less is left.
            changes["exc_text"] = redactor.redact(format_exception(error)).rstrip("\n")
    return changes


def _message(record: logging.LogRecord) -> str | None:
    """Return the message, or ``None`` if it does not fit its arguments."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - the formatting runs code of the arguments; logging reports what it raises when it formats
        return None


def _error(record: logging.LogRecord) -> BaseException | None:
    info: Any = record.exc_info
    error = info[1] if isinstance(info, tuple) and len(info) > 1 else info
    return error if isinstance(error, BaseException) else None
