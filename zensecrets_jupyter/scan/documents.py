"""Mask values in notebooks in memory, before the notebooks are saved or exported."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.text_edits import apply_edits
from zensecrets_jupyter.scan.edits import edits_of_base64, edits_of_output, edits_of_source, mask_keeping_length
from zensecrets_jupyter.scan.formats import notebooks
from zensecrets_jupyter.scan.formats.json_text import JsonPath, JsonToken
from zensecrets_jupyter.scan.formats.script_numbers import numbers_in_scripts
from zensecrets_jupyter.scan.matchers import mask_matches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.scan.matchers import Match, Matcher

_MIN_HASHED_LENGTH = 1_000
"""The minimum number of characters of a text whose hash is remembered if the text has no value."""
_MAX_HASHES = 20_000
"""The maximum number of remembered hashes. A further hash replaces the oldest one."""


class DocumentMasker:
    """Masks the texts of documents.

    Notebooks are saved again and again. Therefore the masker remembers hashes of long texts without values, and does not search them again.

    Attributes:
        masked_names: The names of the values that were masked, or only found by :meth:`record_matches`, since the set was last cleared.
    """

    def __init__(self, matcher: Matcher) -> None:
        """Create a masker of the values that ``matcher`` finds."""
        self._matcher = matcher
        self._clean_hashes: dict[bytes, None] = {}
        self.masked_names: set[str] = set()

    def mask_document(self, node: Any, path: JsonPath = ()) -> Any:
        """Return a document with the values in its texts and keys masked.

        Args:
            node: The document, or a part of one: dicts, lists, strings, numbers, booleans and ``None``. It is not changed.
            path: The path of ``node`` in a notebook, as for :meth:`mask_string`.

        Returns:
            A copy; or ``node`` itself if it contains no value.
        """
        if isinstance(node, str):
            return self.mask_string(node, path)
        if isinstance(node, list):
            masked_items = [self.mask_document(child, (*path, index)) for index, child in enumerate(node)]
            is_changed = any(new is not old for new, old in zip(masked_items, node, strict=True))
            return masked_items if is_changed else node
        if isinstance(node, dict):
            masked_pairs = [
                (self.mask_string(key, path, is_key=True), self.mask_document(child, (*path, key))) for key, child in node.items()
            ]
            is_changed = any(key is not old or child is not node[old] for (key, child), old in zip(masked_pairs, node, strict=True))
            # The copy has the class of the original, which may be a subclass of dict: nbformat's nodes allow attribute access.
            return type(node)(masked_pairs) if is_changed else node
        # Numbers are not masked, because a figure with a mask in place of a number would not be drawn.
        return node

    def record_matches(self, data: bytes) -> None:
        """Add the names of the values in ``data`` to :attr:`masked_names`, without masking them."""
        self.masked_names.update(match.name for match in self._matcher.find(data))

    def mask_data(self, data: bytes) -> bytes:
        """Return the content of a file with values masked; binary content keeps its length."""
        matches = self._matcher.find(data)
        if not matches:
            return data
        self.masked_names.update(match.name for match in matches)
        try:
            data.decode()
        except UnicodeDecodeError:
            return mask_keeping_length(data, matches)
        return mask_matches(data, matches)

    def mask_string(self, text: str, path: JsonPath = (), *, is_key: bool = False) -> str:
        """Return ``text`` with values masked; the same object if it contains no value.

        Args:
            text: The text.
            path: The path of the text in a notebook; ``("source",)`` for a source file, and empty for another text.
            is_key: Whether the text is a key of a JSON object.
        """
        digest = b""
        if len(text) >= _MIN_HASHED_LENGTH:
            digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        # The empty digest of a short text is never in the dictionary.
        if digest in self._clean_hashes:
            return text
        # Only the path is used here, so the offsets are 0.
        notebook_text = notebooks.NotebookText((JsonToken(path, 0, 0, is_key=is_key),))
        matches = notebooks.find_in_text(self._matcher, text)
        if not matches:
            self._remember(digest)
        elif not is_key and path:
            # A script in an output would not draw its figure if a mask replaced one of its numbers.
            # The last item of an output's path is its MIME type.
            numbers = numbers_in_scripts(str(path[-1]), text)
            matches = [match for match in matches if not _is_in_range(match, numbers)]
        if not matches:
            # If only numbers in a script matched, the text is not remembered: elsewhere, for example in a source, these numbers are masked.
            return text
        self.masked_names.update(match.name for match in matches)
        if notebook_text.is_cell_id:
            # A mask can't be the id of a cell: nbformat allows only letters, digits, - and _, and each id of a notebook must be unique. The
            # new id contains the index of the cell, which is the second item of the path.
            return f"redacted-{path[1]}"
        if notebook_text.is_base64 and not is_key:
            return apply_edits(text, edits_of_base64(text, matches))
        return apply_edits(text, edits_of_source(text, matches) if notebook_text.is_source else edits_of_output(matches))

    def _remember(self, digest: bytes) -> None:
        if digest:
            self._clean_hashes[digest] = None
            if len(self._clean_hashes) > _MAX_HASHES:
                self._clean_hashes.pop(next(iter(self._clean_hashes)))


def _is_in_range(match: Match, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(start <= match.start and match.end <= end for start, end in ranges)
