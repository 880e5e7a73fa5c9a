"""The strings, keys and numbers of a JSON text with their offsets, for replacements.

In this module, a key is a key of a JSON object, and not the key of a secret.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonPath = tuple["str | int", ...]
"""The keys and indices that lead to a token, outermost first."""

# A string, a bracket, a comma or a colon, or a number.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|-?\d[\d.eE+-]*', re.DOTALL)
# A character of a string as JSON writes it: an escaped pair of surrogates, another escape, or the character itself.
_CHARACTER = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL)

# Without strict, a string may contain control characters.
_DECODER = json.JSONDecoder(strict=False)


class JsonToken(NamedTuple):
    """A string, a key or a number in a JSON text.

    Brackets, ``true``, ``false`` and ``null`` are left out.

    Attributes:
        path: The keys and indices that lead to the token; for a key, the last element is this key.
        start: The offset of the first character, after the opening quote.
        end: The offset after the last character, before the closing quote.
        is_key: Whether the token is a key of an object.
        is_number: Whether the token is a number.
    """

    path: JsonPath
    start: int
    end: int
    is_key: bool = False
    is_number: bool = False

    def decoded_text(self, text: str) -> str:
        """Return the decoded string, or the number as it is written.

        ``text`` is the whole JSON text.
        """
        raw = text[self.start : self.end]
        if self.is_number or "\\" not in raw:
            return raw
        decoded: str = _DECODER.decode(f'"{raw}"')
        return decoded

    def positions(self, text: str) -> list[int]:
        r"""Return the offset in ``text`` of each character of the decoded token, and the end.

        ``text`` is the whole JSON text.

        For example, the string ``a\\nb`` at offset 1 has the three characters at 1, 2 and 4, and ends at 5.
        """
        if "\\" not in text[self.start : self.end]:
            return list(range(self.start, self.end + 1))
        return [*(match.start() for match in _CHARACTER.finditer(text, self.start, self.end)), self.end]


def tokens(text: str) -> Iterator[JsonToken]:
    """Yield the strings, keys and numbers of a valid JSON text, in order."""
    path: list[str | int] = []
    # For each open bracket, whether it is the bracket of an object.
    are_objects: list[bool] = []
    is_key = False
    # ``path`` has one element for each open bracket: the current index of a list, or the latest key of an object, which is empty at first.
    for match in _TOKEN.finditer(text):
        sign = text[match.start()]
        if sign in "{[":
            are_objects.append(sign == "{")
            path.append("" if are_objects[-1] else 0)
            is_key = are_objects[-1]
        elif sign in "}]":
            are_objects.pop()
            path.pop()
            is_key = False
        elif sign == ",":
            is_key = are_objects[-1]
            if not is_key:
                path[-1] = int(path[-1]) + 1
        elif sign == '"':
            token = JsonToken((), match.start() + 1, match.end() - 1, is_key=is_key)
            if is_key:
                path[-1] = token.decoded_text(text)
                is_key = False
            yield token._replace(path=tuple(path))
        elif sign != ":":
            yield JsonToken(tuple(path), match.start(), match.end(), is_number=True)


def to_json_text(value: str, *, ascii_only: bool) -> str:
    """Return a string as JSON, without the quotes around it."""
    return json.dumps(value, ensure_ascii=ascii_only)[1:-1]
