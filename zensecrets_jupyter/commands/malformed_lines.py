"""Guess the inline secrets of a malformed command line.

A line is malformed if it has, for example, an unclosed quote, a space around ``=``, or an unknown command. The command fails, but the line
still contains the value that the user typed. A text counts as a value if it follows a text that looks like a key.
"""

from __future__ import annotations

import difflib
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.click_extensions import SETTINGS, Command, FreeOptionsCommand
from zensecrets_jupyter.commands.framework.command_groups import Group
from zensecrets_jupyter.commands.framework.free_options import Argument
from zensecrets_jupyter.commands.framework.inline_secrets import InlineSecret
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.commands.tree import root
from zensecrets_jupyter.core.fields import looks_sensitive
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.core.reference import single_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VALUE_COMMANDS = ("register", "update")
"""The commands whose arguments may be values."""

_ARGUMENT = re.compile(
    r"(?<!\S)(?:(?P<dashes>[-\u2010-\u2015\u2212]{1,3})(?P<key>[^\W\d][\w.-]*)|(?P<bare>[^\W\d][\w.-]*)(?=\s*=))(?P<equals>\s*=|:(?=\S))?\s*"
)
"""``--key=``, ``--key``, ``-key=``, ``--key:`` or ``key =``; word processors and web pages replace hyphens by dashes."""

_WORD = re.compile(r"[^\s\"']+")

_HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u2212")
"""Characters that replace one hyphen; an em dash replaces two."""

_COMMON_OPTIONS = {"--schema": True, "-s": True, "--flavor": True, "-f": True, "--interactive": False, "-i": False, "--wait": False}
"""The options of an unknown command, and whether each takes a value."""

_MIXED_WORD = re.compile(r"(?=.*\d)(?=.*[^\W\d]).{8,}")
"""A word with letters and digits, which is specific enough to be masked in all outputs."""

EXPANSION = re.compile(r"\$\(.*\)|\$\{?\w+\}?|\{[^{}]+\}|`.*`|%\(\w+\)s|%s", re.DOTALL)
"""A text that a shell, IPython or Python expands."""


class Guess(NamedTuple):
    """A likely argument with a value.

    Attributes:
        start: The offset of the argument in the line.
        end: The offset after the argument.
        key: The key, or an empty string for a value without a key.
        inline_secrets: The likely values.
    """

    start: int
    end: int
    key: str
    inline_secrets: tuple[InlineSecret, ...]


def guess_inline_secrets(group: Sequence[str], line: str, *, expands: bool = False) -> list[Guess]:
    """Return the likely arguments with values on a malformed line.

    Args:
        group: The command group of the line, such as ``["secret"]`` for ``%secret``.
        line: The command line.
        expands: Whether ``$x`` and ``{x}`` are expanded before the command runs.
    """
    first_argument = _ARGUMENT.search(line)
    words_before = _WORD.findall(line, 0, first_argument.start() if first_argument else len(line))
    target = _TargetCommand.find([*group, *words_before])
    if target is None:
        return []
    arguments = list(_find_arguments(line, target.options, has_name=bool(target.words)))
    context = target.make_context([line[argument.start : argument.end] for argument in arguments if argument.is_declared])
    guesses = []
    for argument in arguments:
        raw = line[argument.value : argument.end]
        if argument.is_declared or not raw or (expands and EXPANSION.fullmatch(raw.strip("\"'"))):
            continue
        texts = [text for text in _possible_values(raw) if target.is_sensitive(context, argument.key, text)]
        if texts:
            guesses.append(
                Guess(
                    argument.start, argument.end, argument.key, tuple(InlineSecret(f"{target.name}.{argument.key}", text) for text in texts)
                )
            )
    if not target.takes_no_values:
        other_words = _words_outside(line, arguments)[len(words_before) - len(target.words) :]
        guesses += _guess_values_without_key(line, other_words, target.name)
    return sorted(guesses)


def _words_outside(line: str, arguments: Sequence[_Argument]) -> list[re.Match[str]]:
    """Return the words of a line that belong to no argument."""
    return [word for word in _WORD.finditer(line) if not any(argument.start <= word.start() < argument.end for argument in arguments)]


def _guess_values_without_key(line: str, words: Sequence[re.Match[str]], name: str) -> Iterator[Guess]:
    """Yield a guess for each word that looks like a value.

    The first word may be the name of the secret. Therefore the first word counts only if no other word looks like a value.
    """
    likely = [word for word in words[1:] if is_opaque(word[0])] or [word for word in words[:1] if words[1:] and is_opaque(word[0])]
    for word in likely:
        start, end = len(line[: word.start()].rstrip()), word.end()
        for quote in ("'", '"'):
            if line[:start].endswith(quote) and line.startswith(quote, end):
                start, end = len(line[: start - 1].rstrip()), end + 1
        yield Guess(start, end, "", (InlineSecret(f"{name}.value", word[0]),))


class _Argument(NamedTuple):
    """An argument of a malformed line.

    Attributes:
        start: The offset of the argument.
        value: The offset of its value.
        end: The offset after its value.
        key: The key.
        is_declared: Whether the command declares it as an option, so that its value is no secret value.
    """

    start: int
    value: int
    end: int
    key: str
    is_declared: bool


