"""Free options, whose names no command declares: the keys of a secret, the attributes of a component.

They are written ``--key=value``, ``--key value`` or ``--key``, before, between and after the declared words. Errors never repeat a text
that may be a value.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


_KEY = re.compile(r"[^\W\d][\w.-]*")
"""The usual form of a key."""
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"


class Argument(NamedTuple):
    """A free option: its key, and its text as typed; ``None`` for a bare ``--key``, whose value will be asked for."""

    key: str
    text: str | None


class PositionedArgument(NamedTuple):
    """A free option with the index of the word that holds its key, and of the word that holds its text."""

    argument: Argument
    key_at: int
    text_at: int


class _PlainWord(NamedTuple):
    """A word without a dash; ``after`` is the bare key before it, whose value it may be, and ``at`` is the index of the word."""

    word: str
    after: Argument | None
    at: int


REPEATABLE = frozenset({"clear"})
"""Attributes that may be repeated. A command without an attribute of that name refuses the repetition itself."""


def split(
    words: Sequence[str], options: Mapping[str, bool], *, names: int | None = 1, lenient: bool = False
) -> tuple[list[str], list[Argument]]:
    """Split the words of a line into those of declared arguments and options, and the free options.

    Args:
        words: The words after the command.
        options: The declared options, with ``-`` for ``_``, and whether each takes a value.
        names: The number of positional words; ``None`` for any number, and then no such word is the value of a free option.
        lenient: Whether to split a malformed line as well as possible instead of raising.

    Returns:
        The declared words, and the free options.

    Raises:
        UsageProblem: If a key is repeated or empty, a declared option lacks its value, or a word could be a name or a value.
    """
    own, placed = split_with_positions(words, options, names=names, lenient=lenient)
    return own, [one.argument for one in placed]


def split_with_positions(
    words: Sequence[str], options: Mapping[str, bool], *, names: int | None = 1, lenient: bool = False
) -> tuple[list[str], list[PositionedArgument]]:
    """Split the words as :func:`split` does, and return the free options with their positions."""
    line = _Line(options, lenient=lenient)
    line.read(words)
    values = [one for one in line.loose if one.after is not None]
    plain = [one.word for one in line.loose if one.after is None]
    if names is None or (lenient and len(plain) != names):
        return [*line.own, "--", *(one.word for one in line.loose)], line.given
    if not lenient:
        _refuse_unclear(len(plain), names, [one.after for one in values if one.after is not None], line.given)
    placed = list(line.given)
    for place, one in enumerate(line.given):
        # A bare key takes the word after it as its text.
        following = next((value for value in values if value.after is one.argument), None)
        if following is not None:
            placed[place] = PositionedArgument(Argument(one.argument.key, following.word), one.key_at, following.at)
    if not lenient:
        check_duplicates(one.argument.key for one in placed if one.argument.key not in REPEATABLE)
    return [*line.own, "--", *plain], placed


class _Line:
    """The parts of a line: declared options, free options, and words without a dash."""

    def __init__(self, options: Mapping[str, bool], *, lenient: bool) -> None:
        self._options = options
        self._lenient = lenient
        self.own: list[str] = []
        self.given: list[PositionedArgument] = []
        self.loose: list[_PlainWord] = []

    def read(self, words: Sequence[str]) -> None:
        waiting = list(words)
        bare: Argument | None = None
        while waiting:
            at = len(words) - len(waiting)
            word = waiting.pop(0)
            after, bare = bare, None
            head, equals, text = word.partition("=")
            if word == "--":
                self.loose += [_PlainWord(rest, None, at + 1 + place) for place, rest in enumerate(waiting)]
                return
            if _folded(head) in self._options:
                self._read_own(word, waiting)
            elif word.startswith("--"):
                if not self._lenient and not equals:
                    _refuse_colon(head[2:])
                self.given.append(PositionedArgument(Argument(head[2:], text if equals else None), at, at))
                bare = None if equals else self.given[-1].argument
            elif word.startswith("-") and len(word) > 1:
                if not self._lenient:
                    _refuse_dash(word, after.key if after else "", self._options)
                self.own.append(word)
            else:
                if not self._lenient:
                    _refuse_equals(word, after.key if after else "")
                self.loose.append(_PlainWord(word, after, at))

    def _read_own(self, word: str, waiting: list[str]) -> None:
        head, equals, _ = word.partition("=")
        if equals or not self._options[_folded(head)]:
            self.own.append(word)
        elif waiting:
            self.own += [word, waiting.pop(0)]
        elif not self._lenient:
            raise UsageProblem(f"The option {head} needs a value.", hint=f"Write {head}=VALUE.")


def check_duplicates(keys: Iterable[str]) -> None:
    """Check that no key is repeated or empty.

    Raises:
        UsageProblem: If one is; the error names the key.
    """
    seen: set[str] = set()
    for key in keys:
        if not key:
            raise UsageProblem("There is a '--' without a key after it.", hint="Write --KEY=VALUE.")
        if key in seen:
            raise UsageProblem(f"--{key} is given twice.", hint="Give it once.")
        seen.add(key)


def matching_name(key: str, known: Iterable[str]) -> str:
    """Return the known name that equals ``key`` if ``-`` and ``_`` are the same; ``key`` itself if there is none."""
    names = list(known)
    if key in names:
        return key
    return next((name for name in names if _folded(name) == _folded(key)), key)


def check_typos(keys: Iterable[str], options: Iterable[str], known: Iterable[str], *, alternative: str = "") -> None:
    """Check that no key is a declared option with one typing error.

    Args:
        keys: The keys.
        options: The declared options of the command.
        known: Existing keys, which are not errors.
        alternative: How to give a key of that name anyway, with ``KEY`` in its place.

    Raises:
        UsageProblem: If a key looks like a mistyped option; the error names both, and no value.
    """
    meant = {_folded(key) for key in known}
    long = [option[2:] for option in options if option.startswith("--") and len(option) >= _SHORTEST_MISTYPED + 2]
    for key in keys:
        folded = _folded(key)
        # A key that begins with an option, or is the beginning of one, is a name of its own: `stripe`, `value`.
        slips = [option for option in long if not folded.startswith(option) and not option.startswith(folded) and _is_slip(folded, option)]
        if slips and folded not in meant and folded not in _WORDS and not folded[-1:].isdigit():
            message = f"--{key} is no option of this command, and nearly --{slips[0]}."
            hint = f"Write --{slips[0]}{'; or, if it is a key, ' + alternative.replace('KEY', key) if alternative else ''}."
            raise UsageProblem(message, hint=hint)


_WORDS = {"scheme", "valued", "volume"}
"""Key names that differ from an option in one letter and are no typing errors."""
_SHORTEST_MISTYPED = 5
"""The shortest option, in letters, whose typing errors can be told from other words."""


def _is_slip(typed: str, meant: str) -> bool:
    """Return whether two words differ in one letter that is not the first, or in the order of their letters."""
    if abs(len(typed) - len(meant)) > 1:
        return False
    if typed[:1] != meant[:1]:
        return len(typed) == len(meant) and typed[1::-1] + typed[2:] == meant
    start = next((place for place, (one, other) in enumerate(zip(typed, meant, strict=False)) if one != other), min(len(typed), len(meant)))
    rest, wanted = typed[start:], meant[start:]
    if rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:]:
        return True
    if rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:]:
        return True
    others = (Counter(typed) - Counter(meant)) + (Counter(meant) - Counter(typed))
    return len(meant) > _SHORTEST_MISTYPED and others.total() <= 1


def _folded(word: str) -> str:
    return word.replace("_", "-")


def _refuse_colon(key: str) -> None:
    head, colon, text = key.partition(":")
    # A key may have a colon in its name.
    if colon and text and _KEY.fullmatch(head) and (is_opaque(text) or not _KEY.fullmatch(text)):
        raise UsageProblem(f"--{head} has a ':' behind it.", hint=f"Write --{head}=VALUE.")


def _refuse_equals(word: str, key: str) -> None:
    head, equals, _ = word.partition("=")
    if equals and not key and head[:1] in _DASHES and _KEY.fullmatch(head.lstrip(_DASHES)):
        head = head.lstrip(_DASHES)
        raise UsageProblem(f"{head}=… has another dash before it than '--'.", hint=f"Write --{head}=VALUE.")
    if equals and key and not head:
        message = f"Between --{key} and its value stands a blank."
        raise UsageProblem(message, hint=f"Write --{key}=VALUE without blanks; a value that starts with '=' is written --{key}==…")
    if equals and not key and _KEY.fullmatch(head):
        raise UsageProblem(f"{head}=… has no '--' before it.", hint=f"Write --{head}=VALUE; what is no value stands behind ' -- '.")
    if equals and not key and not head:
        raise UsageProblem("There is a '=' without a key before it.", hint="Write --KEY=VALUE without blanks.")


def _refuse_dash(word: str, key: str, options: Mapping[str, bool]) -> None:
    # A short option's value may follow at once, as in -saws, and flags may stand together.
    if options.get(word[:2]) or all(f"-{letter}" in options for letter in word[1:]):
        return
    if key:
        message = f"After --{key} comes something that starts with '-'."
        raise UsageProblem(message, hint=f"If that is the value, write --{key}=VALUE.")
    short = ", ".join(sorted(option for option in options if not option.startswith("--")))
    raise UsageProblem(f"There is no option {word[:2]!r}.", hint=f"The short options are {short}." if short else "Write --KEY=VALUE.")


def _refuse_unclear(plain: int, names: int, before_loose: list[Argument], given: list[PositionedArgument]) -> None:
    if plain == names or (plain < names and not before_loose):
        return
    if plain > names:
        last = f" after --{given[-1].argument.key}" if given else ""
        message = f"There is a word too many{last}."
        raise UsageProblem(message, hint="Put a value with spaces in quotes: --KEY='a value'.")
    key = before_loose[0].key
    message = f"The word after --{key} could be its value or the NAME."
    raise UsageProblem(message, hint=f"Put the NAME first, or write --{key}=VALUE.")
