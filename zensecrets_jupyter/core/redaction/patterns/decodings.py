r"""Decodings of a value: texts in it that are secrets too.

Examples are the password of a URL, and a PEM key that is written with ``\n``.

A value is decoded up to four levels deep, for example the lines of a PEM key in a JSON file in base64 in an environment file. Public, short
and common parts are left out.
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
from zensecrets_jupyter.core.redaction.patterns.token_prefixes import NAMED, is_public, secret_leaves
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEVELS = 4
"""Number of nested encodings that are decoded."""
_LONGEST_DECODED = 1 << 20
"""Maximum length of a value that is decoded. The values that services accept are shorter."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]{8,}={0,2}\s*")
_HEXADECIMAL = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2}){6,})")
# A text of printable characters.
_READABLE = re.compile(r"[\t\r\n -~\u00a0-\ud7ff\ue000-\U0010ffff]+")
_KEY_DIGIT_COUNTS = frozenset({32, 40, 48, 64, 96, 128})
"""Numbers of hexadecimal digits of the usual encryption keys, which have 16 to 64 bytes."""
# A URL with a password. Digits before "?" or "#" are a port and no password.
_URL = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,40}://[^/?#\s:@]*:(?!\d+[?#])([^/\s]+)@")
# The schemes of an Authorization header (RFC 7617, RFC 6750).
_SCHEME = re.compile(r"(?:[A-Za-z-]+:\s*)?(?:Bearer|Basic|[Tt]oken|Bot|ApiKey|Digest)\s+(\S{6,})\s*")
# The pair user:password.
_USER_AND_PASSWORD = re.compile(r"[A-Za-z0-9._@+%-]{1,80}:(\S{6,})")
# The fields of JDBC, ODBC, ADO.NET, libpq, Azure and signed URLs: `Password=…;`, `PWD={…}`, `password='…'`, `AccountKey=…`, `&sig=…`.
_FIELD = re.compile(
    r"(?:(?<=[?&;:\s])|\A)"
    r"(?:[A-Za-z_ ]{0,40}(?:password|passwd|secret|token)|pwd|_auth|AccountKey|SharedAccessKey|SharedAccessSignature|sig|api_?key|key\d*)"
    r"\s*=\s*(?:\{((?:[^}]|\}\})+)\}|'((?:[^'\\]|\\.|'')+)'|\"((?:[^\"\\]|\\.|\"\")+)\"|([^;&\s]+))",
    re.IGNORECASE,
)
# Elements of XML, statements of SQL, Python dicts, and Oracle's `user/password@host`.
_NAMED_SECRETS = (
    re.compile(r"<(?:\w*(?:[pP]ass(?:word|phrase)|[sS]ecret|[tT]oken))>([^<>]+)</"),
    re.compile(r"\b(?:PASSWORD|IDENTIFIED BY)\s+['\"]([^'\"]+)['\"]", re.IGNORECASE),
    re.compile(r"['\"]\w*(?:password|passwd|pwd|secret|token|key)['\"]:\s*'((?:[^'\\]|\\.)+)'", re.IGNORECASE),
    re.compile(r"\A[\w$#]+/([^\s@/]+)@\S+\Z"),
)
# The password files .netrc of curl (https://everything.curl.dev/usingcurl/netrc) and .pgpass of PostgreSQL ("The Password File").
_NETRC = re.compile(r"\bpassword[ \t]+(\"(?:[^\"\\]|\\.)+\"|\S+)")
_NETRC_ENTRY = re.compile(r"^\s*(?:machine[ \t]+\S+|default)\s+(?:login|account|password)\s", re.MULTILINE)
# A line with only the fields of .netrc. It counts as public, because _NETRC finds the password in it.
_PUBLIC_IN_NETRC = re.compile(r"(?:\s*(?:#.*|(?:machine|login|account|password|macdef)\s+\S+|default))+\s*")
_PGPASS = re.compile(r"(?:[^:\\\s]|\\.)+:(?:\d+|\*):(?:[^:\\]|\\.)+:(?:[^:\\]|\\.)+:((?:[^:\\]|\\.)+)")
_QUOTES = frozenset("\"'`")
# A line with a setting, in the usual formats and in the format of Java properties.
_SETTING = re.compile(rf"\s*(?:-\s+)?(?:export\s+)?{NAMED}(.*?)[\"',;]*\s*")
_PROPERTY = re.compile(r"[\w.-]{1,80}\s*=\s*[\"']?(.*?)[\"',;]*")
_LINES_OF_A_DOCUMENT = 4
"""Minimum number of lines of a document. In a shorter text, lines of words may be secrets."""
# A comment, a heading or a separator.
_SECTION = re.compile(r"\s*(?:#.*|//.*|-\s.{0,60}:|[\w.-]{1,60}:|\[[\w. :\"-]{1,80}\]|---|\.\.\.)\s*")
_SENSITIVE_NAME = re.compile(r"pass|pwd|secret|token|key|credential|auth|signature|cookie", re.IGNORECASE)
# A text of words, a number, a version, an address or a URL.
_WORDS = re.compile(
    r"[A-Za-z]+(?:[-_./:@ ][A-Za-z]+)*|v?\d+(?:\.\d+)*|[\d.:/-]+|(?:https?://)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:/[\w./-]*)?"
)
_SHORTEST_RANDOM = 12
"""Minimum length of a text that looks random although it has only two kinds of characters, such as small letters and digits."""
_LIST_SEPARATOR = re.compile(r"[,;|]\s*")


