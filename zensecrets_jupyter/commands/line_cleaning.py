"""Values that were typed on a command's own line: found, and taken out of it.

The tree says which arguments are sensitive, and the words of a line are read as the commands read them. In a line that no command would
take, what was meant as a value is guessed, and taken out too.
"""

from __future__ import annotations

import shlex
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.click_extensions import SETTINGS, FreeCommand, Group, usage_problem_from
from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.commands.framework.free_options import Argument
from zensecrets_jupyter.commands.framework.line_comments import without_comment
from zensecrets_jupyter.commands.malformed_lines import EXPANSION, guesses
from zensecrets_jupyter.commands.tree import root
from zensecrets_jupyter.core.interaction import nobody, passphrases_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zensecrets_jupyter.commands.framework.free_options import PositionedArgument
    from zensecrets_jupyter.commands.framework.inline_secrets import InlineSecret


class Edit(NamedTuple):
    """What stands in a line from ``start`` to ``end`` is to be ``text``."""

    start: int
    end: int
    text: str


class Found(NamedTuple):
    """What was found in a line.

    Attributes:
        literals: The values that were typed.
        edits: What takes them out, from left to right.
        is_clear: Whether the edits take out all of them; otherwise there are none.
    """

    literals: tuple[InlineSecret, ...] = ()
    edits: tuple[Edit, ...] = ()
    is_clear: bool = True


def find_inline_secrets(group: Sequence[str], line: str, *, expands: bool = False) -> Found:
    """Return the values of sensitive arguments in a line, and what takes them out.

    Args:
        group: The words of the tree before the line, as ``secret`` for ``%secret``.
        line: The line.
        expands: Whether ``$x`` and ``{x}`` stand for something else there, as in a shell.
    """
    line = without_comment(line)
    with passphrases_from(nobody):
        try:
            read = _read(line)
            reading = _Reading.of([*group, *(word.text for word in read)])
            if reading is None:
                return _guessed(group, line, expands=expands)
            own, placed = reading.arguments()
        except (ValueError, UsageProblem):
            return _guessed(group, line, expands=expands)
        shift = reading.first - len(group)
        typed = [
            (place, literal)
            for place, literal in reading.literals()
            if not expands or not _is_expansion(line, read[shift + place.text_at], literal.value)
        ]
        literals = tuple(literal for _, literal in typed)
        places = [place for place, _ in typed]
        edits = tuple(_edits(read[shift:], places))
        bare = [Argument(one.given.key, None) if one in places else one.given for one in placed]
        after = _Reading.of([*group, *(word.text for word in _read(applied(line, edits)))])
        # Whoever runs the line again must get the same command.
        if after is not None and after.is_read_as(own, bare):
            return Found(literals, edits)
        return Found(literals, is_clear=False)


def applied(line: str, edits: Iterable[Edit]) -> str:
    """Return ``line`` with the edits made."""
    for edit in sorted(edits, reverse=True):
        line = line[: edit.start] + edit.text + line[edit.end :]
    return line


def _is_expansion(line: str, word: _Word, value: str) -> bool:
    """Tell whether a value is filled in by a shell, IPython or Python. Single quotes keep a shell from doing so, but not the others."""
    return EXPANSION.fullmatch(value) is not None and (value.startswith("{") or "'" not in line[word.start : word.end])


class _Word(NamedTuple):
    text: str
    start: int
    end: int

    @property
    def is_loose(self) -> bool:
        return not self.text.startswith("-") or self.text == "-"


def _read(line: str) -> list[_Word]:
    """Return the words of a line, read as ``shlex.split`` reads them, and where each stands.

    Raises:
        ValueError: If a quote is not closed, or nothing follows a backslash.
    """
    expected = shlex.split(line)
    # A word ends with the white space behind it, which the lexer takes; so there has to be some.
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
        message = "The words of this line have no clear places."
        raise ValueError(message)
    return words


class _Reading(NamedTuple):
    """A command that takes arguments of any name, with the words after it, of which the first is the line's word ``first``."""

    command: FreeCommand
    context: click.Context
    first: int
    words: list[str]

    @classmethod
    def of(cls, words: list[str]) -> _Reading | None:
        """Return what the words are for the tree; ``None`` if they are a command without such arguments.

        Raises:
            UsageProblem: If they name no command.
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
        if not isinstance(command, FreeCommand):
            return None
        try:
            context = command.make_context(context.info_name, words[first:], parent=context.parent, resilient_parsing=True)
        except click.UsageError as error:
            raise usage_problem_from(error) from None
        return cls(command, context, first, words[first:])

    def arguments(self) -> tuple[list[str], list[PositionedArgument]]:
        return self.command.placed(self.context, self.words)

    def literals(self) -> list[tuple[PositionedArgument, InlineSecret]]:
        found = ((one, self.command.literal(self.context, one.given)) for one in self.arguments()[1])
        return [(one, literal) for one, literal in found if literal is not None]

    def is_read_as(self, own: list[str], given: list[Argument]) -> bool:
        try:
            found, placed = self.arguments()
        except UsageProblem:
            return False
        # Every key is there once, so their order alone may differ.
        return found == own and len(placed) == len(given) and {one.given for one in placed} == set(given)


def _edits(words: list[_Word], typed: list[PositionedArgument]) -> list[Edit]:
    """Return what makes bare keys of arguments; ``words`` are those that their places count."""
    edits: list[Edit] = []
    moved = ""
    # For each word, whether one without a dash comes next: behind a bare key that would be the key's value.
    loose_next = [word.is_loose for word in words[1:]] + [False]
    for one in sorted(typed, key=lambda one: one.key_at, reverse=True):
        key, text = words[one.key_at], words[one.text_at]
        bare = _as_word(f"--{one.given.key}")
        if loose_next[one.text_at]:
            moved = f" {bare}{moved}"
            edits.append(Edit(key.start, words[one.text_at + 1].start, ""))
            if one.key_at:
                loose_next[one.key_at - 1] = True
        elif one.key_at == one.text_at:
            edits.append(Edit(key.start, key.end, bare))
        else:
            edits.append(Edit(key.end, text.end, ""))
    if moved:
        edits.append(Edit(words[-1].end, words[-1].end, moved))
    return sorted(edits)


def _as_word(text: str) -> str:
    """Return what is read as ``text``, in quotes only where it needs them."""
    try:
        return text if shlex.split(text) == [text] else shlex.quote(text)
    except ValueError:
        return shlex.quote(text)


def _guessed(group: Sequence[str], line: str, *, expands: bool) -> Found:
    """Return what was meant as a value in a line that no command reads; it was typed all the same."""
    found = guesses(group, line, expands=expands)
    edits = tuple(Edit(one.start, one.end, f"--{one.key}" if one.key else "") for one in found)
    return Found(tuple(literal for one in found for literal in one.literals), edits)
