"""Guess the inline secrets of a malformed command line.

A line is malformed if it has, for example, an unclosed quote, a space around ``=``, or an unknown command. The command fails, but the line
still contains the value that the user typed. A text counts as a value if it follows a text that looks like a key, or if it looks random.
"""

from __future__ import annotations

import difflib
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.click_extensions import CONTEXT_SETTINGS, Command, FreeOptionsCommand
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
"""The names of the commands whose arguments may be values of secrets or of attributes."""

_ARGUMENT = re.compile(
    r"(?<!\S)(?:(?P<dashes>[-\u2010-\u2015\u2212]{1,3})(?P<key>[^\W\d][\w.-]*)|(?P<bare>[^\W\d][\w.-]*)(?=\s*=))(?P<equals>\s*=|:(?=\S))?\s*"
)
"""The key of an argument: ``--key=``, ``--key``, ``-key=``, ``--key:`` or ``key =``.

Word processors and web pages may have replaced the hyphens by dashes. Three dashes are a typing error for two.
"""

_WORD = re.compile(r"[^\s\"']+")
"""A word of the line, without quotes."""

_HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u2212")
"""Characters that replace one hyphen.

An em dash replaces two hyphens, so it is not in this set.
"""

_COMMON_OPTIONS = {"--schema": True, "-s": True, "--flavor": True, "-f": True, "--interactive": False, "-i": False, "--wait": False}
"""Options that many commands declare, and whether each takes a value.

They are assumed for an unknown command.
"""

_MIXED_WORD = re.compile(r"(?=.*\d)(?=.*[^\W\d]).{8,}")
"""A word of at least eight characters with a letter and a digit.

Ordinary words are excluded, because the guard would mask them in all outputs.
"""

EXPANSION = re.compile(r"\$\(.*\)|\$\{?\w+\}?|\{[^{}]+\}|`.*`|%\(\w+\)s|%s", re.DOTALL)
"""A text that a shell, IPython or Python expands."""


class Guess(NamedTuple):
    """A part of a line that is probably an argument with a secret value.

    Attributes:
        start: The offset of the argument in the line.
        end: The offset after the argument.
        key: The key, without dashes; empty for a value without a key.
        inline_secrets: The texts of which each may be the value.
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
    intended_command = _IntendedCommand.find([*group, *words_before])
    if intended_command is None:
        return []
    arguments = list(_find_arguments(line, intended_command.options, has_name=bool(intended_command.words)))
    context = intended_command.make_context([line[argument.start : argument.end] for argument in arguments if argument.is_declared])
    guesses = []
    for argument in arguments:
        raw_value = line[argument.value_start : argument.end]
        is_expansion = expands and EXPANSION.fullmatch(raw_value.strip("\"'"))
        if argument.is_declared or not raw_value or is_expansion:
            continue
        texts = [text for text in _possible_values(raw_value) if intended_command.is_sensitive(context, argument.key, text)]
        if texts:
            inline_secrets = tuple(InlineSecret(f"{intended_command.name}.{argument.key}", text) for text in texts)
            guesses.append(Guess(argument.start, argument.end, argument.key, inline_secrets))
    if intended_command.may_take_values:
        # The first words name the groups and the command, so they are skipped.
        other_words = _words_outside(line, arguments)[len(words_before) - len(intended_command.words) :]
        guesses += _guess_values_without_key(line, other_words, intended_command.name)
    return sorted(guesses)


def _words_outside(line: str, arguments: Sequence[_Argument]) -> list[re.Match[str]]:
    """Return the words of a line that belong to no argument."""
    return [word for word in _WORD.finditer(line) if not any(argument.start <= word.start() < argument.end for argument in arguments)]


def _guess_values_without_key(line: str, words: Sequence[re.Match[str]], name: str) -> Iterator[Guess]:
    """Yield a guess for each word that looks like a value.

    The first word may be the name of the secret. It gets a guess only if it looks like a value, more words follow, and no other word looks
    like a value.
    """
    likely_values = [word for word in words[1:] if is_opaque(word[0])]
    if not likely_values and len(words) > 1:
        likely_values = [word for word in words[:1] if is_opaque(word[0])]
    for word in likely_values:
        # The guess includes the white space before the word, and the quotes around it.
        start, end = len(line[: word.start()].rstrip()), word.end()
        for quote in ("'", '"'):
            if line[:start].endswith(quote) and line.startswith(quote, end):
                start, end = len(line[: start - 1].rstrip()), end + 1
        yield Guess(start, end, "", (InlineSecret(f"{name}.value", word[0]),))


class _Argument(NamedTuple):
    """An argument of a malformed line.

    Attributes:
        start: The offset of the argument.
        value_start: The offset of its value.
        end: The offset after its value.
        key: The key.
        is_declared: Whether it is a declared option or an unknown flag. In both cases, it has no secret value.
    """

    start: int
    value_start: int
    end: int
    key: str
    is_declared: bool


def _find_arguments(line: str, options: dict[str, bool], *, has_name: bool) -> Iterator[_Argument]:
    """Yield the arguments of a line, in order.

    The value of a free option extends to the next argument.

    Args:
        line: The line.
        options: The declared options, and whether each takes a value.
        has_name: Whether a word is between the command and the first argument, which is the name of the secret or component.
    """
    position = 0
    while (match := _ARGUMENT.search(line, position)) is not None:
        key = match["key"] or match["bare"]
        value_start = match.end()
        # Two hyphens, an em dash, or a key without dashes mean a long option.
        option = f"{'--' if match['dashes'] not in _HYPHENS else '-'}{key}".replace("_", "-")
        # The value of a short option may follow directly, as in -saws.
        is_short = not option.startswith("--") and not match["equals"]
        short_option = option[:2] if is_short and option[:2] in options else ""
        if option in options or short_option:
            # A value that follows a short option directly, as in -saws, is already in the match.
            has_value_word = options[option] if option in options else options[short_option] and option == short_option
            end = _end_of_word(line, value_start) if has_value_word else match.end()
            yield _Argument(match.start(), value_start, end, key, is_declared=True)
        elif option[1] != "-" and len(key) == 1 and not match["equals"] and not has_name:
            # A single letter after one dash is an unknown flag. Without `=` and without a name on the line, it is no key.
            yield _Argument(match.start(), value_start, value_start, key, is_declared=True)
            position = value_start
            continue
        else:
            is_quoted = line[value_start : value_start + 1] in {'"', "'"}
            # A text in quotes may look like an argument, so the next argument is searched after the quotes.
            next_argument = _ARGUMENT.search(line, _end_of_word(line, value_start) if is_quoted else value_start)
            value = line[value_start : next_argument.start() if next_argument else len(line)].rstrip()
            end = value_start + len(value)
            yield _Argument(match.start(), value_start, end, key, is_declared=False)
        position = max(end, match.end())


def _end_of_word(line: str, start: int) -> int:
    """Return the offset after the word at ``start``.

    If the word begins with an unclosed quote, the result is the offset after the quote character.
    """
    # A word consists of texts in double or single quotes, and of other characters.
    match = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\S)*""", re.DOTALL).match(line, start)
    end = match.end() if match else start
    has_unclosed_quote = line[start : start + 1] in {'"', "'"} and line[start] not in line[start + 1 : end]
    return start + 1 if has_unclosed_quote else end


