"""The redactor of a process: protects values, and masks them in text, bytes and messages."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from zensecrets_jupyter.core.process import process_wide
from zensecrets_jupyter.core.redaction.marks import FAILED
from zensecrets_jupyter.core.redaction.unprotected import why_unprotected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zensecrets_jupyter.core.redaction.pattern_match import PatternMatch
    from zensecrets_jupyter.core.redaction.search import Search
    from zensecrets_jupyter.core.redaction.stream import StreamRedactor

_Thing = TypeVar("_Thing")


class Found(NamedTuple):
    """Where a value stands: ``text[start:end]``, and its name."""

    start: int
    end: int
    name: str


class Redactor:
    """Masks protected values in every encoding.

    All methods are thread-safe. Those that mask never raise: a text that can't be searched becomes :data:`FAILED`.
    """

    def __init__(self) -> None:
        """Begin without any value."""
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._values: list[tuple[str, str]] = []
        self._added = 0
        self._search: Search | None = None
        self._unprotected: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._watchers: list[Callable[[tuple[str, ...]], None]] = []
        self._public: dict[int, set[str]] = {}

    def protect(self, value: str, name: str) -> bool:
        """Mask ``value`` from now on as ``name``, and return whether that can be done; :meth:`why_unprotected` says why not.

        Args:
            value: The value. The first name of a value stays.
            name: ``secret.key``, as it stands in the mark.
        """
        if value in self._names:
            return True
        try:
            if reason := why_unprotected(value):
                self._unprotected[name] = reason
                return False
        except Exception:  # noqa: BLE001, S110 - whatever it is, better to mask too much
            pass
        # The exact text: what is kept here must not be a value that resolves, masks or pickles itself.
        text = str.__str__(value)
        with self._lock:
            if text not in self._names:
                self._values.append((text, name))
                self._added += 1
                self._names[text] = name
            self._unprotected.pop(name, None)
        return True

    @staticmethod
    def why_unprotected(value: str) -> str:
        """Return why ``value`` can't be masked, as the end of a sentence, or nothing if it can be."""
        return why_unprotected(value)

    def forget(self, name: str) -> None:
        """Mask the values called ``name`` no longer.

        A value that was replaced by another stays protected without this: it may still be about.
        """
        with self._lock:
            self._values = [(value, known) for value, known in self._values if known != name]
            self._names = dict(self._values)
            self._search = None

    def allow(self, text: str) -> None:
        """Let exactly ``text`` pass in messages, such as a script of this package: anybody has it, and to search it takes long."""
        self._public.setdefault(len(text), set()).add(text)

    def is_allowed(self, text: str) -> bool:
        """Tell whether :meth:`allow` was told of exactly this text."""
        # A long text is hashed only if there is one of its length.
        same = self._public.get(len(text))
        return same is not None and text in same

    @property
    def names(self) -> list[str]:
        """The names of the protected values, sorted."""
        with self._lock:
            return sorted(set(self._names.values()))

    def protected(self) -> list[tuple[str, str]]:
        """Return each value with its name. Only the code that computes fingerprints uses this."""
        with self._lock:
            return list(self._values)

    def added_since(self, count: int) -> tuple[int, list[tuple[str, str]]]:
        """Return how many values were ever added, and those that came after the first ``count`` of them, each with its name.

        After :meth:`forget`, earlier values may be among them.
        """
        with self._lock:
            new = self._added - count
            return self._added, self._values[-new:] if new > 0 else []

    @property
    def size(self) -> int:
        """How many values are protected."""
        return len(self._names)

    @property
    def unprotected(self) -> Mapping[str, str]:
        """The names of values that can't be masked, each with the reason."""
        return MappingProxyType(dict(self._unprotected))

    @property
    def counts(self) -> Mapping[str, int]:
        """How often a value of each name was masked so far."""
        with self._lock:
            return MappingProxyType(dict(self._counts))

    def watch(self, watcher: Callable[[tuple[str, ...]], None]) -> Callable[[], None]:
        """Call ``watcher`` with the names of masked values after each masking; return a function that stops it."""
        self._watchers.append(watcher)

        def end() -> None:
            with suppress(ValueError):
                self._watchers.remove(watcher)

        return end

    def redact(self, text: str) -> str:
        """Return ``text`` with a mark in the place of every value: the same object if there is none."""
        try:
            search = self._search or self.search()
            if search is None:
                return text
            data = text.encode("utf-8", "surrogatepass")
            matches = search.find(data)
            return self._masked(data, matches).decode("utf-8", "surrogatepass") if matches else text
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            return FAILED

    def redact_bytes(self, data: bytes) -> bytes:
        """Return ``data`` with a mark, in UTF-8, in the place of every value: the same object if there is none."""
        try:
            search = self.search()
            if search is None:
                return data
            matches = search.find(bytes(data))
            return self._masked(bytes(data), matches) if matches else data
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            return FAILED.encode()

    def redact_tree(self, thing: _Thing) -> _Thing:
        """Return JSON data with every text, key and number in it redacted: the same object if nothing was masked.

        Data that can't be searched becomes :data:`FAILED` as a whole.
        """
        try:
            if self.search() is None:
                return thing
            from zensecrets_jupyter.core.redaction.tree import redacted_tree  # noqa: PLC0415 - not before something is protected

            redacted: _Thing = redacted_tree(thing, self)
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            failed: Any = FAILED
            redacted = failed
        return redacted

    def find(self, text: str) -> list[Found]:
        """Return the spans of values in ``text``, in order; overlapping ones are merged.

        Raises:
            Exception: Any failure of the search. The caller must not show the text then.
        """
        data = text.encode("utf-8", "surrogatepass")
        search = self.search()
        matches = search.find(data) if search else []
        if len(data) == len(text):
            return [Found(match.start, match.end, match.name) for match in matches]
        found = []
        position = letters = 0
        for match in matches:
            start = letters + len(data[position : match.start].decode("utf-8", "surrogatepass"))
            letters = start + len(data[match.start : match.end].decode("utf-8", "surrogatepass"))
            position = match.end
            found.append(Found(start, letters, match.name))
        return found

    def touches_json(self, packed: bytes) -> bool:
        """Tell whether there may be a value in the JSON of a message. ``False`` is certain, ``True`` may be wrong."""
        try:
            search = self._search or self.search()
            return search is not None and search.touches(packed)
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            return True

    def stands_in(self, text: str) -> bool:
        """Tell whether a value may stand in ``text`` as it is, and not encoded; much faster than :meth:`find`."""
        search = self.search()
        return search is not None and search.stands_in(text.encode("utf-8", "surrogatepass"))

    def stream(self) -> StreamRedactor:
        """Return a redactor for a text that arrives in pieces."""
        from zensecrets_jupyter.core.redaction.stream import StreamRedactor  # noqa: PLC0415 - it builds on this module

        return StreamRedactor(self)

    def count(self, names: Iterable[str]) -> None:
        """Count that something was masked under these names, and tell the watchers."""
        told = tuple(names)
        if not told:
            return
        with self._lock:
            self._counts.update(told)
        for watcher in tuple(self._watchers):
            # A status that can't be shown is no reason to lose an output.
            with suppress(Exception):
                watcher(told)

    def search(self) -> Search | None:
        """Return the search for the values, or ``None`` if there are none."""
        if self._search is None and self._values:
            from zensecrets_jupyter.core.redaction.search import Search  # noqa: PLC0415 - not before there is something to look for

            with self._lock:
                self._search = Search(self._values)
        return self._search

    def _masked(self, data: bytes, matches: list[PatternMatch]) -> bytes:
        from zensecrets_jupyter.core.redaction.masking import masked  # noqa: PLC0415 - most texts hold no value

        text = masked(data, matches)
        self.count(match.name for match in matches)
        return text


def the_redactor() -> Redactor:
    """Return the redactor of this process, to which all that is registered, typed or read is told."""
    return process_wide("redactor", Redactor)
