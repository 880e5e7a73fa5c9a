"""Rules for the names of secrets and keys, and suggestions for misspelled names."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import InvalidSecretError
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MAX_NAME_LENGTH = 255
"""Maximum length of a name or key in characters."""

_INVALID_NAME_CHARACTERS = re.compile(r"[\s{}.\x00-\x1f\x7f]")
INVALID_KEY_CHARACTERS = re.compile(r"[\s{}\x00-\x1f\x7f]")
"""A character that a key can't contain. The form checks the same pattern in JavaScript."""
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w.-]{0,63}")
"""A name from a file that errors may show, if it does not look random."""
VALUE_FREE_ARGUMENTS = frozenset(
    {"name", "secret_name", "name_id_or_prefix", "new_name", "remove", "remove_values", "schema", "id", "scope", "new_scope", "origin"}
)
"""Names of arguments that never hold a value of a secret, in any function of this package. ``remove_values`` holds keys.

:func:`is_value_free_argument` also accepts synonyms and misspellings of these names.
"""
_VALUE_FREE_SYNONYMS = VALUE_FREE_ARGUMENTS.union(
    ("desc", "description", "manager", "manager_name", "schema_name", "scheme", "secrets_manager", "stack", "stack_name")
)
"""The names in VALUE_FREE_ARGUMENTS, and other names that users may write for these arguments."""
_MIN_SIMILARITY = 0.85
"""The minimum similarity, from 0 to 1, of a misspelled argument and the correct one, as difflib computes it."""
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair, which no file or database can store. The form checks the same pattern in JavaScript."""


def check_name(name: str, *, from_file: bool = False) -> str:
    """Check the name of a secret and return it.

    Args:
        name: The name.
        from_file: Whether the name is from a file, so that it may be a value; errors show it only if it can't be one.

    Raises:
        InvalidSecretError: If the name is empty, too long or the word ``name``, starts with ``-``, or contains a dot, a brace, white space,
            a control character or half of a surrogate pair.
    """
    if name == "name":
        message = "A secret can't be called 'name'."
        raise InvalidSecretError(message, name=name, hint="Choose another name.")
    _check("secret name", name, _INVALID_NAME_CHARACTERS, "dots, braces, white space or control characters", from_file=from_file)
    return name


def check_key(key: str, *, name: str = "", from_file: bool = False) -> str:
    """Check a key of a secret and return it.

    Args:
        key: The key.
        name: The name of the secret.
        from_file: Whether the key is from a file, so that it may be a value; errors show it only if it can't be one.

    Raises:
        InvalidSecretError: For the reasons of :func:`check_name`, except that a key may contain dots.
    """
    if key == "name":
        message = f"A key of secret {name!r} can't be called 'name'."
        raise InvalidSecretError(message, name=name, hint="Choose another key.")
    _check("key", key, INVALID_KEY_CHARACTERS, "braces, white space or control characters", from_file=from_file)
    return key


def _check(noun: str, text: str, invalid_characters: re.Pattern[str], description: str, *, from_file: bool) -> None:
    """Raise an error if a name or key is not acceptable.

    Args:
        noun: What the text is: ``secret name`` or ``key``.
        text: The name or key.
        invalid_characters: The pattern of a character that the text can't contain.
        description: The description of these characters.
        from_file: Whether the text is from a file.

    Raises:
        InvalidSecretError: If the text is not acceptable.
    """
    quoted = quote_untrusted(text) if from_file else quote_name(text)
    if not text:
        message = f"A {noun} can't be empty."
    elif len(text) > MAX_NAME_LENGTH:
        message = f"The {noun} {quoted} has {len(text)} characters; {MAX_NAME_LENGTH} are allowed."
    elif text.startswith("-"):
        message = f"The {noun} {quoted} starts with '-', as an option does."
    elif LONE_SURROGATE.search(text):
        message = f"The {noun} {quoted} contains half of a surrogate pair, which no file or database can store."
    elif invalid_characters.search(text):
        message = f"The {noun} {quoted} contains {description}."
    else:
        return
    raise InvalidSecretError(message, name="" if from_file else text, hint="Use letters, digits, '_' and '-'.")


def quote_name(name: str) -> str:
    """Return a name or key in quotes for a message, or ``(not shown)``.

    A name that looks like a value is not shown, because a caller may have swapped two arguments. A long name is cut.
    """
    if any(is_opaque(word) for word in name.split()):
        return "(not shown)"
    return repr(name) if len(name) <= MAX_NAME_LENGTH else f"{name[:20]!r}…"


def quote_untrusted(name: str) -> str:
    """Return a name or key from a file in quotes, or ``(not shown)``.

    Only a plain name that can't be a value is shown, because a malformed file may have a value instead of a name.
    """
    return repr(name) if _PLAIN_NAME.fullmatch(name) and not is_opaque(name) else "(not shown)"


def type_with_article(value: object) -> str:
    """Return the type of a value with its article: ``a str``, ``an int``."""
    return with_article(type(value).__qualname__)


def with_article(name: str) -> str:
    """Return a name after ``a`` or ``an``."""
    # A capital U takes ``a``, as in "a UUID".
    return f"{'an' if name[:1] in 'aeiouAEIO' else 'a'} {name}"


def is_value_free_argument(argument: str) -> bool:
    """Return whether an argument never holds the value of a secret.

    The name of the argument decides this; misspellings are accepted.
    """
    if argument in _VALUE_FREE_SYNONYMS or difflib.get_close_matches(argument, _VALUE_FREE_SYNONYMS, n=1, cutoff=_MIN_SIMILARITY):
        return True
    # The same letters in another order are a misspelling too.
    return sorted(argument) in [sorted(name) for name in _VALUE_FREE_SYNONYMS]


def key_reference_hint(wanted: str, candidates: Collection[str]) -> str:
    """Return a hint if ``wanted`` is the name of an existing secret, a dot and a key, or an empty text.

    Examples are ``db.password`` and ``{{db.password}}``. The hint does not depend on whether the secret has
    the key, because a check would read its values.
    """
    name, dot, key = wanted.strip("{} ").partition(".")
    return f"Name the secret alone, {name!r}, without the key {quote_name(key)}." if dot and name in candidates else ""


def near_misses(wanted: str, candidates: Iterable[str]) -> list[str]:
    """Return up to three of the ``candidates`` that resemble ``wanted``, the most similar first. Case is ignored."""
    names_by_folded: dict[str, str] = {}
    for name in candidates:
        names_by_folded.setdefault(name.casefold(), name)
    return [names_by_folded[folded] for folded in difflib.get_close_matches(wanted.casefold(), names_by_folded, n=3, cutoff=0.6)]


def did_you_mean(wanted: str, candidates: Iterable[str]) -> str:
    """Return ``Did you mean 'a' or 'b'?`` for near misses, or an empty text."""
    guesses = [repr(name) for name in near_misses(wanted, candidates)]
    return f"Did you mean {' or '.join(guesses)}?" if guesses else ""
