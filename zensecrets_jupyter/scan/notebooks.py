"""The texts of a notebook, each with its place in the words of a person, and where they stand in the file's own text.

The file is read as JSON, not by nbformat: what nbformat refuses has to be searched too, and what is replaced must leave every other byte
as it is.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.scan.json_text import Path, Piece, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.scan.known import Known, Spot

_LISTED = {"cells": "cell", "outputs": "output", "worksheets": "worksheet"}
_SOURCES = {"source", "input"}
_UNSAID = {"data", "attachments"}
_BINARY = re.compile(r"(?:image/(?!svg)|audio/|video/|font/|application/(?:pdf|octet-stream|zip|x-))")


class Text(NamedTuple):
    """A string of a notebook; one that is kept as a list of lines is one text."""

    pieces: tuple[Piece, ...]

    @property
    def path(self) -> Path:
        """Where it stands: of a list of lines, where the list does."""
        return self.pieces[0].path[:-1] if len(self.pieces) > 1 else self.pieces[0].path

    @property
    def length(self) -> int:
        """How many characters it has at most."""
        return sum(piece.end - piece.start for piece in self.pieces)

    @property
    def is_source(self) -> bool:
        """Whether it is what a person wrote into a cell."""
        return any(part in _SOURCES for part in self.path) and "outputs" not in self.path and "metadata" not in self.path

    @property
    def is_base64(self) -> bool:
        """Whether it is a picture, a sound, or another file in base64."""
        kinds = [part for part in self.path if isinstance(part, str)]
        return "attachments" in kinds or any(_BINARY.match(part) for part in kinds)

    def value(self, text: str) -> str:
        """Return what it says."""
        return "".join(piece.value(text) for piece in self.pieces)

    def place(self, known: Known, line: int = 0) -> str:
        """Return where it stands, as in ``cell 3, output 1, text/html``; a key that is ``known`` is hidden."""
        path = tuple(known.hide(part) if isinstance(part, str) else part for part in self.path)
        return _place(path, line if self.is_source else 0, is_key=self.pieces[0].is_key)


def is_notebook(text: str) -> bool:
    """Tell whether a text is a notebook of any version."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and ("cells" in document or "worksheets" in document) and "nbformat" in document


def texts(text: str) -> Iterator[Text]:
    """Yield the texts, keys and numbers of a notebook, in order."""
    for _, group in groupby(enumerate(pieces(text)), lambda one: _together(one[1]) or one[0]):
        yield Text(tuple(piece for _, piece in group))


def _together(piece: Piece) -> Path | None:
    """Return where the list of lines is that a piece belongs to."""
    path = piece.path
    if piece.is_key or piece.is_number or not isinstance(path[-1], int):
        return None
    listed = str(path[-2]) if len(path) > 1 else ""
    in_bundle = (path[-3:-2] == ("data",) or path[-4:-3] == ("attachments",)) and not listed.endswith("json")
    return path[:-1] if in_bundle or listed in _SOURCES or listed == "text" else None


def find(known: Known, said: str) -> list[Spot]:
    """Return where values stand in what a text says, counted in characters."""
    data = said.encode("utf-8", "surrogatepass")
    spots = known.find(data)
    return [_in_characters(spot, data) for spot in spots] if len(data) != len(said) else spots


def _in_characters(spot: Spot, data: bytes) -> Spot:
    start = len(data[: spot.start].decode("utf-8", "surrogatepass"))
    return spot._replace(start=start, end=start + len(data[spot.start : spot.end].decode("utf-8", "surrogatepass")))


def _place(path: Path, line: int, *, is_key: bool) -> str:
    parts: list[str] = []
    inside = False
    for before, part in zip((None, *path), path, strict=False):
        if isinstance(part, int):
            # Of a text that is a list of lines, the line says nothing.
            if before in _LISTED and not inside and not (before == "worksheets" and part == 0):
                parts.append(f"{_LISTED[str(before)]} {part + 1}")
        elif part in _UNSAID and not inside:
            parts += ["attachment"] if part == "attachments" else []
        elif part not in _LISTED or inside:
            inside = inside or part == "metadata"
            parts.append(part)
    if parts and parts[-1] in _SOURCES and line:
        parts[-1] = f"line {line}"
    return f"{', '.join(parts)} (the key)" if is_key else ", ".join(parts)
