"""Anchor index: finds many short byte strings at once, with an Aho-Corasick automaton.

An anchor is a short run of letters of a pattern. Building an automaton of all anchors takes as long as searching megabytes of text. New
anchors are therefore first kept in a dictionary, although searching a long text for them is then slow. The automaton is rebuilt once these
searches together have cost as much as a rebuild. The fastest kind of automaton takes six times the memory of the other kind. The fastest
kind is built once no anchor was added for a megabyte of searched text.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

_MAX_QUICK_ANCHORS = 3000
"""Maximum number of anchors for which the fastest kind of automaton is quick to build."""

# The costs of building an automaton, measured in bytes of text that are searched in the same time.
_BUILD_COST = 16_384
"""Cost of the smallest automaton, in bytes searched for new anchors."""
_BUILD_COST_PER_ANCHOR = 15
"""Cost of one more anchor, in bytes searched for new anchors."""
_MERGE_COST_PER_ANCHOR = 400
"""Cost of one more anchor, in bytes searched with a second automaton."""
_BYTES_BEFORE_FASTEST = 1 << 20
"""Bytes to search before the fastest kind of automaton is built."""

Owners: TypeAlias = "int | list[int]"
"""The owners of an anchor: numbers that the caller of :meth:`AnchorIndex.add` chooses.

