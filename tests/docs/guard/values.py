"""Random values, and checks that a redactor masks them."""

from __future__ import annotations

import random
import secrets
import string

from tests.support.redaction.values import longest_visible
from zensecrets_jupyter.core.redaction import Redactor, mask_text
from zensecrets_jupyter.core.redaction.encoders import ENCODERS

ESCAPING = ("JSON", "URL, slashes too", "HTML by hexadecimal number", "C")
"""Encoders that change an already escaped text again."""
LEAK = 12
"""The length of a part of a value that counts as a leak."""


def random_value(length: int = 24, letters: str = string.ascii_letters + string.digits) -> str:
    """Return a random text of this length."""
    return "".join(secrets.choice(letters) for _ in range(length))


def random_number(digits: int) -> str:
    """Return a random number with this many digits, as text."""
    return str(random.SystemRandom().randint(4 * 10 ** (digits - 1), 9 * 10 ** (digits - 1)))


def redactor_for(value: str) -> Redactor:
    """Return a redactor that masks a value as ``a.key``."""
    redactor = Redactor()
    assert redactor.protect(value, "a.key")
    return redactor


def is_masked(value: str, text: str) -> bool:
    """Return whether a redactor masks ``value`` in ``text``.

    Fail if the redactor masks only a part of the value.
    """
    shown = redactor_for(value).redact(text)
    if shown == text:
        return False
    assert mask_text("a.key") in shown
    assert longest_visible(value, shown) < LEAK
    return True


def escaped(encoder: str, times: int) -> tuple[str, str]:
    """Return a value with characters that need escapes, and its escaped text.

    The text is escaped ``times`` times.
    """
    value = text = "".join(f"{letter}{random.SystemRandom().choice('éñüöàçß')}" for letter in random_value(16))
    for _ in range(times):
        text = ENCODERS[encoder](text)
    return value, text
