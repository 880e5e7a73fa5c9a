r"""Decodings of a value, protected with it: a PEM written with ``\n``, the password of a URL, base64 of JSON.

A value is decoded two levels deep. Parts that are public, short or common are left out.
"""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote

from zensecrets_jupyter.core.redaction.decoders.escapes import has_escapes, unescape
from zensecrets_jupyter.core.redaction.token_prefixes import NAMED, is_public, leaves
from zensecrets_jupyter.core.redaction.unprotected import SHORTEST, why_unprotected

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEVELS = 2
_LONGEST_DECODED = 1 << 20
"""Characters of a value up to which it is decoded; every value that a service takes is shorter."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]{8,}={0,2}\s*")
_HEXADECIMAL = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2}){6,})")
_READABLE = re.compile(r"[\t\r\n -~\u00a0-\ud7ff\ue000-\U0010ffff]+")
_URL = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,40}://[^/?#\s:@]*:(?!\d+[?#])([^/\s]+)@")
# RFC 7617 and RFC 6750.
_SCHEME = re.compile(r"(?:[A-Za-z-]+:\s*)?(?:Bearer|Basic|[Tt]oken|Bot|ApiKey|Digest)\s+(\S{6,})\s*")
_USER_AND_PASSWORD = re.compile(r"[A-Za-z0-9._@+%-]{1,80}:(\S{6,})")
# JDBC, ODBC, ADO.NET, libpq, Azure and signed URLs: `Password=…;`, `PWD={…}`, `password='…'`, `AccountKey=…`, `&sig=…`.
_FIELD = re.compile(
    r"(?:(?<=[?&;\s])|\A)"
    r"(?:[A-Za-z ]{0,40}(?:password|passwd|secret|token)|pwd|AccountKey|SharedAccessKey|SharedAccessSignature|sig|api_?key|key)"
    r"\s*=\s*(?:\{((?:[^}]|\}\})+)\}|'((?:[^'\\]|\\.|'')+)'|\"((?:[^\"\\]|\\.|\"\")+)\"|([^;&\s]+))",
    re.IGNORECASE,
)
# https://everything.curl.dev/usingcurl/netrc and PostgreSQL, "The Password File".
_NETRC = re.compile(r"\bpassword[ \t]+(\"(?:[^\"\\]|\\.)+\"|\S+)")
_NETRC_ENTRY = re.compile(r"^\s*(?:machine[ \t]+\S+|default)\s+(?:login|account|password)\s", re.MULTILINE)
_PUBLIC_IN_NETRC = re.compile(r"(?:\s*(?:#.*|(?:machine|login|account|password|macdef)\s+\S+|default))+\s*")
_PGPASS = re.compile(r"(?:[^:\\\s]|\\.)+:(?:\d+|\*):(?:[^:\\]|\\.)+:(?:[^:\\]|\\.)+:((?:[^:\\]|\\.)+)")
_QUOTES = frozenset("\"'`")
_SETTING = re.compile(rf"\s*(?:-\s+)?(?:export\s+)?{NAMED}(.*?)[\"',;]*\s*")
_SECTION = re.compile(r"\s*(?:#.*|//.*|-\s.{0,60}:|[\w.-]{1,60}:|\[[\w. :\"-]{1,80}\]|---|\.\.\.)\s*")
_SENSITIVE_NAME = re.compile(r"pass|pwd|secret|token|key|credential|auth|signature|cookie", re.IGNORECASE)
_WORDS = re.compile(
    r"[A-Za-z]+(?:[-_./:@ ][A-Za-z]+)*|v?\d+(?:\.\d+)*|[\d.:/-]+|(?:https?://)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:/[\w./-]*)?"
)
_SHORTEST_RANDOM = 12
_LIST = re.compile(r"[,;|]\s*")


def decodings_of(value: str) -> list[str]:
    """Return the texts that ``value`` stands for besides itself, without repetition."""
    if len(value) > _LONGEST_DECODED:
        return []
    found: dict[str, None] = {value: None}
    level = [value]
    for _ in range(_LEVELS):
        level = [text for inner in level for text in _decoded(inner) if text not in found and not why_unprotected(text)]
        found.update(dict.fromkeys(level))
    del found[value]
    return list(found)


def _decoded(value: str) -> Iterator[str]:
    stripped = value.strip()
    yield stripped
    if len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in _QUOTES:
        yield stripped[1:-1]
    inside = leaves(value)
    yield from inside
    if not inside and ("\n" in value or "\r" in value):
        yield from lines(value)
    data = value.encode("utf-8", "surrogatepass")
    # What is escaped in JSON is so in its texts only, and those are decoded.
    if not inside and has_escapes(data):
        with suppress(UnicodeDecodeError):
            yield unescape(data).decode("utf-8")
    yield from _of_digits(stripped)
    yield from _of_credentials(stripped)


def _of_digits(value: str) -> Iterator[str]:
    """Yield the text that base64 or hexadecimal digits stand for."""
    digits = _HEXADECIMAL.fullmatch(value)
    data: list[bytes] = []
    if digits:
        data.append(bytes.fromhex(digits[1]))
    if _BASE64.fullmatch(value):
        own = "".join(value.split()).rstrip("=").replace("-", "+").replace("_", "/")
        with suppress(binascii.Error):
            data.append(base64.b64decode(own + "=" * (-len(own) % 4)))
    for one in data:
        try:
            text = one.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if _READABLE.fullmatch(text):
            yield text


def _of_credentials(value: str) -> Iterator[str]:
    """Yield the passwords, keys and tokens in an address, a header, a connection string, or a line of a password file."""
    found = _of_colons(value) if ":" in value else []
    scheme = _SCHEME.fullmatch(value) if " " in value else None
    if scheme:
        found.append(scheme[1])
    if "=" in value:
        for braced, single, double, bare in _FIELD.findall(value):
            found.append(braced.replace("}}", "}") or re.sub(r"\\(.)|''", r"\1", single) or double or bare)
    if "password" in value:
        found += [text.strip('"') for text in _NETRC.findall(value)]
    for text in found:
        if not is_public(text):
            yield text
            if "%" in text:
                yield unquote(text)
            if "\\" in text:
                yield re.sub(r"\\(.)", r"\1", text)


_COLONS_OF_PGPASS = 4


def _of_colons(value: str) -> list[str]:
    """Return the passwords of URLs, of a line of ``.pgpass``, and of ``user:password``."""
    found = _URL.findall(value)
    if value.count(":") >= _COLONS_OF_PGPASS:
        found += _PGPASS.findall(value)
    pair = _USER_AND_PASSWORD.fullmatch(value)
    if pair and "://" not in value and ":" not in pair[1]:
        found.append(pair[1])
    return found


def lines(value: str) -> list[str]:
    """Return the lines of ``value`` that are secrets alone: of a setting its value, and no armour, comment, heading or word."""
    found = []
    armoured = "-----BEGIN " in value
    named = _PUBLIC_IN_NETRC if _NETRC_ENTRY.search(value) else _SECTION
    for line in re.split(r"[\r\n]+", value):
        own = line.strip()
        if is_public(own):
            continue
        setting = None if armoured else _SETTING.fullmatch(own)
        if setting is not None and setting[1]:
            text = setting[1]
            name = own[: setting.start(1)]
            if not is_public(text) and (_SENSITIVE_NAME.search(name) or looks_random(text)):
                found.append(text)
        elif armoured or not named.fullmatch(own):
            found.append(own)
    return found


def looks_random(text: str) -> bool:
    """Tell whether ``text`` is no word, number, version, path or address, as far as its letters tell."""
    if len(text) < SHORTEST or all(_WORDS.fullmatch(word) for word in _LIST.split(text) if word):
        return False
    kinds = sum(any(test(letter) for letter in text) for test in (str.islower, str.isupper, str.isdigit, _is_sign))
    return kinds > 2 or (kinds == 2 and len(text) >= _SHORTEST_RANDOM and text[0] not in "/~.")  # noqa: PLR2004 - kinds of characters


def _is_sign(letter: str) -> bool:
    return not letter.isalnum() and not letter.isspace()
