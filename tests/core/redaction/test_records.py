"""Redaction of log records: handlers write no value, and records without a value are not changed."""

from __future__ import annotations

import builtins
import io
import logging
from typing import TYPE_CHECKING, Any

import pydantic
import pytest

from zensecrets_jupyter.core.redaction import RedactingFilter, Redactor, mask_text
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable


class Log:
    """A logger with a redacting filter.

    Attributes:
        text: The output of the handler.
        records: The records after the redacting filter.
        logger: The logger.
    """

    def __init__(self, redactor: Redactor) -> None:
        """Create a logger that writes to :attr:`text` and appends to :attr:`records`."""
        self.text = io.StringIO()
        self.records: list[logging.LogRecord] = []
        handler = logging.StreamHandler(self.text)
        handler.setFormatter(logging.Formatter("%(message)s"))
        handler.addFilter(RedactingFilter(redactor))
        handler.addFilter(self._append)
        self.logger = logging.Logger("test")  # noqa: LOG001 - getLogger() would share the logger with other tests
        self.logger.addHandler(handler)

    def _append(self, record: logging.LogRecord) -> bool:
        """Keep a record. This is a filter that drops nothing."""
        self.records.append(record)
        return True


@pytest.fixture
def value() -> str:
    """Return a unique value."""
    return canary()


@pytest.fixture
def log(value: str) -> Log:
    """Return a log in which ``value`` is masked as ``a.key``."""
    redactor = Redactor()
    redactor.protect(value, "a.key")
    return Log(redactor)


def test_messages_and_arguments_are_masked(log: Log, value: str) -> None:
    """A value in the message or in an argument is masked.

    If the format ``%.3s`` shows only three characters of it, they are not masked.
    """
    log.logger.error(f"it is {value}")  # noqa: G004 - users log f-strings, so the test does too
    log.logger.error("it is %s and %r", value, {"key": value})
    log.logger.error("%(key)s", {"key": value})
    log.logger.error("%.3s…", value)
    lines = log.text.getvalue().splitlines()
    assert lines == [
        f"it is {mask_text('a.key')}",
        f"it is {mask_text('a.key')} and {{'key': '{mask_text('a.key')}'}}",
        mask_text("a.key"),
        f"{value[:3]}…",
    ]
    assert find_canary(repr([vars(record) for record in log.records]), value) == []


def test_tracebacks_are_masked(log: Log, value: str) -> None:
    """A value in an exception or in its cause is masked in the traceback."""
    error = ValueError(f"not {value}")
    error.__cause__ = KeyError(value)
    log.logger.error("failed", exc_info=error, stack_info=True)
    text = log.text.getvalue()
    assert f"ValueError: not {mask_text('a.key')}" in text
    assert f"KeyError: '{mask_text('a.key')}'" in text
    assert find_canary(text, value) == []


def test_extra_attributes_are_masked(log: Log, value: str) -> None:
    """A value in the attributes from ``extra=`` is masked."""
    log.logger.error("sent", extra={"body": {"password": value}, "size": 12})
    assert vars(log.records[0])["body"] == {"password": mask_text("a.key")}
    assert vars(log.records[0])["size"] == 12


def test_every_text_attribute_is_masked(value: str) -> None:
    """A value in the path of the source file, in the name of the logger or of the thread is masked in every standard attribute."""
    redactor = Redactor()
    redactor.protect(value, "a.key")
    record = logging.LogRecord(f"logger {value}", logging.INFO, f"/folder/{value}.py", 1, "message", (), None, func=value, sinfo=value)
    record.threadName = record.processName = value
    RedactingFilter(redactor).filter(record)
    assert find_canary(repr(vars(record))) == []


