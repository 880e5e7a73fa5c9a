"""Find inline secrets in calls of the API in code with a syntax error.

This code has no syntax tree, so the position of a text in the code decides whether the text is a value.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.names import VALUE_FREE_ARGUMENTS, is_value_free_argument
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.notebook.cells.calls.api_names import (
    PASS_THROUGH,
    SCHEMAS,
    SECRET_NAME,
    VALUE_METHODS,
    VERY_SIMILAR,
    is_api_object,
    is_similar,
    may_be_value,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPOGRAPHIC_QUOTES = {"\u201c\u201d\u201e\u201f\u00ab\u00bb": '"', "\u2018\u2019\u201a\u201b": "'"}
"""Maps typographic quotes, which word processors insert, to the Python quote that the user meant."""
_TYPOGRAPHIC = "".join(_TYPOGRAPHIC_QUOTES)
_CALL = re.compile(
    rf"""(?<![\w-])(?P<name>[^\W\d](?:\w|-(?=[^\W\d])){{0,60}})"""
    rf"""(?:[ \t]{{0,8}}\(|[ \t]{{1,8}}(?=["'{{{_TYPOGRAPHIC}]|[^\W\d]\w{{0,60}}[ \t]?=[ \t]?["'{_TYPOGRAPHIC}]))"""
)
"""A call: a name, and an opening bracket. If the bracket is missing, a string, a brace or a keyword argument follows after blanks.

Limits such as ``{0,60}`` keep the search fast.
"""
_DEFINITION = re.compile(r"(?:\A|[\n;])[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\Z")
"""The text before a name that a ``def`` or ``class`` statement defines."""
_BOTO3_ARGUMENT = re.compile(r"\s*[A-Z]\w*\s*=[^=]")
"""A keyword argument with an uppercase first letter, as in boto3's ``create_secret(Name=...)``; this package has no such arguments."""
_KEY_AND_VALUE = re.compile(r"""\s*([\w-]{1,60})\s*["']?\s*[:=]\s*["']?(.*?)["']?\s*\Z""", re.DOTALL)
"""The contents of a string that contains both a key and a value, such as ``password: "abc``."""
_NEXT_ARGUMENT = re.compile(r",\s*[^\W\d]\w*\s*=\s*\Z")
"""The end of a string whose closing quote is missing, so that the string contains the name of the next argument.

For example, in ``password="abc, user="x"`` the first string is ``"abc, user="``.
"""
_COLON = re.compile(r"\s*:")
"""The text after a string that is a key."""
_AFTER_NAME = re.compile(r"\s*[(=:.\[]")
"""The text after a word that is a Python name or a key, and not a value."""
_AFTER_KEY = re.compile(r"[\s:=]+\Z")
"""The end of a string that contains a key and the separator after it.

For example, in ``{"password: "abc"}`` the first string is ``"password: "``.
"""
_ROOT_VARIABLE = re.compile(r"(?:^|[^\w.)])([^\W\d]\w*)(?:\.\w+|\([^()\n]*\))*\.\Z")
"""The variable at the beginning of a chain of attributes, such as ``client`` in ``client.stack.``."""
_MAX_LOOKBEHIND = 100
"""The maximum number of characters that a search reads before a position."""
_MAX_STRING_LENGTH = 2000
"""The maximum length of a string that is searched for a key and its value."""
_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\f]+)|(?P<newline>\n[ \t]*)|(?P<comment>\#[^\n]*)"""
    r"""|(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"{3}|'{3}|"|'|[\u2018-\u201f\u00ab\u00bb])"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<word>\w+)|(?P<other>.)"""
)
"""A token of code; of a string, only the prefix and the opening quote."""
_STRING_CONTENTS = {
    '"': re.compile(r'(?:\\.|[^"\\\n])*', re.DOTALL),
    "'": re.compile(r"(?:\\.|[^'\\\n])*", re.DOTALL),
    '"""': re.compile(r'(?:\\.|(?!""").)*', re.DOTALL),
    "'''": re.compile(r"(?:\\.|(?!''').)*", re.DOTALL),
    # The user may mix quotes, so any quote of the same set ends the contents.
    **{
        typographic: re.compile(rf"(?:\\.|[^{quote}{quotes}\\\n])*", re.DOTALL)
        for quotes, quote in _TYPOGRAPHIC_QUOTES.items()
        for typographic in quotes
    },
}
"""For each opening quote, the pattern of the contents of its string."""
_CLOSING_QUOTES = {
    **{quote: (quote,) for quote in _STRING_CONTENTS},
    **{typographic: (quote, *quotes) for quotes, quote in _TYPOGRAPHIC_QUOTES.items() for typographic in quotes},
}
"""For each opening quote, the quotes that may close its string."""
_CONTINUATIONS = frozenset(",([{+:=\\")
"""Characters at the end of a line whose statement continues on the next line."""


def find_secrets_in_malformed_code(code: str, variables: Mapping[str, Any]) -> set[str]:
    """Return the texts that the user meant as secret values in calls of the API.

    Variables and concatenations are not evaluated.

    Args:
        code: The code, as the user typed it.
        variables: The variables of the code, by name.
    """
    secrets: set[str] = set()
    position = 0
    while (call := _CALL.search(code, position)) is not None:
        position = call.end()
        # `create-secret` is a misspelled name, but `x-create_secret` is a subtraction, in which the call begins after the hyphen.
        is_whole_name = _takes_values(call["name"].replace("-", "_"))
        start = call.start() if is_whole_name else call.start() + call["name"].rfind("-") + 1
        if not is_whole_name and not _takes_values(code[start : call.end("name")]):
            continue
        has_bracket = call[0].endswith("(")
        if _is_foreign_name(code, start, position, variables) or not (has_bracket or _may_lack_bracket(code, start, call["name"])):
            continue
        is_schema = is_similar(call["name"], SCHEMAS, VERY_SIMILAR)
        texts, position = _read_arguments(code, position, _indent(code, start), variables, is_schema=is_schema)
        secrets.update(text for text in texts if may_be_value(text))
    return secrets


def _may_lack_bracket(code: str, start: int, name: str) -> bool:
    """Return whether a name without an opening bracket is meant as a call.

    The name of a method is after a dot. Other names are calls only if they are the names of schemas.
    """
    return code[:start].endswith(".") or name in SCHEMAS


@lru_cache(maxsize=1000)
def _takes_values(name: str) -> bool:
    """Return whether a possibly misspelled name is the name of a method or schema that takes secret values."""
    return is_similar(name, VALUE_METHODS | SCHEMAS, VERY_SIMILAR)


def _is_foreign_name(code: str, start: int, end: int, variables: Mapping[str, Any]) -> bool:
    """Return whether a name belongs to a definition, or to a call outside the API.

    Args:
        code: The code.
        start: The offset of the name.
        end: The offset at which the arguments begin.
        variables: The variables of the code, by name.
    """
    before = code[max(0, start - _MAX_LOOKBEHIND) : start]
    if _DEFINITION.search(before) or _BOTO3_ARGUMENT.match(code, end):
        return True
    root = _ROOT_VARIABLE.search(before)
    return root is not None and root[1] in variables and not is_api_object(variables[root[1]])


def _indent(code: str, position: int) -> int:
    """Return the indentation of the line that contains ``position``."""
    line = code[code.rfind("\n", 0, position) + 1 :]
    return len(line) - len(line.lstrip())


def _read_arguments(code: str, start: int, indent: int, variables: Mapping[str, Any], *, is_schema: bool) -> tuple[list[str], int]:
    """Return the values among the arguments of a call, and the offset of its end.

    The arguments begin at ``start``, and ``indent`` is the indentation of the statement. A call ends at its closing bracket, or before the
    next statement.
    """
    arguments = _ArgumentState(is_schema=is_schema)
    values: list[str] = []
    position = start
    while arguments.open_brackets and (token := _TOKEN.match(code, position)) is not None:
        position = token.end()
        if token["newline"]:
            # The token is the line break and the indentation of the next line.
            if arguments.is_complete and len(token[0]) - 1 <= indent:
                break
        elif token["quote"]:
            text, position = _read_value(code, token["quote"], position, arguments)
            # Escaped quotes and backslashes are unescaped.
            values.append(re.sub(r"\\(['\"\\])", r"\1", text))
            arguments.last_symbol = '"'
        elif not token["blank"] and not token["comment"]:
            if token["word"] and arguments.is_value(token["word"]) and _is_unquoted_value(token["word"], code, position, variables):
                values.append(token["word"])
            arguments.advance(token[0], is_word=bool(token["word"]))
    return values, position


def _read_value(code: str, quote: str, start: int, arguments: _ArgumentState) -> tuple[str, int]:
    """Return the value in the string whose contents begin at ``start``, and the offset after the string.

    If the string is a key, the value is empty, and ``arguments`` records the key. If the string is not a value but, for example, the name
    of the secret, the value is empty too.
    """
    string = _read_string(code, quote, start)
    text, position = string.text, string.end
    next_argument = _NEXT_ARGUMENT.search(text, max(0, len(text) - _MAX_LOOKBEHIND))
    # A string after a colon or an equals sign is a value, unless a quote is missing.
    may_be_key = arguments.last_symbol not in {":", "="} or next_argument
    if next_argument and arguments.last_symbol == "=" and _opens_string(code, string):
        # The value ends before the comma, and the reader continues there.
        value = text[: next_argument.start()]
        return value if arguments.is_value(value) else "", start + next_argument.start()
    if may_be_key and (key_value_end := _split_key_and_value(code, string, quote)):
        key, text, position = key_value_end
        arguments.keyword = key or arguments.last_word
    elif _COLON.match(code, position) or (may_be_key and text.rstrip().endswith(":") and not is_opaque(text)):
        # The whole string is a key.
        arguments.keyword = text
        return "", position
    if code[position : position + 1].isalnum():
        # A letter directly after a string shows that the quote at its end opens the next key, because the closing quote of the value is
        # missing. For example, in `{"a": "abc, "b": "d"}` the string `"abc, "` ends before the key `b`.
        text = text.rstrip(" ,")
    return text if arguments.is_value(text) else "", position


def _is_unquoted_value(word: str, code: str, end: int, variables: Mapping[str, Any]) -> bool:
    """Return whether a word looks like a value whose quotes are missing.

    The word looks random, and is neither a variable nor a key.
    """
    return is_opaque(word) and word not in variables and not _AFTER_NAME.match(code, end)


class _String(NamedTuple):
    """A string literal.

    Attributes:
        text: The contents.
        end: The offset after the literal.
        is_closed: Whether it has a closing quote.
    """

    text: str
    end: int
    is_closed: bool


def _read_string(code: str, quote: str, start: int) -> _String:
    """Return the string whose contents begin at ``start``.

    A string without a closing quote ends at the end of its line, or at the end of the code if it is triple-quoted.
    """
    contents = _STRING_CONTENTS[quote].match(code, start)
    text = contents[0] if contents else ""
    end = start + len(text)
    if closing := next((candidate for candidate in _CLOSING_QUOTES[quote] if code.startswith(candidate, end)), ""):
        return _String(text, end + len(closing), is_closed=True)
    # The brackets and separators at the end belong to the code around the string.
    return _String(text.rstrip(" \t)]},:"), end, is_closed=False)


def _split_key_and_value(code: str, string: _String, quote: str) -> tuple[str, str, int] | None:
    """Split a string in which a missing quote joins a key and its value.

    Returns:
        The key, the value, and the offset after the value; ``None`` for any other string.
    """
    text, position = string.text, string.end
    if not string.is_closed:
        # The quote before the key differs from the quotes around the value, so one string contains both: `'password: "abc"`.
        key_and_value = _KEY_AND_VALUE.match(text) if len(text) <= _MAX_STRING_LENGTH else None
        return (key_and_value[1], key_and_value[2], position) if key_and_value and key_and_value[2] else None
    # The closing quote of the key is missing, so the string ends where the value of the key begins: `"password: "abc"`.
    if not _AFTER_KEY.search(text[-_MAX_LOOKBEHIND:]) or not _opens_string(code, string):
        return None
    value = _read_string(code, quote, position)
    key = re.search(r"([\w-]+)[\s:=]*\Z", text[-_MAX_LOOKBEHIND:])
    return key[1] if key else "", value.text, value.end


def _opens_string(code: str, string: _String) -> bool:
    """Return whether the quote at the end of ``string`` opens the next string.

    It does if other characters than separators and closing brackets follow: these characters are the contents of the next string.
    """
    return string.is_closed and code[string.end : string.end + 1].strip(" \t\r\f\n,)]}:") != ""


class _ArgumentState:
    """The state of :func:`_read_arguments` inside the arguments of a call.

    Attributes:
        open_brackets: For each open bracket, whether its contents may be values. The first item is for the bracket of the call.
        keyword: The key or keyword of the next value.
        last_symbol: The last token; ``w`` for a word and ``"`` for a string.
        last_word: The last token if it is a word; otherwise empty.
    """

    def __init__(self, *, is_schema: bool) -> None:
        self._is_schema = is_schema
        self.open_brackets = [True]
        self.keyword = ""
        self.last_symbol = ""
        self.last_word = ""
        # Whether the position is in the first argument of the call.
        self._is_first = True

    @property
    def is_complete(self) -> bool:
        """Whether a statement may end here."""
        return bool(self.last_symbol) and self.last_symbol not in _CONTINUATIONS

    def is_value(self, text: str) -> bool:
        """Return whether a text at this position is a value.

        The name of a secret, and the text of an argument such as ``schema``, are not values.
        """
        is_first_argument = self._is_first and len(self.open_brackets) == 1 and not self.keyword
        is_name = is_first_argument and SECRET_NAME.fullmatch(text) and not is_opaque(text)
        return self.open_brackets[-1] and not self._has_value_free_keyword() and not is_name

    def _has_value_free_keyword(self) -> bool:
        # is_value_free_argument() also accepts other names for the arguments, such as `description`, and misspelled names. In a mapping,
        # and in a call of a schema, `description` may be a key with a value, so only the exact names in VALUE_FREE_ARGUMENTS count.
        allows_any_key = self._is_schema or len(self.open_brackets) > 1
        return self.keyword in VALUE_FREE_ARGUMENTS if allows_any_key else is_value_free_argument(self.keyword)

    def advance(self, text: str, *, is_word: bool) -> None:
        """Update the state after a word, a bracket or another character."""
        if text in {"(", "[", "{"}:
            # The texts in `getenv("…")` and `os.environ["…"]` are names of environment variables, and no values.
            passes_values = text == "(" and (self.last_word in PASS_THROUGH or _takes_values(self.last_word))
            self.open_brackets.append(self.open_brackets[-1] and (self.last_symbol != "w" or passes_values))
        elif text in {")", "]", "}"}:
            self.open_brackets.pop()
        elif text == ",":
            # A comma in an inner bracket does not end the first argument.
            self._is_first, self.keyword = self._is_first and len(self.open_brackets) > 1, ""
        elif text == "=":
            self.keyword = self.last_word
        self.last_word = text if is_word else ""
        self.last_symbol = "w" if is_word else text
