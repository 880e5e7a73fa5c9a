"""A notebook that is not yet a file: what is about to be saved or exported, without the values in it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.scan import notebooks
from zensecrets_jupyter.scan.json_text import Path, Piece
from zensecrets_jupyter.scan.known import masked
from zensecrets_jupyter.scan.program_numbers import numbers_of_programs
from zensecrets_jupyter.scan.replacing import edited, edits_of_base64, edits_of_output, edits_of_source, masked_alike

if TYPE_CHECKING:
    from zensecrets_jupyter.scan.known import Known

_LONG = 1_000
_REMEMBERED = 20_000
_DEPTH_OF_ID = 3


class Masker:
    """Masks the texts of documents, and remembers long ones that it found nothing in: a notebook is saved again and again."""

    def __init__(self, known: Known) -> None:
        """Mask what is ``known``."""
        self._known = known
        self._nothing_in: dict[bytes, None] = {}
        self.masked: set[str] = set()
        """The names of what was masked so far."""

    def document(self, thing: Any, path: Path = ()) -> Any:
        """Return ``thing`` with every text in it masked, keys too: the same object if there is nothing in it."""
        if isinstance(thing, str):
            return self.text(thing, path)
        if isinstance(thing, list):
            items = [self.document(inner, (*path, place)) for place, inner in enumerate(thing)]
            return items if any(new is not old for new, old in zip(items, thing, strict=True)) else thing
        if isinstance(thing, dict):
            pairs = [(self.text(key, path, is_key=True), self.document(inner, (*path, key))) for key, inner in thing.items()]
            changed = any(key is not old or new is not thing[old] for (key, new), old in zip(pairs, thing, strict=True))
            # Of the document's own class: nbformat's nodes are dicts with attributes.
            return type(thing)(pairs) if changed else thing
        # A number stays one: a figure with a text for a number is not drawn.
        return thing

    def look(self, data: bytes) -> None:
        """Note what is in ``data`` as masked, though it is left as it is."""
        self.masked.update(spot.name for spot in self._known.find(data))

    def data(self, data: bytes) -> bytes:
        """Return the content of a file masked: what is no text keeps its length."""
        spots = self._known.find(data)
        if not spots:
            return data
        self.masked.update(spot.name for spot in spots)
        try:
            data.decode()
        except UnicodeDecodeError:
            return masked_alike(data, spots)
        return masked(data, spots)

    def text(self, text: str, path: Path = (), *, is_key: bool = False) -> str:
        """Return ``text``, which stands at ``path`` of a notebook, masked: the same object if there is nothing in it."""
        own = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() if len(text) >= _LONG else b""
        if own in self._nothing_in:
            return text
        where = notebooks.Text((Piece(path, 0, 0, is_key=is_key),))
        spots = notebooks.find(self._known, text)
        if spots and not is_key and path:
            # With a mask in the place of a number, a saved figure would not be drawn.
            numbers = numbers_of_programs(str(path[-1]), text)
            spots = [spot for spot in spots if not any(start <= spot.start and spot.end <= end for start, end in numbers)]
        if not spots:
            self._remember(own)
            return text
        self.masked.update(spot.name for spot in spots)
        if path[-1:] == ("id",) and len(path) == _DEPTH_OF_ID:
            return f"redacted-{path[1]}"
        if where.is_base64 and not is_key:
            return edited(text, edits_of_base64(text, spots))
        return edited(text, edits_of_source(text, spots) if where.is_source else edits_of_output(spots))

    def _remember(self, own: bytes) -> None:
        if own:
            self._nothing_in[own] = None
            if len(self._nothing_in) > _REMEMBERED:
                self._nothing_in.pop(next(iter(self._nothing_in)))
