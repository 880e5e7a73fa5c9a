"""The strings and numbers of a JSON text with where they stand in it, so that one can be replaced and nothing else changes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple["str | int", ...]
"""Where something stands: keys and indices from the outside in."""

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|-?\d[\d.eE+-]*', re.DOTALL)
_UNIT = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL)

_DECODER = json.JSONDecoder(strict=False)


class Piece(NamedTuple):
    """A string, a key or a number: ``text[start:end]`` without the quotes."""

    path: Path
    start: int
    end: int
    is_key: bool = False
    is_number: bool = False

    def value(self, text: str) -> str:
        """Return what it says."""
        raw = text[self.start : self.end]
        if self.is_number or "\\" not in raw:
            return raw
        said: str = _DECODER.decode(f'"{raw}"')
        return said

    def positions(self, text: str) -> list[int]:
        """Return where each character of the value begins in ``text``, and where the last one ends."""
        if "\\" not in text[self.start : self.end]:
            return list(range(self.start, self.end + 1))
        return [*(match.start() for match in _UNIT.finditer(text, self.start, self.end)), self.end]


def pieces(text: str) -> Iterator[Piece]:
    """Yield the pieces of a JSON text, which has to be a valid one, in order."""
    path: list[str | int] = []
    is_object: list[bool] = []
    is_key = False
    for match in _TOKEN.finditer(text):
        sign = text[match.start()]
        if sign in "{[":
            is_object.append(sign == "{")
            path.append("" if is_object[-1] else 0)
            is_key = is_object[-1]
        elif sign in "}]":
            is_object.pop()
            path.pop()
            is_key = False
        elif sign == ",":
            is_key = is_object[-1]
            if not is_key:
                path[-1] = int(path[-1]) + 1
        elif sign == '"':
            piece = Piece((), match.start() + 1, match.end() - 1, is_key=is_key)
            if is_key:
                path[-1] = piece.value(text)
                is_key = False
            yield piece._replace(path=tuple(path))
        elif sign != ":":
            yield Piece(tuple(path), match.start(), match.end(), is_number=True)


def encoded(value: str, *, ascii_only: bool) -> str:
    """Return a string as it stands between the quotes."""
    return json.dumps(value, ensure_ascii=ascii_only)[1:-1]