def decodings_of(value: str) -> list[str]:
    """Return the texts that ``value`` encodes or contains as secrets, without duplicates and without ``value``."""
    if len(value) > _LONGEST_DECODED:
        return []
    texts: dict[str, None] = {value: None}
    level = [value]
    for _ in range(_LEVELS):
        level = [text for encoded_text in level for text in _decode_once(encoded_text) if text not in texts and not unmaskable_reason(text)]
        texts.update(dict.fromkeys(level))
    del texts[value]
    return list(texts)


def _decode_once(value: str) -> Iterator[str]:
    """Yield the texts that ``value`` encodes or contains directly, on one level of decoding."""
    stripped = value.strip()
    yield stripped
    if len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in _QUOTES:
        yield stripped[1:-1]
    leaves = secret_leaves(value)
    yield from leaves
    if not leaves and ("\n" in value or "\r" in value):
        yield from secret_lines(value)
    data = value.encode("utf-8", "surrogatepass")
    # Escape sequences in JSON are only in its strings, which secret_leaves() has decoded already.
    if not leaves and has_escapes(data):
        with suppress(UnicodeDecodeError):
            yield unescape(data).decode("utf-8")
    yield from _texts_in_digits(stripped)
    yield from _credentials(stripped)


def _texts_in_digits(value: str) -> Iterator[str]:
    """Yield the texts that ``value`` encodes in base64 or hexadecimal."""
    # Hexadecimal digits are also digits of base64, so both decodings may exist.
    digits = _HEXADECIMAL.fullmatch(value)
    data: list[bytes] = []
    if digits:
        data.append(bytes.fromhex(digits[1]))
    if _BASE64.fullmatch(value):
        base64_digits = "".join(value.split()).rstrip("=").replace("-", "+").replace("_", "/")
        with suppress(binascii.Error):
            data.append(base64.b64decode(base64_digits + "=" * (-len(base64_digits) % 4)))
    for decoded in data:
        try:
            text = decoded.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if _READABLE.fullmatch(text):
            yield text


def binary_keys(value: str) -> list[bytes]:
    """Return the bytes of a binary key in base64 or hexadecimal; at most one.

    A binary key is an encryption key, such as one of AES or HMAC. The result is empty if the bytes are text, or if their number is not
    usual for an encryption key.
    """
    data: list[bytes] = []
    hexadecimal = _HEXADECIMAL.fullmatch(value)
    if hexadecimal and len(hexadecimal[1]) in _KEY_DIGIT_COUNTS:
        data.append(bytes.fromhex(hexadecimal[1]))
    elif value.endswith("=") and _BASE64.fullmatch(value):
        with suppress(binascii.Error):
            data.append(base64.urlsafe_b64decode(value.replace("+", "-").replace("/", "_")))
    return [key for key in data if len(key) * 2 in _KEY_DIGIT_COUNTS and not _is_text(key)]


def _is_text(data: bytes) -> bool:
    try:
        return _READABLE.fullmatch(data.decode("utf-8")) is not None
    except UnicodeDecodeError:
        return False


