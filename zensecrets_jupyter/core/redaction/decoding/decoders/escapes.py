"""Escape sequences of all kinds at once: backslashes, percent signs, HTML and XML, terminal sequences, invisible characters.

They are decoded together, since code mixes them and none of them says which one it is. What a value itself decodes to is protected with it,
so that a text that is decoded too far still matches.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from zensecrets_jupyter.core.redaction.decoding.runs import is_printable
from zensecrets_jupyter.core.redaction.decoding.views import SubstitutedView, TextView

ESCAPE_STARTS = (b"\\", b"%", b"&", b"<", b"\x1b", b"\xc2", b"\xe2", b"\xe3", b"\xef", b"\0")
"""Bytes that an escape sequence begins with."""
_NO_START = bytes(byte for byte in range(256) if bytes([byte]) not in ESCAPE_STARTS)

# Each alternative stands behind the byte that it begins with: a search for one of those bytes is fast.
# ECMA-48, 5th edition, 5.3 to 5.6: control sequences, control strings; ECMA-35: designations of character sets.
_ANSI = (
    r"(?<=\x1b)(?:\[[0-?]*[ -/]*[@-~]|[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-Z`-~]|\\(?!\[))"
    r"|(?<=\xc2)(?:\x9b[0-?]*[ -/]*[@-~]|[\x80-\x9f])"
)
_BACKSLASH_RUNS = r"x[0-9A-Fa-f]{2}(?:\\x[0-9A-Fa-f]{2})*|u[0-9A-Fa-f]{4}(?:\\u[0-9A-Fa-f]{4})*|[0-3][0-7]{2}(?:\\[0-3][0-7]{2})*"
_BACKSLASH_ONE = r"x[0-9A-Fa-f]{2}|u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[0-3][0-7]{2}"
_BACKSLASH = r"[ux]\{[0-9A-Fa-f]{1,6}\}|U[0-9A-Fa-f]{8}|N\{[A-Za-z0-9 -]{2,90}\}|[0-7]{1,2}|text[a-z]{3,20}(?:\{\})? ?|\r?\n|[\x00-\xff]"
_PERCENT_RUNS = r"%?[0-9A-Fa-f]{2}(?:%%?[0-9A-Fa-f]{2})*"
_PERCENT_ONE = r"%?[0-9A-Fa-f]{2}"
_ENTITY_RUNS = r"\#[0-9]{1,7};(?:&\#[0-9]{1,7};)*|\#[xX][0-9A-Fa-f]{1,6};(?:&\#[xX][0-9A-Fa-f]{1,6};)*"
_ENTITY_ONE = r"\#[0-9]{1,7};|\#[xX][0-9A-Fa-f]{1,6};"
# Elements that stand inside of a text or around it, in HTML and SVG; any other word behind a "<" may belong to a value.


def _by_first_letter(words: str) -> str:
    """Return a regular expression of ``words`` in either case that tries only those with the right first letter."""
    rests: dict[str, list[str]] = {}
    for word in words.split("|"):
        rests.setdefault(word[0], []).append(word[1:])
    return "|".join(f"[{letter}{letter.upper()}](?i:{'|'.join(own)})" for letter, own in rests.items())


_ELEMENTS = (
    "a|abbr|address|article|aside|b|big|blockquote|body|br|button|caption|center|cite|code|col|colgroup|dd|del|details|dfn|div|dl|dt|em"
    "|figcaption|figure|font|footer|form|g|h[1-6]|head|header|hr|html|i|img|input|ins|kbd|label|legend|li|link|main|mark|meta|nav|nobr|ol"
    "|option|p|path|pre|q|s|samp|script|section|select|small|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|text|textarea"
    "|tfoot|th|thead|time|title|tr|tspan|tt|u|ul|use|var|wbr"
)
_TAG = rf"(?<=<)(?:/?(?:{_by_first_letter(_ELEMENTS)})(?=[\s/>])|!--|(?i:!DOCTYPE))(?:[^<>\x1b\xe2]|\xe2(?!\x80[\x8b-\x8f])){{0,2000}}>"
# Zero-width characters, joiners and directions; soft hyphen; box drawing; spaces of other widths; the zeros of UTF-16.
_INVISIBLE = (
    r"(?<=\xe2)(?:\x80[\x8b-\x8f\xaa-\xae\x80-\x8a\xaf]|\x81[\xa0-\xaf]|[\x94\x95][\x80-\xbf])"
    r"|(?<=\xef)\xbb\xbf|(?<=\xc2)[\xad\xa0]|(?<=\xe3)\x80\x80|(?<=\x00)\x00*"
)


def _compiled(starts: str, *parts: str) -> re.Pattern[bytes]:
    return re.compile(f"[{starts}](?:{'|'.join(parts)})".encode("latin-1"))


def _all(backslash: str, percent: str, entity: str) -> re.Pattern[bytes]:
    return _compiled(
        r"\\%&<\x1b\xc2\xe2\xe3\xef\x00",
        rf"(?<=\\)(?:{backslash}|{_BACKSLASH})",
        rf"(?<=%)(?:{percent}|u[0-9A-Fa-f]{{4}})",
        rf"(?<=&)(?:{entity}|[A-Za-z][A-Za-z0-9]{{1,31}};)",
        _TAG,
        _ANSI,
        _INVISIBLE,
    )


_MANY = _all(_BACKSLASH_RUNS, _PERCENT_RUNS, _ENTITY_RUNS)
_ONE = _all(_BACKSLASH_ONE, _PERCENT_ONE, _ENTITY_ONE)
_WRITTEN = (
    (b"\\", _compiled(r"\\", rf"(?<=\\)(?:{_BACKSLASH_RUNS}|{_BACKSLASH})")),
    (b"%", _compiled("%", rf"(?<=%)(?:{_PERCENT_RUNS}|u[0-9A-Fa-f]{{4}})")),
    (b"&", _compiled("&", rf"(?<=&)(?:{_ENTITY_RUNS}|[A-Za-z][A-Za-z0-9]{{1,31}};)")),
    (b"<", _compiled("<", _TAG)),
)
"""The families of escape sequences that people write, each by the byte that it begins with."""
_FAMILIES = (*_WRITTEN, *((start, _compiled(start.decode("latin-1"), _ANSI, _INVISIBLE)) for start in (b"\xc2", b"\xe2", b"\xe3", b"\xef")))
_ALWAYS_ESCAPES = (b"\\", b"\x1b", b"\0")
"""Bytes that are decoded whatever follows."""
_COMMON = {rb"\"": b'"', rb"\'": b"'", rb"\/": b"/", rb"\n": b"\n", rb"\t": b"\t", rb"\r": b"\r"}
_MANY_BACKSLASHES = 64
_PLACEHOLDER = b"\xff"
"""A byte that is in no UTF-8, for a backslash that is decoded already."""
_MOST_PARTLY = 24
_LONG = 4096
_SHOWN_AS_NOTHING = _compiled(r"<\x1b\xc2\xe2\xe3\xef\x00", _TAG, _ANSI, _INVISIBLE)
_SHOWN = bytes(byte for byte in range(256) if byte not in b"<\x1b\xc2\xe2\xe3\xef\x00")
_LONG_TEXT = 1 << 14
"""Bytes from which on bytes outside ASCII are taken for characters only if most of the text is text."""
_HIGH_BYTE = re.compile(rb"\\x[89A-Fa-f][0-9A-Fa-f]")
_BLOCK_TAG = re.compile(rb"</?(?:br|p|div|td|th|tr|li|ul|ol|pre|table|thead|tbody|h[1-6]|hr|section)\b", re.IGNORECASE)
_SPACES = re.compile(rb"\xc2\xa0|\xe2\x80[\x80-\x8a\xaf]|\xe3\x80\x80")


_SIMPLE = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"a": b"\a", b"e": b"\x1b"}
# LaTeX, "text" symbols: https://www.latex-project.org/help/documentation/encguide.pdf
_LATEX = {
    b"backslash": b"\\", b"asciitilde": b"~", b"asciicircum": b"^", b"underscore": b"_", b"dollar": b"$", b"bar": b"|", b"less": b"<",
    b"greater": b">", b"quotesingle": b"'", b"quotedbl": b'"', b"asciigrave": b"`", b"braceleft": b"{", b"braceright": b"}",
}  # fmt: skip


def has_escapes(data: bytes) -> bool:
    """Tell whether there may be an escape sequence in ``data``. ``False`` is certain."""
    if not data.translate(None, _NO_START):
        return False
    if any(start in data for start in _ALWAYS_ESCAPES):
        return True
    return any(start in data and family.search(data) is not None for start, family in _FAMILIES)


def unescape(data: bytes) -> bytes:
    r"""Return ``data`` with every escape sequence decoded; ``\xHH`` is a byte."""
    if not has_escapes(data):
        return data
    if data.count(b"\\") >= _MANY_BACKSLASHES and _PLACEHOLDER not in data and b"\x1b" not in data:
        # The commonest escape sequences one kind after the other: that is ten times as fast as one by one.
        data = data.replace(b"\\\\", _PLACEHOLDER)
        for escape, character in _COMMON.items():
            if escape in data and (escape != rb"\t" or rb"\text" not in data):
                data = data.replace(escape, character)
        return _MANY.sub(lambda match: _decode(match[0]), data).replace(_PLACEHOLDER, b"\\")
    return _MANY.sub(lambda match: _decode(match[0]), data)


def partly_unescaped(data: bytes) -> list[bytes]:
    r"""Return ``data`` with the escape sequences of some families replaced, and of all, each perhaps twice.

    A password such as ``a%4e\\x41`` is no encoded text, but the view of a text in which it stands may have decoded any of it.
    """
    if not has_escapes(data):
        return []
    if len(data) > _LONG:
        return [new] if (new := unescape(data)) != data else []
    found = {data: None}
    waiting = [data]
    while waiting and len(found) < _MOST_PARTLY:
        own = waiting.pop(0)
        for start, family in _WRITTEN:
            if start in own:
                new = family.sub(lambda match: _decode(match[0]), own)
                if new not in found:
                    found[new] = None
                    waiting.append(new)
    return list(found)[1:]


def unescaped(view: TextView) -> list[TextView]:
    r"""Return views of ``view`` with its escape sequences decoded; ``\xHH`` as a byte and as a character."""
    data = view.data
    if not has_escapes(data):
        return []
    views: list[TextView] = []
    if (b"\\" in data or b"%" in data) and data.translate(None, _SHOWN):
        # What is invisible may stand inside of an escape sequence.
        shown = _SHOWN_AS_NOTHING.sub(lambda match: _decode(match[0]), data)
        if shown != data:
            views.append(SubstitutedView(view, shown, "escapes", _SHOWN_AS_NOTHING, _decode))
    new = unescape(data)
    if new != data:
        views.append(SubstitutedView(view, new, "escapes", _ONE, _decode))
    if b"\\x" in data and _HIGH_BYTE.search(data) and (len(data) <= _LONG_TEXT or is_printable(new)):
        characters = _MANY.sub(lambda match: _decode_as_character(match[0]), data)
        if characters != new:
            views.append(SubstitutedView(view, characters, "escapes", _ONE, _decode_as_character))
    return views


@lru_cache(maxsize=16_384)
def _decode(escape: bytes) -> bytes:  # noqa: PLR0911 - one answer for each kind of escape
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
    if escape.startswith(b"\\x") and escape[2:3] != b"{":
        return bytes.fromhex(escape.replace(b"\\x", b"").decode("ascii")).decode("latin-1").encode()
    return _decode(escape)


def _decode_entities(escape: bytes) -> bytes:
    if escape[1:2] != b"#":
        return html.unescape(escape.decode("ascii")).encode("utf-8", "surrogatepass")
    numbers = escape[2:-1].split(b";&#")
    return b"".join(_character(int(number[1:], 16) if number[:1] in {b"x", b"X"} else int(number)) for number in numbers)


def _decode_backslash(escape: bytes) -> bytes:  # noqa: PLR0911 - one answer for each kind of escape
    kind, rest = escape[1:2], escape[2:]
    if kind == b"x" and rest[:1] != b"{" and rest:
        return bytes.fromhex(escape.replace(b"\\x", b"").decode("ascii"))
    if kind == b"u" and rest[:1] != b"{" and rest:
        return _utf16(escape.replace(b"\\u", b""))
    if kind in {b"u", b"x", b"U"} and rest:
        return _character(int(rest.strip(b"{}"), 16))
    if kind == b"N" and rest:
        return _named(rest.strip(b"{}").decode("ascii"))
    if kind in {b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7"}:
        return bytes(int(octal, 8) & 0xFF for octal in escape[1:].split(b"\\"))
    if kind == b"t" and rest:
        return _LATEX.get(rest.removeprefix(b"ext").rstrip(b"{} "), escape)
    if kind in {b"\r", b"\n"}:
        return b""
    return _SIMPLE.get(kind, kind)


def _utf16(digits: bytes) -> bytes:
    return bytes.fromhex(digits.decode("ascii")).decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")


_LAST_CHARACTER = 0x10FFFF


def _character(number: int) -> bytes:
    return chr(number).encode("utf-8", "surrogatepass") if number <= _LAST_CHARACTER else b""


def _named(name: str) -> bytes:
    try:
        return unicodedata.lookup(name).encode()
    except KeyError:
        return name.encode()
