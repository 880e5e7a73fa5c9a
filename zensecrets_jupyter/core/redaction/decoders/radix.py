"""Base32 and base85, as Python, Ascii85 and ZeroMQ write them; RFC 4648, RFC 1924, ZeroMQ RFC 32."""

from __future__ import annotations

import re
import string
from functools import partial
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoders.runs import Run, is_printable, runs_in
from zensecrets_jupyter.core.redaction.views import Piece, PiecedView, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.redaction.views import Span

_LETTERS_AND_DIGITS = (string.ascii_letters + string.digits).encode()
_IN_WORD = bytes(0x61 if byte in _LETTERS_AND_DIGITS else 0x20 for byte in range(256))
_SHORTEST_WORD = 10
_BASE32 = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"abcdefghijklmnopqrstuvwxyz234567")
_BASE32_HEX = (b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"0123456789abcdefghijklmnopqrstuv")
_HEXADECIMAL = b"0123456789abcdefABCDEF"
_TOO_LONG_FOR_CHANCE = 24
_DIGITS_OF_32 = b"0123456789abcdefghijklmnopqrstuv"
_FROM_BASE32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz", _DIGITS_OF_32 + _DIGITS_OF_32[:26])
_SHIFTS_OF_32 = 8

_ALPHABETS = {
    "base85": (string.digits + string.ascii_uppercase + string.ascii_lowercase + "!#$%&()*+-;<=>?@^_`{|}~").encode(),
    "Ascii85": bytes(range(0x21, 0x76)),
    "Z85": (string.digits + string.ascii_lowercase + string.ascii_uppercase + ".-:+=^!/*?&<>()[]{}@%$#").encode(),
}
_TABLES = {name: bytes(alphabet.index(byte) if byte in alphabet else 0xFF for byte in range(256)) for name, alphabet in _ALPHABETS.items()}
_RUNS = {name: re.compile(b"[" + re.escape(alphabet) + b"]{7,}") for name, alphabet in _ALPHABETS.items()}
_VISIBLE = bytes(0x61 if 0x21 <= byte <= 0x7E else 0x20 for byte in range(256))  # noqa: PLR2004 - ASCII's first and last letter
_LONGEST = 1 << 14
"""Bytes of runs of a text that are decoded as base85, from its start."""
_LEAST_PUNCTUATION = 12
"""One character of so many is punctuation at least: of a text in base85 it is one of four."""
_PUNCTUATION_OF_BASE64 = b"+/-_="
_GROUP = 5


def radix_views(view: View, shortest: int) -> list[View]:
    """Return what the base32 and the base85 in ``view`` decode to.

    Args:
        view: The view to look through.
        shortest: Characters from which on a run is decoded.
    """
    runs = runs_in(view.data, _VISIBLE, shortest)
    if not runs:
        return []
    base32 = [piece for run in runs for piece in _base32(view.data, run)]
    base85: list[Piece] = []
    done = 0
    for run in runs:
        if done < _LONGEST and _may_be_base85(view.data[run.start : run.end]):
            done += run.end - run.start
            for name in _ALPHABETS:
                base85 += _base85(view.data, run, name)
            base85 += _quoted_base85(view.data, run)
    return [PiecedView(view, pieces, name) for name, pieces in (("base32", base32), ("base85", base85)) if pieces]


def _base32(data: bytes, run: Run) -> Iterator[Piece]:
    """Yield what the words in a run decode to. Every other text of letters and digits holds shorter stretches of base32 by chance."""
    for word in _words(data, run):
        digits = data[word.start : word.end]
        if digits.isalpha() and digits.islower() and len(digits) < _LONGEST_WORD:
            continue
        if not digits.translate(None, _BASE32[digits.islower()]):
            yield from _decoded_base32(digits.translate(_FROM_BASE32), word)
        is_hexadecimal = len(digits) >= _TOO_LONG_FOR_CHANCE and not digits.translate(None, _HEXADECIMAL)
        if not is_hexadecimal and not digits.translate(None, _BASE32_HEX[digits.islower()]):
            yield from _decoded_base32(digits, word)


def _words(data: bytes, run: Run) -> Iterator[Run]:
    text = data[run.start : run.end]
    if text.isalnum():
        if text.islower() or text.isupper():
            yield run
        return
    if len(text) > _LONG_BASE64 and not text.translate(None, _BASE64):
        return
    for start, end in runs_in(text, _IN_WORD, _SHORTEST_WORD):
        word = text[start:end]
        if word.islower() or word.isupper():
            yield Run(run.start + start, run.start + end)


def _decoded_base32(digits: bytes, word: Run) -> Iterator[Piece]:
    number = int(digits, 32)
    for shift in range(_SHIFTS_OF_32):
        bits = 5 * (len(digits) - shift)
        size = bits // 8
        decoded = ((number >> (bits % 8)) & ((1 << 8 * size) - 1)).to_bytes(size, "big") if size > 0 else b""
        if decoded and is_printable(decoded):
            yield Piece(decoded, partial(_locate, word.start + shift, word.end, 5, 8))


_BASE64 = _LETTERS_AND_DIGITS + b"+/-_="
_LONG_BASE64 = 1024
"""Longer runs of base64's alphabet are no words with signs between them."""
_LONGEST_WORD = 1 << 13
"""Longer runs of letters are no identifiers."""


def _may_be_base85(run: bytes) -> bool:
    if len(run) > _LONGEST:
        return False
    own = run.translate(None, _LETTERS_AND_DIGITS)
    return len(run) // _LEAST_PUNCTUATION <= len(own) < len(run) and bool(own.translate(None, _PUNCTUATION_OF_BASE64))


def _base85(data: bytes, run: Run, name: str) -> Iterator[Piece]:
    for match in _RUNS[name].finditer(data, run.start, run.end):
        for shift in range(_GROUP):
            digits = match[0][shift:]
            padding = -len(digits) % _GROUP
            decoded = _decoded(digits.translate(_TABLES[name]) + b"\x54" * padding)
            decoded = decoded[: len(decoded) - padding]
            if is_printable(decoded):
                yield Piece(decoded, partial(_locate, match.start() + shift, match.end(), 4, 5))


def _quoted_base85(data: bytes, run: Run) -> Iterator[Piece]:
    """Yield what a run decodes to if its signs are doubled or escaped."""
    text = data[run.start : run.end]
    for expression in _QUOTED:
        plain = expression.sub(rb"\1", text)
        if plain != text:
            for name in _ALPHABETS:
                for piece in _base85(plain, Run(0, len(plain)), name):
                    yield Piece(piece.data, lambda _start, _end: [(run.start, run.end)])


_QUOTED = (re.compile(rb"([$%{}`\"'])\1"), re.compile(rb"[`^\\]([!-/:-@\[-`{-~])"))


def _decoded(values: bytes) -> bytes:
    groups = zip(values[0::5], values[1::5], values[2::5], values[3::5], values[4::5], strict=True)
    numbers = [(((one * 85 + two) * 85 + three) * 85 + four) * 85 + five for one, two, three, four, five in groups]
    return b"".join([(number & 0xFFFFFFFF).to_bytes(4, "big") for number in numbers])


def _locate(offset: int, stop: int, size: int, width: int, start: int, end: int) -> list[Span]:  # noqa: PLR0913, PLR0917 - numbers of one formula
    """Return where the digits stand of which ``width`` are ``size`` bytes."""
    if size > width:
        size, width = width, size
    return [(offset + start // size * width, min(stop, offset + -(-end // size) * width))]
