"""What is looked for, kept so that both a new value and a long text are cheap."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction import forms
from zensecrets_jupyter.core.redaction.anchors import TRUNCATED, Entry, Form, anchor, anchored, entries
from zensecrets_jupyter.core.redaction.automaton import NOBODY, Anchors, Automaton, Hit, NewAnchors
from zensecrets_jupyter.core.redaction.beginnings import Beginnings
from zensecrets_jupyter.core.redaction.colours import ESCAPE, ESCAPE_IN_JSON, Colourless, colourless_json
from zensecrets_jupyter.core.redaction.matches import Group, Match, merged
from zensecrets_jupyter.core.redaction.unprotected import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORM_NAMES = tuple(forms.FORMS)
_FORM_NUMBERS = {name: number for number, name in enumerate(_FORM_NAMES)}
_BYTES_AN_ANCHOR = 15
"""So many bytes are looked through for new anchors in the time in which an automaton of one anchor more is built; measured."""
_BYTES_AN_ANCHOR_TWICE = 400
"""So many bytes go through a second automaton in that time."""


class _State(NamedTuple):
    """What a search works on; it is replaced as a whole, so that a search in another thread sees the old or the new."""

    automata: tuple[Automaton, ...]
    new: NewAnchors


class Search:
    """Finds values in bytes. The forms of a value are worked out at the first search after it came."""

    def __init__(self, values: Sequence[tuple[str, str]]) -> None:
        """Look for ``values``, each with its name; whoever holds that list may append to it at any time."""
        self._lock = threading.Lock()
        self._values = values
        self._worked_out = 0
        self._entries: list[Entry] = []
        self._state = _State((), NewAnchors())
        self._beginnings = Beginnings()
        self._groups: dict[tuple[bytes, int, int], list[Group]] = {}
        self._through_new = 0
        self._through_second = 0
        self._only: Automaton | None = None

    def touches(self, packed: bytes) -> bool:
        """Tell whether there may be a value in the JSON of a message; ``False`` is certain."""
        # Asked for every part of every message, hence in as few steps as can be while nothing is new.
        only = self._only
        if only is None or self._worked_out < len(self._values):
            return self._touches(packed) or (ESCAPE_IN_JSON in packed and self._touches(colourless_json(packed)))
        return only.touches(packed) or (ESCAPE_IN_JSON in packed and only.touches(colourless_json(packed)))

    def passes(self, line: bytes) -> bool:
        """Tell whether there is no value in ``line``, and none begins where it ends; ``True`` is certain."""
        # Asked for every line that a cell prints: as above.
        only = self._only
        if only is None or self._worked_out < len(self._values) or not line.endswith(b"\n") or ESCAPE in line:
            return False
        return self._beginnings.end_with_their_line and not only.touches(line)

    def _touches(self, packed: bytes) -> bool:
        state = self._ready(len(packed))
        return any(automaton.touches(packed) for automaton in state.automata) or state.new.touches(packed)

    def find(self, data: bytes) -> list[Match]:
        """Return where values stand in ``data``, in order; what overlaps is one match."""
        state = self._ready(len(data))
        matches = self._matches(state, data)
        if ESCAPE in data:
            shown = Colourless(data)
            matches += [
                match._replace(start=shown.start(match.start), end=shown.end(match.end)) for match in self._matches(state, shown.data)
            ]
        return merged(matches) if matches else matches

    def live(self, data: bytes) -> int:
        """Return where the longest end of ``data`` begins that may be the beginning of a form, by less than an anchor."""
        self._ready(0)
        if ESCAPE not in data:
            with self._lock:
                return self._beginnings.live(data)
        shown = Colourless(data)
        with self._lock:
            position = self._beginnings.live(shown.data)
        return shown.start(position) if position < len(shown.data) else len(data)

    def too_much(self, data: bytes) -> list[Match]:
        """Return the end of ``data`` that tells too much of a value, though less than an anchor, if there is one."""
        self._ready(0)
        shown = Colourless(data)
        with self._lock:
            position, name = self._beginnings.too_much(shown.data)
        return [Match(shown.start(position), len(data), name)] if position < len(shown.data) else []

    def _matches(self, state: _State, data: bytes) -> list[Match]:
        matches: list[Match] = []
        for hits in (*(automaton.hits(data) for automaton in state.automata), state.new.hits(data)):
            for hit in hits:
                matches += self._around(hit, data)
        return matches

    def _around(self, hit: Hit, data: bytes) -> list[Match]:
        owners = [hit.owners] if isinstance(hit.owners, int) else hit.owners
        if owners == [NOBODY]:
            return []
        # Owners are only ever added, at the end: the first and how many there are tell which.
        key = (hit.anchor, owners[0], len(owners))
        groups = self._groups.get(key)
        if groups is None:
            by_place = ([owner for owner in owners if owner & 1 == last] for last in (False, True))
            groups = [Group([self._form(owner) for owner in some], last=bool(last)) for last, some in enumerate(by_place) if some]
            self._groups[key] = groups
        return [group.match(data, hit.start, hit.end) for group in groups]

    def _form(self, owner: int) -> tuple[Form, str]:
        number, rest = divmod(owner, 2 * len(_FORM_NAMES))
        entry = self._entries[number]
        return anchor(entry, _FORM_NAMES[rest >> 1]), entry.name

    def _ready(self, length: int) -> _State:
        """Return what to search with, for a text of so many bytes."""
        if self._worked_out < len(self._values):
            self._work_out()
        state = self._state
        if state.new:
            self._through_new += length
            if self._through_new >= _BYTES_AN_ANCHOR * len(state.new):
                return self._settle(state)
        elif len(state.automata) > 1:
            self._through_second += length
            if self._through_second >= _BYTES_AN_ANCHOR_TWICE * sum(len(automaton.anchors) for automaton in state.automata):
                return self._settle(state)
        return state

    def _work_out(self) -> None:
        with self._lock:
            self._only = None
            while self._worked_out < len(self._values):
                value, name = self._values[self._worked_out]
                for entry in entries(value, name):
                    self._work_out_entry(entry)
                # Only now: what fails before this is tried again, and fails again, rather than being forgotten.
                self._worked_out += 1

    def _work_out_entry(self, entry: Entry) -> None:
        owner = 2 * len(self._entries) * len(_FORM_NAMES)
        self._entries.append(entry)
        add = self._state.new.add
        firsts: dict[bytes, int] = {}
        for name, (data, first, first_end, last, last_end) in anchored(entry):
            form_owner = owner + 2 * _FORM_NUMBERS[name]
            beginning = data[first:first_end]
            add(beginning, form_owner)
            if last != first:
                add(data[last:last_end], form_owner + 1)
            least = min(TRUNCATED, max(SHORTEST, (len(data) + 1) // 2 - first))
            firsts[beginning] = min(least, firsts.get(beginning, least))
        if not entry.inside:
            self._beginnings.add(firsts, entry.name)

    def _settle(self, seen: _State) -> _State:
        """Put what is new into an automaton, a second one or the only one where that pays, unless another thread has just done so."""
        with self._lock:
            if self._state is not seen:
                return self._state
            automata, new = seen
            anchors = automata[-1].anchors if len(automata) > 1 else Anchors()
            anchors.update(new)
            if automata and (not new or 2 * len(anchors) >= len(automata[0].anchors)):
                automata[0].anchors.update(anchors)
                automata = (Automaton(automata[0].anchors),)
                self._through_second = 0
            else:
                automata = (*automata[:1], Automaton(anchors))
            self._through_new = 0
            self._state = _State(automata, NewAnchors())
            self._only = automata[0] if len(automata) == 1 else None
            return self._state
