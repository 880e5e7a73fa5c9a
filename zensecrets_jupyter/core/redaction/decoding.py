"""Decoding: the views of a text, those that need the fewest decodings first, as far as they are worth their cost."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from zensecrets_jupyter.core.redaction.decoders.base64_runs import base64_views
from zensecrets_jupyter.core.redaction.decoders.dumps import dump_views
from zensecrets_jupyter.core.redaction.decoders.escapes import unescaped
from zensecrets_jupyter.core.redaction.decoders.layout import layout_views
from zensecrets_jupyter.core.redaction.decoders.mail import mail_views
from zensecrets_jupyter.core.redaction.decoders.numbers import has_numbers, number_views
from zensecrets_jupyter.core.redaction.decoders.radix import radix_views
from zensecrets_jupyter.core.redaction.decoders.runs import is_printable, runs_in
from zensecrets_jupyter.core.redaction.skeleton import skeleton_of
from zensecrets_jupyter.core.redaction.views import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zensecrets_jupyter.core.redaction.matches import Match

_Found = TypeVar("_Found", bound="Match")

ESCAPES = 4
"""Escape sequences inside escape sequences that are decoded."""
BLOCKS = 2
"""Encodings of whole texts, such as base64, inside each other that are decoded."""
_VIEWS_OF_A_TEXT = 12
"""All views of a text are together so many times as long as it at most; what is not decoded for that is searched as it stands."""
_LEAST = 1 << 16
"""Bytes of views that any text may have."""
_VIEWS_OF_A_LONG_TEXT = 3
"""As before, of a text that is longer than :data:`_SHORT`, and for all that is longer."""
_SHORT = 1 << 20

# All bytes but those that an escape sequence begins with, and a backspace.
_PLAIN = bytes(byte for byte in range(256) if byte not in b"\\%&<\x1b\x08\xc2\xe2\xe3\xef\0")
_VISIBLE = bytes(0x61 if byte >= 0x21 else 0x20 for byte in range(256))  # noqa: PLR2004 - ASCII's first letter
_MAIL = re.compile(rb"[=&+](?:(?<==)(?:\?|3D|0[0-9A-F]|7F|20|09|[89A-F][0-9A-F]|\r?\n)|(?<=[&+])[A-Za-z0-9+/,]{1,400}-)")
_TABLE = re.compile(
    rb"[|'\"](?:(?<=\|)[^\n]{0,500}\n[^\n]{0,500}\||(?<=['\"])(?:[ \t\\+]*\r?\n\s*[bBrRuUfF]{1,2}['\"]|, ?['\"].['\"], ?['\"]))"
)
_DUMP = b"0000000"
_LINE = 400
"""Bytes up to which a text is looked at more closely before it is decoded."""
_FEW_SIGNS = 4


class Decoding:
    """Decodes texts as far as a value of some length may stand in them.

    Attributes:
        shortest: Bytes that the shortest value has that is searched for.
    """

    def __init__(self, shortest: int) -> None:
        """Search for values of ``shortest`` bytes or more."""
        self.shortest = shortest

    def search(self, data: bytes, find: Callable[[bytes, bytes], list[_Found]]) -> Iterator[tuple[View, _Found]]:
        """Yield what is found in ``data`` and in its views, with the view.

        Args:
            data: The text.
            find: Returns what stands in the bytes of a view, given them and their skeleton.
        """
        root = View(data)
        waiting = deque([(root, ESCAPES, BLOCKS)])
        seen: set[tuple[str, bytes]] = set()
        left = min(_VIEWS_OF_A_TEXT * len(root.data) + _LEAST, _VIEWS_OF_A_LONG_TEXT * len(root.data) + _SHORT)
        while waiting:
            view, escapes, blocks = waiting.popleft()
            data = view.data
            if view is not root:
                left -= len(data)
                if left < 0 or (view.name, data) in seen:
                    continue
                seen.add((view.name, data))
            skeleton = skeleton_of(data)
            found = find(data, skeleton)
            for match in found:
                yield view, match
            if not self.has_encodings(data, skeleton) and not found:
                continue
            if not view.is_text:
                continue
            if escapes:
                waiting.extend((child, escapes - 1, blocks) for child in unescaped(view))
            # What is no text once it is decoded, such as bytes that were escaped, holds no further encoding.
            if blocks and (view is root or is_printable(data)):
                is_wrapped = any(not match.is_whole for match in found)
                waiting.extend((child, ESCAPES, blocks - 1) for child in self._blocks(view, skeleton, is_wrapped=is_wrapped))

    def _blocks(self, view: View, skeleton: bytes, *, is_wrapped: bool) -> Iterator[View]:
        data = view.data
        yield from layout_views(view, is_wrapped=is_wrapped)
        if b"=" in data or b"&" in data or b"+" in data:
            yield from mail_views(view)
        if has_numbers(skeleton, self._shortest_hexadecimal) or _DUMP in data:
            yield from dump_views(view)
            yield from number_views(view)
        if self._has_runs(data):
            yield from base64_views(view, self._shortest_base64)
            yield from radix_views(view, self._shortest_base64)

    def has_encodings(self, data: bytes, skeleton: bytes) -> bool:
        """Tell whether there may be something to decode in ``data``. ``False`` is certain."""
        if data.translate(None, _PLAIN) or self._has_runs(data) or has_numbers(skeleton, self._shortest_hexadecimal):
            return True
        if (b"=" in data or b"&" in data or b"+" in data) and _MAIL.search(data):
            return True
        return ((b"\n" in data[:-1] or b"," in data) and _TABLE.search(data) is not None) or (_DUMP in data and b"\n" in data[:-1])

    def _has_runs(self, data: bytes) -> bool:
        if b"a" * self._shortest_base64 not in data.translate(_VISIBLE):
            return False
        # A line of one sign again and again, and a number that is filled up with zeros, are no encoded text.
        return len(data) > _LINE or any(
            len(set(data[run.start : run.end])) > _FEW_SIGNS for run in runs_in(data, _VISIBLE, self._shortest_base64)
        )

    @property
    def _shortest_base64(self) -> int:
        return -(-self.shortest * 4 // 3)

    @property
    def _shortest_hexadecimal(self) -> int:
        return self.shortest * 2
