"""Patterns: the texts to search for on behalf of a value, and their anchors.

A pattern is the value, a text that it decodes to, or another way to write one of them in Unicode. It is caught by its anchors: its first
and last six letters, counted without public parts, and letters in between if it is long. A shorter pattern is caught as a whole.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.decoding.decoders.escapes import partly_unescaped
from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.core.redaction.patterns.decodings import binary_keys, decodings_of
from zensecrets_jupyter.core.redaction.patterns.token_prefixes import leaves, sensitive_span
from zensecrets_jupyter.core.redaction.skeleton import LETTER, LOWER, letters_of, skeleton_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TRUNCATED = 12
"""Characters from which on a beginning or an end of a pattern is masked, counted as they are written."""
BY_CHANCE = 2
"""Letters that may be the next ones of a cut value by chance, where they stand behind a quote or in the next line."""
_BETWEEN = 24
"""From one anchor inside a long token to the next: a piece of three times twelve letters holds one."""
_TOKEN = re.compile(rb"[A-Za-z0-9+/=_.~-]+")
_SHORTEST_TOKEN = 48
_OTHER = re.compile(rb"[\x80-\xff]")
_LONGEST_EXACT = 256
_BEFORE_NUMBER = re.compile(rb" (?=[0-9])")


class Pattern:
    """A text that is searched for.

    Attributes:
        text: Its bytes.
        name: The name of the value, as in its mask.
        is_value: Whether it is the value itself, and not a part of it.
        skeleton: Its skeleton.
        first: Where in the skeleton its sensitive part begins.
        last: Where that ends.
        is_exact: Whether it has so few letters that it is searched for byte by byte.
        is_composite: Whether its secrets are patterns of their own and the rest is public, as in a URL with a password or in JSON.
    """

    __slots__ = (
        "_expression",
        "_gaps",
        "_kept",
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
        """Make the pattern of a text.

        Args:
            text: The text.
            name: The name of the value.
            is_value: Whether the text is the value itself.
            data: The bytes of the text if they are not its UTF-8.
            parts: What of the text is secret, if it is known, such as the password of a URL; the rest is public.
        """
        self.text = _utf8(text) if data is None else data
        self.name = name
        self.is_value = is_value
        self.skeleton = skeleton_of(self.text)
        self.first, self.last = 0, len(self.skeleton)
        for start, end in _protected_spans(text, parts) if data is None else ():
            first, last = len(letters_of(_utf8(text[:start]))), len(self.skeleton) - len(letters_of(_utf8(text[end:])))
            if last - first >= SHORTEST_VALUE:
                self.first, self.last = first, last
                break
        self.is_composite = bool(parts) and (not _has_lines(text) or bool(leaves(text)))
        self.is_exact = len(self.skeleton) < SHORTEST_VALUE
        self._gaps: list[bytes] | None = None
        self._kept: bytes | None = None
        self._starts: list[int] | None = None
        self._expression: re.Pattern[bytes] | None = None

    @property
    def gaps(self) -> list[bytes]:
        """The punctuation before each letter, and after the last one."""
        if self._gaps is None:
            self._gaps = LETTER.split(self.text)
        return self._gaps

    @property
    def kept(self) -> bytes:
        """Its letters in their own case."""
        if self._kept is None:
            self._kept = letters_of(self.text)
        return self._kept

    @property
    def starts(self) -> list[int]:
        """Where in the text each letter stands."""
        if self._starts is None:
            self._starts = [match.start() for match in LETTER.finditer(self.text)]
        return self._starts

    def drop_positions(self) -> None:
        """Free what the properties above computed; most patterns are never compared, and a thousand of them would keep a megabyte."""
        self._gaps = self._kept = self._starts = None

    @property
    def expression(self) -> re.Pattern[bytes]:
        """A regular expression of every way to write a text of punctuation."""
        if self._expression is None:
            if len(self.text) > _LONGEST_EXACT:
                self._expression = re.compile(re.escape(self.text))
                return self._expression
            signs = [bytes([byte]) for byte in reduced_to_signs(self.text)]
            noise = b"[" + re.escape(_QUOTING) + b"]{0,8}"
            written = [
                b"(?:" + re.escape(sign) + noise + b"){0,7}" + re.escape(sign) if sign in _DOUBLED else re.escape(sign) for sign in signs
            ]
            before = self.text[: len(self.text) - len(self.text.lstrip(_QUOTING))]
            after = self.text[len(self.text.rstrip(_QUOTING)) :]
            edges = [b"(?:" + re.escape(edge) + b")?" for edge in (before, after)]
            self._expression = re.compile(edges[0] + noise.join(written) + edges[1], re.IGNORECASE)
        return self._expression

    def anchors(self) -> Iterator[tuple[int, int]]:
        """Yield where in the skeleton each anchor begins and ends."""
        length = self.last - self.first
        if length == SHORTEST_VALUE or len(self.text) < TRUNCATED:
            yield self.first, self.last
            return
        yield self.first, self.first + SHORTEST_VALUE
        if length >= _SHORTEST_TOKEN and _TOKEN.fullmatch(self.text):
            # The same letters once: a value of one letter ten thousand times would have hundreds of them, and each place would be one.
            starts = range(self.first + _BETWEEN, self.last - TRUNCATED, _BETWEEN)
            different = {self.skeleton[start : start + TRUNCATED]: start for start in starts}
            yield from ((start, start + TRUNCATED) for start in different.values())
        yield self.last - SHORTEST_VALUE, self.last


class PatternKey(NamedTuple):
    """An anchor of a pattern: ``pattern.skeleton[offset:]`` begins with it."""

    pattern: Pattern
    offset: int


def patterns_of(value: str, name: str) -> list[Pattern]:
    """Return the patterns of ``value``, itself first."""
    found = []
    seen: set[bytes] = set()
    texts = [value, *decodings_of(value)]
    # A file of ten thousand lines decodes to each of them, and only what is shorter can be a part of one.
    shortest_first = sorted(texts, key=len)
    lengths = [len(text) for text in shortest_first]
    for text in texts:
        own = text.strip()
        parts = [part for part in shortest_first[: bisect_left(lengths, len(own) - 2)] if part in own]
        for pattern in _written(text, name, parts, is_value=text == value):
            if pattern.text not in seen:
                seen.add(pattern.text)
                found.append(pattern)
    found += [Pattern(value, name, is_value=False, data=data) for data in binary_keys(value)]
    return found


def _has_lines(text: str) -> bool:
    return len(text.strip().splitlines()) > 1


def _protected_spans(text: str, parts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the spans of ``text`` that are sensitive, the narrowest first."""
    start, end, _ = sensitive_span(text)
    if not parts:
        yield start, end
        return
    first, last = min(text.index(part) for part in parts), max(text.rindex(part) + len(part) for part in parts)
    # A few letters before or behind a part tell nothing without it.
    if len(letters_of(_utf8(text[:first]))) < SHORTEST_VALUE:
        first = 0
    if len(letters_of(_utf8(text[last:]))) < SHORTEST_VALUE:
        last = len(text)
    yield max(start, first), min(end, last)
    yield first, last


