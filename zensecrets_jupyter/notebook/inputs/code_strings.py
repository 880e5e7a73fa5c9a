"""Strings in a cell's code that are run as a command: ``os.system("…")``, ``get_ipython().run_line_magic("secret", "…")``."""

from __future__ import annotations

import re
import tokenize
from typing import TYPE_CHECKING, NamedTuple

from IPython.core.inputtransformer2 import make_tokens_by_line

from zensecrets_jupyter.notebook.inputs.text_map import MappedText

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHELL = frozenset(
    """
    call check_call check_output create_subprocess_exec create_subprocess_shell getoutput getstatusoutput popen Popen run spawn system sx
    """.split()  # noqa: SIM905 - one word a line would be many lines
)
"""Functions that run a string, or a list of strings, as a program."""

_CODE = frozenset({"magic", "run_cell", "run_cell_async"})
"""Functions that run a string as a cell or a magic."""

_MAGICS = frozenset({"run_line_magic", "run_cell_magic"})
"""Functions that run a magic, named by their first string."""

_STRING = re.compile(r"""[A-Za-z]{0,3}(?P<quote>\"{3}|'{3}|"|')(?P<inside>.*)(?P=quote)\Z""", re.DOTALL)
_PROGRAM = re.compile(r"(?:.*[/\\])?zensecrets(?:\.exe)?\Z")


class _Call(NamedTuple):
    """An open bracket: the function before it or around it, and the strings in it so far."""

    function: str
    bracket: str
    strings: list[MappedText]

    def add(self, piece: MappedText, *, to_last: bool) -> None:
        """Add a string; two that stand side by side are one."""
        if to_last and self.strings:
            self.strings[-1] = self.strings[-1].followed_by(piece, blank=False)
        else:
            self.strings.append(piece)


def command_strings(cell: str, offset: int) -> Iterator[tuple[str, MappedText]]:
    """Yield what code runs as a command: ``shell``, ``code``, or the name of a magic, with the text.

    Args:
        cell: The source of a cell.
        offset: Where its code begins.
    """
    code = cell[offset:]
    if not any(name in code for name in (*_SHELL, *_CODE, *_MAGICS)):
        return
    calls: list[_Call] = []
    name = ""
    is_behind_string = False
    for kind, text, start, end in _tokens(code):
        if kind == tokenize.NAME:
            name = text
        elif text in {"(", "[", "{"}:
            around = calls[-1].function if calls else ""
            calls.append(_Call(name if text == "(" and name else around, text, []))
            name = ""
        elif text in {")", "]", "}"}:
            if calls:
                yield from _commands(calls.pop())
            name = ""
        elif kind == tokenize.STRING and calls:
            inside = _STRING.match(code, start, end)
            if inside is not None:
                piece = MappedText.of(cell, offset + inside.start("inside"), offset + inside.end("inside"))
                calls[-1].add(piece, to_last=is_behind_string)
        else:
            name = ""
        is_behind_string = kind == tokenize.STRING or (is_behind_string and kind in {tokenize.NL, tokenize.COMMENT})
    for call in calls:
        yield from _commands(call)


def _commands(call: _Call) -> Iterator[tuple[str, MappedText]]:
    if not call.strings:
        return
    if call.function in _MAGICS:
        name, *texts = call.strings
        kind = {"sx": "shell", "system": "shell", "bash": "shell", "sh": "shell", "script": "shell"}.get(name.text)
        is_cell = call.function == "run_cell_magic" and kind is None
        yield from ((kind or ("code" if is_cell else name.text), text) for text in texts)
    elif call.function in _CODE:
        yield from (("code", text) for text in call.strings)
    elif call.function in _SHELL:
        yield from (("shell", text) for text in call.strings)
        program = next((place for place, text in enumerate(call.strings) if _PROGRAM.match(text.text)), None)
        if program is not None and program + 1 < len(call.strings):
            joined = call.strings[program + 1]
            for text in call.strings[program + 2 :]:
                joined = joined.followed_by(text, blank=True)
            yield "zen", joined


def _tokens(code: str) -> Iterator[tuple[int, str, int, int]]:
    """Yield the tokens of code with where they stand in it; an f-string is one string."""
    starts = [0]
    for line in code.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    begin = getattr(tokenize, "FSTRING_START", None)
    finish = getattr(tokenize, "FSTRING_END", None)
    depth = first = 0
    try:
        lines = make_tokens_by_line(code.splitlines(keepends=True))
    except (SyntaxError, tokenize.TokenError):
        return
    for line_of_tokens in lines:
        for token in line_of_tokens:
            if token.start[0] > len(starts) or token.end[0] > len(starts):
                continue
            start, end = starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]
            if token.type == begin:
                first = start if depth == 0 else first
                depth += 1
            elif token.type == finish:
                depth -= 1
                if depth == 0:
                    yield tokenize.STRING, code[first:end], first, end
            elif depth == 0:
                yield token.type, token.string, start, end
