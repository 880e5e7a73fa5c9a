"""Search of a text and all its decoded views, limited by a budget of bytes.

In this module, a *run* is a part of a text that is encoded as a whole, such as base64. An escape sequence encodes a single character.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol, TypeVar

from zensecrets_jupyter.core.redaction.decoding.budget import Budget
from zensecrets_jupyter.core.redaction.decoding.decoders.base32 import base32_views
from zensecrets_jupyter.core.redaction.decoding.decoders.base64 import base64_views
from zensecrets_jupyter.core.redaction.decoding.decoders.base85 import base85_views
from zensecrets_jupyter.core.redaction.decoding.decoders.dumps import dump_views
from zensecrets_jupyter.core.redaction.decoding.decoders.escapes import escape_views, has_escapes
from zensecrets_jupyter.core.redaction.decoding.decoders.hexadecimal import hexadecimal_views
from zensecrets_jupyter.core.redaction.decoding.decoders.layout import layout_views
from zensecrets_jupyter.core.redaction.decoding.decoders.mail import mail_views
from zensecrets_jupyter.core.redaction.decoding.decoders.numbers import number_views
from zensecrets_jupyter.core.redaction.decoding.detection import EncodingDetector
from zensecrets_jupyter.core.redaction.decoding.excerpts import excerpt
from zensecrets_jupyter.core.redaction.decoding.runs import is_printable, text_parts
from zensecrets_jupyter.core.redaction.decoding.views import TextView
from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.core.redaction.skeleton import skeleton_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Match(Protocol):
    """A match in a view."""

    @property
    def part(self) -> tuple[int, int] | None:
        """The span of the sensitive letters that the match has, or ``None`` if it has all of them."""


_MatchT = TypeVar("_MatchT", bound=_Match)

_NESTED_ESCAPES = 4
"""Number of nested levels of escape sequences that are decoded in one view."""
_NESTED_RUNS, _NESTED_RUNS_IN_LONG_TEXT = 2, 1
"""Number of nested encodings of runs that are decoded in a text of up to :data:`_SHORT` bytes, and in a longer one."""
# Each nesting level of runs has a budget for the bytes of its views, which depends on the length of the text.
_BUDGET_RATIO, _MIN_BUDGET = 12, 1 << 16
"""The factor and the constant of the budget of a short text: factor x length + constant."""
_BUDGET_RATIO_OF_LONG_TEXT, _MIN_BUDGET_OF_LONG_TEXT = 3, 1 << 20
"""The factor and the constant of the budget of a long text. The smaller one of the two budgets applies."""
_SHORT = 1 << 20
"""Maximum length of a text in which nested encodings of runs are decoded."""
_LONG_BINARY = 1 << 14
"""Maximum length of binary data that is searched completely. In longer data, only text is searched if all values are ASCII."""
_BASE85_BUDGET = 1 << 13
"""Maximum number of bytes of a text and its views that are decoded as base85."""


class ViewSearch:
    """Searches a text and its decoded views.

    Attributes:
        detector: The detector of encodings of the values.
    """

    def __init__(self, shortest: int) -> None:
        """Create a search for values of at least ``shortest`` bytes."""
        self.detector = EncodingDetector(shortest)
        self._is_ascii = True

    def include(self, text: bytes) -> None:
        """Adapt the search to the value ``text``, so that its encodings are decoded too."""
        self._is_ascii = self._is_ascii and text.isascii()
        length = max(SHORTEST_VALUE, len(text))
        if length < self.detector.shortest:
            self.detector = EncodingDetector(length)

    def search(self, data: bytes, find: Callable[[bytes, bytes], list[_MatchT]]) -> Iterator[tuple[TextView, _MatchT]]:
        """Yield each match in ``data`` and in its decoded views, with the view.

        Args:
            data: The text.
            find: Returns the matches in a view. Its arguments are the bytes of the view and their skeleton.
        """
        root = TextView(data)
        budget_size = min(
            _BUDGET_RATIO * len(root.data) + _MIN_BUDGET, _BUDGET_RATIO_OF_LONG_TEXT * len(root.data) + _MIN_BUDGET_OF_LONG_TEXT
        )
        base85_budget = Budget(_BASE85_BUDGET)
        seen: set[tuple[str, bytes]] = set()
        # A level has the views with equally many nested runs. Escape sequences are decoded before the runs of the next level, because they
        # are more common and cheaper to decode.
        level: list[TextView] = [root]
        for runs_left in range(_NESTED_RUNS if len(data) <= _SHORT else _NESTED_RUNS_IN_LONG_TEXT, -1, -1):
            queue = deque((view, _NESTED_ESCAPES) for view in level)
            level = []
            budget = Budget(budget_size)
            while queue:
                view, escapes_left = queue.popleft()
                if view is not root:
                    # Different decoders may yield equal bytes, which are searched once for each encoding.
                    if (view.name, view.data) in seen or not budget.spend(len(view.data)):
                        continue
                    seen.add((view.name, view.data))
                is_text = view is root or is_printable(view.data)
                is_searched = is_text or self._is_searched_whole(view.data)
                skeleton = skeleton_of(view.data) if is_searched else b""
                matches = find(view.data, skeleton) if is_searched else []
                yield from ((view, match) for match in matches)
                if not is_text:
                    # Only the text in binary data may contain another encoding.
                    queue.extend((part, escapes_left) for part in text_parts(view, self.detector.shortest))
                    continue
                # A view with a match is decoded without this check, because the rest of a value may be encoded or on another line.
                if not matches and not self.detector.has_encodings(view.data, skeleton):
                    continue
                if escapes_left:
                    queue.extend((child, escapes_left - 1) for child in escape_views(excerpt(view, has_escapes)))
                if runs_left:
                    is_wrapped = any(match.part is not None for match in matches)
                    level += self._run_views(view, skeleton, base85_budget, is_wrapped=is_wrapped)

    def _is_searched_whole(self, data: bytes) -> bool:
        """Return whether all of the binary ``data`` is searched, and not only the text in it."""
        return len(data) <= _LONG_BINARY or not self._is_ascii

    def _run_views(self, view: TextView, skeleton: bytes, base85_budget: Budget, *, is_wrapped: bool) -> Iterator[TextView]:
        """Yield the views of the layouts, mail encodings and encoded runs in ``view``.

        Args:
            view: The view.
            skeleton: The skeleton of the view.
            base85_budget: The budget for decoding base85.
            is_wrapped: Whether a part of a value was found, so that the rest may be on another line.
        """
        data = view.data
        yield from layout_views(view, is_wrapped=is_wrapped)
        if b"=" in data or b"&" in data or b"+" in data:
            yield from mail_views(view)
        detector = self.detector
        if detector.has_numbers(data, skeleton):
            yield from dump_views(view)
            yield from hexadecimal_views(view)
            yield from number_views(view)
        if detector.has_runs(data, skeleton):
            yield from base64_views(view, detector.shortest_run)
            yield from base32_views(view, detector.shortest_run)
            yield from base85_views(view, detector.shortest_base85, base85_budget)
