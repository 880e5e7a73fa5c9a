"""Parse free options, which no command declares.

A free option is a key of a secret or an attribute of a component. A person writes it as ``--key=value``, ``--key value`` or ``--key``,
anywhere on the line. Errors never repeat a text that may be a value.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


_KEY = re.compile(r"[^\W\d][\w.-]*")
"""A usual key: a letter, then letters, digits, ``_``, ``.`` and ``-``."""
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
"""The hyphen, and the dashes that word processors and web pages write in its place."""


class Argument(NamedTuple):
    """A free option.

    Attributes:
        key: The key, without the dashes before it.
        text: The text as typed; ``None`` for a bare ``--key``, for which the command asks for the value.
    """

    key: str
    text: str | None


class PositionedArgument(NamedTuple):
    """A free option and its position on the line.

    Attributes:
        argument: The free option.
        key_index: The index of the word with the key.
        text_index: The index of the word with the text. It equals ``key_index`` if one word has both.
    """

    argument: Argument
    key_index: int
    text_index: int


class _PlainWord(NamedTuple):
    """A word that does not begin with a dash.

    Attributes:
        text: The word.
        bare_option: The bare option directly before the word, which may take the word as its value; ``None`` if there is none.
        word_index: The index of the word on the line.
    """

    text: str
    bare_option: Argument | None
    word_index: int


REPEATABLE_KEYS = frozenset({"clear"})
"""Keys that :func:`split` allows several times on a line.

