"""Masking of everything that is logged in this process, by whichever handler, logger or logging library.

The standard library's handlers are changed at their classes, so that handlers made later, by whatever configuration, are covered too.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.import_hooks import when_imported
from zensecrets_jupyter.core.logs.libraries import mask_loguru, mask_structlog
from zensecrets_jupyter.core.patching import patch
from zensecrets_jupyter.core.redaction.records import mask_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from zensecrets_jupyter.core.redaction.redactor import Redactor

_WRITES_ITS_FORMAT = frozenset({logging.StreamHandler.emit, logging.FileHandler.emit})
"""Methods that write what ``format`` returns and read nothing else of a record. Masking the text is enough there, and faster."""

_READ_RECORDS = {
    "logging.handlers": {"SocketHandler": "makePickle", "HTTPHandler": "mapLogRecord", "QueueHandler": "prepare"},
}
"""Methods of the standard library that read attributes of a record, and that code may call past ``Handler.handle``."""


def mask_logging(redactor: Redactor, undo: ExitStack, *, is_on: Callable[[], bool] = lambda: True) -> None:
    """Mask values in everything that is logged from now on, in every handler that exists or is made later; ``undo`` stops it.

    Covered are the handlers of :mod:`logging`, sinks of loguru, and loggers that structlog wraps.

    Args:
        redactor: Finds and masks values.
        undo: Gets the callbacks that take everything back.
        is_on: Tells for each record whether values are masked now.
    """

    def is_needed() -> bool:
        return redactor.size > 0 and is_on()

    def masked(record: logging.LogRecord) -> logging.LogRecord:
        return mask_record(record, redactor) if is_needed() else record

    _patch_handlers(redactor, masked, is_needed, undo)
    patches = undo.enter_context(ExitStack())

    def patch_readers(module: ModuleType) -> None:
        for name, method in _READ_RECORDS[module.__name__].items():
            _patch_reader(getattr(module, name), method, masked, patches)

    when_imported(
        {
            **dict.fromkeys(_READ_RECORDS, patch_readers),
            **mask_loguru(redactor, is_needed, patches),
            **mask_structlog(redactor, is_needed, patches),
        },
        undo,
    )


def _patch_handlers(
    redactor: Redactor, masked: Callable[[logging.LogRecord], logging.LogRecord], is_needed: Callable[[], bool], undo: ExitStack
) -> None:
    handle_before, format_before = logging.Handler.handle, logging.Handler.format

    def format_masked(self: logging.Handler, record: logging.LogRecord) -> Any:
        text: Any = format_before(self, record)
        if not is_needed():
            return text
        # Some formatters return a dict, although logging expects a text.
        return redactor.redact(text) if type(text) is str else redactor.redact_tree(text)

    def handle(self: logging.Handler, record: logging.LogRecord) -> Any:
        kind = type(self)
        own = self.__dict__
        formats = kind.emit in _WRITES_ITS_FORMAT and kind.format is format_masked and "emit" not in own and "format" not in own
        if formats or not is_needed():
            return handle_before(self, record)
        # As logging does it, with the masked record for `emit`. It has to be masked behind the handler's filters, which may add to it.
        passed: Any = self.filter(record)
        if isinstance(passed, logging.LogRecord):
            record = passed
        if passed:
            record = masked(record)
            self.acquire()
            try:
                self.emit(record)
            finally:
                self.release()
        return passed

    patch(logging.Handler, "format", format_masked, undo)
    patch(logging.Handler, "handle", handle, undo)
    _patch_reader(logging.Handler, "handleError", masked, undo)


def _patch_reader(owner: type, name: str, masked: Callable[[logging.LogRecord], logging.LogRecord], undo: ExitStack) -> None:
    before = getattr(owner, name)

    def read_masked(self: logging.Handler, record: logging.LogRecord) -> Any:
        return before(self, masked(record))

    patch(owner, name, read_masked, undo)
