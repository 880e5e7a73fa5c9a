"""Which stretches of a value a fingerprint is taken of.

A search hashes every stretch of a text that could be one. So that it need not hash a whole text, a stretch is one without white space
wherever the value has one that is long enough. Only letters count, as in a skeleton: quotes, escapes and punctuation are passed over.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.patterns import patterns_of
from zensecrets_jupyter.core.redaction.skeleton import kept_bytes
from zensecrets_jupyter.scan.strength import SHORTEST, WEAKEST, strength, why_weak

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.patterns import Pattern

SIZES = (12, 16, 24, 48)
"""Letters in a stretch, as few sizes as will do: a search costs as much again for each."""
UNBROKEN, ANYWHERE, LITERAL = range(3)
"""Kinds of stretches: letters without white space between them, and with some; and bytes as they are, of a value of few letters."""
_RUN = re.compile(rb"[^\s\0]+")
_LONGEST_STRETCH = 200


class Window(NamedTuple):
    """A stretch of the letters of a text: ``letters[lead : lead + size]``.

    Attributes:
        letters: All letters of the value, or of what it decodes to; of a literal its bytes.
        lead: Where the stretch begins.
        size: Its length.
        kind: Where it is looked for: :data:`UNBROKEN` or :data:`ANYWHERE`.
        is_value: Whether the letters are those of the value, and not of a part such as a line.
    """

    letters: bytes
    lead: int
    size: int
    kind: int
    is_value: bool


def windows(value: str) -> Iterator[Window]:
    """Yield the stretches by which ``value`` is recognised; none if it, or all that it consists of, could be guessed."""
    seen: set[tuple[bytes, int, int]] = set()
    for pattern in patterns_of(value, ""):
        if not pattern.is_exact:
            for window in _of_pattern(pattern):
                if (window.letters, window.lead, window.size) not in seen:
                    seen.add((window.letters, window.lead, window.size))
                    yield window


def _of_pattern(pattern: Pattern) -> Iterator[Window]:
    # Signs at its ends are a part of it, unless they belong to what is public.
    begin = pattern.starts[pattern.first] if pattern.first else 0
    end = pattern.starts[pattern.last - 1] + 1 if pattern.last < len(pattern.skeleton) else len(pattern.text)
    own = pattern.text[begin:end]
    text = own.decode("utf-8", "replace")
    if why_weak(text):
        return
    # So many letters as are as hard to guess as anything that may have a fingerprint.
    least = max(SHORTEST, math.ceil(WEAKEST * (pattern.last - pattern.first) / strength(text)))
    runs = [(pattern.first + len(kept_bytes(own[: run.start()])), len(kept_bytes(run[0]))) for run in _ends(own)]
    for size in SIZES:
        if size < least:
            continue
        starts = [(start, start + length - size) for start, length in runs if length >= size]
        found = list(dict.fromkeys((starts[0][0], starts[-1][1]))) if starts else []
        strong = [start for start in found if _is_strong(pattern.kept[start : start + size])]
        if strong:
            yield from (Window(pattern.kept, start, size, UNBROKEN, pattern.is_value) for start in strong)
            return
    size = min(pattern.last - pattern.first, _LONGEST_STRETCH)
    if size >= least and _is_strong(pattern.kept[pattern.first : pattern.first + size]):
        kind = UNBROKEN if any(length >= size for _, length in runs) else ANYWHERE
        yield Window(pattern.kept, pattern.first, size, kind, pattern.is_value)
    elif _RUN.fullmatch(own) and len(own) <= _LONGEST_STRETCH and strength(text) >= WEAKEST:
        yield Window(pattern.text, begin, len(own), LITERAL, pattern.is_value)


def _ends(own: bytes) -> list[re.Match[bytes]]:
    """Return the first and the last runs without white space: a value of ten thousand lines has enough in those."""
    runs = list(_RUN.finditer(own))
    return runs if len(runs) <= 2 * _FEW else [*runs[:_FEW], *runs[-_FEW:]]


_FEW = 20


def _is_strong(letters: bytes) -> bool:
    return strength(letters.decode("latin-1")) >= WEAKEST


class Stretch(NamedTuple):
    """Letters in which a stretch may be: ``letters[start:end]``."""

    start: int
    end: int


def stretches(data: bytes, kind: int, size: int) -> list[Stretch]:
    """Return where among the letters of ``data``, or for literals among its bytes, a stretch of that kind and size may be."""
    if kind == ANYWHERE:
        return [Stretch(0, len(kept_bytes(data)))]
    if kind == LITERAL:
        return [Stretch(*run.span()) for run in re.finditer(rb"[^\s\0]{%d,}" % size, data)]
    found = []
    position = count = 0
    for run in re.finditer(rb"[^\s\0]{%d,}" % size, data):
        count += len(kept_bytes(data[position : run.start()]))
        length = len(kept_bytes(run[0]))
        if length >= size:
            found.append(Stretch(count, count + length))
        count += length
        position = run.end()
    return found
