"""The redactor of a process: protects values, and masks them in text, bytes and messages."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from zensecrets_jupyter.core.redaction.maskability import unmaskable_reason
from zensecrets_jupyter.core.redaction.masks import FAILED
from zensecrets_jupyter.core.system.process_globals import process_global

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch
    from zensecrets_jupyter.core.redaction.search import Search
    from zensecrets_jupyter.core.redaction.stream import StreamRedactor

_Thing = TypeVar("_Thing")


class ValueSpan(NamedTuple):
    """The span of a value, ``text[start:end]``, and the name of the value."""

    start: int
    end: int
    name: str


class Redactor:
    """Masks protected values in every encoding.

    All methods are thread-safe. Those that mask never raise: a text that can't be searched becomes :data:`FAILED`.
    """

    def __init__(self) -> None:
        """Make a redactor without values."""
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._values: list[tuple[str, str]] = []
        self._added = 0
        self._search: Search | None = None
        self._unmaskable: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._watchers: list[Callable[[tuple[str, ...]], None]] = []
        self._allowed: dict[int, set[str]] = {}

    def protect(self, value: str, name: str) -> bool:
        """Mask ``value`` as ``name`` from now on.

        Args:
            value: The value. A value that is protected already keeps its first name.
            name: ``secret.key``, as in the mask.

        Returns:
            Whether the value can be masked; :meth:`unmaskable_reason` returns why not.
        """
        if value in self._names:
            return True
        try:
            if reason := unmaskable_reason(value):
                self._unmaskable[name] = reason
                return False
        except Exception:  # noqa: BLE001, S110 - after an unexpected error the value is masked, which is the safe choice
            pass
        # A copy of exact type str: subclasses such as a secret's value override how they are printed and pickled.
        text = str.__str__(value)
        with self._lock:
            if text not in self._names:
                self._values.append((text, name))
                self._added += 1
                self._names[text] = name
            self._unmaskable.pop(name, None)
        return True

    @staticmethod
    def unmaskable_reason(value: str) -> str:
        """Return why ``value`` can't be masked, as the end of a sentence; empty if it can."""
        return unmaskable_reason(value)

    def forget(self, name: str) -> None:
        """Stop masking the values called ``name``.

        An old value that was replaced by a new one stays protected until this call, because it may still be in use.
        """
        with self._lock:
            self._values = [(value, other) for value, other in self._values if other != name]
            self._names = dict(self._values)
            self._search = None

    def allow(self, text: str) -> None:
        """Exempt exactly ``text`` from redaction in messages, such as a public script of this package that takes long to search."""
        self._allowed.setdefault(len(text), set()).add(text)

    def is_allowed(self, text: str) -> bool:
        """Tell whether :meth:`allow` was called with exactly this text."""
        # A long text is hashed only if there is one of its length.
        same = self._allowed.get(len(text))
        return same is not None and text in same

    @property
    def names(self) -> list[str]:
        """The names of the protected values, sorted."""
        with self._lock:
            return sorted(set(self._names.values()))

    def protected_values(self) -> list[tuple[str, str]]:
        """Return each value with its name. Only the code that computes fingerprints uses this."""
        with self._lock:
            return list(self._values)

    def added_since(self, count: int) -> tuple[int, list[tuple[str, str]]]:
        """Return the values that were added after the first ``count`` ones.

        Returns:
            The number of values that were ever added, and the new values with their names. After :meth:`forget`, earlier values may be
            among them.
        """
        with self._lock:
            new = self._added - count
            return self._added, self._values[-new:] if new > 0 else []

    @property
    def size(self) -> int:
        """How many values are protected."""
        return len(self._names)

    @property
    def unmaskable(self) -> Mapping[str, str]:
        """The names of values that can't be masked, each with the reason."""
        return MappingProxyType(dict(self._unmaskable))

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
        """Return ``text`` with every value masked; the same object if there is none."""
        try:
            search = self._search or self.search()
            if search is None:
                return text
            data = text.encode("utf-8", "surrogatepass")
            matches = search.find(data)
            return self._masked(data, matches).decode("utf-8", "surrogatepass") if matches else text
        except Exception:  # noqa: BLE001 - after any error the text must not be shown unredacted
            return FAILED

    def redact_bytes(self, data: bytes) -> bytes:
        """Return ``data`` with every value masked in UTF-8; the same object if there is none."""
        try:
            search = self.search()
            if search is None:
                return data
            matches = search.find(bytes(data))
            return self._masked(bytes(data), matches) if matches else data
        except Exception:  # noqa: BLE001 - after any error the text must not be shown unredacted
            return FAILED.encode()

    def redact_tree(self, thing: _Thing) -> _Thing:
        """Return JSON data with every text and key in it redacted; the same object if nothing was masked.

        Data that can't be searched becomes :data:`FAILED` as a whole.
        """
        try:
            if self.search() is None:
                return thing
            from zensecrets_jupyter.core.redaction.tree import redacted_tree

            redacted: _Thing = redacted_tree(thing, self)
        except Exception:  # noqa: BLE001 - after any error the text must not be shown unredacted
            failed: Any = FAILED
            redacted = failed
        return redacted

    def find(self, text: str) -> list[ValueSpan]:
        """Return the spans of values in ``text``, in order; overlapping spans are merge_matches.

        Raises:
            Exception: Any failure of the search. The caller must not show the text then.
        """
        data = text.encode("utf-8", "surrogatepass")
        search = self.search()
        matches = search.find(data) if search else []
        if len(data) == len(text):
            return [ValueSpan(match.start, match.end, match.name) for match in matches]
        found = []
        position = letters = 0
        for match in matches:
            start = letters + len(data[position : match.start].decode("utf-8", "surrogatepass"))
            letters = start + len(data[match.start : match.end].decode("utf-8", "surrogatepass"))
            position = match.end
            found.append(ValueSpan(start, letters, match.name))
        return found

    def json_may_contain_value(self, packed: bytes) -> bool:
        """Tell whether the JSON of a message may contain a value. ``False`` is certain, ``True`` may be wrong."""
        try:
            search = self._search or self.search()
            return search is not None and search.touches(packed)
        except Exception:  # noqa: BLE001 - after any error the text must not be shown unredacted
            return True

    def may_contain_plain_value(self, text: str) -> bool:
        """Tell whether ``text`` may contain a value that is not encoded; much faster than :meth:`find`."""
        search = self.search()
        return search is not None and search.may_contain_plain_value(text.encode("utf-8", "surrogatepass"))

    def stream(self) -> StreamRedactor:
        """Return the redactor for a text that arrives in chunks."""
        from zensecrets_jupyter.core.redaction.stream import StreamRedactor

        return StreamRedactor(self.search, self.count)

    def count(self, names: Iterable[str]) -> None:
        """Count a masking for each of these names, and notify the watchers."""
        masked = tuple(names)
        if not masked:
            return
        with self._lock:
            self._counts.update(masked)
        for watcher in tuple(self._watchers):
            # An error in the status display must not lose the output.
            with suppress(Exception):
                watcher(masked)

    def search(self) -> Search | None:
        """Return the search for the values, or ``None`` if there are none."""
        if self._search is None and self._values:
            from zensecrets_jupyter.core.redaction.search import Search

            with self._lock:
                self._search = Search(self._values)
        return self._search

    def _masked(self, data: bytes, matches: list[PatternMatch]) -> bytes:
        from zensecrets_jupyter.core.redaction.masks import mask_matches

        text = mask_matches(data, matches)
        self.count(match.name for match in matches)
        return text


def the_redactor() -> Redactor:
    """Return the redactor of this process, which protects every value that is registered, typed or read."""
    return process_global("redactor", Redactor)
