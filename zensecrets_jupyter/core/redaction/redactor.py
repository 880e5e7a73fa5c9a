"""Redactor of a process.

The redactor stores the protected values, and masks them in texts, bytes and messages.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from zensecrets_jupyter.core.redaction.maskability import unmaskable_reason
from zensecrets_jupyter.core.redaction.masks import FAILED
from zensecrets_jupyter.core.system.process_globals import process_global

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch
    from zensecrets_jupyter.core.redaction.search import Search
    from zensecrets_jupyter.core.redaction.stream import StreamRedactor

_TreeT = TypeVar("_TreeT")


class ValueSpan(NamedTuple):
    """The occurrence of a value in ``text[start:end]``, with the name of the value."""

    start: int
    end: int
    name: str


class Redactor:
    """Masks protected values in every encoding.

    All methods are thread-safe. The methods that mask never raise: a text that can't be searched becomes :data:`FAILED`.
    """

    def __init__(self) -> None:
        """Create a redactor without values."""
        self._lock = threading.Lock()
        # The name of each value.
        self._names: dict[str, str] = {}
        # Each value with its name, in the order in which they were added.
        self._values: list[tuple[str, str]] = []
        # The number of values that were ever added. It does not decrease when values are forgotten.
        self._added_count = 0
        self._search: Search | None = None
        # The reason why the value of a name can't be masked.
        self._unmaskable: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._watchers: list[Callable[[tuple[str, ...]], None]] = []
        # The allowed texts by their length.
        self._allowed: dict[int, set[str]] = {}

    def protect(self, value: str, name: str) -> bool:
        """Mask ``value`` as ``name`` from now on.

        Args:
            value: The value. If it is already protected, it keeps its first name.
            name: The name for the mask, such as ``secret.key``.

        Returns:
            Whether the value can be masked. If not, :meth:`unmaskable_reason` returns the reason.
        """
        if value in self._names:
            return True
        try:
            if reason := unmaskable_reason(value):
                self._unmaskable[name] = reason
                return False
        except Exception:  # noqa: BLE001, S110 - after an unexpected error the value is protected, which is the safe choice
            pass
        # The copy has the exact type str. Subclasses, such as the class of a secret's values, override how they are printed and pickled.
        text = str.__str__(value)
        with self._lock:
            if text not in self._names:
                self._values.append((text, name))
                self._added_count += 1
                self._names[text] = name
            self._unmaskable.pop(name, None)
        return True

    @staticmethod
    def unmaskable_reason(value: str) -> str:
        """Return the reason why ``value`` can't be masked.

        The reason is the end of a sentence. It is empty if the value can be masked.
        """
        return unmaskable_reason(value)

    def forget(self, name: str) -> None:
        """Stop masking the values called ``name``.

        A value that was replaced by a new value remains protected until this call, because code may still use it.
        """
        with self._lock:
            # A new list and no search, because an existing search only notices values that are appended to its list.
            self._values = [(value, other) for value, other in self._values if other != name]
            self._names = dict(self._values)
            self._search = None

    def allow(self, text: str) -> None:
        """Exempt a text from redaction in messages.

        Args:
            text: The whole text, such as a script of this package that is public and takes long to search.
        """
        self._allowed.setdefault(len(text), set()).add(text)

    def is_allowed(self, text: str) -> bool:
        """Return whether :meth:`allow` was called with exactly this text."""
        # A long text is hashed only if an allowed text has the same length.
        texts = self._allowed.get(len(text))
        return texts is not None and text in texts

    @property
    def names(self) -> list[str]:
        """The names of the protected values, sorted."""
        with self._lock:
            return sorted(set(self._names.values()))

    def protected_values(self) -> list[tuple[str, str]]:
        """Return each value with its name. Never show the result."""
        with self._lock:
            return list(self._values)

    def added_since(self, count: int) -> tuple[int, list[tuple[str, str]]]:
        """Return the values that were added after the first ``count`` values.

        Returns:
            The number of values that were ever added, and the new values with their names. After :meth:`forget`, the new values may
            include earlier ones.
        """
        with self._lock:
            new_count = self._added_count - count
            return self._added_count, self._values[-new_count:] if new_count > 0 else []

    @property
    def size(self) -> int:
        """The number of protected values."""
        return len(self._names)

    @property
    def unmaskable(self) -> Mapping[str, str]:
        """The names of values that can't be masked, each with the reason."""
        return MappingProxyType(dict(self._unmaskable))

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of times that a value of each name was masked."""
        with self._lock:
            return MappingProxyType(dict(self._counts))

    def watch(self, watcher: Callable[[tuple[str, ...]], None]) -> Callable[[], None]:
        """Call ``watcher`` after each masking, with the names of the masked values.

        Returns:
            A function that stops these calls.
        """
        self._watchers.append(watcher)

        def stop_watching() -> None:
            with suppress(ValueError):
                self._watchers.remove(watcher)

        return stop_watching

    def redact(self, text: str) -> str:
        """Return ``text`` with every value masked; the same object if it contains none."""
        try:
            search = self._search or self.search()
            if search is None:
                return text
            data = text.encode("utf-8", "surrogatepass")
            matches = search.find(data)
            return self._mask(data, matches).decode("utf-8", "surrogatepass") if matches else text
        except Exception:  # noqa: BLE001 - after any error the text must not be shown unredacted
            return FAILED

    def redact_bytes(self, data: bytes) -> bytes:
        """Return ``data`` with every value masked; the same object if it contains none.

        A mask is written in UTF-8.
        """
        try:
            search = self.search()
            if search is None:
                return data
            matches = search.find(bytes(data))
            return self._mask(bytes(data), matches) if matches else data
        except Exception:  # noqa: BLE001 - after any error the text must not be shown unredacted
            return FAILED.encode()

    def redact_tree(self, tree: _TreeT) -> _TreeT:
        """Return nested dicts, lists and tuples with every text redacted, including the keys of dicts.

        The result is the same object if it contains no value. If any part can't be searched, all of it is replaced by :data:`FAILED`.
        """
        try:
            if self.search() is None:
                return tree
            from zensecrets_jupyter.core.redaction.tree import redact_tree

            redacted: _TreeT = redact_tree(tree, self)
        except Exception:  # noqa: BLE001 - after any error the text must not be shown unredacted
            redacted = cast("_TreeT", FAILED)
        return redacted

    def find(self, text: str) -> list[ValueSpan]:
        """Return the spans of values in ``text``, sorted by their start. Overlapping spans are merged.

        Raises:
            Exception: The search failed, for any reason. The caller must not show the text.
        """
        data = text.encode("utf-8", "surrogatepass")
        search = self.search()
        matches = search.find(data) if search else []
        if len(data) == len(text):
            return [ValueSpan(match.start, match.end, match.name) for match in matches]
        # Matches have offsets of bytes, and spans have offsets of characters.
        spans = []
        byte_offset = offset = 0
        for match in matches:
            start = offset + len(data[byte_offset : match.start].decode("utf-8", "surrogatepass"))
            offset = start + len(data[match.start : match.end].decode("utf-8", "surrogatepass"))
            byte_offset = match.end
            spans.append(ValueSpan(start, offset, match.name))
        return spans

    def json_may_contain_value(self, message_json: bytes) -> bool:
        """Return whether the JSON of a message may contain a value.

        ``False`` is certain; ``True`` may be wrong.
        """
        try:
            search = self._search or self.search()
            return search is not None and search.json_may_contain_value(message_json)
        except Exception:  # noqa: BLE001 - after any error the text must not be shown unredacted
            return True

    def may_contain_plain_value(self, text: str) -> bool:
        """Return whether ``text`` may contain a value that is not encoded.

        This is much faster than :meth:`find`.
        """
        search = self.search()
        return search is not None and search.may_contain_plain_value(text.encode("utf-8", "surrogatepass"))

    def stream(self) -> StreamRedactor:
        """Return the redactor for a text that arrives in chunks."""
        from zensecrets_jupyter.core.redaction.stream import StreamRedactor

        return StreamRedactor(self.search, self.count)

    def count(self, names: Iterable[str]) -> None:
        """Count one masking for each of these names, and notify the watchers."""
        masked_names = tuple(names)
        if not masked_names:
            return
        with self._lock:
            self._counts.update(masked_names)
        for watcher in tuple(self._watchers):
            # An error in a watcher, such as the status display, must not stop the output.
            with suppress(Exception):
                watcher(masked_names)

    def search(self) -> Search | None:
        """Return the search for the values, or ``None`` if there are none."""
        if self._search is None and self._values:
            from zensecrets_jupyter.core.redaction.search import Search

            with self._lock:
                self._search = Search(self._values)
        return self._search

    def _mask(self, data: bytes, matches: list[PatternMatch]) -> bytes:
        from zensecrets_jupyter.core.redaction.masks import mask_matches

        text = mask_matches(data, matches)
        self.count(match.name for match in matches)
        return text


def the_redactor() -> Redactor:
    """Return the redactor of this process.

    It protects every value that is registered, typed or read.
    """
    return process_global("redactor", Redactor)
