"""Decoder of the encodings that mail uses.

They are quoted-printable (RFC 2045), encoded words (RFC 2047), UTF-7 (RFC 2152) and its IMAP variant (RFC 3501).
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.excerpts import excerpt
from zensecrets_jupyter.core.redaction.decoding.views import SubstitutedView, TextView

if TYPE_CHECKING:
    from collections.abc import Callable

# A quick check for quoted-printable. After two equals signs, nothing is encoded. The alternatives are an encoded equals sign
# or control character, a blank (unless "=20" may be a number), a character outside ASCII, a line end, and an encoded word.
_QUICK_CHECK = re.compile(rb"=(?<!==)(?:3D|0[0-9A-F]|7F|20(?![0-9]*(?:[\s,.:;)\]}]|\Z))|[C-F][0-9A-F]=[89AB][0-9A-F]|\r?\n|\?)")
# An escape sequence of quoted-printable.
_ESCAPE = re.compile(rb"=[0-9A-F]{2}|=[ \t]*\r?\n")
# An encoded word. White space between two encoded words is no part of the text (RFC 2047, 6.2), so it is matched with the first of them.
_WORD = re.compile(rb"=\?[A-Za-z0-9_.*-]{1,60}\?([qQbB])\?([^?\s]{0,400})\?=(?:\s+(?==\?))?")
# An escape sequence in an encoded word of the encoding Q, or the underscore that encodes a blank.
_IN_WORD = re.compile(rb"=([0-9A-Fa-f]{2})|_")
# A run of UTF-7, which begins with a plus sign, or with an ampersand in IMAP. The runs +- and &- encode the signs themselves.
_UTF_7 = re.compile(rb"[&+](?:(?<=\+)[A-Za-z0-9/]{3,400}(?:-|(?![A-Za-z0-9+/,-]))|[A-Za-z0-9+/,]{3,400}-|-)")
_BITS = 6
"""The bits that one digit of base64 encodes."""


def has_quoted_printable(data: bytes) -> bool:
    """Return whether ``data`` may contain quoted-printable or an encoded word.

    A number after an equals sign is neither of them.
    """
    return _QUICK_CHECK.search(data) is not None


def mail_views(view: TextView) -> list[TextView]:
    """Return views of the mail encodings in ``view``."""
    data = view.data
    views: list[TextView] = []
    if b"=" in data and has_quoted_printable(data):
        views += _substituted_views(excerpt(view, has_quoted_printable), "quoted-printable", _ESCAPE, _decode_quoted)
    if b"=?" in data:
        views += _substituted_views(excerpt(view, _has_word), "RFC 2047", _WORD, _decode_word)
    if (b"&" in data or b"+" in data) and b"-" in data:
        views += _substituted_views(excerpt(view, _has_utf_7), "UTF-7", _UTF_7, _decode_utf_7)
    return views


def _has_word(data: bytes) -> bool:
    return _WORD.search(data) is not None


def _has_utf_7(data: bytes) -> bool:
    return any(_decode_utf_7(match[0]) != match[0] for match in _UTF_7.finditer(data))


def _substituted_views(view: TextView, name: str, expression: re.Pattern[bytes], decode: Callable[[bytes], bytes]) -> list[TextView]:
    """Return a view with the matches of ``expression`` decoded, or an empty list if nothing changes."""
    decoded = expression.sub(lambda match: decode(match[0]), view.data)
    return [SubstitutedView(view, decoded, name, expression, decode)] if decoded != view.data else []


def _decode_quoted(escape: bytes) -> bytes:
    """Return the byte that an escape sequence encodes. An equals sign before a line end encodes nothing."""
    return bytes.fromhex(escape[1:].decode("ascii")) if escape[1:].isalnum() else b""


def _decode_word(word: bytes) -> bytes:
    """Return the bytes that an encoded word encodes, in the character set of the word."""
    match = _WORD.match(word)
    if match is None:
        return word
    if match[1] in b"bB":
        try:
            return base64.b64decode(match[2] + b"=" * (-len(match[2]) % 4))
        except binascii.Error:
            return word
    return _IN_WORD.sub(lambda escape: bytes.fromhex(escape[1].decode("ascii")) if escape[1] else b" ", match[2])


@lru_cache(maxsize=4096)
def _decode_utf_7(escape: bytes) -> bytes:
    """Return the characters that a run of UTF-7 encodes, or the run itself if it is not UTF-7."""
    digits = escape[1:].rstrip(b"-").replace(b",", b"/")
    if not digits:
        return escape[:1]
    bits = len(digits) * _BITS
    data = binascii.a2b_base64(digits + b"A" * (-len(digits) % 4))
    characters, rest = data[: bits // 16 * 2], data[bits // 16 * 2 :]
    # The unused bits of the last digit are zero. In a sum of variables, such as "a+bcd-e", these bits are seldom
    # zero. A run with at least six unused bits has a digit too many.
    if bits % 16 >= _BITS or any(rest):
        return escape
    try:
        return characters.decode("utf-16-be").encode()
    except UnicodeDecodeError:
        return escape
