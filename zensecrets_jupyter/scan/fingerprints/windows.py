"""Selection of the windows of a value whose hashes are its fingerprint.

A search hashes every part of a text that could be a window. To keep that number small, a window contains no white space where the value
has a long enough part without white space. Only letters and digits count, as in a skeleton: quotes, escapes and punctuation are ignored.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.patterns.pattern import patterns_of
from zensecrets_jupyter.core.redaction.skeleton import letters_of
from zensecrets_jupyter.scan.fingerprints.strength import SHORTEST, WEAKEST, strength, why_weak

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.patterns.pattern import Pattern

SIZES = (12, 16, 24, 48)
"""Sizes of a window in letters. A search costs as much again for each further size."""
UNBROKEN, ANYWHERE, LITERAL = range(3)
"""Kinds of windows: letters without white space between them; letters with white space; the bytes of a value with few letters."""
_RUN = re.compile(rb"[^\s\0]+")
_LONGEST_WINDOW = 200
_RUNS_AT_EACH_END = 20
"""Runs that are tried at each end of a value: a value of ten thousand lines has enough windows in those."""


class Window(NamedTuple):
    """A window of the letters of a text: ``letters[lead : lead + size]``.

    Attributes:
        letters: All letters of the value, or of a text that it decodes to; for :data:`LITERAL` its bytes.
        lead: The offset of the window.
        size: The length of the window.
        kind: :data:`UNBROKEN`, :data:`ANYWHERE` or :data:`LITERAL`.
        is_value: Whether the letters are those of the value, not of a part such as a line.
    """

    letters: bytes
    lead: int
    size: int
    kind: int
    is_value: bool


class Stretch(NamedTuple):
    """A range of letters in which a window may be: ``letters[start:end]``."""

    start: int
    end: int


def windows(value: str) -> Iterator[Window]:
    """Yield the windows that identify ``value``; none if the value and all its parts are easy to guess."""
    seen: set[tuple[bytes, int, int]] = set()
    for pattern in patterns_of(value, ""):
        if not pattern.is_exact:
            for window in _windows_of_pattern(pattern):
                if (window.letters, window.lead, window.size) not in seen:
                    seen.add((window.letters, window.lead, window.size))
                    yield window


def stretches(data: bytes, kind: int, size: int) -> list[Stretch]:
    """Return the ranges of letters (for :data:`LITERAL`, of bytes) of ``data`` that may contain a window of that kind and size."""
    if kind == ANYWHERE:
        return [Stretch(0, len(letters_of(data)))]
    if kind == LITERAL:
        return [Stretch(*run.span()) for run in re.finditer(rb"[^\s\0]{%d,}" % size, data)]
    ranges = []
    position = count = 0
    for run in re.finditer(rb"[^\s\0]{%d,}" % size, data):
        count += len(letters_of(data[position : run.start()]))
        length = len(letters_of(run[0]))
        if length >= size:
            ranges.append(Stretch(count, count + length))
        count += length
        position = run.end()
    return ranges


def _windows_of_pattern(pattern: Pattern) -> Iterator[Window]:
    # Punctuation at the ends belongs to the sensitive part, unless a public prefix or suffix stands there.
    begin = pattern.starts[pattern.first] if pattern.first else 0
    end = pattern.starts[pattern.last - 1] + 1 if pattern.last < len(pattern.skeleton) else len(pattern.text)
    sensitive = pattern.text[begin:end]
    text = sensitive.decode("utf-8", "replace")
    if why_weak(text):
        return
    # A window must be as hard to guess as the weakest value that gets a fingerprint, so a weak text needs longer windows.
    least = max(SHORTEST, math.ceil(WEAKEST * (pattern.last - pattern.first) / strength(text)))
    runs = [(pattern.first + len(letters_of(sensitive[: run.start()])), len(letters_of(run[0]))) for run in _first_and_last_runs(sensitive)]
    for size in SIZES:
        if size < least:
            continue
        starts = [(start, start + length - size) for start, length in runs if length >= size]
        ends = list(dict.fromkeys((starts[0][0], starts[-1][1]))) if starts else []
        strong = [start for start in ends if _is_strong(pattern.letters[start : start + size])]
        if strong:
            yield from (Window(pattern.letters, start, size, UNBROKEN, pattern.is_value) for start in strong)
            return
    size = min(pattern.last - pattern.first, _LONGEST_WINDOW)
    if size >= least and _is_strong(pattern.letters[pattern.first : pattern.first + size]):
        kind = UNBROKEN if any(length >= size for _, length in runs) else ANYWHERE
        yield Window(pattern.letters, pattern.first, size, kind, pattern.is_value)
    elif _RUN.fullmatch(sensitive) and len(sensitive) <= _LONGEST_WINDOW and strength(text) >= WEAKEST:
        yield Window(pattern.text, begin, len(sensitive), LITERAL, pattern.is_value)


def _first_and_last_runs(data: bytes) -> list[re.Match[bytes]]:
    """Return the first and the last runs without white space."""
    runs = list(_RUN.finditer(data))
    return runs if len(runs) <= 2 * _RUNS_AT_EACH_END else [*runs[:_RUNS_AT_EACH_END], *runs[-_RUNS_AT_EACH_END:]]


def _is_strong(letters: bytes) -> bool:
    return strength(letters.decode("latin-1")) >= WEAKEST
