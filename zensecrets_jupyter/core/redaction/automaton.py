"""The search for anchors: an automaton for those that are settled, a look at every six bytes for those that came just now.

Building an automaton of all anchors takes as long as searching megabytes. So what was protected a moment ago is looked for in another way,
which is slow on long texts, and an automaton is built only when those searches together have cost as much as building it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.forms import in_json, in_json_unescaped
from zensecrets_jupyter.core.redaction.unprotected import SHORTEST

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

_SMALL = 300
"""Anchors up to which the fastest kind of automaton, which is the largest too, is still quick to build."""
_ESCAPED = re.compile(rb"[^ !#-\[\]-~]")


class Hit(NamedTuple):
    """Where an anchor stands, and whose it is."""

    anchor: bytes
    owners: list[int]
    start: int
    end: int


class Anchors:
    """Anchors with their owners, each as a number that means nothing here."""

    def __init__(self) -> None:
        """Begin without any."""
        self.owners: dict[bytes, list[int]] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.owners)

    def update(self, others: Anchors) -> None:
        """Add those of ``others``."""
        for anchor, owners in others.owners.items():
            self.put(anchor, owners)

    def put(self, anchor: bytes, owners: list[int]) -> None:
        """Add an anchor with its owners."""
        known = self.owners.get(anchor)
        if known is None:
            self.owners[anchor] = owners.copy()
        else:
            known += owners


class NewAnchors(Anchors):
    """Anchors that are looked for by their first bytes, and need nothing built."""

    def __init__(self) -> None:
        """Begin without any."""
        super().__init__()
        self._by_first_bytes: dict[bytes, list[bytes]] = {}

    def add(self, anchor: bytes, owner: int) -> None:
        """Add an anchor, and what JSON makes of it, which has no owner: it tells that a message has to be taken apart."""
        self.put(anchor, [owner])
        if _ESCAPED.search(anchor):
            text = anchor.decode("utf-8", "surrogatepass")
            for escaped in (in_json(text), in_json_unescaped(text)):
                self.put(escaped.encode("utf-8", "surrogatepass"), [])

    def put(self, anchor: bytes, owners: list[int]) -> None:
        """See :meth:`Anchors.put`."""
        known = self.owners.get(anchor)
        if known is None:
            self.owners[anchor] = owners.copy()
            self._by_first_bytes.setdefault(anchor[:SHORTEST], []).append(anchor)
        else:
            known += owners

    def touches(self, data: bytes) -> bool:
        """Tell whether an anchor stands in ``data``."""
        return bool(self.hits(data))

    def hits(self, data: bytes) -> list[Hit]:
        """Return where anchors stand in ``data``."""
        if not self.owners:
            return []
        get = self._by_first_bytes.get
        near = [(start, anchors) for start in range(len(data) - SHORTEST + 1) if (anchors := get(data[start : start + SHORTEST]))]
        return [
            Hit(anchor, self.owners[anchor], start, start + len(anchor))
            for start, anchors in near
            for anchor in anchors
            if data.startswith(anchor, start)
        ]


class Automaton:
    """Anchors that are searched for all at once."""

    def __init__(self, anchors: Anchors) -> None:
        """Build it; this takes about a microsecond an anchor."""
        from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind  # noqa: PLC0415 - not before something is protected

        self.anchors = anchors
        self._texts = list(anchors.owners)
        self._owners = list(anchors.owners.values())
        kind = Implementation.DFA if len(self._texts) <= _SMALL else Implementation.ContiguousNFA
        self._automaton: BytesAhoCorasick = BytesAhoCorasick(self._texts, matchkind=MatchKind.Standard, implementation=kind)

    def touches(self, data: bytes) -> bool:
        """Tell whether an anchor stands in ``data``."""
        return bool(self._automaton.find_matches_as_indexes(data))

    def hits(self, data: bytes) -> list[Hit]:
        """Return where anchors stand in ``data``."""
        found = self._automaton.find_matches_as_indexes(data, overlapping=True)
        return [Hit(self._texts[index], self._owners[index], start, end) for index, start, end in found]
