"""Selection of the windows of a value, whose hashes are its fingerprint.

A search hashes every part of a text that could be a window. To keep the number of hashes small, a window contains no white space, if the
value has a long enough part without white space. Windows consist of letters and digits, as a skeleton does: quotes, escapes and punctuation
are ignored.
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
"""Sizes of a window in letters. Each further size makes a search slower by the same amount."""
UNBROKEN, ANYWHERE, LITERAL = range(3)
"""Kinds of windows: letters without white space between them; letters with white space; the bytes of a value with few letters."""
_RUN = re.compile(rb"[^\s\0]+")
"""A run: bytes without white space between them."""
_LONGEST_WINDOW = 200
_RUNS_AT_EACH_END = 20
"""Number of runs that are tried at each end of a value. In a value of ten thousand lines, these are enough."""


class Window(NamedTuple):
    """A window of the letters of a text: ``letters[offset : offset + size]``.

    Attributes:
        letters: All letters of the value, or of a text that it decodes to. For the kind :data:`LITERAL`, all bytes.
        offset: The offset of the window.
        size: The length of the window.
        kind: :data:`UNBROKEN`, :data:`ANYWHERE` or :data:`LITERAL`.
        is_value: Whether the letters are those of the value, not of a text that it decodes to, such as one of its lines.
    """

    letters: bytes
    offset: int
    size: int
    kind: int
    is_value: bool


class Stretch(NamedTuple):
    """A range of letters in which a window may be: ``letters[start:end]``."""

    start: int
    end: int


def windows(value: str) -> Iterator[Window]:
    """Yield the windows that identify ``value``; none if it is easy to guess."""
    seen: set[tuple[bytes, int, int]] = set()
    for pattern in patterns_of(value, ""):
        if not pattern.is_exact:
            for window in _windows_of_pattern(pattern):
                if (window.letters, window.offset, window.size) not in seen:
                    seen.add((window.letters, window.offset, window.size))
                    yield window


def stretches(data: bytes, kind: int, size: int) -> list[Stretch]:
    """Return the ranges of ``data`` that may contain a window of ``kind`` and ``size``.

    The offsets count letters. For the kind :data:`LITERAL`, they count bytes.
    """
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
    """Yield up to two windows of a pattern's sensitive part.

    There is none if that part is easy to guess.
    """
    # Punctuation at an end of the text belongs to the sensitive part, unless that end is a public prefix or suffix.
    begin = pattern.starts[pattern.first] if pattern.first else 0
    end = pattern.starts[pattern.last - 1] + 1 if pattern.last < len(pattern.skeleton) else len(pattern.text)
    sensitive = pattern.text[begin:end]
    text = sensitive.decode("utf-8", "replace")
    if why_weak(text):
        return
    # A window must be as hard to guess as the weakest value that gets a fingerprint, so a weaker text needs longer windows.
    smallest = max(SHORTEST, math.ceil(WEAKEST * (pattern.last - pattern.first) / strength(text)))
    runs = [(pattern.first + len(letters_of(sensitive[: run.start()])), len(letters_of(run[0]))) for run in _first_and_last_runs(sensitive)]
    for size in SIZES:
        if size < smallest:
            continue
        # The candidates are the first and the last window of this size that has no white space.
        first_and_last = [(start, start + length - size) for start, length in runs if length >= size]
        candidates = list(dict.fromkeys((first_and_last[0][0], first_and_last[-1][1]))) if first_and_last else []
        strong = [start for start in candidates if _is_strong(pattern.letters[start : start + size])]
        if strong:
            yield from (Window(pattern.letters, start, size, UNBROKEN, pattern.is_value) for start in strong)
            return
    size = min(pattern.last - pattern.first, _LONGEST_WINDOW)
    if size >= smallest and _is_strong(pattern.letters[pattern.first : pattern.first + size]):
        kind = UNBROKEN if any(length >= size for _, length in runs) else ANYWHERE
        yield Window(pattern.letters, pattern.first, size, kind, pattern.is_value)
    elif _RUN.fullmatch(sensitive) and len(sensitive) <= _LONGEST_WINDOW and strength(text) >= WEAKEST:
        yield Window(pattern.text, begin, len(sensitive), LITERAL, pattern.is_value)


def _first_and_last_runs(data: bytes) -> list[re.Match[bytes]]:
    """Return the first and the last :data:`_RUNS_AT_EACH_END` runs without white space."""
    runs = list(_RUN.finditer(data))
    return runs if len(runs) <= 2 * _RUNS_AT_EACH_END else [*runs[:_RUNS_AT_EACH_END], *runs[-_RUNS_AT_EACH_END:]]


def _is_strong(letters: bytes) -> bool:
    return strength(letters.decode("latin-1")) >= WEAKEST
