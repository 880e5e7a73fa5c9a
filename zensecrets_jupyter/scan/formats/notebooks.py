"""The texts of a notebook, with their offsets in the file and a readable location.

The file is parsed as JSON, not by nbformat, for two reasons: a notebook that nbformat rejects must be searched too, and the replacement of
one text must leave every other byte of the file unchanged. In this module, a key is a key of a JSON object.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.scan.formats.json_text import JsonPath, JsonToken, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.scan.matchers import Match, Matcher

_ITEM_NOUNS = {"cells": "cell", "outputs": "output", "worksheets": "worksheet"}
"""Keys of the lists whose items are numbered in a location, each with the noun for an item: ``cell 3``."""
_SOURCE_KEYS = {"source", "input"}
"""Keys of the source of a cell, in all versions of nbformat."""
_UNNAMED_KEYS = {"data", "attachments"}
"""Keys that a location does not show as they are: ``data`` is left out, and ``attachments`` is shown as ``attachment``."""
_BINARY_TYPE = re.compile(r"(?:image/(?!svg)|audio/|video/|font/|application/(?:pdf|octet-stream|zip|x-))")
"""A MIME type whose content is base64 in a notebook."""
_CELL_ID_DEPTH = 3
"""Length of the path of a cell's id: ``cells``, index, ``id``."""


class NotebookText(NamedTuple):
    """A string, key or number of a notebook.

    nbformat may store a text as a list of lines. The list is then one text, with a token for each line.
    """

    tokens: tuple[JsonToken, ...]

    @property
    def path(self) -> JsonPath:
        """The path of the text; for a list of lines, the path of the list."""
        return self.tokens[0].path[:-1] if len(self.tokens) > 1 else self.tokens[0].path

    @property
    def length(self) -> int:
        """The number of characters of the text in JSON. The decoded text is never longer."""
        return sum(token.end - token.start for token in self.tokens)

    @property
    def is_source(self) -> bool:
        """Whether the text is the source of a cell."""
        return any(key in _SOURCE_KEYS for key in self.path) and "outputs" not in self.path and "metadata" not in self.path

    @property
    def is_base64(self) -> bool:
        """Whether the text is a picture, a sound or another file in base64."""
        keys = [key for key in self.path if isinstance(key, str)]
        return "attachments" in keys or any(_BINARY_TYPE.match(key) for key in keys)

    @property
    def is_cell_id(self) -> bool:
        """Whether the text is the id of a cell."""
        return self.path[-1:] == ("id",) and len(self.path) == _CELL_ID_DEPTH

    def decoded_text(self, raw: str) -> str:
        """Return the decoded text, given the JSON ``raw`` of the notebook."""
        return "".join(token.decoded_text(raw) for token in self.tokens)

    def location(self, matcher: Matcher, line: int = 0) -> str:
        """Return the location, such as ``cell 3, output 1, text/html``.

        Args:
            matcher: Finds values. If a key in the path contains a value, the location shows the mask instead of the key.
            line: The number of the line in the text, from 1. The location shows it only for the source of a cell. 0 shows no line.
        """
        path = tuple(matcher.hide(part) if isinstance(part, str) else part for part in self.path)
        return _format_location(path, line if self.is_source else 0, is_key=self.tokens[0].is_key)


def is_notebook(text: str) -> bool:
    """Return whether a text is a notebook of any version."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and ("cells" in document or "worksheets" in document) and "nbformat" in document


def texts(text: str) -> Iterator[NotebookText]:
    """Yield the strings, keys and numbers of a notebook, in order.

    A list of lines is one string.
    """

    def group_key(indexed_token: tuple[int, JsonToken]) -> JsonPath | int:
        """Return one grouping key for all lines of a list, and unique keys for others."""
        index, token = indexed_token
        return _path_of_lines(token) or index

    for _, group in groupby(enumerate(tokens(text)), group_key):
        yield NotebookText(tuple(token for _, token in group))


def find_in_text(matcher: Matcher, text: str) -> list[Match]:
    """Return the matches in any text, with offsets in characters.

    :meth:`Matcher.find` returns offsets in bytes.
    """
    data = text.encode("utf-8", "surrogatepass")
    matches = matcher.find(data)
    return [_in_characters(match, data) for match in matches] if len(data) != len(text) else matches


def _path_of_lines(token: JsonToken) -> JsonPath | None:
    """Return the path of the list of lines that contains a token; ``None`` if the token is not in such a list."""
    path = token.path
    if token.is_key or token.is_number or not isinstance(path[-1], int):
        return None
    key = str(path[-2]) if len(path) > 1 else ""
    # A MIME bundle of nbformat maps MIME types to contents. It is in ``data``, or in ``attachments`` under the name of a file. In a bundle,
    # every list is a list of lines, except under a JSON type such as ``application/json``, whose content is JSON itself.
    in_mime_bundle = (path[-3:-2] == ("data",) or path[-4:-3] == ("attachments",)) and not key.endswith("json")
    return path[:-1] if in_mime_bundle or key in _SOURCE_KEYS or key == "text" else None


def _in_characters(match: Match, data: bytes) -> Match:
    """Return a match in ``data``, which is UTF-8, with offsets in characters instead of bytes."""
    start = len(data[: match.start].decode("utf-8", "surrogatepass"))
    return match._replace(start=start, end=start + len(data[match.start : match.end].decode("utf-8", "surrogatepass")))


def _format_location(path: JsonPath, line: int, *, is_key: bool) -> str:
    """Return the location for a path.

    Args:
        path: The path, in which keys that contain a value are masked.
        line: The number of the line, which is shown instead of the key ``source`` or ``input``. With 0, the key is shown.
        is_key: Whether the value is in the last key itself, and not in the content under it.
    """
    parts: list[str] = []
    in_metadata = False
    for parent, part in zip((None, *path), path, strict=False):
        if isinstance(part, int):
            # Other indices, such as those of a list of lines, do not help a reader. Most notebooks have only one worksheet.
            if parent in _ITEM_NOUNS and not in_metadata and not (parent == "worksheets" and part == 0):
                parts.append(f"{_ITEM_NOUNS[str(parent)]} {part + 1}")
        elif part in _UNNAMED_KEYS and not in_metadata:
            parts += ["attachment"] if part == "attachments" else []
        elif part not in _ITEM_NOUNS or in_metadata:
            in_metadata = in_metadata or part == "metadata"
            parts.append(part)
    if parts and parts[-1] in _SOURCE_KEYS and line:
        parts[-1] = f"line {line}"
    return f"{', '.join(parts)} (the key)" if is_key else ", ".join(parts)
