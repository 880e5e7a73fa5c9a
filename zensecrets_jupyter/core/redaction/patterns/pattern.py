"""Patterns: the texts to search for so that a value is found, and their anchors.

The patterns of a value are the value itself, the texts that it encodes, and other ways to write all of these in Unicode. A pattern is found
by its *anchors*: the first and the last six letters of its sensitive part, and letters in between if it is long. A short pattern has one
anchor: all letters of its sensitive part. A *letter* is a byte that a skeleton keeps, and a *sign* is any other byte except quotes, commas
and blanks.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.decoding.decoders.escapes import partly_unescape
from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.core.redaction.patterns.decodings import binary_keys, decodings_of
from zensecrets_jupyter.core.redaction.patterns.token_prefixes import secret_leaves, sensitive_span
from zensecrets_jupyter.core.redaction.skeleton import LETTER, LOWER, letters_of, skeleton_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHORTEST_PART = 12
"""A part of a value is masked if the output shows at least this number of its characters. Anchors inside a token have this length too."""
MAX_CHANCE_LETTERS = 2
"""Maximum number of letters of other text that may equal the next letters of a truncated value by chance.

The other text begins after a quote or a line end.
"""
_ANCHOR_DISTANCE = 24
"""Letters between the starts of two anchors inside a long token. Any 36 letters of the token then contain an anchor."""
_TOKEN = re.compile(rb"[A-Za-z0-9+/=_.~-]+")
_SHORTEST_TOKEN = 48
"""Minimum number of letters of a token that has anchors in its middle."""
_NON_ASCII = re.compile(rb"[\x80-\xff]")
_LONGEST_WITH_QUOTING = 256
"""Maximum length of an exact pattern that is also found with added quotes and blanks. A longer one is only found unchanged."""
_BLANK_BEFORE_DIGIT = re.compile(rb" (?=[0-9])")


class Pattern:
    """A text to search for.

    Attributes:
        text: The bytes of the text.
        name: The name of the value, as in its mask.
        is_value: Whether the text is the whole value.
        skeleton: The skeleton of the text.
        first: The index of the first sensitive letter in the skeleton.
        last: The index after the last sensitive letter in the skeleton.
        is_exact: Whether the text has too few letters for an anchor, so that its punctuation is searched for.
        is_composite: Whether its secrets are patterns of their own and the rest is public, as in a URL with a password or in JSON.
    """

    __slots__ = (
        "_expression",
        "_gaps",
        "_letters",
        "_starts",
        "first",
        "is_composite",
        "is_exact",
        "is_value",
        "last",
        "name",
        "skeleton",
        "text",
    )

    def __init__(self, text: str, name: str, *, is_value: bool, data: bytes | None = None, parts: Sequence[str] = ()) -> None:
        """Create the pattern of a text.

        Args:
            text: The text.
            name: The name of the value.
            is_value: Whether the text is the whole value.
            data: The bytes to search for, if they are not the text in UTF-8.
            parts: The secret parts of the text, such as the password of a URL; the rest is public. If empty, the text has no such parts.
        """
        self.text = _utf8(text) if data is None else data
        self.name = name
        self.is_value = is_value
        self.skeleton = skeleton_of(self.text)
        self.first, self.last = 0, len(self.skeleton)
        # The narrowest span with enough letters is used. If ``data`` is given, all of it is sensitive.
        for start, end in _sensitive_spans(text, parts) if data is None else ():
            first, last = len(letters_of(_utf8(text[:start]))), len(self.skeleton) - len(letters_of(_utf8(text[end:])))
            if last - first >= SHORTEST_VALUE:
                self.first, self.last = first, last
                break
        # A text of several lines that is not JSON, such as a PEM key, is not composite, because its lines belong together.
        self.is_composite = bool(parts) and (not _has_several_lines(text) or bool(secret_leaves(text)))
        self.is_exact = len(self.skeleton) < SHORTEST_VALUE
        self._gaps: list[bytes] | None = None
        self._letters: bytes | None = None
        self._starts: list[int] | None = None
        self._expression: re.Pattern[bytes] | None = None

    @property
    def gaps(self) -> list[bytes]:
        """The punctuation before each letter, and after the last letter."""
        if self._gaps is None:
            self._gaps = LETTER.split(self.text)
        return self._gaps

    @property
    def letters(self) -> bytes:
        """The letters in their own case."""
        if self._letters is None:
            self._letters = letters_of(self.text)
        return self._letters

    @property
    def starts(self) -> list[int]:
        """The offset of each letter in the text."""
        if self._starts is None:
            self._starts = [match.start() for match in LETTER.finditer(self.text)]
        return self._starts

    def drop_positions(self) -> None:
        """Free the memory of ``gaps``, ``letters`` and ``starts``.

        Most patterns are never compared, and these properties of a thousand patterns would use a megabyte.
        """
        self._gaps = self._letters = self._starts = None

    @property
    def expression(self) -> re.Pattern[bytes]:
        """The regular expression that matches every way to write the punctuation of an exact pattern."""
        if self._expression is None:
            if len(self.text) > _LONGEST_WITH_QUOTING:
                self._expression = re.compile(re.escape(self.text))
                return self._expression
            # Up to eight quotes and blanks may be written between two signs, and a sign of _DOUBLED may be written up to eight times.
            signs = [bytes([byte]) for byte in reduced_to_signs(self.text)]
            quoting = b"[" + re.escape(_QUOTING) + b"]{0,8}"
            sign_expressions = [
                b"(?:" + re.escape(sign) + quoting + b"){0,7}" + re.escape(sign) if sign in _DOUBLED else re.escape(sign) for sign in signs
            ]
            # The pattern's own quotes and blanks at its start and end may be missing.
            before = self.text[: len(self.text) - len(self.text.lstrip(_QUOTING))]
            after = self.text[len(self.text.rstrip(_QUOTING)) :]
            edges = [b"(?:" + re.escape(edge) + b")?" for edge in (before, after)]
            self._expression = re.compile(edges[0] + quoting.join(sign_expressions) + edges[1], re.IGNORECASE)
        return self._expression

    def anchors(self) -> Iterator[tuple[int, int]]:
        """Yield the span of each anchor in the skeleton."""
        length = self.last - self.first
        if length == SHORTEST_VALUE or len(self.text) < SHORTEST_PART:
            yield self.first, self.last
            return
        yield self.first, self.first + SHORTEST_VALUE
        if length >= _SHORTEST_TOKEN and _TOKEN.fullmatch(self.text):
            # Equal anchors are yielded once: a value of one repeated letter would have hundreds, and each offset would match all of them.
            starts = range(self.first + _ANCHOR_DISTANCE, self.last - SHORTEST_PART, _ANCHOR_DISTANCE)
            start_by_anchor = {self.skeleton[start : start + SHORTEST_PART]: start for start in starts}
            yield from ((start, start + SHORTEST_PART) for start in start_by_anchor.values())
        yield self.last - SHORTEST_VALUE, self.last


class PatternAnchor(NamedTuple):
    """An anchor of a pattern, which begins at ``pattern.skeleton[offset]``."""

    pattern: Pattern
    offset: int


def patterns_of(value: str, name: str) -> list[Pattern]:
    """Return the patterns of ``value``; the first one is the value itself."""
    patterns = []
    seen: set[bytes] = set()
    texts = [value, *decodings_of(value)]
    # A file of ten thousand lines decodes to each of its lines. To save time, only shorter texts are tried as parts of a text. A text that
    # is at most two characters shorter is no part, because it may be the same text without its quotes.
    shortest_first = sorted(texts, key=len)
    lengths = [len(text) for text in shortest_first]
    for text in texts:
        stripped = text.strip()
        parts = [part for part in shortest_first[: bisect_left(lengths, len(stripped) - 2)] if part in stripped]
        for pattern in _variants(text, name, parts, is_value=text == value):
            if pattern.text not in seen:
                seen.add(pattern.text)
                patterns.append(pattern)
    patterns += [Pattern(value, name, is_value=False, data=data) for data in binary_keys(value)]
    return patterns


def _has_several_lines(text: str) -> bool:
    return len(text.strip().splitlines()) > 1


def _sensitive_spans(text: str, parts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the spans of ``text`` that may be its sensitive part, the narrowest first."""
    start, end = sensitive_span(text)
    if not parts:
        yield start, end
        return
    first, last = min(text.index(part) for part in parts), max(text.rindex(part) + len(part) for part in parts)
    # Public text with few letters is included, because it is too short for an anchor.
    if len(letters_of(_utf8(text[:first]))) < SHORTEST_VALUE:
        first = 0
    if len(letters_of(_utf8(text[last:]))) < SHORTEST_VALUE:
        last = len(text)
    yield max(start, first), min(end, last)
    yield first, last


