"""Log records: what a handler writes holds no value, and what holds none is as it was."""

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
    """A logger of its own, with what it wrote."""

    def __init__(self, redactor: Redactor) -> None:
        """Write to a text, through a filter."""
        self.text = io.StringIO()
        self.records: list[logging.LogRecord] = []
        handler = logging.StreamHandler(self.text)
        handler.setFormatter(logging.Formatter("%(message)s"))
        handler.addFilter(RedactingFilter(redactor))
        handler.addFilter(self._keep)
        self.logger = logging.Logger("own")  # noqa: LOG001 - one that no other test sees
        self.logger.addHandler(handler)

    def _keep(self, record: logging.LogRecord) -> bool:
        self.records.append(record)
        return True


@pytest.fixture
def value() -> str:
    """Return a value that is nowhere else."""
    return canary()


@pytest.fixture
def log(value: str) -> Log:
    """Return a log in which ``value`` is masked as ``a.key``."""
    redactor = Redactor()
    redactor.protect(value, "a.key")
    return Log(redactor)


def test_messages_and_arguments(log: Log, value: str) -> None:
    """A value in the text, in an argument or inside one is masked, in whatever form it is written."""
    log.logger.error(f"it is {value}")  # noqa: G004 - it is what people write
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


def test_tracebacks_and_stacks(log: Log, value: str) -> None:
    """A value in an exception, in its causes or in the stack is masked."""
    error = ValueError(f"not {value}")
    error.__cause__ = KeyError(value)
    log.logger.error("failed", exc_info=error, stack_info=True)
    text = log.text.getvalue()
    assert f"ValueError: not {mask_text('a.key')}" in text
    assert f"KeyError: '{mask_text('a.key')}'" in text
    assert find_canary(text, value) == []


def test_what_extra_gives(log: Log, value: str) -> None:
    """Attributes for structured logs are masked too."""
    log.logger.error("sent", extra={"body": {"password": value}, "size": 12})
    assert vars(log.records[0])["body"] == {"password": mask_text("a.key")}
    assert vars(log.records[0])["size"] == 12


def test_a_record_without_a_value_stays(log: Log) -> None:
    """Other handlers see the arguments and the exception as they were."""
    error = ValueError("plain")
    log.logger.error("%s of %d", "one", 2, exc_info=error)
    record = log.records[0]
    assert record.args == ("one", 2)
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def test_a_message_that_does_not_fit_its_arguments(log: Log, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written, and logging reports the mistake itself, without the value."""
    misfit = "%d of %d"
    log.logger.error(misfit, value)
    assert log.text.getvalue() == ""
    told = capsys.readouterr().err
    assert "--- Logging error ---" in told
    assert f"Message: '%d of %d'\nArguments: ('{mask_text('a.key')}',)" in told
    assert find_canary(told, value) == []


def test_a_masked_record_keeps_its_exception(log: Log, value: str) -> None:
    """Code that looks at ``exc_info`` finds an exception of the same class, with masked arguments, notes, attributes and causes."""
    error = HostError("unreachable", f"http://{value}@host")
    error.__cause__ = OSError(2, "No such file", f"/run/{value}")
    log.logger.error("failed", exc_info=error)
    kind, shown, _ = log.records[0].exc_info or (None, None, None)
    assert kind is HostError
    assert isinstance(shown, HostError)
    assert shown.address == f"http://{mask_text('a.key')}@host"
    assert isinstance(shown.__cause__, FileNotFoundError)
    assert shown.__cause__.filename == f"/run/{mask_text('a.key')}"
    assert str(error) == f"unreachable: http://{value}@host"


class HostError(Exception):
    """An error with a signature and a text of its own."""

    def __init__(self, reason: str, address: str) -> None:
        """Keep the reason and the address."""
        super().__init__(reason, address)
        self.address = address

    def __str__(self) -> str:
        """Return both."""
        return f"{self.args[0]}: {self.address}"


class SlottedError(Exception):
    """An error whose text is in a slot, which no copy has."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Keep the text past the arguments."""
        super().__init__()
        self.text = text

    def __str__(self) -> str:
        """Return the text."""
        return self.text


def _unicode_error(value: str) -> UnicodeDecodeError:
    return UnicodeDecodeError("utf-8", value.encode(), 0, 1, f"it is {value}")


def _syntax_error(value: str) -> SyntaxError:
    return SyntaxError("invalid", ("cell", 1, 1, f"token = {value}", 1, 2))


def _circle(value: str) -> Exception:
    error = ValueError(value)
    error.__context__ = KeyError(value)
    error.__context__.__context__ = error
    return error


@pytest.mark.parametrize(
    "make", [SlottedError, _unicode_error, _syntax_error, _circle, KeyError, lambda value: ValueError({"deep": [value]}), SystemExit]
)
def test_every_kind_of_exception_is_masked(log: Log, value: str, make: Callable[[str], BaseException]) -> None:
    """Fields of C code, slots, circles and objects as arguments: the traceback shows masks, and the class can still be told."""
    error = make(value)
    log.logger.error("failed", exc_info=error)
    kind, shown, _ = log.records[0].exc_info or (None, None, None)
    assert isinstance(shown, type(error))
    assert kind.__name__ == type(error).__name__ if kind else False
    assert mask_text("a.key") in log.text.getvalue()
    assert find_canary(log.text.getvalue() + str(shown) + repr(shown), value) == []


def test_groups_of_exceptions_are_masked(log: Log, value: str) -> None:
    """Each exception of a group is masked, in groups within groups too."""
    groups: Any = getattr(builtins, "ExceptionGroup", None)
    if groups is None:
        error: Any = ValueError(value)
    else:
        error = groups(f"all {value}", [ValueError(value), groups("inner", [KeyError(value), TypeError("plain")])])
    log.logger.error("failed", exc_info=error)
    assert mask_text("a.key") in log.text.getvalue()
    assert find_canary(log.text.getvalue(), value) == []


def test_an_exception_that_cannot_be_copied_is_shown_as_text(log: Log, value: str) -> None:
    """A class that no class may be derived from has its masked traceback as text, and no exception."""
    model = pydantic.create_model("Model", size=(int, ...))
    try:
        model(size=value)
    except pydantic.ValidationError as error:
        log.logger.exception("failed", exc_info=error)
    assert log.records[0].exc_info is None
    assert mask_text("a.key") in log.text.getvalue()
    assert find_canary(log.text.getvalue(), value) == []
