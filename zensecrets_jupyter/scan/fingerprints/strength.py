"""A cautious estimate of how hard a value is to guess."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from itertools import pairwise

WEAKEST = 60.0
"""Minimum strength in bits of a value with a fingerprint: to try 2⁶⁰ texts takes three years, at 10¹⁰ texts a second."""
SHORTEST = 12
"""Minimum number of characters of a value with a fingerprint."""

_HEXADECIMAL = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_CLASSES = ((re.compile(r"[a-z]"), 26), (re.compile(r"[A-Z]"), 26), (re.compile(r"[0-9]"), 10), (re.compile(r"[^A-Za-z0-9]"), 20))
_LETTERS = re.compile(r"[A-Z]?[a-z]{4,}|[A-Z]{4,}")
_WORD = re.compile(r"(?=.*[aeiouy])(?!.*[bcdfghjklmnpqrstvwxz]{4})(?!.*[qjx][^u])[a-z]+")
_BITS_OF_A_WORD = 13.0
"""Strength in bits of a word, which may be one of the 8,000 words that people choose most often."""


# A value and its letters are often the same text, and the same text is estimated several times in a row.
@lru_cache(maxsize=4)
def strength(text: str) -> float:
    """Return the estimated strength of ``text`` in bits.

    A text with a strength of n bits takes about 2ⁿ guesses. The estimate is rather too low than too high.

    The estimate counts the distinct pairs of neighboring characters. Each pair has as many bits as one character of the alphabet. A pair
    of equal or consecutive characters, such as ``aa``, ``ab`` or ``21``, is not counted. A part that looks like a word has the bits of one
    word.
    """
    words = {match.lower() for match in _LETTERS.findall(text) if _WORD.fullmatch(match.lower())}
    rest = _LETTERS.sub(lambda match: " " if match[0].lower() in words else match[0], text) if words else text
    alphabet_size = 16 if _HEXADECIMAL.fullmatch(text) else sum(size for characters, size in _CLASSES if characters.search(rest)) or 1
    distinct_pairs = sum(not -1 <= one - other <= 1 for one, other in set(pairwise(map(ord, rest))))
    return distinct_pairs * math.log2(alphabet_size) + len(words) * _BITS_OF_A_WORD


def why_weak(text: str) -> str:
    """Return why ``text`` gets no fingerprint, as the end of a sentence; empty otherwise."""
    if len(text) < SHORTEST:
        return f"it has fewer than {SHORTEST} characters"
    return "it is easy to guess" if strength(text) < WEAKEST else ""