def _variants(text: str, name: str, parts: Sequence[str], *, is_value: bool) -> Iterator[Pattern]:
    """Yield the pattern of ``text``, and patterns of other ways to write it that no decoder reverses."""
    pattern = Pattern(text, name, is_value=is_value, parts=parts)
    yield pattern
    if parts:
        # The parts are patterns themselves, each with its own variants.
        return
    for data in partly_unescape(pattern.text):
        yield _unescaped_pattern(data, text, name, is_value=is_value)
    if _BLANK_BEFORE_DIGIT.search(pattern.text):
        # The decoder of quoted-printable leaves "=20" before a digit as it is, because a text may contain a number after an equals sign.
        yield Pattern(text, name, is_value=is_value, data=_BLANK_BEFORE_DIGIT.sub(b"=20", pattern.text))
    if not text.isascii():
        # Dumps print a dot and some programs a question mark for a character outside ASCII. Other programs read UTF-8 as Latin-1 or cp1252.
        for data in (_NON_ASCII.sub(b".", pattern.text), text.encode("ascii", "replace"), *_misread(pattern.text)):
            # An exact pattern, such as a row of dots, would match ordinary text.
            lossy_pattern = Pattern(text, name, is_value=is_value, data=data)
            if not lossy_pattern.is_exact:
                yield lossy_pattern
        for variant in dict.fromkeys((text, *_case_and_normal_forms(text))):
            yield Pattern(variant, name, is_value=is_value)
            for encoding in ("utf-16-le", "utf-16-be"):
                data = variant.encode(encoding, "surrogatepass")
                yield Pattern(variant, name, is_value=is_value, data=data)
                # UTF-16 that a program reads as Latin-1.
                yield Pattern(variant, name, is_value=is_value, data=data.decode("latin-1").encode())


