"""Find this package's command lines in a cell.

A command line is a magic, a shell command, a string that code runs as a command, or a magic without its ``%``. IPython's own input
transformers find the magics, so a text in a string or a comment that merely looks like a magic is ignored.
"""

from __future__ import annotations

import ast
import difflib
import re
import tokenize
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from IPython.core.inputtransformer2 import (
    EscapedCommand,
    MagicAssign,
    SystemAssign,
    TransformerManager,
    classic_prompt,
    find_end_of_continued_line,
    ipython_prompt,
    make_tokens_by_line,
)

from zensecrets_jupyter.commands.magic_lines import GROUPS
from zensecrets_jupyter.notebook.cells.code_strings import find_command_strings
from zensecrets_jupyter.notebook.cells.mapped_text import MappedText

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_GROUPS_BY_NAME = {**GROUPS, "secrets": ["secret"], "zensecrets": [], "zenml": []}
"""The command groups of the magics, by their names and by common wrong names.

The list is empty if the arguments begin with the name of a group, as in ``zensecrets secret list``.
"""

_CODE_CELLS = re.compile(r"%%(?:capture|prun|time|timeit|with_secrets)\b.*\n?")
"""Cell magics that run the rest of their cell as a cell."""

_SHELL_CELLS = re.compile(r"%%(?:bash|sh|zsh|ksh|dash|fish|script|system|sx|cmd|powershell|pwsh|!)(?!\w)[^\n]*\n|!!")
"""Cell magics that run the rest of their cell in a shell."""

_SHELL_MAGICS = frozenset({"system", "sx", "bash", "sh", "script"})
"""Line magics that run their arguments in a shell."""

_AUTOMAGIC = re.compile(r"[ \t]*(?P<name>secret|zen)[ \t]+(?![=,]|==)")
"""The beginning of a magic without its ``%``.

IPython accepts such a magic in a cell of one line, unless a variable has the name of the magic. A name before ``=`` or ``,`` belongs to
Python code.
"""

_PROGRAM = re.compile(r"(?<![\w.-])(?:(?:zensecrets|zenml)(?:\.exe)?|python[\w.]*[ \t]+-m[ \t]+zensecrets_jupyter[\w.]*)[ \t]+")
"""The program in a shell command. Users also type the name of ZenML's program."""

_SHELL_END = re.compile(
    r"""(?P<quoted>"(?:\\.|[^"\\])*"|'[^']*'|\$\([^()\n]*\)|`[^`\n]*`)|\\.|(?<=\s)[;|&<>)]|[;|&<>)](?=\s|\Z)|\n""", re.DOTALL
)
"""The end of a shell command. Quoted texts and escaped characters match too, so that an operator inside them is not found.

An operator without a space next to it, such as ``&`` in ``--key=a&b``, does not count. It ends a command in a shell, but the user meant it
as part of a value.
"""

_MAGIC = re.compile(r"(?P<sign>(?:%{1,2}[ \t]{0,20})?)(?<![\w.])(?P<name>[^\W\d]\w{1,11})[ \t]+(?=[^\W\d]|--\w)")
"""A word that may be a magic, with or without ``%``, before its arguments.

It is a magic of this package if :func:`_group_of` returns a group for its name.
"""

_MIN_SIMILARITY = 0.8
"""Minimum :mod:`difflib` ratio of a misspelled name, such as ``secert``."""

_QUOTED = re.compile(r"""\\.|"(?:\\.|[^"\\])*"|'[^']*'""", re.DOTALL)
"""A quoted text, or one escaped character."""

_PRECEDING_CHARACTERS = (";", ":", "=", "(")
"""Characters before a magic that is not at the beginning of its line."""

_PROMPT = re.compile(r"\s*(?:>>>|\.\.\.|In \[\d+\]:)?\s*")
"""The text before the first command of a line: spaces, a pasted prompt, or both."""


