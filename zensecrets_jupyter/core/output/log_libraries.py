"""Masking in loguru and structlog, which do not use the handlers of the standard library.

Both libraries are optional. Each ``mask_`` function returns import hooks, by name of a module, because the program may import the
library later.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction.masks import FAILED
from zensecrets_jupyter.core.redaction.objects import mask_exception, mask_object
from zensecrets_jupyter.core.system.patching import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import ExitStack
    from types import ModuleType

    from zensecrets_jupyter.core.redaction.redactor import Redactor

_SINKS = ("FileSink", "StreamSink", "CallableSink", "AsyncSink", "StandardSink")
"""Sink classes of loguru, from two modules. The method ``write`` gets a formatted message, which has its record as an attribute."""


def mask_loguru(redactor: Redactor, is_masking_needed: Callable[[], bool], undo: ExitStack) -> dict[str, Callable[[ModuleType], None]]:
    """Return the hooks that mask the messages of loguru's sinks; ``undo`` removes the patches."""

    def hook(module: ModuleType) -> None:
        for sink_class in (getattr(module, name) for name in _SINKS if hasattr(module, name)):
            patch(sink_class, "write", _make_masking_write(sink_class.write, redactor, is_masking_needed), undo)

    return {"loguru._simple_sinks": hook, "loguru._file_sink": hook}


def mask_structlog(redactor: Redactor, is_masking_needed: Callable[[], bool], undo: ExitStack) -> dict[str, Callable[[ModuleType], None]]:
    """Return the hooks that mask the events of structlog; ``undo`` removes the patch."""

    def hook(module: ModuleType) -> None:
        logger_class = module.BoundLoggerBase
        original_process = logger_class._process_event  # noqa: SLF001 - structlog documents it for custom wrapper classes

        def process(self: Any, *args: Any, **options: Any) -> tuple[Any, Any]:
            positional, keywords = original_process(self, *args, **options)
            # A logger of the logging module passes the event to handlers, which mask it.
            if not is_masking_needed() or isinstance(self._logger, logging.Logger):
                return positional, keywords
            return redactor.redact_tree(positional), redactor.redact_tree(keywords)

        patch(logger_class, "_process_event", process, undo)

    return {"structlog._base": hook}


def _make_masking_write(
    write: Callable[[Any, Any], Any], redactor: Redactor, is_masking_needed: Callable[[], bool]
) -> Callable[[Any, Any], Any]:
    def write_masked(self: Any, message: Any) -> Any:
        return write(self, _mask_message(message, redactor) if is_masking_needed() else message)

    return write_masked


def _mask_message(message: Any, redactor: Redactor) -> Any:
    """Return a message of loguru, or a masked copy with a masked record if a value was found.

    A message is a ``str`` with the attribute ``record``.
    """
    text = redactor.redact(str(message))
    original_record = message.record
    try:
        record = _mask_record(original_record, redactor)
    except Exception:  # noqa: BLE001 - an unredacted record must not be written, whatever the error is
        record = {**original_record, "message": FAILED, "extra": {}, "exception": None}
    if text == message and record is original_record:
        return message
    masked = type(message)(text)
    masked.record = record
    return masked


def _mask_record(record: Mapping[str, Any], redactor: Redactor) -> Mapping[str, Any]:
    """Return the record of a loguru message, or a copy with masked values if a value was found."""
    masked: Mapping[str, Any] = redactor.redact_tree(record)
    extra = mask_object(record["extra"], redactor)
    if extra is not record["extra"]:
        masked = {**masked, "extra": extra}
    exception = record["exception"]
    if exception is None or exception.value is None:
        return masked
    error = mask_exception(exception.value, redactor)
    if error is exception.value:
        return masked
    # ``error`` is ``None`` if the exception can't be masked. It is then left out.
    masked_exception = None if error is None else exception._replace(type=type(error), value=error, traceback=error.__traceback__)
    return {**masked, "exception": masked_exception}
