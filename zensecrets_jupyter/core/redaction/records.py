"""Redaction of log records, and a logging filter that redacts its records."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction.masks import FAILED
from zensecrets_jupyter.core.redaction.objects import display_texts, format_exception, mask_exception, mask_object
from zensecrets_jupyter.core.redaction.redactor import Redactor, the_redactor

if TYPE_CHECKING:
    from collections.abc import Iterator

_STANDARD_ATTRIBUTES = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}
"""The attributes that the logging module sets. Other attributes come from ``extra=``, a filter or a record factory."""

_TEXT_ATTRIBUTES = (
    "name",
    "pathname",
    "filename",
    "module",
    "funcName",
    "threadName",
    "processName",
    "taskName",
    "message",
    "exc_text",
    "stack_info",
)
"""The standard attributes that contain text, except ``msg``."""


class RedactingFilter(logging.Filter):
    """Logging filter that masks values. It drops no record.

    It masks the message, the traceback, the stack and ``extra``.

    Added to a handler, it masks every record that the handler writes. Added to a logger, it masks only the records of that logger, and not
    those of its children. A record without a value is not changed.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        """Create a filter that masks the values of ``redactor``. The default is :func:`the_redactor`."""
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact ``record`` in place and return ``True``."""
        masked = mask_record(record, self._redactor or the_redactor())
        if masked is not record:
            vars(record).update(vars(masked))
        return True


def mask_record(record: logging.LogRecord, redactor: Redactor) -> logging.LogRecord:
    """Return a copy of ``record`` with values masked, or ``record`` itself if it contains none.

    The ``exc_info`` of the copy has a masked copy of the exception, if one can be made. If the message does not fit its arguments, it does
    not fit them in the copy either, so that the logging module reports the mistake.
    """
    try:
        # One search of all texts is much faster than one per attribute, and most records contain no value.
        if not redactor.size or not redactor.find("\n\n".join(_texts(record))):
            return record
        changes = _changes(record, redactor)
    except Exception:  # noqa: BLE001 - after any error the record must not be written unredacted
        changes = {"msg": FAILED, "args": None, "message": FAILED, "exc_info": None, "exc_text": None, "stack_info": None}
        changes |= dict.fromkeys(vars(record).keys() - _STANDARD_ATTRIBUTES, FAILED)
    masked = copy.copy(record)
    vars(masked).update(changes)
    return masked


def _texts(record: logging.LogRecord) -> Iterator[str]:
    """Yield every text that a handler may write for ``record``."""
    attributes = vars(record)
    yield _message(record) or ""
    if record.args or not isinstance(record.msg, str):
        # Some handlers write the message and its arguments separately, such as a handler that writes JSON.
        yield from (str(record.msg), f"{record.msg!r}\n\n{record.args!r}")
    yield from (str(attributes[name]) for name in _TEXT_ATTRIBUTES if attributes.get(name))
    for name in attributes.keys() - _STANDARD_ATTRIBUTES:
        yield from (name, *display_texts(attributes[name]))
    error = _exception(record)
    if error is not None:
        yield format_exception(error)


def _changes(record: logging.LogRecord, redactor: Redactor) -> dict[str, Any]:
    """Return the attributes of the masked copy that differ from those of ``record``."""
    attributes = vars(record)
    changes: dict[str, Any] = {name: redactor.redact(str(attributes[name])) for name in _TEXT_ATTRIBUTES if attributes.get(name)}
    message = _message(record)
    # A message that does not fit its arguments, a structured message, and a text with arguments are masked in different ways.
    if message is None:
        changes |= {"msg": mask_object(record.msg, redactor), "args": mask_object(record.args, redactor)}
    elif isinstance(record.msg, (dict, list, tuple)) and not record.args:
        changes["msg"] = mask_object(record.msg, redactor)
    elif redactor.find(f"{message}\n\n{record.msg!r}\n\n{record.args!r}"):
        changes |= {"msg": redactor.redact(message), "args": None}
    changes |= {name: mask_object(attributes[name], redactor) for name in attributes.keys() - _STANDARD_ATTRIBUTES}
    error = _exception(record)
    if error is not None:
        masked = mask_exception(error, redactor)
        changes["exc_info"] = None if masked is None else (type(masked), masked, masked.__traceback__)
        if masked is None or (masked.__traceback__ is None and error.__traceback__ is not None):
            # Without a masked exception, or without its traceback, a formatter can't write the traceback. It writes exc_text instead.
            changes["exc_text"] = redactor.redact(format_exception(error)).rstrip("\n")
    return changes


def _message(record: logging.LogRecord) -> str | None:
    """Return the message, or ``None`` if it does not fit its arguments."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - formatting runs code of the arguments, and the logging module reports its errors
        return None


def _exception(record: logging.LogRecord) -> BaseException | None:
    """Return the exception of ``record``, if it has one."""
    # The logging module sets a tuple, but other code may set the exception itself.
    info: Any = record.exc_info
    error = info[1] if isinstance(info, tuple) and len(info) > 1 else info
    return error if isinstance(error, BaseException) else None