For example, ``--clear region --clear endpoint`` names keys of external secrets whose values are not masked. The command checks later that
the attribute with this name is a list.
"""


def split(
    words: Sequence[str], options: Mapping[str, bool], *, positional_count: int | None = 1, lenient: bool = False
) -> tuple[list[str], list[Argument]]:
    """Split the words of a line into declared words and free options.

    Args:
        words: The words after the command.
        options: The names of the declared options, with ``-`` for ``_``, and whether each takes a value.
        positional_count: The number of positional words. With ``None``, all words without a dash are positional, and no free option takes
            the next word as its value.
        lenient: Whether to raise no errors. A malformed line is then split as well as possible.

    Returns:
        The words of declared arguments and options, and the free options.

    Raises:
        UsageProblem: If a key is repeated or empty, a declared option has no value, or a word could be a positional word or a value.
    """
    declared_words, positioned = split_with_positions(words, options, positional_count=positional_count, lenient=lenient)
    return declared_words, [option.argument for option in positioned]


def split_with_positions(
    words: Sequence[str], options: Mapping[str, bool], *, positional_count: int | None = 1, lenient: bool = False
) -> tuple[list[str], list[PositionedArgument]]:
    """Split the words as :func:`split` does, and return the free options with their positions."""
    line = _Line(options, lenient=lenient)
    line.read(words)
    # Several bare options may be equal, so each is identified by its id.
    words_after_options = {id(word.bare_option): word for word in line.plain_words if word.bare_option is not None}
    positional_words = [word.text for word in line.plain_words if word.bare_option is None]
    # Here each bare option remains without a text, and all words without a dash are positional.
    if positional_count is None or (lenient and len(positional_words) != positional_count):
        return [*line.declared_words, "--", *(word.text for word in line.plain_words)], line.free_options
    if not lenient:
        bare_options = [word.bare_option for word in line.plain_words if word.bare_option is not None]
        _refuse_ambiguous_words(len(positional_words), positional_count, bare_options, line.free_options)
    positioned = []
    for option in line.free_options:
        # A bare option takes the word after it as its text.
        word = words_after_options.get(id(option.argument))
        if word is None:
            positioned.append(option)
        else:
            positioned.append(PositionedArgument(Argument(option.argument.key, word.text), option.key_index, word.word_index))
    if not lenient:
        check_duplicates(option.argument.key for option in positioned if option.argument.key not in REPEATABLE_KEYS)
    return [*line.declared_words, "--", *positional_words], positioned


class _Line:
    """Splits a line into declared options, free options, and words without a dash."""

    def __init__(self, options: Mapping[str, bool], *, lenient: bool) -> None:
        self._options = options
        self._lenient = lenient
        self.declared_words: list[str] = []
        self.free_options: list[PositionedArgument] = []
        self.plain_words: list[_PlainWord] = []

    def read(self, words: Sequence[str]) -> None:
        """Add each word to :attr:`declared_words`, :attr:`free_options` or :attr:`plain_words`."""
        remaining_words = list(words)
        bare_option: Argument | None = None
        while remaining_words:
            index = len(words) - len(remaining_words)
            word = remaining_words.pop(0)
            previous_option, bare_option = bare_option, None
            head, equals, text = word.partition("=")
            if word == "--":
                # All words after `--` are positional, even if they begin with a dash.
                self.plain_words += [_PlainWord(text, None, position) for position, text in enumerate(remaining_words, index + 1)]
                return
            if _with_hyphens(head) in self._options:
                self._read_declared_option(word, remaining_words)
            elif word.startswith("--"):
                if not self._lenient and not equals:
                    _refuse_colon(head[2:])
                self.free_options.append(PositionedArgument(Argument(head[2:], text if equals else None), index, index))
                bare_option = None if equals else self.free_options[-1].argument
            elif word.startswith("-") and len(word) > 1:
                if not self._lenient:
                    _refuse_unknown_short_option(word, previous_option.key if previous_option else "", self._options)
                self.declared_words.append(word)
            else:
                if not self._lenient:
                    _refuse_equals_sign(word, previous_option.key if previous_option else "")
                self.plain_words.append(_PlainWord(word, previous_option, index))

    def _read_declared_option(self, word: str, remaining_words: list[str]) -> None:
        """Add a declared option, and its value in the next word, to :attr:`declared_words`."""
        head, equals, _ = word.partition("=")
        if equals or not self._options[_with_hyphens(head)]:
            self.declared_words.append(word)
        elif remaining_words:
            self.declared_words += [word, remaining_words.pop(0)]
        elif not self._lenient:
            raise UsageProblem(f"The option {head} needs a value.", hint=f"Write {head}=VALUE.")


def check_duplicates(keys: Iterable[str]) -> None:
    """Check that no key is repeated or empty.

    Raises:
        UsageProblem: If a key is repeated or empty. The error names the repeated key.
    """
    seen: set[str] = set()
    for key in keys:
        if not key:
            raise UsageProblem("There is a '--' without a key.", hint="Write --KEY=VALUE.")
        if key in seen:
            raise UsageProblem(f"--{key} occurs twice.", hint="Write it once.")
        seen.add(key)


def matching_name(key: str, names: Iterable[str]) -> str:
    """Return the name that equals ``key``, or differs from it only in ``-`` and ``_``.

    If there is none, the result is ``key``.
    """
    candidates = list(names)
    if key in candidates:
        return key
    return next((name for name in candidates if _with_hyphens(name) == _with_hyphens(key)), key)


def check_typos(keys: Iterable[str], options: Iterable[str], valid_keys: Iterable[str], *, alternative: str = "") -> None:
    """Check that no key is a declared option with one typing error.

    Args:
        keys: The keys.
        options: The declared options of the command.
        valid_keys: Keys that are never errors.
        alternative: The part of the hint that says how to set a key with this name. ``KEY`` in the text is replaced by the key.

    Raises:
        UsageProblem: If a key looks like a mistyped option. The error names the key and the option, and no value.
    """
    valid_names = {_with_hyphens(key) for key in valid_keys}
    long_options = [option[2:] for option in options if option.startswith("--") and len(option) >= _MIN_OPTION_LENGTH + 2]
    for key in keys:
        name = _with_hyphens(key)
        # A key that begins with an option, or is the beginning of an option, is no typing error: `stripe` begins with the option `strip`,
        # and `value` is the beginning of `values`.
        candidates = [option for option in long_options if not name.startswith(option) and not option.startswith(name)]
        intended_option = next((option for option in candidates if _is_typo(name, option)), "")
        # Keys with a digit at the end are usually numbered, such as `value2`.
        if intended_option and name not in valid_names and name not in _KEYS_LIKE_OPTIONS and not name[-1:].isdigit():
            message = f"--{key} looks like a typing error of the option --{intended_option}."
            hint = f"Write --{intended_option}{'; or, if it is a key, ' + alternative.replace('KEY', key) if alternative else ''}."
            raise UsageProblem(message, hint=hint)


_KEYS_LIKE_OPTIONS = {"scheme", "valued", "volume"}
"""Keys that are similar to an option, but no typing errors, such as `scheme` (`--schema`)."""
_MIN_OPTION_LENGTH = 5
"""The minimum length of an option that is checked for typing errors.

