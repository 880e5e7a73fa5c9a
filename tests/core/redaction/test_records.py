"""Log records: what a handler writes holds no value, and what holds none is as it was."""

from __future__ import annotations

import io
import logging

import pytest

from zensecrets_jupyter.core.redaction import RedactingFilter, Redactor, mark
from zensecrets_jupyter.testing.canary import canary, find_canary


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
    assert lines == [f"it is {mark('a.key')}", f"it is {mark('a.key')} and {{'key': '{mark('a.key')}'}}", mark("a.key"), f"{value[:3]}…"]
    assert find_canary(repr([vars(record) for record in log.records]), value) == []


def test_tracebacks_and_stacks(log: Log, value: str) -> None:
    """A value in an exception, in its causes or in the stack is masked."""
    error = ValueError(f"not {value}")
    error.__cause__ = KeyError(value)
    log.logger.error("failed", exc_info=error, stack_info=True)
    text = log.text.getvalue()
    assert f"ValueError: not {mark('a.key')}" in text
    assert f"KeyError: '{mark('a.key')}'" in text
    assert find_canary(text, value) == []


def test_what_extra_gives(log: Log, value: str) -> None:
    """Attributes for structured logs are masked too."""
    log.logger.error("sent", extra={"body": {"password": value}, "size": 12})
    assert vars(log.records[0])["body"] == {"password": mark("a.key")}
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
    """A record that can't be formatted is written as one that could not be redacted."""
    misfit = "%d of %d"
    log.logger.error(misfit, value)
    assert log.text.getvalue() == "‹redaction failed›\n"
    assert find_canary(capsys.readouterr().err, value) == []
