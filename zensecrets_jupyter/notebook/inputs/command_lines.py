"""Our own command lines in a cell: magics, shell commands, strings that code runs, and lines that miss their ``%``.

Where a magic stands in a cell is for IPython to say: its own transformers find each, so that a text which only looks like one is none.
"""

from __future__ import annotations

import difflib
import re
import tokenize
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from IPython.core.inputtransformer2 import (
    EscapedCommand,
    MagicAssign,
    SystemAssign,
    classic_prompt,
    find_end_of_continued_line,
    ipython_prompt,
    make_tokens_by_line,
)

from zensecrets_jupyter.commands.magic_names import GROUPS
from zensecrets_jupyter.notebook.inputs.code_strings import command_strings
from zensecrets_jupyter.notebook.inputs.text_map import MappedText
from zensecrets_jupyter.notebook.inputs.unreadable import is_unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEANT = {**GROUPS, "secrets": ["secret"], "zensecrets": [], "zenml": []}
"""What people write instead of the names of our magics."""

_RUN_AS_CELLS = re.compile(r"%%(?:capture|prun|time|timeit|with_secrets)\b.*\n?")
"""Cell magics that run the rest of their cell as a cell."""

_SHELL_CELLS = re.compile(r"%%(?:bash|sh|zsh|ksh|dash|fish|script|system|sx|cmd|powershell|pwsh|!)(?!\w)[^\n]*\n|!!")
"""Cell magics that run the rest of their cell in a shell."""

_SHELL_MAGICS = frozenset({"system", "sx", "bash", "sh", "script"})

_AUTOMAGIC = re.compile(r"[ \t]*(?P<name>secret|zen)[ \t]+(?![=,]|==)")
"""How a line begins that IPython takes for a magic without its '%', if the cell has no other and no variable has that name."""

_PROGRAM = re.compile(r"(?<![\w.-])(?:(?:zensecrets|zenml)(?:\.exe)?|python[\w.]*[ \t]+-m[ \t]+zensecrets_jupyter[\w.]*)[ \t]+")
"""How a command of ours begins in a shell; some write ZenML's name."""

_SHELL_END = re.compile(
    r"""(?P<quoted>"(?:\\.|[^"\\])*"|'[^']*'|\$\([^()\n]*\)|`[^`\n]*`)|\\.|(?<=\s)[;|&<>)]|[;|&<>)](?=\s|\Z)|\n""", re.DOTALL
)
"""What ends a command in a shell; between letters it is meant as part of a value, although a shell would end there too."""

_MEANT_MAGIC = re.compile(r"(?P<sign>(?:%{1,2}[ \t]{0,20})?)(?<![\w.])(?P<name>[^\W\d]\w{1,11})[ \t]+(?=[^\W\d]|--\w)")
"""A magic of ours, or what was meant as one, if its name is or nearly is that of one."""

_ALIKE = 0.8
"""How near a name is to that of a magic if it is a slip of the fingers: `secert`."""

_QUOTED = re.compile(r"""\\.|"(?:\\.|[^"\\])*"|'[^']*'""", re.DOTALL)

_OPENERS = (";", ":", "=", "(")
"""What stands before a magic in the middle of a line."""

_PROMPT = re.compile(r"\s*(?:>>>|\.\.\.|In \[\d+\]:)?\s*")


class CommandLine(NamedTuple):
    """What stands behind the name of a magic or of the program.

    Attributes:
        group: The words of the command tree that the name stands for.
        line: The line, with the places of its characters in the cell.
        expands: Whether ``$x`` and ``{x}`` stand for something else there.
    """

    group: list[str]
    line: MappedText
    expands: bool = False


def command_lines(cell: str, *, automagic: bool) -> Iterator[CommandLine]:
    """Yield the command lines of ours in a cell, from wherever they are run.

    Args:
        cell: The source of a cell, as it was typed.
        automagic: Whether a line may be a magic of ours without its ``%``.
    """
    for command in _found(cell, automagic=automagic):
        yield command._replace(line=_to_closing_quote(cell, command.line))


def may_hold_magic(cell: str) -> bool:
    """Tell whether a cell holds what is, or nearly is, the name of a magic of ours with a word behind it."""
    return next(_meant_magics(cell), None) is not None


