"""Values that are typed in calls of our API in code that is a SyntaxError, where there is no tree to look at."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.names import NO_VALUES, holds_no_value
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.notebook.inputs.call_literals import (
    HANDS_ON,
    NAME,
    SCHEMAS,
    VALUE_METHODS,
    VERY_ALIKE,
    is_of_our_api,
    is_slip_of,
)
from zensecrets_jupyter.notebook.inputs.keys import is_no_key

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUOTES = {"\u201c\u201d\u201e\u201f\u00ab\u00bb": '"', "\u2018\u2019\u201a\u201b": "'"}
"""Quotes of word processors, and what was meant by them."""
_CURLY = "".join(_QUOTES)
_CALL = re.compile(
    rf"""(?<![\w-])(?P<name>[^\W\d](?:\w|-(?=[^\W\d])){{0,60}})"""
    rf"""(?:[ \t]{{0,8}}\(|[ \t]{{1,8}}(?=["'{{{_CURLY}]|[^\W\d]\w{{0,60}}[ \t]?=[ \t]?["'{_CURLY}]))"""
)
"""A call, also one whose bracket was forgotten."""
_HEAD = re.compile(r"(?:\A|[\n;])[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\Z")
_FOREIGN = re.compile(r"\s*[A-Z]\w*\s*=[^=]")
_KEY_AND_VALUE = re.compile(r"""\s*([\w-]{1,60})\s*["']?\s*[:=]\s*["']?(.*?)["']?\s*\Z""", re.DOTALL)
_NEXT_ARGUMENT = re.compile(r",\s*[^\W\d]\w*\s*=\s*\Z")
_COLON = re.compile(r"\s*:")
_OF_A_NAME = re.compile(r"\s*[(=:.\[]")
_OPEN_END = re.compile(r"[\s:=]+\Z")
_ROOT = re.compile(r"(?:^|[^\w.)])([^\W\d]\w*)(?:\.\w+|\([^()\n]*\))*\.\Z")
_LONGEST_ROOT = 100
_LONGEST_LINE = 2000
_PIECE = re.compile(
    r"""(?P<blank>[ \t\r\f]+)|(?P<newline>\n[ \t]*)|(?P<comment>\#[^\n]*)"""
    r"""|(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"{3}|'{3}|"|'|[\u2018-\u201f\u00ab\u00bb])"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<word>\w+)|(?P<other>.)"""
)
_INSIDE = {
    '"': re.compile(r'(?:\\.|[^"\\\n])*', re.DOTALL),
    "'": re.compile(r"(?:\\.|[^'\\\n])*", re.DOTALL),
    '"""': re.compile(r'(?:\\.|(?!""").)*', re.DOTALL),
    "'''": re.compile(r"(?:\\.|(?!''').)*", re.DOTALL),
    **{curly: re.compile(rf"(?:\\.|[^{quote}{kind}\\\n])*", re.DOTALL) for kind, quote in _QUOTES.items() for curly in kind},
}
_ENDS = {**{quote: (quote,) for quote in _INSIDE}, **{curly: (quote, *kind) for kind, quote in _QUOTES.items() for curly in kind}}
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
        # A name such as `create-secret` is one slip; `x-create_secret` are two names.
        start = call.start() if _is_given_values(call[1].replace("-", "_")) else call.start() + call[1].rfind("-") + 1
        if _is_given_values(call[1].replace("-", "_")) or _is_given_values(code[start : call.end(1)]):
            if _is_foreign(code, start, place, names) or (not call[0].endswith("(") and not _may_lack_bracket(code, start, call[1])):
                continue
            texts, place = _arguments(code, place, _indent(code, start), names, is_schema=is_slip_of(call[1], SCHEMAS, VERY_ALIKE))
            found.update(text for text in texts if is_no_key(text))
    return found


def _may_lack_bracket(code: str, start: int, name: str) -> bool:
    """Tell whether a name without a bracket was meant as a call: it is a method of something, or a class of ours."""
    return code[:start].endswith(".") or name in SCHEMAS


@lru_cache(maxsize=1000)
def _is_given_values(name: str) -> bool:
    return is_slip_of(name, VALUE_METHODS | SCHEMAS, VERY_ALIKE)


def _is_foreign(code: str, start: int, end: int, names: Mapping[str, Any]) -> bool:
    """Tell whether the call from ``start`` is no call, or one of a variable that is no object of our API; arguments begin at ``end``."""
    if _HEAD.search(code[max(0, start - _LONGEST_ROOT) : start]) or _FOREIGN.match(code, end):
        return True
    root = _ROOT.search(code[max(0, start - _LONGEST_ROOT) : start])
    return root is not None and root[1] in names and not is_of_our_api(names[root[1]])


def _indent(code: str, place: int) -> int:
    line = code[code.rfind("\n", 0, place) + 1 :]
    return len(line) - len(line.lstrip())


def _arguments(code: str, start: int, indent: int, names: Mapping[str, Any], *, is_schema: bool) -> tuple[list[str], int]:
    """Return the values among the arguments that begin at ``start``, and where they end: by a bracket, or before the next statement."""
    arguments = _Arguments(is_schema=is_schema)
    found: list[str] = []
    place = start
    while arguments.brackets and (piece := _PIECE.match(code, place)) is not None:
        place = piece.end()
        if piece["newline"]:
            if arguments.is_complete and len(piece[0]) - 1 <= indent:
                break
        elif piece["quote"]:
            text, place = _text(code, piece["quote"], place, arguments)
            found.append(re.sub(r"\\(['\"\\])", r"\1", text))
            arguments.last = '"'
        elif not piece["blank"] and not piece["comment"]:
            if piece["word"] and arguments.takes(piece["word"]) and _is_unquoted(piece["word"], code, place, names):
                found.append(piece["word"])
            arguments.go_on(piece[0], is_word=bool(piece["word"]))
    return found, place


def _text(code: str, quote: str, place: int, arguments: _Arguments) -> tuple[str, int]:
    """Return the value that begins with a quote before ``place``, and where it ends; a key is noted, and no value."""
    text, place, has_end = _string(code, quote, place)
    may_be_key = arguments.last not in {":", "="} or _NEXT_ARGUMENT.search(text[-_LONGEST_ROOT:])
    if may_be_key and (slip := _key_and_value(code, text, place, quote, has_end=has_end)):
        key, text, place = slip
        arguments.keyword = key or arguments.word
    elif _COLON.match(code, place) or (may_be_key and text.rstrip().endswith(":") and not is_opaque(text)):
        arguments.keyword = text
        return "", place
    if code[place : place + 1].isalnum():
        # The quote that ends it is missing: the next one begins a key.
        text = text.rstrip(" ,")
    return text if arguments.takes(text) else "", place


def _is_unquoted(word: str, code: str, end: int, names: Mapping[str, Any]) -> bool:
    """Tell whether a word is a value whose quotes were forgotten."""
    return is_opaque(word) and word not in names and not _OF_A_NAME.match(code, end)


def _key_and_value(code: str, text: str, place: int, quote: str, *, has_end: bool) -> tuple[str, str, int] | None:
    """Return the key, the value and where it ends, if a quote is missing in a key so that it ends where its value begins."""
    if not has_end:
        # The quotes of the value are others than those of the key: all of it is in one string.
        both = _KEY_AND_VALUE.match(text) if len(text) <= _LONGEST_LINE else None
        return (both[1], both[2], place) if both and both[2] else None
    if not _OPEN_END.search(text[-_LONGEST_ROOT:]) or place >= len(code) or code[place].isspace() or code[place] in ",)]}:":
        return None
    value, end, _ = _string(code, quote, place)
    key = re.search(r"([\w-]+)[\s:=]*\Z", text[-_LONGEST_ROOT:])
    return key[1] if key else "", value, end


def _string(code: str, quote: str, place: int) -> tuple[str, int, bool]:
    """Return what is in the string that begins at ``place``, where it ends, and if it does: one that has no end ends with its line."""
    inside = _INSIDE[quote].match(code, place)
    text = inside[0] if inside else ""
    place += len(text)
    if end := next((one for one in _ENDS[quote] if code.startswith(one, place)), ""):
        return text, place + len(end), True
    return text.rstrip(" \t)]},:"), place, False


class _Arguments:
    """Where in the arguments of a call a reader is."""

    def __init__(self, *, is_schema: bool) -> None:
        self._is_schema = is_schema
        # Of each open bracket, whether what is in it is looked at.
        self.brackets = [True]
        self.keyword = ""
        self.last = ""
        self.word = ""
        self._is_first = True

    @property
    def is_complete(self) -> bool:
        """Whether a line may end here."""
        return bool(self.last) and self.last not in _GOES_ON

    def takes(self, text: str) -> bool:
        """Tell whether a string here is a value, and no name."""
        is_name = self._is_first and len(self.brackets) == 1 and not self.keyword and NAME.fullmatch(text) and not is_opaque(text)
        return self.brackets[-1] and not self._is_naming() and not is_name

    def _is_naming(self) -> bool:
        # A mapping, and a schema that takes any key, may have one that is called `description`.
        is_key = self._is_schema or len(self.brackets) > 1
        return self.keyword in NO_VALUES if is_key else holds_no_value(self.keyword)

    def go_on(self, text: str, *, is_word: bool) -> None:
        """Go on behind a word, a bracket or a sign."""
        if text in {"(", "[", "{"}:
            # What is in `getenv("…")` and `os.environ["…"]` is no value.
            hands_on = text == "(" and (self.word in HANDS_ON or _is_given_values(self.word))
            self.brackets.append(self.brackets[-1] and (self.last != "w" or hands_on))
        elif text in {")", "]", "}"}:
            self.brackets.pop()
        elif text == ",":
            self._is_first, self.keyword = self._is_first and len(self.brackets) > 1, ""
        elif text == "=":
            self.keyword = self.word
        self.word = text if is_word else ""
        self.last = "w" if is_word else text
