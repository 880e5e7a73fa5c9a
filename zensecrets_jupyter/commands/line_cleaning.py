"""Find the inline secrets on a command line, and the edits that remove them.

An inline secret is a sensitive value that the user typed on the line. The command tree parses the line, and its commands know which
arguments are sensitive. If the line is malformed, or its command takes no free options, each text that is likely a value counts as an
inline secret.
"""

from __future__ import annotations

import shlex
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.click_extensions import CONTEXT_SETTINGS, FreeOptionsCommand, convert_usage_error
from zensecrets_jupyter.commands.framework.command_groups import Group
from zensecrets_jupyter.commands.framework.free_options import Argument
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.commands.magic_lines import strip_comment
from zensecrets_jupyter.commands.malformed_lines import EXPANSION, guess_inline_secrets
from zensecrets_jupyter.commands.tree import root
from zensecrets_jupyter.core.interaction import NonInteractivePassphraseSource, use_passphrase_source
from zensecrets_jupyter.core.text_edits import Edit, apply_edits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.framework.free_options import PositionedArgument
    from zensecrets_jupyter.commands.framework.inline_secrets import InlineSecret


class LineFindings(NamedTuple):
    """The inline secrets of a command line.

    Attributes:
        inline_secrets: The inline secrets.
        edits: The edits that remove the inline secrets, in the order of the line.
        is_clean: Whether the line after the edits contains no inline secret; if it still contains one, ``edits`` is empty.
    """

    inline_secrets: tuple[InlineSecret, ...] = ()
    edits: tuple[Edit, ...] = ()
    is_clean: bool = True


def find_inline_secrets(group: Sequence[str], line: str, *, expands: bool = False) -> LineFindings:
    """Return the inline secrets of a command line, and the edits that remove them.

    Args:
        group: The command group of the line, such as ``["secret"]`` for ``%secret``.
        line: The command line.
        expands: Whether texts such as ``$x`` and ``{x}`` are expanded before the command runs. If so, these texts are no inline secrets.
    """
    line = strip_comment(line)
    with use_passphrase_source(NonInteractivePassphraseSource()):
        try:
            words = _split(line)
            parsed = _ParsedLine.parse([*group, *(word.text for word in words)])
            if parsed is None:
                return _guess(group, line, expands=expands)
            declared_words, free_options = parsed.arguments()
        except (ValueError, UsageProblem):
            return _guess(group, line, expands=expands)
        # `arguments_start` counts the words of `group`, which are not on the line.
        argument_words = words[parsed.arguments_start - len(group) :]
        options_and_secrets = [
            (option, secret)
            for option, secret in parsed.inline_secrets()
            if not (expands and _is_expansion(line, argument_words[option.text_index], secret.value))
        ]
        inline_secrets = tuple(secret for _, secret in options_and_secrets)
        sensitive_options = [option for option, _ in options_and_secrets]
        edits = tuple(_make_edits(argument_words, sensitive_options))
        # The cleaned line must have the same arguments, with a bare key in place of each sensitive option. Otherwise no edit is returned.
        expected = [Argument(option.argument.key, None) if option in sensitive_options else option.argument for option in free_options]
        cleaned_line = _ParsedLine.parse([*group, *(word.text for word in _split(apply_edits(line, edits)))])
        if cleaned_line is not None and cleaned_line.has_arguments(declared_words, expected):
            return LineFindings(inline_secrets, edits)
        return LineFindings(inline_secrets, is_clean=False)


def _is_expansion(line: str, word: _Word, value: str) -> bool:
    """Return whether a value is a text that a shell, IPython or Python expands.

    Single quotes prevent the expansion by a shell, but not the expansion of ``{x}`` by IPython.
    """
    return EXPANSION.fullmatch(value) is not None and (value.startswith("{") or "'" not in line[word.start : word.end])


class _Word(NamedTuple):
    """A word of a command line, without quotes and escapes.

    Attributes:
        text: The word.
        start: The offset of the word on the line, where it may have quotes.
        end: The offset after the word.
    """

    text: str
    start: int
    end: int

    @property
    def has_dash(self) -> bool:
        """Whether the word begins with a dash, and is longer than the dash."""
        return self.text.startswith("-") and self.text != "-"


