"""Matcher: finds patterns in one view of a text by their anchors.

A view is a text with some of its encodings decoded. An anchor is a short run of a pattern's letters. An *owner* of an anchor is the number
of a :class:`PatternAnchor` in the matcher's list.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.core.redaction.matching.anchor_index import AnchorIndex
from zensecrets_jupyter.core.redaction.matching.comparison import Comparison, common_length
from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch
from zensecrets_jupyter.core.redaction.patterns.pattern import Pattern, PatternAnchor, reduced_to_signs
from zensecrets_jupyter.core.redaction.skeleton import skeleton_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.core.redaction.matching.anchor_index import Hit

_MAX_COMPARED = 4
"""If more patterns than this have the same anchor, only the patterns that are most similar to the text are compared."""
_MIN_SIGNS = 4
"""Minimum length of the result of :func:`reduced_to_signs` for an exact pattern. A pattern with a shorter one is searched for unchanged."""
_LONGEST_ANCHOR = 64
"""Maximum length of the anchor of an exact pattern."""
_MAX_EQUAL = 16
"""If more patterns than this have the same letters around their anchor, only this number of them is compared."""


class PatternMatcher:
    """Finds patterns in a view.

    A pattern with enough letters is found by its anchors in the skeleton of the view. Other patterns are *exact*: they are found by their
    punctuation.

    Attributes:
        anchors: The anchors of the patterns.
        has_exact: Whether there are exact patterns.
    """

    def __init__(self) -> None:
        """Create a matcher without patterns."""
        self.anchors = AnchorIndex()
        self._exact = AnchorIndex()
        # The exact patterns whose reduced text is shorter than an anchor, each with its reduced text.
        self._few_signs: list[tuple[bytes, Pattern]] = []
        self._pattern_anchors: list[PatternAnchor] = []
        # For an anchor and its first owner: the number of patterns with this anchor when they were sorted, and the sorted patterns.
        self._orders: dict[tuple[bytes, int], tuple[int, _CandidateOrders]] = {}
        self.has_exact = False

    def add(self, pattern: Pattern) -> None:
        """Add a pattern to find."""
        if pattern.is_exact:
            self.has_exact = True
            reduced = reduced_to_signs(pattern.text)
            if len(reduced) >= SHORTEST_VALUE:
                self._exact.add(reduced[:_LONGEST_ANCHOR], self._add_anchor(pattern, 0))
            else:
                self._few_signs.append((reduced, pattern))
            return
        for start, end in pattern.anchors():
            self.anchors.add(pattern.skeleton[start:end], self._add_anchor(pattern, start))

    def _add_anchor(self, pattern: Pattern, offset: int) -> int:
        """Add an anchor of ``pattern``, and return its number, by which an index refers to it."""
        self._pattern_anchors.append(PatternAnchor(pattern, offset))
        return len(self._pattern_anchors) - 1

    def may_contain_exact(self, data: bytes) -> bool:
        """Return whether ``data`` may contain an exact pattern. ``False`` is certain."""
        return bool(self._exact_candidates(data))

    def find(self, data: bytes, skeleton: bytes | None = None) -> list[PatternMatch]:
        """Return the matches in ``data``, which may overlap.

        Args:
            data: The bytes of the view.
            skeleton: The skeleton of the data, if the caller has it.
        """
        skeleton = skeleton_of(data) if skeleton is None else skeleton
        hits = self.anchors.hits(skeleton)
        matches = Comparison(data, skeleton).matches(hits, self._candidates) if hits else []
        if self.has_exact:
            matches += self._exact_matches(data)
        return matches

    def _exact_candidates(self, data: bytes) -> set[Pattern]:
        """Return the exact patterns that ``data`` may contain."""
        reduced_data = reduced_to_signs(data)
        candidates = {self._pattern_anchors[owner].pattern for hit in self._exact.hits(reduced_data) for owner in _owners(hit)}
        # A reduced text has no quotes and blanks. If it is too short to search for, the unchanged text of the pattern is searched for.
        for reduced_text, pattern in self._few_signs:
            if (reduced_text in reduced_data) if len(reduced_text) >= _MIN_SIGNS else (pattern.text in data):
                candidates.add(pattern)
        return candidates

    def _exact_matches(self, data: bytes) -> list[PatternMatch]:
        """Return the matches of exact patterns; a pattern with few signs must be unchanged."""
        matches = []
        for pattern in self._exact_candidates(data):
            has_enough_signs = len(reduced_to_signs(pattern.text)) >= _MIN_SIGNS
            expression = pattern.expression if has_enough_signs else re.compile(re.escape(pattern.text))
            matches += [
                PatternMatch(match.start(), match.end(), pattern.name, is_whole=pattern.is_value) for match in expression.finditer(data)
            ]
        return matches

    def _candidates(self, hit: Hit, skeleton: bytes) -> Sequence[PatternAnchor]:
        """Return the patterns to compare at a hit.

        They are all patterns with the anchor of the hit, or the most similar ones if there are many.
        """
        owners = hit.owners
        if isinstance(owners, int):
            return [self._pattern_anchors[owners]]
        if len(owners) <= _MAX_COMPARED:
            return [self._pattern_anchors[owner] for owner in owners]
        # Owners are only appended, so the first owner and the number of owners identify the list. An order of fewer owners is replaced.
        cache_key = (hit.anchor, owners[0])
        owner_count, orders = self._orders.get(cache_key, (0, None))
        if orders is None or owner_count != len(owners):
            orders = _CandidateOrders([self._pattern_anchors[owner] for owner in owners], len(hit.anchor))
            self._orders[cache_key] = len(owners), orders
        return orders.nearest(skeleton, hit.start)


def _owners(hit: Hit) -> list[int]:
    return [hit.owners] if isinstance(hit.owners, int) else hit.owners


class _CandidateOrders:
    """Patterns with the same anchor in two orders: by the letters after it, and before it.

    The letters include those of the anchor. The letters before it are reversed, so that those nearest to the anchor are compared first.
    """

    def __init__(self, anchors: list[PatternAnchor], length: int) -> None:
        """Sort the patterns of ``anchors``. Each anchor has ``length`` letters."""
        self._anchor_length = length
        after = sorted((anchor.pattern.skeleton[anchor.offset :], index) for index, anchor in enumerate(anchors))
        before = sorted((anchor.pattern.skeleton[: anchor.offset + length][::-1], index) for index, anchor in enumerate(anchors))
        self._letters_after, self._letters_before = [text for text, _ in after], [text for text, _ in before]
        self._anchors_after, self._anchors_before = [anchors[index] for _, index in after], [anchors[index] for _, index in before]
        self._longest = max(len(anchor.pattern.skeleton) for anchor in anchors)

    def nearest(self, skeleton: bytes, start: int) -> list[PatternAnchor]:
        """Return the patterns that are most similar to a text.

        Args:
            skeleton: The skeleton of the text.
            start: The start of the anchor in the skeleton.
        """
        after = skeleton[start : start + self._longest]
        end = start + self._anchor_length
        before = skeleton[max(0, end - self._longest) : end][::-1]
        nearest = [
            *_nearest(self._letters_after, self._anchors_after, after),
            *_nearest(self._letters_before, self._anchors_before, before),
        ]
        return list(dict.fromkeys(nearest))


def _nearest(texts: list[bytes], anchors: list[PatternAnchor], target: bytes) -> list[PatternAnchor]:
    """Return the anchors whose texts have the longest common prefix with ``target``.

    The anchors whose texts would be next to ``target`` in the order are included. ``texts`` are sorted, and each one belongs to
    the anchor at the same index.
    """
    position = bisect_left(texts, target)
    neighbors = [neighbor for neighbor in (position - 1, position) if 0 <= neighbor < len(texts)]
    longest = max(common_length(texts[neighbor], target) for neighbor in neighbors)
    prefix = target[:longest]
    first = bisect_left(texts, prefix)
    # Patterns with the same letters differ in their punctuation, such as a value with and without its backslashes.
    equal_indexes = itertools.takewhile(lambda index: texts[index].startswith(prefix), range(first, min(len(texts), first + _MAX_EQUAL)))
    return [anchors[index] for index in dict.fromkeys([*equal_indexes, *neighbors])]