class CommandLine(NamedTuple):
    """The arguments of a magic or of the program.

    Attributes:
        group: The command group of the magic, such as ``["secret"]``; empty if the arguments begin with the name of a group.
        line: The arguments, with their offsets in the cell.
        expands: Whether a shell or IPython expands ``$x`` and ``{x}`` before the command runs.
    """

    group: list[str]
    line: MappedText
    expands: bool = False


def find_command_lines(cell: str, *, automagic_names: Collection[str]) -> Iterator[CommandLine]:
    """Yield this package's command lines in a cell.

    Args:
        cell: The source of a cell, as the user typed it.
        automagic_names: The names of the magics of this package that IPython accepts without ``%``.
    """
    for command in _find_lines(cell, automagic_names=automagic_names):
        yield command._replace(line=_extend_to_closing_quote(cell, command.line))


def may_contain_magic(cell: str) -> bool:
    """Return whether a cell contains a magic's name, possibly misspelled, before an argument."""
    return next(_find_magics(cell), None) is not None


@lru_cache(maxsize=1000)
def _group_of(name: str) -> list[str] | None:
    """Return the command group of a magic with a possibly misspelled name.

    The result is ``None`` for the magics of other packages.
    """
    nearest = [name] if name in _GROUPS_BY_NAME else difflib.get_close_matches(name, _GROUPS_BY_NAME, n=1, cutoff=_MIN_SIMILARITY)
    return _GROUPS_BY_NAME[nearest[0]] if nearest else None


def _find_magics(text: str, position: int = 0) -> Iterator[re.Match[str]]:
    return (match for match in _MAGIC.finditer(text, position) if _group_of(match["name"]) is not None)


def _is_malformed(cell: str) -> bool:
    """Return whether a cell has a syntax error after IPython has transformed its magics."""
    try:
        with warnings.catch_warnings():
            # IPython shows the warnings when it compiles the cell.
            warnings.simplefilter("ignore")
            ast.parse(TransformerManager().transform_cell(cell))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return False


def _extend_to_closing_quote(cell: str, line: MappedText) -> MappedText:
    """Return a line with the next lines, up to its closing quote.

    A pasted private key has several lines, which IPython does not pass to the magic. Without a closing quote, the result contains all
    lines up to the end of the cell.
    """
    end = cell.find("\n", line.end)
    if end < 0 or not line.origins or cell[line.end : end].strip():
        return line
    # A quote that remains without the complete quoted texts is an open quote.
    quote = re.search("[\"']", _QUOTED.sub("", line.text))
    if quote is None or not ("-----BEGIN" in line.text or _is_malformed(cell)):
        return line
    while quote is not None and end < len(cell):
        closing = cell.find(quote[0], end)
        line_end = cell.find("\n", closing) if closing >= 0 else -1
        end = line_end if line_end >= 0 else len(cell)
        # Another quoted text may begin on the line of the closing quote.
        quote = re.search("[\"']", _QUOTED.sub("", cell[closing + 1 : end])) if closing >= 0 else None
    added_offsets = range(line.end, end)
    return MappedText(
        line.text + cell[added_offsets.start : added_offsets.stop], [*line.origins, *((offset, offset + 1) for offset in added_offsets)]
    )


def _find_lines(cell: str, *, automagic_names: Collection[str]) -> Iterator[CommandLine]:
    """Yield the command lines of a cell, without the lines that continue an open quote."""
    offset = 0
    while (code_magic := _CODE_CELLS.match(cell, offset)) is not None:
        # Without its two percent signs, the line of the magic is searched for another magic.
        yield from _find_nested_magic(MappedText.from_cell(cell, offset + 2, code_magic.end()))
        offset = code_magic.end()
    code = cell[offset:]
    if (shell_magic := _SHELL_CELLS.match(code)) is not None:
        yield from _find_shell_commands(MappedText.from_cell(cell, offset + shell_magic.end(), len(cell)))
        return
    if code.startswith("%%"):
        first_line = MappedText.from_cell(cell, offset, offset + len(code.partition("\n")[0]))
        if (magic := _MAGIC.match(first_line.text)) is not None and (group := _group_of(magic["name"])) is not None:
            yield CommandLine(group, first_line.part(magic.end()))
        return
    automagic_match = _AUTOMAGIC.match(code) if automagic_names and len(code.splitlines()) == 1 else None
    if automagic_match is not None and automagic_match["name"] in automagic_names:
        yield CommandLine(GROUPS[automagic_match["name"]], MappedText.from_cell(cell, offset + automagic_match.end(), len(cell)))
        return
    yield from _find_lines_in_code(cell, offset)