def _credentials(value: str) -> Iterator[str]:
    """Yield the passwords, keys and tokens in ``value``.

    They are in a URL, a header, a connection string, or a line of a password file.
    """
    credentials = _passwords_after_colons(value) if ":" in value else []
    scheme = _SCHEME.fullmatch(value) if " " in value else None
    if scheme:
        credentials.append(scheme[1])
    for text in (*credentials, *_secret_fields(value), *_keys_in_list(value)):
        if not is_public(text):
            yield text
            if "%" in text:
                yield unquote(text)
            if "\\" in text:
                yield re.sub(r"\\(.)", r"\1", text)


def _secret_fields(value: str) -> Iterator[str]:
    """Yield the values of fields with names such as "password"."""
    if "=" in value:
        # One of the four groups of _FIELD matches, and the other ones are empty.
        for braced, single_quoted, double_quoted, unquoted in _FIELD.findall(value):
            yield braced.replace("}}", "}") or re.sub(r"\\(.)|''", r"\1", single_quoted) or double_quoted or unquoted
    for expression in _NAMED_SECRETS:
        yield from expression.findall(value)
    if "password" in value:
        yield from (text.strip('"') for text in _NETRC.findall(value))


def _keys_in_list(value: str) -> list[str]:
    """Return the API keys in a list with commas and without blanks.

    The result is empty if an item of the list does not look random.
    """
    keys = value.split(",") if "," in value and not any(character.isspace() for character in value) else []
    return keys if all(map(looks_random, keys)) else []


_COLONS_OF_PGPASS = 4
"""Number of colons in a line of ``.pgpass``: ``host:port:database:user:password``."""


def _passwords_after_colons(value: str) -> list[str]:
    """Return the passwords in URLs, in a line of ``.pgpass``, and in ``user:password``."""
    passwords = _URL.findall(value)
    if value.count(":") >= _COLONS_OF_PGPASS:
        passwords += _PGPASS.findall(value)
    pair = _USER_AND_PASSWORD.fullmatch(value)
    if pair and "://" not in value and ":" not in pair[1]:
        passwords.append(pair[1])
    return passwords


def secret_lines(value: str) -> list[str]:
    """Return the lines of ``value`` that are secrets by themselves.

    For a setting, such as ``password = x``, only the text after the separator is returned. Public lines are left out: the first and the
    last line of a PEM key, comments, headings and common words. Other lines of words are left out only in a document that certainly
    contains a secret, because they may be the code of a settings file.
    """
    certain_secrets: list[str] = []
    possible_secrets: list[str] = []
    is_pem = "-----BEGIN " in value
    public_line = _PUBLIC_IN_NETRC if _NETRC_ENTRY.search(value) else _SECTION
    lines = [line for full_line in re.split(r"[\r\n]+", value) if not is_public(line := full_line.strip())]
    property_count = sum(_PROPERTY.fullmatch(line) is not None for line in lines)
    # If most lines are Java properties, a name before "=" need not be one of the names in _SETTING.
    usual_setting = _PROPERTY if 2 * property_count > len(lines) else _SETTING
    for line in lines:
        setting = None if is_pem else usual_setting.fullmatch(line) or _SETTING.fullmatch(line)
        if setting is not None and setting[1]:
            text = setting[1]
            name = line[: setting.start(1)]
            if not is_public(text) and (_SENSITIVE_NAME.search(name) or looks_random(text)):
                certain_secrets.append(text)
        elif is_pem or not public_line.fullmatch(line):
            # A line with a random word is certainly a secret. A line of words may be one.
            is_certain = is_pem or any(map(is_opaque, line.split()))
            (certain_secrets if is_certain else possible_secrets).append(line)
    has_credentials = any(expression.search(value) for expression in _NAMED_SECRETS)
    is_document = len(lines) >= _LINES_OF_A_DOCUMENT and (certain_secrets or has_credentials)
    return certain_secrets if is_document else certain_secrets + possible_secrets


def looks_random(text: str) -> bool:
    """Return whether ``text`` looks random.

    A text of words, a number, a version, a path or an address does not.
    """
    if len(text) < SHORTEST_VALUE or all(_WORDS.fullmatch(word) for word in _LIST_SEPARATOR.split(text) if word):
        return False
    kind_count = sum(any(is_kind(character) for character in text) for is_kind in (str.islower, str.isupper, str.isdigit, _is_punctuation))
    return kind_count > 2 or (kind_count == 2 and len(text) >= _SHORTEST_RANDOM and text[0] not in "/~.")  # noqa: PLR2004 - 2 counts kinds of characters, of which there are four


def _is_punctuation(character: str) -> bool:
    return not character.isalnum() and not character.isspace()
