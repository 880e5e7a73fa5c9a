"""What stands where a value stood: a reference in what a person wrote, a mark in everything else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction import mark
from zensecrets_jupyter.core.reference import SecretReference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.scan.known import Spot

SOURCES = frozenset({
    ".cfg", ".env", ".ini", ".ipy", ".jl", ".js", ".json", ".md", ".py", ".qmd", ".r", ".rmd", ".rst", ".scala", ".sh", ".sql", ".toml",
    ".ts", ".yaml", ".yml",
})  # fmt: skip
"""What the names of files end with that a person writes."""

_NAME = re.compile(r"[\w-]+\.[\w.-]+")
_IN_ENVIRONMENT = "env."
_OUR_LINE = re.compile(
    # In scripts that are notebooks too a magic's line is a comment: jupytext's `# %secret …`, Databricks's `# MAGIC %secret …`.
    r"\s*(?:(?:#|//|--)\s*(?:MAGIC\s+)?(?=[%!]))?[%!]?\s*(?:zen\s+|zensecrets\s+)?secret\s+(?:register|create|update)\s"
)
_ARGUMENT = re.compile(r"(?<=\s)--[\w.-]+(=[\"']?)\Z")


_IN_LITERALS = frozenset({"plain", "escapes", "quoted or wrapped"})
"""How a value may be written between the quotes of a literal."""


class Edit(NamedTuple):
    """``text[start:end]`` becomes ``new``."""

    start: int
    end: int
    new: str


def edits_of_source(text: str, spots: Iterable[Spot]) -> list[Edit]:
    """Return the edits that take values out of what a person wrote.

    A whole value that stands there as a literal becomes the reference, ``{{name.key}}``. On a line that registers or updates a secret
    ``--key=VALUE`` becomes ``--key``, which asks. Everything else becomes a mark.
    """
    return [_edit_of_source(text, spot) for spot in spots]


def edits_of_output(spots: Iterable[Spot]) -> list[Edit]:
    """Return the edits that put marks in the place of values."""
    return [Edit(spot.start, spot.end, mark(spot.name)) for spot in spots]


def edits_of_base64(text: str, spots: Iterable[Spot]) -> list[Edit]:
    """Return the edits after which base64 is still some, of as many bytes: NULs are where values were."""
    return [Edit(spot.start, spot.end, re.sub(r"[^=\s]", "A", text[spot.start : spot.end])) for spot in spots]


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return ``text`` with the edits, which are in order."""
    parts = []
    position = 0
    for edit in edits:
        parts += [text[position : edit.start], edit.new]
        position = edit.end
    return "".join([*parts, text[position:]])


def _edit_of_source(text: str, spot: Spot) -> Edit:
    is_literal = spot.whole and spot.form in _IN_LITERALS and _NAME.fullmatch(spot.name) and not spot.name.startswith(_IN_ENVIRONMENT)
    if not is_literal:
        return Edit(spot.start, spot.end, mark(spot.name))
    before = text[text.rfind("\n", 0, spot.start) + 1 : spot.start]
    argument = _ARGUMENT.search(before)
    if argument and _OUR_LINE.match(before):
        quote = argument[1][1:]
        return Edit(spot.start - len(argument[1]), spot.end + (len(quote) if text.startswith(quote, spot.end) else 0), "")
    name, _, key = spot.name.partition(".")
    return Edit(spot.start, spot.end, str(SecretReference(name, key)))


def masked_alike(data: bytes, spots: Iterable[Spot]) -> bytes:
    """Return ``data`` with every value replaced by as many bytes and characters, for formats that say a text's length before it.

    A letter of one, two, three or four bytes of UTF-8 becomes another one of as many.
    """
    changed = bytearray(data)
    for spot in spots:
        found = data[spot.start : spot.end]
        try:
            alike = "".join(_ALIKE[len(letter.encode())] for letter in found.decode()).encode()
        except UnicodeDecodeError:
            alike = b"*" * len(found)
        changed[spot.start : spot.end] = alike
    return bytes(changed)


_ALIKE = {1: "*", 2: "×", 3: "•", 4: "🔒"}
