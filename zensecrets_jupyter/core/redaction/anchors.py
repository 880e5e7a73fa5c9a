"""Where in a form a search catches hold of it: its first and its last twelve characters, counted from what is not public.

An automaton of whole forms would be large and would miss a value that was cut short. It holds the anchors only; a hit is extended as far as
the text goes on like the form. A long token has anchors in between too: a table or a console breaks it into lines.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction import forms, writing
from zensecrets_jupyter.core.redaction.characters import to_character
from zensecrets_jupyter.core.redaction.public import Core, core, parts
from zensecrets_jupyter.core.redaction.unprotected import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRUNCATED = 12
"""Characters from which on a beginning or an end of a form is masked."""


class Entry(NamedTuple):
    """A text that is looked for: a value or a part of one, and the ``name`` of the value.

    It is looked for in all forms, or only plainly; and then perhaps by one anchor, which begins at ``inside``.
    """

    text: str
    name: str
    has_forms: bool = True
    inside: int = 0


class Form(NamedTuple):
    """A form as bytes. Its anchors are ``data[first:first_end]`` and ``data[last:last_end]``; both may be the same."""

    data: bytes
    first: int
    first_end: int
    last: int
    last_end: int


def entries(value: str, name: str) -> list[Entry]:
    """Return the texts that are looked for so that ``value`` is not shown, itself first."""
    found = [Entry(value, name)]
    found += [Entry(part, name) for part in parts(value)]
    for text, *_ in tuple(found):
        if len(text) >= 2 * _BETWEEN and _TOKEN.fullmatch(text):
            place = core(text)
            found += [
                Entry(text, name, has_forms=False, inside=inside)
                for inside in range(place.start + _BETWEEN, place.end - _BETWEEN, _BETWEEN)
            ]
    if len(value) > _SHORTEST_WRAPPED:
        data = value.encode("utf-8", "surrogatepass")
        for width in _WRAPPED:
            found += [Entry(line, name, has_forms=False) for line in base64_lines(data, width)]
    return found


_BETWEEN = 24
"""From one anchor of a long token to the next: a piece of thrice twelve characters holds one."""
_TOKEN = re.compile(r"[A-Za-z0-9+/=_.~-]+")
_WRAPPED = (76, 64)
"""Digits of base64 in a line: RFC 2045 and RFC 7468."""
_SHORTEST_WRAPPED = 47


def base64_lines(data: bytes, width: int) -> list[str]:
    """Return the second and later lines of the base64 of ``data``, but for a short last one; the first is found without them."""
    digits = base64.b64encode(data).decode()
    lines = [digits[start : start + width] for start in range(width, len(digits), width)]
    return [line for line in lines if len(line) >= TRUNCATED]


def anchored(entry: Entry) -> Iterator[tuple[str, Form]]:
    """Yield each form of ``entry`` by name, but for those that are the same as an earlier one."""
    text = entry.text
    if entry.inside:
        yield "plain", _anchored_inside(entry)
        return
    place = core(text)
    seen: set[str] = set()
    for name in forms.that_differ(text) if entry.has_forms else forms.PLAIN:
        whole = forms.FORMS[name](text)
        if whole not in seen:
            seen.add(whole)
            form = _anchored(text, name, place, whole)
            if form.first_end - form.first >= SHORTEST:
                yield name, form


def anchor(entry: Entry, name: str) -> Form:
    """Return the form of ``entry`` that is called ``name``."""
    if entry.inside:
        return _anchored_inside(entry)
    return _anchored(entry.text, name, core(entry.text), forms.FORMS[name](entry.text))


def _anchored_inside(entry: Entry) -> Form:
    end = entry.inside + TRUNCATED
    return Form(_bytes(entry.text), entry.inside, end, entry.inside, end)


def _anchored(text: str, name: str, place: Core, whole: str) -> Form:
    start, end, cut = place
    data = _bytes(whole)
    if name in forms.SHIFTS:
        return _anchored_base64(text, name, place, data)
    encode = forms.FORMS[name]
    # Hexadecimal digits in pairs have a blank between them, but none at an end: hence from the rear.
    first = len(data) - len(_bytes(encode(text[start:]))) if start else 0
    last_end = len(_bytes(encode(text[:end]))) if end < len(text) else len(data)
    if cut and last_end - first > TRUNCATED:
        width, gap = forms.WIDTHS.get(name, (1, 0))
        if len(data) == width * len(text) - gap:
            # No character takes less, hence each takes as much.
            head = tail = TRUNCATED if width == 1 else width * SHORTEST - gap
        else:
            head, tail = _enough(encode, text[start:end]), _enough(encode, text[start:end][::-1])
        return Form(data, first, min(first + head, last_end), max(first, last_end - tail), last_end)
    return Form(
        data,
        first,
        to_character(data, min(last_end, first + _LONGEST_ANCHOR)),
        to_character(data, max(first, last_end - _LONGEST_ANCHOR)),
        last_end,
    )


_LONGEST_ANCHOR = 64


def _enough(encode: Callable[[str], str], own: str) -> int:
    """Return the length of the form of the shortest beginning of ``own``, of six characters at least, that has twelve."""
    length = len(_bytes(encode(own[:TRUNCATED])))
    if length <= TRUNCATED:
        return length
    least = len(_bytes(encode(own[:SHORTEST])))
    if least >= TRUNCATED:
        return least
    # Few characters are escaped as a rule: the answer is nearer to twelve than to six.
    for count in range(TRUNCATED - 1, SHORTEST, -1):
        shorter = len(_bytes(encode(own[:count])))
        if shorter < TRUNCATED:
            break
        length = shorter
    return length


def _anchored_base64(text: str, name: str, place: Core, data: bytes) -> Form:
    start, end, cut = place
    shift = forms.SHIFTS[name]
    begin, _ = writing.base64_span(shift, 0, 0)
    first, last_end = writing.base64_span(shift, len(_bytes(text[:start])), len(_bytes(text[:end])))
    first, last_end = first - begin, last_end - begin
    length = TRUNCATED if cut and last_end - first > TRUNCATED else min(_LONGEST_ANCHOR, last_end - first)
    if name in forms.PADDED:
        # Its end is that of the form without padding: one anchor is enough.
        return Form(data, first, first + length, first, first + length)
    return Form(data, first, first + length, last_end - length, last_end)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