def _unescaped_pattern(data: bytes, text: str, name: str, *, is_value: bool) -> Pattern:
    """Return the pattern of ``data``, which is ``text`` with some escape sequences replaced."""
    try:
        return Pattern(data.decode(), name, is_value=is_value)
    except UnicodeDecodeError:
        return Pattern(text, name, is_value=is_value, data=data)


def _misread(data: bytes) -> Iterator[bytes]:
    """Yield ``data``, which is UTF-8, decoded with a wrong encoding and encoded as UTF-8 again."""
    for encoding in ("latin-1", "cp1252"):
        with suppress(UnicodeDecodeError):
            yield data.decode(encoding).encode()


def _case_and_normal_forms(text: str) -> Iterator[str]:
    """Yield ``text`` in other cases, and in the Unicode normal forms NFC and NFD."""
    yield from (text.casefold(), text.upper(), text.lower())
    if not any("\ud800" <= character <= "\udfff" for character in text):
        yield from (unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text))


# Characters that quote or escape a sign, or that separate signs in a printed list.
_QUOTING = b" \t\r\n\0\\'\"`^,"
# Signs that a syntax doubles to escape them, such as "%%" in printf.
_DOUBLED = (b"$", b"%", b"{", b"}")


def reduced_to_signs(data: bytes) -> bytes:
    """Return ``data`` in lower case, without the characters of ``_QUOTING``; the letters remain.

    A repeated sign of ``_DOUBLED`` is kept once.
    """
    reduced = data.translate(LOWER, _QUOTING)
    for sign in _DOUBLED:
        while sign + sign in reduced:
            reduced = reduced.replace(sign + sign, sign)
    return reduced


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
