"""Numbers in scripts and SVG drawings of an output, which are not masked.

A script with a mask instead of a number could not draw its figure. Texts in scripts are masked like all other text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 1_000_000
"""The length of the longest script with data, in characters. Longer scripts are libraries."""
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
    """Patterns of the tags around a script."""

    begin: re.Pattern[str]
    end: re.Pattern[str]


_PLAIN = _Tags(re.compile(r"<script\b[^>]{0,300}>", re.IGNORECASE), re.compile(r"</script\b", re.IGNORECASE))
_ESCAPED = _Tags(re.compile(r"&lt;script\b(?:(?!&gt;)[^>]){0,300}(?:&gt;|>)", re.IGNORECASE), re.compile(r"&lt;/script\b", re.IGNORECASE))

_QUOTES = ('"', "'", "`", "&(?:quot|#34|#x22);", "&(?:apos|#39|#x27);")
"""Quotes around strings, also escaped as in an attribute."""
_STRINGS = "|".join(rf"{quote}(?P<string{index}>(?:(?!{quote})(?:\\.|[^\\\n]))*){quote}" for index, quote in enumerate(_QUOTES))
# Strings and comments are single tokens, so that numbers inside them are skipped.
_TOKEN = re.compile(rf"{_STRINGS}|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|{_NUMBER}", re.DOTALL)
# Inside a string that holds JSON, the quotes are escaped or differ from those around the string.
_JSON = re.compile(rf'\\"(?:\\\\\\.|(?!\\")[^\n])*\\"|"(?:\\\\.|[^"\n])*"|{_NUMBER}', re.DOTALL)


def numbers_in_scripts(mime_type: str, text: str) -> list[tuple[int, int]]:
    """Return the spans of numbers that a script or an SVG drawing uses.

    Args:
        mime_type: The MIME type of the output.
        text: The output: HTML with scripts, frames and drawings; JavaScript; or SVG.

    Returns:
        Start and end of each number of six digits or more, in order.
    """
    if _SCRIPTS.match(mime_type):
        return sorted(_in_script(text, 0, len(text))) if len(text) <= _LONGEST else []
    if mime_type == _SVG:
        return sorted(_in_drawing(text, 0, len(text)))
    if mime_type != _HTML:
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
            yield from (number.span("number") for number in _JSON.finditer(text, *string) if number["number"] is not None)


def _in_frames(text: str) -> Iterator[tuple[int, int]]:
    """Yield the numbers in scripts in the ``srcdoc`` of a frame, where quotes and brackets are written as entities."""
    for frame in re.finditer(r"(?<=\s)srcdoc\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", text, re.IGNORECASE):
        yield from _in_scripts(text, _ESCAPED, *frame.span(frame.lastindex or 0))


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
