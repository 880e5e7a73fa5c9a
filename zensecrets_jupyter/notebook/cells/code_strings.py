"""Find strings that Python code runs as a command: ``os.system("…")``, ``get_ipython().run_line_magic("secret", "…")``."""

from __future__ import annotations

import re
import tokenize
from typing import TYPE_CHECKING, NamedTuple

from IPython.core.inputtransformer2 import make_tokens_by_line

from zensecrets_jupyter.notebook.cells.mapped_text import MappedText

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHELL_FUNCTIONS = frozenset({
    "Popen", "call", "check_call", "check_output", "create_subprocess_exec", "create_subprocess_shell", "getoutput", "getstatusoutput",
    "popen", "run", "spawn", "sx", "system",
})  # fmt: skip
"""Functions that run a string, or a list of strings, as a program."""

_CELL_FUNCTIONS = frozenset({"magic", "run_cell", "run_cell_async"})
"""Functions that run a string as a cell or as a magic."""

_MAGIC_FUNCTIONS = frozenset({"run_line_magic", "run_cell_magic"})
"""Functions that run the magic whose name is their first string."""

_STRING_LITERAL = re.compile(r"""[A-Za-z]{0,3}(?P<quote>\"{3}|'{3}|"|')(?P<contents>.*)(?P=quote)\Z""", re.DOTALL)
_PROGRAM = re.compile(r"(?:.*[/\\])?zensecrets(?:\.exe)?\Z")
"""The name of this package's program, or a path of it."""


class _OpenBracket(NamedTuple):
    """An open bracket, with the strings in it.

    ``function`` is the name of the function that the bracket belongs to, or empty if there is none.
    """

    function: str
    strings: list[MappedText]

    def add(self, string: MappedText, *, is_adjacent: bool) -> None:
        """Add a string, or join it with the last one, because Python joins adjacent literals."""
        if is_adjacent and self.strings:
            self.strings[-1] = self.strings[-1].join(string, with_space=False)
        else:
            self.strings.append(string)


def find_command_strings(cell: str, offset: int) -> Iterator[tuple[str, MappedText]]:
    """Find the strings that code runs as shell commands, as cells, or as magics.

    Args:
        cell: The source of a cell.
        offset: The offset at which the code begins.

    Yields:
        The kind of each string, and the string. The kind is ``shell``, ``code``, or the name of the magic whose arguments the string
        contains. The arguments of this package's program have the kind ``zen``, because that magic has the same arguments.
    """
    code = cell[offset:]
    if not any(name in code for name in (*_SHELL_FUNCTIONS, *_CELL_FUNCTIONS, *_MAGIC_FUNCTIONS)):
        return
    brackets: list[_OpenBracket] = []
    last_name = ""
    is_after_string = False
    for token_type, text, start, end in _tokens(code):
        if token_type == tokenize.NAME:
            last_name = text
        elif text in {"(", "[", "{"}:
            # The bracket of a list, as in `run(["zensecrets", "secret"])`, belongs to the function of the bracket around it.
            outer_function = brackets[-1].function if brackets else ""
            brackets.append(_OpenBracket(last_name if text == "(" and last_name else outer_function, []))
            last_name = ""
        elif text in {")", "]", "}"}:
            if brackets:
                yield from _command_strings(brackets.pop())
            last_name = ""
        elif token_type == tokenize.STRING and brackets:
            literal = _STRING_LITERAL.match(code, start, end)
            if literal is not None:
                string = MappedText.from_cell(cell, offset + literal.start("contents"), offset + literal.end("contents"))
                brackets[-1].add(string, is_adjacent=is_after_string)
        else:
            last_name = ""
        # Line breaks and comments inside brackets may separate adjacent string literals.
        is_after_string = token_type == tokenize.STRING or (is_after_string and token_type in {tokenize.NL, tokenize.COMMENT})
    # In malformed code, brackets may be left open.
    for bracket in brackets:
        yield from _command_strings(bracket)


def _command_strings(bracket: _OpenBracket) -> Iterator[tuple[str, MappedText]]:
    """Yield the strings in a bracket that its function runs, each with its kind."""
    if not bracket.strings:
        return
    if bracket.function in _MAGIC_FUNCTIONS:
        # The first string is the name of the magic. For a cell magic, the others are its line and its body.
        magic, *texts = bracket.strings
        if magic.text in {"bash", "script", "sh", "sx", "system"}:
            kind = "shell"
        else:
            kind = "code" if bracket.function == "run_cell_magic" else magic.text
        yield from ((kind, text) for text in texts)
    elif bracket.function in _CELL_FUNCTIONS:
        yield from (("code", text) for text in bracket.strings)
    elif bracket.function in _SHELL_FUNCTIONS:
        yield from (("shell", text) for text in bracket.strings)
        # In a list such as `["zensecrets", "secret", "register"]`, the strings after the program are its arguments.
        program_index = next((index for index, text in enumerate(bracket.strings) if _PROGRAM.match(text.text)), None)
        if program_index is not None and program_index + 1 < len(bracket.strings):
            arguments = bracket.strings[program_index + 1]
            for text in bracket.strings[program_index + 2 :]:
                arguments = arguments.join(text, with_space=True)
            yield "zen", arguments


def _tokens(code: str) -> Iterator[tuple[int, str, int, int]]:
    """Yield the type, the text, and the start and end offset of each token.

    An f-string is one token of the type ``STRING``.
    """
    line_starts = [0]
    for line in code.splitlines(keepends=True):
        line_starts.append(line_starts[-1] + len(line))
    # Python 3.12 and newer split an f-string into several tokens (PEP 701).
    fstring_start = getattr(tokenize, "FSTRING_START", None)
    fstring_end = getattr(tokenize, "FSTRING_END", None)
    fstring_depth = fstring_offset = 0
    try:
        lines = make_tokens_by_line(code.splitlines(keepends=True))
    except (SyntaxError, tokenize.TokenError):
        return
    for tokens in lines:
        for token in tokens:
            if token.start[0] > len(line_starts) or token.end[0] > len(line_starts):
                # A token after the end of the code has no text in it.
                continue
            start, end = line_starts[token.start[0] - 1] + token.start[1], line_starts[token.end[0] - 1] + token.end[1]
            if token.type == fstring_start:
                fstring_offset = start if fstring_depth == 0 else fstring_offset
                fstring_depth += 1
            elif token.type == fstring_end:
                fstring_depth -= 1
                if fstring_depth == 0:
                    yield tokenize.STRING, code[fstring_offset:end], fstring_offset, end
            elif fstring_depth == 0:
                yield token.type, token.string, start, end