@lru_cache(maxsize=1000)
def _group_of(name: str) -> list[str] | None:
    """Return the words of the command tree that the name of a magic stands for, or was meant to; ``None`` if it is another's name."""
    nearest = [name] if name in _MEANT else difflib.get_close_matches(name, _MEANT, n=1, cutoff=_ALIKE)
    return _MEANT[nearest[0]] if nearest else None


def _meant_magics(text: str, position: int = 0) -> Iterator[re.Match[str]]:
    return (found for found in _MEANT_MAGIC.finditer(text, position) if _group_of(found["name"]) is not None)


def _to_closing_quote(cell: str, line: MappedText) -> MappedText:
    """Return a line with those behind it that a text in quotes goes on over, as a pasted key does: to its end or that of the cell."""
    end = cell.find("\n", line.end)
    if end < 0 or not line.origins or cell[line.end : end].strip():
        return line
    quote = re.search("[\"']", _QUOTED.sub("", line.text))
    if quote is None or not ("-----BEGIN" in line.text or is_unreadable(cell)):
        return line
    while quote is not None and end < len(cell):
        closing = cell.find(quote[0], end)
        last = cell.find("\n", closing) if closing >= 0 else -1
        end = last if last >= 0 else len(cell)
        # Behind it, on its line, another may begin.
        quote = re.search("[\"']", _QUOTED.sub("", cell[closing + 1 : end])) if closing >= 0 else None
    rest = range(line.end, end)
    return MappedText(line.text + cell[rest.start : rest.stop], [*line.origins, *((place, place + 1) for place in rest)])


def _found(cell: str, *, automagic: bool) -> Iterator[CommandLine]:
    offset = 0
    while (head := _RUN_AS_CELLS.match(cell, offset)) is not None:
        yield from _inside(MappedText.of(cell, offset + 2, head.end()))
        offset = head.end()
    body = cell[offset:]
    if (shell := _SHELL_CELLS.match(body)) is not None:
        yield from _in_shell(MappedText.of(cell, offset + shell.end(), len(cell)))
        return
    if body.startswith("%%"):
        first = MappedText.of(cell, offset, offset + len(body.partition("\n")[0]))
        if (meant := _MEANT_MAGIC.match(first.text)) is not None and (group := _group_of(meant["name"])) is not None:
            yield CommandLine(group, first.part(meant.end()))
        return
    bare = _AUTOMAGIC.match(body) if automagic and len(body.splitlines()) == 1 else None
    if bare is not None:
        yield CommandLine(GROUPS[bare["name"]], MappedText.of(cell, offset + bare.end(), len(cell)))
        return
    yield from _in_code(cell, offset)


def _in_code(cell: str, offset: int) -> Iterator[CommandLine]:
    """Yield the command lines of a cell of Python and magics that begins at ``offset``."""
    lines = _without_prompts(cell[offset:].splitlines(keepends=True))
    rest = cell[:offset] + "".join(lines)
    for name, text, start, end in _escaped(lines, offset):
        rest = rest[:start] + re.sub(r"[^\n]", "_", rest[start:end]) + rest[end:]
        yield from _of_escape(name, text)
    for kind, text in command_strings(rest, offset):
        if kind == "shell":
            yield from _in_shell(text)
        elif kind == "code":
            yield from _inside(text)
            yield from _in_shell(text)
        elif kind in _MEANT:
            yield CommandLine(_MEANT[kind], text)
    if (next(_meant_magics(rest, offset), None) or _PROGRAM.search(rest, offset)) and is_unreadable(cell[offset:]):
        yield from _forgotten(rest, offset)


def _of_escape(name: str, text: MappedText) -> Iterator[CommandLine]:
    """Yield the command lines behind ``%name`` or ``!``."""
    if name == "!" or name in _SHELL_MAGICS:
        yield from _in_shell(text)
    elif (group := _group_of(name)) is not None:
        yield CommandLine(group, text)
    else:
        yield from _inside(text)
        yield from _in_shell(text)


def _inside(text: MappedText) -> Iterator[CommandLine]:
    """Yield the magic of ours in the arguments of another, as ``%time`` has it."""
    for found in _meant_magics(text.text):
        before = text.text[: found.start()]
        if found["sign"] or not before.strip() or before[-1:].isspace() or before.endswith(_OPENERS):
            yield CommandLine(_group_of(found["name"]) or [], text.part(found.end()))
            return