def _written(text: str, name: str, parts: Sequence[str], *, is_value: bool) -> Iterator[Pattern]:
    own = Pattern(text, name, is_value=is_value, parts=parts)
    yield own
    if parts:
        # Other ways to write it are those of its parts, which are patterns of their own.
        return
    for data in partly_unescaped(own.text):
        yield _decoded_pattern(data, text, name, is_value=is_value)
    if _BEFORE_NUMBER.search(own.text):
        # In quoted-printable; in a text this alone could be a number behind an equals sign, and is not decoded.
        yield Pattern(text, name, is_value=is_value, data=_BEFORE_NUMBER.sub(b"=20", own.text))
    if not text.isascii():
        # As dumps show it, as programs do that know ASCII only, and as UTF-8 that is read in an encoding of Western Europe.
        for data in (_OTHER.sub(b".", own.text), text.encode("ascii", "replace"), *_misread(own.text)):
            other = Pattern(text, name, is_value=is_value, data=data)
            if not other.is_exact:
                yield other
        for written in dict.fromkeys((text, *_other_cases_and_forms(text))):
            yield Pattern(written, name, is_value=is_value)
            for encoding in ("utf-16-le", "utf-16-be"):
                data = written.encode(encoding, "surrogatepass")
                yield Pattern(written, name, is_value=is_value, data=data)
                yield Pattern(written, name, is_value=is_value, data=data.decode("latin-1").encode())


def _decoded_pattern(data: bytes, text: str, name: str, *, is_value: bool) -> Pattern:
    try:
        return Pattern(data.decode(), name, is_value=is_value)
    except UnicodeDecodeError:
        return Pattern(text, name, is_value=is_value, data=data)


def _misread(data: bytes) -> Iterator[bytes]:
    for encoding in ("latin-1", "cp1252"):
        with suppress(UnicodeDecodeError):
            yield data.decode(encoding).encode()


def _other_cases_and_forms(text: str) -> Iterator[str]:
    yield from (text.casefold(), text.upper(), text.lower())
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        yield from (unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text))


# What quotes and escapes signs, or stands between them in a list.
_QUOTING = b" \t\r\n\0\\'\"`^,"
_DOUBLED = (b"$", b"%", b"{", b"}")


def reduced_to_signs(data: bytes) -> bytes:
    """Return ``data`` without quotes, backslashes and white space, and without doubled signs."""
    reduced = data.translate(LOWER, _QUOTING)
    for sign in _DOUBLED:
        while sign + sign in reduced:
            reduced = reduced.replace(sign + sign, sign)
    return reduced


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
