"""Decoder of escape sequences: backslashes, percent signs, HTML and XML, terminal sequences, invisible characters.

All of these families are decoded together, because code mixes them and a text does not say which one it uses. A value may itself look
encoded, such as ``a%41``. Its decoded text ``aA`` is protected too, so the value still matches after it was decoded once too often.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from zensecrets_jupyter.core.redaction.decoding.runs import is_printable
from zensecrets_jupyter.core.redaction.decoding.views import SubstitutedView, TextView

ESCAPE_STARTS = (b"\\", b"%", b"&", b"<", b"\x1b", b"\xc2", b"\xe2", b"\xe3", b"\xef", b"\0")
"""The bytes with which escape sequences begin. Bytes from ``\\xc2`` on begin invisible characters in UTF-8. Zero is a byte of UTF-16."""
_NO_START = bytes(byte for byte in range(256) if bytes([byte]) not in ESCAPE_STARTS)

# Each alternative checks its first byte with a lookbehind. The whole expression can then begin with the set of all first bytes, which is
# fast to search.
# Terminal sequences are those of ECMA-48 (5th edition, 5.3 to 5.6), and the character set designations of ECMA-35.
_ANSI = (
    r"(?<=\x1b)(?:\[[0-?]*[ -/]*[@-~]|[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-Z`-~]|\\(?!\[))"
    r"|(?<=\xc2)(?:\x9b[0-?]*[ -/]*[@-~]|[\x80-\x9f])"
)
# Sequences with a backslash: runs of sequences that are decoded together, the same sequences one by one (a pair of surrogates is one), and
# all other sequences, with the LaTeX symbols such as \textbackslash.
_BACKSLASH_RUNS = r"x[0-9A-Fa-f]{2}(?:\\x[0-9A-Fa-f]{2})*|u[0-9A-Fa-f]{4}(?:\\u[0-9A-Fa-f]{4})*|[0-3][0-7]{2}(?:\\[0-3][0-7]{2})*"
_BACKSLASH_ONE = r"x[0-9A-Fa-f]{2}|u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[0-3][0-7]{2}"
_BACKSLASH = r"[ux]\{[0-9A-Fa-f]{1,6}\}|U[0-9A-Fa-f]{8}|N\{[A-Za-z0-9 -]{2,90}\}|[0-7]{1,2}|text[a-z]{3,20}(?:\{\})? ?|\r?\n|[\x00-\xff]"
# Percent-encoded bytes, as runs and one by one. A doubled percent sign comes from formats such as printf.
_PERCENT_RUNS = r"%?[0-9A-Fa-f]{2}(?:%%?[0-9A-Fa-f]{2})*"
_PERCENT_ONE = r"%?[0-9A-Fa-f]{2}"
# Numeric character references of HTML and XML, as runs and one by one.
_ENTITY_RUNS = r"\#[0-9]{1,7};(?:&\#[0-9]{1,7};)*|\#[xX][0-9A-Fa-f]{1,6};(?:&\#[xX][0-9A-Fa-f]{1,6};)*"
_ENTITY_ONE = r"\#[0-9]{1,7};|\#[xX][0-9A-Fa-f]{1,6};"


def _by_first_letter(words: str) -> str:
    """Return a regular expression of ``words``, grouped by their first letter to match faster."""
    endings: dict[str, list[str]] = {}
    for word in words.split("|"):
        endings.setdefault(word[0], []).append(word[1:])
    return "|".join(f"[{letter}{letter.upper()}](?i:{'|'.join(word_endings)})" for letter, word_endings in endings.items())


# The elements of HTML and SVG that format text. Any other word after "<" may belong to a value. A tag contains no terminal sequence and no
# zero-width character.
_ELEMENTS = (
    "a|abbr|address|article|aside|b|big|blockquote|body|br|button|caption|center|cite|code|col|colgroup|dd|del|details|dfn|div|dl|dt|em"
    "|figcaption|figure|font|footer|form|g|h[1-6]|head|header|hr|html|i|img|input|ins|kbd|label|legend|li|link|main|mark|meta|nav|nobr|ol"
    "|option|p|path|pre|q|s|samp|script|section|select|small|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|text|textarea"
    "|tfoot|th|thead|time|title|tr|tspan|tt|u|ul|use|var|wbr"
)
_TAG = rf"(?<=<)(?:/?(?:{_by_first_letter(_ELEMENTS)})(?=[\s/>])|!--|(?i:!DOCTYPE))(?:[^<>\x1b\xe2]|\xe2(?!\x80[\x8b-\x8f])){{0,2000}}>"
# Zero-width characters, joiners, direction marks, the soft hyphen, box drawing, special spaces and the zero bytes of UTF-16.
_INVISIBLE = (
    r"(?<=\xe2)(?:\x80[\x8b-\x8f\xaa-\xae\x80-\x8a\xaf]|\x81[\xa0-\xaf]|[\x94\x95][\x80-\xbf])"
    r"|(?<=\xef)\xbb\xbf|(?<=\xc2)[\xad\xa0]|(?<=\xe3)\x80\x80|(?<=\x00)\x00*"
)


def _compile(starts: str, *alternatives: str) -> re.Pattern[bytes]:
    """Return the regular expression of escape sequences.

    ``starts`` are their first bytes, and ``alternatives`` match the bytes after the first byte.
    """
    return re.compile(f"[{starts}](?:{'|'.join(alternatives)})".encode("latin-1"))


def _all_families(backslash: str, percent: str, entity: str) -> re.Pattern[bytes]:
    """Return the regular expression of all escape sequences.

    The arguments are the alternatives that differ for runs and for single sequences.
    """
    return _compile(
        r"\\%&<\x1b\xc2\xe2\xe3\xef\x00",
        rf"(?<=\\)(?:{backslash}|{_BACKSLASH})",
        rf"(?<=%)(?:{percent}|u[0-9A-Fa-f]{{4}})",
        rf"(?<=&)(?:{entity}|[A-Za-z][A-Za-z0-9]{{1,31}};)",
        _TAG,
        _ANSI,
        _INVISIBLE,
    )


_RUNS = _all_families(_BACKSLASH_RUNS, _PERCENT_RUNS, _ENTITY_RUNS)
_SINGLE = _all_families(_BACKSLASH_ONE, _PERCENT_ONE, _ENTITY_ONE)
"""Escape sequences of all families. ``_RUNS`` matches whole runs, to decode fast; ``_SINGLE`` matches each sequence, to locate it."""
_TEXT_FAMILIES = (
    (b"\\", _compile(r"\\", rf"(?<=\\)(?:{_BACKSLASH_RUNS}|{_BACKSLASH})")),
    (b"%", _compile("%", rf"(?<=%)(?:{_PERCENT_RUNS}|u[0-9A-Fa-f]{{4}})")),
    (b"&", _compile("&", rf"(?<=&)(?:{_ENTITY_RUNS}|[A-Za-z][A-Za-z0-9]{{1,31}};)")),
    (b"<", _compile("<", _TAG)),
)
"""The families of escape sequences that consist of visible characters, each with its first byte."""
_FAMILIES = (
    *_TEXT_FAMILIES,
    *((start, _compile(start.decode("latin-1"), _ANSI, _INVISIBLE)) for start in (b"\xc2", b"\xe2", b"\xe3", b"\xef")),
)
"""The families that :func:`has_escapes` searches. The first bytes that are missing here are in ``_ALWAYS_ESCAPES``."""
_ALWAYS_ESCAPES = (b"\\", b"\x1b", b"\0")
"""First bytes of escape sequences. A text with one of them is decoded without a check of the bytes that follow."""
# The most common escape sequences with a backslash.
_COMMON = {rb"\"": b'"', rb"\'": b"'", rb"\/": b"/", rb"\n": b"\n", rb"\t": b"\t", rb"\r": b"\r"}
_MANY_BACKSLASHES = 64
"""From this number of backslashes on, it saves time to replace the common escape sequences before the others."""
_PLACEHOLDER = b"\xff"
"""A byte that never occurs in UTF-8. It replaces a decoded backslash, so that this backslash is not decoded again."""
_MAX_VERSIONS = 24
"""Maximum number of versions that :func:`partly_unescape` returns."""
_LONGEST_WITH_VERSIONS = 4096
"""Maximum length of a text of which :func:`partly_unescape` returns several versions."""
# Sequences that show no character: tags, terminal sequences and invisible characters.
_INVISIBLE_SEQUENCE = _compile(r"<\x1b\xc2\xe2\xe3\xef\x00", _TAG, _ANSI, _INVISIBLE)
# The bytes with which no invisible sequence begins.
_NO_INVISIBLE_START = bytes(byte for byte in range(256) if byte not in b"<\x1b\xc2\xe2\xe3\xef\x00")
_LONGEST_UNCHECKED = 1 << 14
"""Maximum length of a text whose escaped bytes are always decoded as characters. A longer text must be printable after
decoding to bytes."""
# An escaped byte outside ASCII.
_HIGH_BYTE = re.compile(rb"\\x[89A-Fa-f][0-9A-Fa-f]")
# A tag that a browser shows as a line break.
_BLOCK_TAG = re.compile(rb"</?(?:br|p|div|td|th|tr|li|ul|ol|pre|table|thead|tbody|h[1-6]|hr|section)\b", re.IGNORECASE)
# Special spaces, which are decoded as a blank.
_SPACES = re.compile(rb"\xc2\xa0|\xe2\x80[\x80-\x8a\xaf]|\xe3\x80\x80")
# The letters after a backslash, and the characters that they encode.
_SIMPLE = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"a": b"\a", b"e": b"\x1b"}
# The "text" symbols of LaTeX without their prefix: https://www.latex-project.org/help/documentation/encguide.pdf
_LATEX = {
    b"backslash": b"\\", b"asciitilde": b"~", b"asciicircum": b"^", b"underscore": b"_", b"dollar": b"$", b"bar": b"|", b"less": b"<",
    b"greater": b">", b"quotesingle": b"'", b"quotedbl": b'"', b"asciigrave": b"`", b"braceleft": b"{", b"braceright": b"}",
}  # fmt: skip


def has_escapes(data: bytes) -> bool:
    """Return whether ``data`` may contain an escape sequence. ``False`` is certain."""
    if not data.translate(None, _NO_START):
        return False
    if any(start in data for start in _ALWAYS_ESCAPES):
        return True
    return any(start in data and family.search(data) is not None for start, family in _FAMILIES)


def unescape(data: bytes) -> bytes:
    r"""Return ``data`` with every escape sequence decoded. ``\xHH`` encodes a byte."""
    if not has_escapes(data):
        return data
    if data.count(b"\\") >= _MANY_BACKSLASHES and _PLACEHOLDER not in data and b"\x1b" not in data:
        # Replacing the most common escape sequences one kind after another is ten times as fast as one sequence after another.
        data = data.replace(b"\\\\", _PLACEHOLDER)
        for escape, character in _COMMON.items():
            # The \t of a LaTeX symbol, such as \textbackslash, is no tab.
            if escape in data and (escape != rb"\t" or rb"\text" not in data):
                data = data.replace(escape, character)
        return _RUNS.sub(lambda match: _decode(match[0]), data).replace(_PLACEHOLDER, b"\\")
    return _RUNS.sub(lambda match: _decode(match[0]), data)


def partly_unescape(data: bytes) -> list[bytes]:
    r"""Return versions of ``data`` in which some families of escape sequences are decoded, once or several times.

    ``data`` is a value. A password such as ``a%4e\\x41`` looks encoded although it is not. Views of a text with this password decode a
    part of it, and the redactor finds it there by these versions. ``data`` itself is not in the result.
    """
    if not has_escapes(data):
        return []
    if len(data) > _LONGEST_WITH_VERSIONS:
        unescaped = unescape(data)
        return [unescaped] if unescaped != data else []
    # The dictionary is an ordered set.
    versions = {data: None}
    queue = [data]
    while queue and len(versions) < _MAX_VERSIONS:
        version = queue.pop(0)
        for start, family in _TEXT_FAMILIES:
            if start in version:
                new_version = family.sub(lambda match: _decode(match[0]), version)
                if new_version not in versions:
                    versions[new_version] = None
                    queue.append(new_version)
    return list(versions)[1:]


def escape_views(view: TextView) -> list[TextView]:
    r"""Return views of ``view`` with its escape sequences decoded.

    ``\xHH`` is decoded as a byte, and in another view as a character.
    """
    data = view.data
    if not has_escapes(data):
        return []
    views: list[TextView] = []
    if (b"\\" in data or b"%" in data) and data.translate(None, _NO_INVISIBLE_START):
        # An escape sequence may contain an invisible character.
        without_invisible = _INVISIBLE_SEQUENCE.sub(lambda match: _decode(match[0]), data)
        if without_invisible != data:
            views.append(SubstitutedView(view, without_invisible, "escapes", _INVISIBLE_SEQUENCE, _decode))
    unescaped = unescape(data)
    if unescaped != data:
        views.append(SubstitutedView(view, unescaped, "escapes", _SINGLE, _decode))
    if b"\\x" in data and _HIGH_BYTE.search(data) and (len(data) <= _LONGEST_UNCHECKED or is_printable(unescaped)):
        characters = _RUNS.sub(lambda match: _decode_as_character(match[0]), data)
        if characters != unescaped:
            views.append(SubstitutedView(view, characters, "escapes", _SINGLE, _decode_as_character))
    return views


@lru_cache(maxsize=16_384)
def _decode(escape: bytes) -> bytes:  # noqa: PLR0911 - one return for each kind of escape sequence is easiest to read
    """Return the bytes that an escape sequence, or a run of sequences of one kind, encodes."""
    first = escape[:1]
    if first == b"\\":
        return _decode_backslash(escape)
    if first == b"%":
        if escape[1:2] in {b"u", b"U"}:
            return _utf16(escape[2:])
        return bytes.fromhex(escape.replace(b"%", b"").decode("ascii"))
    if first == b"&":
        return _decode_entities(escape)
    if first == b"<":
        return b"\n" if _BLOCK_TAG.match(escape) else b""
    if _SPACES.fullmatch(escape):
        return b" "
    return b""


@lru_cache(maxsize=4096)
def _decode_as_character(escape: bytes) -> bytes:
    r"""Decode ``\xHH`` as the character with this code point, and other escape sequences as ``_decode``."""
    if escape.startswith(b"\\x") and escape[2:3] != b"{":
        return bytes.fromhex(escape.replace(b"\\x", b"").decode("ascii")).decode("latin-1").encode()
    return _decode(escape)


def _decode_entities(escape: bytes) -> bytes:
    if escape[1:2] != b"#":
        return html.unescape(escape.decode("ascii")).encode("utf-8", "surrogatepass")
    numbers = escape[2:-1].split(b";&#")
    return b"".join(_character(int(number[1:], 16) if number[:1] in {b"x", b"X"} else int(number)) for number in numbers)


def _decode_backslash(escape: bytes) -> bytes:  # noqa: PLR0911 - one return for each kind of escape sequence is easiest to read
    letter, rest = escape[1:2], escape[2:]
    if letter == b"x" and rest[:1] != b"{" and rest:
        return bytes.fromhex(escape.replace(b"\\x", b"").decode("ascii"))
    if letter == b"u" and rest[:1] != b"{" and rest:
        return _utf16(escape.replace(b"\\u", b""))
    if letter in {b"u", b"x", b"U"} and rest:
        return _character(int(rest.strip(b"{}"), 16))
    if letter == b"N" and rest:
        return _named_character(rest.strip(b"{}").decode("ascii"))
    if letter in {b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7"}:
        return bytes(int(octal, 8) & 0xFF for octal in escape[1:].split(b"\\"))
    # A LaTeX symbol. A sequence with an unknown name is unchanged.
    if letter == b"t" and rest:
        return _LATEX.get(rest.removeprefix(b"ext").rstrip(b"{} "), escape)
    # A backslash at the end of a line continues the line.
    if letter in {b"\r", b"\n"}:
        return b""
    return _SIMPLE.get(letter, letter)


def _utf16(digits: bytes) -> bytes:
    return bytes.fromhex(digits.decode("ascii")).decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")


_LAST_CHARACTER = 0x10FFFF


def _character(number: int) -> bytes:
    return chr(number).encode("utf-8", "surrogatepass") if number <= _LAST_CHARACTER else b""


def _named_character(name: str) -> bytes:
    try:
        return unicodedata.lookup(name).encode()
    except KeyError:
        return name.encode()
