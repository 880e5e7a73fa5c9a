"""The matcher: finds patterns in one view of a text, by their anchors in its skeleton."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.automaton import AnchorIndex
from zensecrets_jupyter.core.redaction.candidates import CandidateOrders
from zensecrets_jupyter.core.redaction.comparison import Comparison
from zensecrets_jupyter.core.redaction.maskability import SHORTEST
from zensecrets_jupyter.core.redaction.pattern_match import PatternMatch
from zensecrets_jupyter.core.redaction.patterns import Pattern, PatternKey, reduced_to_signs
from zensecrets_jupyter.core.redaction.skeleton import skeleton_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.core.redaction.automaton import Hit

_FEW = 4
"""Patterns with the same anchor that are compared one by one."""
_LONGEST_ANCHOR = 64


class PatternMatcher:
    """Finds patterns in a view.

    Attributes:
        anchors: The anchors of the patterns, as in a skeleton.
        has_exact: Whether there are patterns with too few letters for one.
    """

    def __init__(self) -> None:
        """Make a matcher without patterns."""
        self.anchors = AnchorIndex()
        self._exact = AnchorIndex()
        self._few_signs: list[tuple[bytes, Pattern]] = []
        self._keys: list[PatternKey] = []
        self._orders: dict[tuple[bytes, int], tuple[int, CandidateOrders]] = {}
        self.has_exact = False

    def add(self, pattern: Pattern) -> None:
        """Find ``pattern`` from now on."""
        if pattern.is_exact:
            self.has_exact = True
            reduced = reduced_to_signs(pattern.text)
            if len(reduced) >= SHORTEST:
                self._exact.add(reduced[:_LONGEST_ANCHOR], self._key(pattern, 0))
            else:
                self._few_signs.append((reduced, pattern))
            return
        for start, end in pattern.anchors():
            self.anchors.add(pattern.skeleton[start:end], self._key(pattern, start))

    def _key(self, pattern: Pattern, offset: int) -> int:
        self._keys.append(PatternKey(pattern, offset))
        return len(self._keys) - 1

    def touches_exact(self, data: bytes) -> bool:
        """Tell whether a pattern with too few letters for a skeleton may stand in ``data``. ``False`` is certain."""
        return bool(self._exact_patterns(data))

    def find(self, data: bytes, skeleton: bytes | None = None) -> list[PatternMatch]:
        """Return where patterns stand in ``data``; matches may overlap."""
        own = skeleton_of(data) if skeleton is None else skeleton
        hits = self.anchors.hits(own)
        matches = Comparison(data, own).matches(hits, self._candidates) if hits else []
        if self.has_exact:
            matches += self._exact_matches(data)
        return matches

    def _exact_patterns(self, data: bytes) -> set[Pattern]:
        """Return the patterns with too few letters for a skeleton that may stand in ``data``."""
        reduced = reduced_to_signs(data)
        found = {self._keys[owner].pattern for hit in self._exact.hits(reduced) for owner in _owners(hit)}
        # Of a text of quotes and blanks nothing is left that could be searched for.
        found |= {pattern for text, pattern in self._few_signs if (text in reduced if len(text) >= _FEW else pattern.text in data)}
        return found

    def _exact_matches(self, data: bytes) -> list[PatternMatch]:
        return [
            PatternMatch(match.start(), match.end(), pattern.name, is_whole=pattern.is_value)
            for pattern in self._exact_patterns(data)
            for match in (
                pattern.expression if len(reduced_to_signs(pattern.text)) >= _FEW else re.compile(re.escape(pattern.text))
            ).finditer(data)
        ]

    def _owners(self, hit: Hit) -> list[PatternKey]:
        return [self._keys[owner] for owner in _owners(hit)]

    def _candidates(self, hit: Hit, skeleton: bytes) -> Sequence[PatternKey]:
        """Return the patterns with this anchor, or of many those that have most in common with the text around it."""
        owners = hit.owners
        if isinstance(owners, int):
            return [self._keys[owners]]
        if len(owners) <= _FEW:
            return [self._keys[owner] for owner in owners]
        # Owners are only ever added, at the end: the first and how many there are tell which. What there was for fewer is let go of.
        key = (hit.anchor, owners[0])
        count, orders = self._orders.get(key, (0, None))
        if orders is None or count != len(owners):
            orders = CandidateOrders(self._owners(hit), len(hit.anchor))
            self._orders[key] = len(owners), orders
        return orders.nearest(skeleton, hit.start)


def _owners(hit: Hit) -> list[int]:
    return [hit.owners] if isinstance(hit.owners, int) else hit.owners