def _split(line: str) -> list[_Word]:
    """Split a line as ``shlex.split`` does, and return the words with their offsets.

    Raises:
        ValueError: If a quote is not closed, or nothing follows a backslash.
    """
    expected_words = shlex.split(line)
    # The lexer reads one character of white space after each word, so the line end is added for the last word.
    stream = StringIO(f"{line}\n", newline="")
    lexer = shlex.shlex(stream, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[_Word] = []
    start = 0
    for word in lexer:
        # The lexer has read the word and one character of white space after it.
        end = stream.tell() - 1
        while line[start] in lexer.whitespace:
            start += 1
        words.append(_Word(word, start, end))
        start = end + 1
    # If the lexer splits the line differently, the offsets may be wrong. The caller treats the line as malformed.
    if [word.text for word in words] != expected_words:
        message = "The offsets of the words in this line are unknown."
        raise ValueError(message)
    return words


class _ParsedLine(NamedTuple):
    """A parsed command line.

    Attributes:
        command: The command, which takes free options.
        context: The Click context with the declared options.
        arguments_start: The index of the first word after the command's name.
        words: The words after the command's name.
    """

    command: FreeOptionsCommand
    context: click.Context
    arguments_start: int
    words: list[str]

    @classmethod
    def parse(cls, words: list[str]) -> _ParsedLine | None:
        """Parse a line with the command tree.

        Returns:
            The parsed line; ``None`` if it names no command, or a command that takes no free options.

        Raises:
            UsageProblem: If the words are not a valid command line.
        """
        command: click.Command = root
        context = click.Context(root, info_name="zen", **CONTEXT_SETTINGS)
        arguments_start = 0
        while isinstance(command, Group):
            if arguments_start == len(words) or words[arguments_start].startswith("-"):
                return None
            _, subcommand, _ = command.resolve_command(context, words[arguments_start:])
            if subcommand is None:
                return None
            command, context = subcommand, click.Context(subcommand, info_name=words[arguments_start], parent=context)
            arguments_start += 1
        if not isinstance(command, FreeOptionsCommand):
            return None
        try:
            context = command.make_context(context.info_name, words[arguments_start:], parent=context.parent, resilient_parsing=True)
        except click.UsageError as error:
            raise convert_usage_error(error) from None
        return cls(command, context, arguments_start, words[arguments_start:])

    def arguments(self) -> tuple[list[str], list[PositionedArgument]]:
        """Return the words of the declared arguments and options, and the free options."""
        return self.command.positioned_arguments(self.context, self.words)

    def inline_secrets(self) -> list[tuple[PositionedArgument, InlineSecret]]:
        """Return the free options that contain an inline secret, each with the secret."""
        pairs = ((option, self.command.find_inline_secret(self.context, option.argument)) for option in self.arguments()[1])
        return [(option, secret) for option, secret in pairs if secret is not None]

    def has_arguments(self, declared_words: list[str], free_options: list[Argument]) -> bool:
        """Return whether the line has exactly these arguments; the order of free options may differ."""
        try:
            own_words, own_options = self.arguments()
        except UsageProblem:
            return False
        # Sets ignore the order.
        own_arguments = {option.argument for option in own_options}
        return own_words == declared_words and len(own_options) == len(free_options) and own_arguments == set(free_options)


def _make_edits(words: list[_Word], sensitive_options: list[PositionedArgument]) -> list[Edit]:
    """Return the edits that replace each sensitive option by a bare key.

    Args:
        words: The words after the command's name.
        sensitive_options: The sensitive options, with indexes into ``words``.
    """
    edits: list[Edit] = []
    # A word without a dash after a bare key would become the value of the key. A key before such a word is moved to the end of the line.
    moved_keys = ""
    # For each word: whether a word without a dash follows it.
    is_before_plain_word = [not word.has_dash for word in words[1:]] + [False]
    # From right to left, so that the words after an option are final.
    for option in sorted(sensitive_options, key=lambda option: option.key_index, reverse=True):
        key_word, text_word = words[option.key_index], words[option.text_index]
        bare_key = _quote(f"--{option.argument.key}")
        if is_before_plain_word[option.text_index]:
            moved_keys = f" {bare_key}{moved_keys}"
            edits.append(Edit(key_word.start, words[option.text_index + 1].start, ""))
            # After the removal of the option, the plain word follows the word before the option.
            if option.key_index:
                is_before_plain_word[option.key_index - 1] = True
        elif option.key_index == option.text_index:
            edits.append(Edit(key_word.start, key_word.end, bare_key))
        else:
            edits.append(Edit(key_word.end, text_word.end, ""))
    if moved_keys:
        edits.append(Edit(words[-1].end, words[-1].end, moved_keys))
    return sorted(edits)


def _quote(text: str) -> str:
    """Return ``text`` as one word of a shell, in quotes only if necessary."""
    try:
        return text if shlex.split(text) == [text] else shlex.quote(text)
    except ValueError:
        return shlex.quote(text)


def _guess(group: Sequence[str], line: str, *, expands: bool) -> LineFindings:
    """Return the likely inline secrets of an unparsed line, and the edits that remove them.

    A key is written as ``--key`` in place of its argument. A value without a key is removed.
    """
    guesses = guess_inline_secrets(group, line, expands=expands)
    edits = tuple(Edit(guess.start, guess.end, f"--{guess.key}" if guess.key else "") for guess in guesses)
    return LineFindings(tuple(secret for guess in guesses for secret in guess.inline_secrets), edits)
