"""Values that are too short or too common can't be masked."""

from __future__ import annotations

import pytest

from zensecrets_jupyter.core.redaction import Redactor, unmaskable_reason

# Words and short texts, regions of cloud providers, and common numbers, dates and repeated characters.
COMMON_VALUES = [
    *("", "a", "12345", "admin", "true", "localhost", "password", "PostgreSQL", "service_account", "googleapis.com", "production"),
    *("us-east-1", "eu-west-3", "ap-southeast-2", "us-central1", "europe-west4", "westeurope", "eastus2", "us-gov-west-1"),
    *("123456", "12345678", "1000000", "000000", "20240131", "2024-01-31", "        ", "xxxxxxxx", "*" * 30, " " * 50, "  ab  "),
]


@pytest.mark.parametrize("value", COMMON_VALUES)
def test_common_values_are_not_masked(value: str) -> None:
    """A common or short value is not masked, and there is a reason.

    The reason is the end of a sentence, such as "it is a date". It begins with "it", and does not quote the value.
    """
    redactor = Redactor()
    assert redactor.protect(value, "a.b") is False
    assert redactor.names == []
    assert redactor.redact(f"<{value}>") == f"<{value}>"
    assert unmaskable_reason(value).startswith("it ")
    # The check is for values with visible characters only.
    assert not value.strip() or value.strip() not in unmaskable_reason(value).split()


@pytest.mark.parametrize("value", ["aB3-x9", "hunter2", "739148", "us-east-1x", "passw0rd", "horse battery", "\U0001f600" * 3 + "abc"])
def test_other_values_are_masked(value: str) -> None:
    """A value of at least six characters can be masked if it is not common."""
    assert unmaskable_reason(value) == ""
    assert Redactor().protect(value, "a.b") is True
