"""How everyday code writes a value: pure functions from the value to the text, without the quotes around it.

All but base64 work character by character: the form of a beginning is the beginning of the form.
"""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Mapping


def plain(value: str) -> str:
    """Return the value itself."""
    return value


def in_repr(value: str) -> str:
    """Return what ``repr`` writes where it need not escape a quote."""
    # A quote of the other kind in front decides which one repr puts around it.
    return repr('"' + value)[2:-1].replace("\\'", "'") if "'" in value else repr(value)[1:-1]


def in_repr_with_single_quotes_escaped(value: str) -> str:
    """Return what ``repr`` writes when the value holds both kinds of quotes."""
    return in_repr(value).replace("'", "\\'")


def in_repr_with_double_quotes_escaped(value: str) -> str:
    """Return a literal in double quotes, as formatters write it."""
    return in_repr(value).replace('"', '\\"')


def in_ascii(value: str) -> str:
    """Return what ``ascii`` writes where it need not escape a quote."""
    return "".join(ascii(letter)[1:-1] if not letter.isascii() else in_repr(letter) for letter in value)


def in_ascii_with_single_quotes_escaped(value: str) -> str:
    """Return what ``ascii`` writes when the value holds both kinds of quotes."""
    return in_ascii(value).replace("'", "\\'")


def in_json(value: str) -> str:
    """Return what JSON writes with ``ensure_ascii``."""
    return json.dumps(value)[1:-1]


