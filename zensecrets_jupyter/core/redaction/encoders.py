"""Encoders: the ways in which everyday code writes a value.

Tests and the self-test check that the redactor masks a value in each encoding and in two nested encodings. The redactor itself does not
use this module, because it decodes the text that it searches.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import pprint
import quopri
import re
import shlex
import textwrap
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _utf8(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _utf16(value: str) -> bytes:
    return value.encode("utf-16-le", "surrogatepass")


def _replace_each(replace: Callable[[str], str], characters: str = r"[^0-9A-Za-z]") -> Callable[[str], str]:
    """Return an encoder that replaces some characters.

    Args:
        replace: Returns the replacement of a character.
        characters: The regular expression of the characters to replace.
    """
    expression = re.compile(characters, re.DOTALL)
    return lambda value: expression.sub(lambda match: replace(match[0]), value)


def _utf16_units(character: str, template: str) -> str:
    """Return ``template`` formatted with each UTF-16 code unit of ``character``."""
    data = character.encode("utf-16-be", "surrogatepass")
    return "".join(template.format(data[start] << 8 | data[start + 1]) for start in range(0, len(data), 2))


def _repr(quotes: str, value: str) -> str:
    """Return the output of ``repr`` without its outer quotes, and with ``quotes`` escaped."""
    # With a double quote in the text, repr uses single quotes, and escapes the single quotes in the text.
    text = repr('"' + value)[2:-1].replace("\\'", "'") if "'" in value else repr(value)[1:-1]
    return "".join(f"\\{character}" if character in quotes else character for character in text)


def _bytes_repr(data: bytes) -> str:
    """Return the ``repr`` of bytes without prefix and outer quotes, and with inner quotes unescaped."""
    return repr(b'"' + data)[3:-1].replace("\\'", "'")


def _json(value: str, *, ensure_ascii: bool = True) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii)[1:-1]


def _name_escape(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"\\N{{{name}}}" if name else f"\\U{ord(character):08x}"


def _bash_ansi_c(character: str) -> str:
    return {"\n": "\\n", "\t": "\\t", "'": "\\'", "\\": "\\\\"}.get(character) or "".join(f"\\{byte:03o}" for byte in _utf8(character))


def _quoted_printable(value: str) -> str:
    return quopri.encodestring(_utf8(value), quotetabs=True).decode("ascii")


def _encoded_words(value: str, encoding: str) -> str:
    """Return ``value`` as encoded words of RFC 2047, in the encoding ``b`` (base64) or ``q`` (similar to quoted-printable)."""
    # An encoded word has at most 75 characters (RFC 2047), so a long value has several words.
    if encoding == "b":
        return " ".join(f"=?utf-8?b?{base64.b64encode(_utf8(part)).decode()}?=" for part in _parts(value, 15))
    safe = re.compile(rb"[A-Za-z0-9]")
    words = []
    for part in _parts(value, 15):
        encoded = "".join(chr(byte) if safe.match(bytes([byte])) else "_" if byte == 0x20 else f"={byte:02X}" for byte in _utf8(part))  # noqa: PLR2004 - 0x20 is the code of a blank in ASCII
        words.append(f"=?utf-8?q?{encoded}?=")
    return "\n ".join(words)


def _imap(value: str) -> str:
    """Return ``value`` in the UTF-7 of IMAP (RFC 3501), which writes characters outside ASCII as base64 between ``&`` and ``-``."""

    def replace(run: str) -> str:
        if run == "&":
            return "&-"
        return "&" + base64.b64encode(run.encode("utf-16-be", "surrogatepass")).decode().rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", lambda match: replace(match[0]), value)


_LATEX = {
    "\\": "\\textbackslash ", "~": "\\textasciitilde ", "^": "\\textasciicircum ", **{sign: f"\\{sign}" for sign in "_%$#{}&"},
}  # fmt: skip


def _parts(value: str, width: int) -> list[str]:
    """Return ``value`` in parts of ``width`` characters."""
    return [value[start : start + width] for start in range(0, len(value), width)]


def _wrapped_base64(value: str, width: int, *, indent: str = "") -> str:
    return "\n".join(indent + line for line in _parts(base64.b64encode(_utf8(value)).decode(), width))


def _base64_between(value: str, before: bytes, after: bytes) -> str:
    """Return the base64 of a value with other bytes around it, which change its digits."""
    return base64.b64encode(before + _utf8(value) + after).decode()


def _dump(value: str, format_row: Callable[[int, bytes], str]) -> str:
    """Return a dump with 16 bytes in each row."""
    data = _utf8(value)
    return "\n".join(format_row(start, data[start : start + 16]) for start in range(0, len(data), 16))


def _text_column(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)  # noqa: PLR2004 - these are the limits of printable ASCII


# Each of the following functions returns one row of a dump. Its arguments are the address of the row and its bytes. The widths, such as 39,
# are those of a full row, so that the text column of a short last row is aligned.


def _xxd(start: int, data: bytes) -> str:
    groups = " ".join(data[offset : offset + 2].hex() for offset in range(0, len(data), 2))
    return f"{start:08x}: {groups:<39}  {_text_column(data)}"


def _hexdump(start: int, data: bytes) -> str:
    return f"{start:08x}  {data[:8].hex(' '):<23}  {data[8:].hex(' '):<23}  |{_text_column(data)}|"


def _hexdump_words(start: int, data: bytes) -> str:
    padded = data + b"\0" * (len(data) % 2)
    return f"{start:07x} " + " ".join(padded[offset : offset + 2][::-1].hex() for offset in range(0, len(padded), 2))


def _od(start: int, data: bytes) -> str:
    padded = data + b"\0" * (len(data) % 2)
    return f"{start:07o} " + " ".join(f"{int.from_bytes(padded[offset : offset + 2], 'little'):06o}" for offset in range(0, len(padded), 2))


def _od_characters(start: int, data: bytes) -> str:
    names = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 92: "\\\\"}
    cells = (names.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"{byte:03o}") for byte in data)  # noqa: PLR2004 - these are the limits of printable ASCII
    return f"{start:07o}" + "".join(f"{cell:>4}" for cell in cells)


def _curl(start: int, data: bytes) -> str:
    return f"{start:04x}: {data.hex(' '):<47} {_text_column(data)}"


def _box_table(value: str, width: int) -> str:
    """Return a table with box-drawing borders, in which the cell of the value is wrapped."""
    rows = _parts(" ".join(value.splitlines()), width) or [""]
    lines = [f"│ {'token' if index == 0 else '':<5} │ {row:<{width}} │ {'x' if index == 0 else ' '} │" for index, row in enumerate(rows)]
    edge = f"─{'─' * 5}─┬─{'─' * width}─┬───"
    return "\n".join([f"┌{edge}┐", *lines, f"└{edge}┘"])


def _pipe_table(value: str, width: int) -> str:
    """Return a table with vertical bars as borders, in which the cell of the value is wrapped."""
    rows = _parts(" ".join(value.splitlines()), width) or [""]
    return "\n".join(f"| {row:<{width}} | {'1' if index == 0 else ' '} |" for index, row in enumerate(rows))


def _html_spans(value: str) -> str:
    """Return a value whose parts are in ``span`` elements, as syntax highlighters write them."""
    return "".join(f'<span class="c{index}">{html.escape(part)}</span>' for index, part in enumerate(_parts(value, 7)))


ENCODERS: Mapping[str, Callable[[str], str]] = {
    "plain": lambda value: value,
    # Escapes of programming languages.
    "repr": lambda value: _repr("", value),
    "repr with single quotes escaped": lambda value: _repr("'", value),
    "repr with double quotes escaped": lambda value: _repr('"', value),
    "ascii": lambda value: ascii(value)[1:-1],
    "bytes repr": lambda value: _bytes_repr(_utf8(value)),
    "bytes repr with single quotes escaped": lambda value: _bytes_repr(_utf8(value)).replace("'", "\\'"),
    "UTF-16 repr": lambda value: _bytes_repr(_utf16(value)),
    "JSON": _json,
    "JSON without ensure_ascii": lambda value: _json(value, ensure_ascii=False),
    "JSON in a script": lambda value: _replace_each(lambda character: f"\\u{ord(character):04x}", "[<>&']")(_json(value)),
    "JSON with slashes escaped": lambda value: _json(value).replace("/", "\\/"),
    "JSON of .NET": _replace_each(lambda character: _utf16_units(character, "\\u{:04X}"), "[^0-9A-Za-z ./:=_-]"),
    "JavaScript": _replace_each(lambda character: f"\\u{{{ord(character):x}}}"),
    "Java": _replace_each(lambda character: _utf16_units(character, "\\u{:04x}"), r"[^ -\[\]-~]|\\"),
    "C": _replace_each(lambda character: "".join(f"\\{byte:03o}" for byte in _utf8(character))),
    "hexadecimal escapes": lambda value: "".join(f"\\x{byte:02x}" for byte in _utf8(value)),
    "long escapes": _replace_each(lambda character: f"\\U{ord(character):08x}"),
    "names of characters": _replace_each(_name_escape),
    # Quoting.
    "shell": lambda value: shlex.quote(value)[1:-1] if shlex.quote(value) != value else value,
    "shell with backslashes in quotes": lambda value: value.replace("'", "'\\''"),
    "shell with backslashes": _replace_each(lambda character: f"\\{character}", r"[^0-9A-Za-z_./\n\x80-\U0010ffff]"),
    "shell, ANSI C": _replace_each(_bash_ansi_c, r"[^ -&(-\[\]-~]"),
    "PowerShell": _replace_each(lambda character: f"`{character}", "[`$\"']"),
    "cmd": _replace_each(lambda character: f"^{character}", '[&|<>^()"%]'),
    "single quotes doubled": lambda value: value.replace("'", "''"),
    "double quotes doubled": lambda value: value.replace('"', '""'),
    "dollars doubled": lambda value: value.replace("$", "$$"),
    "percent signs doubled": lambda value: value.replace("%", "%%"),
    "regular expression": re.escape,
    "Markdown": _replace_each(lambda character: f"\\{character}", r"[\\`*_{}\[\]()#+.!|<>~-]"),
    "LaTeX": lambda value: "".join(_LATEX.get(character, character) for character in value),
    # Markup and addresses.
    "HTML": html.escape,
    "HTML text": lambda value: html.escape(value, quote=False),
    "HTML by number": lambda value: html.escape(value, quote=False).replace('"', "&#34;").replace("'", "&#39;"),
    "HTML by hexadecimal number": _replace_each(lambda character: f"&#x{ord(character):X};"),
    "XML": lambda value: html.escape(value, quote=False).replace('"', "&quot;").replace("'", "&apos;"),
    "URL": lambda value: quote(_utf8(value)),
    "URL, slashes too": lambda value: quote(_utf8(value), safe=""),
    "URL form": lambda value: quote_plus(_utf8(value)),
    "URL by a browser": lambda value: quote(_utf8(value), safe="!'()*"),
    "URL in lower case": lambda value: re.sub("%..", lambda match: match[0].lower(), quote(_utf8(value), safe="")),
    "URL, every byte": lambda value: "".join(f"%{byte:02X}" for byte in _utf8(value)),
    "URL twice": lambda value: quote(quote(_utf8(value), safe=""), safe=""),
    # Mail.
    "quoted-printable": _quoted_printable,
    "encoded words, Q": lambda value: _encoded_words(value, "q"),
    "encoded words, B": lambda value: _encoded_words(value, "b"),
    "UTF-7 of IMAP": _imap,
    # Encodings that write a value with the digits of an alphabet, such as base64, and dumps.
    "base64": lambda value: _base64_between(value, b"", b""),
    "base64 after one byte": lambda value: _base64_between(value, b":", b"\n"),
    "base64 after two bytes": lambda value: _base64_between(value, b"u:", b"::"),
    "base64url": lambda value: base64.urlsafe_b64encode(_utf8(value)).decode().rstrip("="),
    "base64 in lines of 76": lambda value: _wrapped_base64(value, 76),
    "base64 in lines of 64": lambda value: _wrapped_base64(value, 64),
    "base64 in lines of 20": lambda value: _wrapped_base64(value, 20),
    "base64 in YAML": lambda value: "!!binary |\n" + _wrapped_base64(value, 70, indent="  "),
    "base64 of UTF-16": lambda value: base64.b64encode(_utf16(value)).decode(),
    "base32": lambda value: base64.b32encode(_utf8(value)).decode(),
    "base85": lambda value: base64.b85encode(_utf8(value)).decode(),
    "Ascii85": lambda value: base64.a85encode(_utf8(value)).decode(),
    "hexadecimal": lambda value: _utf8(value).hex(),
    "upper hexadecimal": lambda value: _utf8(value).hex().upper(),
    "hexadecimal with colons": lambda value: _utf8(value).hex(":"),
    "hexadecimal with blanks": lambda value: _utf8(value).hex(" "),
    "hexadecimal with dashes": lambda value: _utf8(value).hex("-").upper(),
    "hexadecimal of UTF-16": lambda value: _utf16(value).hex(),
    "C array": lambda value: ", ".join(f"0x{byte:02x}" for byte in _utf8(value)),
    "list of bytes": lambda value: str(list(_utf8(value))),
    "list of code points": lambda value: str([ord(character) for character in value]),
    "Unicode numbers": lambda value: " ".join(f"U+{ord(character):04X}" for character in value),
    "xxd": lambda value: _dump(value, _xxd),
    "xxd without addresses": lambda value: "\n".join(_parts(binascii.hexlify(_utf8(value)).decode(), 60)),
    "hexdump -C": lambda value: _dump(value, _hexdump),
    "hexdump": lambda value: _dump(value, _hexdump_words),
    "od": lambda value: _dump(value, _od),
    "od -c": lambda value: _dump(value, _od_characters),
    "curl --trace": lambda value: _dump(value, _curl),
    # Layout.
    "CR LF": lambda value: value.replace("\r\n", "\n").replace("\n", "\r\n"),
    "line ends as blanks": lambda value: " ".join(value.splitlines()),
    "without white space": lambda value: "".join(value.split()) or value,
    "blanks doubled": lambda value: value.replace(" ", "  "),
    "indented": lambda value: textwrap.indent(value, "    "),
    "wrapped table": lambda value: _box_table(value, 24),
    "wrapped table of pipes": lambda value: _pipe_table(value, 16),
    "adjacent literals": lambda value: pprint.pformat(value, width=30),
    "list of letters": lambda value: str(list(value)),
    "terminal colors": lambda value: "".join(f"\x1b[3{index % 8}m{part}\x1b(B\x1b[m" for index, part in enumerate(_parts(value, 9))),
    "in HTML spans": _html_spans,
    "zero-width blanks": lambda value: "\u200b".join(_parts(value, 5)),
    # Unicode.
    "UTF-16": lambda value: _utf16(value).decode("latin-1"),
    "composed": lambda value: unicodedata.normalize("NFC", value),
    "decomposed": lambda value: unicodedata.normalize("NFD", value),
    "capitals": str.upper,
    "small letters": str.lower,
}  # fmt: skip
"""Each encoder by its name."""

LOSSY = frozenset({
    "capitals", "small letters", "composed", "decomposed", "without white space", "line ends as blanks", "blanks doubled", "indented",
    "CR LF", "adjacent literals", "wrapped table", "wrapped table of pipes", "list of letters",
})  # fmt: skip
"""Encoders that change a text, for example its case or its line ends.

A text in base64, for example, could not be decoded after this change. Therefore, tests of two nested encodings use these encoders only as
the inner encoding.
"""
