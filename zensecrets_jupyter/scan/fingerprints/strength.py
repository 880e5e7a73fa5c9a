"""A low estimate of how hard a value is to guess."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from itertools import pairwise

WEAKEST = 60.0
"""Bits that a value needs for a fingerprint. Trying 2⁶⁰ texts takes three years, at ten billion texts a second."""
SHORTEST = 12
"""Characters that a value needs for a fingerprint."""

_HEXADECIMAL = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_CLASSES = ((re.compile(r"[a-z]"), 26), (re.compile(r"[A-Z]"), 26), (re.compile(r"[0-9]"), 10), (re.compile(r"[^A-Za-z0-9]"), 20))
_LETTERS = re.compile(r"[A-Z]?[a-z]{4,}|[A-Z]{4,}")
_WORD = re.compile(r"(?=.*[aeiouy])(?!.*[bcdfghjklmnpqrstvwxz]{4})(?!.*[qjx][^u])[a-z]+")
_BITS_OF_A_WORD = 13.0
"""Bits of one of the 8,000 words that people choose most often."""


# A value and its letters are often the same text, and each is estimated several times in a row.
@lru_cache(maxsize=4)
def strength(text: str) -> float:
    """Return an estimate of the bits of ``text``, which measure how hard it is to guess.

    The estimate counts distinct pairs of neighboring characters, each with the size of the alphabet. Pairs that count up, count down or
    repeat a character do not count. A text that looks like a word counts as one word.
    """
    words = {match.lower() for match in _LETTERS.findall(text) if _WORD.fullmatch(match.lower())}
    rest = _LETTERS.sub(lambda match: " " if match[0].lower() in words else match[0], text) if words else text
    pool = 16 if _HEXADECIMAL.fullmatch(text) else sum(size for letters, size in _CLASSES if letters.search(rest)) or 1
    # Most pairs occur once only, so a set of them comes first.
    pairs = sum(not -1 <= one - other <= 1 for one, other in set(pairwise(map(ord, rest))))
    return pairs * math.log2(pool) + len(words) * _BITS_OF_A_WORD


def why_weak(text: str) -> str:
    """Return why ``text`` gets no fingerprint, as the end of a sentence; empty if it is strong enough."""
    if len(text) < SHORTEST:
        return f"it has fewer than {SHORTEST} characters"
    return "it is easy to guess" if strength(text) < WEAKEST else ""
