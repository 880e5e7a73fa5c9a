"""The arguments that no command can know beforehand: the keys of a secret, the attributes of a component.

They come as ``--key=value``, ``--key value`` or ``--key`` in any order around the command's own words. What may be a value is never
repeated in an error.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


_KEY = re.compile(r"[^\W\d][\w.-]*")
"""A key as people write it."""
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"


class Argument(NamedTuple):
    """One argument: a key, and its text as it was typed; ``None`` for a bare ``--key``, whose value is to be asked for."""

    key: str
    text: str | None


class PositionedArgument(NamedTuple):
    """An argument, and where it stands: the word that holds its key, and the one that holds its text, which may be the same."""

    given: Argument
    key_at: int
    text_at: int


class _Loose(NamedTuple):
    """A word without a dash; ``after`` is the bare key before it, whose value it may be, ``at`` the word's place."""

    word: str
    after: Argument | None
    at: int


REPEATABLE = frozenset({"clear"})
"""Attributes that may be given several times; a command that has none of that name refuses the second itself."""


def split(
    words: Sequence[str], options: Mapping[str, bool], *, names: int | None = 1, lenient: bool = False
) -> tuple[list[str], list[Argument]]:
    """Return the words that are the command's own, and the arguments.

    Args:
        words: What was typed after the command.
        options: The command's own options, ``_`` as ``-``, with whether each takes a value.
        names: How many words without a dash the command takes; ``None`` if any number, and then none is a value.
        lenient: Whether a wrong line is split as well as can be, instead of refused.

    Raises:
        UsageProblem: If a key is given twice or is empty, an own option lacks its value, or it is not clear what belongs to what.
    """
    own, placed = placed_in(words, options, names=names, lenient=lenient)
    return own, [one.given for one in placed]


def placed_in(
    words: Sequence[str], options: Mapping[str, bool], *, names: int | None = 1, lenient: bool = False
) -> tuple[list[str], list[PositionedArgument]]:
    """Return what :func:`split` returns, with the place of each argument among the words; it raises what that raises."""
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
        # A key that is followed by a word of its own has no other text.
        following = next((value for value in values if value.after is one.given), None)
        if following is not None:
            placed[place] = PositionedArgument(Argument(one.given.key, following.word), one.key_at, following.at)
    if not lenient:
        refuse_twice(one.given.key for one in placed if one.given.key not in REPEATABLE)
    return [*line.own, "--", *plain], placed


class _Line:
    """A line in its parts: the command's own words, the arguments, and the words without a dash."""

    def __init__(self, options: Mapping[str, bool], *, lenient: bool) -> None:
        self._options = options
        self._lenient = lenient
        self.own: list[str] = []
        self.given: list[PositionedArgument] = []
        self.loose: list[_Loose] = []

    def read(self, words: Sequence[str]) -> None:
        waiting = list(words)
        bare: Argument | None = None
        while waiting:
            at = len(words) - len(waiting)
            word = waiting.pop(0)
            after, bare = bare, None
            head, equals, text = word.partition("=")
            if word == "--":
                self.loose += [_Loose(rest, None, at + 1 + place) for place, rest in enumerate(waiting)]
                return
            if _folded(head) in self._options:
                self._read_own(word, waiting)
            elif word.startswith("--"):
                if not self._lenient and not equals:
                    _refuse_colon(head[2:])
                self.given.append(PositionedArgument(Argument(head[2:], text if equals else None), at, at))
                bare = None if equals else self.given[-1].given
            elif word.startswith("-") and len(word) > 1:
                if not self._lenient:
                    _refuse_dash(word, after.key if after else "", self._options)
                self.own.append(word)
            else:
                if not self._lenient:
                    _refuse_equals(word, after.key if after else "")
                self.loose.append(_Loose(word, after, at))

    def _read_own(self, word: str, waiting: list[str]) -> None:
        head, equals, _ = word.partition("=")
        if equals or not self._options[_folded(head)]:
            self.own.append(word)
        elif waiting:
            self.own += [word, waiting.pop(0)]
        elif not self._lenient:
            raise UsageProblem(f"The option {head} needs a value.", hint=f"Write {head}=VALUE.")


def refuse_twice(keys: Iterable[str]) -> None:
    """Return if no key is there twice, and none is empty.

    Raises:
        UsageProblem: Otherwise; it names the key.
    """
    seen: set[str] = set()
    for key in keys:
        if not key:
            raise UsageProblem("There is a '--' without a key after it.", hint="Write --KEY=VALUE.")
        if key in seen:
            raise UsageProblem(f"--{key} is given twice.", hint="Give it once.")
        seen.add(key)


def as_known(key: str, known: Iterable[str]) -> str:
    """Return the one of the ``known`` names that ``key`` is when ``-`` and ``_`` are one, or ``key`` itself."""
    names = list(known)
    if key in names:
        return key
    return next((name for name in names if _folded(name) == _folded(key)), key)


def refuse_slips(keys: Iterable[str], options: Iterable[str], known: Iterable[str], *, way_out: str = "") -> None:
    """Return if none of the keys is an option of the command with one slip of the fingers in it.

    Args:
        keys: What was taken for keys.
        options: The options of the command.
        known: Keys that are there, which are meant.
        way_out: How to give a key of that name all the same, with ``KEY`` for it.

    Raises:
        UsageProblem: If one is; it names both, and no value.
    """
    meant = {_folded(key) for key in known}
    long = [option[2:] for option in options if option.startswith("--") and len(option) >= _SHORTEST_MISTYPED + 2]
    for key in keys:
        folded = _folded(key)
        # What only begins as an option does, or is the beginning of one, is a name of its own: `stripe`, `value`.
        slips = [option for option in long if not folded.startswith(option) and not option.startswith(folded) and _is_slip(folded, option)]
        if slips and folded not in meant and folded not in _WORDS and not folded[-1:].isdigit():
            message = f"--{key} is no option of this command, and nearly --{slips[0]}."
            hint = f"Write --{slips[0]}{'; or, if it is a key, ' + way_out.replace('KEY', key) if way_out else ''}."
            raise UsageProblem(message, hint=hint)


_WORDS = {"scheme", "valued", "volume"}
"""Names of keys that are words of their own, a letter from an option."""
_SHORTEST_MISTYPED = 5
"""Letters of an option of which a slip is told from another word."""


def _is_slip(typed: str, meant: str) -> bool:
    """Tell whether two words differ in one letter that is not the first, or have the same letters in another order, but for one."""
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
        last = f" after --{given[-1].given.key}" if given else ""
        message = f"There is a word too many{last}."
        raise UsageProblem(message, hint="Put a value with spaces in quotes: --KEY='a value'.")
    key = before_loose[0].key
    message = f"The word after --{key} could be its value or the NAME."
    raise UsageProblem(message, hint=f"Put the NAME first, or write --{key}=VALUE.")
