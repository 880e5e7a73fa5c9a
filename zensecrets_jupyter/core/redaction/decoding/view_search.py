"""Search of a text in all its decoded views, within a budget of bytes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol, TypeVar

from zensecrets_jupyter.core.redaction.decoding.budget import Budget
from zensecrets_jupyter.core.redaction.decoding.decoders.base32 import base32_views
from zensecrets_jupyter.core.redaction.decoding.decoders.base64 import base64_views
from zensecrets_jupyter.core.redaction.decoding.decoders.base85 import base85_views
from zensecrets_jupyter.core.redaction.decoding.decoders.dumps import dump_views
from zensecrets_jupyter.core.redaction.decoding.decoders.escapes import has_escapes, unescaped
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
        """The span of the sensitive letters, if the match has only some of them."""


_MatchT = TypeVar("_MatchT", bound=_Match)

ESCAPES = 4
"""Escape sequences inside escape sequences that are decoded."""
BLOCKS, _BLOCKS_OF_A_LONG_TEXT = 2, 1
"""Encodings of whole texts, such as base64, inside each other that are decoded; in a text that is longer than :data:`_SHORT` one."""
_VIEWS_OF_A_TEXT = 12
"""Budget of each level, in lengths of the text: all views with one encoding, and all views with two."""
_LEAST = 1 << 16
"""Bytes of views that any text may have."""
_VIEWS_OF_A_LONG_TEXT = 3
"""As before, of a text that is longer than :data:`_SHORT`, and for all that is longer."""
_SHORT = 1 << 20
_LONG_BINARY = 1 << 14
"""Bytes from which on only the text is searched in what was decoded and is no text, if all values are of ASCII."""
_BASE85_OF_A_TEXT = 1 << 13
"""Bytes of a text and its views that are decoded as base85, in all its alphabets."""


class ViewSearch:
    """Searches a text and its decoded views.

    Attributes:
        detector: Tells whether there may be something to decode in a text.
    """

    def __init__(self, shortest: int) -> None:
        """Search for values of ``shortest`` bytes or more."""
        self.detector = EncodingDetector(shortest)
        self._is_ascii = True

    def include(self, text: bytes) -> None:
        """Search for the value ``text`` too."""
        self._is_ascii = self._is_ascii and text.isascii()
        length = max(SHORTEST_VALUE, len(text))
        if length < self.detector.shortest:
            self.detector = EncodingDetector(length)

    def search(self, data: bytes, find: Callable[[bytes, bytes], list[_MatchT]]) -> Iterator[tuple[TextView, _MatchT]]:
        """Yield each match in ``data`` and in its decoded views, with the view.

        Args:
            data: The text.
            find: Returns the matches in the bytes of a view, given the bytes and their skeleton.
        """
        root = TextView(data)
        most = min(_VIEWS_OF_A_TEXT * len(root.data) + _LEAST, _VIEWS_OF_A_LONG_TEXT * len(root.data) + _SHORT)
        base85 = Budget(_BASE85_OF_A_TEXT)
        seen: set[tuple[str, bytes]] = set()
        # Escape sequences come first: they are the commonest, and cost the least.
        level: list[TextView] = [root]
        for blocks in range(BLOCKS if len(data) <= _SHORT else _BLOCKS_OF_A_LONG_TEXT, -1, -1):
            waiting = deque((view, ESCAPES) for view in level)
            level = []
            left = Budget(most)
            while waiting:
                view, escapes = waiting.popleft()
                if view is not root:
                    if (view.name, view.data) in seen or not left.spend(len(view.data)):
                        continue
                    seen.add((view.name, view.data))
                is_text = view is root or is_printable(view.data)
                is_searched = is_text or self._is_searched_whole(view.data)
                skeleton = skeleton_of(view.data) if is_searched else b""
                found = find(view.data, skeleton) if is_searched else []
                yield from ((view, match) for match in found)
                if not is_text:
                    # Only what is text in it may be encoded further.
                    waiting.extend((part, escapes) for part in text_parts(view, self.detector.shortest))
                    continue
                if not found and not self.detector.has_encodings(view.data, skeleton):
                    continue
                if escapes:
                    waiting.extend((child, escapes - 1) for child in unescaped(excerpt(view, has_escapes)))
                if blocks:
                    is_wrapped = any(match.part is not None for match in found)
                    level += self._blocks(view, skeleton, base85, is_wrapped=is_wrapped)

    def _is_searched_whole(self, data: bytes) -> bool:
        """Tell whether values are looked for in all of ``data``, which is no text, and not only in the texts in it."""
        return len(data) <= _LONG_BINARY or not self._is_ascii

    def _blocks(self, view: TextView, skeleton: bytes, base85: Budget, *, is_wrapped: bool) -> Iterator[TextView]:
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
            yield from base85_views(view, detector.shortest_base85, base85)
