"""What a secret and its keys may be called, and which known name a person may have meant."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import InvalidSecretError
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LONGEST_NAME = 255
"""Characters in a name or a key at most."""

_UNFIT_IN_NAME = re.compile(r"[\s{}.\x00-\x1f\x7f]")
UNFIT_IN_KEY = re.compile(r"[\s{}\x00-\x1f\x7f]")
"""What no key may hold; the pattern means the same in JavaScript."""
_LIKE_A_NAME = re.compile(r"[A-Za-z_][\w.-]{0,63}")
NO_VALUES = frozenset(
    {"name", "secret_name", "name_id_or_prefix", "new_name", "remove", "remove_values", "schema", "id", "scope", "new_scope", "origin"}
)
"""Arguments that hold no value, whatever they are given to."""
_TOLD_OF = NO_VALUES | {"desc", "description", "manager", "manager_name", "schema_name", "scheme", "secrets_manager", "stack", "stack_name"}
_VERY_ALIKE = 0.85
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half a character, which no file or database takes; likewise."""


def check_name(name: str, *, from_file: bool = False) -> str:
    """Return ``name`` if a secret may be called so; ``from_file`` has the message not show what may be a value.

    Raises:
        InvalidSecretError: If it is empty, too long, ``name``, starts with ``-``, or holds a dot, a brace, white space or a
            control character.
    """
    if name == "name":
        message = "A secret can't be called 'name'."
        raise InvalidSecretError(message, name=name, hint="Choose another name.")
    _check("secret name", name, _UNFIT_IN_NAME, "dots, braces, white space or control characters", from_file=from_file)
    return name


def check_key(key: str, *, name: str = "", from_file: bool = False) -> str:
    """Return ``key`` if a secret may have a key of that name; ``name`` is the secret's, and ``from_file`` as for :func:`check_name`.

    Raises:
        InvalidSecretError: As for :func:`check_name`, but a key may hold dots.
    """
    if key == "name":
        message = f"A key of secret {name!r} can't be called 'name'."
        raise InvalidSecretError(message, name=name, hint="Choose another key.")
    _check("key", key, UNFIT_IN_KEY, "braces, white space or control characters", from_file=from_file)
    return key


def _check(what: str, text: str, unfit: re.Pattern[str], unfit_words: str, *, from_file: bool) -> None:
    called = told(text) if from_file else shown(text)
    if not text:
        message = f"A {what} can't be empty."
    elif len(text) > LONGEST_NAME:
        message = f"The {what} {called} has {len(text)} characters; {LONGEST_NAME} are allowed."
    elif text.startswith("-"):
        message = f"The {what} {called} starts with '-', as an option does."
    elif LONE_SURROGATE.search(text):
        message = f"The {what} {called} holds half a character, which no file or database takes."
    elif unfit.search(text):
        message = f"The {what} {called} holds {unfit_words}."
    else:
        return
    raise InvalidSecretError(message, name="" if from_file else text, hint="Use letters, digits, '_' and '-'.")


def shown(name: str) -> str:
    """Return a name or a key that was given as a message shows it: not if a part of it may be a value, as where the two were swapped."""
    if any(is_opaque(word) for word in name.split()):
        return "(not shown)"
    return repr(name) if len(name) <= LONGEST_NAME else f"{name[:20]!r}…"


def told(name: str) -> str:
    """Return a name or a key out of a file as a message shows it: not if it may be a value, which stands where a key should."""
    return repr(name) if _LIKE_A_NAME.fullmatch(name) and not is_opaque(name) else "(not shown)"


def a_type(thing: object) -> str:
    """Return the name of a thing's type with its article: ``a str``, ``an int``."""
    return with_article(type(thing).__qualname__)


def with_article(name: str) -> str:
    """Return a name with ``a`` or ``an`` before it."""
    return f"{'an' if name[:1] in 'aeiouAEIO' else 'a'} {name}"


def holds_no_value(argument: str) -> bool:
    """Tell whether an argument of a call of ours is a name or another text that is shown, also where it is mistyped or is none of it."""
    if argument in _TOLD_OF or difflib.get_close_matches(argument, _TOLD_OF, n=1, cutoff=_VERY_ALIKE):
        return True
    # Letters in another order.
    return sorted(argument) in [sorted(known) for known in _TOLD_OF]


def part_meant(wanted: str, known: Collection[str]) -> str:
    """Return the hint for a text that names a part of a known secret, as ``db.password`` and ``{{db.password}}`` do; else an empty one.

    Whether the secret has such a key is not looked up: that would read its values for an error.
    """
    name, dot, key = wanted.strip("{} ").partition(".")
    return f"Name the secret alone, {name!r}, without the key {shown(key)}." if dot and name in known else ""


def near_misses(wanted: str, known: Iterable[str]) -> list[str]:
    """Return up to three of the ``known`` names that ``wanted`` may be a slip of, the nearest first."""
    by_folded: dict[str, str] = {}
    for name in known:
        by_folded.setdefault(name.casefold(), name)
    return [by_folded[folded] for folded in difflib.get_close_matches(wanted.casefold(), by_folded, n=3, cutoff=0.6)]


def did_you_mean(wanted: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'a' or 'b'?`` for the near misses of ``wanted``, or nothing."""
    guesses = [repr(name) for name in near_misses(wanted, known)]
    return f"Did you mean {' or '.join(guesses)}?" if guesses else ""
