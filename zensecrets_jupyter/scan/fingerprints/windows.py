"""Selection of the windows of a value. A window is a short part of the value, and the hashes of the windows are its fingerprint.

A search hashes every part of a text that could be a window. To keep the number of hashes small, a window is taken from a part of the value
without white space, if there is a long enough part. Windows consist of the letters and digits of the value, which this package calls its
letters: quotes, backslashes and punctuation are ignored. The exception is a value with few letters, whose window has the kind
:data:`RAW_BYTES`.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.patterns.pattern import patterns_of
from zensecrets_jupyter.core.redaction.skeleton import letters_of
from zensecrets_jupyter.scan.fingerprints.strength import MIN_LENGTH, MIN_STRENGTH, strength, why_weak

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.patterns.pattern import Pattern

SIZES = (12, 16, 24, 48)
"""The possible sizes of a window in letters. Each size adds the same time to a search."""
WITHOUT_SPACES = 0
"""The kind of a window whose letters have no white space between them."""
WITH_SPACES = 1
"""The kind of a window whose letters have white space between them."""
RAW_BYTES = 2
"""The kind of a window for a value with few letters: it consists of all bytes of the value."""
_RUN = re.compile(rb"[^\s\0]+")
"""A run: consecutive bytes without white space and NUL bytes."""
_MAX_WINDOW_SIZE = 200
"""The maximum size in letters or bytes of a window whose size is not in :data:`SIZES`.

This window is only used if no window of a size in :data:`SIZES` is hard enough to guess.
"""
_RUNS_AT_EACH_END = 20
"""The number of runs at each end of a value that are tried. The runs between them are left out, because a value may have thousands."""


class Window(NamedTuple):
    """A window of the letters of a text: ``letters[offset : offset + size]``.

    Attributes:
        letters: All letters of the value, or of a text that the value decodes to. For the kind :data:`RAW_BYTES`, all bytes of that text.
        offset: The offset of the window.
        size: The length of the window.
        kind: :data:`WITHOUT_SPACES`, :data:`WITH_SPACES` or :data:`RAW_BYTES`.
        is_value: Whether the letters are those of the value. Otherwise they are those of a text that the value contains or encodes, such as
            one of its lines.
    """

    letters: bytes
    offset: int
    size: int
    kind: int
    is_value: bool


class Stretch(NamedTuple):
    """A range in which a window may be, in letters or, for :data:`RAW_BYTES`, bytes."""

    start: int
    end: int


def windows(value: str) -> Iterator[Window]:
    """Yield the windows that identify ``value``; none if it is easy to guess."""
    # The pattern's name is the name for a mask. It is empty, because only the pattern's text is used here. A pattern is exact if it has
    # too few letters for a window.
    yielded: set[tuple[bytes, int, int]] = set()
    for pattern in patterns_of(value, ""):
        if not pattern.is_exact:
            for window in _windows_of_pattern(pattern):
                if (window.letters, window.offset, window.size) not in yielded:
                    yielded.add((window.letters, window.offset, window.size))
                    yield window


def stretches(data: bytes, kind: int, size: int) -> list[Stretch]:
    """Return the ranges of ``data``, a searched text, that may contain a window.

    The offsets in a range count letters. For the kind :data:`RAW_BYTES`, they count bytes.
    """
    if kind == WITH_SPACES:
        return [Stretch(0, len(letters_of(data)))]
    if kind == RAW_BYTES:
        return [Stretch(*run.span()) for run in re.finditer(rb"[^\s\0]{%d,}" % size, data)]
    ranges = []
    end_of_previous_run = letter_count = 0
    for run in re.finditer(rb"[^\s\0]{%d,}" % size, data):
        letter_count += len(letters_of(data[end_of_previous_run : run.start()]))
        length = len(letters_of(run[0]))
        if length >= size:
            ranges.append(Stretch(letter_count, letter_count + length))
        letter_count += length
        end_of_previous_run = run.end()
    return ranges


def _windows_of_pattern(pattern: Pattern) -> Iterator[Window]:
    """Yield up to two windows of a pattern's sensitive part; none if it is weak.

    The sensitive part is the pattern without a public prefix or suffix.
    """
    # Punctuation at an end of the text belongs to the sensitive part, unless that end is a public prefix or suffix.
    begin = pattern.starts[pattern.first] if pattern.first else 0
    end = pattern.starts[pattern.last - 1] + 1 if pattern.last < len(pattern.skeleton) else len(pattern.text)
    sensitive = pattern.text[begin:end]
    text = sensitive.decode("utf-8", "replace")
    if why_weak(text):
        return
    # A window needs MIN_STRENGTH bits, like a value with a fingerprint. Its minimum size is this number divided by the bits per letter.
    min_size = max(MIN_LENGTH, math.ceil(MIN_STRENGTH * (pattern.last - pattern.first) / strength(text)))
    # For each run: the index of its first letter, and the number of its letters.
    runs = [(pattern.first + len(letters_of(sensitive[: run.start()])), len(letters_of(run[0]))) for run in _first_and_last_runs(sensitive)]
    for size in SIZES:
        if size < min_size:
            continue
        # The candidates are the first window of the first run and the last window of the last run that is long enough.
        starts = [(start, start + length - size) for start, length in runs if length >= size]
        candidates = list(dict.fromkeys((starts[0][0], starts[-1][1]))) if starts else []
        strong_starts = [start for start in candidates if _is_strong(pattern.letters[start : start + size])]
        if strong_starts:
            yield from (Window(pattern.letters, start, size, WITHOUT_SPACES, pattern.is_value) for start in strong_starts)
            return
    # No window of a size in SIZES is strong: try the whole sensitive part, or at least its first 200 letters.
    size = min(pattern.last - pattern.first, _MAX_WINDOW_SIZE)
    if size >= min_size and _is_strong(pattern.letters[pattern.first : pattern.first + size]):
        kind = WITHOUT_SPACES if any(length >= size for _, length in runs) else WITH_SPACES
        yield Window(pattern.letters, pattern.first, size, kind, pattern.is_value)
    elif _RUN.fullmatch(sensitive) and len(sensitive) <= _MAX_WINDOW_SIZE and strength(text) >= MIN_STRENGTH:
        yield Window(pattern.text, begin, len(sensitive), RAW_BYTES, pattern.is_value)


def _first_and_last_runs(data: bytes) -> list[re.Match[bytes]]:
    """Return the first and the last runs of ``data``, :data:`_RUNS_AT_EACH_END` at each end."""
    runs = list(_RUN.finditer(data))
    return runs if len(runs) <= 2 * _RUNS_AT_EACH_END else [*runs[:_RUNS_AT_EACH_END], *runs[-_RUNS_AT_EACH_END:]]


def _is_strong(letters: bytes) -> bool:
    return strength(letters.decode("latin-1")) >= MIN_STRENGTH