def _find_arguments(line: str, options: dict[str, bool], *, has_name: bool) -> Iterator[_Argument]:
    """Yield the arguments; a value extends to the next argument."""
    position = 0
    while (match := _ARGUMENT.search(line, position)) is not None:
        key = match["key"] or match["bare"]
        value = match.end()
        option = f"{'--' if match['dashes'] not in _HYPHENS else '-'}{key}".replace("_", "-")
        short = option[:2] if option[:2] in options and not option.startswith("--") and not match["equals"] else ""
        if option in options or short:
            has_value_word = options[option] if option in options else options[short] and option == short
            end = _end_of_word(line, value) if has_value_word else match.end()
            yield _Argument(match.start(), value, end, key, is_declared=True)
        elif option[1] != "-" and len(key) == 1 and not match["equals"] and not has_name:
            # A single letter after one dash is an unknown flag. Without `=` and without a name on the line, it is no key.
            yield _Argument(match.start(), value, value, key, is_declared=True)
            position = value
            continue
        else:
            after_quote = _end_of_word(line, value) if line[value : value + 1] in {'"', "'"} else value
            following = _ARGUMENT.search(line, after_quote)
            end = value + len(line[value : following.start() if following else len(line)].rstrip())
            yield _Argument(match.start(), value, end, key, is_declared=False)
        position = max(end, match.end())


def _end_of_word(line: str, start: int) -> int:
    """Return the offset after a word, or after its first quote if that is unclosed."""
    match = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\S)*""", re.DOTALL).match(line, start)
    end = match.end() if match else start
    return end if line[start : start + 1] not in {'"', "'"} or line[start] in line[start + 1 : end] else start + 1


def _possible_values(raw: str) -> Iterator[str]:
    """Yield the values that the user may have meant by a raw text."""
    try:
        words = shlex.split(raw)
    except ValueError:
        words = []
    if len(words) == 1:
        yield words[0]
        if "\\" in raw:
            yield raw
        return
    yield raw.strip("\\\"'")
    yield from (word for word in words or raw.split() if _MIXED_WORD.fullmatch(word))


class _TargetCommand(NamedTuple):
    """The command of a malformed line.

    Attributes:
        command: The command; ``None`` if it is unknown or takes no secret values.
        words: The words after the command's name.
        options: The declared options, and whether each takes a value.
        takes_no_values: Whether the command is known to take no secret values.
    """

    command: FreeOptionsCommand | None
    words: list[str]
    options: dict[str, bool]
    takes_no_values: bool = False

    @classmethod
    def find(cls, words: list[str]) -> _TargetCommand | None:
        """Return the command of a line; ``None`` if the line can't contain secret values.

        A mistyped group is replaced by the most similar group. A mistyped command counts as unknown, and may take secret values, unless
        the most similar command takes none.
        """
        command: click.Command = root
        context = click.Context(root, info_name="zen", **SETTINGS)
        rest = list(words)
        while isinstance(command, Group) and rest:
            try:
                _, subcommand, _ = command.resolve_command(context, rest)
            except UsageProblem:
                names = [*command.list_commands(context), *VALUE_COMMANDS]
                nearest = difflib.get_close_matches(rest[0].lower(), names, n=1)
                if not nearest or nearest[0] in VALUE_COMMANDS:
                    return cls(None, rest[1:], _COMMON_OPTIONS)
                subcommand = command.get_command(context, nearest[0])
                if not isinstance(subcommand, Group):
                    return None
            if subcommand is None:
                return None
            command, context, rest = subcommand, click.Context(subcommand, parent=context), rest[1:]
        if isinstance(command, Group):
            return cls(None, [], _COMMON_OPTIONS, takes_no_values=command is root)
        options = command.declared_options(context) if isinstance(command, Command) else _COMMON_OPTIONS
        return cls(command, rest, options) if isinstance(command, FreeOptionsCommand) else cls(None, rest, options, takes_no_values=True)

    @property
    def name(self) -> str:
        """The name of the secret or component on the line; ``typed`` if there is none."""
        return next((word for word in self.words if not word.startswith("-") and not is_opaque(word)), "typed")

    def make_context(self, options: list[str]) -> click.Context | None:
        """Return the Click context for declared options; ``None`` if Click can't parse them."""
        if self.command is None:
            return None
        try:
            words = [self.name, *(word for option in options for word in shlex.split(option))]
            return self.command.make_context("zen", words, resilient_parsing=True, **SETTINGS)
        except (click.UsageError, UsageProblem, ValueError):
            return None

    def is_sensitive(self, context: click.Context | None, key: str, text: str) -> bool:
        """Return whether the value of a key is sensitive.

        If the command or the context is unknown, every text except a reference and a file name is sensitive.
        """
        if self.command is not None and context is not None:
            return self.command.inline_secret(context, Argument(key, text)) is not None
        if self.takes_no_values and not (looks_sensitive(key, text) or is_opaque(text)):
            return False
        return bool(text) and single_reference(text) is None and (not text.startswith("@") or text.startswith("@@"))
