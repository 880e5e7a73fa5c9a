"""Which end of a text may be the beginning of a value."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.unprotected import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Mapping

_FEW = 8


class Beginnings:
    """The first anchors of all forms, in order."""

    def __init__(self) -> None:
        """Begin without any."""
        self._texts: list[bytes] = []
        self._new: list[bytes] = []
        self._least: dict[bytes, tuple[int, str]] = {}
        self._longest = 0
        self._with_line_end = False

    def add(self, firsts: Mapping[bytes, int], name: str) -> None:
        """Add first anchors of the value called ``name``, each with the bytes from which on it is masked though nothing follows."""
        told = {least: (least, name) for least in set(firsts.values())}
        for text, least in firsts.items():
            known = self._least.get(text)
            if known is None:
                self._least[text] = told[least]
                self._new.append(text)
            elif known[0] > least:
                self._least[text] = told[least]

    def _sorted(self) -> list[bytes]:
        new, self._new = self._new, []
        if new:
            self._longest = max(self._longest, *map(len, new))
            self._with_line_end = self._with_line_end or any(b"\n" in text for text in new)
            if len(new) * _FEW > len(self._texts):
                self._texts = sorted([*self._texts, *new])
            else:
                for text in new:
                    insort(self._texts, text)
        return self._texts

    @property
    def end_with_their_line(self) -> bool:
        """Whether none of them goes on after the end of a line; ``True`` is certain."""
        return not self._new and not self._with_line_end

    def live(self, data: bytes) -> int:
        """Return where the longest end of ``data`` begins that is a beginning of an anchor; its length if none is."""
        texts = self._sorted()
        for start in self._starts(data):
            tail = data[start:]
            index = bisect_left(texts, tail)
            if index < len(texts) and texts[index].startswith(tail):
                return start
        return len(data)

    def too_much(self, data: bytes) -> tuple[int, str]:
        """Return where the longest end of ``data`` begins that tells too much of a value to be shown, and that value's name."""
        texts = self._sorted()
        for start in self._starts(data):
            tail = data[start:]
            if len(tail) < SHORTEST:
                break
            # No byte of UTF-8 is 0xFF.
            first, after = bisect_left(texts, tail), bisect_left(texts, tail + b"\xff")
            least, name = min((self._least[text] for text in texts[first:after]), default=(len(tail) + 1, ""))
            if least <= len(tail):
                return start, name
        return len(data), ""

    def _starts(self, data: bytes) -> range:
        start = max(0, len(data) - self._longest + 1)
        if not self._with_line_end:
            start = max(start, data.rfind(b"\n") + 1)
        return range(start, len(data))
