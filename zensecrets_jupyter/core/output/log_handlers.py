"""Masking of log records in every handler, logger and logging library of this process.

The patches change the handler classes of the standard library, so that they cover handlers of any later configuration.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.output.log_libraries import mask_loguru, mask_structlog
from zensecrets_jupyter.core.redaction.records import mask_record
from zensecrets_jupyter.core.system.import_hooks import call_on_import
from zensecrets_jupyter.core.system.patching import patch

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from zensecrets_jupyter.core.redaction.redactor import Redactor

_TEXT_EMITTERS = frozenset({logging.StreamHandler.emit, logging.FileHandler.emit})
"""Methods that write only the result of ``format``. For these methods, masking this text is enough, and faster than masking the record."""

_RECORD_READERS = {
    "logging.handlers": {"SocketHandler": "makePickle", "HTTPHandler": "mapLogRecord", "QueueHandler": "prepare"},
}
"""Methods that read attributes of a record, and that programs may call without ``Handler.handle``, by module and class."""


def mask_logging(redactor: Redactor, undo: ExitStack, *, is_on: Callable[[], bool] = lambda: True) -> None:
    """Mask values in all log records from now on, in existing and in later handlers.

    The masking covers handlers of :mod:`logging`, sinks of loguru, and loggers that structlog wraps.

    Args:
        redactor: The redactor.
        undo: Gets the callbacks that remove all patches.
        is_on: Returns for each record whether to mask it.
    """

    def is_masking_needed() -> bool:
        return redactor.size > 0 and is_on()

    def mask(record: logging.LogRecord) -> logging.LogRecord:
        return mask_record(record, redactor) if is_masking_needed() else record

    _patch_handlers(redactor, mask, is_masking_needed, undo)
    # Hooks run when a library is imported later. The caller may have moved the callbacks of `undo` to another stack by then.
    # The hooks therefore add their callbacks to the stack `patches`, which is closed together with `undo`.
    patches = undo.enter_context(ExitStack())

    def patch_readers(module: ModuleType) -> None:
        for name, method in _RECORD_READERS[module.__name__].items():
            _patch_reader(getattr(module, name), method, mask, patches)

    call_on_import(
        {
            **dict.fromkeys(_RECORD_READERS, patch_readers),
            **mask_loguru(redactor, is_masking_needed, patches),
            **mask_structlog(redactor, is_masking_needed, patches),
        },
        undo,
    )


def _patch_handlers(
    redactor: Redactor, mask: Callable[[logging.LogRecord], logging.LogRecord], is_masking_needed: Callable[[], bool], undo: ExitStack
) -> None:
    """Patch ``logging.Handler``, so that every handler writes masked text or gets a masked record."""
    original_handle, original_format = logging.Handler.handle, logging.Handler.format

    def format_masked(self: logging.Handler, record: logging.LogRecord) -> Any:
        text: Any = original_format(self, record)
        if not is_masking_needed():
            return text
        # Some formatters return a dict, although logging specifies a text.
        return redactor.redact(text) if type(text) is str else redactor.redact_tree(text)

    def handle(self: logging.Handler, record: logging.LogRecord) -> Any:
        handler_class = type(self)
        # The class or the instance may replace the methods. Only an unchanged handler is sure to write nothing but masked text.
        overrides = self.__dict__
        writes_formatted_text = (
            handler_class.emit in _TEXT_EMITTERS
            and handler_class.format is format_masked
            and "emit" not in overrides
            and "format" not in overrides
        )
        if writes_formatted_text or not is_masking_needed():
            return original_handle(self, record)
        # These are the steps of logging.Handler.handle, with a masked record for `emit`. The record is masked after the filters, which may
        # add attributes.
        filter_result: Any = self.filter(record)
        if isinstance(filter_result, logging.LogRecord):
            # Since Python 3.12, a filter may return another record.
            record = filter_result
        if filter_result:
            record = mask(record)
            self.acquire()
            try:
                self.emit(record)
            finally:
                self.release()
        return filter_result

    patch(logging.Handler, "format", format_masked, undo)
    patch(logging.Handler, "handle", handle, undo)
    # After an error in `emit`, this method writes the message and the arguments of the record to standard error.
    _patch_reader(logging.Handler, "handleError", mask, undo)


def _patch_reader(owner: type, name: str, mask: Callable[[logging.LogRecord], logging.LogRecord], undo: ExitStack) -> None:
    """Patch a method of a handler class, so that it gets a masked copy of its record."""
    original = getattr(owner, name)

    def read_masked(self: logging.Handler, record: logging.LogRecord) -> Any:
        return original(self, mask(record))

    patch(owner, name, read_masked, undo)
