"""Anchor index: an Aho-Corasick automaton, and a dictionary for anchors added since it was built.

Building an automaton of all anchors takes as long as searching megabytes. New anchors are therefore looked up in a dictionary, which is
slow on long texts. The automaton is rebuilt once those lookups together have cost as much as a rebuild. The fastest kind of automaton takes
six times the memory of the other; it is built once no anchor was added for a megabyte of text.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

_SMALL = 3000
"""Anchors up to which the fastest kind of automaton, which is the largest too, is still quick to build."""
_BYTES_AN_ANCHOR = 15
"""So many bytes are searched for new anchors in the time in which an automaton of one anchor more is built; measured."""
_BYTES_A_BUILD = 16_384
"""So many bytes in the time in which the smallest automaton is built."""
_BYTES_AN_ANCHOR_TWICE = 400
"""So many bytes go through a second automaton in that time."""
_BYTES_BEFORE_FASTEST = 1 << 20
"""Bytes that are searched before the fastest kind is built."""

Owners: TypeAlias = "int | list[int]"
"""One owner or several, as numbers. A million lists of one would cost memory and the garbage collector's time."""


class Hit(NamedTuple):
    """Where an anchor stands, and whose it is."""

    anchor: bytes
    owners: Owners
    start: int


class _NewAnchors:
    """Anchors that are looked for by their first bytes, and need nothing built."""

    def __init__(self) -> None:
        self.owners: dict[bytes, Owners] = {}
        self._by_first_bytes: dict[bytes, bytes | list[bytes]] = {}

    def add(self, anchor: bytes, owner: int) -> None:
        known = self.owners.get(anchor)
        if isinstance(known, list):
            known.append(owner)
        elif known is not None:
            self.owners[anchor] = [known, owner]
        else:
            self.owners[anchor] = owner
            same = self._by_first_bytes.setdefault(anchor[:SHORTEST_VALUE], anchor)
            if isinstance(same, list):
                same.append(anchor)
            elif same is not anchor:
                self._by_first_bytes[anchor[:SHORTEST_VALUE]] = [same, anchor]

    def hits(self, data: bytes) -> list[Hit]:
        get = self._by_first_bytes.get
        near = [
            (start, anchors) for start in range(len(data) - SHORTEST_VALUE + 1) if (anchors := get(data[start : start + SHORTEST_VALUE]))
        ]
        return [
            Hit(anchor, self.owners[anchor], start)
            for start, anchors in near
            for anchor in ([anchors] if isinstance(anchors, bytes) else anchors)
            if data.startswith(anchor, start)
        ]


class _Automaton:
    """Anchors that are searched for all at once; building it takes about a microsecond an anchor."""

    def __init__(self, owners: dict[bytes, Owners], *, fastest: bool = False) -> None:
        from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

        self.owners = owners
        # In order, so that what is built next to each other is near in memory: a million are built three times as fast.
        self._texts = sorted(owners)
        self._owners = [owners[text] for text in self._texts]
        self.is_final = fastest or len(self._texts) > _SMALL
        kind = Implementation.DFA if fastest else Implementation.ContiguousNFA
        self._automaton: BytesAhoCorasick = BytesAhoCorasick(self._texts, matchkind=MatchKind.Standard, implementation=kind)
        self.find = self._automaton.find_matches_as_indexes

    def hits(self, data: bytes) -> list[Hit]:
        return [Hit(self._texts[index], self._owners[index], start) for index, start, _ in self.find(data, overlapping=True)]


class _State(NamedTuple):
    """The indexes of a search, replaced atomically: another thread sees the old state or the new one."""

    automata: tuple[_Automaton, ...]
    new: _NewAnchors


class AnchorIndex:
    """Anchors with their owners. Searches may run in several threads; anchors are added by one at a time."""

    def __init__(self) -> None:
        """Make an empty index."""
        self._lock = threading.Lock()
        self._state = _State((), _NewAnchors())
        self._through_new = 0
        self._through_second = 0
        self._through_only = 0
        self._only: _Automaton | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no anchor."""
        return not self._state.automata and not self._state.new.owners

    def add(self, anchor: bytes, owner: int) -> None:
        """Add an anchor of ``owner``. It has six bytes at least."""
        with self._lock:
            self._only = None
            self._state.new.add(anchor, owner)

    def touches(self, data: bytes) -> bool:
        """Tell whether an anchor stands in ``data``."""
        only = self._only
        if only is not None:
            return bool(only.find(data))
        state = self._ready(len(data))
        return any(automaton.find(data) for automaton in state.automata) or bool(state.new.owners and state.new.hits(data))

    def hits(self, data: bytes) -> list[Hit]:
        """Return where anchors stand in ``data``."""
        only = self._only
        if only is not None:
            return only.hits(data)
        state = self._ready(len(data))
        found = [hit for automaton in state.automata for hit in automaton.hits(data)]
        return found + state.new.hits(data) if state.new.owners else found

    def _ready(self, length: int) -> _State:
        """Return the state for a search of ``length`` bytes, rebuilt if that pays."""
        state = self._state
        if state.new.owners:
            self._through_new += length
            second = state.automata[-1].owners if len(state.automata) > 1 else ()
            if self._through_new >= _BYTES_A_BUILD + _BYTES_AN_ANCHOR * (len(state.new.owners) + len(second)):
                return self._settle(state)
        elif len(state.automata) > 1:
            self._through_second += length
            if self._through_second >= _BYTES_AN_ANCHOR_TWICE * sum(len(automaton.owners) for automaton in state.automata):
                return self._settle(state)
        elif state.automata:
            self._through_only += length
            if state.automata[0].is_final or self._through_only >= _BYTES_BEFORE_FASTEST:
                return self._search_only(state)
        return state

    def _search_only(self, seen: _State) -> _State:
        """Search no more than the one automaton, of the fastest kind, until an anchor is added; do nothing if another thread added one."""
        with self._lock:
            if self._state is seen and not seen.new.owners:
                if not seen.automata[0].is_final:
                    self._state = _State((_Automaton(seen.automata[0].owners, fastest=True),), _NewAnchors())
                self._only = self._state.automata[0]
            return self._state

    def _settle(self, seen: _State) -> _State:
        """Move new anchors into the second automaton, or merge both; do nothing if another thread already did."""
        with self._lock:
            if self._state is not seen:
                return self._state
            automata, new = seen
            owners = dict(automata[-1].owners) if len(automata) > 1 else {}
            _merge(owners, new.owners)
            if automata and (not new.owners or 2 * len(owners) >= len(automata[0].owners)):
                first = dict(automata[0].owners)
                _merge(first, owners)
                automata = (_Automaton(first),)
                self._through_second = 0
            else:
                automata = (*automata[:1], _Automaton(owners))
            self._through_new = self._through_only = 0
            self._state = _State(automata, _NewAnchors())
            return self._state


def _merge(owners: dict[bytes, Owners], others: dict[bytes, Owners]) -> None:
    for anchor, more in others.items():
        known = owners.get(anchor)
        owners[anchor] = more if known is None else _joined(known, more)


def _joined(one: Owners, other: Owners) -> Owners:
    return [*([one] if isinstance(one, int) else one), *([other] if isinstance(other, int) else other)]
