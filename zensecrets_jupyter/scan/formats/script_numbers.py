"""Find the numbers in the scripts and SVG drawings of an output.

A number such as a coordinate may have the same digits as a value by chance. These numbers are not masked, because a browser does not draw a
figure that has a mask in place of a number. The strings in scripts are masked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_SCRIPT_LENGTH = 1_000_000
"""The maximum number of characters of a script that is searched for numbers.

A longer script is a JavaScript library. Its numbers are not the data of a figure.
"""
_SCRIPT_TYPE = re.compile(r"(?:application|text)/(?:x-)?(?:java|ecma)script\b")
_SVG_TYPE = "image/svg+xml"
_HTML_TYPE = "text/html"

_NUMBER = r"(?<=[\[,:=(])\s*-?(?P<number>\d{6,}(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,;)\]}]|\s*\Z|[ \t]*[\r\n])"
"""A number that is an item of a list, a member of an object, an argument of a call, or the right side of an assignment."""
_NUMERIC_ATTRIBUTE = re.compile(
    r"(?<=[\s\"'])(?:d|points|[xyr]|[cdrf][xy]|[xy][12]|(?:text|path)?length|viewbox|width|height|(?:gradient|pattern)?transform|offset"
    r"|stroke-(?:width|dasharray|dashoffset)|font-size|values|from|to|by)\s*=\s*(?:\"(?P<in_double_quotes>[^\"<>]*)\"|'(?P<in_single_quotes>[^'<>]*)')",
    re.IGNORECASE,
)
"""An attribute of SVG that contains numbers, such as ``d="M 10 20"``."""
_DIGITS = re.compile(r"\d{6,}")
"""A number that may be equal to a value. Shorter numbers need no exception, because a value of fewer than six characters is not masked."""
_JSON_START = re.compile(r"\s*[\[{]")
"""The start of a string that contains JSON."""


class _Tags(NamedTuple):
    """Regular expressions of the opening tag and of the closing tag of a script."""

    begin: re.Pattern[str]
    end: re.Pattern[str]


_PLAIN_TAGS = _Tags(re.compile(r"<script\b[^>]{0,300}>", re.IGNORECASE), re.compile(r"</script\b", re.IGNORECASE))
_ESCAPED_TAGS = _Tags(
    re.compile(r"&lt;script\b(?:(?!&gt;)[^>]){0,300}(?:&gt;|>)", re.IGNORECASE), re.compile(r"&lt;/script\b", re.IGNORECASE)
)

_QUOTES = ('"', "'", "`", "&(?:quot|#34|#x22);", "&(?:apos|#39|#x27);")
"""Regular expressions of the quotes around a string. In an attribute of HTML, a quote may be written as an entity."""
_STRINGS = "|".join(rf"{quote}(?P<string{index}>(?:(?!{quote})(?:\\.|[^\\\n]))*){quote}" for index, quote in enumerate(_QUOTES))
# A string or a comment is one token, so that the search continues after it and does not see the numbers in it.
_TOKEN = re.compile(rf"{_STRINGS}|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|{_NUMBER}", re.DOTALL)
# A string or a number of JSON that is in a string of JavaScript. The quotes of the JSON are escaped, or they differ from the quotes around
# the string of JavaScript.
_JSON_TOKEN = re.compile(rf'\\"(?:\\\\\\.|(?!\\")[^\n])*\\"|"(?:\\\\.|[^"\n])*"|{_NUMBER}', re.DOTALL)


def numbers_in_scripts(mime_type: str, text: str) -> list[tuple[int, int]]:
    """Return the spans of the numbers in the scripts and SVG drawings of an output.

    Args:
        mime_type: The MIME type of the output: HTML, JavaScript or SVG. No other type has scripts.
        text: The output.

    Returns:
        Start and end of each number of six digits or more, in order.
    """
    if _SCRIPT_TYPE.match(mime_type):
        return sorted(_numbers_in_script(text, 0, len(text))) if len(text) <= _MAX_SCRIPT_LENGTH else []
    if mime_type == _SVG_TYPE:
        return sorted(_numbers_in_drawing(text, 0, len(text)))
    if mime_type != _HTML_TYPE:
        return []
    return sorted({*_numbers_in_scripts(text, _PLAIN_TAGS), *_numbers_in_frames(text), *_numbers_in_drawings(text)})


def _numbers_in_scripts(text: str, tags: _Tags, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    end = len(text) if end is None else end
    while (begin_tag := tags.begin.search(text, start, end)) is not None:
        end_tag = tags.end.search(text, begin_tag.end(), end)
        if end_tag is None:
            return
        if end_tag.start() - begin_tag.end() <= _MAX_SCRIPT_LENGTH:
            yield from _numbers_in_script(text, begin_tag.end(), end_tag.start())
        start = end_tag.end()


def _numbers_in_script(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the numbers of JavaScript code, and the numbers of JSON in its strings."""
    for token in _TOKEN.finditer(text, start, end):
        if token["number"] is not None:
            yield token.span("number")
        elif token["comment"] is None:
            # The token is a string. The only group that matched is the content between its quotes.
            string_start, string_end = token.span(str(token.lastgroup))
            if _JSON_START.match(text, string_start, string_end):
                json_tokens = _JSON_TOKEN.finditer(text, string_start, string_end)
                yield from (json_token.span("number") for json_token in json_tokens if json_token["number"] is not None)


def _numbers_in_frames(text: str) -> Iterator[tuple[int, int]]:
    """Yield the numbers of scripts in the attribute ``srcdoc`` of frames.

    The attribute contains a whole HTML page, in which quotes and the brackets of tags are written as entities, such as ``&lt;script&gt;``.
    """
    for frame in re.finditer(r"(?<=\s)srcdoc\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", text, re.IGNORECASE):
        yield from _numbers_in_scripts(text, _ESCAPED_TAGS, *frame.span(frame.lastindex or 0))


def _numbers_in_drawings(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    lower_text = text.lower()
    while (start := lower_text.find("<svg", start)) >= 0:
        end = lower_text.find("</svg", start)
        if end < 0:
            return
        yield from _numbers_in_drawing(text, start, end)
        start = end


def _numbers_in_drawing(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for attribute in _NUMERIC_ATTRIBUTE.finditer(text, start, end):
        for digits in _DIGITS.finditer(text, *attribute.span(str(attribute.lastgroup))):
            yield digits.span()
