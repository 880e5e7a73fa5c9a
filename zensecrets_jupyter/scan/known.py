"""What is looked for: values, or something that recognises them; and where one stands in a piece of data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from zensecrets_jupyter.core.redaction import Redactor, mark


class Spot(NamedTuple):
    """Where a value stands: ``data[start:end]``, its name, its encoding, and whether all of it stands there."""

    start: int
    end: int
    name: str
    form: str
    whole: bool


class Known(ABC):
    """Something that finds known values in bytes. Whatever goes wrong is raised: who asks is not about to show what was searched."""

    reach: int
    """Bytes that the longest form has: so much of a file's last piece is looked at again together with the next one."""

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """The names of what is looked for, sorted."""

    @abstractmethod
    def find(self, data: bytes) -> list[Spot]:
        """Return where values stand in ``data``, in order and without overlaps."""

    @abstractmethod
    def may_touch(self, data: bytes) -> bool:
        """Tell whether there may be a value in JSON, however it escapes it. ``False`` is certain."""

    def mask(self, text: str) -> str:
        """Return ``text`` with a mark in the place of every value: the same object if there is none."""
        data = text.encode("utf-8", "surrogatepass")
        spots = self.find(data)
        return masked(data, spots).decode("utf-8", "surrogatepass") if spots else text

    def hide(self, text: str) -> str:
        """Return ``text``, such as a key of a document, or only the mark of what it holds, since a report tells it."""
        spots = self.find(text.encode("utf-8", "surrogatepass"))
        return mark(spots[0].name) if spots else text


class KnownValues(Known):
    """Values themselves, in a redactor of their own."""

    def __init__(self) -> None:
        """Begin without any."""
        self._redactor = Redactor()
        self.reach = 0

    def add(self, value: str, name: str) -> str:
        """Look for ``value`` as ``name``; return why that can't be done, as the end of a sentence, or nothing."""
        if not self._redactor.protect(value, name):
            return self._redactor.why_unprotected(value)
        # The longest of usual encodings is ten bytes for a byte, \U00000000.
        self.reach = max(self.reach, 10 * len(value.encode("utf-8", "surrogatepass")))
        return ""

    @property
    def names(self) -> list[str]:
        """See :attr:`Known.names`."""
        return self._redactor.names

    def find(self, data: bytes) -> list[Spot]:
        """See :meth:`Known.find`."""
        search = self._redactor.search()
        matches = search.find(data) if search else []
        return [Spot(match.start, match.end, match.name, match.encoding, match.is_whole) for match in matches]

    def may_touch(self, data: bytes) -> bool:
        """See :meth:`Known.may_touch`."""
        return self._redactor.touches_json(data)


class Together(Known):
    """Finds what any of several others finds."""

    def __init__(self, *parts: Known) -> None:
        """Look for all that ``parts`` look for."""
        self._parts = parts
        self.reach = max((part.reach for part in parts), default=0)

    @property
    def names(self) -> list[str]:
        """See :attr:`Known.names`."""
        return sorted({name for part in self._parts for name in part.names})

    def find(self, data: bytes) -> list[Spot]:
        """See :meth:`Known.find`."""
        return apart([spot for part in self._parts for spot in part.find(data)])

    def may_touch(self, data: bytes) -> bool:
        """See :meth:`Known.may_touch`."""
        return any(part.may_touch(data) for part in self._parts)


def apart(spots: list[Spot]) -> list[Spot]:
    """Return the spots in order, of those that overlap one that reaches as far as all of them."""
    separate: list[Spot] = []
    for spot in sorted(spots, key=lambda spot: (spot.start, not spot.whole, -spot.end)):
        if separate and spot.start < separate[-1].end:
            one = separate[-1]
            longer = max(one, spot, key=lambda each: (each.whole, each.end - each.start))
            start, end = one.start, max(one.end, spot.end)
            separate[-1] = longer._replace(start=start, end=end, whole=longer.whole and (start, end) == (longer.start, longer.end))
        else:
            separate.append(spot)
    return separate


def masked(data: bytes, spots: list[Spot]) -> bytes:
    """Return ``data`` with a mark, in UTF-8, in the place of each spot."""
    pieces = []
    position = 0
    for spot in spots:
        pieces += [data[position : spot.start], mark(spot.name).encode("utf-8", "surrogatepass")]
        position = spot.end
    return b"".join([*pieces, data[position:]])