Shorter options are similar to too many keys.
"""


def _is_typo(word: str, option: str) -> bool:
    """Return whether ``word`` is ``option`` with one typing error.

    A typing error is one wrong, missing or additional letter that is not the first, or a different order of letters. An option with more
    than five letters may have both: a different order, and one missing or additional letter.
    """
    if abs(len(word) - len(option)) > 1:
        return False
    if word[:1] != option[:1]:
        # If the first letters differ, only an exchange of the first two letters counts.
        return len(word) == len(option) and word[1::-1] + word[2:] == option
    # The common beginning of both words is cut off.
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(word, option, strict=False)))
    word_rest, option_rest = word[start:], option[start:]
    # One letter is wrong, missing or additional.
    if word_rest[1:] == option_rest[1:] or word_rest[1:] == option_rest or word_rest == option_rest[1:]:
        return True
    # Two neighboring letters are exchanged.
    if word_rest[:2] == option_rest[1::-1] and word_rest[2:] == option_rest[2:]:
        return True
    # The order of the letters differs in another way. In a long word, one letter may also be missing or additional.
    differing_letters = (Counter(word) - Counter(option)) + (Counter(option) - Counter(word))
    return len(option) > _MIN_OPTION_LENGTH and differing_letters.total() <= 1


def _with_hyphens(word: str) -> str:
    return word.replace("_", "-")


def _refuse_colon(key: str) -> None:
    """Raise UsageProblem if the user typed ``--key:value`` instead of ``--key=value``.

    Args:
        key: The text after ``--``.
    """
    head, colon, text = key.partition(":")
    # The name of a key may contain a colon, so only a colon before a likely value is an error.
    if colon and text and _KEY.fullmatch(head) and (is_opaque(text) or not _KEY.fullmatch(text)):
        raise UsageProblem(f"There is a ':' after --{head}.", hint=f"Write --{head}=VALUE.")


def _refuse_equals_sign(word: str, key: str) -> None:
    """Raise UsageProblem for a word without ``-`` that looks like a part of ``--key=value``.

    Args:
        word: The word.
        key: The key of a bare option directly before the word; empty if there is none.
    """
    head, equals, _ = word.partition("=")
    if equals and not key and head[:1] in _DASHES and _KEY.fullmatch(head.lstrip(_DASHES)):
        head = head.lstrip(_DASHES)
        raise UsageProblem(f"The dash before {head}=… is not '--'.", hint=f"Write --{head}=VALUE.")
    if equals and key and not head:
        message = f"There is a space between --{key} and its value."
        raise UsageProblem(message, hint=f"Write --{key}=VALUE without spaces. A value that starts with '=' is written --{key}==…")
    if equals and not key and _KEY.fullmatch(head):
        raise UsageProblem(f"There is no '--' before {head}=…", hint=f"Write --{head}=VALUE. If the word is a name, write it after ' -- '.")
    if equals and not key and not head:
        raise UsageProblem("There is a '=' without a key before it.", hint="Write --KEY=VALUE without spaces.")


def _refuse_unknown_short_option(word: str, key: str, options: Mapping[str, bool]) -> None:
    """Raise UsageProblem for a word with one dash that is no declared short option.

    Args:
        word: The word.
        key: The key of a bare option directly before the word; empty if there is none.
        options: The declared options, and whether each takes a value.
    """
    # The value of a short option may follow directly, as in -saws, and short flags may be joined.
    if options.get(word[:2]) or all(f"-{letter}" in options for letter in word[1:]):
        return
    if key:
        message = f"The word after --{key} starts with '-'."
        raise UsageProblem(message, hint=f"If the word is the value, write --{key}=VALUE.")
    short_options = ", ".join(sorted(option for option in options if not option.startswith("--")))
    raise UsageProblem(
        f"There is no option {word[:2]!r}.", hint=f"The short options are {short_options}." if short_options else "Write --KEY=VALUE."
    )


def _refuse_ambiguous_words(count: int, expected_count: int, bare_options: list[Argument], free_options: list[PositionedArgument]) -> None:
    """Raise UsageProblem if the words without a dash are too many or ambiguous.

    Args:
        count: The number of words that are certainly positional: no bare option is directly before them.
        expected_count: The number of positional words that the command takes.
        bare_options: The bare options that are directly before a word without a dash. The word may be the value of the option.
        free_options: All free options of the line.
    """
    if count == expected_count or (count < expected_count and not bare_options):
        return
    if count > expected_count:
        position = f" after --{free_options[-1].argument.key}" if free_options else ""
        message = f"There is one word too many{position}."
        raise UsageProblem(message, hint="Put a value with spaces in quotes: --KEY='a value'.")
    key = bare_options[0].key
    message = f"The word after --{key} could be its value or the NAME."
    raise UsageProblem(message, hint=f"Put the NAME first, or write --{key}=VALUE.")
