"""The forms in which a value is printed: by ``repr``, in JSON, in HTML, in a URL, in base64, in hexadecimal digits.

Each form is a pure function from a value to the text that everyday code makes of it, without the quotes around it. :data:`FORMS` names
them all; whoever tests a channel goes through that table. All but base64 work character by character: the form of a beginning is the
beginning of the form.

The user of a basic-auth header is not known here: in the base64 of ``user:password`` the password shows at one of base64's three
alignments.
"""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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


PLAIN = {"plain": plain}
ESCAPES: dict[str, Callable[[str], str]] = {
    "repr": in_repr,
    "repr with single quotes escaped": in_repr_with_single_quotes_escaped,
    "repr with double quotes escaped": in_repr_with_double_quotes_escaped,
    "ascii": in_ascii,
    "ascii with single quotes escaped": in_ascii_with_single_quotes_escaped,
    "JSON": in_json,
    "JSON without ensure_ascii": in_json_unescaped,
    "JSON in a script": in_json_in_html,
    "JSON with slashes escaped": in_json_with_slashes_escaped,
    "bytes repr": in_bytes_repr,
    "bytes repr with single quotes escaped": in_bytes_repr_with_single_quotes_escaped,
    "UTF-16 repr with single quotes escaped": in_utf_16_repr_with_single_quotes_escaped,
}
"""What quotes, backslashes, control characters and what is not ASCII become between quotes."""
HTML: dict[str, Callable[[str], str]] = {
    "HTML": in_html,
    "HTML text": in_html_text,
    "HTML by number": in_html_by_number,
    "HTML mixed": in_html_mixed,
    "HTML attribute": in_html_attribute,
    "XML": in_xml,
}
"""What ``& < > " '`` become in markup."""


def _one_after_the_other(first: Callable[[str], str], second: Callable[[str], str]) -> Callable[[str], str]:
    return lambda value: second(first(value))


TWICE: dict[str, Callable[[str], str]] = {
    f"{first} in {second}": _one_after_the_other(ESCAPES[first], {**ESCAPES, **HTML}[second])
    for first in ("repr", "repr with single quotes escaped", "ascii", "JSON", "JSON without ensure_ascii", "bytes repr")
    for second in ("repr", "repr with single quotes escaped", "JSON", "JSON without ensure_ascii", "HTML", "HTML text", "HTML by number")
} | {
    f"{first} in {second}": _one_after_the_other(HTML[first], ESCAPES[second])
    for first in ("HTML", "HTML text", "HTML by number", "HTML mixed")
    for second in ("repr with single quotes escaped", "repr with double quotes escaped", "JSON", "JSON without ensure_ascii")
}
"""An escape inside another: JSON in JSON, the ``repr`` of a ``repr``, a literal in a page."""
URL: dict[str, Callable[[str], str]] = {
    "URL": in_url,
    "URL, slashes too": in_url_whole,
    "URL form": in_url_form,
    "URL by a browser": in_url_by_browser,
    "URL requoted": in_url_requoted,
    "URL twice": in_url_twice,
    "URL in lower case": in_url_lower,
    "URL, slashes too, in lower case": in_url_whole_lower,
    "URL form in lower case": in_url_form_lower,
}
QUOTING: dict[str, Callable[[str], str]] = {
    "shell": in_shell,
    "single quotes doubled": with_single_quotes_doubled,
    "double quotes doubled": with_double_quotes_doubled,
}
LATEX: dict[str, Callable[[str], str]] = {"LaTeX": in_latex}
LINE_ENDS: dict[str, Callable[[str], str]] = {"CR LF": with_carriage_returns, "LF": without_carriage_returns}
HEXADECIMAL: dict[str, Callable[[str], str]] = {
    "hexadecimal": in_hexadecimal,
    "upper hexadecimal": in_upper_hexadecimal,
    "hexadecimal with colons": in_hexadecimal_with_colons,
    "upper hexadecimal with colons": in_upper_hexadecimal_with_colons,
    "hexadecimal with blanks": in_hexadecimal_with_blanks,
    "upper hexadecimal with blanks": in_upper_hexadecimal_with_blanks,
    "UTF-16": in_utf_16,
    "UTF-16 repr": in_utf_16_repr,
    "UTF-16 hexadecimal": in_utf_16_hexadecimal,
}
WIDTHS = {
    "hexadecimal": (2, 0),
    "upper hexadecimal": (2, 0),
    "hexadecimal with colons": (3, 1),
    "upper hexadecimal with colons": (3, 1),
    "hexadecimal with blanks": (3, 1),
    "upper hexadecimal with blanks": (3, 1),
    "UTF-16": (2, 0),
    "UTF-16 repr": (5, 0),
    "UTF-16 hexadecimal": (4, 0),
}
"""How much a character takes at least in these forms, and how much less the last one; in the others it takes one."""
BASE64: dict[str, Callable[[str], str]] = {
    "base64": in_base64,
    "base64 shifted by 1": in_base64_shifted_by_1,
    "base64 shifted by 2": in_base64_shifted_by_2,
    "base64url": in_base64url,
    "base64url shifted by 1": in_base64url_shifted_by_1,
    "base64url shifted by 2": in_base64url_shifted_by_2,
}
PADDED: dict[str, Callable[[str], str]] = {"base64 padded": in_base64_padded}
SHIFTS = {name: int(name[-1]) if "shifted" in name else 0 for name in (*BASE64, *PADDED)}
"""How many bytes of something else come before the value in each form of base64."""

FORMS: Mapping[str, Callable[[str], str]] = {
    **PLAIN,
    **ESCAPES,
    **TWICE,
    **HTML,
    **URL,
    **QUOTING,
    **LATEX,
    **LINE_ENDS,
    **HEXADECIMAL,
    **BASE64,
    **PADDED,
}
"""Every form by its name."""

# Which groups leave a value as it is that holds nothing of these. A carriage return in a line's end is among the control characters.
_ESCAPED = re.compile(r"[^ !#-&(-\[\]-~]")
_IN_HTML = re.compile("[&<>\"']")
_IN_URL = re.compile(r"[^A-Za-z0-9_.~-]")
_IN_LATEX = re.compile(r"[\\_%$#{}&~^]")
_ALWAYS = (*PLAIN, *HEXADECIMAL, *BASE64, *PADDED)


def that_differ(value: str) -> list[str]:
    """Return the names of the forms in which ``value`` may look another way than plainly, and ``plain``."""
    names = list(_ALWAYS)
    if value.isascii() and value.isalnum():
        return names
    if _ESCAPED.search(value):
        names += ESCAPES
        names += TWICE
        names += QUOTING
        if "\n" in value:
            names += LINE_ENDS
    elif "/" in value:
        names.append("JSON with slashes escaped")
    if _IN_HTML.search(value):
        names += ESCAPES
        names += HTML
        names += TWICE
    if _IN_URL.search(value):
        names += URL
    if _IN_LATEX.search(value):
        names += LATEX
    return list(dict.fromkeys(names))
