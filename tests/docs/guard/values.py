"""Random values, and checks that a redactor masks them."""

from __future__ import annotations

import random
import secrets
import string

from tests.support.redaction.values import longest_visible
from zensecrets_jupyter.core.redaction import Redactor, mask_text
from zensecrets_jupyter.core.redaction.encoders import ENCODERS

ESCAPING_ENCODERS = ("JSON", "URL, slashes too", "HTML by hexadecimal number", "C")
"""Names of encoders whose second call also escapes the escapes of the first call."""
LEAK_LENGTH = 12
"""A text with this many consecutive characters of a value leaks the value."""


def random_value(length: int = 24, alphabet: str = string.ascii_letters + string.digits) -> str:
    """Return a random text of this length."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def random_number(digits: int) -> str:
    """Return a random number with this many digits, as text.

    The first digit is at least 4, so the number does not look like a date such as ``20310417``.
    """
    return str(random.SystemRandom().randint(4 * 10 ** (digits - 1), 9 * 10 ** (digits - 1)))


def redactor_for(value: str) -> Redactor:
    """Return a redactor that masks a value as ``a.key``."""
    redactor = Redactor()
    assert redactor.protect(value, "a.key")
    return redactor


def is_masked(value: str, text: str) -> bool:
    """Return whether a redactor that knows only ``value`` masks it in ``text``.

    The test fails if the redactor masks only a part of the value.
    """
    redacted_text = redactor_for(value).redact(text)
    if redacted_text == text:
        return False
    assert mask_text("a.key") in redacted_text
    assert longest_visible(value, redacted_text) < LEAK_LENGTH
    return True


def value_and_escaped_text(encoder: str, times: int) -> tuple[str, str]:
    """Return a value with characters that need escapes, and a text: the value after ``times`` calls of the encoder."""
    # After each ASCII character there is a letter that is not ASCII, so the value has no long part that encoders leave unchanged.
    value = text = "".join(f"{letter}{random.SystemRandom().choice('éñüöàçß')}" for letter in random_value(16))
    for _ in range(times):
        text = ENCODERS[encoder](text)
    return value, text