def _possible_values(raw_value: str) -> Iterator[str]:
    """Yield the values that the user may have meant, given a text with its quotes and escapes."""
    try:
        words = shlex.split(raw_value)
    except ValueError:
        words = []
    if len(words) == 1:
        yield words[0]
        # A backslash may be an escape or a part of the value, so the text with the backslash is possible too.
        if "\\" in raw_value:
            yield raw_value
        return
    # Several words, or an unclosed quote: the value may be the whole text, or each word that is specific enough.
    yield raw_value.strip("\\\"'")
    yield from (word for word in words or raw_value.split() if _MIXED_WORD.fullmatch(word))


class _IntendedCommand(NamedTuple):
    """The command that the user meant on a malformed line.

    Attributes:
        command: The command; ``None`` if it is unknown or takes no secret values.
        words: The words between the command's name and the first option.
        options: The declared options, and whether each takes a value.
        may_take_values: Whether the command may take secret values: it takes them, or it is unknown.
    """

    command: FreeOptionsCommand | None
    words: list[str]
    options: dict[str, bool]
    may_take_values: bool = True

    @classmethod
    def find(cls, words: list[str]) -> _IntendedCommand | None:
        """Return the command of a line; ``None`` if the line can't contain secret values.

        A mistyped group is replaced by the most similar group. A mistyped command counts as an unknown command, which may take secret
        values. If the most similar command is neither ``register`` nor ``update``, the result is ``None``.

        Args:
            words: The words before the first option, beginning with the group.
        """
        command: click.Command = root
        context = click.Context(root, info_name="zen", **CONTEXT_SETTINGS)
        remaining_words = list(words)
        while isinstance(command, Group) and remaining_words:
            try:
                _, subcommand, _ = command.resolve_command(context, remaining_words)
            except UsageProblem:
                names = [*command.list_commands(context), *VALUE_COMMANDS]
                similar_names = difflib.get_close_matches(remaining_words[0].lower(), names, n=1)
                if not similar_names or similar_names[0] in VALUE_COMMANDS:
                    return cls(None, remaining_words[1:], _COMMON_OPTIONS)
                subcommand = command.get_command(context, similar_names[0])
                if not isinstance(subcommand, Group):
                    return None
            if subcommand is None:
                return None
            command, context = subcommand, click.Context(subcommand, parent=context)
            remaining_words = remaining_words[1:]
        if isinstance(command, Group):
            return cls(None, [], _COMMON_OPTIONS, may_take_values=command is not root)
        options = command.declared_options(context) if isinstance(command, Command) else _COMMON_OPTIONS
        return (
            cls(command, remaining_words, options)
            if isinstance(command, FreeOptionsCommand)
            else cls(None, remaining_words, options, may_take_values=False)
        )

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
            return self.command.make_context("zen", words, resilient_parsing=True, **CONTEXT_SETTINGS)
        except (click.UsageError, UsageProblem, ValueError):
            return None

    def is_sensitive(self, context: click.Context | None, key: str, text: str) -> bool:
        """Return whether the value of a key is sensitive.

        If the command or the context is unknown, every text except a reference and a file name is sensitive. For a command that takes no
        secret values, the text must also look like a secret.
        """
        if self.command is not None and context is not None:
            return self.command.find_inline_secret(context, Argument(key, text)) is not None
        if not self.may_take_values and not (looks_sensitive(key, text) or is_opaque(text)):
            return False
        return bool(text) and single_reference(text) is None and (not text.startswith("@") or text.startswith("@@"))