def _in_shell(text: MappedText) -> Iterator[CommandLine]:
    """Yield the calls of our program in the text of a shell."""
    position = 0
    while (found := _PROGRAM.search(text.text, position)) is not None:
        end = next((one.start() for one in _SHELL_END.finditer(text.text, found.end()) if not one["quoted"] and one[0][0] != "\\"), None)
        position = len(text.text) if end is None else end
        yield CommandLine([], text.part(found.end(), position), expands=True)


def _forgotten(rest: str, offset: int) -> Iterator[CommandLine]:
    """Yield the lines of a cell that is no Python in which a magic of ours was meant."""
    position = offset
    while (found := next(_meant_magics(rest, position), None)) is not None:
        text = MappedText.line(rest, found.end())
        before = rest[rest.rfind("\n", 0, found.start()) + 1 : found.start()]
        is_place = found["sign"] or _PROMPT.fullmatch(before) or before.rstrip().endswith(_OPENERS)
        if is_place and "#" not in before and not _is_in_string(before):
            yield CommandLine(_group_of(found["name"]) or [], text)
            position = max(found.end(), text.end)
        else:
            position = found.end()
    for found in _PROGRAM.finditer(rest, offset):
        before = rest[rest.rfind("\n", 0, found.start()) + 1 : found.start()]
        if "#" not in before and not _is_in_string(before):
            yield from _in_shell(MappedText.line(rest, found.start()))


def _is_in_string(before: str) -> bool:
    """Tell whether what stands before a place on its line leaves a string open."""
    return any(before.count(quote) % 2 for quote in "'\"")


def _without_prompts(lines: list[str]) -> list[str]:
    """Return the lines with blanks in the place of prompts that were pasted along, so that everything else stays where it is."""
    first = next((line for line in lines if line.strip()), "")
    for stripper in (classic_prompt, ipython_prompt):
        if stripper.initial_re.match(first):
            return [stripper.prompt_re.sub(lambda prompt: " " * len(prompt[0]), line, count=1) for line in lines]
    return lines


def _escaped(lines: list[str], offset: int) -> Iterator[tuple[str, MappedText, int, int]]:
    """Yield what IPython takes for a magic or for a shell's command: name, the text behind it, and where both stand in the cell."""
    if lines and not lines[-1].endswith("\n"):
        # IPython adds it to a cell, and reads a line without it otherwise.
        lines = [*lines[:-1], f"{lines[-1]}\n"]
    starts = [offset]
    for line in lines:
        starts.append(starts[-1] + len(line))
    while True:
        try:
            tokens = make_tokens_by_line(lines)
        except (SyntaxError, tokenize.TokenError):
            # IPython can't read the cell either, and takes nothing in it for a magic.
            return
        kinds = (MagicAssign, SystemAssign, EscapedCommand)
        found = [one for one in (kind.find(tokens) for kind in kinds) if one is not None]
        if not found:
            return
        first = min(found, key=lambda one: (one.start_line, one.start_col))
        last = min(find_end_of_continued_line(lines, first.start_line), len(lines) - 1)
        escape = _joined(lines, starts, (first.start_line, first.start_col), last)
        if escape is not None:
            yield (*escape, starts[first.start_line] + first.start_col, starts[last + 1])
        # What was found is out of the way then, and everything else is still where it was.
        blank = f"{lines[first.start_line][: first.start_col]}0\n"
        lines = [*lines[: first.start_line], blank, *["\n"] * (last - first.start_line), *lines[last + 1 :]]


def _joined(lines: list[str], starts: list[int], begin: tuple[int, int], last: int) -> tuple[str, MappedText] | None:
    """Return the name and the text of a magic as IPython joins its lines."""
    text = ""
    origins: list[tuple[int, int]] = []
    for number in range(begin[0], last + 1):
        column = begin[1] if number == begin[0] else 0
        part = lines[number][column:].rstrip()
        if number < last:
            # The backslash and the end of the line are one blank together.
            part = f"{part[:-1]} "
        text += part
        origins += [(place, place + 1) for place in range(starts[number] + column, starts[number] + column + len(part))]
        if number < last:
            origins[-1] = (origins[-1][0], starts[number + 1])
    found = re.match(r"(?P<escape>!{1,2})|%{1,2}[ \t]*(?P<name>[^\s%]*)[ \t]?", text)
    if found is None:
        return None
    return found["name"] or "!", MappedText(text[found.end() :], origins[found.end() :])