def _find_lines_in_code(cell: str, offset: int) -> Iterator[CommandLine]:
    """Yield the command lines of a cell of Python and magics that begins at ``offset``."""
    lines = _blank_prompts(cell[offset:].splitlines(keepends=True))
    remaining_cell = cell[:offset] + "".join(lines)
    for name, text, start, end in _find_escaped_commands(lines, offset):
        # Underscores replace each command, so that the searches below do not find it again.
        remaining_cell = remaining_cell[:start] + re.sub(r"[^\n]", "_", remaining_cell[start:end]) + remaining_cell[end:]
        yield from _find_lines_in_escaped_command(name, text)
    for kind, text in find_command_strings(remaining_cell, offset):
        if kind == "shell":
            yield from _find_shell_commands(text)
        elif kind == "code":
            yield from _find_nested_magic(text)
            yield from _find_shell_commands(text)
        elif kind in _GROUPS_BY_NAME:
            yield CommandLine(_GROUPS_BY_NAME[kind], text)
    # In a cell without a syntax error, a name that looks like a magic is Python code.
    if (next(_find_magics(remaining_cell, offset), None) or _PROGRAM.search(remaining_cell, offset)) and _is_malformed(cell[offset:]):
        yield from _find_lines_without_sign(remaining_cell, offset)


def _find_lines_in_escaped_command(name: str, text: MappedText) -> Iterator[CommandLine]:
    """Yield the command lines in the arguments of ``%name`` or ``!``."""
    if name == "!" or name in _SHELL_MAGICS:
        yield from _find_shell_commands(text)
    elif (group := _group_of(name)) is not None:
        yield CommandLine(group, text)
    else:
        yield from _find_nested_magic(text)
        yield from _find_shell_commands(text)


def _find_nested_magic(text: MappedText) -> Iterator[CommandLine]:
    """Yield the first command line in the arguments of another magic, such as ``%time``."""
    for magic in _find_magics(text.text):
        text_before = text.text[: magic.start()]
        if magic["sign"] or not text_before.strip() or text_before[-1:].isspace() or text_before.endswith(_PRECEDING_CHARACTERS):
            yield CommandLine(_group_of(magic["name"]) or [], text.part(magic.end()))
            return


def _find_shell_commands(text: MappedText) -> Iterator[CommandLine]:
    """Yield the commands of a shell script that run this package's program."""
    position = 0
    while (program := _PROGRAM.search(text.text, position)) is not None:
        end_offsets = (
            match.start() for match in _SHELL_END.finditer(text.text, program.end()) if not match["quoted"] and match[0][0] != "\\"
        )
        position = next(end_offsets, len(text.text))
        yield CommandLine([], text.part(program.end(), position), expands=True)


def _find_lines_without_sign(remaining_cell: str, offset: int) -> Iterator[CommandLine]:
    """Yield the lines of a malformed cell that the user meant as commands.

    IPython does not find these commands.

    Args:
        remaining_cell: The cell, with underscores instead of the commands that IPython finds.
        offset: The offset at which the code begins.
    """
    position = offset
    while (magic := next(_find_magics(remaining_cell, position), None)) is not None:
        text = MappedText.rest_of_line(remaining_cell, magic.end())
        text_before = remaining_cell[remaining_cell.rfind("\n", 0, magic.start()) + 1 : magic.start()]
        can_begin_command = magic["sign"] or _PROMPT.fullmatch(text_before) or text_before.rstrip().endswith(_PRECEDING_CHARACTERS)
        if can_begin_command and "#" not in text_before and not _has_open_quote(text_before):
            yield CommandLine(_group_of(magic["name"]) or [], text)
            position = max(magic.end(), text.end)
        else:
            position = magic.end()
    for program in _PROGRAM.finditer(remaining_cell, offset):
        text_before = remaining_cell[remaining_cell.rfind("\n", 0, program.start()) + 1 : program.start()]
        if "#" not in text_before and not _has_open_quote(text_before):
            yield from _find_shell_commands(MappedText.rest_of_line(remaining_cell, program.start()))


