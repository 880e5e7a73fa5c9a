r"""Decodings of a value, protected with it: a PEM written with ``\n``, the password of a URL, base64 of JSON.

A value is decoded four levels deep: a PEM's lines in a JSON file in base64 in an environment file.
Parts that are public, short or common are left out.
"""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote

from zensecrets_jupyter.core.redaction.decoding.decoders.escapes import has_escapes, unescape
from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE, unmaskable_reason
from zensecrets_jupyter.core.redaction.patterns.token_prefixes import NAMED, is_public, leaves
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEVELS = 4
_LONGEST_DECODED = 1 << 20
"""Characters of a value up to which it is decoded; every value that a service takes is shorter."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]{8,}={0,2}\s*")
_HEXADECIMAL = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2}){6,})")
_READABLE = re.compile(r"[\t\r\n -~\u00a0-\ud7ff\ue000-\U0010ffff]+")
_DIGITS_OF_KEYS = frozenset({32, 40, 48, 64, 96, 128})
"""Hexadecimal digits of keys of 16 to 64 bytes."""
_URL = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,40}://[^/?#\s:@]*:(?!\d+[?#])([^/\s]+)@")
# RFC 7617 and RFC 6750.
_SCHEME = re.compile(r"(?:[A-Za-z-]+:\s*)?(?:Bearer|Basic|[Tt]oken|Bot|ApiKey|Digest)\s+(\S{6,})\s*")
_USER_AND_PASSWORD = re.compile(r"[A-Za-z0-9._@+%-]{1,80}:(\S{6,})")
# JDBC, ODBC, ADO.NET, libpq, Azure and signed URLs: `Password=…;`, `PWD={…}`, `password='…'`, `AccountKey=…`, `&sig=…`.
_FIELD = re.compile(
    r"(?:(?<=[?&;:\s])|\A)"
    r"(?:[A-Za-z_ ]{0,40}(?:password|passwd|secret|token)|pwd|_auth|AccountKey|SharedAccessKey|SharedAccessSignature|sig|api_?key|key\d*)"
    r"\s*=\s*(?:\{((?:[^}]|\}\})+)\}|'((?:[^'\\]|\\.|'')+)'|\"((?:[^\"\\]|\\.|\"\")+)\"|([^;&\s]+))",
    re.IGNORECASE,
)
# Elements of XML, statements of SQL, literals of Python, and Oracle's `user/password@host`.
_NAMED_IN_DOCUMENTS = (
    re.compile(r"<(?:\w*(?:[pP]ass(?:word|phrase)|[sS]ecret|[tT]oken))>([^<>]+)</"),
    re.compile(r"\b(?:PASSWORD|IDENTIFIED BY)\s+['\"]([^'\"]+)['\"]", re.IGNORECASE),
    re.compile(r"['\"]\w*(?:password|passwd|pwd|secret|token|key)['\"]:\s*'((?:[^'\\]|\\.)+)'", re.IGNORECASE),
    re.compile(r"\A[\w$#]+/([^\s@/]+)@\S+\Z"),
)
# https://everything.curl.dev/usingcurl/netrc and PostgreSQL, "The Password File".
_NETRC = re.compile(r"\bpassword[ \t]+(\"(?:[^\"\\]|\\.)+\"|\S+)")
_NETRC_ENTRY = re.compile(r"^\s*(?:machine[ \t]+\S+|default)\s+(?:login|account|password)\s", re.MULTILINE)
_PUBLIC_IN_NETRC = re.compile(r"(?:\s*(?:#.*|(?:machine|login|account|password|macdef)\s+\S+|default))+\s*")
_PGPASS = re.compile(r"(?:[^:\\\s]|\\.)+:(?:\d+|\*):(?:[^:\\]|\\.)+:(?:[^:\\]|\\.)+:((?:[^:\\]|\\.)+)")
_QUOTES = frozenset("\"'`")
_SETTING = re.compile(rf"\s*(?:-\s+)?(?:export\s+)?{NAMED}(.*?)[\"',;]*\s*")
_PROPERTY = re.compile(r"[\w.-]{1,80}\s*=\s*[\"']?(.*?)[\"',;]*")
_LINES_OF_A_DOCUMENT = 4
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
        level = [text for inner in level for text in _decoded(inner) if text not in found and not unmaskable_reason(text)]
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


def binary_keys(value: str) -> list[bytes]:
    """Return the bytes of a key in base64 or hexadecimal, such as one of AES or HMAC; none if they are text or of another length."""
    data: list[bytes] = []
    if _HEXADECIMAL.fullmatch(value) and len(value) in _DIGITS_OF_KEYS:
        data.append(bytes.fromhex(value))
    elif value.endswith("=") and _BASE64.fullmatch(value):
        with suppress(binascii.Error):
            data.append(base64.urlsafe_b64decode(value.replace("+", "-").replace("/", "_")))
    return [key for key in data if len(key) * 2 in _DIGITS_OF_KEYS and not _is_text(key)]


def _is_text(data: bytes) -> bool:
    try:
        return _READABLE.fullmatch(data.decode("utf-8")) is not None
    except UnicodeDecodeError:
        return False


def _of_credentials(value: str) -> Iterator[str]:
    """Yield the passwords, keys and tokens in an address, a header, a connection string, or a line of a password file."""
    found = _of_colons(value) if ":" in value else []
    scheme = _SCHEME.fullmatch(value) if " " in value else None
    if scheme:
        found.append(scheme[1])
    for text in (*found, *_of_fields(value), *_of_list(value)):
        if not is_public(text):
            yield text
            if "%" in text:
                yield unquote(text)
            if "\\" in text:
                yield re.sub(r"\\(.)", r"\1", text)


def _of_fields(value: str) -> Iterator[str]:
    """Yield the values of fields whose names say that they are secrets."""
    if "=" in value:
        for braced, single, double, bare in _FIELD.findall(value):
            yield braced.replace("}}", "}") or re.sub(r"\\(.)|''", r"\1", single) or double or bare
    for expression in _NAMED_IN_DOCUMENTS:
        yield from expression.findall(value)
    if "password" in value:
        yield from (text.strip('"') for text in _NETRC.findall(value))


def _of_list(value: str) -> list[str]:
    """Return the keys in a list of keys without blanks."""
    keys = value.split(",") if "," in value and not any(letter.isspace() for letter in value) else []
    return keys if all(map(looks_random, keys)) else []


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
    """Return the lines of ``value`` that are secrets alone: of a setting its value, and no armour, comment, heading or word.

    Of a document with a line that is known to be a secret, lines of words only are left out, such as the code of a settings file.
    """
    found: list[str] = []
    context: list[str] = []
    armoured = "-----BEGIN " in value
    named = _PUBLIC_IN_NETRC if _NETRC_ENTRY.search(value) else _SECTION
    own_lines = [own for line in re.split(r"[\r\n]+", value) if not is_public(own := line.strip())]
    setting_of = _PROPERTY if 2 * sum(map(bool, map(_PROPERTY.fullmatch, own_lines))) > len(own_lines) else _SETTING
    for own in own_lines:
        setting = None if armoured else setting_of.fullmatch(own) or _SETTING.fullmatch(own)
        if setting is not None and setting[1]:
            text = setting[1]
            name = own[: setting.start(1)]
            if not is_public(text) and (_SENSITIVE_NAME.search(name) or looks_random(text)):
                found.append(text)
        elif armoured or not named.fullmatch(own):
            (found if armoured or any(map(is_opaque, own.split())) else context).append(own)
    # Another part of it is known to be a secret by the syntax around it.
    has_credentials = any(expression.search(value) for expression in _NAMED_IN_DOCUMENTS)
    is_document = len(own_lines) >= _LINES_OF_A_DOCUMENT and (found or has_credentials)
    return found if is_document else found + context


def looks_random(text: str) -> bool:
    """Tell whether ``text`` is no word, number, version, path or address, as far as its letters tell."""
    if len(text) < SHORTEST_VALUE or all(_WORDS.fullmatch(word) for word in _LIST.split(text) if word):
        return False
    kinds = sum(any(test(letter) for letter in text) for test in (str.islower, str.isupper, str.isdigit, _is_sign))
    return kinds > 2 or (kinds == 2 and len(text) >= _SHORTEST_RANDOM and text[0] not in "/~.")  # noqa: PLR2004 - kinds of characters


def _is_sign(letter: str) -> bool:
    return not letter.isalnum() and not letter.isspace()
