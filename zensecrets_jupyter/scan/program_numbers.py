"""Numbers that a program or a drawing in an output reads: with a mask in the place of one, nothing would be drawn.

A text in a program is masked as everywhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 1_000_000
"""Characters of a script that holds data; longer ones are libraries."""
_SCRIPTS = re.compile(r"(?:application|text)/(?:x-)?(?:java|ecma)script\b")
_SVG = "image/svg+xml"
_HTML = "text/html"

_NUMBER = r"(?<=[\[,:=(])\s*-?(?P<number>\d{6,}(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,;)\]}]|\s*\Z|[ \t]*[\r\n])"
"""A number as a whole item, member, argument or right side."""
_DRAWN = re.compile(
    r"(?<=[\s\"'])(?:d|points|[xyr]|[cdrf][xy]|[xy][12]|(?:text|path)?length|viewbox|width|height|(?:gradient|pattern)?transform|offset"
    r"|stroke-(?:width|dasharray|dashoffset)|font-size|values|from|to|by)\s*=\s*(?:\"(?P<one>[^\"<>]*)\"|'(?P<two>[^'<>]*)')",
    re.IGNORECASE,
)
"""Attributes of SVG that hold numbers."""
_DIGITS = re.compile(r"\d{6,}")
_JSON_IN_STRING = re.compile(r"\s*[\[{]")


class _Tags(NamedTuple):
    """How a script's tags are written."""

    begin: re.Pattern[str]
    end: re.Pattern[str]


_PLAIN = _Tags(re.compile(r"<script\b[^>]{0,300}>", re.IGNORECASE), re.compile(r"</script\b", re.IGNORECASE))
_ESCAPED = _Tags(re.compile(r"&lt;script\b(?:(?!&gt;)[^>]){0,300}(?:&gt;|>)", re.IGNORECASE), re.compile(r"&lt;/script\b", re.IGNORECASE))

_QUOTES = ('"', "'", "`", "&(?:quot|#34|#x22);", "&(?:apos|#39|#x27);")
"""What strings stand in, also in a document that is an attribute."""
_STRINGS = "|".join(rf"{quote}(?P<string{place}>(?:(?!{quote})(?:\\.|[^\\\n]))*){quote}" for place, quote in enumerate(_QUOTES))
# Strings and comments are read over as a whole.
_TOKEN = re.compile(rf"{_STRINGS}|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|{_NUMBER}", re.DOTALL)
# In a string that holds JSON the quotes are escaped, or others than those around it.
_JSON = re.compile(rf'\\"(?:\\\\\\.|(?!\\")[^\n])*\\"|"(?:\\\\.|[^"\n])*"|{_NUMBER}', re.DOTALL)


def numbers_of_programs(kind: str, text: str) -> list[tuple[int, int]]:
    """Return where numbers stand that a script or an SVG drawing reads.

    Args:
        kind: The MIME type of the output.
        text: The output: HTML, with scripts, documents in frames and drawings in it; JavaScript; or SVG.

    Returns:
        Start and end of each number of six digits or more, in order.
    """
    if _SCRIPTS.match(kind):
        return sorted(_in_script(text, 0, len(text))) if len(text) <= _LONGEST else []
    if kind == _SVG:
        return sorted(_in_drawing(text, 0, len(text)))
    if kind != _HTML:
        return []
    return sorted({*_in_scripts(text, _PLAIN), *_in_frames(text), *_in_drawings(text)})


def _in_scripts(text: str, tags: _Tags, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    end = len(text) if end is None else end
    while (begin := tags.begin.search(text, start, end)) is not None:
        closed = tags.end.search(text, begin.end(), end)
        if closed is None:
            return
        if closed.start() - begin.end() <= _LONGEST:
            yield from _in_script(text, begin.end(), closed.start())
        start = closed.end()


def _in_script(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for token in _TOKEN.finditer(text, start, end):
        if token["number"] is not None:
            yield token.span("number")
        elif token["comment"] is None and _JSON_IN_STRING.match(text, *(string := token.span(str(token.lastgroup)))):
            yield from (found.span("number") for found in _JSON.finditer(text, *string) if found["number"] is not None)


def _in_frames(text: str) -> Iterator[tuple[int, int]]:
    """Yield the numbers in the scripts of documents that are the ``srcdoc`` of a frame, where quotes and brackets are entities."""
    for found in re.finditer(r"(?<=\s)srcdoc\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", text, re.IGNORECASE):
        yield from _in_scripts(text, _ESCAPED, *found.span(found.lastindex or 0))


def _in_drawings(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    folded = text.lower()
    while (start := folded.find("<svg", start)) >= 0:
        end = folded.find("</svg", start)
        if end < 0:
            return
        yield from _in_drawing(text, start, end)
        start = end


def _in_drawing(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for attribute in _DRAWN.finditer(text, start, end):
        for digits in _DIGITS.finditer(text, *attribute.span(str(attribute.lastgroup))):
            yield digits.span()