def _has_open_quote(text_before: str) -> bool:
    """Return whether a quote is open at the end of a part of a line."""
    return any(text_before.count(quote) % 2 for quote in "'\"")


def _blank_prompts(lines: list[str]) -> list[str]:
    """Replace pasted prompts by spaces; the spaces keep all offsets the same."""
    first = next((line for line in lines if line.strip()), "")
    for stripper in (classic_prompt, ipython_prompt):
        if stripper.initial_re.match(first):
            return [stripper.prompt_re.sub(lambda prompt: " " * len(prompt[0]), line, count=1) for line in lines]
    return lines


def _find_escaped_commands(lines: list[str], offset: int) -> Iterator[tuple[str, MappedText, int, int]]:
    """Find the magics and shell commands that IPython finds.

    Yields:
        The name of each command, its arguments, and its start and end offset in the cell.
    """
    if lines and not lines[-1].endswith("\n"):
        # IPython adds a line break to a cell, and parses a line without it differently.
        lines = [*lines[:-1], f"{lines[-1]}\n"]
    line_starts = [offset]
    for line in lines:
        line_starts.append(line_starts[-1] + len(line))
    while True:
        try:
            tokens = make_tokens_by_line(lines)
        except (SyntaxError, tokenize.TokenError):
            # IPython finds no magic in a cell that it can't split into tokens.
            return
        transformers = (MagicAssign, SystemAssign, EscapedCommand)
        commands = [command for command in (transformer.find(tokens) for transformer in transformers) if command is not None]
        if not commands:
            return
        first_command = min(commands, key=lambda command: (command.start_line, command.start_col))
        last_index = min(find_end_of_continued_line(lines, first_command.start_line), len(lines) - 1)
        command = _join_lines(lines, line_starts, (first_command.start_line, first_command.start_col), last_index)
        if command is not None:
            yield (*command, line_starts[first_command.start_line] + first_command.start_col, line_starts[last_index + 1])
        # The expression `0` replaces the command, so that the next search finds the next command. The other lines keep their numbers.
        replacement = f"{lines[first_command.start_line][: first_command.start_col]}0\n"
        lines = [
            *lines[: first_command.start_line],
            replacement,
            *["\n"] * (last_index - first_command.start_line),
            *lines[last_index + 1 :],
        ]


def _join_lines(lines: list[str], line_starts: list[int], begin: tuple[int, int], last_index: int) -> tuple[str, MappedText] | None:
    """Join the lines of a magic as IPython does.

    Args:
        lines: The lines of the cell.
        line_starts: The offset of each line.
        begin: The index of the first line of the magic, and the column at which the magic begins.
        last_index: The index of the last line of the magic.

    Returns:
        The name of the magic, which is ``!`` for a shell command, and its arguments; ``None`` for other commands, such as help.
    """
    text = ""
    origins: list[tuple[int, int]] = []
    for index in range(begin[0], last_index + 1):
        column = begin[1] if index == begin[0] else 0
        line_text = lines[index][column:].rstrip()
        if index < last_index:
            # One space replaces the backslash and the line break.
            line_text = f"{line_text[:-1]} "
        text += line_text
        start = line_starts[index] + column
        origins += [(offset, offset + 1) for offset in range(start, start + len(line_text))]
        if index < last_index:
            origins[-1] = (origins[-1][0], line_starts[index + 1])
    command_start = re.match(r"(?P<escape>!{1,2})|%{1,2}[ \t]*(?P<name>[^\s%]*)[ \t]?", text)
    if command_start is None:
        return None
    return command_start["name"] or "!", MappedText(text[command_start.end() :], origins[command_start.end() :])
