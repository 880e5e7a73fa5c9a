"""What may be typed as a value or as the name of a key, and what a person is told about it.

A form checks in the browser with the very rules below, before anything is sent; hence patterns that mean the same in Python and in
JavaScript (with its flag ``u``), and texts that never repeat what was typed.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.commands.framework.argument_values import LARGEST
from zensecrets_jupyter.core.names import LONE_SURROGATE, LONGEST_NAME, UNFIT_IN_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.asking.form_request import Field

_INVISIBLE = r"[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
"""Characters of no width, and those that turn the direction of writing (Unicode, UAX #9): pasted along unseen, and then wrong for ever."""

EMPTY = "A value is needed here."
NO_JSON = "This is no JSON."
TOO_LARGE = f"A value has {LARGEST // 1024} KiB at most."
TWICE = "That key was given already."


class Rule(NamedTuple):
    """Something about a text.

    Attributes:
        pattern: Found in the text where the rule applies.
        text: What the person is told.
        refuses: Whether it keeps the text from being taken.
        sensitive: Whether it is for sensitive values only.
        typed: Whether it is only for what was typed or pasted: what comes from a file was not.
    """

    pattern: str
    text: str
    refuses: bool = False
    sensitive: bool = False
    typed: bool = False


VALUE_RULES = (
    Rule(r"\x00", "A value can't hold the character NUL.", refuses=True),
    Rule(LONE_SURROGATE.pattern, "This holds half a character, which can't be stored.", refuses=True),
    Rule(
        _INVISIBLE,
        "This holds an invisible character, as text copied from a page may. If it belongs there, take the value from a file.",
        refuses=True,
        typed=True,
    ),
    Rule(
        r"^\s*-----BEGIN [^\r\n]*\s*(?![\s\S])",
        "This is only the first line of a key. Take the key from its file: --KEY=@FILE.",
        refuses=True,
        typed=True,
    ),
    Rule(r"^\s|\s(?![\s\S])", "This starts or ends with white space, which is kept."),
    Rule(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]", "This holds a control character, which is kept."),
    Rule(r"^@", "This is taken as it stands; no file is read.", typed=True),
    Rule(r"^[\s\S]{1,5}(?![\s\S])", "This is very short for a secret.", sensitive=True),
)
"""What is said about values."""

KEY_RULES = (
    Rule(r"^(?![\s\S])", "A key needs a name.", refuses=True),
    Rule(r"^name(?![\s\S])", "A key can't be called 'name'.", refuses=True),
    Rule(r"^-", "A key can't start with '-'.", refuses=True),
    Rule(rf"^[\s\S]{{{LONGEST_NAME + 1}}}", f"A key has {LONGEST_NAME} characters at most.", refuses=True),
    Rule(
        f"{UNFIT_IN_KEY.pattern}|{LONE_SURROGATE.pattern}|{_INVISIBLE}",
        "A key holds no braces, white space, control or invisible characters.",
        refuses=True,
    ),
)
"""What is said about the names of keys."""


def problem_with(field: Field, value: str, *, from_file: bool = False) -> str:
    """Return what keeps ``value`` from being taken for ``field``; nothing if nothing does. An empty one is another matter."""
    # A lone surrogate has no bytes; the rules refuse it.
    if len(value.encode("utf-8", "surrogatepass")) > LARGEST:
        return TOO_LARGE
    for rule in VALUE_RULES:
        if rule.refuses and _applies(rule, value, sensitive=field.sensitive, from_file=from_file):
            return rule.text
    return NO_JSON if field.media_type == "application/json" and not _is_json(value) else ""


def notes_on(field: Field, value: str) -> list[str]:
    """Return what else a person may want to know about what was typed for ``field``."""
    return [rule.text for rule in VALUE_RULES if not rule.refuses and _applies(rule, value, sensitive=field.sensitive, from_file=False)]


def problem_with_key(key: str, known: Sequence[str] | set[str]) -> str:
    """Return what keeps ``key`` from being added to the ``known`` ones; nothing if nothing does."""
    if key in known:
        return TWICE
    return next((rule.text for rule in KEY_RULES if _compiled(rule.pattern).search(key)), "")


def _applies(rule: Rule, value: str, *, sensitive: bool, from_file: bool) -> bool:
    if (rule.sensitive and not sensitive) or (rule.typed and from_file):
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
