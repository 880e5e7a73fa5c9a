"""The forms in which a value is printed: by ``repr``, in JSON, in HTML, in a URL, in base64, in hexadecimal digits.

Each form is a function of :mod:`~zensecrets_jupyter.core.redaction.writing`. :data:`FORMS` names them all; whoever tests a channel goes
through that table.

The user of a basic-auth header is not known here: in the base64 of ``user:password`` the password shows at one of base64's three
alignments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction import writing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PLAIN: dict[str, Callable[[str], str]] = {"plain": writing.plain}
ESCAPES: dict[str, Callable[[str], str]] = {
    "repr": writing.in_repr,
    "repr with single quotes escaped": writing.in_repr_with_single_quotes_escaped,
    "repr with double quotes escaped": writing.in_repr_with_double_quotes_escaped,
    "ascii": writing.in_ascii,
    "ascii with single quotes escaped": writing.in_ascii_with_single_quotes_escaped,
    "JSON": writing.in_json,
    "JSON without ensure_ascii": writing.in_json_unescaped,
    "JSON in a script": writing.in_json_in_html,
    "JSON with slashes escaped": writing.in_json_with_slashes_escaped,
    "bytes repr": writing.in_bytes_repr,
    "bytes repr with single quotes escaped": writing.in_bytes_repr_with_single_quotes_escaped,
    "UTF-16 repr with single quotes escaped": writing.in_utf_16_repr_with_single_quotes_escaped,
}
"""What quotes, backslashes, control characters and what is not ASCII become between quotes."""
HTML: dict[str, Callable[[str], str]] = {
    "HTML": writing.in_html,
    "HTML text": writing.in_html_text,
    "HTML by number": writing.in_html_by_number,
    "HTML mixed": writing.in_html_mixed,
    "HTML attribute": writing.in_html_attribute,
    "XML": writing.in_xml,
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
    "URL": writing.in_url,
    "URL, slashes too": writing.in_url_whole,
    "URL form": writing.in_url_form,
    "URL by a browser": writing.in_url_by_browser,
    "URL requoted": writing.in_url_requoted,
    "URL twice": writing.in_url_twice,
    "URL in lower case": writing.in_url_lower,
    "URL, slashes too, in lower case": writing.in_url_whole_lower,
    "URL form in lower case": writing.in_url_form_lower,
}
QUOTING: dict[str, Callable[[str], str]] = {
    "shell": writing.in_shell,
    "single quotes doubled": writing.with_single_quotes_doubled,
    "double quotes doubled": writing.with_double_quotes_doubled,
}
LATEX: dict[str, Callable[[str], str]] = {"LaTeX": writing.in_latex}
LINE_ENDS: dict[str, Callable[[str], str]] = {"CR LF": writing.with_carriage_returns, "LF": writing.without_carriage_returns}
HEXADECIMAL: dict[str, Callable[[str], str]] = {
    "hexadecimal": writing.in_hexadecimal,
    "upper hexadecimal": writing.in_upper_hexadecimal,
    "hexadecimal with colons": writing.in_hexadecimal_with_colons,
    "upper hexadecimal with colons": writing.in_upper_hexadecimal_with_colons,
    "hexadecimal with blanks": writing.in_hexadecimal_with_blanks,
    "upper hexadecimal with blanks": writing.in_upper_hexadecimal_with_blanks,
    "UTF-16": writing.in_utf_16,
    "UTF-16 repr": writing.in_utf_16_repr,
    "UTF-16 hexadecimal": writing.in_utf_16_hexadecimal,
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
    "base64": writing.in_base64,
    "base64 shifted by 1": writing.in_base64_shifted_by_1,
    "base64 shifted by 2": writing.in_base64_shifted_by_2,
    "base64url": writing.in_base64url,
    "base64url shifted by 1": writing.in_base64url_shifted_by_1,
    "base64url shifted by 2": writing.in_base64url_shifted_by_2,
}
PADDED: dict[str, Callable[[str], str]] = {"base64 padded": writing.in_base64_padded}
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