def in_json_unescaped(value: str) -> str:
    """Return what JSON writes without ``ensure_ascii``."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def in_json_in_html(value: str) -> str:
    r"""Return JSON that may stand in a script of a page: ``<``, ``>``, ``&`` and ``'`` as ``\u003c`` and so on."""
    return _replaced(in_json(value), {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"})


def in_json_with_slashes_escaped(value: str) -> str:
    r"""Return JSON with ``\/``, as some libraries write it."""
    return in_json(value).replace("/", "\\/")


def in_bytes_repr(value: str) -> str:
    """Return the ``repr`` of the value's UTF-8 where it need not escape a quote."""
    return repr(b'"' + _utf8(value))[3:-1].replace("\\'", "'")


def in_bytes_repr_with_single_quotes_escaped(value: str) -> str:
    """Return the ``repr`` of the value's UTF-8 when it holds both kinds of quotes."""
    return in_bytes_repr(value).replace("'", "\\'")


def in_html(value: str) -> str:
    """Return what ``html.escape`` writes."""
    return html.escape(value)


def in_html_text(value: str) -> str:
    """Return what ``html.escape`` writes with ``quote=False``."""
    return html.escape(value, quote=False)


def in_html_by_number(value: str) -> str:
    """Return HTML with both quotes as decimal numbers, as templates write it."""
    return _replaced(in_html_text(value), {'"': "&#34;", "'": "&#39;"})


def in_html_mixed(value: str) -> str:
    """Return HTML with ``&quot;`` and ``&#39;``, as JavaScript libraries write it."""
    return _replaced(in_html_text(value), {'"': "&quot;", "'": "&#39;"})


def in_html_attribute(value: str) -> str:
    """Return HTML with ``&quot;`` alone."""
    return in_html_text(value).replace('"', "&quot;")


def in_xml(value: str) -> str:
    """Return XML with ``&quot;`` and ``&apos;``."""
    return _replaced(in_html_text(value), {'"': "&quot;", "'": "&apos;"})


def in_url(value: str) -> str:
    """Return what ``urllib.parse.quote`` writes: slashes stay."""
    return quote(_utf8(value))


def in_url_whole(value: str) -> str:
    """Return what ``quote`` writes with ``safe=""``."""
    return quote(_utf8(value), safe="")


def in_url_form(value: str) -> str:
    """Return what ``quote_plus`` and ``urlencode`` write: a blank is a plus."""
    return quote_plus(_utf8(value))


def in_url_by_browser(value: str) -> str:
    """Return what ``encodeURIComponent`` writes."""
    return quote(_utf8(value), safe="!'()*")


def in_url_requoted(value: str) -> str:
    """Return what a client of HTTP leaves of a URL that it was given: all that may stand in one stays."""
    return quote(_utf8(value), safe="!#$%&'()*+,/:;=?@[]~")


def in_url_twice(value: str) -> str:
    """Return a URL inside another's query: what :func:`in_url_whole` makes of :func:`in_url_whole`."""
    return in_url_whole(in_url_whole(value))


def in_url_lower(value: str) -> str:
    """Return :func:`in_url` with lower-case digits."""
    return _lower_percent(in_url(value))


def in_url_whole_lower(value: str) -> str:
    """Return :func:`in_url_whole` with lower-case digits."""
    return _lower_percent(in_url_whole(value))


def in_url_form_lower(value: str) -> str:
    """Return :func:`in_url_form` with lower-case digits."""
    return _lower_percent(in_url_form(value))


def in_shell(value: str) -> str:
    """Return what ``shlex.quote`` writes inside its quotes."""
    return value.replace("'", "'\"'\"'")


def with_single_quotes_doubled(value: str) -> str:
    """Return a literal of SQL or YAML."""
    return value.replace("'", "''")


def with_double_quotes_doubled(value: str) -> str:
    """Return a field of CSV."""
    return value.replace('"', '""')


def in_latex(value: str) -> str:
    """Return what a data frame's ``to_latex`` writes with ``escape=True``."""
    return _replaced(value, _LATEX)


def with_carriage_returns(value: str) -> str:
    """Return the value with every line ended by CR LF."""
    return value.replace("\r\n", "\n").replace("\n", "\r\n")


def without_carriage_returns(value: str) -> str:
    """Return the value with every line ended by LF."""
    return value.replace("\r\n", "\n")


def in_hexadecimal(value: str) -> str:
    """Return the UTF-8 in lower-case hexadecimal digits."""
    return _utf8(value).hex()


def in_upper_hexadecimal(value: str) -> str:
    """Return the UTF-8 in upper-case hexadecimal digits."""
    return _utf8(value).hex().upper()


def in_hexadecimal_with_colons(value: str) -> str:
    """Return the UTF-8 in hexadecimal digits, two by two."""
    return _utf8(value).hex(":")


def in_upper_hexadecimal_with_colons(value: str) -> str:
    """Return the UTF-8 in upper-case hexadecimal digits, two by two."""
    return _utf8(value).hex(":").upper()


def in_hexadecimal_with_blanks(value: str) -> str:
    """Return the UTF-8 in hexadecimal digits, two by two."""
    return _utf8(value).hex(" ")


def in_upper_hexadecimal_with_blanks(value: str) -> str:
    """Return the UTF-8 in upper-case hexadecimal digits, two by two."""
    return _utf8(value).hex(" ").upper()


def in_utf_16(value: str) -> str:
    """Return the bytes of UTF-16-LE, each as a character."""
    return _utf16(value).decode("latin-1")


def in_utf_16_repr(value: str) -> str:
    """Return the ``repr`` of the bytes of UTF-16-LE."""
    return repr(b'"' + _utf16(value))[3:-1].replace("\\'", "'")


def in_utf_16_repr_with_single_quotes_escaped(value: str) -> str:
    """Return the ``repr`` of the bytes of UTF-16-LE when the value holds both kinds of quotes."""
    return in_utf_16_repr(value).replace("'", "\\'")


def in_utf_16_hexadecimal(value: str) -> str:
    """Return the UTF-16-LE in hexadecimal digits."""
    return _utf16(value).hex()


def in_base64(value: str) -> str:
    """Return the base64 of the UTF-8, from the value's first byte on."""
    return _base64(value, 0)


def in_base64_shifted_by_1(value: str) -> str:
    """Return what base64 shows of the value after one byte more than a multiple of three."""
    return _base64(value, 1)


def in_base64_shifted_by_2(value: str) -> str:
    """Return what base64 shows of the value after two bytes more than a multiple of three."""
    return _base64(value, 2)


def in_base64_padded(value: str) -> str:
    """Return the base64 of the UTF-8 to its end, which stands in no longer base64."""
    return base64.b64encode(_utf8(value)).decode()


def in_base64url(value: str) -> str:
    """Return :func:`in_base64` in the alphabet for URLs."""
    return in_base64(value).translate(_FOR_URLS)


def in_base64url_shifted_by_1(value: str) -> str:
    """Return :func:`in_base64_shifted_by_1` in the alphabet for URLs."""
    return in_base64_shifted_by_1(value).translate(_FOR_URLS)


def in_base64url_shifted_by_2(value: str) -> str:
    """Return :func:`in_base64_shifted_by_2` in the alphabet for URLs."""
    return in_base64_shifted_by_2(value).translate(_FOR_URLS)


_FOR_URLS = str.maketrans("+/", "-_")
_PERCENT = re.compile("%[0-9A-F]{2}")
_LATEX = {
    "\\": "\\textbackslash ",
    "_": "\\_",
    "%": "\\%",
    "$": "\\$",
    "#": "\\#",
    "{": "\\{",
    "}": "\\}",
    "&": "\\&",
    "~": "\\textasciitilde ",
    "^": "\\textasciicircum ",
}


def _utf8(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _utf16(value: str) -> bytes:
    return value.encode("utf-16-le", "surrogatepass")


def _replaced(value: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(letter, letter) for letter in value)


def _lower_percent(quoted: str) -> str:
    return _PERCENT.sub(lambda match: match[0].lower(), quoted)


def _base64(value: str, shift: int) -> str:
    data = _utf8(value)
    first, last = base64_span(shift, 0, len(data))
    return base64.b64encode(b"\0" * shift + data).decode()[first:last]


def base64_span(shift: int, start: int, end: int) -> tuple[int, int]:
    """Return which digits tell of the bytes ``start`` to ``end`` and of nothing beside them, after so many bytes of something else.

    A digit is six bits: the first and the last depend on the neighbours too.
    """
    return ((shift + start) * 8 + 5) // 6, (shift + end) * 8 // 6
