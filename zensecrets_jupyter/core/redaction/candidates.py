"""Selection of the patterns to compare: of many with the same anchor, those most similar to the text around it."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.characters import common_length

if TYPE_CHECKING:
    from zensecrets_jupyter.core.redaction.patterns import PatternKey

_MOST_ALIKE = 16
"""Patterns with the same letters around their anchor that are compared."""


class CandidateOrders:
    """Patterns with one anchor, sorted by the letters after it and by the letters before it."""

    def __init__(self, keys: list[PatternKey], length: int) -> None:
        self._length = length
        ahead = sorted((key.pattern.skeleton[key.offset :], index) for index, key in enumerate(keys))
        behind = sorted((key.pattern.skeleton[: key.offset + length][::-1], index) for index, key in enumerate(keys))
        self._ahead, self._behind = [text for text, _ in ahead], [text for text, _ in behind]
        self._keys_ahead, self._keys_behind = [keys[index] for _, index in ahead], [keys[index] for _, index in behind]
        self._longest = max(len(key.pattern.skeleton) for key in keys)

    def nearest(self, skeleton: bytes, start: int) -> list[PatternKey]:
        """Return the patterns to compare with the text whose skeleton is given, in which the anchor stands at ``start``."""
        ahead = skeleton[start : start + self._longest]
        end = start + self._length
        behind = skeleton[max(0, end - self._longest) : end][::-1]
        found = [*_nearest(self._ahead, self._keys_ahead, ahead), *_nearest(self._behind, self._keys_behind, behind)]
        return list(dict.fromkeys(found))


def _nearest(texts: list[bytes], keys: list[PatternKey], wanted: bytes) -> list[PatternKey]:
    """Return the patterns with the longest common prefix with ``wanted``, the one that ends there first."""
    index = bisect_left(texts, wanted)
    around = [at for at in (index - 1, index) if 0 <= at < len(texts)]
    best = max(common_length(texts[at], wanted) for at in around)
    first = bisect_left(texts, wanted[:best])
    # Those with the same letters differ in the signs between them, as a value does with and without its backslashes.
    alike = itertools.takewhile(lambda at: texts[at].startswith(wanted[:best]), range(first, min(len(texts), first + _MOST_ALIKE)))
    return [keys[at] for at in dict.fromkeys([*alike, *around])]
