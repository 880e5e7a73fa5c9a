"""Which stretches of a form a fingerprint is taken of.

A search hashes every stretch of a text that could be one. So that it need not hash a whole text, a stretch is one without blanks and
control characters wherever the form has one that is long enough; what is shorter than that between two blanks is then passed over.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.anchors import anchored, entries
from zensecrets_jupyter.core.redaction.public import core
from zensecrets_jupyter.core.scan.strength import SHORTEST, WEAKEST, strength, why_weak

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.anchors import Form

SIZES = (16, 24, 48)
"""Bytes in a stretch, as few sizes as will do: a search costs as much again for each."""
UNBROKEN, ANYWHERE, WIDE = range(3)
"""Kinds of stretches: without blanks and control characters; with some; with a NUL after each letter, as UTF-16 has it."""
LEFT_OUT = {"hexadecimal with blanks", "upper hexadecimal with blanks", "base64 padded"}
"""Forms that a search turns back into another one, since no stretch of theirs is without blanks, and one that begins like another."""


class Window(NamedTuple):
    """A stretch of a form: ``data[lead : lead + size]``.

    Attributes:
        form: The form's name.
        data: The whole form.
        lead: Where the stretch begins.
        size: Its length.
        kind: Where it is looked for: :data:`UNBROKEN`, :data:`WIDE` or :data:`ANYWHERE`.
        is_value: Whether the form is one of the whole value, not of a part such as a line.
    """

    form: str
    data: bytes
    lead: int
    size: int
    kind: int
    is_value: bool


def windows(value: str) -> Iterator[Window]:
    """Yield the stretches by which ``value`` is recognised; none if it, or all that it consists of, could be guessed."""
    for entry in entries(value, ""):
        start, end, _ = core(entry.text)
        own = entry.text[start:end]
        if not why_weak(own):
            bits = strength(own)
            for name, form in anchored(entry):
                if name not in LEFT_OUT:
                    yield from _of_form(name, form, bits, is_value=entry.text == value)


def _of_form(name: str, form: Form, bits: float, *, is_value: bool) -> Iterator[Window]:
    region = form.data[form.first : form.last_end]
    # So many bytes of the form as are as hard to guess as anything that may have a fingerprint.
    least = max(SHORTEST, math.ceil(WEAKEST * len(region) / bits))
    for size in (*(size for size in SIZES if least <= size < len(region)), len(region)):
        starts, kind = _starts(name, region, size)
        strong = [start for start in starts if strength(region[start : start + size].decode("latin-1")) >= WEAKEST]
        if strong and size >= least:
            for start in strong:
                yield Window(name, form.data, form.first + start, size, kind, is_value)
            return


def _starts(name: str, region: bytes, size: int) -> tuple[list[int], int]:
    """Return where the first and the last stretch begin, and of which kind they are."""
    if name == "UTF-16":
        return list(dict.fromkeys((0, len(region) - size))), WIDE
    found = [match.span() for match in re.finditer(rb"[!-~]{%d,}" % size, region)]
    first, last = (found[0][0], found[-1][1] - size) if found else (0, len(region) - size)
    return list(dict.fromkeys((first, last))), UNBROKEN if found else ANYWHERE


_WIDE = re.compile(rb"(?:[^\0]{1,10}\0){6,}[^\0]{0,10}")


def stretches(data: bytes, kind: int, size: int) -> list[tuple[int, bytes]]:
    """Return where in ``data`` a stretch of that kind and size may be, with what stands there."""
    if kind == ANYWHERE:
        return [(0, data)]
    found = _WIDE.finditer(data) if kind == WIDE else re.finditer(rb"[!-~]{%d,}" % size, data)
    return [(match.start(), match[0]) for match in found]