A single owner is a plain number, because a million lists of one number would cost memory and time of the garbage collector.
"""


class Hit(NamedTuple):
    """An occurrence of an anchor.

    Attributes:
        anchor: The anchor.
        owners: The owners of the anchor.
        start: The offset of its first byte in the text.
    """

    anchor: bytes
    owners: Owners
    start: int


class _AnchorTable:
    """Table of new anchors by their first bytes. Adding an anchor is cheap."""

    def __init__(self) -> None:
        self.owners: dict[bytes, Owners] = {}
        self._by_first_bytes: dict[bytes, bytes | list[bytes]] = {}

    def add(self, anchor: bytes, owner: int) -> None:
        owners = self.owners.get(anchor)
        if isinstance(owners, list):
            owners.append(owner)
        elif owners is not None:
            self.owners[anchor] = [owners, owner]
        else:
            self.owners[anchor] = owner
            anchors = self._by_first_bytes.setdefault(anchor[:SHORTEST_VALUE], anchor)
            if isinstance(anchors, list):
                anchors.append(anchor)
            # ``setdefault`` returned another anchor, so two anchors have the same first bytes.
            elif anchors is not anchor:
                self._by_first_bytes[anchor[:SHORTEST_VALUE]] = [anchors, anchor]

    def hits(self, data: bytes) -> list[Hit]:
        get = self._by_first_bytes.get
        starts = range(len(data) - SHORTEST_VALUE + 1)
        candidates = [(start, anchors) for start in starts if (anchors := get(data[start : start + SHORTEST_VALUE]))]
        return [
            Hit(anchor, self.owners[anchor], start)
            for start, anchors in candidates
            for anchor in ([anchors] if isinstance(anchors, bytes) else anchors)
            if data.startswith(anchor, start)
        ]


class _Automaton:
    """An automaton of anchors. Building it takes about a microsecond per anchor."""

    def __init__(self, owners: dict[bytes, Owners], *, is_fastest: bool = False) -> None:
        from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

        self.owners = owners
        # Sorted anchors keep neighboring nodes of the automaton close in memory: a million anchors are built three times as fast.
        self._anchors = sorted(owners)
        self._owners = [owners[anchor] for anchor in self._anchors]
        # Whether the automaton is of the fastest kind that is worth building for its number of anchors.
        self.is_final = is_fastest or len(self._anchors) > _MAX_QUICK_ANCHORS
        implementation = Implementation.DFA if is_fastest else Implementation.ContiguousNFA
        self._automaton: BytesAhoCorasick = BytesAhoCorasick(self._anchors, matchkind=MatchKind.Standard, implementation=implementation)
        self.find = self._automaton.find_matches_as_indexes

    def hits(self, data: bytes) -> list[Hit]:
        return [Hit(self._anchors[index], self._owners[index], start) for index, start, _ in self.find(data, overlapping=True)]


class _State(NamedTuple):
    """The indexes that a search uses.

    The state is replaced atomically, so that another thread sees either the old state or the new one.

    Attributes:
        automata: No automaton, one automaton, or a large and a small one.
        new_anchors: The anchors that are in no automaton yet.
    """

    automata: tuple[_Automaton, ...]
    new_anchors: _AnchorTable


class AnchorIndex:
    """An index of anchors and their owners. All methods are thread-safe."""

    def __init__(self) -> None:
        """Create an empty index."""
        self._lock = threading.Lock()
        self._state = _State((), _AnchorTable())
        self._bytes_searched_for_new = 0
        """The number of bytes that were searched for new anchors since the last rebuild."""
        self._bytes_searched_twice = 0
        """The number of bytes that were searched with two automata since the last merge."""
        self._bytes_searched_once = 0
        """The number of bytes that were searched with one automaton since the last rebuild."""
        self._final_automaton: _Automaton | None = None
        """The automaton that contains every anchor and is final, or ``None``. If it exists, a search uses only this automaton."""

    @property
    def is_empty(self) -> bool:
        """Whether the index has no anchor."""
        return not self._state.automata and not self._state.new_anchors.owners

    def add(self, anchor: bytes, owner: int) -> None:
        """Add an anchor of at least six bytes that belongs to ``owner``."""
        with self._lock:
            self._final_automaton = None
            self._state.new_anchors.add(anchor, owner)

    def occurs_in(self, data: bytes) -> bool:
        """Return whether ``data`` contains an anchor."""
        automaton = self._final_automaton
        if automaton is not None:
            return bool(automaton.find(data))
        state = self._state_for(len(data))
        return any(automaton.find(data) for automaton in state.automata) or bool(state.new_anchors.owners and state.new_anchors.hits(data))

    def hits(self, data: bytes) -> list[Hit]:
        """Return every occurrence of an anchor in ``data``."""
        automaton = self._final_automaton
        if automaton is not None:
            return automaton.hits(data)
        state = self._state_for(len(data))
        hits = [hit for automaton in state.automata for hit in automaton.hits(data)]
        return hits + state.new_anchors.hits(data) if state.new_anchors.owners else hits

    def _state_for(self, length: int) -> _State:
        """Return the state for a search of ``length`` bytes.

        The state is rebuilt if searching with the old one has become more expensive than a rebuild.
        """
        state = self._state
        if state.new_anchors.owners:
            self._bytes_searched_for_new += length
            # A rebuild builds the second automaton again, with its own anchors and the new ones.
            second_owners = state.automata[-1].owners if len(state.automata) > 1 else ()
            if self._bytes_searched_for_new >= _BUILD_COST + _BUILD_COST_PER_ANCHOR * (len(state.new_anchors.owners) + len(second_owners)):
                return self._rebuild(state)
        elif len(state.automata) > 1:
            self._bytes_searched_twice += length
            if self._bytes_searched_twice >= _MERGE_COST_PER_ANCHOR * sum(len(automaton.owners) for automaton in state.automata):
                return self._rebuild(state)
        elif state.automata:
            self._bytes_searched_once += length
            if state.automata[0].is_final or self._bytes_searched_once >= _BYTES_BEFORE_FASTEST:
                return self._use_fastest(state)
        return state

    def _use_fastest(self, expected: _State) -> _State:
        """Choose one automaton of the fastest kind, and return the new state.

        This automaton is used until an anchor is added.

        Args:
            expected: The state of the caller. Nothing happens if another thread replaced it or added an anchor.
        """
        with self._lock:
            if self._state is expected and not expected.new_anchors.owners:
                if not expected.automata[0].is_final:
                    self._state = _State((_Automaton(expected.automata[0].owners, is_fastest=True),), _AnchorTable())
                self._final_automaton = self._state.automata[0]
            return self._state

    def _rebuild(self, expected: _State) -> _State:
        """Move new anchors into the second automaton, or merge all anchors into one automaton.

        Args:
            expected: The state of the caller. Nothing happens if another thread replaced it.
        """
        with self._lock:
            if self._state is not expected:
                return self._state
            automata, new_anchors = expected
            owners = dict(automata[-1].owners) if len(automata) > 1 else {}
            _merge(owners, new_anchors.owners)
            # The automata are merged if no anchor is new, or if the second one would have at least half as many anchors as the first one.
            if automata and (not new_anchors.owners or 2 * len(owners) >= len(automata[0].owners)):
                all_owners = dict(automata[0].owners)
                _merge(all_owners, owners)
                automata = (_Automaton(all_owners),)
                self._bytes_searched_twice = 0
            else:
                automata = (*automata[:1], _Automaton(owners))
            self._bytes_searched_for_new = self._bytes_searched_once = 0
            self._state = _State(automata, _AnchorTable())
            return self._state


def _merge(target: dict[bytes, Owners], source: dict[bytes, Owners]) -> None:
    """Add the anchors and owners of ``source`` to ``target``."""
    for anchor, source_owners in source.items():
        owners = target.get(anchor)
        target[anchor] = source_owners if owners is None else [*_as_list(owners), *_as_list(source_owners)]


def _as_list(owners: Owners) -> list[int]:
    return [owners] if isinstance(owners, int) else owners
