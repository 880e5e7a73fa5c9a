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
LEFT_OUT = {"UTF-16", "hexadecimal with blanks", "upper hexadecimal with blanks", "base64 padded"}
"""Forms that a search turns back into another one, since no stretch of theirs is without blanks, and one that begins like another."""


class Window(NamedTuple):
    """A stretch of a form: ``data[lead : lead + size]``.

    Attributes:
        form: The form's name.
        data: The whole form.
        lead: Where the stretch begins.
        size: Its length.
        has_blanks: Whether it has to be looked for everywhere.
        is_value: Whether the form is one of the whole value, not of a part such as a line.
    """

    form: str
    data: bytes
    lead: int
    size: int
    has_blanks: bool
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
        starts, has_blanks = _starts(region, size)
        strong = [start for start in starts if strength(region[start : start + size].decode("latin-1")) >= WEAKEST]
        if strong and size >= least:
            for start in strong:
                yield Window(name, form.data, form.first + start, size, has_blanks, is_value)
            return


def _starts(region: bytes, size: int) -> tuple[list[int], bool]:
    """Return where the first and the last stretch begin, and whether there are blanks in them."""
    stretches = [match.span() for match in re.finditer(rb"[!-~]{%d,}" % size, region)]
    first, last = (stretches[0][0], stretches[-1][1] - size) if stretches else (0, len(region) - size)
    return list(dict.fromkeys((first, last))), not stretches