def test_a_record_without_a_value_is_not_changed(log: Log) -> None:
    """A record without a value keeps its arguments and its exception."""
    error = ValueError("plain")
    log.logger.error("%s of %d", "one", 2, exc_info=error)
    record = log.records[0]
    assert record.args == ("one", 2)
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def test_an_invalid_format_is_reported_without_the_value(log: Log, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """If a message does not fit its arguments, the logging module reports the error without the value."""
    invalid_format = "%d of %d"
    log.logger.error(invalid_format, value)
    assert log.text.getvalue() == ""
    errors = capsys.readouterr().err
    assert "--- Logging error ---" in errors
    assert f"Message: '%d of %d'\nArguments: ('{mask_text('a.key')}',)" in errors
    assert find_canary(errors, value) == []


def test_exc_info_is_a_masked_exception_of_the_same_class(log: Log, value: str) -> None:
    """The ``exc_info`` of a masked record has an exception of the same class with masked arguments, attributes and causes."""
    error = HostError("unreachable", f"http://{value}@host")
    error.__cause__ = OSError(2, "No such file", f"/run/{value}")
    log.logger.error("failed", exc_info=error)
    error_class, masked_error, _ = log.records[0].exc_info or (None, None, None)
    assert error_class is HostError
    assert isinstance(masked_error, HostError)
    assert masked_error.address == f"http://{mask_text('a.key')}@host"
    assert isinstance(masked_error.__cause__, FileNotFoundError)
    assert masked_error.__cause__.filename == f"/run/{mask_text('a.key')}"
    assert str(error) == f"unreachable: http://{value}@host"


class HostError(Exception):
    """An error with two arguments, an attribute and a ``__str__`` of its own."""

    def __init__(self, reason: str, address: str) -> None:
        """Create the error from a reason and an address."""
        super().__init__(reason, address)
        self.address = address

    def __str__(self) -> str:
        """Return the reason and the address."""
        return f"{self.args[0]}: {self.address}"


class SlottedError(Exception):
    """An error whose text is in a slot.

    A copy of its arguments and its ``__dict__`` would not have this text.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Create the error with a text that is not in its arguments."""
        super().__init__()
        self.text = text

    def __str__(self) -> str:
        """Return the text."""
        return self.text


# Python stores the attributes of these two exceptions in C fields, and not in __dict__.
def _unicode_error(value: str) -> UnicodeDecodeError:
    return UnicodeDecodeError("utf-8", value.encode(), 0, 1, f"it is {value}")


def _syntax_error(value: str) -> SyntaxError:
    return SyntaxError("invalid", ("cell", 1, 1, f"token = {value}", 1, 2))


def _cyclic_error(value: str) -> Exception:
    """Return an error whose context has the error itself as its context."""
    error = ValueError(value)
    error.__context__ = KeyError(value)
    error.__context__.__context__ = error
    return error


@pytest.mark.parametrize(
    "make", [SlottedError, _unicode_error, _syntax_error, _cyclic_error, KeyError, lambda value: ValueError({"deep": [value]}), SystemExit]
)
def test_every_kind_of_exception_is_masked(log: Log, value: str, make: Callable[[str], BaseException]) -> None:
    """Exceptions of every kind are masked, and their class names do not change.

    They have C fields, slots, cycles, or containers as arguments.
    """
    error = make(value)
    log.logger.error("failed", exc_info=error)
    error_class, masked_error, _ = log.records[0].exc_info or (None, None, None)
    assert isinstance(masked_error, type(error))
    assert error_class is not None
    assert error_class.__name__ == type(error).__name__
    assert mask_text("a.key") in log.text.getvalue()
    assert find_canary(log.text.getvalue() + str(masked_error) + repr(masked_error), value) == []


def test_exception_groups_are_masked(log: Log, value: str) -> None:
    """Each exception in a group and in its nested groups is masked."""
    group_class: Any = getattr(builtins, "ExceptionGroup", None)  # Python 3.10 has no exception groups.
    if group_class is None:
        error: Any = ValueError(value)
    else:
        error = group_class(f"all {value}", [ValueError(value), group_class("inner", [KeyError(value), TypeError("plain")])])
    log.logger.error("failed", exc_info=error)
    assert mask_text("a.key") in log.text.getvalue()
    assert find_canary(log.text.getvalue(), value) == []


def test_an_exception_that_cannot_be_copied_is_shown_as_text(log: Log, value: str) -> None:
    """If the class of an exception can't be subclassed, the record has a masked traceback instead of the exception."""
    # pydantic's ValidationError can't be subclassed.
    model = pydantic.create_model("Model", size=(int, ...))
    try:
        model(size=value)
    except pydantic.ValidationError as error:
        log.logger.exception("failed", exc_info=error)
    assert log.records[0].exc_info is None
    assert mask_text("a.key") in log.text.getvalue()
    assert find_canary(log.text.getvalue(), value) == []
