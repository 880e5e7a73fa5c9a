"""A cautious estimate of how hard a value is to guess."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from itertools import pairwise

MIN_STRENGTH = 60.0
"""A value with fewer bits of strength gets no fingerprint. At 10¹⁰ guesses a second, 2⁶⁰ guesses take more than three years."""
MIN_LENGTH = 12
"""A shorter value gets no fingerprint. The length is in characters."""

_HEXADECIMAL = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_CHARACTER_CLASSES = ((re.compile(r"[a-z]"), 26), (re.compile(r"[A-Z]"), 26), (re.compile(r"[0-9]"), 10), (re.compile(r"[^A-Za-z0-9]"), 20))
"""Classes of characters, each with its size. The last class counts as 20 characters, because people use only about 20 of them."""
_POSSIBLE_WORD = re.compile(r"[A-Z]?[a-z]{4,}|[A-Z]{4,}")
"""A part of a text that may be a word."""
_WORD = re.compile(r"(?=.*[aeiouy])(?!.*[bcdfghjklmnpqrstvwxz]{4})(?!.*[qjx][^u])[a-z]+")
"""Letters that look like a word: with a vowel, without four consonants in a row, and without q, j or x before a letter other than u."""
_BITS_OF_A_WORD = 13.0
"""The strength in bits of a word, because people choose most words from about 8,000."""


# The result is cached, because callers estimate the same text several times in a row.
@lru_cache(maxsize=4)
def strength(text: str) -> float:
    """Return the estimated strength of ``text`` in bits.

    A text with a strength of n bits takes about 2ⁿ guesses. The estimate is cautious: it tends to be too low.

    Parts that look like words are cut out. Each distinct word adds 13 bits. In the rest, the estimate counts the distinct pairs of
    neighboring characters. A pair of equal or consecutive characters, such as ``aa``, ``ab`` or ``21``, is not counted. A counted pair adds
    log₂(n) bits, where n is the number of characters in all classes that occur in the rest, or 16 for hexadecimal digits.
    """
    words = {match.lower() for match in _POSSIBLE_WORD.findall(text) if _WORD.fullmatch(match.lower())}
    rest = _POSSIBLE_WORD.sub(lambda match: " " if match[0].lower() in words else match[0], text) if words else text
    if _HEXADECIMAL.fullmatch(text):
        alphabet_size = 16
    else:
        # An empty text has the alphabet size 1, because the logarithm of 0 does not exist.
        alphabet_size = sum(size for characters, size in _CHARACTER_CLASSES if characters.search(rest)) or 1
    distinct_pairs = set(pairwise(map(ord, rest)))
    counted_pairs = sum(abs(first - second) > 1 for first, second in distinct_pairs)
    return counted_pairs * math.log2(alphabet_size) + len(words) * _BITS_OF_A_WORD


def why_weak(text: str) -> str:
    """Return why ``text`` gets no fingerprint, as a sentence's end; empty if it gets one."""
    if len(text) < MIN_LENGTH:
        return f"it has fewer than {MIN_LENGTH} characters"
    return "it is easy to guess" if strength(text) < MIN_STRENGTH else ""
