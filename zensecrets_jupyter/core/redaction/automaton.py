"""The search for anchors: an automaton for those that are settled, a look at every six bytes for those that came just now.

Building an automaton of all anchors takes as long as searching megabytes. So what was protected a moment ago is looked for in another way,
which is slow on long texts, and an automaton is built only when those searches together have cost as much as building it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from zensecrets_jupyter.core.redaction.unprotected import SHORTEST
from zensecrets_jupyter.core.redaction.writing import in_json, in_json_unescaped

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

_SMALL = 300
"""Anchors up to which the fastest kind of automaton, which is the largest too, is still quick to build."""
_ESCAPED = re.compile(rb"[^ !#-\[\]-~]")


Owners: TypeAlias = "int | list[int]"
"""One owner or several, as numbers that mean nothing here. A million lists of one would cost memory and the garbage collector's time."""
NOBODY = -1
"""The owner of what tells that a message has to be taken apart, and nothing else."""


class Hit(NamedTuple):
    """Where an anchor stands, and whose it is."""

    anchor: bytes
    owners: Owners
    start: int
    end: int


class Anchors:
    """Anchors with their owners."""

    def __init__(self) -> None:
        """Begin without any."""
        self.owners: dict[bytes, Owners] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.owners)

    def update(self, others: Anchors) -> None:
        """Add those of ``others``."""
        mine = self.owners
        for anchor, owners in others.owners.items():
            known = mine.get(anchor)
            mine[anchor] = owners if known is None else _joined(known, owners)


def _joined(one: Owners, other: Owners) -> Owners:
    ones = [one] if isinstance(one, int) else one
    others = [other] if isinstance(other, int) else other
    owners = [owner for owner in dict.fromkeys((*ones, *others)) if owner != NOBODY]
    return owners[0] if len(owners) == 1 else owners or NOBODY


class NewAnchors(Anchors):
    """Anchors that are looked for by their first bytes, and need nothing built."""

    def __init__(self) -> None:
        """Begin without any."""
        super().__init__()
        self._by_first_bytes: dict[bytes, bytes | list[bytes]] = {}

    def add(self, anchor: bytes, owner: int) -> None:
        """Add an anchor with its owner, and what JSON makes of it, which has none."""
        known = self.owners.get(anchor)
        if isinstance(known, list):
            known.append(owner)
        elif known is not None and known != NOBODY:
            self.owners[anchor] = [known, owner]
        else:
            self.owners[anchor] = owner
            if known is None:
                self._index(anchor)
            if not anchor.isalnum() and _ESCAPED.search(anchor):
                self._add_escaped(anchor.decode("utf-8", "surrogatepass"))

    def _add_escaped(self, text: str) -> None:
        for escaped in (in_json(text), in_json_unescaped(text)):
            anchor = escaped.encode("utf-8", "surrogatepass")
            if anchor not in self.owners:
                self.owners[anchor] = NOBODY
                self._index(anchor)

    def _index(self, anchor: bytes) -> None:
        known = self._by_first_bytes.setdefault(anchor[:SHORTEST], anchor)
        if isinstance(known, list):
            known.append(anchor)
        elif known is not anchor:
            self._by_first_bytes[anchor[:SHORTEST]] = [known, anchor]

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
            for anchor in ([anchors] if isinstance(anchors, bytes) else anchors)
            if data.startswith(anchor, start)
        ]


class Automaton:
    """Anchors that are searched for all at once."""

    def __init__(self, anchors: Anchors) -> None:
        """Build it; this takes about a microsecond an anchor."""
        from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind  # noqa: PLC0415 - not before something is protected

        self.anchors = anchors
        # In order, so that what is built next to each other is near in memory: a million are built three times as fast.
        self._texts = sorted(anchors.owners)
        self._owners = [anchors.owners[text] for text in self._texts]
        kind = Implementation.DFA if len(self._texts) <= _SMALL else Implementation.ContiguousNFA
        self._automaton: BytesAhoCorasick = BytesAhoCorasick(self._texts, matchkind=MatchKind.Standard, implementation=kind)

    def touches(self, data: bytes) -> bool:
        """Tell whether an anchor stands in ``data``."""
        return bool(self._automaton.find_matches_as_indexes(data))

    def hits(self, data: bytes) -> list[Hit]:
        """Return where anchors stand in ``data``."""
        found = self._automaton.find_matches_as_indexes(data, overlapping=True)
        return [Hit(self._texts[index], self._owners[index], start, end) for index, start, end in found]
