"""Values that are typed in calls of our API in code that is a SyntaxError, where there is no tree to look at."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.notebook.inputs.call_literals import (
    HANDS_ON,
    NAME,
    NAMING,
    SCHEMAS,
    VALUE_METHODS,
    VERY_ALIKE,
    is_of_our_api,
    is_slip_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_CALL = re.compile(r"([^\W\d]\w{0,60})[ \t]{0,8}\(")
_ROOT = re.compile(r"(?:^|[^\w.)])([^\W\d]\w*)(?:\.\w+|\([^()\n]*\))*\.\Z")
_LONGEST_ROOT = 100
_PIECE = re.compile(
    r"""(?P<blank>[ \t\r\f]+)|(?P<newline>\n[ \t]*)|(?P<comment>\#[^\n]*)|(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"{3}|'{3}|"|')"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<word>\w+)|(?P<other>.)"""
)
_INSIDE = {
    '"': re.compile(r'(?:\\.|[^"\\\n])*', re.DOTALL),
    "'": re.compile(r"(?:\\.|[^'\\\n])*", re.DOTALL),
    '"""': re.compile(r'(?:\\.|(?!""").)*', re.DOTALL),
    "'''": re.compile(r"(?:\\.|(?!''').)*", re.DOTALL),
}
_GOES_ON = frozenset(",([{+:=\\")
"""What stands at the end of a line if the next one belongs to it."""


def literals_in_unreadable(code: str, names: Mapping[str, Any]) -> set[str]:
    """Return the texts that were meant as values in calls of our API, by where they stand: not what variables hold, nor sums.

    Args:
        code: The code, as it was typed.
        names: The variables that it sees.
    """
    found: set[str] = set()
    place = 0
    while (call := _CALL.search(code, place)) is not None:
        place = call.end()
        if _is_given_values(call[1]) and not _is_foreign(code, call.start(), names):
            texts, place = _arguments(code, place, _indent(code, call.start()))
            found.update(texts)
    return found


@lru_cache(maxsize=1000)
def _is_given_values(name: str) -> bool:
    return is_slip_of(name, VALUE_METHODS | SCHEMAS, VERY_ALIKE)


def _is_foreign(code: str, start: int, names: Mapping[str, Any]) -> bool:
    """Tell whether the call at ``start`` is one of a variable that is no object of our API."""
    root = _ROOT.search(code[max(0, start - _LONGEST_ROOT) : start])
    return root is not None and root[1] in names and not is_of_our_api(names[root[1]])


def _indent(code: str, place: int) -> int:
    line = code[code.rfind("\n", 0, place) + 1 :]
    return len(line) - len(line.lstrip())


def _arguments(code: str, start: int, indent: int) -> tuple[list[str], int]:
    """Return the values among the arguments that begin at ``start``, and where they end: by a bracket, or before the next statement."""
    arguments = _Arguments()
    found = []
    place = start
    while arguments.brackets and (piece := _PIECE.match(code, place)) is not None:
        place = piece.end()
        if piece["newline"]:
            if arguments.is_complete and len(piece[0]) - 1 <= indent:
                break
        elif piece["quote"]:
            text, place = _string(code, piece["quote"], place)
            if re.match(r"\s*:", code[place:]) is not None:
                arguments.keyword = text
            elif arguments.takes(text):
                found.append(re.sub(r"\\(['\"\\])", r"\1", text))
            arguments.last = '"'
        elif not piece["blank"] and not piece["comment"]:
            arguments.go_on(piece[0], is_word=bool(piece["word"]))
    return found, place


def _string(code: str, quote: str, place: int) -> tuple[str, int]:
    """Return what is in the string that begins at ``place``, and where it ends; one that has no end ends with its line."""
    inside = _INSIDE[quote].match(code, place)
    text = inside[0] if inside else ""
    place += len(text)
    return (text, place + len(quote)) if code.startswith(quote, place) else (text.rstrip(" \t)]},:"), place)


class _Arguments:
    """Where in the arguments of a call a reader is."""

    def __init__(self) -> None:
        # Of each open bracket, whether what is in it is looked at.
        self.brackets = [True]
        self.keyword = ""
        self.last = ""
        self._word = ""
        self._is_first = True

    @property
    def is_complete(self) -> bool:
        """Whether a line may end here."""
        return bool(self.last) and self.last not in _GOES_ON

    def takes(self, text: str) -> bool:
        """Tell whether a string here is a value, and no name."""
        is_name = self._is_first and len(self.brackets) == 1 and not self.keyword and NAME.fullmatch(text) and not is_opaque(text)
        return self.brackets[-1] and self.keyword not in NAMING and not is_name

    def go_on(self, text: str, *, is_word: bool) -> None:
        """Go on behind a word, a bracket or a sign."""
        if text in {"(", "[", "{"}:
            # What is in `getenv("…")` and `os.environ["…"]` is no value.
            hands_on = text == "(" and (self._word in HANDS_ON or _is_given_values(self._word))
            self.brackets.append(self.brackets[-1] and (self.last != "w" or hands_on))
        elif text in {")", "]", "}"}:
            self.brackets.pop()
        elif text == ",":
            self._is_first, self.keyword = self._is_first and len(self.brackets) > 1, ""
        elif text == "=":
            self.keyword = self._word
        self._word = text if is_word else ""
        self.last = "w" if is_word else text
