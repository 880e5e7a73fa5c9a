"""Rules for values and for the names of keys, each with its message.

A form in the browser applies the same rules before it sends the input. Therefore each pattern has the same meaning in Python and in
JavaScript (with its flag ``u``). The messages never repeat the input.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.commands.framework.argument_values import MAX_VALUE_BYTES
from zensecrets_jupyter.core.names import INVALID_KEY_CHARACTERS, LONE_SURROGATE, MAX_NAME_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.asking.form_request import Field

_INVISIBLE = r"[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
"""Zero-width and directional characters (Unicode, UAX #9), which a person may copy without noticing."""

EMPTY = "A value is required."
NO_JSON = "The value is not valid JSON."
TOO_LARGE = f"A value may have at most {MAX_VALUE_BYTES // 1024} KiB."
DUPLICATE_KEY = "The key exists already."


class Rule(NamedTuple):
    """A rule for an input.

    Attributes:
        pattern: The pattern that the rule searches for in the input.
        text: The message.
        is_error: Whether the input is refused; otherwise the message is a note.
        sensitive_only: Whether the rule applies only to sensitive values.
        typed_only: Whether the rule applies only to typed or pasted input, and not to files.
    """

    pattern: str
    text: str
    is_error: bool = False
    sensitive_only: bool = False
    typed_only: bool = False


# `(?![\s\S])` matches the end of the text in Python and in JavaScript. `\Z` exists only in Python, and Python's `$` also matches before a
# final line end.
VALUE_RULES = (
    Rule(r"\x00", "A value can't contain the character NUL.", is_error=True),
    Rule(LONE_SURROGATE.pattern, "The value contains an unpaired surrogate, which can't be stored.", is_error=True),
    Rule(
        _INVISIBLE,
        "The value contains an invisible character, perhaps from a web page. If it is part of the value, read the value from a file.",
        is_error=True,
        typed_only=True,
    ),
    Rule(
        r"^\s*-----BEGIN [^\r\n]*\s*(?![\s\S])",
        "The value is only the first line of a key. Read the key from its file: --KEY=@FILE.",
        is_error=True,
        typed_only=True,
    ),
    Rule(r"^\s|\s(?![\s\S])", "The value starts or ends with white space, which is stored too."),
    Rule(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]", "The value contains a control character, which is stored too."),
    Rule(r"^@", "The value is stored as typed; no file is read.", typed_only=True),
    Rule(r"^[\s\S]{1,5}(?![\s\S])", "The value is very short for a secret.", sensitive_only=True),
)
"""The rules for values."""

KEY_RULES = (
    Rule(r"^(?![\s\S])", "A key needs a name.", is_error=True),
    Rule(r"^name(?![\s\S])", "A key can't be called 'name'.", is_error=True),
    Rule(r"^-", "A key can't start with '-'.", is_error=True),
    # The pattern matches a name that has at least one character too many.
    Rule(rf"^[\s\S]{{{MAX_NAME_LENGTH + 1}}}", f"A key may have at most {MAX_NAME_LENGTH} characters.", is_error=True),
    Rule(
        f"{INVALID_KEY_CHARACTERS.pattern}|{LONE_SURROGATE.pattern}|{_INVISIBLE}",
        "A key can't contain braces, white space, control or invisible characters.",
        is_error=True,
    ),
)
"""The rules for key names."""


def problem_with(field: Field, value: str, *, from_file: bool = False) -> str:
    """Return why ``value`` is refused for ``field``; empty if it is accepted.

    An empty value is accepted here. The callers check for it, because it is allowed for an optional field.

    Args:
        field: The field.
        value: The value.
        from_file: Whether the value was read from a file, and not typed.
    """
    # Without surrogatepass, a lone surrogate would raise an error here. A rule of VALUE_RULES refuses it.
    if len(value.encode("utf-8", "surrogatepass")) > MAX_VALUE_BYTES:
        return TOO_LARGE
    for rule in VALUE_RULES:
        if rule.is_error and _applies(rule, value, sensitive=field.sensitive, from_file=from_file):
            return rule.text
    return NO_JSON if field.media_type == "application/json" and not _is_json(value) else ""


def notes_on(field: Field, value: str) -> list[str]:
    """Return notes about an accepted value, such as a warning that it is very short."""
    return [rule.text for rule in VALUE_RULES if not rule.is_error and _applies(rule, value, sensitive=field.sensitive, from_file=False)]


def problem_with_key(key: str, existing_keys: Sequence[str] | set[str]) -> str:
    """Return why a new key is refused; empty if it is accepted."""
    if key in existing_keys:
        return DUPLICATE_KEY
    return next((rule.text for rule in KEY_RULES if _compiled(rule.pattern).search(key)), "")


def _applies(rule: Rule, value: str, *, sensitive: bool, from_file: bool) -> bool:
    if (rule.sensitive_only and not sensitive) or (rule.typed_only and from_file):
        return False
    return _compiled(rule.pattern).search(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
