"""Data as a search by fingerprints sees it: as it is, but for pictures, and what is in it in other clothes."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.scan.known import Spot

# How PNG, JPEG, GIF, WebP and PDF files begin, in base64. What is in them is compressed, all but a few texts.
_PICTURE = re.compile(rb"(?:iVBORw0KGgo|/9j/|R0lGOD|UklGR|JVBERi0)[A-Za-z0-9+/]{500,}")
_BLANKS = re.compile(rb"(?:[0-9A-Fa-f]{2} ){11,}[0-9A-Fa-f]{2}")


_WITH_BLANKS = "with blanks"


def inside(form: str, other: str) -> str:
    """Return what the form of a form is called."""
    return other if form == "plain" else f"{form} in {other}"


class View(NamedTuple):
    """A piece of data in other clothes: each of its ``unit`` bytes stands for ``width`` bytes of the data, from ``start`` on."""

    data: bytes
    start: int = 0
    unit: int = 1
    width: int = 1
    form: str = ""

    def back(self, spot: Spot) -> Spot:
        """Return where a spot of it stands in the data."""
        if not self.form:
            return spot
        start = self.start + spot.start // self.unit * self.width
        end = self.start + -(-spot.end // self.unit) * self.width
        form = f"{spot.form} {self.form}" if self.form == _WITH_BLANKS else inside(spot.form, self.form)
        return spot._replace(start=start, end=end, form=form)


def views(data: bytes) -> Iterator[View]:
    """Yield the data as it is, without pictures; and each picture and each row of hexadecimal digits, turned back."""
    yield View(_PICTURE.sub(lambda match: b" " * len(match[0]), data))
    for match in _PICTURE.finditer(data):
        digits = match[0][: len(match[0]) // 4 * 4]
        yield View(base64.b64decode(digits), match.start(), 3, 4, "base64")
    for match in _BLANKS.finditer(data):
        yield View(match[0].replace(b" ", b""), match.start(), 2, 3, _WITH_BLANKS)
