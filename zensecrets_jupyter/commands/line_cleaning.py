"""Find inline secrets on a command line, and remove them.

A line is parsed with the command tree, which knows the sensitive arguments. On a malformed line, likely values are guessed and removed too.
"""

from __future__ import annotations

import shlex
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.click_extensions import SETTINGS, FreeOptionsCommand, convert_usage_error
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
    """The inline secrets of a line.

    Attributes:
        inline_secrets: The inline secrets.
        edits: The edits that remove them, from left to right.
        is_clear: Whether the edits remove all of them; otherwise there are no edits.
    """

    inline_secrets: tuple[InlineSecret, ...] = ()
    edits: tuple[Edit, ...] = ()
    is_clear: bool = True


def find_inline_secrets(group: Sequence[str], line: str, *, expands: bool = False) -> LineFindings:
    """Find the inline secrets of a line, and the edits that remove them.

    Args:
        group: The command group of the line, such as ``secret`` for ``%secret``.
        line: The line.
        expands: Whether ``$x`` and ``{x}`` are expanded before the command runs, as in a shell.
    """
    line = strip_comment(line)
    with use_passphrase_source(NonInteractivePassphraseSource()):
        try:
            read = _read(line)
            reading = _ParsedLine.of([*group, *(word.text for word in read)])
            if reading is None:
                return _guessed(group, line, expands=expands)
            own, placed = reading.arguments()
        except (ValueError, UsageProblem):
            return _guessed(group, line, expands=expands)
        shift = reading.first - len(group)
        typed = [
            (place, inline_secret)
            for place, inline_secret in reading.inline_secrets()
            if not expands or not _is_expansion(line, read[shift + place.text_at], inline_secret.value)
        ]
        inline_secrets = tuple(inline_secret for _, inline_secret in typed)
        places = [place for place, _ in typed]
        edits = tuple(_edits(read[shift:], places))
        bare = [Argument(one.argument.key, None) if one in places else one.argument for one in placed]
        after = _ParsedLine.of([*group, *(word.text for word in _read(apply_edits(line, edits)))])
        # The cleaned line has to be the same command.
        if after is not None and after.matches(own, bare):
            return LineFindings(inline_secrets, edits)
        return LineFindings(inline_secrets, is_clear=False)


def _is_expansion(line: str, word: _Word, value: str) -> bool:
    """Return whether a value is expanded by a shell, IPython or Python; single quotes prevent only the shell's expansion."""
    return EXPANSION.fullmatch(value) is not None and (value.startswith("{") or "'" not in line[word.start : word.end])


class _Word(NamedTuple):
    text: str
    start: int
    end: int

    @property
    def is_plain(self) -> bool:
        return not self.text.startswith("-") or self.text == "-"


def _read(line: str) -> list[_Word]:
    """Split a line as ``shlex.split`` does, and return the words with their offsets.

    Raises:
        ValueError: If a quote is not closed, or nothing follows a backslash.
    """
    expected = shlex.split(line)
    # The lexer consumes the white space after a word, so the line needs some at its end.
    text = StringIO(f"{line}\n", newline="")
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[_Word] = []
    start = 0
    for word in lexer:
        end = text.tell() - 1
        while line[start] in lexer.whitespace:
            start += 1
        words.append(_Word(word, start, end))
        start = end + 1
    if [word.text for word in words] != expected:
        message = "The words of this line have no clear offsets."
        raise ValueError(message)
    return words


class _ParsedLine(NamedTuple):
    """A command with free options, and the words after it; ``first`` is the index of the first of them."""

    command: FreeOptionsCommand
    context: click.Context
    first: int
    words: list[str]

    @classmethod
    def of(cls, words: list[str]) -> _ParsedLine | None:
        """Parse the words with the command tree; ``None`` if the command takes no free options.

        Raises:
            UsageProblem: If they are no command.
        """
        command: click.Command = root
        context = click.Context(root, info_name="zen", **SETTINGS)
        first = 0
        while isinstance(command, Group):
            if first == len(words) or words[first].startswith("-"):
                return None
            _, found, _ = command.resolve_command(context, words[first:])
            if found is None:
                return None
            command, context = found, click.Context(found, info_name=words[first], parent=context)
            first += 1
        if not isinstance(command, FreeOptionsCommand):
            return None
        try:
            context = command.make_context(context.info_name, words[first:], parent=context.parent, resilient_parsing=True)
        except click.UsageError as error:
            raise convert_usage_error(error) from None
        return cls(command, context, first, words[first:])

    def arguments(self) -> tuple[list[str], list[PositionedArgument]]:
        return self.command.positioned_arguments(self.context, self.words)

    def inline_secrets(self) -> list[tuple[PositionedArgument, InlineSecret]]:
        found = ((one, self.command.inline_secret(self.context, one.argument)) for one in self.arguments()[1])
        return [(one, inline_secret) for one, inline_secret in found if inline_secret is not None]

    def matches(self, own: list[str], given: list[Argument]) -> bool:
        try:
            found, placed = self.arguments()
        except UsageProblem:
            return False
        # Each key occurs once, so only the order may differ.
        return found == own and len(placed) == len(given) and {one.argument for one in placed} == set(given)


def _edits(words: list[_Word], typed: list[PositionedArgument]) -> list[Edit]:
    """Return the edits that reduce arguments to bare keys; positions are indexes into ``words``."""
    edits: list[Edit] = []
    moved = ""
    # For each word, whether the next has no dash. After a bare key, such a word would become the key's value.
    plain_word_next = [word.is_plain for word in words[1:]] + [False]
    for one in sorted(typed, key=lambda one: one.key_at, reverse=True):
        key, text = words[one.key_at], words[one.text_at]
        bare = _as_word(f"--{one.argument.key}")
        if plain_word_next[one.text_at]:
            moved = f" {bare}{moved}"
            edits.append(Edit(key.start, words[one.text_at + 1].start, ""))
            if one.key_at:
                plain_word_next[one.key_at - 1] = True
        elif one.key_at == one.text_at:
            edits.append(Edit(key.start, key.end, bare))
        else:
            edits.append(Edit(key.end, text.end, ""))
    if moved:
        edits.append(Edit(words[-1].end, words[-1].end, moved))
    return sorted(edits)


def _as_word(text: str) -> str:
    """Return ``text`` quoted for a shell, only if necessary."""
    try:
        return text if shlex.split(text) == [text] else shlex.quote(text)
    except ValueError:
        return shlex.quote(text)


def _guessed(group: Sequence[str], line: str, *, expands: bool) -> LineFindings:
    """Return the likely inline secrets of a malformed line."""
    found = guess_inline_secrets(group, line, expands=expands)
    edits = tuple(Edit(one.start, one.end, f"--{one.key}" if one.key else "") for one in found)
    return LineFindings(tuple(inline_secret for one in found for inline_secret in one.inline_secrets), edits)
